#include "service/call_times.h"

#include "domain/recurrence.h"
#include "model/formats.h"
#include "model/json.h"
#include "service/holidays.h"

#include <assert.h>
#include <stdio.h>

enum { WEEK_DAYS = 7 };

enum err call_zone(struct op *op, struct str *name, const struct zone **out)
{
    *name = str_is_set(*name) ? *name : op->site->default_timezone;
    *out = zoneinfo_find(op->site->zones, *name);
    return *out != NULL
               ? OK
               : op_fail(op, E_TIMEZONE, "timezone",
                         "\"%.*s\" is not an IANA time zone such as Europe/Madrid", STR_FMT(*name));
}

enum err call_time_parse(struct op *op, struct str text, const struct zone *zone,
                         struct call_time *out)
{
    int64_t seconds = 0;
    if (wall_clock_parse(text, &seconds)) {
        out->wall = civil_from_seconds(seconds);
        out->at = zone_to_instant(zone, out->wall, NULL);
    } else if (instant_parse(text, &out->at) == OK) {
        out->at = instant_from_ms(instant_ms(out->at));
        out->wall = zone_to_civil(zone, out->at);
    } else {
        return op_fail(op, E_INVALID, "scheduledFor", "must be an ISO 8601 time");
    }
    if (instant_before(INSTANT_YEARS_END, out->at)) {
        return op_fail(op, E_SCHEDULED_TIME, "scheduledFor",
                       "must be before the year 10000 of UTC");
    }
    if (!instant_before(op->now, out->at)) {
        char now[INSTANT_TEXT_MAX];
        return op_fail(op, E_SCHEDULED_TIME, "scheduledFor", "must be in the future; it is %s now",
                       instant_format(op->now, now).ptr);
    }
    return OK;
}

static uint8_t days_of(const struct list *list, uint8_t otherwise)
{
    const struct weekday_number *days = list->items;
    uint8_t bits = 0;
    for (size_t i = 0; i < list->count; i++) {
        bits = (uint8_t)(bits | 1u << days[i].day);
    }
    return list->count == 0 ? otherwise : bits;
}

static enum err read_window(const struct hours_window *given, uint8_t days,
                            struct business_window *out)
{
    out->days = days_of(&given->days, days);
    TRY(business_minute_parse(given->start, false, &out->open));
    return business_minute_parse(given->end, true, &out->close);
}

/* From resolved hours. */
static enum err build_guards(struct op *op, const struct hours_input *hours, bool is_new,
                             struct call_guards *out)
{
    const struct hours_window *windows = hours->windows.items;
    struct hours_window whole = {.start = hours->start, .end = hours->end};
    bool is_whole = hours->windows.count == 0;
    uint8_t days = days_of(&hours->days, MONDAY_TO_FRIDAY);
    size_t count = is_whole ? 1 : hours->windows.count;
    struct business_window *open = ARENA_NEW_ARRAY(op->arena, struct business_window, count);
    for (size_t i = 0; i < count; i++) {
        TRY(read_window(is_whole ? &whole : &windows[i], days, &open[i]));
    }
    *out = (struct call_guards){.business = {.windows = open, .window_count = count}};
    TRY(holidays_collect(op, &hours->holidays, is_new, &out->business));
    out->hours.business = &out->business;
    out->hours.business_zone = zoneinfo_find(op->site->zones, hours->timezone);
    return OK;
}

static void add_default_days(struct op *op, struct hours_input *hours)
{
    struct weekday_number *days = ARENA_NEW_ARRAY(op->arena, struct weekday_number, WEEK_DAYS);
    size_t count = 0;
    for (int day = 0; day < WEEK_DAYS; day++) {
        if ((MONDAY_TO_FRIDAY >> day & 1) != 0) {
            days[count++].day = day;
        }
    }
    hours->days = (struct list){days, count};
}

/* Only holidays can shut hours that open on some day of the week. */
static enum err check_opens(struct op *op, const struct call_guards *guards)
{
    struct call_opening opening = {0};
    bool does_open = business_hours_are_valid(guards->hours.business);
    if (does_open && guards->business.holiday_count > 0) {
        does_open = call_hours_next(&guards->hours, op->now, &opening) == OK;
    }
    return does_open ? OK
                     : op_fail(op, E_INVALID, "businessHours",
                               "must be open at some time in the next year");
}

