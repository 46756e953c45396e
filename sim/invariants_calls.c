#include "sim/invariants_calls.h"

#include <string.h>

#define LEGAL_SETTING "CALL_LEGAL_HOURS="

enum { DAY_OF_MINUTES = 1440, WEEK_DAYS = 7 };

/* "22:00" as minutes; -1 for what is none. */
static int minutes_of(struct str text)
{
    int64_t hours = 0;
    int64_t minutes = 0;
    bool is_time = text.len == 5 && str_to_int(str_slice(text, 0, 2), &hours) == OK &&
                   str_to_int(str_slice(text, 3, 5), &minutes) == OK;
    return is_time ? (int)(hours * 60 + minutes) : -1;
}

/* Whether the text of a list such as [0,3,6] has a day; an absent list has all. */
static bool has_day(struct str days, int day)
{
    char wanted[2] = {(char)('0' + (day + WEEK_DAYS) % WEEK_DAYS), '\0'};
    return !str_is_set(days) || str_contains(days, str_from(wanted));
}

static bool is_inside(struct civil wall, int open, int close, struct str days)
{
    int minute = wall.hour * 60 + wall.minute;
    int today = weekday_of_days(date_to_days(civil_date(wall)));
    if (open < close) {
        return has_day(days, today) && minute >= open && minute < close;
    }
    return (has_day(days, today) && minute >= open) || (has_day(days, today - 1) && minute < close);
}

static const char *zone_of_number(struct str number)
{
    static const struct {
        const char *prefix;
        const char *zone;
    } countries[] = {{"+49", "Europe/Berlin"}, {"+91", "Asia/Kolkata"}, {"+977", "Asia/Kathmandu"}};
    for (size_t i = 0; i < ARRAY_LENGTH(countries); i++) {
        if (str_starts(number, str_from(countries[i].prefix))) {
            return countries[i].zone;
        }
    }
    return NULL;
}

/* "08:00-21:00", or nothing. */
static struct str legal_setting(const struct world *world)
{
    for (const char *const *setting = world->settings; *setting != NULL; setting++) {
        if (strncmp(*setting, LEGAL_SETTING, strlen(LEGAL_SETTING)) == 0) {
            return str_from(*setting + strlen(LEGAL_SETTING));
        }
    }
    return STR_NONE;
}

static bool is_outside_law(const struct world *world, struct str timezone, struct str number,
                           struct instant at)
{
    struct str hours = legal_setting(world);
    const char *country = zone_of_number(number);
    struct str name = str_is_set(timezone) || country == NULL ? timezone : str_from(country);
    const struct zone *zone = str_is_set(name) ? zoneinfo_find(world->zones, name) : NULL;
    if (!str_is_set(hours) || zone == NULL) {
        return false;
    }
    return !is_inside(zone_to_civil(zone, at), minutes_of(str_slice(hours, 0, 5)),
                      minutes_of(str_slice(hours, 6, 11)), STR_NONE);
}

bool call_is_outside_hours(const struct world *world, struct arena *arena, struct id wire,
                           struct str number, struct instant at)
{
    enum { START, END, ZONE, DAYS, TIMEZONE, COLUMNS };
    struct str sql = arena_printf(
        arena,
        "SELECT coalesce(json_extract(c.hours, '$.start'), ''),"
        " coalesce(json_extract(c.hours, '$.end'), ''),"
        " coalesce(json_extract(c.hours, '$.timezone'), ''),"
        " coalesce(json_extract(c.hours, '$.daysOfWeek'), ''),"
        " CASE c.has_timezone WHEN 1 THEN c.timezone ELSE '' END FROM messages m JOIN "
        "scheduled_calls c"
        " ON c.id=m.subject_id WHERE m.subject_type='SCHEDULED_CALL' AND m.wire_id=%lld LIMIT 1",
        (long long)wire.value);
    struct peek rows = peek_rows(&world->store, arena, sql.ptr, COLUMNS);
    if (rows.rows == 0) {
        return false;
    }
    int open = minutes_of(peek_cell(&rows, 0, START)->text);
    int close = minutes_of(peek_cell(&rows, 0, END)->text);
    const struct zone *zone = zoneinfo_find(world->zones, peek_cell(&rows, 0, ZONE)->text);
    if (open >= 0 && zone != NULL &&
        !is_inside(zone_to_civil(zone, at), open, close % DAY_OF_MINUTES == 0 ? 0 : close,
                   peek_cell(&rows, 0, DAYS)->text)) {
        return true;
    }
    return is_outside_law(world, peek_cell(&rows, 0, TIMEZONE)->text, number, at);
}
