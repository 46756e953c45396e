#include "service/drills.h"
#include "service/engine.h"
#include "service/incidents_internal.h"
#include "service/ladder.h"
#include "service/policies.h"

void incident_set_lease(const struct op *op, struct incident *incident,
                        const struct policy_rules *rules)
{
    bool has_lease = rules->lease.us > 0;
    incident->lease_until = has_lease ? instant_add(op->now, rules->lease) : INSTANT_NONE;
    incident->lease_lapsed_at = INSTANT_NONE;
}

enum err incident_arm_lease(struct op *op, const struct incident *incident)
{
    if (!instant_is_set(incident->lease_until)) {
        return OK;
    }
    return timer_arm(op, (struct timer_request){timer_kind_LEASE, incident->id,
                                                incident->lease_until, PRIORITY_HIGH});
}

static bool is_over(const struct op *op, const struct incident *incident)
{
    return incident->state == incident_state_ACKNOWLEDGED &&
           instant_is_set(incident->lease_until) && !instant_is_set(incident->lease_lapsed_at) &&
           instant_ms(incident->lease_until) <= instant_ms(op->now);
}

enum err end_lease(struct op *op, struct timer *timer)
{
    struct incident incident = {0};
    struct policy_in_force policy = {0};
    struct incident_taker taker = {.as = target_kind_PERSON};
    TRY(db_get(op->db, TABLE_incidents, timer->subject_id, op->arena, &incident));
    if (incident.kind == incident_kind_DRILL) {
        return drill_time_is_up(op, &incident);
    }
    if (!is_over(op, &incident)) {
        return OK;
    }
    TRY(policy_of_incident(op, &incident, &policy));
    incident.lease_lapsed_at = incident.updated_at = op->now;
    incident.exhausted_at = INSTANT_NONE;
    incident.round = incident.first_round = incident.round + 1;
    TRY(db_update(op->db, TABLE_incidents, op->arena, &incident));
    taker.user = incident.acknowledged_by;
    TRY(incident_audit(op, &incident,
                       &(struct incident_change){
                           .action = "INCIDENT_LEASE_ENDED",
                           .before = STR("ACKNOWLEDGED"),
                           .reason = STR("taken, and not a word since: asked again"),
                           .taker = &taker,
                       }));
    TRY(incident_tell(op, &incident, event_kind_INCIDENT_LEASE_ENDED));
    op_log(op, LOG_WARN, LOG_ESCALATION, "the lease of an acknowledgement ended: asked again");
    return begin_ladder_after_lease(op, &incident, &policy.rules);
}

enum err release_incident_by(struct op *op, struct incident *incident, struct str reason,
                             const struct incident_taker *taker)
{
    bool is_taken = incident->state == incident_state_ACKNOWLEDGED &&
                    !instant_is_set(incident->lease_lapsed_at);
    if (!is_taken || incident->kind == incident_kind_DRILL) {
        return op_fail(op, E_CONFLICT, NULL,
                       "only an incident that is taken can be given back, and not that of a drill");
    }
    if (!instant_is_set(incident->ladder_started_at)) {
        return op_fail(op, E_CONFLICT, NULL,
                       "its ladder never ran, so that there is none to go on: report it anew");
    }
    incident->lease_until = incident->lease_lapsed_at = incident->updated_at = op->now;
    incident->exhausted_at = INSTANT_NONE;
    incident->round = incident->first_round = incident->round + 1;
    TRY(db_update(op->db, TABLE_incidents, op->arena, incident));
    TRY(timers_cancel(op->db, timer_kind_LEASE, incident->id, op->now));
    TRY(incident_audit(op, incident,
                       &(struct incident_change){.action = "INCIDENT_RELEASED",
                                                 .before = STR("ACKNOWLEDGED"),
                                                 .reason = reason,
                                                 .taker = taker}));
    TRY(incident_tell(op, incident, event_kind_INCIDENT_LEASE_ENDED));
    op_log(op, LOG_WARN, LOG_ESCALATION, "an acknowledgement was taken back: asked again");
    return begin_ladder(op, incident);
}

enum err extend_incident_by(struct op *op, struct incident *incident, struct str reason,
                            const struct incident_taker *taker)
{
    struct policy_in_force policy = {0};
    if (incident->state != incident_state_ACKNOWLEDGED || !instant_is_set(incident->lease_until)) {
        return op_fail(op, E_CONFLICT, NULL,
                       "only an acknowledgement that holds for a time can be extended");
    }
    bool had_lapsed = instant_is_set(incident->lease_lapsed_at);
    TRY(policy_of_incident(op, incident, &policy));
    incident_set_lease(op, incident, &policy.rules);
    incident->acknowledged_at = incident->updated_at = op->now;
    if (id_is_set(taker->user)) {
        incident->acknowledged_by = taker->user;
        incident->taken_as = (int)taker->as;
    }
    TRY(db_update(op->db, TABLE_incidents, op->arena, incident));
    TRY(incident_audit(op, incident,
                       &(struct incident_change){.action = "INCIDENT_EXTENDED",
                                                 .before = STR("ACKNOWLEDGED"),
                                                 .reason = reason,
                                                 .taker = taker}));
    TRY(incident_tell(op, incident, event_kind_INCIDENT_ACKNOWLEDGED));
    if (had_lapsed) {
        TRY(leave_ladder(op, incident, reason));
    }
    TRY(timers_cancel(op->db, timer_kind_LEASE, incident->id, op->now));
    return incident_arm_lease(op, incident);
}
