#include "service/bulk.h"

#include "base/buf.h"
#include "service/events.h"

enum { ROWS_BETWEEN_RESETS = 64 };

static enum err make_plan(struct op *op, const void *input, void *output)
{
    return bulk_plan_make(op, input, output);
}

/* Ten thousand looks at one moment cost less than each at its own. */
enum err prepare_bulk(struct op *op, const void *input, const void **out)
{
    struct bulk_plan *plan = ARENA_NEW(op->arena, struct bulk_plan);
    *out = plan;
    return op_read(op, make_plan, input, plan);
}

/* Between the plan and now an agent may have got another script, or be gone. */
static enum err agents_are_the_same(struct op *op, const struct bulk_plan *plan, bool *out)
{
    const struct call_memory *memory = plan->memory;
    *out = true;
    for (size_t i = 0; i < memory->agent_places && *out; i++) {
        const struct remembered_agent *known = &memory->agents[i];
        const struct agent *agent = NULL;
        if (known->agent == NULL) {
            continue;
        }
        TRY(agent_in_force(op, known->id, &agent));
        *out = agent->version == known->agent->version && !instant_is_set(agent->archived_at);
    }
    return OK;
}

/* The plan as the request's preparation made it, or made anew where something changed since. */
static enum err plan_of(struct op *op, const struct bulk_input *input, struct bulk_plan *out)
{
    bool is_valid = false;
    if (op->prepared != NULL) {
        *out = *(const struct bulk_plan *)op->prepared;
        TRY(agents_are_the_same(op, out, &is_valid));
    }
    if (is_valid && id_is_set(out->campaign.id)) {
        TRY(campaign_for_calls(op, out->campaign.id, &out->campaign));
    }
    return is_valid ? OK : bulk_plan_make(op, input, out);
}

void bulk_add_line(struct buf *text, const struct scheduled_call *call)
{
    static const char digits[] = "0123456789abcdef";
    buf_add_int(text, call->id.value);
    buf_add_byte(text, ',');
    for (size_t i = 0; i < call->phone_hash.len; i++) {
        unsigned char byte = (unsigned char)call->phone_hash.ptr[i];
        buf_add_byte(text, digits[byte >> 4]);
        buf_add_byte(text, digits[byte & 15]);
    }
    buf_add_byte(text, ',');
    buf_add_int(text, call->agent_id.value);
    buf_add_byte(text, ',');
    buf_add(text, call->user_id);
    buf_add_byte(text, ',');
    buf_add_int(text, instant_ms(call->scheduled_for));
    buf_add_byte(text, ',');
    buf_add_int(text, call->priority);
    buf_add_byte(text, '\n');
}

/* What was written, for the audit event. */
struct written {
    struct buf digest;
    struct id first;
    struct id last;
};

static enum err write_call(struct op *op, struct bulk_plan *plan, size_t at,
                           struct written *written)
{
    struct scheduled_call *call = &plan->calls[at];
    struct bulk_item *item = &plan->items[at];
    call->campaign_id = plan->campaign.id;
    TRY(scheduled_call_insert(op, call));
    bulk_add_line(&written->digest, call);
    written->first = id_is_set(written->first) ? written->first : call->id;
    written->last = call->id;
    item->success = true;
    item->id = call->id;
    item->scheduled_for = call->scheduled_for;
    return OK;
}

/* Each row's sealed columns are needed until it is written: a piece of memory of their own, used
 * again and again. */
static enum err write_calls(struct op *op, struct bulk_plan *plan, struct written *written)
{
    struct arena *kept = op->arena;
    struct arena *rows = arena_new();
    enum err err = OK;
    op->arena = rows;
    for (size_t i = 0; i < plan->count && err == OK; i++) {
        if (plan->items[i].error == NULL) {
            err = write_call(op, plan, i, written);
        }
        if (i % ROWS_BETWEEN_RESETS == 0) {
            arena_reset(rows);
        }
    }
    op->arena = kept;
    arena_free(&rows);
    return err;
}

static enum err audit_calls(struct op *op, const struct bulk_plan *plan, struct written *written)
{
    uint8_t digest[SHA256_BYTES];
    struct bulk_facts facts = {.count = (int64_t)(plan->count - plan->wrong),
                               .first_id = written->first,
                               .last_id = written->last,
                               .campaign_id = plan->campaign.id};
    sha256(buf_str(&written->digest), digest);
    facts.sha256 = hex_text(op->arena, digest, sizeof digest);
    bool has_campaign = id_is_set(plan->campaign.id);
    return op_audit(
        op, (struct audit_entry){
                .action = "CALLS_SCHEDULED",
                .subject_type = has_campaign ? subject_type_CAMPAIGN : subject_type_SCHEDULED_CALL,
                .subject = has_campaign ? plan->campaign.id : written->first,
                .user = op->actor.user,
                .after = op_record_text(op, &bulk_facts_record, &facts),
            });
}

static void span_of(const struct bulk_plan *plan, struct campaign *campaign)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct instant at = plan->calls[i].scheduled_for;
        bool is_first = plan->items[i].error == NULL && !instant_is_set(campaign->first_at);
        if (plan->items[i].error != NULL) {
            continue;
        }
        campaign->first_at = is_first ? at : instant_min(campaign->first_at, at);
        campaign->last_at = is_first ? at : instant_max(campaign->last_at, at);
    }
}

static enum err write_campaign(struct op *op, struct bulk_plan *plan)
{
    struct campaign *campaign = &plan->campaign;
    if (!str_is_set(campaign->name)) {
        return OK;
    }
    span_of(plan, campaign);
    return id_is_set(campaign->id) ? campaign_extend(op, campaign) : campaign_add(op, campaign);
}

enum err schedule_calls(struct op *op, const void *input, void *output)
{
    struct bulk_result *out = output;
    struct bulk_plan plan = {0};
    struct written written = {.digest = {.arena = op->arena}};
    TRY(plan_of(op, input, &plan));
    if (plan.wrong < plan.count) {
        op_decided(op);
        TRY(write_campaign(op, &plan));
        TRY(write_calls(op, &plan, &written));
        TRY(audit_calls(op, &plan, &written));
    }
    op->is_known = plan.wrong == plan.count; /* Nothing was created. */
    *out = (struct bulk_result){.scheduled = (int64_t)(plan.count - plan.wrong),
                                .refused = (int64_t)plan.wrong,
                                .campaign_id = plan.campaign.id,
                                .results = {plan.items, plan.count}};
    return OK;
}
