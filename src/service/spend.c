#include "service/spend.h"

#include "service/operator.h"
#include "store/providers.h"

enum { DAY_MS = 86400000, KEEP_DAYS = 2 };

/* Where a message is counted. */
struct spend_scopes {
    int64_t day;
    struct str person;   /* Absent where nobody is known. */
    struct str incident; /* Absent for what is about no incident. */
    struct str prefix;   /* Absent without a cap. */
};

static bool is_paid(enum channel channel)
{
    return channel == channel_SMS || channel == channel_WHATSAPP || channel == channel_CALL;
}

static struct spend_scopes scopes_of(struct op *op, const struct message_plan *plan,
                                     const struct prefix_cap *cap)
{
    struct spend_scopes scopes = {.day = instant_ms(op->now) / DAY_MS};
    if (id_is_set(plan->user)) {
        scopes.person = arena_printf(op->arena, "user:%lld", (long long)plan->user.value);
    }
    if (plan->subject_type == subject_type_INCIDENT) {
        scopes.incident = arena_printf(op->arena, "incident:%lld", (long long)plan->subject.value);
    }
    if (cap != NULL) {
        scopes.prefix = arena_printf(op->arena, "prefix:%s", cap->prefix.text);
    }
    return scopes;
}

static enum err count_in(struct op *op, int64_t day, struct str scope, int64_t *out)
{
    return str_is_set(scope) ? spend_counts_get(op->db, day, scope, out) : OK;
}

static enum err read_counts(struct op *op, const struct message_plan *plan,
                            const struct spend_scopes *scopes, struct spend_counts *out)
{
    int64_t before = 0;
    bool has_subject = id_is_set(plan->subject) && plan->target != message_target_OPERATOR &&
                       plan->target != message_target_CALLEE;
    if (has_subject) {
        TRY(messages_paid_of_subject(op->db, plan->subject, &before));
    }
    out->is_first = has_subject && before == 0;
    TRY(count_in(op, scopes->day, STR("day"), &out->day));
    TRY(count_in(op, scopes->day, scopes->person, &out->person));
    TRY(count_in(op, 0, scopes->incident, &out->incident));
    return count_in(op, scopes->day, scopes->prefix, &out->prefix);
}

static enum err add_to(struct op *op, int64_t day, struct str scope)
{
    return str_is_set(scope) ? spend_counts_add(op->db, day, scope) : OK;
}

static enum err add_counts(struct op *op, const struct spend_scopes *scopes,
                           const struct spend_counts *counts)
{
    if (counts->day == 0) {
        TRY(spend_counts_forget(op->db, scopes->day - KEEP_DAYS));
    }
    TRY(add_to(op, scopes->day, STR("day")));
    TRY(add_to(op, scopes->day, scopes->person));
    TRY(add_to(op, 0, scopes->incident));
    return add_to(op, scopes->day, scopes->prefix);
}

static enum err tell_blocked(struct op *op, const struct message_plan *plan, const char *reason)
{
    char masked[MASKED_MAX];
    struct str to = mask_phone(plan->recipient, masked);
    struct operator_note note = {
        .key = arena_printf(op->arena, "spend:%s:%lld", reason,
                            (long long)(instant_ms(op->now) / DAY_MS)),
        .title = STR("messages are held back by the spend guard"),
        .text = arena_printf(op->arena,
                             "A message to %.*s did not go: %s. Later ones of today may not go "
                             "either, which is not told again. The limits are the settings "
                             "SPEND_MAX_PER_DAY, SPEND_MAX_PER_PERSON_PER_DAY, "
                             "SPEND_MAX_PER_INCIDENT, SPEND_PREFIX_CAPS and BLOCKED_PREFIXES.",
                             STR_FMT(to), reason),
        .words = text_key_OPERATOR_SPEND_CAP,
        .error = str_from(reason),
    };
    TRY(op_audit(op, (struct audit_entry){.action = "SPEND_BLOCKED",
                                          .subject_type = plan->subject_type,
                                          .subject = plan->subject,
                                          .user = plan->user,
                                          .reason = str_from(reason)}));
    return operator_tell(op, &note);
}

enum err spend_allows(struct op *op, const struct message_plan *plan, const char **reason)
{
    const struct spend_rules *rules = &op->site->delivery.spend;
    *reason = NULL;
    if (!is_paid(plan->channel)) {
        return OK;
    }
    if (spend_is_blocked(rules, plan->recipient)) {
        *reason = "blocked_prefix";
        return tell_blocked(op, plan, *reason);
    }
    if (!spend_has_caps(rules) || plan->target == message_target_OPERATOR) {
        return OK;
    }
    const struct prefix_cap *cap = spend_prefix_cap(rules, plan->recipient);
    struct spend_scopes scopes = scopes_of(op, plan, cap);
    struct spend_counts counts = {0};
    TRY(read_counts(op, plan, &scopes, &counts));
    *reason = spend_decide(rules, cap, &counts);
    return *reason != NULL ? tell_blocked(op, plan, *reason) : add_counts(op, &scopes, &counts);
}

enum err show_incident_cost(struct op *op, const void *input, void *output)
{
    (void)input;
    struct incident_cost *out = output;
    struct incident incident = {0};
    TRY(op_not_found(op, db_get(op->db, TABLE_incidents, op->path_id, op->arena, &incident),
                     "incident"));
    TRY(op_may_read(op, incident.user_id));
    return messages_costs(op->db, op->arena, op->path_id, &out->costs);
}
