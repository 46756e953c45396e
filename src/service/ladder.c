#include "service/ladder.h"

#include "service/engine.h"
#include "service/incidents.h"
#include "service/person.h"
#include "service/spend.h"
#include "service/trail.h"
#include "service/wording.h"
#include "store/incidents.h"
#include "store/messages.h"

enum err begin_ladder(struct op *op, const struct incident *incident)
{
    struct rung_rule rungs[RUNGS_MAX];
    size_t count = ladder_rungs(incident->policy, rungs);
    for (size_t i = 0; i < count; i++) {
        struct step step = {
            .id = op_new_id(op),
            .incident_id = incident->id,
            .level = rungs[i].level,
            .step_type = (int)rungs[i].type,
            .channel = (int)channel_of_wanted(wanted_of_step(rungs[i].type)),
            .target = message_target_PERSON,
            .status = step_status_PENDING,
            .scheduled_at = instant_add(op->now, rungs[i].after),
        };
        TRY(db_insert(op->db, TABLE_steps, op->arena, &step));
        TRY(timer_arm(op, (struct timer_request){timer_kind_STEP, step.id, step.scheduled_at,
                                                 PRIORITY_HIGH}));
    }
    op_log(op, LOG_INFO, LOG_ESCALATION_ENGINE, "ladder %.*s of %zu steps starts",
           STR_FMT(incident->policy), count);
    return OK;
}

static enum err tell_operator(struct op *op, const struct incident *incident)
{
    if (!str_is_set(op->site->operator_email)) {
        return OK;
    }
    struct user nobody = {.name = STR("operator")};
    struct id ignored = ID_NONE;
    struct message_plan plan = {
        .subject_type = subject_type_INCIDENT,
        .subject = incident->id,
        .user = incident->user_id,
        .target = message_target_OPERATOR,
        .channel = channel_EMAIL,
        .recipient = op->site->operator_email,
        .due_at = op->now,
        .priority = PRIORITY_MEDIUM,
    };
    struct wording wording = {
        .key = text_key_OPERATOR_LADDER_EXHAUSTED, .user = &nobody, .title = incident->title};
    TRY(word_message(op, &wording, &plan));
    return message_queue(op, &plan, &ignored);
}

/* E3: the last step has ended and nobody has answered. */
static enum err look_for_exhaustion(struct op *op, struct id incident_id)
{
    int64_t open = 0;
    struct incident incident = {0};
    TRY(steps_open_count(op->db, incident_id, &open));
    if (open > 0) {
        return OK;
    }
    TRY(db_get(op->db, TABLE_incidents, incident_id, op->arena, &incident));
    if (incident.state != incident_state_ESCALATING || instant_is_set(incident.exhausted_at)) {
        return OK;
    }
    incident.exhausted_at = incident.updated_at = op->now;
    TRY(db_update(op->db, TABLE_incidents, op->arena, &incident));
    TRY(op_audit(
        op, (struct audit_entry){.action = "ESCALATION_EXHAUSTED",
                                 .subject_type = subject_type_INCIDENT,
                                 .subject = incident.id,
                                 .user = incident.user_id,
                                 .after = STR("ESCALATING"),
                                 .reason = STR("every step has ended and nobody has answered")}));
    op_log(op, LOG_ERROR, LOG_ESCALATION,
           "ESCALATION_EXHAUSTED: the ladder ran out and nobody has answered");
    return tell_operator(op, &incident);
}

enum err incident_step_ended(struct op *op, const struct step *step, struct id user)
{
    TRY(steps_end(op->db, step));
    bool is_done = step->status == step_status_EXECUTED;
    op_log(op, is_done ? LOG_INFO : LOG_WARN, LOG_ESCALATION_EXECUTOR, "level %lld %s: %s",
           (long long)step->level, enum_name(&step_type_names, step->step_type),
           is_done ? "executed" : "failed");
    TRY(audit_step(op,
                   &(struct step_change){step, user, enum_name(&step_status_names, step->status),
                                         is_done ? step->reason : step->error_message}));
    return look_for_exhaustion(op, step->incident_id);
}

enum err incident_step_skip(struct op *op, const struct step *step, struct id user,
                            struct str reason)
{
    TRY(steps_skip(op->db, step->id, op->now, reason));
    op_log(op, LOG_INFO, LOG_ESCALATION_EXECUTOR, "level %lld %s skipped: %.*s",
           (long long)step->level, enum_name(&step_type_names, step->step_type), STR_FMT(reason));
    TRY(audit_step(op, &(struct step_change){step, user, "SKIPPED", reason}));
    return look_for_exhaustion(op, step->incident_id);
}

