#include "service/call_words.h"

#include <assert.h>

enum { WEEK_DAYS = 7, MINUTE_SECONDS = 60, HOUR_MINUTES = 60 };

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
        return arena_printf(arena, "%.*s is a holiday", STR_FMT(day_of(arena, move->asked)));
    case move_reason_BEFORE_OPENING:
        return arena_printf(arena, "%.*s is before opening", STR_FMT(clock));
    case move_reason_AFTER_CLOSING:
        return arena_printf(arena, "%.*s is after closing", STR_FMT(clock));
    case move_reason_GAP:
        return arena_printf(arena, "the hours of %.*s do not exist",
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
    return arena_printf(arena, "%.*s does not exist on %.*s: %.*s", STR_FMT(clock_of(arena, wall)),
                        STR_FMT(day_of(arena, wall)), STR_FMT(goal_of(arena, wall, runs)));
}

struct str call_move_words(struct arena *arena, const struct call_move *move)
{
    struct str cause = cause_of(arena, move);
    struct str goal = goal_of(arena, move->asked, move->runs);
    assert(move->reason != move_reason_NONE);
    if (!move->has_missing) {
        return arena_printf(arena, "%.*s: %.*s", STR_FMT(cause), STR_FMT(goal));
    }
    struct str missing = clock_of(arena, move->missing);
    struct str day = day_of(arena, move->missing);
    return arena_printf(arena, "%.*s: %.*s, for %.*s does not exist on %.*s", STR_FMT(cause),
                        STR_FMT(goal), STR_FMT(missing), STR_FMT(day));
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
