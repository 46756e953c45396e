#include "domain/call_series.h"

#include "domain/recurrence.h"

#include <assert.h>

/* No gap is longer than the day that Apia and Kwajalein left out. */
enum { WEEK_DAYS = 7, YEAR_MONTHS = 12, GAP_HOURS_MAX = 25 };

/* Where a walk along the series is. */
struct walk {
    const struct call_series *series;
    const struct zone *zone;
    struct recurrence_iterator iterator; /* Where there is a rule. */
    int64_t number;                      /* Of the call that is looked for. */
    int64_t place;                       /* Of the occurrence last looked at. */
    struct instant at;
};

/* A zone may put it outside of the years that a wall clock can have; then it is no end, or one
 * before everything. */
static void until_to_wall(struct recurrence_rule *rule, const struct zone *zone)
{
    static const struct civil earliest = {1, 1, 1, 0, 0, 0};
    struct instant until = {civil_to_seconds(rule->until) * 1000000};
    struct civil wall = zone_to_civil(zone, until);
    rule->until_is_utc = false;
    rule->has_until = wall.year <= 9999;
    rule->until = wall.year >= earliest.year ? wall : earliest;
}

enum err call_series_use_rule(struct call_series *series, struct recurrence_rule *rule,
                              const struct zone *zone, struct problem *problem)
{
    assert(series != NULL && rule != NULL && zone != NULL);
    if (rule->frequency < RECUR_MINUTELY || rule->by_second_count > 1) {
        return problem_set(problem, E_INVALID, "recurring.rrule",
                           "it may come every minute at most");
    }
    series->places_max = rule->count;
    rule->count = 0;
    if (rule->has_until && rule->until_is_utc) {
        until_to_wall(rule, zone);
    }
    series->frequency = call_frequency_NONE;
    series->rule = rule;
    return OK;
}

static struct civil months_after(struct civil anchor, int64_t months)
{
    int64_t month = (int64_t)anchor.year * YEAR_MONTHS + anchor.month - 1 + months;
    struct civil wall = anchor;
    wall.year = (int32_t)(month / YEAR_MONTHS);
    wall.month = (int8_t)(month % YEAR_MONTHS + 1);
    int last = days_in_month(wall.year, wall.month);
    wall.day = (int8_t)(anchor.day < last ? anchor.day : last);
    return wall;
}

/* Place `place` of a series without a rule. */
static struct civil wall_of(const struct call_series *series, int64_t place)
{
    assert(series->interval >= 1 && place >= 1);
    int64_t units = (place - 1) * series->interval;
    switch (series->frequency) {
    case call_frequency_daily:
        return civil_add_days(series->anchor, units);
    case call_frequency_weekly:
        return civil_add_days(series->anchor, units * WEEK_DAYS);
    case call_frequency_monthly:
        return months_after(series->anchor, units);
    case call_frequency_NONE:
    case call_frequency_COUNT:
        break;
    }
    assert(series->frequency == call_frequency_NONE);
    return series->anchor;
}

static struct call_occurrence occurrence_of(const struct zone *zone, struct civil wall)
{
    struct call_occurrence occurrence = {.number = 1, .place = 1, .wall = wall};
    occurrence.at = zone_to_instant(zone, wall, &occurrence.fit);
    occurrence.runs = occurrence.fit == ZONE_GAP ? zone_to_civil(zone, occurrence.at) : wall;
    return occurrence;
}

struct call_occurrence call_series_first(const struct call_series *series, const struct zone *zone)
{
    assert(series != NULL && zone != NULL && civil_is_valid(series->anchor));
    return occurrence_of(zone, series->anchor);
}

/* The iterator names only what is later than `wall`. */
static void seek_after(struct walk *walk, struct civil wall)
{
    struct civil later = civil_add_seconds(wall, 1);
    recurrence_begin(&walk->iterator, walk->series->rule, walk->series->anchor);
    recurrence_seek(&walk->iterator, civil_is_valid(later) ? later : wall);
}

