#include "service/answers.h"

#include "service/checkins.h"
#include "service/incidents.h"
#include "service/ladder.h"
#include "service/messages.h"
#include "store/inbound.h"
#include "store/incidents.h"

enum { HEARD_MAX = 16 };

bool is_about_own_meeting(const struct message *message)
{
    return id_is_set(message->meeting_id) && message->target == message_target_PERSON;
}

enum err note_heard(struct op *op, const struct message *message, struct str word)
{
    int64_t before = 0;
    struct message_event event = {
        .id = op_new_id(op),
        .message_id = message->id,
        .at = op->now,
        .state = message->state,
        .receipt_level = message->receipt_level,
        .source = message_source_PERSON,
        .provider_state = word,
    };
    TRY(message_events_heard(op->db, message->id, word, &before));
    return before < HEARD_MAX ? db_insert(op->db, TABLE_message_events, op->arena, &event) : OK;
}

static enum err check_in_as(struct op *op, const struct person_answer *answer,
                            enum checkin_status status, enum answer_effect *out)
{
    struct meeting meeting = {0};
    struct checkin_result ignored = {0};
    struct checkin_request request = {.meeting = answer->message->meeting_id,
                                      .user = answer->message->user_id,
                                      .status = status,
                                      .source = answer->source};
    TRY(db_get(op->db, TABLE_meetings, request.meeting, op->arena, &meeting));
    *out = meeting.checkin_status == (int)status ? ANSWER_REPEATED : ANSWER_TAKEN;
    enum err err = take_checkin(op, &request, &ignored);
    if (err == E_CONFLICT || err == E_NOT_FOUND || err == E_FORBIDDEN) {
        op_log(op, LOG_INFO, LOG_CHECKIN, "an answer was not taken: %s", op->problem->message);
        *out = ANSWER_REFUSED;
        return OK;
    }
    return err;
}

static enum err pass_on(struct op *op, const struct person_answer *answer,
                        struct incident *incident)
{
    if (incident->state == incident_state_OPEN) {
        return move_incident(op, incident, incident_event_escalate, STR("passed_on"));
    }
    op_log(op, LOG_INFO, LOG_ESCALATION, "passed on: the next step does not wait");
    TRY(op_audit(op, (struct audit_entry){
                         .action = "INCIDENT_PASSED_ON",
                         .subject_type = subject_type_INCIDENT,
                         .subject = incident->id,
                         .user = incident->user_id,
                         .before = str_from(enum_name(&incident_state_names, incident->state)),
                         .after = str_from(enum_name(&incident_state_names, incident->state)),
                         .reason = answer->message->target == message_target_EMERGENCY_CONTACT
                                       ? STR("the emergency contact can't")
                                       : STR("the person can't")}));
    return ladder_hurry(op, incident->id, STR("passed_on"));
}

static struct str taken_by(const struct person_answer *answer, bool is_end)
{
    bool is_contact = answer->message->target == message_target_EMERGENCY_CONTACT;
    if (is_end) {
        return is_contact ? STR("resolved by the emergency contact")
                          : STR("resolved by the person");
    }
    return is_contact ? STR("acknowledged by the emergency contact")
                      : STR("acknowledged by the person");
}

static enum err take_incident(struct op *op, const struct person_answer *answer,
                              struct incident *incident, enum answer_effect *out)
{
    enum incident_state state = (enum incident_state)incident->state;
    bool waits = state == incident_state_OPEN || state == incident_state_ESCALATING;
    *out = waits ? ANSWER_TAKEN : ANSWER_REFUSED;
    switch (answer->word) {
    case REPLY_JOINED:
    case REPLY_ACKNOWLEDGE:
        *out = state == incident_state_ACKNOWLEDGED ? ANSWER_REPEATED : *out;
        return waits ? move_incident(op, incident, incident_event_acknowledge,
                                     taken_by(answer, false))
                     : OK;
    case REPLY_MISSED:
        return waits ? pass_on(op, answer, incident) : OK;
    case REPLY_RESOLVE:
        *out = state == incident_state_RESOLVED ? ANSWER_REPEATED
               : incident_is_open(state)        ? ANSWER_TAKEN
                                                : ANSWER_REFUSED;
        return *out == ANSWER_TAKEN
                   ? move_incident(op, incident, incident_event_resolve, taken_by(answer, true))
                   : OK;
    case REPLY_UNKNOWN:
    case REPLY_ACCEPT:
    case REPLY_DECLINE:
    case REPLY_STOP:
    case REPLY_START:
    case REPLY_HELP:
    case REPLY_WORD_COUNT:
        break;
    }
    *out = ANSWER_REFUSED;
    return OK;
}

static enum err answer_incident(struct op *op, const struct person_answer *answer,
                                enum answer_effect *out)
{
    struct incident incident = {0};
    *out = ANSWER_REFUSED;
    if (answer->message->subject_type != subject_type_INCIDENT ||
        answer->message->target == message_target_OPERATOR) {
        return OK;
    }
    enum err err =
        db_get(op->db, TABLE_incidents, answer->message->subject_id, op->arena, &incident);
    if (err == E_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    return take_incident(op, answer, &incident, out);
}

static enum err resolve_of_meeting(struct op *op, const struct person_answer *answer,
                                   enum answer_effect *out)
{
    struct incident incident = {0};
    enum err err = incidents_open_of_meeting(op->db, op->arena, answer->message->meeting_id,
                                             answer->message->user_id, &incident);
    if (err == E_NOT_FOUND) {
        *out = ANSWER_REFUSED;
        return OK;
    }
    TRY(err);
    return take_incident(op, answer, &incident, out);
}

static enum err answer_meeting(struct op *op, const struct person_answer *answer,
                               enum answer_effect *out)
{
    switch (answer->word) {
    case REPLY_JOINED:
    case REPLY_ACKNOWLEDGE:
        return check_in_as(op, answer, checkin_status_JOINED, out);
    case REPLY_MISSED:
        return check_in_as(op, answer, checkin_status_MISSED, out);
    case REPLY_RESOLVE:
        return resolve_of_meeting(op, answer, out);
    case REPLY_UNKNOWN:
    case REPLY_ACCEPT:
    case REPLY_DECLINE:
    case REPLY_STOP:
    case REPLY_START:
    case REPLY_HELP:
    case REPLY_WORD_COUNT:
        break;
    }
    *out = ANSWER_REFUSED;
    return OK;
}

enum err take_answer(struct op *op, const struct person_answer *answer, enum answer_effect *out)
{
    TRY(message_confirm(op, answer->message, answer->heard));
    return is_about_own_meeting(answer->message) ? answer_meeting(op, answer, out)
                                                 : answer_incident(op, answer, out);
}
