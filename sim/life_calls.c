/* Scheduled calls in a random life: agents, single calls and series, campaigns, pauses, and callees
 * who answer or do not, and at times want no calls. */
#include "sim/life.h"

#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 256, OWNERS = 3, BULK_MAX = 6, AGENTS_MAX = 4 };

/* One zone a country, so that the invariants know the callee's hours from the number. */
static const char *const callees[] = {"+4930555010", "+4930555011", "+9198450000",
                                      "+9198450001", "+9771555010", "+9771555011"};

static int64_t between(struct life *life, int64_t least, int64_t most)
{
    return rng_between(&life->rng, least, most);
}

static bool chance(struct life *life, unsigned part, unsigned whole)
{
    return rng_chance(&life->rng, part, whole);
}

static const char *pick(struct life *life, const char *const *words, size_t count)
{
    return words[rng_below(&life->rng, count)];
}

static struct str pick_id(struct life *life, const char *sql)
{
    struct peek rows = peek_rows(&life->world->store, life->scratch, sql, 1);
    return rows.rows == 0 ? STR_NONE
                          : life_uuid(life, peek_cell(&rows, rng_below(&life->rng, rows.rows), 0));
}

static struct str pick_agent(struct life *life)
{
    return pick_id(life, "SELECT id FROM agents WHERE archived_at IS NULL");
}

static void add_agent(struct life *life)
{
    static const char *const actions[] = {"LEAVE_MESSAGE", "HANG_UP", "RETRY"};
    struct buf body = {.arena = life->scratch};
    buf_printf(&body,
               "{\"name\":\"A%lld\",\"script\":\"Hello {{name|there}}.\",\"onMachine\":\"%s\","
               "\"callsPerMinute\":%lld",
               (long long)life->steps, pick(life, actions, ARRAY_LENGTH(actions)),
               (long long)between(life, 0, 3));
    buf_add_text(&body, chance(life, 1, 2) ? ",\"optOutKey\":\"9\"}" : "}");
    life_say(life, "an agent: %d", life_ask(life, HTTP_POST, "/api/v1/agents", buf_str(&body)));
}

void life_change_agent(struct life *life)
{
    struct str agent = pick_agent(life);
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "/api/v1/agents/%.*s", STR_FMT(agent));
    if (!str_is_set(agent) || chance(life, 1, 6)) {
        add_agent(life);
        return;
    }
    bool is_end = chance(life, 1, 5);
    struct str body =
        arena_printf(life->scratch, "{\"callsPerMinute\":%lld}", (long long)between(life, 0, 4));
    life_say(life, "%s %s: %d", path, is_end ? "is archived" : "changes",
             life_ask(life, is_end ? HTTP_DELETE : HTTP_PATCH, path, is_end ? STR_NONE : body));
}

/* Every member but the last brace's, with or without what a bulk gives to all. */
static void add_hours(struct life *life, struct buf *body)
{
    static const char *const zones[] = {"Europe/Berlin", "America/New_York", "Asia/Kathmandu",
                                        "Australia/Lord_Howe"};
    if (chance(life, 2, 3)) {
        buf_printf(body, ",\"timezone\":\"%s\"", pick(life, zones, ARRAY_LENGTH(zones)));
    }
    if (chance(life, 1, 2)) {
        buf_add_text(body, ",\"respectBusinessHours\":false");
    } else if (chance(life, 3, 4)) {
        buf_printf(body,
                   ",\"businessHours\":{\"start\":\"%02lld:%02lld\",\"end\":\"%02lld:30\","
                   "\"daysOfWeek\":[0,%lld,6]}",
                   (long long)between(life, 0, 23), (long long)between(life, 0, 59),
                   (long long)between(life, 0, 23), (long long)between(life, 1, 5));
    }
}

/* Series that come every few minutes live through more than those of days. */
static void add_series(struct life *life, struct buf *body)
{
    if (chance(life, 1, 3)) {
        buf_printf(body, ",\"recurring\":{\"rrule\":\"FREQ=MINUTELY;INTERVAL=%lld\"%s}",
                   (long long)between(life, 5, 200),
                   chance(life, 1, 3) ? ",\"maxOccurrences\":3" : "");
    } else if (chance(life, 1, 6)) {
        buf_add_text(body, ",\"recurring\":{\"frequency\":\"daily\",\"interval\":1}");
    }
}

static void add_call(struct life *life, struct str agent, struct buf *body)
{
    static const char *const ranks[] = {"high", "medium", "low"};
    char at[INSTANT_TEXT_MAX];
    /* Whole minutes meet the edges of hours. */
    struct instant when = instant_add(world_now(life->world), SECONDS(between(life, -5, 5400)));
    when.us -= chance(life, 1, 2) ? when.us % MINUTES(1).us : 0;
    buf_printf(body,
               "{\"phoneNumber\":\"%s\",\"userId\":\"owner-%lld\",\"scheduledFor\":\"%s\","
               "\"priority\":\"%s\"",
               pick(life, callees, ARRAY_LENGTH(callees)), (long long)between(life, 1, OWNERS),
               instant_format(when, at).ptr, pick(life, ranks, ARRAY_LENGTH(ranks)));
    if (str_is_set(agent)) {
        buf_printf(body, ",\"agentId\":\"%.*s\"", STR_FMT(agent));
    }
    add_hours(life, body);
    add_series(life, body);
    buf_add_byte(body, '}');
}