/* What begins when it ends may be meant for nothing or for all of the day. */
static enum err check_span(struct op *op, const char *field, struct str start, struct str end)
{
    return !str_equal(start, end)
               ? OK
               : op_fail(op, E_INVALID, field,
                         "must not be %.*s as start is; 00:00 to 24:00 is all of the day",
                         STR_FMT(end));
}

static enum err check_windows(struct op *op, const struct hours_input *hours)
{
    const struct hours_window *windows = hours->windows.items;
    char field[64];
    for (size_t i = 0; i < hours->windows.count; i++) {
        snprintf(field, sizeof field, "businessHours.windows[%zu].end", i);
        TRY(check_span(op, field, windows[i].start, windows[i].end));
    }
    return hours->windows.count > 0 && (str_is_set(hours->start) || str_is_set(hours->end))
               ? op_fail(op, E_INVALID, "businessHours.windows",
                         "stands in place of start and end; leave one of them out")
               : OK;
}

/* Both ends, or neither: half of somebody's hours and half of ours are hours that nobody meant. */
static enum err take_span(struct op *op, struct hours_input *hours)
{
    bool has_start = str_is_set(hours->start);
    if (has_start != str_is_set(hours->end)) {
        return op_fail(op, E_INVALID, has_start ? "businessHours.end" : "businessHours.start",
                       "is required beside %s, such as %s", has_start ? "start" : "end",
                       has_start ? "17:00" : "09:00");
    }
    if (!has_start) {
        hours->start = op->site->business_start;
        hours->end = op->site->business_end;
        return OK;
    }
    return check_span(op, "businessHours.end", hours->start, hours->end);
}

static enum err check_zone(struct op *op, struct str name)
{
    return zoneinfo_find(op->site->zones, name) != NULL
               ? OK
               : op_fail(op, E_TIMEZONE, "businessHours.timezone",
                         "\"%.*s\" is not an IANA time zone such as Europe/Madrid", STR_FMT(name));
}

enum err call_hours_resolve(struct op *op, const struct hours_input *given, struct str timezone,
                            struct call_guards *out, struct str *text)
{
    struct hours_input hours = {0};
    if (given != NULL) {
        hours = *given;
    }
    TRY(check_windows(op, &hours));
    if (hours.windows.count == 0) {
        TRY(take_span(op, &hours));
    }
    if (hours.days.count == 0) {
        add_default_days(op, &hours);
    }
    hours.timezone = str_is_set(hours.timezone) ? hours.timezone : timezone;
    TRY(check_zone(op, hours.timezone));
    TRY(build_guards(op, &hours, true, out));
    *text = op_whole_text(op, &hours_input_record, &hours);
    return check_opens(op, out);
}

enum err call_hours_disregard(struct op *op, const struct hours_input *given)
{
    struct call_guards ignored = {0};
    struct str text = STR_NONE;
    return given == NULL ? OK : call_hours_resolve(op, given, STR("UTC"), &ignored, &text);
}

static enum err read_text(struct op *op, const struct record *record, struct str text, void *out)
{
    struct json_context context = {.arena = op->arena, .id_key = op->site->id_key};
    return record_from_json(&context, record, text, out, NULL) == OK ? OK : E_CORRUPT;
}

enum err call_guards_read(struct op *op, struct str text, struct call_guards *out)
{
    struct hours_input hours = {0};
    *out = (struct call_guards){0};
    if (!str_is_set(text)) {
        return OK;
    }
    TRY(read_text(op, &hours_input_record, text, &hours));
    enum err err = build_guards(op, &hours, false, out);
    TRY(err == E_INVALID ? E_CORRUPT : err);
    bool is_sound =
        out->hours.business_zone != NULL && business_hours_are_valid(out->hours.business);
    return is_sound ? OK : E_CORRUPT;
}

struct str civil_text(struct arena *arena, struct civil wall)
{
    return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d", wall.year, wall.month, wall.day,
                        wall.hour, wall.minute, wall.second);
}

/* endDate: a day, or an instant. */
static enum err read_end(struct op *op, struct str text, struct call_series *series)
{
    if (!str_is_set(text)) {
        return OK;
    }
    if (date_parse(text, &series->end_date)) {
        series->has_end_date = true;
        return OK;
    }
    return instant_parse(text, &series->end_at) == OK
               ? OK
               : op_fail(op, E_INVALID, "recurring.endDate",
                         "must be a day such as 2026-12-24 or an ISO 8601 time with its offset");
}

