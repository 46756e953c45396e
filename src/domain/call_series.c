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
    int64_t number;                      /* Of the occurrence last looked at. */
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
                           "A call may come every minute at most.");
    }
    bool counts_less =
        rule->count > 0 && (series->occurrences_max == 0 || rule->count < series->occurrences_max);
    if (counts_less) {
        series->occurrences_max = rule->count;
    }
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

/* Occurrence number `number` of a series without a rule. */
static struct civil wall_of(const struct call_series *series, int64_t number)
{
    assert(series->interval >= 1 && number >= 1);
    int64_t units = (number - 1) * series->interval;
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

static struct call_occurrence occurrence_of(const struct zone *zone, int64_t number,
                                            struct civil wall)
{
    struct call_occurrence occurrence = {.number = number, .wall = wall};
    occurrence.at = zone_to_instant(zone, wall, &occurrence.fit);
    occurrence.runs = occurrence.fit == ZONE_GAP ? zone_to_civil(zone, occurrence.at) : wall;
    return occurrence;
}

struct call_occurrence call_series_first(const struct call_series *series, const struct zone *zone)
{
    assert(series != NULL && zone != NULL && civil_is_valid(series->anchor));
    return occurrence_of(zone, 1, series->anchor);
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

/* The wall clock of the occurrence with the walk's number; false where there is none. */
static bool wall_next(struct walk *walk, struct civil *out)
{
    if (walk->series->rule == NULL) {
        *out = wall_of(walk->series, walk->number);
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
    int64_t most = walk->series->occurrences_max;
    walk->number++;
    if (most > 0 && walk->number > most) {
        return SERIES_ALL_DONE;
    }
    if (!wall_next(walk, &wall)) {
        return SERIES_RULE_OVER;
    }
    *out = occurrence_of(walk->zone, walk->number, wall);
    return is_past_end(walk->series, out) ? SERIES_PAST_END : SERIES_FOUND;
}

enum series_step call_series_next(const struct call_series *series, const struct zone *zone,
                                  struct series_place after, struct instant now,
                                  struct call_occurrence *out)
{
    assert(series != NULL && zone != NULL && out != NULL && after.number >= 1);
    assert((series->rule == NULL) == (series->frequency != call_frequency_NONE));
    struct walk walk = {
        .series = series, .zone = zone, .number = after.number, .at = after.nominal};
    struct call_occurrence next;
    int64_t skipped = 0;
    if (series->rule != NULL && after.number == 1) {
        seek_after(&walk, series->anchor);
    } else if (series->rule != NULL) {
        seek_place(&walk, after.nominal);
    }
    for (;;) {
        enum series_step step = walk_step(&walk, &next);
        if (step != SERIES_FOUND) {
            return step;
        }
        if (!instant_before(walk.at, next.at)) {
            continue;
        }
        walk.at = next.at;
        if (instant_before(now, next.at)) {
            next.skipped = skipped;
            *out = next;
            return SERIES_FOUND;
        }
        skipped++;
        if (skipped == SERIES_SKIPPED_MAX && series->rule != NULL) {
            seek_after(&walk, zone_to_civil(zone, now));
        }
    }
}

size_t call_series_preview(const struct call_series *series, const struct zone *zone,
                           const struct call_hours *hours, size_t max, struct call_preview *out)
{
    assert(hours != NULL && (out != NULL || max == 0));
    struct call_occurrence occurrence = call_series_first(series, zone);
    enum series_step step = SERIES_FOUND;
    size_t count = 0;
    while (count < max && step == SERIES_FOUND) {
        struct call_preview *preview = &out[count];
        preview->occurrence = occurrence;
        if (call_hours_next(hours, occurrence.at, &preview->opening) != OK) {
            break;
        }
        count++;
        struct series_place place = {occurrence.number, occurrence.at};
        step = call_series_next(series, zone, place, preview->opening.at, &occurrence);
    }
    return count;
}
