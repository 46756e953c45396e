#include "service/engine.h"
#include "service/incidents_internal.h"
#include "service/maintenance.h"
#include "service/policies.h"
#include "store/incidents.h"
#include "store/people.h"

static const char reported[] = "its ladder starts with the report";

static const struct incident_taker nobody = {.as = target_kind_PERSON};

enum err incident_of_dedup_key(struct op *op, struct id source, struct str dedup_key,
                               struct incident *out)
{
    return str_is_set(dedup_key) ? incidents_open_of_key(op->db, op->arena, source, dedup_key, out)
                                 : E_NOT_FOUND;
}

/* Whether its ladder is to start, which a maintenance window holds back. */
static enum err may_escalate(struct op *op, const struct incident_report *report,
                             struct instant *held_until, bool *out)
{
    *out = false;
    *held_until = INSTANT_NONE;
    if (!report->escalates) {
        return OK;
    }
    TRY(maintenance_covers(op, report->source, held_until));
    *out = !instant_is_set(*held_until);
    return OK;
}

/* Where the timer is there already, one is enough. */
static enum err begin_later(struct op *op, const struct incident *incident)
{
    struct timer timer = {0};
    enum err err =
        timers_of_subject(op->db, op->arena, timer_kind_LADDER_BEGIN, incident->id, &timer);
    return err != E_NOT_FOUND
               ? err
               : timer_arm(op, (struct timer_request){.kind = timer_kind_LADDER_BEGIN,
                                                      .subject = incident->id,
                                                      .due_at = op->now,
                                                      .priority = PRIORITY_HIGH});
}

/* The timer LADDER_BEGIN: whoever was quicker has decided about the incident already. */
enum err begin_ladder_due(struct op *op, struct timer *timer)
{
    struct incident incident = {0};
    TRY(db_get(op->db, TABLE_incidents, timer->subject_id, op->arena, &incident));
    return incident.state == incident_state_OPEN
               ? move_incident(op, &incident, incident_event_escalate, str_from(reported))
               : OK;
}

static enum err join(struct op *op, const struct incident_report *report, struct incident *incident)
{
    bool escalates = false;
    struct instant held_until = INSTANT_NONE;
    incident->reports++;
    incident->updated_at = op->now;
    if (incident->state == incident_state_OPEN && report->escalates) {
        TRY(may_escalate(op, report, &held_until, &escalates));
        incident->held_until = held_until;
    }
    TRY(db_update(op->db, TABLE_incidents, op->arena, incident));
    struct str state = str_from(enum_name(&incident_state_names, incident->state));
    TRY(incident_audit(
        op, incident,
        &(struct incident_change){
            .action = "INCIDENT_JOINED",
            .before = state,
            .reason = arena_printf(op->arena, "report %lld", (long long)incident->reports),
            .taker = &nobody}));
    TRY(incident_tell(op, incident, event_kind_INCIDENT_JOINED));
    if (!escalates) {
        return OK;
    }
    return report->begins_later
               ? begin_later(op, incident)
               : move_incident(op, incident, incident_event_escalate, str_from(reported));
}

static enum err check_user(struct op *op, struct id user)
{
    struct user row = {0};
    if (!id_is_set(user)) {
        return OK;
    }
    enum err err = users_get(op->db, op->arena, user, &row);
    return err == E_NOT_FOUND ? op_fail(op, E_INVALID, "userId", "names nobody that is known")
                              : err;
}

static enum err choose_policy(struct op *op, struct str wanted, struct policy_in_force *out)
{
    enum err err = policy_current(op, str_is_set(wanted) ? wanted : STR("default"), out);
    return err == E_NOT_FOUND
               ? op_fail(op, E_INVALID, "policy",
                         "there is no such policy; see GET /api/v1/policies for those there are")
               : err;
}

enum err report_incident(struct op *op, const struct incident_report *report, struct incident *out,
                         bool *joined)
{
    struct policy_in_force policy = {0};
    bool escalates = false;
    enum err err = incident_of_dedup_key(op, report->source, report->dedup_key, out);
    *joined = err == OK;
    if (*joined) {
        return join(op, report, out);
    }
    if (err != E_NOT_FOUND) {
        return err;
    }
    TRY(check_user(op, report->user));
    TRY(choose_policy(op, report->policy, &policy));
    *out = (struct incident){
        .kind = (int)report->kind,
        .title = report->title,
        .details = report->details,
        .severity = report->severity == 0 ? severity_MEDIUM : (int)report->severity,
        .policy = policy.name,
        .policy_version = policy.version,
        .dedup_key = report->dedup_key,
        .source_id = report->source,
        .reports = 1,
        .user_id = report->user,
    };
    TRY(may_escalate(op, report, &out->held_until, &escalates));
    bool is_later = escalates && report->begins_later;
    TRY(incident_insert(op, out, escalates && !is_later ? reported : NULL));
    return is_later ? begin_later(op, out) : OK;
}
