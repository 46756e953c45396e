#include "service/checkins.h"

#include "domain/reply.h"
#include "service/alerts.h"
#include "service/incidents.h"
#include "service/meetings.h"
#include "service/messages.h"
#include "store/incidents.h"
#include "store/meetings.h"
#include "store/people.h"

static enum err load_meeting(struct op *op, const struct checkin_request *request,
                             struct meeting *out)
{
    struct user user = {0};
    TRY(op_not_found(op, db_get(op->db, TABLE_meetings, request->meeting, op->arena, out),
                     "event"));
    TRY(op_not_found(op, users_get(op->db, op->arena, request->user, &user), "user"));
    TRY(op_may_change(op, request->user));
    if (!id_equal(out->user_id, request->user)) {
        return op_fail(op, E_FORBIDDEN, "userId", "does not attend this event");
    }
    return OK;
}

static enum err incident_of(struct op *op, const struct meeting *meeting, struct id *out)
{
    struct incident incident = {0};
    enum err err = incidents_last_of_meeting(op->db, op->arena, meeting->id, &incident);
    *out = err == OK ? incident.id : ID_NONE;
    return err == E_NOT_FOUND ? OK : err;
}

static enum err same_again(struct op *op, const struct meeting *meeting, struct checkin_result *out)
{
    struct checkin last = {0};
    TRY(checkins_last(op->db, op->arena, meeting->id, &last));
    out->checkin_id = last.id;
    out->message = STR("This was known already.");
    return meeting->checkin_status == checkin_status_MISSED
               ? incident_of(op, meeting, &out->incident_id)
               : OK;
}

static enum err write_checkin(struct op *op, const struct checkin_request *request,
                              struct meeting *meeting, struct checkin *out)
{
    const char *before = enum_name(&checkin_status_names, meeting->checkin_status);
    *out = (struct checkin){
        .id = op_new_id(op),
        .meeting_id = meeting->id,
        .user_id = request->user,
        .status = (int)request->status,
        .source = (int)request->source,
        .created_at = op->now,
    };
    meeting->checkin_status = (int)request->status;
    meeting->updated_at = op->now;
    TRY(db_insert(op->db, TABLE_checkins, op->arena, out));
    TRY(db_update(op->db, TABLE_meetings, op->arena, meeting));
    op_log(op, LOG_INFO, LOG_CHECKIN, "%s by %s", enum_name(&checkin_status_names, out->status),
           enum_name(&checkin_source_names, out->source));
    return op_audit(op, (struct audit_entry){
                            .action = "CHECKIN",
                            .subject_type = subject_type_MEETING,
                            .subject = meeting->id,
                            .user = request->user,
                            .before = str_from(before),
                            .after = str_from(enum_name(&checkin_status_names, out->status)),
                            .reason = str_from(enum_name(&checkin_source_names, out->source))});
}

static enum err joined(struct op *op, const struct meeting *meeting, struct checkin_result *out)
{
    /* The incident first: a last step that is stopped must not look like a ladder that ran out. */
    TRY(resolve_incident_of_meeting(op, meeting, "joined"));
    TRY(cancel_alerts(op, meeting, "joined"));
    out->message = STR("You are in. Nothing more will be sent about this meeting.");
    return incident_of(op, meeting, &out->incident_id);
}

static enum err missed(struct op *op, const struct meeting *meeting, struct checkin_result *out)
{
    struct incident incident = {0};
    TRY(cancel_alerts(op, meeting, "answered_missed"));
    TRY(open_missed_incident(op, meeting, &incident, &out->incident_created));
    out->incident_id = incident.id;
    out->message = STR("Noted that you cannot make it. Follow-up has started.");
    return OK;
}

enum err take_checkin(struct op *op, const struct checkin_request *request,
                      struct checkin_result *out)
{
    struct meeting meeting = {0};
    struct checkin checkin = {0};
    bool is_joining = request->status == checkin_status_JOINED;
    TRY(load_meeting(op, request, &meeting));
    *out = (struct checkin_result){
        .success = true,
        .status = (int)request->status,
        .action = is_joining ? STR("JOINED_CONFIRMED") : STR("MISSED_CONFIRMED"),
    };
    if (meeting.checkin_status == (int)request->status) {
        return same_again(op, &meeting, out);
    }
    if (!is_joining && !meeting_takes_place(meeting.status)) {
        return op_fail(op, E_CONFLICT, "status",
                       "the meeting does not take place any more, so that nobody misses it");
    }
    if (meeting.checkin_status == checkin_status_JOINED && !request->force) {
        return op_fail(op, E_CONFLICT, "status",
                       "JOINED was said before; send force to change it to MISSED");
    }
    TRY(write_checkin(op, request, &meeting, &checkin));
    out->checkin_id = checkin.id;
    return is_joining ? joined(op, &meeting, out) : missed(op, &meeting, out);
}

