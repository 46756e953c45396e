#include "service/meetings.h"

#include "service/alerts.h"
#include "service/engine.h"
#include "service/incidents.h"
#include "service/retention.h"
#include "store/calendars.h"
#include "store/incidents.h"

#include <assert.h>

bool meeting_takes_place(int status)
{
    return status == meeting_status_SCHEDULED || status == meeting_status_TENTATIVE;
}

static bool raises_alerts(const struct meeting *meeting)
{
    return meeting_takes_place(meeting->status) && !meeting->is_all_day && !meeting->is_transparent;
}

static struct str record_text(const struct op *op, const struct meeting *meeting)
{
    return op_record_text(op, &meeting_record, meeting);
}

static enum err audit_meeting(struct op *op, const char *action, const struct meeting *before,
                              const struct meeting *after)
{
    return op_audit(
        op, (struct audit_entry){.action = action,
                                 .subject_type = subject_type_MEETING,
                                 .subject = after->id,
                                 .user = after->user_id,
                                 .before = before == NULL ? STR_NONE : record_text(op, before),
                                 .after = record_text(op, after)});
}

static void apply_facts(const struct op *op, const struct meeting_facts *facts,
                        struct meeting *meeting)
{
    meeting->title = str_is_set(facts->title) ? facts->title : STR("");
    meeting->starts_at = instant_from_ms(instant_ms(facts->starts_at));
    meeting->ends_at = instant_from_ms(instant_ms(facts->ends_at));
    meeting->timezone = facts->timezone;
    meeting->join_url = facts->join_url;
    meeting->status = (int)facts->status;
    meeting->sequence = facts->sequence;
    meeting->modified_at = instant_from_ms(instant_ms(facts->modified_at));
    meeting->is_all_day = facts->is_all_day;
    meeting->is_transparent = facts->is_transparent;
    meeting->is_pushed = meeting->is_pushed || !id_is_set(facts->calendar);
    meeting->updated_at = op->now;
}

static enum err create_meeting(struct op *op, const struct meeting_facts *facts,
                               struct sync_result *result)
{
    if (!meeting_takes_place((int)facts->status)) {
        result->skipped++; /* Nobody was ever told of it. */
        return OK;
    }
    if (retention_is_past(op, RETENTION_MEETING, facts->ends_at)) {
        result->skipped++; /* It is archived, or would be in the coming night. */
        return OK;
    }
    struct meeting meeting = {
        .id = op_new_id(op),
        .user_id = facts->user,
        .external_id = facts->external_id,
        .generation = 1,
        .created_at = op->now,
    };
    apply_facts(op, facts, &meeting);
    meeting.check_at = plan_check(op, &meeting);
    TRY(db_insert(op->db, TABLE_meetings, op->arena, &meeting));
    if (id_is_set(facts->calendar)) {
        TRY(sources_put(op->db,
                        &(struct meeting_source){facts->calendar, meeting.id, facts->resource}));
    }
    TRY(plan_alerts(op, &meeting));
    result->created++;
    return audit_meeting(op, "MEETING_PLANNED", NULL, &meeting);
}

static bool is_unchanged(const struct meeting *a, const struct meeting *b)
{
    return a->starts_at.us == b->starts_at.us && a->ends_at.us == b->ends_at.us &&
           a->status == b->status && str_equal(a->title, b->title) &&
           str_equal(a->timezone, b->timezone) && str_equal(a->join_url, b->join_url) &&
           a->is_all_day == b->is_all_day && a->is_transparent == b->is_transparent &&
           a->is_pushed == b->is_pushed;
}

/* Why the plan of `old` does not hold for `new`; NULL while it does. */
static const char *plan_broken(const struct meeting *old, const struct meeting *new)
{
    if (new->status == meeting_status_CANCELLED) {
        return meeting_takes_place(old->status) ? "meeting_cancelled" : NULL;
    }
    if (new->status == meeting_status_DECLINED) {
        return meeting_takes_place(old->status) ? "meeting_declined" : NULL;
    }
    if (!meeting_takes_place(old->status)) {
        return "meeting_restored";
    }
    if (old->starts_at.us != new->starts_at.us) {
        return "moved";
    }
    return raises_alerts(old) != raises_alerts(new) ? "marked_free_or_all_day" : NULL;
}

enum err replan_meeting(struct op *op, struct meeting *meeting, const char *reason)
{
    /* The incident first: a last step that is stopped must not look like a ladder that ran out. */
    TRY(cancel_incident_of_meeting(op, meeting, reason));
    TRY(cancel_alerts(op, meeting, reason));
    TRY(timers_cancel(op->db, timer_kind_MISSED_CHECK, meeting->id, op->now));
    meeting->generation++;
    meeting->checkin_status = checkin_status_NONE;
    meeting->check_at = plan_check(op, meeting);
    return plan_alerts(op, meeting);
}

