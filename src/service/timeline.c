#include "service/timeline.h"

#include "service/dispatch_internal.h"
#include "service/messages.h"
#include "service/scheduled_calls.h"
#include "store/delivery.h"
#include "store/incidents.h"
#include "store/meetings.h"
#include "store/messages.h"
#include "store/providers.h"
#include "store/timers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES_MAX = 10000, READ_AT_ONCE = 500 };

/* A timeline while it is gathered. */
struct story {
    struct op *op;
    struct timeline_entry *entries;
    size_t count;
    size_t cap;
};

static struct timeline_entry *add(struct story *story)
{
    if (story->count == story->cap) {
        size_t cap = story->cap == 0 ? 64 : story->cap * 2;
        struct timeline_entry *grown =
            ARENA_NEW_ARRAY(story->op->arena, struct timeline_entry, cap);
        if (story->count > 0) {
            memcpy(grown, story->entries, story->count * sizeof *grown);
        }
        story->entries = grown;
        story->cap = cap;
    }
    struct timeline_entry *entry = &story->entries[story->count++];
    *entry = (struct timeline_entry){0};
    return entry;
}

static bool is_full(const struct story *story)
{
    return story->count >= ENTRIES_MAX;
}

static void add_change(struct story *story, const struct audit_event *event)
{
    struct timeline_entry *entry = add(story);
    entry->at = event->at;
    entry->kind = timeline_kind_CHANGE;
    entry->what = event->action;
    entry->subject_type = event->subject_type;
    entry->who = event->actor;
    entry->user_id = event->user_id;
    entry->reason = event->reason;
}

/* What an attempt has led to: of the same instant it stands after what was heard of it. */
static bool is_result(const struct audit_event *event)
{
    static const char *const results[] = {"CALL_RETRY", "CALL_COMPLETED", "CALL_FAILED",
                                          "CALL_SERIES_ENDED"};
    bool is_one = false;
    for (size_t i = 0; i < ARRAY_LENGTH(results); i++) {
        is_one = is_one || str_equal_text(event->action, results[i]);
    }
    return is_one;
}

enum changes { ALL_CHANGES, ALL_BUT_RESULTS, RESULTS };

static enum err add_some_changes(struct story *story, struct id subject, enum changes which)
{
    struct audit_page page = {.subject = subject, .limit = READ_AT_ONCE};
    struct list events = {0};
    int64_t total = 0;
    do {
        TRY(audit_page(story->op->db, story->op->arena, &page, &events, &total));
        const struct audit_event *items = events.items;
        for (size_t i = 0; i < events.count; i++) {
            if (which == ALL_CHANGES || is_result(&items[i]) == (which == RESULTS)) {
                add_change(story, &items[i]);
            }
            page.after = items[i].seq;
        }
    } while (events.count == READ_AT_ONCE && !is_full(story));
    return OK;
}

static enum err add_changes(struct story *story, struct id subject)
{
    return add_some_changes(story, subject, ALL_CHANGES);
}

/* What was learnt about a message; its hand-over with how late it was. */
static void add_news(struct story *story, const struct message *message,
                     const struct message_event *event)
{
    struct timeline_entry *entry = add(story);
    entry->at = event->at;
    entry->kind = timeline_kind_MESSAGE;
    entry->what = STR("MESSAGE");
    entry->subject_type = message->subject_type;
    entry->who = str_from(enum_name(&message_source_names, event->source));
    entry->user_id = message->user_id;
    entry->channel = message->channel;
    entry->provider = message->provider;
    entry->state = str_from(enum_name(&message_state_names, event->state));
    entry->receipt_level = event->receipt_level;
    entry->reason = event->detail;
    entry->message_id = message->id;
    if (event->state == message_state_SENDING && instant_before(message->due_at, event->at)) {
        entry->late_ms = duration_ms(instant_since(event->at, message->due_at));
    }
}