static enum err calls_left(struct op *op, const struct incident *incident,
                           enum message_target target, int *out)
{
    int64_t left = 1;
    if (id_is_set(incident->meeting_id)) {
        TRY(call_slots_free(op->db, incident->meeting_id, incident->user_id, target, &left));
    }
    *out = (int)left;
    return OK;
}

/* Whom the step reaches and how. A repeat call that the cap forbids goes to the emergency contact
 * (E1). */
static enum err choose(struct op *op, const struct incident *incident, const struct user *user,
                       struct step *step, struct reach_choice *out)
{
    struct reach_limits limits = person_limits(op);
    struct reach reach = {0};
    enum wanted wanted = wanted_of_step((enum step_type)step->step_type);
    TRY(person_reach(op, user, &reach));
    TRY(calls_left(op, incident, message_target_PERSON, &limits.calls_left));
    *out = reach_choose(wanted, &reach, &limits);
    bool may_ask_contact = step->step_type == step_type_REPEAT_CALL && has_emergency_contact(user);
    if (may_ask_contact && out->outcome == REACH_RATE_LIMITED) {
        TRY(log_refused_call(op, incident->meeting_id, user->id, out));
        step->target = message_target_EMERGENCY_CONTACT;
        TRY(emergency_reach(op, user, &reach));
        TRY(calls_left(op, incident, message_target_EMERGENCY_CONTACT, &limits.calls_left));
        *out = reach_choose(wanted, &reach, &limits);
        if (out->outcome == REACH_SEND && out->reason == NULL) {
            out->reason = "emergency_contact:max_calls_exceeded";
        }
    }
    return OK;
}

