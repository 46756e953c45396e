#include "service/engine.h"
#include "service/incidents.h"
#include "service/ladder.h"
#include "service/link.h"
#include "service/oncall.h"
#include "service/person.h"
#include "service/spend.h"
#include "service/trail.h"
#include "service/wording.h"
#include "store/incidents.h"
#include "store/messages.h"

/* What a step is about, whichever message carries it. */
struct climb {
    const struct incident *incident;
    struct step *step;
    struct user user; /* Whom it reaches, or whose emergency contact. */
};

static bool is_own(const struct climb *climb)
{
    return id_equal(climb->user.id, climb->incident->user_id);
}

/* Whom the step reaches, found at this moment: *nobody says why nobody, NULL otherwise. */
static enum err find_user(struct op *op, struct climb *climb, const char **nobody)
{
    struct step *step = climb->step;
    *nobody = NULL;
    if (step->target_kind == target_kind_SCHEDULE) {
        enum err err = oncall_person(op, step->target_id, op->now, &step->user_id);
        if (err == E_NOT_FOUND) {
            *nobody = "schedule_removed";
            return OK;
        }
        TRY(err);
        if (!id_is_set(step->user_id)) {
            *nobody = "nobody_on_call";
            return OK;
        }
    }
    if (id_is_set(step->user_id)) {
        enum err err = db_get(op->db, TABLE_users, step->user_id, op->arena, &climb->user);
        if (err != OK && err != E_NOT_FOUND) {
            return err;
        }
    }
    bool is_there = id_is_set(climb->user.id) && !instant_is_set(climb->user.deleted_at);
    bool is_contact = step->target == message_target_EMERGENCY_CONTACT;
    if (!is_there) {
        *nobody = "nobody_to_reach";
    } else if (is_contact && !has_emergency_contact(&climb->user)) {
        *nobody = "no_emergency_contact";
    }
    return OK;
}

static enum err calls_left(struct op *op, const struct climb *climb, int *out)
{
    int64_t left = 1;
    if (id_is_set(climb->incident->meeting_id)) {
        TRY(call_slots_free(op->db, climb->incident->meeting_id, climb->user.id,
                            (enum message_target)climb->step->target, &left));
    }
    *out = (int)left;
    return OK;
}

static enum err choose_for_target(struct op *op, const struct climb *climb,
                                  struct reach_choice *out)
{
    struct reach_limits limits = person_limits(op);
    struct reach reach = {0};
    bool is_contact = climb->step->target == message_target_EMERGENCY_CONTACT;
    TRY(is_contact ? emergency_reach(op, &climb->user, &reach)
                   : person_reach(op, &climb->user, &reach));
    reach.is_quiet = reach.is_quiet && !climb->step->overrides_quiet_hours;
    TRY(calls_left(op, climb, &limits.calls_left));
    *out = reach_choose(wanted_of_step((enum step_type)climb->step->step_type), &reach, &limits);
    return OK;
}

/* By which way the step reaches them. A repeat call that the cap forbids goes to the emergency
 * contact (E1). */
static enum err choose(struct op *op, const struct climb *climb, struct reach_choice *out)
{
    struct step *step = climb->step;
    TRY(choose_for_target(op, climb, out));
    bool may_ask_contact = step->step_type == step_type_REPEAT_CALL && is_own(climb) &&
                           step->target == message_target_PERSON &&
                           has_emergency_contact(&climb->user);
    if (may_ask_contact && out->outcome == REACH_RATE_LIMITED) {
        TRY(log_refused_call(op, climb->incident->meeting_id, climb->user.id, out));
        step->target = message_target_EMERGENCY_CONTACT;
        TRY(choose_for_target(op, climb, out));
        if (out->outcome == REACH_SEND && out->reason == NULL) {
            out->reason = "emergency_contact:max_calls_exceeded";
        }
    }
    return OK;
}

