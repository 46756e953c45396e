#include "sim/life.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TWILIO                                                                                    \
    "TWILIO_ACCOUNT_SID=AC00000000000000000000000000000001", "TWILIO_AUTH_TOKEN=token-of-twilio", \
        "TWILIO_FROM_NUMBER=+15005550006", "TWILIO_WHATSAPP_FROM=+15005550007"
#define PLIVO                                                                \
    "PLIVO_AUTH_ID=MA000000000000000001", "PLIVO_AUTH_TOKEN=token-of-plivo", \
        "PLIVO_FROM_NUMBER=+15005550008"

/* As short as it may be: what is over goes once the clock is stepped by more. */
#define RETENTION                                                                        \
    "RETENTION_MEETINGS_DAYS=7", "RETENTION_STEPS_DAYS=7", "RETENTION_INCIDENTS_DAYS=8", \
        "RETENTION_DISPATCHES_DAYS=7", "RETENTION_MESSAGES_DAYS=7"
#define PUBLIC "TOCSIN_PUBLIC_URL=https://tocsin.test"

/* Half of the worlds have the mock network, the others providers as they are. */
static const char *const mock_settings[] = {"OPERATOR_EMAIL=ops@example.com", RETENTION, NULL};
static const char *const legal_settings[] = {"OPERATOR_EMAIL=ops@example.com",
                                             "CALL_LEGAL_HOURS=08:00-19:30", NULL};
static const char *const twilio_settings[] = {"OPERATOR_EMAIL=ops@example.com",
                                              "CALL_PROVIDER=twilio",
                                              "SMS_PROVIDER=twilio",
                                              TWILIO,
                                              PUBLIC,
                                              NULL};
static const char *const silent_settings[] = {"OPERATOR_EMAIL=ops@example.com",
                                              "CALL_PROVIDER=twilio",
                                              "SMS_PROVIDER=twilio",
                                              TWILIO,
                                              "TOCSIN_PUBLIC_URL=none",
                                              "CALL_LEGAL_HOURS=10:00-09:30",
                                              NULL}; /* Nobody can call us (V10). */
static const char *const both_settings[] = {"OPERATOR_EMAIL=ops@example.com",
                                            RETENTION,
                                            "CALL_PROVIDER=plivo,twilio",
                                            "SMS_PROVIDER=twilio,plivo",
                                            TWILIO,
                                            PLIVO,
                                            PUBLIC,
                                            NULL};
static const char *const *const settings_lists[] = {
    mock_settings, twilio_settings, legal_settings, both_settings, mock_settings, silent_settings};

