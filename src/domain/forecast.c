#include "domain/forecast.h"

#include <assert.h>

enum { DAY_MINUTE_LAST = 1440 };

/* The first minute of the local day after `minute` at which the hours may change. */
static int next_change(const struct business_hours *hours, struct date day, int minute)
{
    int next = DAY_MINUTE_LAST;
    for (size_t i = 0; i < hours->window_count; i++) {
        int close = hours->windows[i].close;
        next = close > minute && close < next ? close : next;
    }
    for (size_t i = 0; i < hours->holiday_count; i++) {
        const struct business_holiday *holiday = &hours->holidays[i];
        bool is_today = date_to_days(holiday->date) == date_to_days(day);
        next = is_today && holiday->from > minute && holiday->from < next ? holiday->from : next;
    }
    return next;
}

static struct instant change_in_zone(const struct business_hours *hours, const struct zone *zone,
                                     struct instant at)
{
    struct civil wall = zone_to_civil(zone, at);
    struct date day = civil_date(wall);
    int minute = next_change(hours, day, wall.hour * 60 + wall.minute);
    struct civil change = civil_add_seconds(civil_from_date(day, 0, 0, 0), (int64_t)minute * 60);
    struct instant until = zone_to_instant(zone, change, NULL);
    /* Clocks that are set in between. */
    return instant_before(at, until) ? until : instant_add(at, HOURS(1));
}

struct instant call_hours_until(const struct call_hours *hours, struct instant at)
{
    assert(hours != NULL);
    struct instant until = instant_add(at, HOURS(24));
    if (hours->business != NULL) {
        until = instant_min(until, change_in_zone(hours->business, hours->business_zone, at));
    }
    if (hours->legal != NULL && hours->legal->window != NULL) {
        struct business_hours legal = {.windows = hours->legal->window, .window_count = 1};
        for (size_t i = 0; i < hours->legal->zone_count; i++) {
            until = instant_min(until, change_in_zone(&legal, hours->legal->zones[i], at));
        }
    }
    return until;
}

/* How many go in [at, until). */
static int64_t fitting(struct instant at, struct instant until, struct duration step, int64_t left)
{
    assert(instant_before(at, until));
    if (step.us == 0) {
        return left;
    }
    int64_t most = (instant_since(until, at).us - 1) / step.us + 1;
    return most < left ? most : left;
}

enum err forecast_end(const struct call_hours *hours, const struct call_backlog *items,
                      size_t count, struct duration step, struct instant *end)
{
    assert(items != NULL && step.us >= 0 && end != NULL);
    struct instant free_at = INSTANT_NONE;
    for (size_t i = 0; i < count; i++) {
        struct call_opening opening;
        struct instant at = i == 0 ? items[i].due_at : instant_max(free_at, items[i].due_at);
        assert(items[i].count > 0);
        for (int64_t left = items[i].count; left > 0;) {
            TRY(call_hours_next(hours, at, &opening));
            int64_t fit = fitting(opening.at, call_hours_until(hours, opening.at), step, left);
            *end = instant_add(opening.at, (struct duration){(fit - 1) * step.us});
            at = free_at = instant_add(*end, step);
            left -= fit;
        }
    }
    return OK;
}