/* The iterator goes on after the wall clock that the rule meant by an instant. Where clocks were
 * put forward in the day before, that may be one in the gap, which is the first that comes to this
 * instant. */
static void seek_place(struct walk *walk, struct instant nominal)
{
    struct civil shown = zone_to_civil(walk->zone, nominal);
    struct instant before = instant_sub(nominal, HOURS(GAP_HOURS_MAX));
    if (zone_offset_at(walk->zone, before) < zone_offset_at(walk->zone, nominal)) {
        struct civil wall;
        seek_after(walk, civil_add_seconds(shown, -(int64_t)GAP_HOURS_MAX * 3600));
        while (recurrence_next(&walk->iterator, &wall) == RECURRENCE_FOUND &&
               civil_compare(wall, shown) <= 0) {
            if (zone_to_instant(walk->zone, wall, NULL).us == nominal.us) {
                return;
            }
        }
    }
    seek_after(walk, shown);
}

/* The wall clock of the walk's place; false where there is none. */
static bool wall_next(struct walk *walk, struct civil *out)
{
    if (walk->series->rule == NULL) {
        *out = wall_of(walk->series, walk->place);
        return civil_is_valid(*out);
    }
    return recurrence_next(&walk->iterator, out) == RECURRENCE_FOUND;
}

static bool is_past_end(const struct call_series *series, const struct call_occurrence *occurrence)
{
    if (instant_is_set(series->end_at) && instant_before(series->end_at, occurrence->at)) {
        return true;
    }
    return series->has_end_date &&
           date_to_days(series->end_date) < date_to_days(civil_date(occurrence->wall));
}

/* The next place of the series, whether or not its time is over. */
static enum series_step walk_step(struct walk *walk, struct call_occurrence *out)
{
    struct civil wall;
    const struct call_series *series = walk->series;
    walk->place++;
    bool is_done = (series->occurrences_max > 0 && walk->number > series->occurrences_max) ||
                   (series->places_max > 0 && walk->place > series->places_max);
    if (is_done) {
        return SERIES_ALL_DONE;
    }
    if (!wall_next(walk, &wall)) {
        return SERIES_RULE_OVER;
    }
    *out = occurrence_of(walk->zone, wall);
    out->number = walk->number;
    out->place = walk->place;
    return is_past_end(series, out) ? SERIES_PAST_END : SERIES_FOUND;
}

static struct walk walk_after(const struct call_series *series, const struct zone *zone,
                              const struct series_place *after)
{
    assert(series != NULL && zone != NULL && after->number >= 1 && after->place >= 1);
    assert((series->rule == NULL) == (series->frequency != call_frequency_NONE));
    struct walk walk = {.series = series,
                        .zone = zone,
                        .number = after->number + 1,
                        .place = after->place,
                        .at = after->nominal};
    if (series->rule != NULL && after->place == 1) {
        seek_after(&walk, series->anchor);
    } else if (series->rule != NULL) {
        seek_place(&walk, after->nominal);
    }
    return walk;
}

/* The next place that is after `now`. */
static enum series_step walk_on(struct walk *walk, struct instant now, struct call_occurrence *out)
{
    struct call_occurrence next;
    int64_t skipped = 0;
    for (;;) {
        enum series_step step = walk_step(walk, &next);
        if (step != SERIES_FOUND) {
            return step;
        }
        if (!instant_before(walk->at, next.at)) {
            continue;
        }
        walk->at = next.at;
        if (instant_before(now, next.at)) {
            next.skipped = skipped;
            *out = next;
            return SERIES_FOUND;
        }
        skipped++;
        if (skipped == SERIES_SKIPPED_MAX && walk->series->rule != NULL) {
            seek_after(walk, zone_to_civil(walk->zone, now));
        }
    }
}

enum series_step call_series_next(const struct call_series *series, const struct zone *zone,
                                  const struct series_place *after, struct instant now,
                                  struct call_occurrence *out)
{
    assert(out != NULL);
    struct walk walk = walk_after(series, zone, after);
    return walk_on(&walk, now, out);
}

