#include "app/rehearsal_rows.h"
#include "base/memory.h"
#include "model/records.h"

#include <stdlib.h>
#include <string.h>

/* What happens at one instant is shown in the order of cause and effect: an incident opens, its
 * step is taken, a message leaves, a person answers, the incident changes. */
enum rank { RANK_BEGIN, RANK_STEP, RANK_MESSAGE, RANK_ANSWER, RANK_END, RANK_DROPPED };

struct ranked {
    struct simulated_entry entry;
    enum rank rank;
    size_t index; /* Of equals the one that was written first comes first. */
    bool is_skipped;
};

struct chronicle {
    const struct rehearsed_rows *rows;
    struct ranked *items;
    size_t count;
};

static enum err add(struct chronicle *chronicle, const struct ranked *item, struct id user)
{
    const struct rehearsed_rows *rows = chronicle->rows;
    if (chronicle->count == REHEARSAL_ENTRIES_MAX) {
        return op_fail(rows->op, E_TOO_LARGE, "until",
                       "is too far away: more than %d things happen; rehearse less",
                       REHEARSAL_ENTRIES_MAX);
    }
    struct ranked *added = &chronicle->items[chronicle->count];
    *added = *item;
    added->index = chronicle->count++;
    added->entry.local = rehearsed_local(rows, user, item->entry.at);
    return OK;
}

static bool is_beginning(struct str action)
{
    static const char *const actions[] = {"INCIDENT_OPENED", "INCIDENT_ESCALATING",
                                          "INCIDENT_LEASE_ENDED"};
    for (size_t i = 0; i < ARRAY_LENGTH(actions); i++) {
        if (str_equal_text(action, actions[i])) {
            return true;
        }
    }
    return false;
}

/* Steps and stages are told from their rows. */
static bool is_change(const struct audit_event *event, bool is_checkin)
{
    return is_checkin || (event->subject_type == subject_type_INCIDENT &&
                          !str_starts(event->action, STR("STEP_")));
}

static enum err add_change(struct chronicle *chronicle, const struct audit_event *event)
{
    const struct incident *incident = rehearsed_incident(chronicle->rows, event->subject_id);
    const struct meeting *meeting = rehearsed_meeting(chronicle->rows, event->subject_id);
    bool is_checkin = str_equal(event->action, STR("CHECKIN"));
    if (!is_change(event, is_checkin) || (is_checkin ? meeting == NULL : incident == NULL)) {
        return OK;
    }
    struct ranked item = {.rank = is_beginning(event->action) ? RANK_BEGIN : RANK_END};
    item.entry = (struct simulated_entry){
        .at = event->at,
        .kind = is_checkin ? simulated_kind_CHECKIN : simulated_kind_INCIDENT,
        .about = is_checkin ? meeting->title : incident->title,
        .person = rehearsed_name(chronicle->rows, event->user_id, message_target_PERSON),
        .outcome = is_checkin ? event->after : event->action,
        .reason = event->reason,
    };
    return add(chronicle, &item, event->user_id);
}

static struct simulated_step *step_view(struct arena *arena, const struct step *step)
{
    struct simulated_step *view = ARENA_NEW(arena, struct simulated_step);
    *view = (struct simulated_step){.round = step->round,
                                    .level = step->level,
                                    .target = step->target_index,
                                    .time = step->time_index,
                                    .type = step->step_type};
    return view;
}

/* A step whose time never came, because somebody answered or the rehearsal was over, is not there.
 */
static enum err add_step(struct chronicle *chronicle, const struct step *step)
{
    const struct incident *incident = rehearsed_incident(chronicle->rows, step->incident_id);
    if (!instant_is_set(step->claimed_at)) {
        return OK;
    }
    struct ranked item = {.rank = RANK_STEP, .is_skipped = step->status == step_status_SKIPPED};
    item.entry = (struct simulated_entry){
        .at = step->claimed_at,
        .kind = simulated_kind_STEP,
        .about = incident == NULL ? STR_NONE : incident->title,
        .step = step_view(chronicle->rows->op->arena, step),
        .channel = step->channel,
        .person = rehearsed_name(chronicle->rows, step->user_id, step->target),
        .target = step->target,
        .outcome = str_from(enum_name(&step_status_names, step->status)),
        .reason = str_is_set(step->reason) ? step->reason : step->error_message,
    };
    return add(chronicle, &item, step->user_id);
}

/* A stage that was too late when its meeting was found has no moment of its own. */
static enum err add_alert(struct chronicle *chronicle, const struct alert *alert)
{
    const struct rehearsed_rows *rows = chronicle->rows;
    const struct meeting *meeting = rehearsed_meeting(rows, alert->meeting_id);
    bool is_skipped = alert->status == alert_status_SKIPPED;
    struct instant at = alert->claimed_at;
    if (!instant_is_set(at) && is_skipped) {
        at = instant_max(alert->due_at, rows->rehearsal->start);
    }
    if (!instant_is_set(at)) {
        return OK;
    }
    struct ranked item = {.rank = RANK_STEP, .is_skipped = is_skipped};
    item.entry = (struct simulated_entry){
        .at = at,
        .kind = simulated_kind_ALERT,
        .about = meeting == NULL ? STR_NONE : meeting->title,
        .alert_type = alert->alert_type,
        .channel = alert->channel,
        .person = rehearsed_name(rows, alert->user_id, message_target_PERSON),
        .target = message_target_PERSON,
        .outcome = str_from(enum_name(&alert_status_names, alert->status)),
        .reason = alert->reason,
    };
    return add(chronicle, &item, alert->user_id);
}