static enum err change_meeting(struct op *op, const struct meeting *old, struct meeting *new,
                               struct sync_result *result)
{
    const char *reason = plan_broken(old, new);
    if (reason != NULL) {
        TRY(replan_meeting(op, new, reason));
    }
    TRY(db_update(op->db, TABLE_meetings, op->arena, new));
    bool is_over = meeting_takes_place(old->status) && !meeting_takes_place(new->status);
    if (is_over) {
        result->cancelled++;
    } else {
        result->updated++;
    }
    if (reason != NULL) {
        op_log(op, LOG_INFO, LOG_SCHEDULER, "a meeting was planned anew: %s", reason);
    }
    return audit_meeting(op, is_over ? "MEETING_CANCELLED" : "MEETING_CHANGED", old, new);
}

/* Two calendars may show one meeting, one of them out of date: the newer version counts, and of
 * equal ones the copy in the calendar that was added first. */
static enum err is_authority(struct op *op, const struct meeting_facts *facts,
                             const struct meeting *meeting, bool *out)
{
    *out = true;
    if (!id_is_set(facts->calendar) || meeting->is_pushed) {
        *out = !id_is_set(facts->calendar);
        return OK;
    }
    struct instant modified_at = instant_from_ms(instant_ms(facts->modified_at));
    bool is_newer =
        facts->sequence > meeting->sequence ||
        (facts->sequence == meeting->sequence && modified_at.us > meeting->modified_at.us);
    bool is_older =
        facts->sequence < meeting->sequence ||
        (facts->sequence == meeting->sequence && modified_at.us < meeting->modified_at.us);
    struct id first = ID_NONE;
    enum err err = sources_first(op->db, meeting->id, &first);
    if (err != OK && err != E_NOT_FOUND) {
        return err;
    }
    bool is_first = err == E_NOT_FOUND || id_equal(first, facts->calendar);
    int64_t count = 0;
    TRY(sources_count(op->db, meeting->id, &count));
    *out = is_newer || (is_first && (!is_older || count <= 1));
    return OK;
}

static enum err join_source(struct op *op, const struct meeting_facts *facts, struct id meeting)
{
    struct id known = ID_NONE;
    if (!id_is_set(facts->calendar)) {
        return OK;
    }
    TRY(sources_resource(op->db, facts->calendar, meeting, &known));
    if (id_equal(known, facts->resource) && id_is_set(known)) {
        return OK;
    }
    return sources_put(op->db, &(struct meeting_source){facts->calendar, meeting, facts->resource});
}

enum err take_meeting(struct op *op, const struct meeting_facts *facts, struct sync_result *result)
{
    struct meeting old = {0};
    enum err err = meetings_by_external(op->db, op->arena, facts->user, facts->external_id, &old);
    if (err == E_NOT_FOUND) {
        return create_meeting(op, facts, result);
    }
    TRY(err);
    bool counts = false;
    TRY(is_authority(op, facts, &old, &counts));
    TRY(join_source(op, facts, old.id));
    struct meeting new = old;
    if (counts) {
        apply_facts(op, facts, &new);
    }
    if (is_unchanged(&old, &new)) {
        result->skipped++;
        return OK;
    }
    return change_meeting(op, &old, &new, result);
}

enum err drop_meeting(struct op *op, struct id calendar, struct meeting *meeting,
                      struct sync_result *result)
{
    int64_t others = 0;
    TRY(sources_remove(op->db, calendar, meeting->id));
    TRY(sources_count(op->db, meeting->id, &others));
    bool has_begun = !instant_before(op->now, meeting->starts_at);
    if (others > 0 || meeting->is_pushed || has_begun || !meeting_takes_place(meeting->status)) {
        return OK;
    }
    struct meeting gone = *meeting;
    gone.status = meeting_status_CANCELLED;
    gone.updated_at = op->now;
    return change_meeting(op, meeting, &gone, result);
}

enum err cancel_meetings_of(struct op *op, struct id user, const char *reason)
{
    struct list ahead = {0};
    struct sync_result ignored = {0};
    TRY(meetings_ahead(op->db, op->arena, user, instant_sub(op->now, DAYS(1)), &ahead));
    const struct meeting *meetings = ahead.items;
    for (size_t i = 0; i < ahead.count; i++) {
        if (!meeting_takes_place(meetings[i].status)) {
            continue;
        }
        struct meeting gone = meetings[i];
        gone.status = meeting_status_CANCELLED;
        gone.updated_at = op->now;
        op_log(op, LOG_INFO, LOG_SCHEDULER, "a meeting is cancelled: %s", reason);
        TRY(change_meeting(op, &meetings[i], &gone, &ignored));
    }
    return OK;
}