static enum err add_message(struct story *story, const struct message *message)
{
    struct list events = {0};
    struct timer retry = {0};
    TRY(message_story(story->op, message, &events));
    const struct message_event *items = events.items;
    for (size_t i = 0; i < events.count; i++) {
        add_news(story, message, &items[i]);
        bool is_same = i > 0 && items[i].state == items[i - 1].state &&
                       items[i].receipt_level == items[i - 1].receipt_level;
        if (is_same && !str_is_set(items[i].detail)) {
            /* It was answered, and then it was over. */
            story->entries[story->count - 1].reason = STR("over");
        }
    }
    enum err err = timers_of_subject(story->op->db, story->op->arena, timer_kind_MESSAGE_RETRY,
                                     message->id, &retry);
    if (err == OK) {
        struct timeline_entry *entry = add(story);
        entry->at = retry.due_at;
        entry->kind = timeline_kind_AHEAD;
        entry->what = STR("MESSAGE_RETRY");
        entry->subject_type = message->subject_type;
        entry->user_id = message->user_id;
        entry->channel = message->channel;
        entry->message_id = message->id;
    }
    return err == E_NOT_FOUND ? OK : err;
}

static enum err add_messages(struct story *story, struct id subject)
{
    struct message_page page = {.subject = subject, .limit = READ_AT_ONCE};
    struct list messages = {0};
    int64_t total = 0;
    do {
        TRY(messages_page(story->op->db, story->op->arena, &page, &messages, &total));
        const struct message *items = messages.items;
        for (size_t i = 0; i < messages.count; i++) {
            TRY(add_message(story, &items[i]));
            page.after = items[i].id;
        }
    } while (messages.count == READ_AT_ONCE && !is_full(story));
    return OK;
}

static struct timeline_entry *add_ahead(struct story *story, const char *what, struct instant at,
                                        enum subject_type subject)
{
    struct timeline_entry *entry = add(story);
    entry->at = at;
    entry->kind = timeline_kind_AHEAD;
    entry->what = str_from(what);
    entry->subject_type = (int)subject;
    return entry;
}

static enum err add_steps(struct story *story, const struct incident *incident)
{
    struct list steps = {0};
    TRY(steps_of_incident(story->op->db, story->op->arena, incident->id, &steps));
    const struct step *items = steps.items;
    for (size_t i = 0; i < steps.count; i++) {
        if (items[i].status != step_status_PENDING || id_is_set(items[i].message_id)) {
            continue;
        }
        struct timeline_entry *entry =
            add_ahead(story, "STEP", items[i].scheduled_at, subject_type_INCIDENT);
        entry->level = items[i].level;
        entry->channel = items[i].channel;
        entry->user_id = items[i].user_id;
        entry->reason = items[i].reason;
    }
    if (incident->state == incident_state_ACKNOWLEDGED && instant_is_set(incident->lease_until) &&
        instant_before(story->op->now, incident->lease_until)) {
        add_ahead(story, "LEASE_ENDS", incident->lease_until, subject_type_INCIDENT);
    }
    return OK;
}

static enum err add_incident(struct story *story, const struct incident *incident)
{
    TRY(add_changes(story, incident->id));
    TRY(add_messages(story, incident->id));
    return add_steps(story, incident);
}

static enum err add_alerts(struct story *story, const struct meeting *meeting)
{
    struct list alerts = {0};
    TRY(alerts_of_meeting(story->op->db, story->op->arena, meeting->id, &alerts));
    const struct alert *items = alerts.items;
    for (size_t i = 0; i < alerts.count; i++) {
        if (items[i].status == alert_status_PENDING) {
            struct timeline_entry *entry =
                add_ahead(story, "ALERT", items[i].due_at, subject_type_MEETING);
            entry->level = items[i].stage;
            entry->channel = items[i].channel;
            entry->user_id = items[i].user_id;
        }
    }
    int64_t opened = 0;
    TRY(incidents_of_generation(story->op->db, meeting->id, meeting->generation, &opened));
    if (meeting->checkin_status == checkin_status_JOINED || opened > 0) {
        return OK; /* Its check finds nothing to do. */
    }
    if (instant_is_set(meeting->check_at)) {
        add_ahead(story, "MISSED_CHECK", meeting->check_at, subject_type_MEETING)->user_id =
            meeting->user_id;
    }
    return OK;
}

