#include "service/outcomes.h"

#include "domain/incident.h"
#include "service/call_outcomes.h"
#include "service/dispatch_outcomes.h"
#include "service/incidents.h"
#include "service/ladder.h"
#include "service/trail.h"
#include "store/incidents.h"
#include "store/meetings.h"
#include "store/people.h"

static const char *meeting_reason(const struct meeting *meeting)
{
    if (meeting->status == meeting_status_CANCELLED) {
        return "meeting_cancelled";
    }
    if (meeting->status == meeting_status_DECLINED) {
        return "meeting_declined";
    }
    if (meeting->checkin_status == checkin_status_JOINED) {
        return "joined";
    }
    return meeting->checkin_status == checkin_status_MISSED ? "answered_missed" : NULL;
}

enum err outcome_meeting_stale(struct op *op, const struct message *message, const char **reason)
{
    struct meeting meeting = {0};
    struct alert alert = {0};
    TRY(db_get_brief(op->db, TABLE_meetings, message->meeting_id, op->arena, &meeting));
    TRY(db_get(op->db, TABLE_alerts, message->step_id, op->arena, &alert));
    *reason = meeting_reason(&meeting);
    if (*reason == NULL && alert.generation != meeting.generation) {
        *reason = "moved";
    }
    return OK;
}

enum err outcome_incident_stale(struct op *op, const struct message *message, const char **reason)
{
    struct incident incident = {0};
    TRY(db_get(op->db, TABLE_incidents, message->subject_id, op->arena, &incident));
    bool is_wanted = !id_is_set(message->step_id) || /* To a policy's owner: no part of a ladder. */
                     incident_is_climbing((enum incident_state)incident.state,
                                          instant_is_set(incident.lease_lapsed_at));
    *reason = is_wanted ? NULL : "no_longer_escalating";
    if (*reason == NULL && id_is_set(message->step_id)) {
        struct step step = {0};
        enum err err = db_get(op->db, TABLE_steps, message->step_id, op->arena, &step);
        TRY(err == E_NOT_FOUND ? OK : err);
        bool is_of_before = err == OK && step.round < incident.round;
        *reason = is_of_before ? "no_longer_escalating" : NULL;
    }
    if (*reason == NULL && id_is_set(message->user_id)) {
        struct user user = {0};
        enum err err = users_get(op->db, op->arena, message->user_id, &user);
        *reason = err == E_NOT_FOUND ? "person_removed" : NULL;
        return err == E_NOT_FOUND ? OK : err;
    }
    return OK;
}

static enum err end_alert(struct op *op, const struct message *message, enum alert_status status,
                          struct str reason)
{
    struct alert alert = {0};
    TRY(db_get(op->db, TABLE_alerts, message->step_id, op->arena, &alert));
    if (alert.status != alert_status_SENDING) {
        return OK;
    }
    alert.status = (int)status;
    if (status == alert_status_DELIVERED) {
        alert.sent_at = op->now;
    }
    if (str_is_set(reason)) {
        alert.reason = reason;
    }
    TRY(alerts_end(op->db, &alert));
    return audit_alert(op, &alert, alert_status_SENDING);
}

static enum err end_step(struct op *op, const struct message *message, enum step_status status,
                         struct str error)
{
    struct step step = {0};
    TRY(db_get(op->db, TABLE_steps, message->step_id, op->arena, &step));
    if (step.status != step_status_PENDING) {
        return ladder_row_ended(op, step.incident_id); /* What it went on by has ended too. */
    }
    step.status = (int)status;
    step.error_message = error;
    step.executed_at = status == step_status_EXECUTED ? op->now : INSTANT_NONE;
    step.failed_at = status == step_status_FAILED ? op->now : INSTANT_NONE;
    return incident_step_ended(op, &step, message->user_id);
}

enum err outcome_accepted(struct op *op, const struct message *message)
{
    if (!id_is_set(message->step_id)) {
        return OK;
    }
    if (message->subject_type == subject_type_DISPATCH ||
        message->subject_type == subject_type_SCHEDULED_CALL) {
        return OK; /* Its receipt says so; a call is over when it has ended. */
    }
    return message->subject_type == subject_type_MEETING
               ? end_alert(op, message, alert_status_DELIVERED, STR_NONE)
               : end_step(op, message, step_status_EXECUTED, STR_NONE);
}

enum err outcome_failed(struct op *op, const struct message *message, struct str error)
{
    if (!id_is_set(message->step_id)) {
        return OK;
    }
    if (message->subject_type == subject_type_DISPATCH) {
        return dispatch_way_failed(op, message);
    }
    return message->subject_type == subject_type_MEETING
               ? end_alert(op, message, alert_status_FAILED, error)
               : end_step(op, message, step_status_FAILED, error);
}

enum err outcome_dropped(struct op *op, const struct message *message, const char *reason)
{
    if (!id_is_set(message->step_id)) {
        return OK;
    }
    if (message->subject_type == subject_type_DISPATCH) {
        return dispatch_way_failed(op, message);
    }
    if (message->subject_type == subject_type_SCHEDULED_CALL) {
        return call_message_dropped(op, message, reason);
    }
    if (message->subject_type == subject_type_MEETING) {
        return end_alert(op, message, alert_status_SKIPPED, str_from(reason));
    }
    struct step step = {0};
    TRY(db_get(op->db, TABLE_steps, message->step_id, op->arena, &step));
    return step.status == step_status_PENDING
               ? incident_step_skip(op, &step, message->user_id, str_from(reason))
               : ladder_row_ended(op, step.incident_id);
}

enum err outcome_over(struct op *op, const struct message *message)
{
    bool is_step = message->subject_type == subject_type_INCIDENT && id_is_set(message->step_id);
    return is_step ? ladder_row_ended(op, message->subject_id) : OK;
}

enum err outcome_undelivered(struct op *op, const struct message *message, struct str reason)
{
    struct alert alert = {0};
    struct step step = {0};
    if (message->subject_type == subject_type_DISPATCH) {
        return OK;
    }
    if (message->subject_type == subject_type_MEETING) {
        TRY(db_get(op->db, TABLE_alerts, message->step_id, op->arena, &alert));
        alert.reason = reason;
        return alert.status == alert_status_DELIVERED ? alerts_onward(op->db, &alert) : OK;
    }
    TRY(db_get(op->db, TABLE_steps, message->step_id, op->arena, &step));
    step.reason = reason;
    return step.status == step_status_EXECUTED ? steps_onward(op->db, &step) : OK;
}

enum err outcome_next_attempt(struct op *op, const struct message *message)
{
    if (!id_is_set(message->step_id)) {
        return OK;
    }
    if (message->subject_type == subject_type_DISPATCH) {
        return dispatch_next_message(op, message);
    }
    if (message->subject_type == subject_type_SCHEDULED_CALL) {
        return call_message_next(op, message);
    }
    return message->subject_type == subject_type_MEETING
               ? alerts_set_message(op->db, message->step_id, message->id)
               : steps_set_message(op->db, message->step_id, message->id);
}
