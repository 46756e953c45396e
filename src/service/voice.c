#include "service/voice.h"

#include "domain/dispatch.h"
#include "domain/incident.h"
#include "service/answers.h"
#include "service/call_voice.h"
#include "service/meetings.h"
#include "service/wording.h"
#include "store/inbound.h"
#include "store/incidents.h"
#include "store/meetings.h"
#include "store/people.h"

enum { REPEATS_MAX = 5 };

/* What a call is about, as it is at this moment. */
struct call_subject {
    struct user user; /* Whoever is spoken to: an emergency contact has the person's language. */
    struct meeting meeting;
    struct incident incident;
    bool has_meeting;
    struct dispatch dispatch;
    bool has_incident;
    bool has_dispatch;
    bool is_own_meeting; /* Whoever is spoken to is asked about a meeting of their own. */
    struct str title;
};

static enum err found(enum err err, bool *out)
{
    *out = err == OK;
    return err == E_NOT_FOUND ? OK : err;
}

static enum err load_subject(struct op *op, const struct message *message, struct call_subject *out)
{
    bool has_user = false;
    *out = (struct call_subject){0};
    TRY(found(users_get(op->db, op->arena, message->user_id, &out->user), &has_user));
    if (id_is_set(message->meeting_id)) {
        TRY(found(db_get(op->db, TABLE_meetings, message->meeting_id, op->arena, &out->meeting),
                  &out->has_meeting));
    }
    if (message->subject_type == subject_type_INCIDENT) {
        TRY(found(db_get(op->db, TABLE_incidents, message->subject_id, op->arena, &out->incident),
                  &out->has_incident));
    }
    TRY(is_about_own_meeting(op, message, &out->is_own_meeting));
    bool is_of_meeting = out->has_meeting && (out->is_own_meeting || !out->has_incident ||
                                              message->target != message_target_PERSON);
    out->title = is_of_meeting ? out->meeting.title : out->incident.title;
    if (message->subject_type == subject_type_DISPATCH) {
        TRY(found(db_get(op->db, TABLE_dispatches, message->subject_id, op->arena, &out->dispatch),
                  &out->has_dispatch));
        out->title = out->dispatch.issue_summary;
    }
    if (message->target == message_target_EMERGENCY_CONTACT) {
        out->user.name = out->user.emergency_name;
    } else if (message->target == message_target_OPERATOR) {
        out->user = (struct user){0};
    }
    return OK;
}

/* The name of whoever did something to the incident; absent where it was the engine or nobody can
 * say. */
static enum err who_did(struct op *op, const struct audit_event *event, struct str *out)
{
    struct user user = {0};
    bool is_known = false;
    bool is_person = str_equal(event->actor, STR("call")) || str_equal(event->actor, STR("sms")) ||
                     str_equal(event->actor, STR("link"));
    struct str prefix = STR("api:");
    *out = STR_NONE;
    if (str_starts(event->actor, prefix)) {
        *out = str_slice(event->actor, prefix.len, event->actor.len);
        return OK;
    }
    if (!is_person) {
        return OK;
    }
    TRY(found(users_get(op->db, op->arena, event->user_id, &user), &is_known));
    bool is_contact = str_contains(event->reason, STR("emergency contact"));
    *out = is_contact ? user.emergency_name : user.name;
    return OK;
}

/* The event that ended or took the incident. */
static enum err last_move(struct op *op, const struct incident *incident, struct audit_event *out,
                          bool *is_known)
{
    const char *state = enum_name(&incident_state_names, incident->state);
    return found(audit_last_action(op->db, op->arena, incident->id,
                                   arena_printf(op->arena, "INCIDENT_%s", state), out),
                 is_known);
}

static bool is_climbing(const struct incident *incident)
{
    return incident_is_climbing((enum incident_state)incident->state,
                                instant_is_set(incident->lease_lapsed_at));
}

/* *key stays text_key_NONE where there is still something to ask. */
static enum err incident_ended(struct op *op, const struct call_subject *subject,
                               enum text_key *key, struct wording *wording)
{
    struct audit_event event = {0};
    bool is_known = false;
    const struct incident *incident = &subject->incident;
    if (incident->state == incident_state_OPEN || is_climbing(incident)) {
        return OK;
    }
    *key = incident->state == incident_state_CANCELLED      ? text_key_VOICE_ENDED_CANCELLED
           : incident->state == incident_state_ACKNOWLEDGED ? text_key_VOICE_ENDED_TAKEN
                                                            : text_key_VOICE_ENDED_RESOLVED;
    TRY(last_move(op, incident, &event, &is_known));
    if (!is_known) {
        return OK;
    }
    wording->since = event.at;
    return who_did(op, &event, &wording->by);
}

