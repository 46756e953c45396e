#include "service/ladder.h"

#include "service/drills.h"
#include "service/engine.h"
#include "service/events.h"
#include "service/incidents.h"
#include "service/messages.h"
#include "service/operator.h"
#include "service/policies.h"
#include "service/trail.h"
#include "store/incidents.h"

/* How long the last messages of a ladder are waited for: a call rings and is spoken in less; of a
 * text that no carrier confirms nothing more is heard. */
static const struct answer_waits answer_waits = {.call = SECONDS_INIT(180),
                                                 .text = SECONDS_INIT(60)};

/* Whom a rung of this kind reaches, as far as it is known before it is due. */
static struct id user_of_target(const struct incident *incident, const struct policy_target *target)
{
    switch (target->kind) {
    case target_kind_PERSON:
    case target_kind_EMERGENCY_CONTACT:
        return incident->user_id;
    case target_kind_USER:
        return target->id;
    case target_kind_SCHEDULE:
    case target_kind_NONE:
    case target_kind_COUNT:
        break;
    }
    return ID_NONE;
}

/* `step` has its level, its indexes, its type and its time. */
static enum err write_row(struct op *op, const struct incident *incident,
                          const struct policy_target *target, struct step *step)
{
    bool is_contact = target->kind == target_kind_EMERGENCY_CONTACT;
    step->id = op_new_id(op);
    step->incident_id = incident->id;
    step->round = incident->round;
    step->channel = (int)channel_of_wanted(wanted_of_step((enum step_type)step->step_type));
    step->target_kind = (int)target->kind;
    step->target_id = target->id;
    step->user_id = user_of_target(incident, target);
    step->target = is_contact ? message_target_EMERGENCY_CONTACT : message_target_PERSON;
    step->status = step_status_PENDING;
    TRY(db_insert(op->db, TABLE_steps, op->arena, step));
    return timer_arm(
        op, (struct timer_request){timer_kind_STEP, step->id, step->scheduled_at, PRIORITY_HIGH});
}

static enum err write_round(struct op *op, const struct incident *incident,
                            const struct policy_rules *rules, struct instant from)
{
    struct policy_rung rungs[POLICY_RUNGS_MAX];
    int count = policy_rungs(rules, rungs);
    for (int i = 0; i < count; i++) {
        const struct policy_step *rule = &rules->steps[rungs[i].level - 1];
        struct step step = {
            .level = rungs[i].level,
            .target_index = rungs[i].target,
            .time_index = rungs[i].time,
            .step_type = (int)rule->type,
            .overrides_quiet_hours = rule->overrides_quiet_hours,
            .scheduled_at = instant_add(from, rungs[i].after),
        };
        TRY(write_row(op, incident, &rule->targets[rungs[i].target], &step));
    }
    op_log(op, LOG_INFO, LOG_ESCALATION_ENGINE, "ladder %.*s of %d steps starts, round %lld",
           STR_FMT(incident->policy), count, (long long)incident->round);
    return OK;
}

enum err begin_ladder(struct op *op, const struct incident *incident)
{
    struct policy_in_force policy = {0};
    TRY(policy_of_incident(op, incident, &policy));
    return write_round(op, incident, &policy.rules, op->now);
}

/* A text and a call, as their reach allows. */
static enum err ask_again(struct op *op, const struct incident *incident,
                          const struct policy_target *whom)
{
    static const enum step_type ways[] = {step_type_MESSAGE, step_type_CALL};
    for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
        struct step step = {
            .target_index = (int64_t)i, .step_type = (int)ways[i], .scheduled_at = op->now};
        TRY(write_row(op, incident, whom, &step));
    }
    return OK;
}

enum err begin_ladder_after_lease(struct op *op, const struct incident *incident,
                                  const struct policy_rules *rules)
{
    struct policy_target whom = {(enum target_kind)incident->taken_as, incident->acknowledged_by};
    if (!id_is_set(user_of_target(incident, &whom))) {
        return write_round(op, incident, rules, op->now);
    }
    TRY(ask_again(op, incident, &whom));
    return write_round(op, incident, rules, instant_add(op->now, rules->lease_answer));
}

enum err leave_ladder(struct op *op, const struct incident *incident, struct str reason)
{
    int64_t cancelled = 0;
    struct list steps = {0};
    TRY(steps_of_incident(op->db, op->arena, incident->id, &steps));
    for (size_t i = 0; i < steps.count; i++) {
        const struct step *step = &((const struct step *)steps.items)[i];
        if (step->status == step_status_PENDING) {
            TRY(audit_step(op,
                           &(struct step_change){step, incident->user_id, "CANCELLED", reason}));
        }
    }
    TRY(steps_cancel_pending(op->db, incident->id, reason, &cancelled));
    TRY(timers_cancel(op->db, timer_kind_LADDER, incident->id, op->now));
    if (cancelled > 0) {
        op_log(op, LOG_INFO, LOG_ESCALATION, "%lld steps cancelled: %.*s", (long long)cancelled,
               STR_FMT(reason));
    }
    return messages_stop_subject(op, incident->id, arena_cstr(op->arena, reason));
}

