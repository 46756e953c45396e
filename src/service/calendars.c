#include "store/calendars.h"
#include "service/engine.h"
#include "service/meetings.h"
#include "service/people.h"
#include "service/sync.h"
#include "store/people.h"

struct str calendar_host(struct str url)
{
    struct str rest = str_slice(url, str_find(url, STR("://")) + 3, url.len);
    size_t end = 0;
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?' && rest.ptr[end] != '#') {
        end++;
    }
    size_t start = end; /* Behind the last '@': what stands before it is a name and a password. */
    while (start > 0 && rest.ptr[start - 1] != '@') {
        start--;
    }
    return str_slice(rest, start, end);
}

static enum err check_calendar(struct op *op, const struct calendar *calendar)
{
    bool is_upload = calendar->kind == calendar_kind_upload;
    if (is_upload && !str_is_set(calendar->ics)) {
        return op_fail(op, E_INVALID, "ics",
                       "is required for kind upload: the text of the calendar");
    }
    if (!is_upload && !str_is_set(calendar->url)) {
        return op_fail(op, E_INVALID, "url", "is required for kind %s",
                       enum_name(&calendar_kind_names, calendar->kind));
    }
    if (is_upload && str_is_set(calendar->url)) {
        return op_fail(op, E_INVALID, "url", "does not go with kind upload");
    }
    if (!is_upload && str_is_set(calendar->ics)) {
        return op_fail(op, E_INVALID, "ics", "goes with kind upload only");
    }
    if (str_is_set(calendar->password) && !str_is_set(calendar->username)) {
        return op_fail(op, E_INVALID, "username", "is required with a password");
    }
    return OK;
}

static enum err audit_calendar(struct op *op, const char *action, const struct calendar *calendar)
{
    return op_audit(op,
                    (struct audit_entry){.action = action,
                                         .subject_type = subject_type_CALENDAR,
                                         .subject = calendar->id,
                                         .user = calendar->user_id,
                                         .after = op_record_text(op, &calendar_record, calendar)});
}

enum err create_calendar(struct op *op, const void *input, void *output)
{
    struct user user = {0};
    struct calendar *calendar = output;
    *calendar = *(const struct calendar *)input;
    TRY(op_may_change(op, op->path_id));
    TRY(op_not_found(op, users_get(op->db, op->arena, op->path_id, &user), "user"));
    TRY(check_calendar(op, calendar));
    calendar->id = op_new_id(op);
    calendar->user_id = user.id;
    calendar->status = calendar_status_PENDING;
    calendar->host = str_is_set(calendar->url) ? calendar_host(calendar->url) : STR_NONE;
    calendar->created_at = op->now;
    TRY(db_insert(op->db, TABLE_calendars, op->arena, calendar));
    TRY(audit_calendar(op, "CALENDAR_ADDED", calendar));
    if (calendar->kind == calendar_kind_upload) {
        /* An upload must be understood before it is taken, so that whoever sends it hears what is
         * wrong. */
        TRY(sync_upload(op, calendar, &user));
    }
    return timer_arm(op, (struct timer_request){timer_kind_CALENDAR_SYNC, calendar->id,
                                                next_tick(op), PRIORITY_LOW});
}

enum err list_calendars(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct page_cut cut = {.record = &calendar_record, .limit = wanted->limit};
    struct user user = {0};
    struct calendar_list *out = output;
    TRY(op_may_read(op, op->path_id));
    TRY(op_cursor(op, wanted->cursor, &cut.after));
    TRY(op_not_found(op, users_get(op->db, op->arena, op->path_id, &user), "user"));
    TRY(calendars_of_user(op->db, op->arena, op->path_id, &out->calendars));
    out->total = (int64_t)out->calendars.count;
    out->cursor = op_cut_page(op, &cut, &out->calendars);
    return OK;
}

static enum err drop_all(struct op *op, const struct calendar *calendar)
{
    struct list meetings = {0};
    struct sync_result ignored = {0};
    struct calendar_part part = {
        .calendar = calendar->id,
        .window = {instant_sub(op->now, DAYS(2)), instant_add(op->now, DAYS(400))},
    };
    TRY(meetings_of_calendar(op->db, op->arena, &part, &meetings));
    struct meeting *items = ARENA_NEW_ARRAY(op->arena, struct meeting, meetings.count + 1);
    for (size_t i = 0; i < meetings.count; i++) {
        items[i] = ((const struct meeting *)meetings.items)[i];
        TRY(drop_meeting(op, calendar->id, &items[i], &ignored));
    }
    return OK;
}

enum err delete_calendar(struct op *op, const void *input, void *output)
{
    (void)input;
    struct calendar calendar = {0};
    TRY(op_may_change(op, op->path_id));
    enum err err = calendars_get(op->db, op->arena, op->path_id2, &calendar);
    bool is_theirs = err == OK && id_equal(calendar.user_id, op->path_id);
    TRY(op_not_found(op, err == OK && !is_theirs ? E_NOT_FOUND : err, "calendar"));
    TRY(drop_all(op, &calendar));
    TRY(timers_cancel(op->db, timer_kind_CALENDAR_SYNC, calendar.id, op->now));
    TRY(resources_remove_all(op->db, calendar.id));
    calendar.deleted_at = op->now;
    TRY(db_update(op->db, TABLE_calendars, op->arena, &calendar));
    *(struct removed *)output = (struct removed){.id = calendar.id, .deleted = true};
    return audit_calendar(op, "CALENDAR_REMOVED", &calendar);
}