void life_say(struct life *life, const char *format, ...)
{
    char text[512];
    char at[INSTANT_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    instant_format(world_now(life->world), at);
    buf_printf(&life->story, "%s %s\n", at, text);
    if (life->is_telling) {
        fprintf(stderr, "%s %s\n", at, text);
    }
}

void life_note(struct life *life, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buf_printf(&life->script, "%s\n", text);
}

void life_pass(struct life *life, struct duration by)
{
    if (by.us > 0) {
        life_note(life, "advance %lldms", (long long)(by.us / 1000));
        world_advance(life->world, (struct duration){by.us / 1000 * 1000});
    }
}

struct rng life_rng(uint64_t seed, enum move_kind kind, int64_t step)
{
    char text[64];
    int len = snprintf(text, sizeof text, "%llu %d %lld", (unsigned long long)seed, (int)kind,
                       (long long)step);
    return rng_from_seed(
        hash_bytes((struct hash_key){0, 0x6c696665}, (struct str){text, (size_t)len}));
}

int life_ask(struct life *life, enum http_method method, const char *path, struct str body)
{
    struct world_request request = {
        .method = method, .path = str_from(path), .body = body, .key = STR(WORLD_ADMIN_KEY)};
    static const char *const methods[] = {[HTTP_GET] = "GET",
                                          [HTTP_POST] = "POST",
                                          [HTTP_PUT] = "PUT",
                                          [HTTP_PATCH] = "PATCH",
                                          [HTTP_DELETE] = "DELETE"};
    buf_printf(&life->script, "%s %s %.*s\n", methods[method], path, STR_FMT(body));
    world_request(life->world, &request);
    if (life->world->answer.status == 0) {
        life_note(life, "expect no answer");
    } else {
        life_note(life, "expect %d", life->world->answer.status);
    }
    return life->world->answer.status;
}

static void write_opening(struct life *life, const char *const *settings)
{
    char at[INSTANT_TEXT_MAX];
    instant_format(life->begin, at);
    life_note(life, "clock %s", at);
    for (; *settings != NULL; settings++) {
        life_note(life, "config %s", *settings);
    }
}

struct life *life_new(uint64_t seed, struct zoneinfo *zones)
{
    struct life *life = calloc(1, sizeof *life);
    struct instant start = INSTANT_NONE;
    if (life == NULL || instant_parse(STR("2026-03-07T00:00:00Z"), &start) != OK) {
        abort();
    }
    life->seed = seed;
    life->rng = rng_from_seed(seed);
    life->zones = zones;
    life->arena = arena_new();
    life->scratch = arena_new();
    life->invariants = invariants_new();
    /* Any hour of the day, and both sides of a change of clocks. */
    start = instant_add(start, MINUTES(rng_below(&life->rng, 2880)));
    life->begin = start;
    write_opening(life, settings_lists[seed % ARRAY_LENGTH(settings_lists)]);
    life->has_carrier = seed % ARRAY_LENGTH(settings_lists) % 2 == 1;
    if (world_new(settings_lists[seed % ARRAY_LENGTH(settings_lists)], start, zones,
                  &life->world) != OK) {
        fprintf(stderr, "tocsin-sim: %s\n", life->world->problem.message);
        abort();
    }
    life_people_born(life);
    return life;
}

void life_free(struct life **life)
{
    if (*life == NULL) {
        return;
    }
    invariants_free(&(*life)->invariants);
    world_free(&(*life)->world);
    buf_free(&(*life)->story);
    buf_free(&(*life)->script);
    arena_free(&(*life)->scratch);
    arena_free(&(*life)->arena);
    free(*life);
    *life = NULL;
}

static bool holds(struct life *life)
{
    struct str broken = STR_NONE;
    if (!life->world->is_up ||
        invariants_hold(life->invariants, life->world, life->scratch, &broken)) {
        return true;
    }
    snprintf(life->failure, sizeof life->failure, "%.*s", STR_FMT(broken));
    return false;
}

/* How long nothing new happens: mostly minutes, often seconds, and often up to one second before,
 * at, or after something that is due. */
static struct duration next_pause(struct life *life)
{
    struct instant next = INSTANT_NONE;
    bool has_next = room_next(&life->world->room, &next);
    int64_t until_next = has_next ? next.us - world_now(life->world).us : 0;
    switch (rng_below(&life->rng, 6)) {
    case 0:
        return SECONDS(rng_below(&life->rng, 60));
    case 1:
        return (struct duration){until_next > SECONDS(1).us ? until_next - SECONDS(1).us : 0};
    case 2:
        return (struct duration){until_next > 0 ? until_next + 999 : 0};
    case 3:
        return MILLISECONDS(rng_below(&life->rng, 5000));
    default:
        return SECONDS(rng_below(&life->rng, 900));
    }
}

static void pause_a_while(struct life *life)
{
    life_pass(life, next_pause(life));
}

/* The time that nobody steps. */
static struct instant true_now(const struct life *life)
{
    return world_to_carrier(life->world, world_now(life->world));
}

static bool step(struct life *life)
{
    static void (*const moves[])(struct life *) = {
        [MOVE_ACT] = life_act, [MOVE_FAULT] = life_fault, [MOVE_PAUSE] = pause_a_while};
    arena_reset(life->scratch);
    life->steps++;
    for (int kind = 0; kind < MOVE_KIND_COUNT; kind++) {
        life->rng = life_rng(life->seed, (enum move_kind)kind, life->steps);
        if (!moves_has(&life->moves, (enum move_kind)kind, life->steps)) {
            continue;
        }
        moves[kind](life);
        if (life->failure[0] != '\0' || !holds(life)) {
            return false;
        }
    }
    return true;
}

bool life_run(struct life *life, struct duration length)
{
    struct instant end = instant_add(true_now(life), length);
    while (instant_before(true_now(life), end) &&
           (life->moves.kept == NULL || life->steps < life->moves.steps)) {
        if (!step(life)) {
            return false;
        }
    }
    /* In the end the disk is well, nothing dies any more, and what is left must come to its end. */
    faulty_store_mend(&life->world->store);
    life_note(life, "disk ok");
    life_carrier_says(life, "twilio well");
    life_carrier_says(life, "plivo well");
    life_say(life, "the last two hours, in peace");
    life_pass(life, HOURS(2));
    invariants_look_at_all(life->invariants);
    return holds(life);
}

static uint64_t mix(uint64_t hash, struct str text)
{
    return hash_bytes((struct hash_key){hash, 0x746f6373696e}, text);
}

uint64_t life_trace(struct life *life)
{
    uint64_t hash = life->seed;
    for (size_t i = 0; i < life->world->journal_count; i++) {
        hash = mix(hash, life->world->journal[i]);
    }
    const struct carrier_fact *facts = NULL;
    size_t fact_count = carrier_facts(life->world->carrier, &facts);
    for (size_t i = 0; i < fact_count; i++) {
        struct str text = arena_printf(life->scratch, "%d %lld %.*s %.*s", (int)facts[i].kind,
                                       (long long)facts[i].at.us, STR_FMT(facts[i].number),
                                       STR_FMT(facts[i].text));
        hash = mix(hash, text);
    }
    struct peek rows = peek_rows(&life->world->store, life->scratch,
                                 "SELECT action, at, coalesce(reason, '') FROM audit_events"
                                 " ORDER BY seq",
                                 3);
    for (size_t i = 0; i < rows.rows; i++) {
        struct str text = arena_printf(
            life->scratch, "%.*s %lld %.*s", STR_FMT(peek_cell(&rows, i, 0)->text),
            (long long)peek_cell(&rows, i, 1)->number, STR_FMT(peek_cell(&rows, i, 2)->text));
        hash = mix(hash, text);
    }
    return hash;
}

static const struct {
    const char *name;
    int weight;
    void (*function)(struct life *life);
    const char *sentence;
} acts[] = {
#define ACT(name, weight, function, sentence) {#name, weight, function, sentence},
#include "sim/life.def"
#undef ACT
};

static size_t draw_act(struct rng *rng)
{
    int sum = 0;
    size_t which = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(acts); i++) {
        sum += acts[i].weight;
    }
    int at = (int)rng_below(rng, (uint64_t)sum);
    while (at >= acts[which].weight) {
        at -= acts[which].weight;
        which++;
    }
    return which;
}

void life_act(struct life *life)
{
    acts[draw_act(&life->rng)].function(life);
}

size_t life_act_at(uint64_t seed, int64_t step)
{
    struct rng rng = life_rng(seed, MOVE_ACT, step);
    return draw_act(&rng);
}

size_t life_act_count(void)
{
    return ARRAY_LENGTH(acts);
}

void life_help(void)
{
    printf("What people do, by weight:\n");
    for (size_t i = 0; i < ARRAY_LENGTH(acts); i++) {
        printf("  %-18s %3d  %s\n", acts[i].name, acts[i].weight, acts[i].sentence);
    }
    printf("What goes wrong (sim/faults.def):\n");
    life_faults_help();
}
