/* On call in a random life: schedules that turn every hour or every few, swaps, and incidents for
 * whoever has the turn. */
#include "sim/life.h"

#include <stdio.h>

enum { PATH_BYTES = 256, SCHEDULES_MAX = 3, START_HOURS_BEFORE = 5 };

static int below(struct life *life, int limit)
{
    return (int)rng_below(&life->rng, (uint64_t)limit);
}

static bool chance(struct life *life, unsigned part, unsigned whole)
{
    return rng_chance(&life->rng, part, whole);
}

static struct str schedule_text(struct life *life, int number)
{
    char start[INSTANT_TEXT_MAX];
    struct buf body = {.arena = life->scratch};
    int members = 1 + below(life, LIFE_PEOPLE);
    int first = below(life, LIFE_PEOPLE);
    instant_format(instant_add(life->begin, HOURS(-START_HOURS_BEFORE)), start);
    buf_printf(&body,
               "{\"name\":\"S%d\",\"timezone\":\"%s\",\"layers\":[{\"name\":\"All\",\"rotation\":{"
               "\"type\":\"HOURLY\",\"interval\":%d,\"start\":\"%s\"},\"members\":[",
               number, chance(life, 1, 2) ? "UTC" : "America/New_York", 1 + below(life, 3), start);
    for (int i = 0; i < members; i++) {
        buf_printf(&body, "%s{\"userId\":\"%.*s\"}", i == 0 ? "" : ",",
                   STR_FMT(life->people[(first + i) % LIFE_PEOPLE].id));
    }
    buf_add_text(&body, "]");
    if (chance(life, 1, 3)) {
        buf_printf(&body, ",\"restrictions\":[{\"from\":\"%02d:00\",\"until\":\"%02d:30\"}]",
                   below(life, 24), below(life, 24));
    }
    buf_add_text(&body, "}]}");
    return buf_str(&body);
}

/* A ladder that reaches whoever is on call, and at times asks again when they took it. */
static void add_policy(struct life *life, int number)
{
    static const char *const channels[] = {"CALL", "SMS", "EMAIL", "WHATSAPP"};
    const struct str id = life->schedules[number];
    struct str body = arena_printf(
        life->scratch,
        "{\"name\":\"oncall-%d\",\"steps\":[{\"channel\":\"%s\",\"targets\":[{\"type\":"
        "\"SCHEDULE\","
        "\"id\":\"%.*s\"}]},{\"after\":%d,\"channel\":\"CALL\",\"targets\":[{\"type\":\"SCHEDULE\","
        "\"id\":\"%.*s\"}]},{\"after\":10,\"channel\":\"SMS\",\"targets\":[{\"type\":\"USER\","
        "\"id\":"
        "\"%.*s\"}]}]%s}",
        number, channels[below(life, 4)], STR_FMT(id), 1 + below(life, 40), STR_FMT(id),
        STR_FMT(life_person(life)->id),
        chance(life, 1, 2) ? ",\"acknowledgementLease\":{\"minutes\":30,\"answerMinutes\":5}" : "");
    life_say(life, "its policy: %d", life_ask(life, HTTP_POST, "/api/v1/policies", body));
}

void life_schedule(struct life *life)
{
    char path[PATH_BYTES];
    int number = below(life, SCHEDULES_MAX);
    struct str *known = &life->schedules[number];
    if (!str_is_set(*known)) {
        int status = life_ask(life, HTTP_POST, "/api/v1/schedules", schedule_text(life, number));
        life_say(life, "schedule %d: %d", number, status);
        *known = status == 201 ? life_answer_text(life, "\"id\":\"") : STR_NONE;
        if (str_is_set(*known)) {
            add_policy(life, number);
        }
        return;
    }
    snprintf(path, sizeof path, "/api/v1/schedules/%.*s", STR_FMT(*known));
    if (chance(life, 1, 5)) {
        life_say(life, "schedule %d is gone: %d", number,
                 life_ask(life, HTTP_DELETE, path, STR_NONE));
        *known = STR_NONE;
        return;
    }
    life_say(life, "schedule %d changes: %d", number,
             life_ask(life, HTTP_PUT, path, schedule_text(life, number)));
}

void life_override(struct life *life)
{
    char path[PATH_BYTES];
    char start[INSTANT_TEXT_MAX];
    char end[INSTANT_TEXT_MAX];
    struct str schedule = life->schedules[below(life, SCHEDULES_MAX)];
    if (!str_is_set(schedule)) {
        life_schedule(life);
        return;
    }
    struct instant from =
        instant_add(world_now(life->world), MINUTES(rng_between(&life->rng, 0, 60)));
    instant_format(from, start);
    instant_format(instant_add(from, MINUTES(1 + below(life, 90))), end);
    struct str who = chance(life, 1, 4) ? STR("\"nobody\":true")
                                        : arena_printf(life->scratch, "\"userId\":\"%.*s\"",
                                                       STR_FMT(life_person(life)->id));
    struct str body = arena_printf(life->scratch, "{\"start\":\"%s\",\"end\":\"%s\",%.*s}", start,
                                   end, STR_FMT(who));
    snprintf(path, sizeof path, "/api/v1/schedules/%.*s/overrides", STR_FMT(schedule));
    life_say(life, "a swap from %s: %d", start, life_ask(life, HTTP_POST, path, body));
}

void life_oncall_incident(struct life *life)
{
    int number = below(life, SCHEDULES_MAX);
    if (!str_is_set(life->schedules[number])) {
        life_schedule(life);
        return;
    }
    struct str body =
        arena_printf(life->scratch, "{\"title\":\"O\",\"policy\":\"oncall-%d\",\"escalate\":%s}",
                     number, chance(life, 3, 4) ? "true" : "false");
    life_say(life, "an incident for whoever is on call: %d",
             life_ask(life, HTTP_POST, "/incidents", body));
}