static enum text_key key_of(const struct climb *climb)
{
    const struct step *step = climb->step;
    if (step->level == 0) {
        return text_key_INCIDENT_STILL_YOURS;
    }
    if (climb->incident->kind != incident_kind_MISSED_MEETING || !is_own(climb)) {
        return text_key_INCIDENT_STEP;
    }
    if (step->target == message_target_EMERGENCY_CONTACT) {
        return text_key_MISSED_EMERGENCY_CONTACT;
    }
    switch ((enum step_type)step->step_type) {
    case step_type_MESSAGE:
    case step_type_SMS:
    case step_type_WHATSAPP:
        return text_key_MISSED_MESSAGE;
    case step_type_CALL:
        return text_key_MISSED_CALL;
    case step_type_REPEAT_CALL:
        return text_key_MISSED_REPEAT_CALL;
    case step_type_NONE:
    case step_type_IN_APP:
    case step_type_EMAIL:
    case step_type_COUNT:
        break;
    }
    return text_key_MISSED_EMAIL;
}

/* The words: those of a missed meeting for its own person and their contact, for whoever else is
 * asked those of an incident about that person. */
static enum err word_step(struct op *op, const struct climb *climb, struct message_plan *plan)
{
    const struct incident *incident = climb->incident;
    struct meeting meeting = {0};
    struct user person = {0};
    struct wording wording = {.key = key_of(climb),
                              .user = &climb->user,
                              .title = incident->title,
                              .is_drill = incident->kind == incident_kind_DRILL};
    if (id_is_set(incident->meeting_id) && is_own(climb)) {
        TRY(db_get(op->db, TABLE_meetings, incident->meeting_id, op->arena, &meeting));
        wording.meeting = &meeting;
    }
    if (id_is_set(incident->user_id) && !is_own(climb)) {
        enum err err = db_get(op->db, TABLE_users, incident->user_id, op->arena, &person);
        if (err != OK && err != E_NOT_FOUND) {
            return err;
        }
        wording.person = person.name;
    }
    bool is_about_meeting = wording.meeting != NULL && plan->target == message_target_PERSON;
    if (!is_about_meeting || climb->step->level == 0) {
        wording.link = link_for_step(op, climb->step);
    }
    return word_message(op, &wording, plan);
}

static enum err plan_message(struct op *op, const struct climb *climb, enum channel channel,
                             struct message_plan *out)
{
    const struct step *step = climb->step;
    *out = (struct message_plan){
        .subject_type = subject_type_INCIDENT,
        .subject = climb->incident->id,
        .step = step->id,
        .meeting = climb->incident->meeting_id,
        .user = climb->user.id,
        .severity = (enum severity)climb->incident->severity,
        .target = (enum message_target)step->target,
        .channel = channel,
        .recipient = recipient_of(&climb->user, (enum message_target)step->target, channel),
        .due_at = step->scheduled_at,
        .priority = PRIORITY_HIGH,
    };
    return word_step(op, climb, out);
}

static enum err send_step(struct op *op, const struct climb *climb,
                          const struct reach_choice *choice)
{
    struct message_plan plan = {0};
    struct step *step = climb->step;
    const char *too_dear = NULL;
    TRY(plan_message(op, climb, choice->channel, &plan));
    TRY(spend_allows(op, &plan, &too_dear));
    if (too_dear != NULL) {
        struct reach_choice unpaid = {0};
        TRY(person_unpaid(op, &climb->user, (enum message_target)step->target, too_dear, &unpaid));
        return unpaid.outcome == REACH_SEND
                   ? send_step(op, climb, &unpaid)
                   : incident_step_skip(op, step, climb->user.id, str_from(too_dear));
    }
    TRY(message_queue(op, &plan, &step->message_id));
    step->claimed_at = op->now;
    step->channel = (int)choice->channel;
    step->reason = choice->reason == NULL ? step->reason : str_from(choice->reason);
    TRY(steps_claim(op->db, step));
    TRY(audit_step(op, &(struct step_change){step, climb->user.id, "SENDING", step->reason}));
    if (choice->channel != channel_IN_APP) {
        return OK;
    }
    step->status = step_status_EXECUTED; /* It has arrived by being written. */
    step->executed_at = op->now;
    return incident_step_ended(op, step, climb->user.id);
}