enum err check_missed(struct op *op, struct timer *timer)
{
    struct meeting meeting = {0};
    struct user user = {0};
    bool was_joined = false;
    TRY(meetings_was_joined(op->db, timer->subject_id, &was_joined));
    if (was_joined) {
        /* The most frequent end, for which nothing else has to be known. */
        op_decided(op);
        return meetings_checked(op->db, timer->subject_id);
    }
    TRY(db_get(op->db, TABLE_meetings, timer->subject_id, op->arena, &meeting));
    TRY(db_get(op->db, TABLE_users, meeting.user_id, op->arena, &user));
    TRY(meetings_checked(op->db, meeting.id));
    int64_t known = 0;
    TRY(incidents_of_generation(op->db, meeting.id, meeting.generation, &known));
    if (!raises_alerts(&meeting) || known > 0 || instant_is_set(user.deleted_at) ||
        !user.calendar_enabled) {
        return OK;
    }
    struct incident incident = {0};
    bool is_new = false;
    op_log(op, LOG_WARN, LOG_ESCALATION_ENGINE, "nobody joined the meeting: an incident opens");
    return open_missed_incident(op, &meeting, &incident, &is_new);
}

static void split_generations(const struct list *all, int64_t generation, struct meeting_view *out)
{
    const struct alert *alerts = all->items;
    size_t first = 0;
    while (first < all->count && alerts[first].generation < generation) {
        first++;
    }
    out->alerts = (struct list){alerts + first, all->count - first};
    out->earlier_alerts = (struct list){alerts, first};
}

enum err show_meeting(struct op *op, const struct meeting *meeting, bool with_earlier,
                      struct meeting_view *out)
{
    struct list all = {0};
    *out = (struct meeting_view){
        .event_id = meeting->id,
        .external_id = meeting->external_id,
        .user_id = meeting->user_id,
        .title = meeting->title,
        .starts_at = meeting->starts_at,
        .ends_at = meeting->ends_at,
        .timezone = meeting->timezone,
        .status = meeting->status,
        .join_url = meeting->join_url,
        .is_all_day = meeting->is_all_day,
        .is_transparent = meeting->is_transparent,
    };
    TRY(alerts_of_meeting(op->db, op->arena, meeting->id, &all));
    /* A plan that was cancelled has no alerts of its own: show the ones that it cancelled. */
    int64_t newest =
        all.count == 0 ? 0 : ((const struct alert *)all.items)[all.count - 1].generation;
    split_generations(&all, newest, out);
    if (!with_earlier) {
        out->earlier_alerts = (struct list){0};
    }
    if (meeting->checkin_status != checkin_status_NONE) {
        struct checkin *checkin = ARENA_NEW(op->arena, struct checkin);
        TRY(checkins_last(op->db, op->arena, meeting->id, checkin));
        out->checkin = checkin;
    }
    struct incident incident = {0};
    enum err err = incidents_last_of_meeting(op->db, op->arena, meeting->id, &incident);
    out->incident_id = err == OK ? incident.id : ID_NONE;
    return err == E_NOT_FOUND ? OK : err;
}

enum err get_meeting(struct op *op, const void *input, void *output)
{
    (void)input;
    struct meeting meeting = {0};
    TRY(op_not_found(op, db_get(op->db, TABLE_meetings, op->path_id, op->arena, &meeting),
                     "meeting"));
    TRY(op_may_read(op, meeting.user_id));
    return show_meeting(op, &meeting, true, output);
}

static enum err parse_cursor(struct op *op, struct str cursor, struct meeting_page *page)
{
    struct str rest = cursor;
    struct str start = STR_NONE;
    int64_t ms = 0;
    if (!str_is_set(cursor)) {
        return OK;
    }
    if (!str_split(&rest, '.', &start) || str_to_int(start, &ms) != OK || !str_is_set(rest) ||
        str_to_int(rest, &page->after.value) != OK) {
        return op_fail(op, E_INVALID, "cursor", "must be the cursor of the page before");
    }
    page->after_start = instant_from_ms(ms);
    return OK;
}

enum err list_meetings(struct op *op, const void *input, void *output)
{
    static const struct instant far_future = {INT64_MAX / 4};
    const struct meeting_list_input *wanted = input;
    struct meeting_list *out = output;
    struct meeting_page page = {.user = wanted->user_id, .limit = page_limit(wanted->limit) + 1};
    if (op->actor.scope == key_scope_USER && !id_is_set(page.user)) {
        page.user = op->actor.user;
    }
    TRY(op_may_read(op, page.user));
    page.window =
        (struct meeting_window){wanted->from, instant_is_set(wanted->to) ? wanted->to : far_future};
    TRY(parse_cursor(op, wanted->cursor, &page));
    struct list rows = {0};
    TRY(meetings_page(op->db, op->arena, &page, &rows, &out->total));
    bool has_more = page_trim(op, &rows, page.limit - 1);
    const struct meeting *meetings = rows.items;
    struct meeting_view *views = ARENA_NEW_ARRAY(op->arena, struct meeting_view, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) {
        TRY(show_meeting(op, &meetings[i], false, &views[i]));
    }
    out->meetings = (struct list){views, rows.count};
    if (has_more) {
        const struct meeting *last = &meetings[rows.count - 1];
        out->cursor = arena_printf(op->arena, "%lld.%lld", (long long)instant_ms(last->starts_at),
                                   (long long)last->id.value);
    }
    return OK;
}