static struct id first_waiting(const struct dispatch_case *dispatch)
{
    for (size_t i = 0; i < dispatch->count; i++) {
        if (dispatch->technicians[i].outcome == technician_outcome_WAITING) {
            return dispatch->technicians[i].user_id;
        }
    }
    return ID_NONE;
}

/* The follow-ups of whoever's turn it is, and then the next one's turn, or the end. */
static void add_attempts(struct story *story, struct dispatch_case *dispatch)
{
    const struct dispatch *row = &dispatch->row;
    const struct followups *followups = &story->op->site->followups[row->level];
    const struct dispatch_technician *current = dispatch_current(dispatch);
    if (row->state != dispatch_state_DISPATCHING || current == NULL) {
        return;
    }
    int64_t made = row->turn_attempts;
    struct instant at = row->next_at;
    while (followups_has_more(followups, made)) {
        struct timeline_entry *entry = add_ahead(story, "ATTEMPT", at, subject_type_DISPATCH);
        entry->level = row->attempt + 1 + made - row->turn_attempts;
        entry->user_id = current->user_id;
        made++;
        at = instant_max(at, instant_add(row->turn_started_at, followups_wait(followups, made)));
    }
    struct id next = first_waiting(dispatch);
    add_ahead(story, id_is_set(next) ? "NEXT_TECHNICIAN" : "EXHAUSTED", at, subject_type_DISPATCH)
        ->user_id = next;
}

struct placed {
    const struct timeline_entry *entry;
    size_t place; /* In the order in which it was gathered. */
};

/* By time; what happened comes before what is ahead. */
static int by_time(const void *a, const void *b)
{
    const struct placed *left = a;
    const struct placed *right = b;
    bool is_left_ahead = left->entry->kind == timeline_kind_AHEAD;
    bool is_right_ahead = right->entry->kind == timeline_kind_AHEAD;
    if (is_left_ahead != is_right_ahead) {
        return is_left_ahead ? 1 : -1;
    }
    if (left->entry->at.us != right->entry->at.us) {
        return left->entry->at.us < right->entry->at.us ? -1 : 1;
    }
    return left->place < right->place ? -1 : left->place > right->place;
}

static struct timeline_entry *in_order(const struct story *story)
{
    struct placed *order = ARENA_NEW_ARRAY(story->op->arena, struct placed, story->count + 1);
    struct timeline_entry *sorted =
        ARENA_NEW_ARRAY(story->op->arena, struct timeline_entry, story->count + 1);
    for (size_t i = 0; i < story->count; i++) {
        order[i] = (struct placed){&story->entries[i], i};
    }
    qsort(order, story->count, sizeof *order, by_time);
    for (size_t i = 0; i < story->count; i++) {
        sorted[i] = *order[i].entry;
    }
    return sorted;
}

static enum err show_page(struct story *story, const struct page_input *wanted,
                          struct timeline *out)
{
    int64_t from = 0;
    int64_t limit = page_limit(wanted->limit);
    if (str_is_set(wanted->cursor) &&
        (str_to_int(wanted->cursor, &from) != OK || from < 0 || from > ENTRIES_MAX)) {
        return op_fail(story->op, E_INVALID, "cursor", "is not a cursor of this list");
    }
    int64_t total = (int64_t)story->count;
    int64_t first = from < total ? from : total;
    int64_t shown = total - first < limit ? total - first : limit;
    out->entries = (struct list){in_order(story) + first, (size_t)shown};
    out->total = total;
    int64_t next = first + shown;
    if (next < total) {
        out->cursor = arena_printf(story->op->arena, "%lld", (long long)next);
    }
    return OK;
}