static enum series_step chain_step(const struct call_chain *chain, struct walk *walk,
                                   struct instant now, struct chain_call *out)
{
    int64_t skipped = out->occurrence.skipped;
    struct chain_call call;
    enum series_step step = walk_on(walk, now, &call.occurrence);
    if (step != SERIES_FOUND) {
        return step;
    }
    if (call_hours_next(chain->hours, call.occurrence.at, &call.opening) != OK) {
        return SERIES_NEVER_OPEN;
    }
    call.occurrence.skipped += skipped;
    *out = call;
    return SERIES_FOUND;
}

static int64_t day_of(const struct zone *zone, struct instant at)
{
    return date_to_days(civil_date(zone_to_civil(zone, at)));
}

/* Whether hours put what was meant for `nominal` to where another call is: to its time or beyond,
 * or from another day onto its day. */
static bool runs_into(const struct zone *zone, struct instant nominal, struct instant runs,
                      struct instant other)
{
    if (!instant_before(nominal, runs)) {
        return false;
    }
    int64_t day = day_of(zone, runs);
    return !instant_before(runs, other) ||
           (day > day_of(zone, nominal) && day_of(zone, other) <= day);
}

/* Those that would be made on the day onto which hours have put the call before. */
static enum series_step pass_day(const struct call_chain *chain, struct walk *walk,
                                 const struct series_place *after, struct chain_call *call)
{
    enum series_step step = SERIES_FOUND;
    while (step == SERIES_FOUND && instant_is_set(after->ran) &&
           runs_into(chain->zone, after->nominal, after->ran, call->opening.at)) {
        call->occurrence.skipped++;
        step = chain_step(chain, walk, call->occurrence.at, call);
    }
    return step;
}

enum series_step call_chain_next(const struct call_chain *chain, const struct series_place *after,
                                 struct instant now, struct chain_call *out)
{
    assert(chain != NULL && chain->hours != NULL && out != NULL);
    struct walk walk = walk_after(chain->series, chain->zone, after);
    struct chain_call call = {.occurrence = {.skipped = 0}};
    enum series_step step = chain_step(chain, &walk, now, &call);
    if (step == SERIES_FOUND) {
        step = pass_day(chain, &walk, after, &call);
    }
    if (step != SERIES_FOUND) {
        return step;
    }
    struct chain_call next = call;
    while (instant_before(call.occurrence.at, call.opening.at)) {
        next.occurrence.skipped++;
        if (chain_step(chain, &walk, call.occurrence.at, &next) != SERIES_FOUND ||
            !runs_into(chain->zone, call.occurrence.at, call.opening.at, next.opening.at)) {
            break;
        }
        call = next;
    }
    *out = call;
    return SERIES_FOUND;
}

bool call_chain_reaches(const struct call_chain *chain, struct instant at, struct instant other)
{
    assert(chain != NULL && chain->zone != NULL);
    return day_of(chain->zone, other) <= day_of(chain->zone, at);
}

size_t call_chain_list(const struct call_chain *chain, const struct call_occurrence *first,
                       size_t max, struct chain_call *out)
{
    assert(chain->hours != NULL && (out != NULL || max == 0));
    struct chain_call call = {.occurrence = *first};
    enum series_step step = call_hours_next(chain->hours, first->at, &call.opening) == OK
                                ? SERIES_FOUND
                                : SERIES_NEVER_OPEN;
    size_t count = 0;
    while (count < max && step == SERIES_FOUND) {
        out[count++] = call;
        struct series_place place = {.number = call.occurrence.number,
                                     .place = call.occurrence.place,
                                     .nominal = call.occurrence.at,
                                     .ran = call.opening.at};
        step = chain->series == NULL ? SERIES_ALL_DONE
                                     : call_chain_next(chain, &place, call.opening.at, &call);
    }
    return count;
}
