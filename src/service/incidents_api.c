#include "service/incidents_internal.h"
#include "service/policies.h"
#include "store/incidents.h"

static enum err load(struct op *op, struct incident *out)
{
    return op_not_found(op, db_get(op->db, TABLE_incidents, op->path_id, op->arena, out),
                        "incident");
}

/* A person's own key is for what is about them, and for what their own ladder steps asked of them.
 */
static enum err was_asked(struct op *op, const struct incident *incident, bool *out)
{
    *out = false;
    return op->actor.scope == key_scope_USER
               ? steps_reached(op->db, incident->id, op->actor.user, out)
               : OK;
}

static enum err may_read(struct op *op, const struct incident *incident)
{
    bool is_asked = false;
    TRY(was_asked(op, incident, &is_asked));
    return is_asked ? OK : op_may_read(op, incident->user_id);
}

static enum err load_to_change(struct op *op, struct incident *out)
{
    bool is_asked = false;
    TRY(load(op, out));
    TRY(was_asked(op, out, &is_asked));
    return is_asked ? OK : op_may_respond(op, out->user_id);
}

/* Who has a key of a person's own, or has signed in, is that person. */
static struct incident_taker taker_of(const struct op *op)
{
    bool is_person = id_is_set(op->actor.user);
    return is_person ? (struct incident_taker){op->actor.user, target_kind_USER}
                     : (struct incident_taker){ID_NONE, target_kind_PERSON};
}

/* One of many whom a drill tries out cannot end it for the others. */
static enum err may_end_drill(struct op *op, const struct incident *incident)
{
    bool is_others = incident->kind == incident_kind_DRILL && op->actor.scope == key_scope_USER &&
                     !id_equal(incident->user_id, op->actor.user);
    return is_others ? op_fail(op, E_FORBIDDEN, NULL,
                               "a drill is answered by its own messages; its ladder is not yours")
                     : OK;
}

static enum err change_state(struct op *op, enum incident_event event, void *output)
{
    struct incident *incident = output;
    struct incident_taker taker = taker_of(op);
    TRY(load_to_change(op, incident));
    TRY(may_end_drill(op, incident));
    return move_incident_by(op, incident, event,
                            arena_printf(op->arena, "by %.*s", STR_FMT(op->actor.name)), &taker);
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

enum err extend_incident(struct op *op, const void *input, void *output)
{
    (void)input;
    struct incident *incident = output;
    struct incident_taker taker = taker_of(op);
    TRY(load_to_change(op, incident));
    return extend_incident_by(op, incident,
                              arena_printf(op->arena, "by %.*s", STR_FMT(op->actor.name)), &taker);
}

enum err release_incident(struct op *op, const void *input, void *output)
{
    (void)input;
    struct incident *incident = output;
    struct incident_taker taker = taker_of(op);
    TRY(load_to_change(op, incident));
    return release_incident_by(op, incident,
                               arena_printf(op->arena, "by %.*s", STR_FMT(op->actor.name)), &taker);
}

static bool is_of_person(const struct policy_rules *rules, struct id person)
{
    for (int i = 0; i < rules->step_count; i++) {
        const struct policy_step *step = &rules->steps[i];
        for (int j = 0; j < step->target_count; j++) {
            const struct policy_target *target = &step->targets[j];
            bool is_theirs = target->kind == target_kind_PERSON ||
                             target->kind == target_kind_EMERGENCY_CONTACT ||
                             (target->kind == target_kind_USER && id_equal(target->id, person));
            if (!is_theirs) {
                return false;
            }
        }
    }
    return true;
}

/* Whoever has a person's own key wakes that person, not others: others are reached by the policy
 * that is in force where none is named, as whoever runs Tocsin wants it. */
static enum err may_begin(struct op *op, struct str policy)
{
    struct policy_in_force rules;
    if (op->actor.scope != key_scope_USER || !str_is_set(policy)) {
        return OK;
    }
    enum err err = policy_current(op, policy, &rules);
    if (err == OK && !str_equal(rules.name, STR("default")) &&
        !is_of_person(&rules.rules, op->actor.user)) {
        return op_fail(op, E_FORBIDDEN, "policy",
                       "this key opens incidents with the policy default, or with one that reaches "
                       "its person and their emergency contact alone");
    }
    return err == E_NOT_FOUND ? OK : err;
}

enum err create_incident(struct op *op, const void *input, void *output)
{
    const struct incident *given = input;
    struct incident *incident = output;
    struct incident_report report = {
        .kind = incident_kind_GENERIC,
        .title = given->title,
        .details = given->details,
        .severity = (enum severity)given->severity,
        .user = given->user_id,
        .policy = given->policy,
        .dedup_key = given->dedup_key,
        .escalates = given->escalate,
    };
    TRY(op_may_respond(op, given->user_id));
    TRY(may_begin(op, given->policy));
    bool joined = false;
    TRY(report_incident(op, &report, incident, &joined));
    op->is_known = joined;
    return op_may_respond(op, incident->user_id);
}

enum err get_incident(struct op *op, const void *input, void *output)
{
    (void)input;
    struct incident *incident = output;
    TRY(load(op, incident));
    return may_read(op, incident);
}

enum err list_steps(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct page_cut cut = {.record = &step_record, .limit = wanted->limit};
    struct incident incident = {0};
    struct step_list *out = output;
    TRY(op_cursor(op, wanted->cursor, &cut.after));
    TRY(load(op, &incident));
    TRY(may_read(op, &incident));
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
        .state = wanted->state,
        .severity = wanted->severity,
        .user = wanted->user_id,
        .dedup_key = wanted->dedup_key,
        .policy = wanted->policy,
        .limit = page_limit(wanted->limit) + 1,
    };
    if (op->actor.scope == key_scope_USER && !id_is_set(page.user)) {
        page.user = op->actor.user;
    }
    TRY(op_may_read(op, page.user));
    TRY(op_cursor(op, wanted->cursor, &page.before));
    if (incidents_page_is_long(&page) && op_goes_aside(op)) {
        return OK;
    }
    TRY(incidents_page(op->db, op->arena, &page, &out->incidents, &out->total));
    const struct incident *incidents = out->incidents.items;
    if (page_trim(op, &out->incidents, page.limit - 1)) {
        out->cursor = op_cursor_text(op, incidents[out->incidents.count - 1].id);
    }
    return OK;
}
