#include "service/call_words.h"

#include <assert.h>

enum { WEEK_DAYS = 7, MINUTE_SECONDS = 60, HOUR_MINUTES = 60, DAY_SECONDS = 86400 };

static const char *const months[] = {NULL,      "January",  "February", "March",  "April",
                                     "May",     "June",     "July",     "August", "September",
                                     "October", "November", "December"};
static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};

static int64_t days_of(struct civil c)
{
    return date_to_days(civil_date(c));
}

/* 1970-01-01 was a Thursday. */
static const char *weekday_of(struct civil c)
{
    return weekdays[((days_of(c) + 4) % WEEK_DAYS + WEEK_DAYS) % WEEK_DAYS];
}

static struct str clock_of(struct arena *arena, struct civil c)
{
    return c.second == 0 ? arena_printf(arena, "%02d:%02d", c.hour, c.minute)
                         : arena_printf(arena, "%02d:%02d:%02d", c.hour, c.minute, c.second);
}

static struct str day_of(struct arena *arena, struct civil c)
{
    return arena_printf(arena, "%d %s", c.day, months[c.month]);
}

/* Where a call goes, as somebody says it who knows when it was meant to be. */
static struct str goal_of(struct arena *arena, struct civil asked, struct civil runs)
{
    struct str clock = clock_of(arena, runs);
    int64_t days = days_of(runs) - days_of(asked);
    if (days == 0) {
        return clock;
    }
    if (days > 0 && days < WEEK_DAYS) {
        return arena_printf(arena, "%s %.*s", weekday_of(runs), STR_FMT(clock));
    }
    struct str day = day_of(arena, runs);
    return runs.year == asked.year
               ? arena_printf(arena, "%s %.*s %.*s", weekday_of(runs), STR_FMT(day), STR_FMT(clock))
               : arena_printf(arena, "%s %.*s %d %.*s", weekday_of(runs), STR_FMT(day), runs.year,
                              STR_FMT(clock));
}

static struct str cause_of(struct arena *arena, const struct call_move *move)
{
    struct str clock = clock_of(arena, move->asked);
    switch (move->reason) {
    case move_reason_CLOSED_DAY:
        return arena_printf(arena, "%s is closed", weekday_of(move->asked));
    case move_reason_HOLIDAY:
        return arena_printf(arena, "%.*s is a holiday", STR_FMT(day_of(arena, move->holiday)));
    case move_reason_BEFORE_OPENING:
        return arena_printf(arena, "%.*s is before opening", STR_FMT(clock));
    case move_reason_AFTER_CLOSING:
        return arena_printf(arena, "%.*s is after closing", STR_FMT(clock));
    case move_reason_GAP:
        return move->has_missing ? arena_printf(arena, "%.*s does not exist on %.*s",
                                                STR_FMT(clock_of(arena, move->missing)),
                                                STR_FMT(day_of(arena, move->missing)))
                                 : arena_printf(arena, "the hours of %.*s do not exist",
                                                STR_FMT(day_of(arena, move->asked)));
    case move_reason_LEGAL_HOURS:
        return arena_printf(arena, "%.*s is outside legal hours where the callee is",
                            STR_FMT(clock));
    case move_reason_NONE:
    case move_reason_COUNT:
        break;
    }
    return STR("");
}

struct str call_gap_words(struct arena *arena, struct civil wall, struct civil runs)
{
    struct str day = day_of(arena, wall);
    struct str goal = goal_of(arena, wall, runs);
    /* Where a date was left out (Apia, 2011-12-30), none of its times is to blame. */
    bool is_no_day = civil_to_seconds(runs) - civil_to_seconds(wall) >= DAY_SECONDS;
    return is_no_day ? arena_printf(arena, "%.*s does not exist: %.*s", STR_FMT(day), STR_FMT(goal))
                     : arena_printf(arena, "%.*s does not exist on %.*s: %.*s",
                                    STR_FMT(clock_of(arena, wall)), STR_FMT(day), STR_FMT(goal));
}

/* Why it is not an earlier opening, where that is to be told. */
static struct str detour_of(struct arena *arena, const struct call_move *move)
{
    if (move->has_missing && move->reason != move_reason_GAP) {
        return arena_printf(arena, ", for %.*s does not exist on %.*s",
                            STR_FMT(clock_of(arena, move->missing)),
                            STR_FMT(day_of(arena, move->missing)));
    }
    if (move->has_holiday && move->reason != move_reason_HOLIDAY) {
        return arena_printf(arena, ", for %.*s is a holiday",
                            STR_FMT(day_of(arena, move->holiday)));
    }
    /* Later, and yet an earlier time of the clock. */
    bool is_second =
        days_of(move->runs) == days_of(move->asked) && civil_compare(move->runs, move->asked) < 0;
    return is_second ? STR(", when clocks have gone back") : STR("");
}

struct str call_move_words(struct arena *arena, const struct call_move *move)
{
    struct str cause = cause_of(arena, move);
    struct str goal = goal_of(arena, move->asked, move->runs);
    assert(move->reason != move_reason_NONE);
    return arena_printf(arena, "%.*s: %.*s%.*s", STR_FMT(cause), STR_FMT(goal),
                        STR_FMT(detour_of(arena, move)));
}

struct str call_local_text(struct arena *arena, const struct zone *zone, struct instant at)
{
    struct civil wall = zone_to_civil(zone, at);
    int32_t offset = zone_offset_at(zone, at) / MINUTE_SECONDS;
    int32_t minutes = offset < 0 ? -offset : offset;
    return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", wall.year, wall.month,
                        wall.day, wall.hour, wall.minute, wall.second, offset < 0 ? '-' : '+',
                        minutes / HOUR_MINUTES, minutes % HOUR_MINUTES);
}