/* One list of costs out of that of a meeting and that of its incident. */
static enum err add_costs(struct op *op, struct id subject, struct list *out)
{
    struct list more = {0};
    TRY(messages_costs(op->db, op->arena, subject, &more));
    struct incident_cost_item *all =
        ARENA_NEW_ARRAY(op->arena, struct incident_cost_item, out->count + more.count + 1);
    size_t count = out->count;
    if (count > 0) {
        memcpy(all, out->items, count * sizeof *all);
    }
    const struct incident_cost_item *items = more.items;
    for (size_t i = 0; i < more.count; i++) {
        size_t at = 0;
        while (at < count && !str_equal(all[at].currency, items[i].currency)) {
            at++;
        }
        if (at == count) {
            all[count++] = (struct incident_cost_item){.currency = items[i].currency};
        }
        all[at].messages += items[i].messages;
        all[at].cost_micros += items[i].cost_micros;
    }
    *out = (struct list){all, count};
    return OK;
}

enum err show_incident_timeline(struct op *op, const void *input, void *output)
{
    struct timeline *out = output;
    struct story story = {.op = op};
    struct incident incident = {0};
    TRY(op_not_found(op, db_get(op->db, TABLE_incidents, op->path_id, op->arena, &incident),
                     "incident"));
    TRY(op_may_read(op, incident.user_id));
    TRY(add_incident(&story, &incident));
    TRY(add_costs(op, incident.id, &out->costs));
    return show_page(&story, input, out);
}

static void add_call(struct story *story, const struct scheduled_call *call)
{
    bool is_again = instant_is_set(call->next_run);
    if (call->status == call_status_pending || is_again) {
        add_ahead(story, is_again ? "CALL_RETRY" : "CALL",
                  is_again ? call->next_run : call->scheduled_for, subject_type_SCHEDULED_CALL)
            ->channel = channel_CALL;
    }
}

enum err show_call_timeline(struct op *op, const void *input, void *output)
{
    struct timeline *out = output;
    struct story story = {.op = op};
    struct scheduled_call call = {0};
    TRY(op_not_found(op, scheduled_calls_get(op->db, op->arena, op->path_id, &call),
                     "scheduled call"));
    TRY(op_may_read(op, scheduled_call_person(op, call.user_id)));
    TRY(add_some_changes(&story, call.id, ALL_BUT_RESULTS));
    TRY(add_messages(&story, call.id));
    TRY(add_some_changes(&story, call.id, RESULTS));
    add_call(&story, &call);
    TRY(add_costs(op, call.id, &out->costs));
    return show_page(&story, input, out);
}

enum err show_meeting_timeline(struct op *op, const void *input, void *output)
{
    struct timeline *out = output;
    struct story story = {.op = op};
    struct meeting meeting = {0};
    struct incident incident = {0};
    TRY(op_not_found(op, db_get(op->db, TABLE_meetings, op->path_id, op->arena, &meeting),
                     "meeting"));
    TRY(op_may_read(op, meeting.user_id));
    TRY(add_changes(&story, meeting.id));
    TRY(add_messages(&story, meeting.id));
    TRY(add_alerts(&story, &meeting));
    TRY(add_costs(op, meeting.id, &out->costs));
    enum err err = incidents_last_of_meeting(op->db, op->arena, meeting.id, &incident);
    if (err == OK) {
        TRY(add_incident(&story, &incident));
        TRY(add_costs(op, incident.id, &out->costs));
    }
    return err == OK || err == E_NOT_FOUND ? show_page(&story, input, out) : err;
}

enum err show_dispatch_timeline(struct op *op, const void *input, void *output)
{
    struct timeline *out = output;
    struct story story = {.op = op};
    struct dispatch_case dispatch = {0};
    TRY(dispatch_of_path(op, &dispatch));
    TRY(add_changes(&story, dispatch.row.id));
    TRY(add_messages(&story, dispatch.row.id));
    add_attempts(&story, &dispatch);
    TRY(add_costs(op, dispatch.row.id, &out->costs));
    return show_page(&story, input, out);
}