static enum text_key key_of(const struct incident *incident, const struct step *step)
{
    if (incident->kind != incident_kind_MISSED_MEETING) {
        return text_key_INCIDENT_STEP;
    }
    if (step->target == message_target_EMERGENCY_CONTACT) {
        return text_key_MISSED_EMERGENCY_CONTACT;
    }
    switch ((enum step_type)step->step_type) {
    case step_type_MESSAGE:
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

/* What a step is about, whichever message carries it. */
struct step_facts {
    const struct incident *incident;
    const struct user *user;
    const struct step *step;
};

static enum err plan_message(struct op *op, const struct step_facts *facts, enum channel channel,
                             struct message_plan *out)
{
    const struct incident *incident = facts->incident;
    const struct user *user = facts->user;
    const struct step *step = facts->step;
    struct meeting meeting = {0};
    bool has_meeting = id_is_set(incident->meeting_id);
    if (has_meeting) {
        TRY(db_get(op->db, TABLE_meetings, incident->meeting_id, op->arena, &meeting));
    }
    *out = (struct message_plan){
        .subject_type = subject_type_INCIDENT,
        .subject = incident->id,
        .step = step->id,
        .meeting = incident->meeting_id,
        .user = incident->user_id,
        .target = (enum message_target)step->target,
        .channel = channel,
        .recipient = recipient_of(user, (enum message_target)step->target, channel),
        .due_at = step->scheduled_at,
        .priority = PRIORITY_HIGH,
    };
    struct wording wording = {.key = key_of(incident, step),
                              .user = user,
                              .meeting = has_meeting ? &meeting : NULL,
                              .title = incident->title};
    return word_message(op, &wording, out);
}

static enum err send_step(struct op *op, const struct incident *incident, const struct user *user,
                          struct step *step, const struct reach_choice *choice)
{
    struct message_plan plan = {0};
    struct step_facts facts = {incident, user, step};
    const char *too_dear = NULL;
    TRY(plan_message(op, &facts, choice->channel, &plan));
    TRY(spend_allows(op, &plan, &too_dear));
    if (too_dear != NULL) {
        struct reach_choice unpaid = {0};
        TRY(person_unpaid(op, user, (enum message_target)step->target, too_dear, &unpaid));
        return unpaid.outcome == REACH_SEND
                   ? send_step(op, incident, user, step, &unpaid)
                   : incident_step_skip(op, step, user->id, str_from(too_dear));
    }
    TRY(message_queue(op, &plan, &step->message_id));
    step->claimed_at = op->now;
    step->channel = (int)choice->channel;
    step->reason = choice->reason == NULL ? step->reason : str_from(choice->reason);
    TRY(steps_claim(op->db, step));
    TRY(audit_step(op, &(struct step_change){step, user->id, "SENDING", step->reason}));
    if (choice->channel != channel_IN_APP) {
        return OK;
    }
    step->status = step_status_EXECUTED; /* It has arrived by being written. */
    step->executed_at = op->now;
    return incident_step_ended(op, step, user->id);
}

enum err step_goes_on(struct op *op, const struct message *failed, const struct onward *onward,
                      bool *went)
{
    struct step step = {0};
    struct incident incident = {0};
    struct user user = {0};
    struct reach reach = {0};
    struct reach_limits limits = person_limits(op);
    struct message_plan plan = {0};
    const char *too_dear = NULL;
    *went = false;
    TRY(db_get(op->db, TABLE_steps, failed->step_id, op->arena, &step));
    TRY(db_get(op->db, TABLE_incidents, step.incident_id, op->arena, &incident));
    TRY(db_get(op->db, TABLE_users, incident.user_id, op->arena, &user));
    bool is_contact = step.target == message_target_EMERGENCY_CONTACT;
    TRY(is_contact ? emergency_reach(op, &user, &reach) : person_reach(op, &user, &reach));
    reach.tried = onward->tried;
    struct reach_choice choice =
        reach_onward((enum channel)failed->channel, onward->reason, &reach, &limits);
    if (choice.outcome != REACH_SEND) {
        return OK;
    }
    struct step_facts facts = {&incident, &user, &step};
    TRY(plan_message(op, &facts, choice.channel, &plan));
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
    return audit_step(op, &(struct step_change){&step, user.id, "GOES_ON", step.reason});
}

static enum err hurry(struct op *op, struct id incident_id, int64_t after_level, struct str reason)
{
    struct step step = {0};
    struct incident incident = {0};
    TRY(db_get(op->db, TABLE_incidents, incident_id, op->arena, &incident));
    if (incident.state != incident_state_ESCALATING) {
        return OK;
    }
    enum err err = steps_next(op->db, op->arena, incident_id, &step);
    if (err == E_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    bool is_between = after_level > 0 && step.level > after_level + 1;
    if (is_between || !instant_before(op->now, step.scheduled_at)) {
        return OK;
    }
    step.scheduled_at = op->now;
    step.reason = arena_printf(op->arena, "brought_forward:%.*s", STR_FMT(reason));
    TRY(steps_hurry(op->db, &step));
    TRY(timers_cancel(op->db, timer_kind_STEP, step.id, op->now));
    TRY(timer_arm(
        op, (struct timer_request){timer_kind_STEP, step.id, step.scheduled_at, PRIORITY_HIGH}));
    return audit_step(
        op, &(struct step_change){&step, incident.user_id, "BROUGHT_FORWARD", step.reason});
}

enum err ladder_hurry(struct op *op, struct id incident_id, struct str reason)
{
    return hurry(op, incident_id, 0, reason);
}

enum err ladder_hurry_after(struct op *op, struct id step_id, struct str reason)
{
    struct step step = {0};
    TRY(db_get(op->db, TABLE_steps, step_id, op->arena, &step));
    return hurry(op, step.incident_id, step.level, reason);
}

enum err climb_step(struct op *op, struct timer *timer)
{
    struct step step = {0};
    struct incident incident = {0};
    struct user user = {0};
    TRY(db_get(op->db, TABLE_steps, timer->subject_id, op->arena, &step));
    TRY(db_get(op->db, TABLE_incidents, step.incident_id, op->arena, &incident));
    if (step.status != step_status_PENDING || incident.state != incident_state_ESCALATING ||
        id_is_set(step.message_id)) {
        return OK;
    }
    if (id_is_set(incident.user_id)) {
        TRY(db_get(op->db, TABLE_users, incident.user_id, op->arena, &user));
    }
    if (!id_is_set(user.id) || instant_is_set(user.deleted_at)) {
        return incident_step_skip(op, &step, incident.user_id, STR("nobody_to_reach"));
    }
    struct reach_choice choice = {0};
    TRY(choose(op, &incident, &user, &step, &choice));
    if (choice.outcome == REACH_SEND) {
        return send_step(op, &incident, &user, &step, &choice);
    }
    if (choice.channel == channel_CALL) {
        TRY(log_refused_call(op, incident.meeting_id, user.id, &choice));
    }
    return incident_step_skip(op, &step, user.id, str_from(choice.reason));
}
