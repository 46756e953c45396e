#include "service/holidays.h"

#include "model/formats.h"
#include "store/callees.h"

#include <stdio.h>
#include <stdlib.h>

enum { DAYS_KEPT_BACK = 2, DATE_TEXT_BYTES = 10 };

static int compare_days(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static void sort_days(struct holiday_days *days)
{
    size_t kept = 0;
    if (days->count > 0) {
        qsort(days->days, days->count, sizeof *days->days, compare_days);
    }
    for (size_t i = 0; i < days->count; i++) {
        if (i == 0 || days->days[i] != days->days[kept - 1]) {
            days->days[kept++] = days->days[i];
        }
    }
    days->count = kept;
}

struct str holidays_days_text(struct arena *arena, struct holiday_days *days)
{
    struct buf text = {.arena = arena};
    sort_days(days);
    for (size_t i = 0; i < days->count; i++) {
        struct date date = date_from_days(days->days[i]);
        buf_printf(&text, "%s%04d-%02d-%02d", i == 0 ? "" : ",", date.year, date.month, date.day);
    }
    return days->count == 0 ? STR("") : buf_str(&text);
}

enum err holidays_read_days(struct op *op, struct holiday_calendar *calendar)
{
    struct str rest = calendar->days;
    struct str text = STR_NONE;
    struct date date = {0};
    size_t count = 0;
    struct holiday_day *days =
        ARENA_NEW_ARRAY(op->arena, struct holiday_day, rest.len / DATE_TEXT_BYTES + 1);
    while (rest.len > 0 && str_split(&rest, ',', &text)) {
        if (!date_parse(text, &date)) {
            return E_CORRUPT;
        }
        days[count++].date = text;
    }
    calendar->dates = (struct list){days, count};
    return OK;
}

/* Days on their way into hours. */
struct collection {
    struct holiday_days found;
    size_t cap;
    int64_t first; /* What was before is over. */
};

static void collect(struct op *op, struct collection *into, struct date date)
{
    struct holiday_days *found = &into->found;
    if (date_to_days(date) < into->first) {
        return;
    }
    if (found->count == into->cap) {
        size_t cap = into->cap == 0 ? 16 : into->cap * 2;
        int64_t *grown = ARENA_NEW_ARRAY(op->arena, int64_t, cap);
        for (size_t i = 0; i < found->count; i++) {
            grown[i] = found->days[i];
        }
        found->days = grown;
        into->cap = cap;
    }
    found->days[found->count++] = date_to_days(date);
}

static enum err collect_named(struct op *op, struct collection *into, struct str name)
{
    struct holiday_calendar calendar = {0};
    struct date date = {0};
    TRY(holidays_named(op->db, op->arena, name, &calendar));
    TRY(holidays_read_days(op, &calendar));
    const struct holiday_day *days = calendar.dates.items;
    for (size_t i = 0; i < calendar.dates.count; i++) {
        bool is_date = date_parse(days[i].date, &date);
        TRY(is_date ? OK : E_CORRUPT);
        collect(op, into, date);
    }
    return instant_is_set(calendar.archived_at) ? E_GONE : OK;
}

static enum err refuse_name(struct op *op, struct str name, size_t index)
{
    char field[64];
    snprintf(field, sizeof field, "businessHours.holidays[%zu]", index);
    return op_fail(op, E_INVALID, field,
                   "names no holiday calendar: \"%.*s\"; see GET /api/v1/holidays", STR_FMT(name));
}

enum err holidays_collect(struct op *op, const struct list *items, bool is_new,
                          struct business_hours *out)
{
    const struct holiday_date *given = items->items;
    struct collection into = {.first = op->now.us / DAYS(1).us - DAYS_KEPT_BACK};
    struct date date = {0};
    for (size_t i = 0; i < items->count; i++) {
        if (date_parse(given[i].date, &date)) {
            collect(op, &into, date);
            continue;
        }
        enum err err = collect_named(op, &into, given[i].date);
        if (is_new && (err == E_NOT_FOUND || err == E_GONE)) {
            return refuse_name(op, given[i].date, i);
        }
        /* Rows of calendars stay, so that one that is not there was never checked. */
        TRY(err == E_NOT_FOUND ? E_CORRUPT : err == E_GONE ? OK : err);
    }
    sort_days(&into.found);
    size_t count =
        into.found.count < BUSINESS_HOLIDAYS_MAX ? into.found.count : BUSINESS_HOLIDAYS_MAX;
    struct business_holiday *closed =
        ARENA_NEW_ARRAY(op->arena, struct business_holiday, count + 1);
    for (size_t i = 0; i < count; i++) {
        closed[i] = (struct business_holiday){date_from_days(into.found.days[i]), 0, DAY_MINUTES};
    }
    out->holidays = closed;
    out->holiday_count = count;
    return OK;
}

enum err holidays_warn(struct op *op, const struct hours_input *hours, struct str *out)
{
    size_t count = hours == NULL ? 0 : hours->holidays.count;
    const struct holiday_date *given = count == 0 ? NULL : hours->holidays.items;
    struct date date = {0};
    *out = STR_NONE;
    for (size_t i = 0; i < count && !str_is_set(*out); i++) {
        struct holiday_calendar calendar = {0};
        if (date_parse(given[i].date, &date)) {
            continue;
        }
        TRY(holidays_named(op->db, op->arena, given[i].date, &calendar));
        if (str_is_set(calendar.host) && !instant_is_set(calendar.last_synced_at)) {
            *out = arena_printf(op->arena,
                                "the feed of the holiday calendar \"%.*s\" has not been read yet: "
                                "until it is, it has no days",
                                STR_FMT(given[i].date));
        }
    }
    return OK;
}