static enum err use_rule(struct op *op, const struct zone *zone, struct series_read *out)
{
    struct problem problem = {0};
    struct str prefix = STR("RRULE:");
    struct str rule = out->text.rrule;
    rule = str_starts_nocase(rule, prefix) ? str_slice(rule, prefix.len, rule.len) : rule;
    enum err err = recurrence_parse(rule, &out->rule, &problem);
    if (err == OK) {
        err = call_series_use_rule(&out->series, &out->rule, zone, &problem);
    }
    return err == OK ? OK
                     : op_fail(op, E_INVALID, "recurring.rrule",
                               "is no rule that a call can come by: %s", problem.message);
}

/* The series that the text says, into the same struct. */
static enum err build_series(struct op *op, const struct zone *zone, struct series_read *out)
{
    const struct series_text *text = &out->text;
    int64_t seconds = 0;
    bool is_wall = wall_clock_parse(text->anchor, &seconds);
    assert(is_wall);
    out->series = (struct call_series){
        .anchor = civil_from_seconds(seconds),
        .frequency = (enum call_frequency)text->frequency,
        .interval = (int32_t)(text->interval == 0 ? 1 : text->interval),
        .occurrences_max = text->max_occurrences,
    };
    TRY(read_end(op, text->end_date, &out->series));
    return str_is_set(text->rrule) ? use_rule(op, zone, out) : OK;
}

static enum err check_recurrence(struct op *op, const struct call_recurrence *given)
{
    if (!str_is_set(given->rrule)) {
        return given->frequency != 0
                   ? OK
                   : op_fail(op, E_INVALID, "recurring.frequency",
                             "is required where there is no rrule: daily, weekly or monthly");
    }
    return given->frequency == 0 && given->interval == 0
               ? OK
               : op_fail(op, E_INVALID, "recurring.rrule",
                         "stands in place of frequency and interval; leave one of them out");
}

/* What an RRULE names is told apart from a series of one by mistake. */
static enum err check_rule(struct op *op, const struct call_series *series)
{
    struct recurrence_iterator iterator;
    struct civil wall;
    const struct recurrence_rule *rule = series->rule;
    if (rule->has_until && civil_compare(rule->until, series->anchor) < 0) {
        return op_fail(op, E_INVALID, "recurring.rrule",
                       "must not end (UNTIL) before scheduledFor");
    }
    recurrence_begin(&iterator, rule, series->anchor);
    return recurrence_next(&iterator, &wall) == RECURRENCE_FOUND
               ? OK
               : op_fail(op, E_INVALID, "recurring.rrule", "must name a time after scheduledFor");
}

enum err call_series_resolve(struct op *op, const struct call_recurrence *given,
                             const struct zone *zone, const struct call_time *first,
                             struct str *text)
{
    struct series_read read = {.text = {.frequency = given->frequency,
                                        .interval = given->interval,
                                        .end_date = given->end_date,
                                        .max_occurrences = given->max_occurrences,
                                        .rrule = given->rrule}};
    TRY(check_recurrence(op, given));
    read.text.anchor = civil_text(op->arena, first->wall);
    TRY(build_series(op, zone, &read));
    const struct call_series *series = &read.series;
    TRY(series->rule == NULL ? OK : check_rule(op, series));
    bool ends_before =
        (instant_is_set(series->end_at) && instant_before(series->end_at, first->at)) ||
        (series->has_end_date &&
         date_to_days(series->end_date) < date_to_days(civil_date(first->wall)));
    if (ends_before) {
        return op_fail(op, E_INVALID, "recurring.endDate", "must not be before scheduledFor");
    }
    *text = op_whole_text(op, &series_text_record, &read.text);
    return OK;
}

enum err call_series_read(struct op *op, struct str text, const struct zone *zone,
                          struct series_read *out)
{
    int64_t seconds = 0;
    *out = (struct series_read){0};
    TRY(read_text(op, &series_text_record, text, &out->text));
    bool is_sound = wall_clock_parse(out->text.anchor, &seconds) &&
                    (out->text.frequency != 0) != str_is_set(out->text.rrule);
    if (!is_sound || build_series(op, zone, out) != OK) {
        return E_CORRUPT;
    }
    return OK;
}
