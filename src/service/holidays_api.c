#include "model/formats.h"
#include "service/engine.h"
#include "service/holidays.h"
#include "service/sync.h"
#include "store/callees.h"

static enum err audit(struct op *op, const char *action, const struct holiday_calendar *calendar)
{
    return op_audit(
        op, (struct audit_entry){.action = action,
                                 .subject_type = subject_type_CALENDAR,
                                 .subject = calendar->id,
                                 .after = op_record_text(op, &holiday_calendar_record, calendar)});
}

static enum err take_dates(struct op *op, const struct list *dates, struct holiday_calendar *out)
{
    const struct holiday_day *items = dates->items;
    struct holiday_days days = {ARENA_NEW_ARRAY(op->arena, int64_t, dates->count + 1), 0};
    for (size_t i = 0; i < dates->count; i++) {
        struct date date = {0};
        if (!date_parse(items[i].date, &date)) {
            return op_fail(op, E_INVALID, "dates", "must be days such as 2026-12-24");
        }
        days.days[days.count++] = date_to_days(date);
    }
    out->days = holidays_days_text(op->arena, &days);
    return holidays_read_days(op, out);
}

static enum err check(struct op *op, const struct holiday_calendar *calendar, bool has_dates)
{
    if (str_is_set(calendar->url) && has_dates) {
        return op_fail(op, E_INVALID, "dates", "does not go with url: the feed says the dates");
    }
    if (!str_is_set(calendar->url) && !has_dates) {
        return op_fail(op, E_INVALID, "dates", "is required where there is no url");
    }
    return OK;
}

/* A feed is read at once, a list is as it is. */
static void begin(struct op *op, struct holiday_calendar *calendar)
{
    bool is_feed = str_is_set(calendar->url);
    calendar->host = is_feed ? calendar_host(calendar->url) : STR_NONE;
    calendar->status = is_feed ? calendar_status_PENDING : calendar_status_OK;
    calendar->etag = calendar->last_modified = calendar->last_error = STR_NONE;
    calendar->fingerprint = calendar->failures = 0;
    calendar->missing_since = calendar->expanded_at = INSTANT_NONE;
    calendar->updated_at = op->now;
}

static enum err arm(struct op *op, const struct holiday_calendar *calendar)
{
    return str_is_set(calendar->url)
               ? timer_arm(op, (struct timer_request){timer_kind_CALENDAR_SYNC, calendar->id,
                                                      op->now, PRIORITY_LOW})
               : OK;
}

enum err create_holidays(struct op *op, const void *input, void *output)
{
    struct holiday_calendar *calendar = output;
    struct holiday_calendar other = {0};
    *calendar = *(const struct holiday_calendar *)input;
    bool has_dates = presence_has(op->given, record_field_index(&holiday_calendar_record, "dates"));
    TRY(op_may_change(op, ID_NONE));
    TRY(check(op, calendar, has_dates));
    enum err err = holidays_named(op->db, op->arena, calendar->name, &other);
    if (err == OK && !instant_is_set(other.archived_at)) {
        return op_fail(op, E_DUPLICATE, "name", "there is a holiday calendar of this name");
    }
    TRY(err == E_NOT_FOUND ? OK : err);
    TRY(take_dates(op, &calendar->dates, calendar));
    calendar->id = op_new_id(op);
    calendar->created_at = op->now;
    begin(op, calendar);
    TRY(db_insert(op->db, TABLE_holiday_calendars, op->arena, calendar));
    TRY(arm(op, calendar));
    return audit(op, "HOLIDAYS_ADDED", calendar);
}

static enum err load(struct op *op, struct holiday_calendar *out)
{
    enum err err = db_get(op->db, TABLE_holiday_calendars, op->path_id, op->arena, out);
    bool is_removed = err == OK && instant_is_set(out->archived_at);
    TRY(op_not_found(op, is_removed ? E_NOT_FOUND : err, "holiday calendar"));
    return holidays_read_days(op, out);
}

enum err get_holidays(struct op *op, const void *input, void *output)
{
    (void)input;
    TRY(op_may_read(op, ID_NONE));
    return load(op, output);
}

enum err list_holidays(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct holiday_calendar_list *out = output;
    struct id after = ID_NONE;
    struct list rows = {0};
    int64_t limit = page_limit(wanted->limit);
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &after));
    TRY(holidays_page(op->db, op->arena, after, limit + 1, &rows));
    TRY(holidays_count(op->db, &out->total));
    bool has_more = page_trim(op, &rows, limit);
    struct holiday_calendar *shown =
        ARENA_NEW_ARRAY(op->arena, struct holiday_calendar, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) {
        shown[i] = ((const struct holiday_calendar *)rows.items)[i];
        enum err err = holidays_read_days(op, &shown[i]);
        /* What cannot be read of one does not hide the others. */
        TRY(err == E_CORRUPT ? OK : err);
    }
    out->calendars = (struct list){shown, rows.count};
    out->cursor = has_more ? op_cursor_text(op, shown[rows.count - 1].id) : STR_NONE;
    return OK;
}

enum err change_holidays(struct op *op, const void *input, void *output)
{
    const struct holiday_calendar *given = input;
    struct holiday_calendar *calendar = output;
    const struct record *record = &holiday_calendar_record;
    bool has_dates = presence_has(op->given, record_field_index(record, "dates"));
    bool has_url = presence_has(op->given, record_field_index(record, "url"));
    bool has_name = presence_has(op->given, record_field_index(record, "name"));
    TRY(op_may_change(op, ID_NONE));
    TRY(load(op, calendar));
    if (has_name && !str_equal(given->name, calendar->name)) {
        return op_fail(op, E_INVALID, "name", "cannot be changed: calls know it by this name");
    }
    if (!has_dates && !has_url) {
        return OK;
    }
    calendar->url = has_url ? given->url : calendar->url;
    TRY(check(op, calendar, has_dates));
    if (has_dates) {
        TRY(take_dates(op, &given->dates, calendar));
    }
    begin(op, calendar);
    TRY(db_update(op->db, TABLE_holiday_calendars, op->arena, calendar));
    TRY(timers_cancel(op->db, timer_kind_CALENDAR_SYNC, calendar->id, op->now));
    TRY(arm(op, calendar));
    return audit(op, "HOLIDAYS_CHANGED", calendar);
}

enum err remove_holidays(struct op *op, const void *input, void *output)
{
    (void)input;
    struct holiday_calendar calendar = {0};
    TRY(op_may_change(op, ID_NONE));
    TRY(load(op, &calendar));
    calendar.archived_at = op->now;
    TRY(db_update(op->db, TABLE_holiday_calendars, op->arena, &calendar));
    TRY(timers_cancel(op->db, timer_kind_CALENDAR_SYNC, calendar.id, op->now));
    *(struct removed *)output = (struct removed){.id = calendar.id, .deleted = true};
    return audit(op, "HOLIDAYS_REMOVED", &calendar);
}