void life_schedule_call(struct life *life)
{
    struct buf body = {.arena = life->scratch};
    struct str agent = pick_agent(life);
    if (!str_is_set(agent)) {
        add_agent(life);
        return;
    }
    add_call(life, agent, &body);
    int status = life_ask(life, HTTP_POST, "/api/v1/scheduling/schedule", buf_str(&body));
    life_say(life, "schedule %.*s: %d", STR_FMT(buf_str(&body)), status);
}

void life_bulk(struct life *life)
{
    struct buf body = {.arena = life->scratch};
    struct str agent = pick_agent(life);
    int64_t count = between(life, 1, BULK_MAX);
    if (!str_is_set(agent)) {
        add_agent(life);
        return;
    }
    buf_printf(&body, "{\"mode\":\"%s\",\"campaign\":{\"name\":\"C%lld\",\"callsPerMinute\":%lld},",
               chance(life, 1, 3) ? "all" : "each", (long long)life->steps,
               (long long)between(life, 0, 2));
    buf_add_text(&body, "\"calls\":[");
    for (int64_t i = 0; i < count; i++) {
        buf_add_text(&body, i > 0 ? "," : "");
        add_call(life, agent, &body);
    }
    buf_add_text(&body, "]}");
    life_say(life, "a bulk of %lld: %d", (long long)count,
             life_ask(life, HTTP_POST, "/api/v1/scheduling/bulk", buf_str(&body)));
}

/* Of a call that is pending mostly, by its owner mostly. */
void life_change_call(struct life *life)
{
    struct peek rows = peek_rows(
        &life->world->store, life->scratch,
        chance(life, 7, 8) ? "SELECT id, user_id FROM scheduled_calls WHERE status='pending'"
                           : "SELECT id, user_id FROM scheduled_calls ORDER BY id DESC LIMIT 20",
        2);
    if (rows.rows == 0) {
        life_schedule_call(life);
        return;
    }
    size_t row = rng_below(&life->rng, rows.rows);
    bool is_cancel = chance(life, 1, 2);
    char path[PATH_BYTES];
    char at[INSTANT_TEXT_MAX];
    instant_format(instant_add(world_now(life->world), SECONDS(between(life, 0, 3600))), at);
    snprintf(path, sizeof path, "/api/v1/scheduling/%.*s/%s",
             STR_FMT(life_uuid(life, peek_cell(&rows, row, 0))),
             is_cancel ? "cancel" : "reschedule");
    struct str more = is_cancel ? arena_printf(life->scratch, "\"onlyThis\":%s",
                                               chance(life, 1, 2) ? "true" : "false")
                                : arena_printf(life->scratch, "\"scheduledFor\":\"%s\"", at);
    struct str body = arena_printf(life->scratch, "{\"userId\":\"%.*s\",%.*s}",
                                   STR_FMT(peek_cell(&rows, row, 1)->text), STR_FMT(more));
    life_say(life, "%s %.*s: %d", path, STR_FMT(body), life_ask(life, HTTP_POST, path, body));
}

void life_change_campaign(struct life *life)
{
    static const char *const verbs[] = {"pause", "resume", "resume", "cancel"};
    struct str campaign =
        pick_id(life, "SELECT id FROM campaigns WHERE state<>'CANCELLED' ORDER BY id DESC LIMIT 4");
    char path[PATH_BYTES];
    if (!str_is_set(campaign)) {
        life_bulk(life);
        return;
    }
    snprintf(path, sizeof path, "/api/v1/scheduling/campaigns/%.*s/%s", STR_FMT(campaign),
             pick(life, verbs, ARRAY_LENGTH(verbs)));
    life_say(life, "%s: %d", path, life_ask(life, HTTP_POST, path, STR_NONE));
}

void life_change_queue(struct life *life)
{
    static const char *const verbs[] = {"pause", "resume", "resume", "resume", "drain", "clean"};
    char path[PATH_BYTES];
    const char *verb = pick(life, verbs, ARRAY_LENGTH(verbs));
    bool has_members = strcmp(verb, "clean") == 0;
    snprintf(path, sizeof path, "/api/v1/queue/SCHEDULED_CALL/%s", verb);
    life_say(life, "%s: %d", path,
             life_ask(life, HTTP_POST, path, has_members ? STR("{}") : STR_NONE));
}

struct str life_callee_number(struct life *life)
{
    return str_from(pick(life, callees, ARRAY_LENGTH(callees)));
}

void life_forbid_calls(struct life *life)
{
    const char *number = pick(life, callees, ARRAY_LENGTH(callees));
    struct str row = pick_id(life, "SELECT id FROM do_not_call WHERE lifted_at IS NULL");
    char path[PATH_BYTES];
    struct str body = arena_printf(life->scratch, "{\"phoneNumber\":\"%s\"}", number);
    if (!str_is_set(row) || chance(life, 1, 4)) {
        life_say(life, "%s is not to be called: %d", number,
                 life_ask(life, HTTP_POST, "/api/v1/do-not-call", body));
        return;
    }
    snprintf(path, sizeof path, "/api/v1/do-not-call/%.*s", STR_FMT(row));
    life_say(life, "one may be called again: %d", life_ask(life, HTTP_DELETE, path, STR_NONE));
}

void life_callee(struct life *life)
{
    static const char *const calls[] = {"press 9", "press 1",   "ignore",   "busy",
                                        "busy",    "voicemail", "voicemail"};
    struct str number = life_callee_number(life);
    if (life->has_carrier) {
        life_handset(life, number);
    } else {
        life_mock(life, number, "CALL", pick(life, calls, ARRAY_LENGTH(calls)));
    }
}
