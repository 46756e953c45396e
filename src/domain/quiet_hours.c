#include "domain/quiet_hours.h"

#include <assert.h>

/* Quiet hours last less than a day by the wall clock; a fold and a skipped day may add to that. */
enum { DAYS_SEARCHED = 4, TRANSITIONS_SEARCHED = 8 };

bool quiet_hours_cover(struct quiet_hours hours, int minute_of_day)
{
    assert(hours.start >= 0 && hours.start < MINUTES_A_DAY);
    assert(hours.end >= 0 && hours.end < MINUTES_A_DAY);
    assert(minute_of_day >= 0 && minute_of_day < MINUTES_A_DAY);
    if (hours.start < hours.end) {
        return minute_of_day >= hours.start && minute_of_day < hours.end;
    }
    return minute_of_day >= hours.start || minute_of_day < hours.end;
}

bool quiet_hours_cover_instant(struct quiet_hours hours, const struct zone *zone, struct instant at)
{
    assert(zone != NULL);
    struct civil wall = zone_to_civil(zone, at);
    return quiet_hours_cover(hours, wall.hour * 60 + wall.minute);
}

/* Keeps the candidate in *best when it is later than `from`, not quiet, and earlier than what was
 * found before. */
struct search {
    struct quiet_hours hours;
    const struct zone *zone;
    struct instant from;
    bool is_found;
    struct instant best;
};

static void consider(struct search *search, struct instant candidate)
{
    assert(search->zone != NULL);
    bool is_better = instant_before(search->from, candidate) &&
                     (!search->is_found || instant_before(candidate, search->best));
    if (is_better && !quiet_hours_cover_instant(search->hours, search->zone, candidate)) {
        search->best = candidate;
        search->is_found = true;
    }
}

/* It can only stop being quiet where the wall clock shows the end minute, or where the clock is
 * moved. */
bool quiet_hours_end(struct quiet_hours hours, const struct zone *zone, struct instant from,
                     struct instant *out)
{
    assert(zone != NULL && out != NULL);
    if (!quiet_hours_cover_instant(hours, zone, from)) {
        *out = from;
        return true;
    }
    if (hours.start == hours.end) {
        return false;
    }
    struct search search = {.hours = hours, .zone = zone, .from = from};
    struct date today = civil_date(zone_to_civil(zone, from));
    struct civil end = civil_from_date(today, hours.end / 60, hours.end % 60, 0);
    for (int day = 0; day < DAYS_SEARCHED; day++) {
        struct civil wall = civil_add_days(end, day);
        consider(&search, zone_to_instant(zone, wall, NULL));
        consider(&search, zone_to_instant_last(zone, wall));
    }
    struct instant moved = from;
    struct instant last = instant_add(from, DAYS(DAYS_SEARCHED));
    for (int i = 0; i < TRANSITIONS_SEARCHED; i++) {
        if (!zone_next_transition(zone, moved, &moved) || instant_before(last, moved)) {
            break;
        }
        consider(&search, moved);
    }
    assert(search.is_found);
    *out = search.best;
    return true;
}
