#include "service/answers.h"

#include "service/checkins.h"
#include "service/dispatch_answers.h"
#include "service/drills.h"
#include "service/incidents.h"
#include "service/ladder.h"
#include "service/messages.h"
#include "store/inbound.h"
#include "store/incidents.h"
#include "store/meetings.h"

enum { HEARD_MAX = 16 };

enum err is_about_own_meeting(struct op *op, const struct message *message, bool *out)
{
    struct meeting meeting = {0};
    struct step step = {0};
    *out = id_is_set(message->meeting_id) && message->target == message_target_PERSON;
    if (!*out || message->subject_type == subject_type_MEETING) {
        return OK;
    }
    /* A ladder about a meeting may reach others than its person. */
    enum err err = db_get_brief(op->db, TABLE_meetings, message->meeting_id, op->arena, &meeting);
    *out = err == OK && id_equal(meeting.user_id, message->user_id);
    if (*out && id_is_set(message->step_id)) {
        /* Level 0 asks whether they are still at the incident. */
        TRY(db_get(op->db, TABLE_steps, message->step_id, op->arena, &step));
        *out = step.level > 0;
    }
    return err == E_NOT_FOUND ? OK : err;
}

/* The plan of which the message told; 0 where that is not known any more. */
static enum err generation_told(struct op *op, const struct message *message, int64_t *out)
{
    struct alert alert = {0};
    struct incident incident = {0};
    bool is_alert = message->subject_type == subject_type_MEETING;
    enum err err = is_alert
                       ? db_get(op->db, TABLE_alerts, message->step_id, op->arena, &alert)
                       : db_get(op->db, TABLE_incidents, message->subject_id, op->arena, &incident);
    *out = is_alert ? alert.generation : incident.generation;
    return err == E_NOT_FOUND ? OK : err;
}

/* A meeting that moves is planned anew in the same moment. */
static enum err planned_at(struct op *op, const struct meeting *meeting, struct instant *out)
{
    struct list all = {0};
    *out = INSTANT_NONE;
    TRY(alerts_of_meeting(op->db, op->arena, meeting->id, &all));
    const struct alert *alerts = all.items;
    for (size_t i = 0; i < all.count && !instant_is_set(*out); i++) {
        *out = alerts[i].generation == meeting->generation ? id_instant(alerts[i].id) : *out;
    }
    return OK;
}

enum err answer_is_outdated(struct op *op, const struct message *message,
                            const struct meeting *meeting, bool *out)
{
    int64_t told = 0;
    struct instant moved_at = INSTANT_NONE;
    TRY(generation_told(op, message, &told));
    *out = told != 0 && told != meeting->generation;
    if (*out && message->channel == channel_CALL && instant_is_set(message->delivered_at)) {
        /* A call says what holds when it is picked up. */
        TRY(planned_at(op, meeting, &moved_at));
        *out = instant_before(message->delivered_at, moved_at);
    }
    return OK;
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
    bool is_outdated = false;
    TRY(db_get(op->db, TABLE_meetings, request.meeting, op->arena, &meeting));
    TRY(answer_is_outdated(op, answer->message, &meeting, &is_outdated));
    if (is_outdated) {
        op_log(op, LOG_INFO, LOG_CHECKIN, "an answer was not taken: the meeting has moved since");
        *out = ANSWER_REFUSED;
        return OK;
    }
    *out = meeting.checkin_status == (int)status ? ANSWER_REPEATED : ANSWER_TAKEN;
    enum err err = take_checkin(op, &request, &ignored);
    if (err == E_CONFLICT || err == E_NOT_FOUND || err == E_FORBIDDEN) {
        op_log(op, LOG_INFO, LOG_CHECKIN, "an answer was not taken: %s", op->problem->message);
        *out = ANSWER_REFUSED;
        return OK;
    }
    return err;
}

static struct incident_taker taker_of(const struct person_answer *answer)
{
    bool is_contact = answer->message->target == message_target_EMERGENCY_CONTACT;
    return (struct incident_taker){answer->message->user_id,
                                   is_contact ? target_kind_EMERGENCY_CONTACT : target_kind_USER};
}

