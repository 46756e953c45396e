/* Walks the chains of recurring calls for call_series_oracle.py, which knows them from dateutil.
 *
 * Usage: call_series_oracle <CASES
 *   series ZONE YEAR MONTH DAY HOUR MINUTE SECOND   a new series, by its anchor
 *   every KIND INTERVAL                             D, W or M
 *   rule RRULE
 *   most COUNT
 *   enddate YEAR MONTH DAY
 *   endat SECOND
 *   down FROM UNTIL                                 nothing runs in [FROM, UNTIL)
 *   go UNTIL
 * prints "NUMBER PLACE SECOND SKIPPED" for each call up to UNTIL, then "end REASON". A call ends a
 * second after it began, and the next is looked for then; one that comes due while nothing runs,
 * runs late, at the end of that time. */
#include "domain/call_series.h"

#include "lib/oracle_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { RULE_MAX = 256 };

static const int64_t SECOND_US = 1000000;

struct world {
    struct zoneinfo *zones;
    const struct zone *zone;
    struct call_series series;
    struct recurrence_rule rule;
    struct instant down_from;
    struct instant down_until;
};

static struct instant next_instant(void)
{
    return (struct instant){next_number() * SECOND_US};
}

static void read_series(struct world *world)
{
    world->zone = next_zone(world->zones);
    struct date date = next_date();
    int hour = (int)next_number();
    int minute = (int)next_number();
    int second = (int)next_number();
    world->series = (struct call_series){.anchor = civil_from_date(date, hour, minute, second)};
    world->down_from = world->down_until = INSTANT_NONE;
}

static void read_every(struct world *world)
{
    char kind = next_letter();
    world->series.frequency = kind == 'D'   ? call_frequency_daily
                              : kind == 'W' ? call_frequency_weekly
                                            : call_frequency_monthly;
    world->series.interval = (int32_t)next_number();
}

static void read_rule(struct world *world)
{
    char text[RULE_MAX];
    struct problem problem = {.err = OK};
    if (scanf("%255s", text) != 1 ||
        recurrence_parse(str_from(text), &world->rule, &problem) != OK ||
        call_series_use_rule(&world->series, &world->rule, world->zone, &problem) != OK) {
        fprintf(stderr, "no rule: %s\n", problem.message);
        exit(2);
    }
}

static void read_most(struct world *world)
{
    world->series.occurrences_max = next_number();
}

static void read_end_date(struct world *world)
{
    world->series.end_date = next_date();
    world->series.has_end_date = true;
}

static void read_end_at(struct world *world)
{
    world->series.end_at = next_instant();
}

static void read_down(struct world *world)
{
    world->down_from = next_instant();
    world->down_until = next_instant();
}

/* When a call that was due then is over. */
static struct instant end_of(const struct world *world, struct instant due)
{
    struct instant end = instant_add(due, SECONDS(1));
    bool is_late = !instant_before(end, world->down_from) && instant_before(end, world->down_until);
    return is_late ? world->down_until : end;
}

static void go(struct world *world)
{
    static const char *const reasons[] = {"until", "all", "past", "over"};
    struct instant until = next_instant();
    struct call_occurrence call = call_series_first(&world->series, world->zone);
    enum series_step step = SERIES_FOUND;
    while (step == SERIES_FOUND && !instant_before(until, call.at)) {
        printf("%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", call.number, call.place,
               call.at.us / SECOND_US, call.skipped);
        struct series_place place = {
            .number = call.number, .place = call.place, .nominal = call.at};
        step = call_series_next(&world->series, world->zone, &place, end_of(world, call.at), &call);
    }
    printf("end %s\n", reasons[step]);
}

int main(void)
{
    static const struct oracle_verb verbs[] = {{"series", read_series},    {"every", read_every},
                                               {"rule", read_rule},        {"most", read_most},
                                               {"enddate", read_end_date}, {"endat", read_end_at},
                                               {"down", read_down},        {"go", go}};
    struct world world = {.zones = oracle_zones()};
    oracle_answer(&world, verbs, ARRAY_LENGTH(verbs));
    zoneinfo_free(&world.zones);
    return 0;
}