static enum err audit_ladder(struct op *op, const struct incident *incident, const char *action,
                             struct str reason)
{
    return op_audit(op, (struct audit_entry){
                            .action = action,
                            .subject_type = subject_type_INCIDENT,
                            .subject = incident->id,
                            .user = incident->user_id,
                            .after = str_from(enum_name(&incident_state_names, incident->state)),
                            .reason = reason});
}

static enum err begin_again(struct op *op, struct incident *incident,
                            const struct policy_rules *rules)
{
    incident->round++;
    incident->updated_at = op->now;
    TRY(db_update(op->db, TABLE_incidents, op->arena, incident));
    TRY(audit_ladder(op, incident, "LADDER_REPEATED",
                     STR("every step has ended and nobody has answered")));
    return write_round(op, incident, rules, instant_add(op->now, rules->repeat_after));
}

/* The name of whom the incident is about, where it is about somebody. */
static enum err name_of_person(struct op *op, const struct incident *incident, struct str *out)
{
    struct user user = {0};
    *out = STR_NONE;
    if (!id_is_set(incident->user_id)) {
        return OK;
    }
    enum err err = db_get(op->db, TABLE_users, incident->user_id, op->arena, &user);
    *out = user.name;
    return err == E_NOT_FOUND ? OK : err;
}

static enum err tell_exhausted(struct op *op, const struct incident *incident)
{
    struct operator_note note = {
        .key = arena_printf(op->arena, "ladder:%lld:%lld", (long long)incident->id.value,
                            (long long)incident->round),
        .title = STR("a ladder ran out and nobody has answered"),
        .text = STR("Every step of an incident's ladder has been taken, and nobody has answered. "
                    "Somebody should look at it now."),
        .words = text_key_OPERATOR_LADDER_EXHAUSTED,
        .about = incident->title,
        .user = incident->user_id,
        .subject = incident->id,
        .subject_type = subject_type_INCIDENT,
    };
    TRY(name_of_person(op, incident, &note.person));
    return operator_tell(op, &note);
}

/* E3: the last step has ended, no message of it can be answered in time, and nobody has. */
static enum err exhaust(struct op *op, struct incident *incident)
{
    incident->exhausted_at = incident->updated_at = op->now;
    TRY(db_update(op->db, TABLE_incidents, op->arena, incident));
    TRY(audit_ladder(op, incident, "ESCALATION_EXHAUSTED",
                     STR("every step has ended and nobody has answered")));
    TRY(incident_tell(op, incident, event_kind_ESCALATION_EXHAUSTED));
    op_log(op, LOG_ERROR, LOG_ESCALATION,
           "ESCALATION_EXHAUSTED: the ladder ran out and nobody has answered");
    return tell_exhausted(op, incident);
}

/* Whether it climbs, and no row of it is to come. */
static enum err has_ended(struct op *op, struct id incident_id, struct incident *incident,
                          bool *out)
{
    int64_t open = 0;
    *out = false;
    TRY(steps_open_count(op->db, incident_id, &open));
    if (open > 0) {
        return OK;
    }
    TRY(db_get(op->db, TABLE_incidents, incident_id, op->arena, incident));
    *out = incident_is_climbing((enum incident_state)incident->state,
                                instant_is_set(incident->lease_lapsed_at)) &&
           !instant_is_set(incident->exhausted_at);
    return OK;
}

/* A call that still rings, or a text on its way, may be answered: until then it has not run out. */
static enum err exhaust_in_time(struct op *op, struct incident *incident)
{
    struct instant until = INSTANT_NONE;
    struct timer waiting = {0};
    TRY(steps_answerable_until(op->db, incident, &answer_waits, &until));
    if (!instant_before(op->now, until)) {
        return exhaust(op, incident);
    }
    enum err err = timers_of_subject(op->db, op->arena, timer_kind_LADDER, incident->id, &waiting);
    return err == E_NOT_FOUND
               ? timer_arm(op, (struct timer_request){timer_kind_LADDER, incident->id, until,
                                                      PRIORITY_HIGH})
               : err;
}

enum err ladder_row_ended(struct op *op, struct id incident_id)
{
    bool is_over = false;
    struct incident incident = {0};
    struct policy_in_force policy = {0};
    TRY(has_ended(op, incident_id, &incident, &is_over));
    if (!is_over) {
        return OK;
    }
    if (incident.kind == incident_kind_DRILL) {
        return drill_ladder_ended(op, &incident);
    }
    TRY(policy_of_incident(op, &incident, &policy));
    return incident.round - incident.first_round < policy.rules.repeats
               ? begin_again(op, &incident, &policy.rules)
               : exhaust_in_time(op, &incident);
}

enum err end_ladder(struct op *op, struct timer *timer)
{
    bool is_over = false;
    struct incident incident = {0};
    struct instant until = INSTANT_NONE;
    TRY(has_ended(op, timer->subject_id, &incident, &is_over));
    if (!is_over) {
        return OK;
    }
    TRY(steps_answerable_until(op->db, &incident, &answer_waits, &until));
    if (!instant_before(op->now, until)) {
        return exhaust(op, &incident);
    }
    timer_run_again(op, timer, until);
    return OK;
}