enum err check_in(struct op *op, const void *input, void *output)
{
    const struct checkin_input *given = input;
    struct checkin_request request = {
        .meeting = op->path_id,
        .user = given->user_id,
        .status = (enum checkin_status)given->status,
        .source = checkin_source_API,
        .force = given->force,
    };
    return take_checkin(op, &request, output);
}

/* An answer that comes too late or contradicts an earlier one is not an error of whoever carries
 * it. */
static enum err answer_meeting(struct op *op, const struct message *message,
                               enum checkin_status status, enum checkin_source source)
{
    struct checkin_result ignored = {0};
    struct checkin_request request = {.meeting = message->meeting_id,
                                      .user = message->user_id,
                                      .status = status,
                                      .source = source};
    enum err err = take_checkin(op, &request, &ignored);
    if (err == E_CONFLICT) {
        op_log(op, LOG_INFO, LOG_CHECKIN, "an answer was not taken: %s", op->problem->message);
        return OK;
    }
    return err;
}

static enum err answer_incident(struct op *op, const struct message *message, bool is_taken)
{
    struct incident incident = {0};
    enum err err = db_get(op->db, TABLE_incidents, message->subject_id, op->arena, &incident);
    bool may_take =
        incident.state == incident_state_OPEN || incident.state == incident_state_ESCALATING;
    if (err != OK || !is_taken || !may_take) {
        return err == E_NOT_FOUND ? OK : err;
    }
    bool is_contact = message->target == message_target_EMERGENCY_CONTACT;
    return move_incident(op, &incident, incident_event_acknowledge,
                         is_contact ? STR("acknowledged by the emergency contact")
                                    : STR("acknowledged by the person"));
}

/* Who answers has got it, even where the provider has not said so yet. */
static enum err confirm(struct op *op, const struct message *message)
{
    bool is_open = message->state == message_state_SENDING || message->state == message_state_SENT;
    enum message_state reached =
        message->channel == channel_CALL ? message_state_ANSWERED : message_state_DELIVERED;
    return message_take_news(
        op, &(struct message_news){.attempt = message->id,
                                   .provider_id = message->provider_id,
                                   .state = is_open ? reached : (enum message_state)message->state,
                                   .level = receipt_level_CONFIRMED});
}

static bool is_about_own_meeting(const struct message *message)
{
    return id_is_set(message->meeting_id) && message->target == message_target_PERSON;
}

enum err take_key(struct op *op, struct id attempt, char key)
{
    struct message message = {0};
    enum err err = db_get(op->db, TABLE_messages, attempt, op->arena, &message);
    if (err == E_NOT_FOUND || (key != '1' && key != '2')) {
        return OK;
    }
    TRY(err);
    TRY(confirm(op, &message));
    op_log(op, LOG_INFO, LOG_CALL, "key %c pressed", key);
    if (!is_about_own_meeting(&message)) {
        return answer_incident(op, &message, key == '1');
    }
    return answer_meeting(op, &message, key == '1' ? checkin_status_JOINED : checkin_status_MISSED,
                          checkin_source_AUTO_CALL);
}

/* The newest message to any of the people who share a number. */
static enum err last_message(struct op *op, const struct list *users, struct instant at,
                             struct message *out)
{
    const struct user *items = users->items;
    for (size_t i = 0; i < users->count; i++) {
        struct message message = {0};
        enum err err = messages_last_to_user(op->db, op->arena, items[i].id, at, &message);
        if (err != OK && err != E_NOT_FOUND) {
            return err;
        }
        if (err == OK && message.id.value > out->id.value) {
            *out = message;
        }
    }
    return OK;
}

static enum err answer_as(struct op *op, const struct message *last, enum reply_word word)
{
    TRY(confirm(op, last));
    return answer_meeting(op, last,
                          word == REPLY_JOINED ? checkin_status_JOINED : checkin_status_MISSED,
                          checkin_source_MANUAL_SMS);
}

enum err take_reply(struct op *op, struct str from, struct str text, struct instant at)
{
    char masked[MASKED_MAX];
    struct reply reply = reply_read(text);
    struct list users = {0};
    op_log(op, LOG_INFO, LOG_CHECKIN, "reply from %s", mask_phone(from, masked).ptr);
    TRY(users_by_phone(op->db, op->arena, from, &users));
    if (users.count == 0 || (reply.word != REPLY_JOINED && reply.word != REPLY_MISSED)) {
        return op_audit(
            op, (struct audit_entry){.action = "REPLY_NOT_UNDERSTOOD",
                                     .subject_type = subject_type_USER,
                                     .subject = users.count == 0
                                                    ? ID_NONE
                                                    : ((const struct user *)users.items)[0].id,
                                     .after = text});
    }
    struct message last = {0};
    TRY(last_message(op, &users, at, &last));
    return id_is_set(last.id) ? answer_as(op, &last, reply.word) : OK;
}
