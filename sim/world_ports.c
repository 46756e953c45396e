#include "service/sink_round.h"
#include "service/sync_job.h"
#include "service/watch.h"
#include "sim/world_internal.h"

#include <stdlib.h>

/* What servers other than the carrier's are asked for: one of the three is set. */
struct errand_of_world {
    struct sync_job *job;     /* A calendar is read. */
    struct sink_round *round; /* An event sink is told. */
    uint64_t ping;            /* Its number. */
};

struct world_reading {
    struct world_reading *next;
    struct instant at;
    struct errand_of_world errand;
    struct arena *arena; /* Of the answer. */
    struct wire_answer answer;
};

struct world_asking {
    struct world_asking *next;
    struct world *world;
    struct arena *arena;
    bool is_answered;
};

void world_take_work(void *context, struct work *work)
{
    struct world *world = context;
    struct work **last = &world->inbox;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    work->next = NULL;
    *last = work;
}

void world_take_advance(void *context, struct work *work, int64_t seconds)
{
    struct world *world = context;
    world->advance_work = work;
    world->advance_seconds = seconds;
}

static void keep_reading(struct world *world, struct world_reading *reading)
{
    struct world_reading **place = &world->readings;
    while (*place != NULL && (*place)->at.us <= reading->at.us) {
        place = &(*place)->next;
    }
    reading->next = *place;
    *place = reading;
}

static void end_errand(struct world *world, struct errand_of_world errand)
{
    if (errand.job != NULL || errand.round != NULL) {
        world_take_work(world, errand.job != NULL ? sync_finish(errand.job)
                                                  : sink_round_finish(errand.round));
    }
}

static bool step_errand(const struct world *world, struct errand_of_world errand,
                        const struct wire_answer *answer, struct wire_request *next)
{
    if (errand.ping != 0) {
        ping_heard(&world->plant.site, errand.ping, answer);
        return false;
    }
    return errand.job != NULL ? sync_step(errand.job, answer, next)
                              : sink_round_step(errand.round, answer, next);
}

/* Asks the server, and again, until the errand is ready or the answer takes time. */
static void ask(struct world *world, struct errand_of_world errand, struct wire_request request)
{
    for (;;) {
        struct wire_answer answer = {0};
        struct duration after = {0};
        struct wire_request next = {0};
        feeds_answer(&world->feeds, &request, &answer, &after);
        if (after.us > 0) {
            struct world_reading *reading = world_must(calloc(1, sizeof *reading));
            *reading = (struct world_reading){
                .at = instant_add(world_now(world), after), .errand = errand, .arena = arena_new()};
            reading->answer = answer;
            reading->answer.body = arena_str(reading->arena, answer.body);
            keep_reading(world, reading);
            return;
        }
        if (!step_errand(world, errand, &answer, &next)) {
            end_errand(world, errand);
            return;
        }
        request = next;
    }
}

void world_begin_sync(void *context, struct op *op, const struct effect *effect)
{
    struct world *world = context;
    struct sync_job *job = NULL;
    struct wire_request first = {0};
    enum err err = sync_prepare(op, effect, &job);
    if (err != OK) {
        sync_give_up(effect->wait, err);
        return;
    }
    struct errand_of_world errand = {.job = job};
    if (sync_start(job, &first)) {
        ask(world, errand, first);
        return;
    }
    end_errand(world, errand);
}

void world_begin_sink(void *context, struct op *op, const struct effect *effect)
{
    struct world *world = context;
    struct errand_of_world errand = {.job = NULL};
    struct wire_request first = {0};
    if (effect->kind == EFFECT_PING) {
        errand.ping = ping_build(&world->plant.site, &first);
        ask(world, errand, first);
        return;
    }
    if (sink_round_prepare(op, effect, &errand.round) != OK) {
        return;
    }
    if (sink_round_start(errand.round, &first)) {
        ask(world, errand, first);
        return;
    }
    end_errand(world, errand);
}

