#include "app/rehearsal_rows.h"
#include "model/records.h"

static struct instant since(const struct incident *incident)
{
    switch ((enum incident_state)incident->state) {
    case incident_state_ACKNOWLEDGED:
        return incident->acknowledged_at;
    case incident_state_ESCALATING:
        return incident->ladder_started_at;
    case incident_state_RESOLVED:
        return incident->resolved_at;
    case incident_state_CANCELLED:
        return incident->cancelled_at;
    case incident_state_NONE:
    case incident_state_OPEN:
    case incident_state_COUNT:
        break;
    }
    return incident->created_at;
}

static struct str by(const struct rehearsed_rows *rows, const struct incident *incident)
{
    bool is_contact = incident->taken_as == target_kind_EMERGENCY_CONTACT;
    if (incident->state == incident_state_ACKNOWLEDGED) {
        return rehearsed_name(rows, incident->acknowledged_by,
                              is_contact ? message_target_EMERGENCY_CONTACT
                                         : message_target_PERSON);
    }
    return incident->resolution;
}

static void tell_ends(const struct rehearsed_rows *rows, struct simulated_run *out)
{
    struct simulated_end *ends =
        ARENA_NEW_ARRAY(rows->op->arena, struct simulated_end, rows->incident_count);
    for (size_t i = 0; i < rows->incident_count; i++) {
        const struct incident *incident = &rows->incidents[i];
        ends[i] = (struct simulated_end){
            .title = incident->title,
            .opened_at = incident->created_at,
            .state = incident->state,
            .at = since(incident),
            .by = by(rows, incident),
            .exhausted_at = incident->exhausted_at,
            .rounds = incident->round,
        };
        if (instant_is_set(incident->exhausted_at) && !instant_is_set(out->exhausted_at)) {
            out->exhausted_at = incident->exhausted_at;
        }
    }
    out->incidents = (struct list){ends, rows->incident_count};
    out->ended = rows->incident_count == 0 ? NULL : &ends[rows->incident_count - 1];
}

/* Somebody who is reached, with what tells them from others. */
struct reached {
    struct simulated_reach view;
    struct id user;
};

static struct reached *reached_of(struct reached *all, size_t *count, const struct message *message)
{
    for (size_t i = 0; i < *count; i++) {
        if (id_equal(all[i].user, message->user_id) && all[i].view.target == message->target) {
            return &all[i];
        }
    }
    all[*count] = (struct reached){.user = message->user_id};
    all[*count].view.target = message->target;
    return &all[(*count)++];
}

static void count_message(const struct rehearsed_rows *rows, struct reached *reached,
                          const struct message *message)
{
    struct simulated_reach *view = &reached->view;
    bool is_first = !instant_is_set(view->at);
    view->person = rehearsed_name(rows, message->user_id, message->target);
    view->at = is_first ? message->sent_at : instant_min(view->at, message->sent_at);
    view->last_at = is_first ? message->sent_at : instant_max(view->last_at, message->sent_at);
    view->local = rehearsed_local(rows, message->user_id, view->at);
    view->calls += message->channel == channel_CALL;
    view->messages += message->channel != channel_CALL;
}

void rehearsed_summary(const struct rehearsed_rows *rows, struct simulated_run *out)
{
    struct arena *arena = rows->op->arena;
    struct reached *all = ARENA_NEW_ARRAY(arena, struct reached, rows->message_count);
    size_t count = 0;
    tell_ends(rows, out);
    for (size_t i = 0; i < rows->message_count; i++) {
        const struct message *message = &rows->messages[i];
        if (instant_is_set(message->sent_at)) {
            count_message(rows, reached_of(all, &count, message), message);
            out->calls += message->channel == channel_CALL;
            out->messages += message->channel != channel_CALL;
        }
    }
    struct simulated_reach *views = ARENA_NEW_ARRAY(arena, struct simulated_reach, count);
    for (size_t i = 0; i < count; i++) {
        views[i] = all[i].view;
    }
    out->reached = (struct list){views, count};
}
