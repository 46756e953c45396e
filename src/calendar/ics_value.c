#include "calendar/ics_value.h"

/* Room below year 9999 for the longest duration, since a wall clock beyond it is none
 * (domain/civil). */
enum { YEAR_MAX = 9800, DURATION_DAYS_MAX = 36525 };

struct str ics_value_text(struct arena *arena, icalproperty *property)
{
    const icalvalue *value = icalproperty_get_value(property);
    if (value == NULL) {
        return STR_NONE;
    }
    icalvalue_kind kind = icalvalue_isa(value);
    if (kind == ICAL_TEXT_VALUE) {
        return arena_str(arena, str_from(icalvalue_get_text(value)));
    }
    if (kind == ICAL_X_VALUE) {
        return arena_str(arena, str_from(icalvalue_get_x(value)));
    }
    if (kind == ICAL_URI_VALUE) {
        return arena_str(arena, str_from(icalvalue_get_uri(value)));
    }
    char *text = icalvalue_as_ical_string_r(value);
    struct str copy = arena_str(arena, str_from(text));
    icalmemory_free_buffer(text);
    return copy;
}

static struct str tzid_of(struct arena *arena, icalproperty *property)
{
    icalparameter *parameter = icalproperty_get_first_parameter(property, ICAL_TZID_PARAMETER);
    if (parameter == NULL) {
        return STR_NONE;
    }
    struct str tzid = str_trim(str_from(icalparameter_get_tzid(parameter)));
    return tzid.len > 0 ? arena_str(arena, tzid) : STR_NONE;
}

static bool convert_time(struct icaltimetype from, struct str tzid, struct ics_time *out)
{
    bool is_end_of_day = from.hour == 24 && from.minute == 0 && from.second == 0;
    if (from.year < 1 || from.year > YEAR_MAX || from.month < 1 || from.month > 12 ||
        from.day < 1 || from.day > 31 || from.hour < 0 || (from.hour > 23 && !is_end_of_day) ||
        from.minute < 0 || from.minute > 59 || from.second < 0 || from.second > 60) {
        return false;
    }
    *out = (struct ics_time){
        .wall = {.year = from.year, .month = (int8_t)from.month, .day = (int8_t)from.day},
        .is_date = from.is_date != 0,
        .is_utc = icaltime_is_utc(from) != 0,
    };
    if (!civil_is_valid(out->wall)) {
        return false;
    }
    if (is_end_of_day && !out->is_date) {
        out->wall = civil_add_days(out->wall, 1);
    } else if (!out->is_date) {
        out->wall.hour = (int8_t)from.hour;
        out->wall.minute = (int8_t)from.minute;
        out->wall.second = (int8_t)(from.second == 60 ? 59 : from.second);
    }
    out->tzid = out->is_utc || out->is_date ? STR_NONE : tzid;
    return true;
}

bool ics_value_time(struct arena *arena, icalproperty *property, struct ics_time *out)
{
    const icalvalue *value = icalproperty_get_value(property);
    icalvalue_kind kind = value == NULL ? ICAL_NO_VALUE : icalvalue_isa(value);
    if (kind != ICAL_DATE_VALUE && kind != ICAL_DATETIME_VALUE && kind != ICAL_DATETIMEDATE_VALUE) {
        return false;
    }
    return convert_time(icalvalue_get_datetimedate(value), tzid_of(arena, property), out);
}

/* Weeks and days are bounded so that sums with them stay far from the ends of their type. */
static bool convert_duration(struct icaldurationtype from, struct ics_duration *out)
{
    int64_t days = (int64_t)from.weeks * 7 + from.days;
    int64_t seconds = (int64_t)from.hours * 3600 + (int64_t)from.minutes * 60 + from.seconds;
    *out = (struct ics_duration){.days = days, .seconds = seconds};
    return from.is_neg == 0 && days <= DURATION_DAYS_MAX &&
           seconds <= (int64_t)DURATION_DAYS_MAX * 86400;
}

bool ics_value_duration(icalproperty *property, struct ics_duration *out)
{
    const icalvalue *value = icalproperty_get_value(property);
    if (value == NULL || icalvalue_isa(value) != ICAL_DURATION_VALUE) {
        return false;
    }
    return convert_duration(icalvalue_get_duration(value), out);
}

static bool convert_period(struct icalperiodtype from, struct str tzid, struct ics_rdate *out)
{
    if (!convert_time(from.start, tzid, &out->start)) {
        return false;
    }
    out->has_end = convert_time(from.end, tzid, &out->end);
    out->has_duration = !out->has_end && convert_duration(from.duration, &out->duration);
    return true;
}

bool ics_value_rdate(struct arena *arena, icalproperty *property, struct ics_rdate *out)
{
    *out = (struct ics_rdate){0};
    const icalvalue *value = icalproperty_get_value(property);
    icalvalue_kind kind = value == NULL ? ICAL_NO_VALUE : icalvalue_isa(value);
    struct str tzid = tzid_of(arena, property);
    if (kind == ICAL_PERIOD_VALUE) {
        return convert_period(icalvalue_get_period(value), tzid, out);
    }
    if (kind == ICAL_DATETIMEPERIOD_VALUE) {
        struct icaldatetimeperiodtype either = icalvalue_get_datetimeperiod(value);
        return icaltime_is_null_time(either.time) ? convert_period(either.period, tzid, out)
                                                  : convert_time(either.time, tzid, &out->start);
    }
    return ics_value_time(arena, property, &out->start);
}