static enum err joined_since(struct op *op, const struct call_subject *subject,
                             struct wording *wording)
{
    struct checkin last = {0};
    bool is_known = false;
    TRY(found(checkins_last(op->db, op->arena, subject->meeting.id, &last), &is_known));
    wording->since = is_known ? last.created_at : INSTANT_NONE;
    wording->by = subject->user.name;
    return OK;
}

static enum err dispatch_ended(struct op *op, const struct call_subject *subject,
                               struct wording *wording)
{
    const struct dispatch *dispatch = &subject->dispatch;
    struct user taker = {0};
    bool is_known = false;
    if (!subject->has_dispatch || dispatch_waits((enum dispatch_state)dispatch->state)) {
        return OK;
    }
    wording->since =
        instant_is_set(dispatch->ended_at) ? dispatch->ended_at : dispatch->accepted_at;
    wording->key = dispatch->state == dispatch_state_CANCELLED   ? text_key_VOICE_ENDED_CANCELLED
                   : dispatch->state == dispatch_state_COMPLETED ? text_key_VOICE_ENDED_RESOLVED
                                                                 : text_key_VOICE_ENDED_TAKEN;
    TRY(found(users_get(op->db, op->arena, dispatch->accepted_by, &taker), &is_known));
    wording->by = taker.name;
    return OK;
}

static enum err subject_ended(struct op *op, const struct call_subject *subject,
                              struct wording *wording)
{
    wording->key = text_key_NONE;
    if (subject->has_dispatch) {
        return dispatch_ended(op, subject, wording);
    }
    if (subject->is_own_meeting && subject->has_meeting) {
        if (subject->meeting.checkin_status == checkin_status_JOINED) {
            wording->key = text_key_VOICE_ENDED_JOINED;
            return joined_since(op, subject, wording);
        }
        if (!meeting_takes_place(subject->meeting.status)) {
            wording->key = text_key_VOICE_ENDED_CANCELLED;
            wording->since = subject->meeting.updated_at;
            return OK;
        }
    }
    return subject->has_incident ? incident_ended(op, subject, &wording->key, wording) : OK;
}

static struct voice_page page_of(const struct op *op, const struct message *message)
{
    return (struct voice_page){
        .attempt = op_id_text(op, id_is_set(message->wire_id) ? message->wire_id : message->id),
        .language = str_is_set(message->language) ? message->language : STR("en"),
    };
}

static bool is_drill(const struct call_subject *subject)
{
    return subject->has_incident && subject->incident.kind == incident_kind_DRILL;
}

static enum err say(struct op *op, const struct call_subject *subject, enum text_key key,
                    struct str *out)
{
    struct wording wording = {.key = key,
                              .user = &subject->user,
                              .meeting = subject->has_meeting ? &subject->meeting : NULL,
                              .title = subject->title,
                              .phone = subject->dispatch.caller_phone,
                              .is_drill = is_drill(subject)};
    return word_speech(op, &wording, out);
}

/* An alert's words hold its time, and the meeting may have moved since they were written. */
static enum err current_speech(struct op *op, const struct message *message,
                               const struct call_subject *subject, struct str *out)
{
    struct alert alert = {0};
    bool has_alert = false;
    struct message spoken = *message;
    TRY(messages_body(op->db, op->arena, &spoken));
    *out = spoken.text;
    if (message->subject_type != subject_type_MEETING || !subject->has_meeting) {
        return OK;
    }
    TRY(found(db_get(op->db, TABLE_alerts, message->step_id, op->arena, &alert), &has_alert));
    return has_alert && alert.generation != subject->meeting.generation
               ? say(op, subject, text_key_MEETING_CRITICAL_CALL, out)
               : OK;
}

/* The words of the call, with its keys. */
static enum err ask(struct op *op, const struct message *message,
                    const struct call_subject *subject, struct voice_page *out)
{
    out->asks = true;
    TRY(current_speech(op, message, subject, &out->speech));
    return say(op, subject, text_key_VOICE_GOODBYE, &out->goodbye);
}

static enum err say_ended(struct op *op, const struct call_subject *subject,
                          struct wording *wording, struct voice_page *out)
{
    wording->user = &subject->user;
    wording->meeting = subject->has_meeting ? &subject->meeting : NULL;
    wording->title = subject->title;
    wording->is_drill = is_drill(subject);
    return word_speech(op, wording, &out->speech);
}