bool world_next_reading(const struct world *world, struct instant *at)
{
    if (world->readings == NULL) {
        return false;
    }
    *at = world->readings->at;
    return true;
}

void world_run_readings(struct world *world)
{
    while (world->readings != NULL && world->readings->at.us <= world_now(world).us) {
        struct world_reading *reading = world->readings;
        struct wire_request next = {0};
        world->readings = reading->next;
        if (step_errand(world, reading->errand, &reading->answer, &next)) {
            ask(world, reading->errand, next);
        } else {
            end_errand(world, reading->errand);
        }
        arena_free(&reading->arena);
        free(reading);
    }
}

/* Answers that are on their way take as long as they take, whatever our clock says. */
void world_shift_readings(struct world *world, int64_t by_us)
{
    for (struct world_reading *each = world->readings; each != NULL; each = each->next) {
        each->at.us += by_us;
    }
}

void world_drop_readings(struct world *world)
{
    while (world->readings != NULL) {
        struct world_reading *reading = world->readings;
        world->readings = reading->next;
        if (reading->errand.job != NULL) {
            sync_give_up(reading->errand.job->wait, E_UNAVAILABLE);
        }
        sync_abandon(&reading->errand.job);
        sink_round_abandon(&reading->errand.round);
        arena_free(&reading->arena);
        free(reading);
    }
}

void world_drop_inbox(struct world *world)
{
    while (world->inbox != NULL) {
        struct work *work = world->inbox;
        world->inbox = work->next;
        work->done(work, E_UNAVAILABLE, &work->problem);
    }
}

static void take_reply(void *context, const struct http_response *response)
{
    struct world_asking *asking = context;
    struct world *world = asking->world;
    asking->is_answered = true;
    arena_reset(world->answer_arena);
    if (world->store.has_crashed || world->is_stopping) {
        world->answer = (struct world_answer){0}; /* The connection broke: nobody heard it. */
        return;
    }
    world->answer = (struct world_answer){
        .status = response->status,
        .body = arena_str(world->answer_arena, response->body),
        .content_type = arena_str(world->answer_arena, response->content_type)};
}

void world_sweep_askings(struct world *world, bool also_unanswered)
{
    struct world_asking **place = &world->askings;
    while (*place != NULL) {
        struct world_asking *asking = *place;
        if (!asking->is_answered && !also_unanswered) {
            place = &asking->next;
            continue;
        }
        *place = asking->next;
        arena_free(&asking->arena);
        free(asking);
    }
}

static struct http_request request_of(struct arena *arena, const struct world_request *wanted)
{
    size_t mark = str_find_byte(wanted->path, '?', 0);
    struct str path = arena_str(arena, wanted->path);
    struct http_request request = {
        .method = wanted->method,
        .path = str_slice(path, 0, mark),
        .query = mark < path.len ? str_slice(path, mark + 1, path.len) : STR_NONE,
        .content_type =
            str_is_set(wanted->content_type) ? wanted->content_type : STR("application/json"),
        .body = arena_str(arena, wanted->body),
        .idempotency_key = wanted->once,
        .peer = STR("192.0.2.1"),
    };
    if (str_is_set(wanted->key)) {
        request.authorization = arena_printf(arena, "Bearer %.*s", STR_FMT(wanted->key));
    }
    return request;
}

void world_request(struct world *world, const struct world_request *wanted)
{
    world_sweep_askings(world, false);
    world->answer = (struct world_answer){0};
    if (!world->is_up) {
        return;
    }
    struct world_asking *asking = world_must(calloc(1, sizeof *asking));
    *asking = (struct world_asking){.next = world->askings, .world = world, .arena = arena_new()};
    world->askings = asking;
    struct http_request request = request_of(asking->arena, wanted);
    api_handle(world->api, &request, asking->arena,
               (struct api_reply){.context = asking, .send = take_reply});
    struct work *work = world->advance_work;
    if (work != NULL) {
        world->advance_work = NULL;
        world_advance(world, SECONDS(world->advance_seconds));
        world_take_work(world, work);
    }
    world_settle(world);
}