static enum err pass_on(struct op *op, const struct person_answer *answer,
                        struct incident *incident)
{
    struct incident_taker taker = taker_of(answer);
    struct str state = str_from(enum_name(&incident_state_names, incident->state));
    if (incident->state == incident_state_OPEN) {
        return move_incident_by(op, incident, incident_event_escalate, STR("passed_on"), &taker);
    }
    op_log(op, LOG_INFO, LOG_ESCALATION, "passed on: the next step does not wait");
    TRY(op_audit(op, (struct audit_entry){.action = "INCIDENT_PASSED_ON",
                                          .subject_type = subject_type_INCIDENT,
                                          .subject = incident->id,
                                          .user = taker.user,
                                          .before = state,
                                          .after = state,
                                          .reason = taker.as == target_kind_EMERGENCY_CONTACT
                                                        ? STR("the emergency contact can't")
                                                        : STR("the person can't")}));
    return ladder_pass_on(op, incident, answer->message->step_id, STR("passed_on"));
}

/* "acknowledged by the person" */
static struct str words_of(struct op *op, const char *what, const struct incident_taker *taker)
{
    bool is_contact = taker->as == target_kind_EMERGENCY_CONTACT;
    return arena_printf(op->arena, "%s by the %s", what,
                        is_contact ? "emergency contact" : "person");
}

static bool is_climbing(const struct incident *incident)
{
    return incident_is_climbing((enum incident_state)incident->state,
                                instant_is_set(incident->lease_lapsed_at));
}

static enum err acknowledge(struct op *op, const struct person_answer *answer,
                            struct incident *incident, enum answer_effect *out)
{
    struct incident_taker taker = taker_of(answer);
    bool is_taken = incident->state == incident_state_ACKNOWLEDGED;
    if (is_taken && instant_is_set(incident->lease_until)) {
        *out = ANSWER_TAKEN;
        return extend_incident_by(op, incident, words_of(op, "extended", &taker), &taker);
    }
    if (incident->state == incident_state_OPEN || incident->state == incident_state_ESCALATING) {
        *out = ANSWER_TAKEN;
        return move_incident_by(op, incident, incident_event_acknowledge,
                                words_of(op, "acknowledged", &taker), &taker);
    }
    bool is_other =
        id_is_set(incident->acknowledged_by) &&
        (!id_equal(incident->acknowledged_by, taker.user) || incident->taken_as != (int)taker.as);
    *out = !is_taken ? ANSWER_REFUSED : is_other ? ANSWER_TAKEN_ELSEWHERE : ANSWER_REPEATED;
    return OK;
}

static enum err resolve(struct op *op, const struct person_answer *answer,
                        struct incident *incident, enum answer_effect *out)
{
    struct incident_taker taker = taker_of(answer);
    enum incident_state state = (enum incident_state)incident->state;
    *out = state == incident_state_RESOLVED ? ANSWER_REPEATED
           : incident_is_open(state)        ? ANSWER_TAKEN
                                            : ANSWER_REFUSED;
    return *out == ANSWER_TAKEN ? move_incident_by(op, incident, incident_event_resolve,
                                                   words_of(op, "resolved", &taker), &taker)
                                : OK;
}

static enum err take_incident(struct op *op, const struct person_answer *answer,
                              struct incident *incident, enum answer_effect *out)
{
    bool can_pass = incident->state == incident_state_OPEN || is_climbing(incident);
    switch (answer->word) {
    case REPLY_JOINED:
    case REPLY_ACKNOWLEDGE:
        return acknowledge(op, answer, incident, out);
    case REPLY_MISSED:
        *out = can_pass ? ANSWER_TAKEN : ANSWER_REFUSED;
        return can_pass ? pass_on(op, answer, incident) : OK;
    case REPLY_RESOLVE:
        return resolve(op, answer, incident, out);
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
    bool is_counted = false;
    if (incident.kind == incident_kind_DRILL) {
        TRY(drill_heard(op, answer, &incident, &is_counted, out));
    }
    return is_counted ? OK : take_incident(op, answer, &incident, out);
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
    bool is_own = false;
    bool is_on_its_way = answer->message->state == message_state_SENDING;
    if (!is_on_its_way || !answer->is_doubtful) {
        TRY(message_confirm(op, answer->message, answer->heard));
    }
    if (answer->message->subject_type == subject_type_DISPATCH) {
        return take_dispatch_answer(op, answer, out);
    }
    TRY(is_about_own_meeting(op, answer->message, &is_own));
    return is_own ? answer_meeting(op, answer, out) : answer_incident(op, answer, out);
}