enum err voice_picked_up(struct op *op, const struct message *message, struct voice_page *out)
{
    struct call_subject subject;
    struct wording ended = {0};
    if (message->target == message_target_CALLEE) {
        return call_picked_up(op, message, false, out);
    }
    *out = page_of(op, message);
    TRY(load_subject(op, message, &subject));
    TRY(subject_ended(op, &subject, &ended));
    return ended.key == text_key_NONE ? ask(op, message, &subject, out)
                                      : say_ended(op, &subject, &ended, out);
}

enum err voice_for_machine(struct op *op, const struct message *message, struct voice_page *out)
{
    struct call_subject subject;
    if (message->target == message_target_CALLEE) {
        return call_picked_up(op, message, true, out);
    }
    *out = page_of(op, message);
    TRY(load_subject(op, message, &subject));
    return say(op, &subject, text_key_VOICE_MACHINE, &out->speech);
}

enum err voice_for_nobody(struct op *op, struct voice_page *out)
{
    struct user nobody = {0};
    struct wording wording = {.key = text_key_VOICE_NOBODY, .user = &nobody};
    *out = (struct voice_page){.language = STR("en")};
    return word_speech(op, &wording, &out->speech);
}

/* Key 9, or one that means nothing here: the words again, while there is an end to it. */
static enum err repeat(struct op *op, const struct message *message, char key,
                       struct voice_page *out)
{
    struct call_subject subject;
    int64_t repeats = 0;
    struct str sorry = STR_NONE;
    TRY(message_events_heard(op->db, message->id, arena_printf(op->arena, "key %c", key),
                             &repeats));
    TRY(voice_picked_up(op, message, out));
    if (repeats > REPEATS_MAX && out->asks) {
        out->asks = false;
        out->speech = out->goodbye;
        out->goodbye = STR_NONE;
        return OK;
    }
    if (key == '9' || !out->asks) {
        return OK;
    }
    TRY(load_subject(op, message, &subject));
    TRY(say(op, &subject, text_key_VOICE_NOT_UNDERSTOOD, &sorry));
    out->speech = arena_printf(op->arena, "%.*s %.*s", STR_FMT(sorry), STR_FMT(out->speech));
    return OK;
}

/* What the subject is now says what the key has done; the same key again is thanked the same. */
static enum text_key thanks_of(const struct call_subject *subject, char key)
{
    if (subject->is_own_meeting) {
        return subject->meeting.checkin_status == checkin_status_JOINED
                   ? text_key_VOICE_THANKS_JOINED
               : subject->meeting.checkin_status == checkin_status_MISSED
                   ? text_key_VOICE_THANKS_MISSED
                   : text_key_NONE;
    }
    if (subject->has_dispatch) {
        bool is_theirs = subject->dispatch.state == dispatch_state_ACCEPTED &&
                         id_equal(subject->dispatch.accepted_by, subject->user.id);
        return key == '1' && is_theirs ? text_key_VOICE_THANKS_ACCEPTED
               : key == '2' && dispatch_waits((enum dispatch_state)subject->dispatch.state)
                   ? text_key_VOICE_PASSED_ON
                   : text_key_NONE;
    }
    if (!subject->has_incident) {
        return text_key_NONE;
    }
    if (is_drill(subject)) {
        return text_key_DRILL_THANKS;
    }
    bool waits = subject->incident.state == incident_state_OPEN || is_climbing(&subject->incident);
    bool is_taken = subject->incident.state == incident_state_ACKNOWLEDGED && !waits;
    return key == '1' && is_taken ? text_key_VOICE_THANKS_TAKEN
           : key == '2' && waits  ? text_key_VOICE_PASSED_ON
                                  : text_key_NONE;
}

/* Nobody pressed a key: what ended while the call spoke is still news to whoever listens. */
static enum err part(struct op *op, const struct call_subject *subject, struct voice_page *out)
{
    struct wording ended = {0};
    TRY(subject_ended(op, subject, &ended));
    return ended.key == text_key_NONE ? say(op, subject, text_key_VOICE_GOODBYE, &out->speech)
                                      : say_ended(op, subject, &ended, out);
}

enum err voice_after_key(struct op *op, const struct message *message, char key,
                         struct voice_page *out)
{
    struct call_subject subject;
    if (message->target == message_target_CALLEE) {
        return call_after_key(op, message, key, out);
    }
    TRY(load_subject(op, message, &subject));
    bool is_answer = (key == '1' || key == '2') &&
                     (subject.has_meeting || subject.has_incident || subject.has_dispatch);
    enum text_key thanks = is_answer ? thanks_of(&subject, key) : text_key_NONE;
    *out = page_of(op, message);
    if (key == '\0') {
        return part(op, &subject, out);
    }
    if (thanks != text_key_NONE) {
        return say(op, &subject, thanks, &out->speech);
    }
    return is_answer ? voice_picked_up(op, message, out) : repeat(op, message, key, out);
}