/* What a message has in every entry about it. */
static struct simulated_entry of_message(const struct rehearsed_rows *rows,
                                         const struct message *message)
{
    struct arena *arena = rows->op->arena;
    const struct step *step = rehearsed_step(rows, message->step_id);
    const struct alert *alert = rehearsed_alert(rows, message->step_id);
    const struct incident *incident = rehearsed_incident(rows, message->subject_id);
    const struct meeting *meeting = rehearsed_meeting(rows, message->subject_id);
    struct simulated_message *view = ARENA_NEW(arena, struct simulated_message);
    char masked[MASKED_MAX];
    *view = (struct simulated_message){.number = message - rows->messages + 1,
                                       .attempt = message->attempt,
                                       .provider = arena_str(arena, message->provider)};
    return (struct simulated_entry){
        .about = incident != NULL  ? incident->title
                 : meeting != NULL ? meeting->title
                                   : STR_NONE,
        .alert_type = alert == NULL ? STR_NONE : alert->alert_type,
        .step = step == NULL ? NULL : step_view(arena, step),
        .message = view,
        .channel = message->channel,
        .person = rehearsed_name(rows, message->user_id, message->target),
        .target = message->target,
        .to = message->channel != channel_IN_APP && str_is_set(message->recipient)
                  ? arena_str(arena, mask_phone(message->recipient, masked))
                  : STR_NONE,
    };
}

static struct ranked of_event(const struct simulated_entry *about,
                              const struct message_event *event)
{
    bool is_answer = event->source == message_source_PERSON;
    struct ranked item = {.entry = *about,
                          .rank = is_answer                                 ? RANK_ANSWER
                                  : event->state == message_state_CANCELLED ? RANK_DROPPED
                                                                            : RANK_MESSAGE};
    item.entry.at = event->at;
    item.entry.kind = is_answer ? simulated_kind_ANSWER : simulated_kind_MESSAGE;
    item.entry.outcome =
        is_answer ? event->provider_state : str_from(enum_name(&message_state_names, event->state));
    item.entry.reason = event->detail;
    return item;
}

/* That a message is queued and on its way says nothing that its step does not, unless something is
 * unclear about it; nor does the end of a call that was picked up. */
static bool tells_something(const struct message_event *event, const struct message_event *before)
{
    bool is_on_its_way =
        event->state == message_state_QUEUED || event->state == message_state_SENDING;
    bool is_same = before != NULL && before->state == event->state &&
                   before->receipt_level == event->receipt_level;
    return event->source == message_source_PERSON || str_is_set(event->detail) ||
           (!is_on_its_way && !is_same);
}

/* Its text stands where it is first told of. */
static enum err add_message(struct chronicle *chronicle, const struct message *message)
{
    struct simulated_entry about = of_message(chronicle->rows, message);
    const struct message_event *events = message->transitions.items;
    const struct message_event *before = NULL;
    struct str text = message->text;
    for (size_t i = 0; i < message->transitions.count; i++) {
        if (tells_something(&events[i], before)) {
            struct ranked item = of_event(&about, &events[i]);
            item.entry.text = text;
            text = STR_NONE;
            TRY(add(chronicle, &item, message->user_id));
        }
        before = &events[i];
    }
    return OK;
}

static int in_order(const void *a, const void *b)
{
    const struct ranked *first = a;
    const struct ranked *second = b;
    if (first->entry.at.us != second->entry.at.us) {
        return first->entry.at.us < second->entry.at.us ? -1 : 1;
    }
    if (first->rank != second->rank) {
        return first->rank < second->rank ? -1 : 1;
    }
    return first->index < second->index ? -1 : first->index > second->index;
}

static enum err collect(struct chronicle *chronicle)
{
    const struct rehearsed_rows *rows = chronicle->rows;
    for (size_t i = 0; i < rows->audit_count; i++) {
        TRY(add_change(chronicle, &rows->audit[i]));
    }
    for (size_t i = 0; i < rows->alert_count; i++) {
        TRY(add_alert(chronicle, &rows->alerts[i]));
    }
    for (size_t i = 0; i < rows->step_count; i++) {
        TRY(add_step(chronicle, &rows->steps[i]));
    }
    for (size_t i = 0; i < rows->message_count; i++) {
        TRY(add_message(chronicle, &rows->messages[i]));
    }
    return OK;
}

static void hand_out(const struct chronicle *chronicle, struct simulated_run *out)
{
    struct arena *arena = chronicle->rows->op->arena;
    struct simulated_entry *entries =
        ARENA_NEW_ARRAY(arena, struct simulated_entry, chronicle->count);
    struct simulated_entry *skipped =
        ARENA_NEW_ARRAY(arena, struct simulated_entry, chronicle->count);
    size_t skipped_count = 0;
    for (size_t i = 0; i < chronicle->count; i++) {
        entries[i] = chronicle->items[i].entry;
        if (chronicle->items[i].is_skipped) {
            skipped[skipped_count++] = entries[i];
        }
    }
    out->timeline = (struct list){entries, chronicle->count};
    out->skipped = (struct list){skipped, skipped_count};
}

enum err rehearsal_timeline(struct rehearsal *rehearsal, struct op *op, struct simulated_run *out)
{
    struct rehearsed_rows rows = {0};
    struct chronicle chronicle = {.rows = &rows};
    TRY(rehearsed_rows_read(rehearsal, op, &rows));
    chronicle.items = memory_new_array(REHEARSAL_ENTRIES_MAX, sizeof *chronicle.items);
    enum err err = collect(&chronicle);
    if (err == OK) {
        qsort(chronicle.items, chronicle.count, sizeof *chronicle.items, in_order);
        hand_out(&chronicle, out);
        rehearsed_summary(&rows, out);
    }
    free(chronicle.items);
    return err;
}
