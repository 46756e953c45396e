#include "service/incidents.h"

#include "service/drills.h"
#include "service/events.h"
#include "service/incidents_internal.h"
#include "service/ladder.h"
#include "service/notifications.h"
#include "service/policies.h"
#include "service/trail.h"
#include "store/incidents.h"
#include "store/timers.h"

static const struct incident_taker nobody = {.as = target_kind_PERSON};

enum err incident_audit(struct op *op, const struct incident *incident,
                        const struct incident_change *change)
{
    struct id by = change->taker->user;
    return op_audit(op, (struct audit_entry){
                            .action = change->action,
                            .subject_type = subject_type_INCIDENT,
                            .subject = incident->id,
                            .user = id_is_set(by) ? by : incident->user_id,
                            .before = change->before,
                            .after = str_from(enum_name(&incident_state_names, incident->state)),
                            .reason = change->reason});
}

enum err incident_tell(struct op *op, const struct incident *incident, enum event_kind kind)
{
    return event_tell(
        op, &(struct event_facts){.kind = kind,
                                  .subject_type = subject_type_INCIDENT,
                                  .subject = incident->id,
                                  .user = incident->user_id,
                                  .data = op_record_text(op, &incident_record, incident)});
}

static enum event_kind event_of(enum incident_state state)
{
    switch (state) {
    case incident_state_ACKNOWLEDGED:
        return event_kind_INCIDENT_ACKNOWLEDGED;
    case incident_state_ESCALATING:
        return event_kind_INCIDENT_ESCALATING;
    case incident_state_RESOLVED:
        return event_kind_INCIDENT_RESOLVED;
    case incident_state_CANCELLED:
        return event_kind_INCIDENT_CANCELLED;
    case incident_state_NONE:
    case incident_state_OPEN:
    case incident_state_COUNT:
        break;
    }
    return event_kind_INCIDENT_OPENED;
}

static void stamp(const struct op *op, struct incident *incident,
                  const struct incident_taker *taker)
{
    incident->updated_at = op->now;
    switch ((enum incident_state)incident->state) {
    case incident_state_ACKNOWLEDGED:
        incident->acknowledged_at = op->now;
        incident->acknowledged_by = taker->user;
        incident->taken_as = (int)taker->as;
        break;
    case incident_state_ESCALATING:
        incident->ladder_started_at = op->now;
        incident->held_until = INSTANT_NONE;
        incident->round = incident->first_round = incident->round + 1;
        break;
    case incident_state_RESOLVED:
        incident->resolved_at = op->now;
        break;
    case incident_state_CANCELLED:
        incident->cancelled_at = op->now;
        break;
    case incident_state_NONE:
    case incident_state_OPEN:
    case incident_state_COUNT:
        break;
    }
}

/* What the trail and whoever listens are told of a state that was entered. */
static enum err note_state(struct op *op, const struct incident *incident,
                           struct incident_change *change)
{
    const char *name = enum_name(&incident_state_names, incident->state);
    change->action = arena_printf(op->arena, "INCIDENT_%s", name).ptr;
    TRY(incident_audit(op, incident, change));
    return incident_tell(op, incident, event_of((enum incident_state)incident->state));
}

enum err incident_insert(struct op *op, struct incident *incident, const char *escalates)
{
    struct incident_change change = {.action = "INCIDENT_OPENED", .taker = &nobody};
    incident->id = op_new_id(op);
    incident->created_at = incident->updated_at = op->now;
    incident->state = incident_state_OPEN;
    struct incident opened = *incident;
    if (escalates != NULL) {
        incident->state = incident_state_ESCALATING;
        stamp(op, incident, &nobody);
    }
    TRY(db_insert(op->db, TABLE_incidents, op->arena, incident));
    TRY(incident_audit(op, &opened, &change));
    TRY(incident_tell(op, &opened, event_kind_INCIDENT_OPENED));
    if (escalates == NULL) {
        return OK;
    }
    change.before = STR("OPEN");
    change.reason = str_from(escalates);
    TRY(note_state(op, incident, &change));
    return begin_ladder(op, incident);
}

enum err open_missed_incident(struct op *op, const struct meeting *meeting, struct incident *out,
                              bool *is_new)
{
    struct policy_in_force policy = {0};
    enum err err = incidents_open_of_meeting(op->db, op->arena, meeting->id, meeting->user_id, out);
    *is_new = err == E_NOT_FOUND;
    if (err != E_NOT_FOUND) {
        return err;
    }
    TRY(policy_current(op, STR("missed-meeting"), &policy));
    *out = (struct incident){
        .kind = incident_kind_MISSED_MEETING,
        .title = arena_printf(op->arena, "Missed meeting: %.*s", STR_FMT(meeting->title)),
        .severity = severity_HIGH,
        .policy = STR("missed-meeting"),
        .policy_version = policy.version,
        .reports = 1,
        .user_id = meeting->user_id,
        .meeting_id = meeting->id,
        .generation = meeting->generation,
    };
    return incident_insert(op, out, "nobody joined the meeting");
}

