#include "service/drills.h"

#include "domain/incident.h"
#include "service/engine.h"
#include "service/incidents.h"
#include "service/ladder.h"
#include "service/policies.h"
#include "store/drills.h"

static const struct duration confirm_within = SECONDS_INIT(15 * 60);

static enum err audit_drill(struct op *op, const char *action, const struct drill *drill,
                            struct str reason)
{
    return op_audit(op, (struct audit_entry){
                            .action = action,
                            .subject_type = subject_type_INCIDENT,
                            .subject = drill->incident_id,
                            .user = drill->user_id,
                            .after = op_record_text(op, &drill_record, drill),
                            .reason = reason,
                        });
}

/* "drill-person:CALL+SMS" */
static enum err policy_of_ways(struct op *op, const struct list *ways, struct str *out)
{
    struct buf name = {.arena = op->arena};
    unsigned seen = 0;
    buf_add_text(&name, "drill-person");
    for (size_t i = 0; i < ways->count; i++) {
        int way = ((const struct drill_way *)ways->items)[i].way;
        if (way == step_type_REPEAT_CALL) {
            return op_fail(op, E_INVALID, "channels",
                           "must be EMAIL, MESSAGE, SMS, WHATSAPP, CALL or IN_APP");
        }
        if ((seen & 1u << way) != 0) {
            return op_fail(op, E_INVALID, "channels", "names %s twice",
                           enum_name(&step_type_names, way));
        }
        seen |= 1u << way;
        buf_printf(&name, "%s%s", i == 0 ? ":" : "+", enum_name(&step_type_names, way));
    }
    *out = buf_str(&name);
    return OK;
}

/* A person's own key may try out that person, not the ladder of others. */
static enum err check(struct op *op, const struct drill_input *input)
{
    bool has_policy = str_is_set(input->policy);
    TRY(op_may_change(op, has_policy ? ID_NONE : input->user_id));
    if (!has_policy && !id_is_set(input->user_id)) {
        return op_fail(op, E_INVALID, "userId", "give userId, or policy, or both");
    }
    return has_policy && input->channels.count > 0
               ? op_fail(op, E_INVALID, "channels", "are those of the policy's steps")
               : OK;
}

static enum err begin(struct op *op, const struct incident *incident, bool everybody,
                      struct drill *out)
{
    *out = (struct drill){
        .id = op_new_id(op),
        .name = incident->title,
        .user_id = incident->user_id,
        .policy = incident->policy,
        .everybody = everybody,
        .incident_id = incident->id,
        .started_by = op->actor.name,
        .started_at = op->now,
    };
    TRY(db_insert(op->db, TABLE_drills, op->arena, out));
    op_log(op, LOG_INFO, LOG_ESCALATION, "a drill begins");
    return audit_drill(op, "DRILL_STARTED", out, STR_NONE);
}

enum err create_drill(struct op *op, const void *input, void *output)
{
    const struct drill_input *given = input;
    struct incident incident = {0};
    bool joined = false;
    struct incident_report report = {
        .kind = incident_kind_DRILL,
        .title = str_is_set(given->name) ? given->name : STR("Fire drill"),
        .severity = severity_LOW,
        .user = given->user_id,
        .policy = given->policy,
        .escalates = true,
    };
    TRY(check(op, given));
    if (!str_is_set(report.policy)) {
        TRY(policy_of_ways(op, &given->channels, &report.policy));
    }
    TRY(report_incident(op, &report, &incident, &joined));
    return begin(op, &incident, given->everybody, output);
}

enum err list_drills(struct op *op, const void *input, void *output)
{
    const struct drill_list_input *wanted = input;
    struct drill_list *out = output;
    struct drill_page page = {.user = wanted->user_id, .limit = page_limit(wanted->limit) + 1};
    if (op->actor.scope == key_scope_USER && !id_is_set(page.user)) {
        page.user = op->actor.user;
    }
    TRY(op_may_read(op, page.user));
    TRY(op_cursor(op, wanted->cursor, &page.before));
    TRY(drills_page(op->db, op->arena, &page, &out->drills, &out->total));
    const struct drill *drills = out->drills.items;
    if (page_trim(op, &out->drills, page.limit - 1)) {
        out->cursor = op_cursor_text(op, drills[out->drills.count - 1].id);
    }
    return OK;
}

/* What ends it comes as a timer, so that whoever answers has their own operation. */
static enum err end_at(struct op *op, struct id incident, struct instant at)
{
    TRY(timers_cancel(op->db, timer_kind_LEASE, incident, op->now));
    return timer_arm(op, (struct timer_request){timer_kind_LEASE, incident, at, PRIORITY_MEDIUM});
}

static enum err end_if_confirmed(struct op *op, struct id incident)
{
    int64_t open = 0;
    TRY(drills_unconfirmed(op->db, incident, &open));
    return open == 0 ? end_at(op, incident, op->now) : OK;
}

enum err drill_heard(struct op *op, const struct person_answer *answer,
                     const struct incident *incident, bool *is_counted, enum answer_effect *out)
{
    struct drill drill = {0};
    bool is_climbing = incident->state == incident_state_ESCALATING;
    TRY(drills_of_incident(op->db, op->arena, incident->id, &drill));
    *is_counted = is_climbing && drill.everybody && answer->word != REPLY_UNKNOWN;
    if (!*is_counted) {
        return OK;
    }
    *out =
        answer->message->receipt_level == receipt_level_CONFIRMED ? ANSWER_REPEATED : ANSWER_TAKEN;
    TRY(ladder_stop_asking(op, incident, answer->message->step_id, STR("answered")));
    return end_if_confirmed(op, incident->id);
}

enum err drill_ladder_ended(struct op *op, struct incident *incident)
{
    incident->exhausted_at = incident->updated_at = op->now;
    TRY(db_update(op->db, TABLE_incidents, op->arena, incident));
    op_log(op, LOG_INFO, LOG_ESCALATION, "the last step of a drill has ended");
    TRY(end_at(op, incident->id, instant_add(op->now, confirm_within)));
    return end_if_confirmed(op, incident->id);
}

enum err drill_time_is_up(struct op *op, struct incident *incident)
{
    return incident_is_open((enum incident_state)incident->state)
               ? move_incident(op, incident, incident_event_resolve, STR("the drill is over"))
               : OK;
}

enum err drill_follow(struct op *op, const struct incident *incident)
{
    struct drill drill = {0};
    if (incident->state == incident_state_ACKNOWLEDGED) {
        return end_at(op, incident->id, op->now);
    }
    if (incident_is_open((enum incident_state)incident->state)) {
        return OK;
    }
    TRY(drills_of_incident(op->db, op->arena, incident->id, &drill));
    drill.ended_at = op->now;
    TRY(db_update(op->db, TABLE_drills, op->arena, &drill));
    return audit_drill(op, "DRILL_ENDED", &drill, incident->resolution);
}
