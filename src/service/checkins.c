#include "service/checkins.h"

#include "service/alerts.h"
#include "service/answers.h"
#include "service/call_voice.h"
#include "service/incidents.h"
#include "service/meetings.h"
#include "store/inbound.h"
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
    TRY(op_may_respond(op, request->user));
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

/* Once for a plan of a meeting (E4): what others have ended is not begun again by a late "no". Who
 * had joined, and does not after all, needs help again. */
static enum err missed(struct op *op, const struct meeting *meeting, bool had_joined,
                       struct checkin_result *out)
{
    struct incident incident = {0};
    int64_t known = 0;
    TRY(cancel_alerts(op, meeting, "answered_missed"));
    TRY(incidents_of_generation(op->db, meeting->id, meeting->generation, &known));
    if (known > 0 && !had_joined) {
        enum err err =
            incidents_open_of_meeting(op->db, op->arena, meeting->id, meeting->user_id, &incident);
        if (err == E_NOT_FOUND) {
            out->message = STR("Noted that you cannot make it. The follow-up is over already.");
            return incident_of(op, meeting, &out->incident_id);
        }
        TRY(err);
    }
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
    bool had_joined = meeting.checkin_status == checkin_status_JOINED;
    TRY(write_checkin(op, request, &meeting, &checkin));
    out->checkin_id = checkin.id;
    return is_joining ? joined(op, &meeting, out) : missed(op, &meeting, had_joined, out);
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

static enum err may_take_back(struct op *op, const struct meeting *meeting)
{
    if (meeting->checkin_status == checkin_status_NONE) {
        return op_fail(op, E_CONFLICT, NULL, "nobody has answered for this meeting yet");
    }
    if (meeting->checkin_status == checkin_status_MISSED) {
        return op_fail(op, E_CONFLICT, NULL,
                       "that it is missed cannot be taken back, since others were asked for help; "
                       "JOINED ends that");
    }
    bool is_planned =
        meeting_takes_place(meeting->status) && !meeting->is_all_day && !meeting->is_transparent;
    if (!is_planned || !instant_before(op->now, instant_add(meeting->starts_at, op->site->grace))) {
        return op_fail(op, E_CONFLICT, NULL,
                       "the time in which somebody is waited for is over: nothing more would be "
                       "sent about this meeting");
    }
    return OK;
}

enum err take_back_checkin(struct op *op, const void *input, void *output)
{
    struct meeting meeting = {0};
    (void)input;
    TRY(op_not_found(op, db_get(op->db, TABLE_meetings, op->path_id, op->arena, &meeting),
                     "meeting"));
    TRY(op_may_respond(op, meeting.user_id));
    TRY(may_take_back(op, &meeting));
    TRY(replan_meeting(op, &meeting, "checkin_taken_back"));
    meeting.updated_at = op->now;
    TRY(db_update(op->db, TABLE_meetings, op->arena, &meeting));
    op_log(op, LOG_WARN, LOG_CHECKIN, "JOINED was taken back: the meeting is planned anew");
    TRY(op_audit(op, (struct audit_entry){.action = "CHECKIN_TAKEN_BACK",
                                          .subject_type = subject_type_MEETING,
                                          .subject = meeting.id,
                                          .user = meeting.user_id,
                                          .before = STR("JOINED"),
                                          .after = STR("NONE")}));
    return show_meeting(op, &meeting, true, output);
}

/* What a callee opts out by, however often it is pressed. */
static enum err take_callee_key(struct op *op, const struct message *message, char key,
                                struct str heard)
{
    bool is_taken = false;
    TRY(call_take_key(op, message, key, heard, &is_taken));
    return is_taken ? OK : note_heard(op, message, heard);
}

/* A provider tells of a key again where our answer was lost on the way, and a person presses one
 * twice: what it did before, it does not do again. */
enum err take_key(struct op *op, struct id attempt, char key)
{
    struct message message = {0};
    enum answer_effect ignored = ANSWER_REFUSED;
    int64_t before = 0;
    enum err err = db_get(op->db, TABLE_messages, attempt, op->arena, &message);
    if (err == E_NOT_FOUND || key == '\0') {
        return OK;
    }
    TRY(err);
    struct str heard = arena_printf(op->arena, "key %c", key);
    TRY(message_events_heard(op->db, message.id, heard, &before));
    if (message.target == message_target_CALLEE) {
        return take_callee_key(op, &message, key, heard);
    }
    if (key != '1' && key != '2') {
        return note_heard(op, &message, heard);
    }
    if (before > 0) {
        return OK;
    }
    op_log(op, LOG_INFO, LOG_CALL, "key %c pressed", key);
    struct person_answer answer = {.message = &message,
                                   .word = key == '1' ? REPLY_JOINED : REPLY_MISSED,
                                   .source = checkin_source_AUTO_CALL,
                                   .heard = heard};
    TRY(take_answer(op, &answer, &ignored));
    TRY(message_events_heard(op->db, message.id, heard, &before));
    return before > 0 ? OK : note_heard(op, &message, heard);
}