/* Who takes it is asked again when the lease of its policy ends (E7). */
static enum err begin_lease(struct op *op, struct incident *incident)
{
    struct policy_in_force policy = {0};
    TRY(policy_of_incident(op, incident, &policy));
    incident_set_lease(op, incident, &policy.rules);
    return OK;
}

static enum err follow_move(struct op *op, const struct incident *incident,
                            enum incident_state from, struct str reason)
{
    if (incident->state == incident_state_ESCALATING) {
        return begin_ladder(op, incident);
    }
    if (from != incident_state_OPEN) {
        TRY(leave_ladder(op, incident, reason));
    }
    if (!incident_is_open((enum incident_state)incident->state)) {
        TRY(notifications_end(op, incident->id));
    }
    if (incident->state == incident_state_ACKNOWLEDGED) {
        return incident_arm_lease(op, incident);
    }
    return instant_is_set(incident->lease_until)
               ? timers_cancel(op->db, timer_kind_LEASE, incident->id, op->now)
               : OK;
}

enum err move_incident_by(struct op *op, struct incident *incident, enum incident_event event,
                          struct str reason, const struct incident_taker *taker)
{
    enum incident_state to = incident_state_NONE;
    enum incident_state from = (enum incident_state)incident->state;
    TRY(incident_step(from, event, &to, op->problem));
    incident->state = (int)to;
    stamp(op, incident, taker);
    bool is_drill = incident->kind == incident_kind_DRILL;
    if (to == incident_state_ACKNOWLEDGED && !is_drill) {
        TRY(begin_lease(op, incident));
    }
    if (!incident_is_open(to)) {
        incident->resolution = reason;
    }
    TRY(db_update(op->db, TABLE_incidents, op->arena, incident));
    op_log(op, LOG_INFO, LOG_ESCALATION, "incident %s to %s",
           enum_name(&incident_state_names, (int)from), enum_name(&incident_state_names, (int)to));
    struct incident_change change = {
        .before = str_from(enum_name(&incident_state_names, (int)from)),
        .reason = reason,
        .taker = taker,
    };
    TRY(note_state(op, incident, &change));
    TRY(follow_move(op, incident, from, reason));
    return is_drill ? drill_follow(op, incident) : OK;
}

enum err move_incident(struct op *op, struct incident *incident, enum incident_event event,
                       struct str reason)
{
    return move_incident_by(op, incident, event, reason, &nobody);
}

static enum err end_incident_of_meeting(struct op *op, const struct meeting *meeting,
                                        enum incident_event event, const char *reason)
{
    struct incident incident = {0};
    enum err err =
        incidents_open_of_meeting(op->db, op->arena, meeting->id, meeting->user_id, &incident);
    if (err == E_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    return move_incident(op, &incident, event, str_from(reason));
}

enum err resolve_incident_of_meeting(struct op *op, const struct meeting *meeting,
                                     const char *reason)
{
    return end_incident_of_meeting(op, meeting, incident_event_resolve, reason);
}

enum err cancel_incident_of_meeting(struct op *op, const struct meeting *meeting,
                                    const char *reason)
{
    return end_incident_of_meeting(op, meeting, incident_event_cancel, reason);
}

static enum err tell_step(struct op *op, const struct step *step, struct id user)
{
    return event_tell(op, &(struct event_facts){.kind = event_kind_STEP_ENDED,
                                                .subject_type = subject_type_INCIDENT,
                                                .subject = step->incident_id,
                                                .user = user,
                                                .data = op_record_text(op, &step_record, step)});
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
    TRY(tell_step(op, step, user));
    return ladder_row_ended(op, step->incident_id);
}

enum err incident_step_skip(struct op *op, const struct step *step, struct id user,
                            struct str reason)
{
    struct step skipped = *step;
    skipped.status = step_status_SKIPPED;
    skipped.claimed_at = op->now;
    skipped.reason = reason;
    TRY(steps_skip(op->db, &skipped));
    op_log(op, LOG_INFO, LOG_ESCALATION_EXECUTOR, "level %lld %s skipped: %.*s",
           (long long)step->level, enum_name(&step_type_names, step->step_type), STR_FMT(reason));
    TRY(audit_step(op, &(struct step_change){&skipped, user, "SKIPPED", reason}));
    TRY(tell_step(op, &skipped, user));
    return ladder_row_ended(op, step->incident_id);
}
