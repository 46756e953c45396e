/* Dispatches in a random life: opened for some of its people, answered, called off, hurried. */
#include "sim/life.h"

#include <stdio.h>

enum { PATH_MAX_HERE = 256 };

static void open_one(struct life *life)
{
    static const char *const levels[] = {"LOW", "NORMAL", "HIGH", "CRITICAL"};
    size_t first = rng_below(&life->rng, LIFE_PEOPLE);
    size_t count = 1 + rng_below(&life->rng, LIFE_PEOPLE - 1);
    int number = (int)life->steps;
    /* Sometimes the same key again, as somebody sends it who lost our answer. */
    number = rng_chance(&life->rng, 1, 8) && number > 20 ? number - (int)rng_below(&life->rng, 20)
                                                         : number;
    struct buf body = {.arena = life->scratch};
    buf_printf(&body,
               "{\"callId\":\"call-%d\",\"callerPhone\":\"+14155550900\",\"emergencyLevel\":\"%s\","
               "\"issueSummary\":\"D%d\",\"technicians\":[",
               number, levels[rng_below(&life->rng, ARRAY_LENGTH(levels))], number);
    for (size_t i = 0; i < count; i++) {
        const struct life_person *person = &life->people[(first + i) % LIFE_PEOPLE];
        buf_printf(&body, "%s\"%.*s\"", i == 0 ? "" : ",", STR_FMT(person->id));
    }
    buf_add_text(&body, "]}");
    life_say(life, "dispatch call-%d of %d technicians: %d", number, (int)count,
             life_ask(life, HTTP_POST, "/api/dispatch", buf_str(&body)));
}

static void hurry(struct life *life, struct str call_id, int64_t attempt)
{
    struct str body =
        rng_chance(&life->rng, 1, 2)
            ? arena_printf(life->scratch, "{\"callId\":\"%.*s\"}", STR_FMT(call_id))
            : arena_printf(life->scratch, "{\"callId\":\"%.*s\",\"attempt\":%lld}",
                           STR_FMT(call_id), (long long)attempt + rng_between(&life->rng, 0, 1));
    int first = attempt == 0 ? 400 : life_ask(life, HTTP_POST, "/api/dispatch/manual", body);
    life_say(life, "%.*s goes on by hand: %d", STR_FMT(body), first);
}

static void answer_one(struct life *life, struct str call_id)
{
    static const char *const verbs[] = {"accept", "decline", "cancel", "complete"};
    char path[PATH_MAX_HERE];
    size_t which = rng_below(&life->rng, ARRAY_LENGTH(verbs));
    const struct life_person *person = &life->people[rng_below(&life->rng, LIFE_PEOPLE)];
    bool is_named = which < 2 && rng_chance(&life->rng, 1, 3);
    struct str body =
        is_named ? arena_printf(life->scratch, "{\"userId\":\"%.*s\"}", STR_FMT(person->id))
                 : STR_NONE;
    snprintf(path, sizeof path, "/api/dispatch/%.*s/%s", STR_FMT(call_id), verbs[which]);
    life_say(life, "%s%s: %d", path, is_named ? " of somebody" : "",
             life_ask(life, HTTP_POST, path, body));
}

void life_dispatch(struct life *life)
{
    struct peek rows =
        peek_rows(&life->world->store, life->scratch,
                  "SELECT call_id, attempt FROM dispatches ORDER BY id DESC LIMIT 5", 2);
    if (rows.rows == 0 || rng_chance(&life->rng, 2, 5)) {
        open_one(life);
        return;
    }
    size_t row = rng_below(&life->rng, rows.rows);
    struct str call_id = peek_cell(&rows, row, 0)->text;
    if (rng_chance(&life->rng, 1, 3)) {
        hurry(life, call_id, peek_cell(&rows, row, 1)->number);
        return;
    }
    answer_one(life, call_id);
}
