#include "service/incidents.h"

#include "service/engine.h"
#include "service/ladder.h"
#include "service/messages.h"
#include "service/trail.h"
#include "store/incidents.h"
#include "store/people.h"

static enum err audit_incident(struct op *op, const char *action, const struct incident *incident,
                               struct str before, struct str reason)
{
    return op_audit(op, (struct audit_entry){
                            .action = action,
                            .subject_type = subject_type_INCIDENT,
                            .subject = incident->id,
                            .user = incident->user_id,
                            .before = before,
                            .after = str_from(enum_name(&incident_state_names, incident->state)),
                            .reason = reason});
}

static enum err insert_incident(struct op *op, struct incident *incident)
{
    incident->id = op_new_id(op);
    incident->created_at = incident->updated_at = op->now;
    TRY(db_insert(op->db, TABLE_incidents, op->arena, incident));
    return audit_incident(op, "INCIDENT_OPENED", incident, STR_NONE, STR_NONE);
}

enum err open_missed_incident(struct op *op, const struct meeting *meeting, struct incident *out,
                              bool *is_new)
{
    enum err err = incidents_open_of_meeting(op->db, op->arena, meeting->id, meeting->user_id, out);
    *is_new = err == E_NOT_FOUND;
    if (err != E_NOT_FOUND) {
        return err;
    }
    *out = (struct incident){
        .kind = incident_kind_MISSED_MEETING,
        .title = arena_printf(op->arena, "Missed meeting: %.*s", STR_FMT(meeting->title)),
        .severity = severity_HIGH,
        .state = incident_state_OPEN,
        .policy = STR("missed-meeting"),
        .user_id = meeting->user_id,
        .meeting_id = meeting->id,
        .generation = meeting->generation,
    };
    TRY(insert_incident(op, out));
    return move_incident(op, out, incident_event_escalate, STR("nobody joined the meeting"));
}

static void stamp(const struct op *op, struct incident *incident)
{
    incident->updated_at = op->now;
    switch ((enum incident_state)incident->state) {
    case incident_state_ACKNOWLEDGED:
        incident->acknowledged_at = op->now;
        break;
    case incident_state_ESCALATING:
        incident->ladder_started_at = op->now;
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

static enum err leave_ladder(struct op *op, const struct incident *incident, struct str reason)
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
    TRY(steps_cancel_pending(op->db, incident->id, op->now, reason, &cancelled));
    if (cancelled > 0) {
        op_log(op, LOG_INFO, LOG_ESCALATION, "%lld steps cancelled: %.*s", (long long)cancelled,
               STR_FMT(reason));
    }
    return messages_stop_subject(op, incident->id, arena_cstr(op->arena, reason));
}

enum err move_incident(struct op *op, struct incident *incident, enum incident_event event,
                       struct str reason)
{
    enum incident_state to = incident_state_NONE;
    enum incident_state from = (enum incident_state)incident->state;
    TRY(incident_step(from, event, &to, op->problem));
    incident->state = (int)to;
    stamp(op, incident);
    if (!incident_is_open(to)) {
        incident->resolution = reason;
    }
    TRY(db_update(op->db, TABLE_incidents, op->arena, incident));
    op_log(op, LOG_INFO, LOG_ESCALATION, "incident %s to %s",
           enum_name(&incident_state_names, (int)from), enum_name(&incident_state_names, (int)to));
    const char *name = enum_name(&incident_state_names, (int)to);
    struct str action = arena_printf(op->arena, "INCIDENT_%s", name);
    TRY(audit_incident(op, action.ptr, incident,
                       str_from(enum_name(&incident_state_names, (int)from)), reason));
    if (to == incident_state_ESCALATING) {
        return begin_ladder(op, incident);
    }
    return from == incident_state_ESCALATING ? leave_ladder(op, incident, reason) : OK;
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

static enum err load(struct op *op, struct incident *out)
{
    return op_not_found(op, db_get(op->db, TABLE_incidents, op->path_id, op->arena, out),
                        "incident");
}

static enum err change_state(struct op *op, enum incident_event event, void *output)
{
    struct incident *incident = output;
    TRY(load(op, incident));
    TRY(op_may_change(op, incident->user_id));
    return move_incident(op, incident, event,
                         arena_printf(op->arena, "by %.*s", STR_FMT(op->actor.name)));
}

enum err acknowledge_incident(struct op *op, const void *input, void *output)
{
    (void)input;
    return change_state(op, incident_event_acknowledge, output);
}

enum err escalate_incident(struct op *op, const void *input, void *output)
{
    (void)input;
    return change_state(op, incident_event_escalate, output);
}

enum err resolve_incident(struct op *op, const void *input, void *output)
{
    (void)input;
    return change_state(op, incident_event_resolve, output);
}

enum err cancel_incident(struct op *op, const void *input, void *output)
{
    (void)input;
    return change_state(op, incident_event_cancel, output);
}

enum err create_incident(struct op *op, const void *input, void *output)
{
    struct incident *incident = output;
    *incident = *(const struct incident *)input;
    TRY(op_may_change(op, incident->user_id));
    struct rung_rule rungs[RUNGS_MAX];
    struct user user = {0};
    if (id_is_set(incident->user_id)) {
        enum err err = users_get(op->db, op->arena, incident->user_id, &user);
        if (err == E_NOT_FOUND) {
            return op_fail(op, E_INVALID, "userId", "names nobody that is known");
        }
        TRY(err);
    }
    if (!str_is_set(incident->policy)) {
        incident->policy = STR("default");
    }
    if (ladder_rungs(incident->policy, rungs) == 0) {
        return op_fail(op, E_INVALID, "policy", "must be one of: default, missed-meeting");
    }
    incident->kind = incident_kind_GENERIC;
    incident->state = incident_state_OPEN;
    incident->severity = incident->severity == 0 ? severity_MEDIUM : incident->severity;
    return insert_incident(op, incident);
}

enum err get_incident(struct op *op, const void *input, void *output)
{
    (void)input;
    struct incident *incident = output;
    TRY(load(op, incident));
    return op_may_read(op, incident->user_id);
}

enum err list_steps(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct page_cut cut = {.record = &step_record, .limit = wanted->limit};
    struct incident incident = {0};
    struct step_list *out = output;
    TRY(op_cursor(op, wanted->cursor, &cut.after));
    TRY(load(op, &incident));
    TRY(op_may_read(op, incident.user_id));
    TRY(steps_of_incident(op->db, op->arena, incident.id, &out->steps));
    out->total = (int64_t)out->steps.count;
    out->cursor = op_cut_page(op, &cut, &out->steps);
    return OK;
}

enum err list_incidents(struct op *op, const void *input, void *output)
{
    const struct incident_list_input *wanted = input;
    struct incident_list *out = output;
    struct incident_page page = {
        .state = wanted->state, .user = wanted->user_id, .limit = page_limit(wanted->limit) + 1};
    if (op->actor.scope == key_scope_USER && !id_is_set(page.user)) {
        page.user = op->actor.user;
    }
    TRY(op_may_read(op, page.user));
    TRY(op_cursor(op, wanted->cursor, &page.before));
    TRY(incidents_page(op->db, op->arena, &page, &out->incidents, &out->total));
    const struct incident *incidents = out->incidents.items;
    if (page_trim(&out->incidents, page.limit - 1)) {
        out->cursor = op_cursor_text(op, incidents[out->incidents.count - 1].id);
    }
    return OK;
}