enum err step_goes_on(struct op *op, const struct message *failed, const struct onward *onward,
                      bool *went)
{
    struct step step = {0};
    struct incident incident = {0};
    struct climb climb = {.incident = &incident, .step = &step};
    struct reach reach = {0};
    struct reach_limits limits = person_limits(op);
    struct message_plan plan = {0};
    const char *too_dear = NULL;
    *went = false;
    TRY(db_get(op->db, TABLE_steps, failed->step_id, op->arena, &step));
    TRY(db_get(op->db, TABLE_incidents, step.incident_id, op->arena, &incident));
    TRY(db_get(op->db, TABLE_users, failed->user_id, op->arena, &climb.user));
    bool is_contact = step.target == message_target_EMERGENCY_CONTACT;
    TRY(is_contact ? emergency_reach(op, &climb.user, &reach)
                   : person_reach(op, &climb.user, &reach));
    reach.tried = onward->tried;
    struct reach_choice choice =
        reach_onward((enum channel)failed->channel, onward->reason, &reach, &limits);
    if (choice.outcome != REACH_SEND) {
        return OK;
    }
    TRY(plan_message(op, &climb, choice.channel, &plan));
    TRY(spend_allows(op, &plan, &too_dear));
    if (too_dear != NULL) {
        return OK;
    }
    plan.attempt = onward->attempt;
    TRY(message_queue(op, &plan, &step.message_id));
    step.channel = (int)choice.channel;
    step.reason = str_from(choice.reason);
    TRY(steps_onward(op->db, &step));
    *went = true;
    op_log(op, LOG_WARN, LOG_ESCALATION_EXECUTOR, "level %lld %s goes on by %s: %s",
           (long long)step.level, enum_name(&step_type_names, step.step_type),
           enum_name(&channel_names, step.channel), choice.reason);
    return audit_step(op, &(struct step_change){&step, climb.user.id, "GOES_ON", step.reason});
}

/* No address is left: that is as good as nobody. */
static bool finds_nobody(const struct reach_choice *choice)
{
    struct str reason = str_from(choice->reason);
    return choice->outcome == REACH_SKIP &&
           (str_equal(reason, STR("no_contact")) || str_starts(reason, STR("suppressed")));
}

static enum err reach_out(struct op *op, struct climb *climb)
{
    struct step *step = climb->step;
    struct reach_choice choice = {0};
    TRY(choose(op, climb, &choice));
    /* Who is asked whether they are still at it gets one text, not two. */
    bool is_second_text = step->level == 0 && step->step_type == step_type_CALL &&
                          choice.outcome == REACH_SEND && choice.channel != channel_CALL;
    if (is_second_text) {
        return incident_step_skip(op, step, climb->user.id, str_from(choice.reason));
    }
    if (choice.outcome == REACH_SEND) {
        return send_step(op, climb, &choice);
    }
    if (choice.channel == channel_CALL) {
        TRY(log_refused_call(op, climb->incident->meeting_id, climb->user.id, &choice));
    }
    return finds_nobody(&choice)
               ? ladder_nobody(op, climb->incident, step, str_from(choice.reason))
               : incident_step_skip(op, step, climb->user.id, str_from(choice.reason));
}

enum err climb_step(struct op *op, struct timer *timer)
{
    struct step step = {0};
    struct incident incident = {0};
    struct climb facts = {.incident = &incident, .step = &step};
    const char *nobody = NULL;
    TRY(db_get(op->db, TABLE_steps, timer->subject_id, op->arena, &step));
    TRY(db_get(op->db, TABLE_incidents, step.incident_id, op->arena, &incident));
    bool is_climbing = incident_is_climbing((enum incident_state)incident.state,
                                            instant_is_set(incident.lease_lapsed_at));
    if (step.status != step_status_PENDING || !is_climbing || id_is_set(step.message_id)) {
        return OK;
    }
    TRY(find_user(op, &facts, &nobody));
    bool is_asked = false;
    if (nobody == NULL && step.target_kind == target_kind_SCHEDULE) {
        TRY(ladder_is_asked(op, &incident, &step, &is_asked));
    }
    if (is_asked) {
        return incident_step_skip(op, &step, step.user_id, STR("asked_already"));
    }
    return nobody != NULL ? ladder_nobody(op, &incident, &step, str_from(nobody))
                          : reach_out(op, &facts);
}
