#include "service/trail.h"

enum err audit_alert(struct op *op, const struct alert *alert, enum alert_status before)
{
    const char *was = enum_name(&alert_status_names, (int)before);
    const char *is = enum_name(&alert_status_names, alert->status);
    return op_audit(
        op, (struct audit_entry){
                .action = arena_printf(op->arena, "ALERT_%s", is).ptr,
                .subject_type = subject_type_MEETING,
                .subject = alert->meeting_id,
                .user = alert->user_id,
                .before = arena_printf(op->arena, "%.*s %s", STR_FMT(alert->alert_type), was),
                .after = arena_printf(op->arena, "%.*s %s", STR_FMT(alert->alert_type), is),
                .reason = alert->reason});
}

enum err audit_step(struct op *op, const struct step_change *change)
{
    const struct step *step = change->step;
    struct str what = arena_printf(op->arena, "level %lld %s", (long long)step->level,
                                   enum_name(&step_type_names, step->step_type));
    return op_audit(op, (struct audit_entry){
                            .action = arena_printf(op->arena, "STEP_%s", change->now).ptr,
                            .subject_type = subject_type_INCIDENT,
                            .subject = step->incident_id,
                            .user = change->user,
                            .before = arena_printf(op->arena, "%.*s PENDING", STR_FMT(what)),
                            .after = arena_printf(op->arena, "%.*s %s", STR_FMT(what), change->now),
                            .reason = change->reason});
}
