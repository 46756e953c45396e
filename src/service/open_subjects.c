#include "service/open_subjects.h"

#include "domain/dispatch.h"
#include "domain/incident.h"
#include "service/answers.h"
#include "service/meetings.h"
#include "store/dispatches.h"
#include "store/inbound.h"
#include "store/incidents.h"

static const struct duration looked_back = SECONDS_INIT(48 * 3600);

struct instant open_subjects_since(const struct op *op)
{
    return instant_sub(op->now, looked_back);
}

static struct open_subject *listed(struct open_subjects *subjects, struct id id)
{
    for (size_t i = 0; i < subjects->count; i++) {
        if (id_equal(subjects->items[i].id, id)) {
            return &subjects->items[i];
        }
    }
    return NULL;
}

/* In a drill each channel is tested by itself, so that a text answers the newest text and not the
 * call after it. */
static void prefer_text(const struct message *message, struct open_subject *known)
{
    bool is_after_call = known->last.channel == channel_CALL && message->channel != channel_CALL &&
                         id_equal(known->user, message->user_id);
    if (known->is_drill && is_after_call) {
        known->last = *message;
    }
}

/* A message that is just being handed over may never have left: while that is so, what was written
 * answers an older one that a provider took, and proves nothing of the new one. */
static void prefer_taken(const struct message *message, struct open_subject *known)
{
    if (known->last.state == message_state_SENDING && message->state != message_state_SENDING &&
        id_equal(known->user, message->user_id)) {
        known->last = *message;
    }
}

static void judge_incident(const struct incident *incident, struct open_subject *out)
{
    out->waits |= incident->state == incident_state_OPEN ||
                  incident_is_climbing((enum incident_state)incident->state,
                                       instant_is_set(incident->lease_lapsed_at));
    out->can_end |= incident_is_open((enum incident_state)incident->state);
    out->is_live |= out->can_end;
}

static enum err judge_meeting(struct op *op, struct open_subject *out)
{
    struct meeting meeting = {0};
    struct incident incident = {0};
    TRY(db_get(op->db, TABLE_meetings, out->id, op->arena, &meeting));
    bool is_outdated = false;
    TRY(answer_is_outdated(op, &out->last, &meeting, &is_outdated));
    out->title = meeting.title;
    out->waits = !is_outdated && meeting_takes_place(meeting.status) &&
                 meeting.checkin_status == checkin_status_NONE &&
                 instant_before(op->now, meeting.ends_at);
    out->is_live = out->waits;
    enum err err =
        incidents_open_of_meeting(op->db, op->arena, meeting.id, meeting.user_id, &incident);
    if (err == OK) {
        judge_incident(&incident, out);
    }
    return err == E_NOT_FOUND ? OK : err;
}

/* Whoever did not decline may still take it. */
static enum err judge_dispatch(struct op *op, struct open_subject *out)
{
    struct dispatch dispatch = {0};
    struct list technicians = {0};
    bool has_declined = false;
    TRY(db_get(op->db, TABLE_dispatches, out->id, op->arena, &dispatch));
    TRY(dispatch_technicians_of(op->db, op->arena, out->id, &technicians));
    for (size_t i = 0; i < technicians.count; i++) {
        const struct dispatch_technician *one =
            &((const struct dispatch_technician *)technicians.items)[i];
        has_declined = has_declined || (id_equal(one->user_id, out->user) &&
                                        one->outcome == technician_outcome_DECLINED);
    }
    out->title = dispatch.issue_summary;
    out->phone = dispatch.caller_phone;
    out->waits = dispatch_waits((enum dispatch_state)dispatch.state) && !has_declined;
    out->can_end =
        dispatch.state == dispatch_state_ACCEPTED && id_equal(dispatch.accepted_by, out->user);
    out->is_live = out->waits || out->can_end;
    return OK;
}

static enum err judge(struct op *op, struct open_subject *out)
{
    struct incident incident = {0};
    if (out->last.subject_type == subject_type_DISPATCH) {
        return judge_dispatch(op, out);
    }
    bool is_meeting = id_is_set(out->last.meeting_id) && id_equal(out->id, out->last.meeting_id);
    if (is_meeting) {
        return judge_meeting(op, out);
    }
    TRY(db_get(op->db, TABLE_incidents, out->id, op->arena, &incident));
    out->title = incident.title;
    out->is_drill = incident.kind == incident_kind_DRILL;
    judge_incident(&incident, out);
    return OK;
}

static enum err add(struct op *op, const struct message *message, struct open_subjects *out)
{
    bool is_own = false;
    TRY(is_about_own_meeting(op, message, &is_own));
    struct id id = is_own ? message->meeting_id : message->subject_id;
    struct open_subject *known = listed(out, id);
    if (known != NULL || out->count == SUBJECTS_MAX) {
        if (known != NULL) {
            prefer_text(message, known);
            prefer_taken(message, known);
        }
        return OK;
    }
    struct open_subject *subject = &out->items[out->count];
    *subject = (struct open_subject){.id = id, .user = message->user_id, .last = *message};
    enum err err = judge(op, subject);
    out->count += err == OK ? 1 : 0;
    return err == E_NOT_FOUND ? OK : err;
}

/* The newest first; behind all others those of which nobody knows that anything has left. */
static bool comes_before(const struct open_subject *one, const struct open_subject *other)
{
    bool has_left = one->last.state != message_state_SENDING;
    bool other_has_left = other->last.state != message_state_SENDING;
    return has_left != other_has_left ? has_left : one->last.id.value > other->last.id.value;
}

static void sort_newest_first(struct open_subjects *subjects)
{
    for (size_t i = 1; i < subjects->count; i++) {
        struct open_subject moved = subjects->items[i];
        size_t at = i;
        while (at > 0 && comes_before(&moved, &subjects->items[at - 1])) {
            subjects->items[at] = subjects->items[at - 1];
            at--;
        }
        subjects->items[at] = moved;
    }
}

enum err open_subjects_add(struct op *op, const struct list *users, enum message_target target,
                           struct open_subjects *out)
{
    const struct user *people = users->items;
    for (size_t i = 0; i < users->count; i++) {
        struct list messages = {0};
        struct spoken_to whom = {people[i].id, target, open_subjects_since(op)};
        TRY(messages_to_person(op->db, op->arena, &whom, &messages));
        for (size_t j = 0; j < messages.count; j++) {
            TRY(add(op, &((const struct message *)messages.items)[j], out));
        }
    }
    sort_newest_first(out);
    return OK;
}
