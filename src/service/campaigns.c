#include "service/campaigns.h"

#include "service/engine.h"
#include "service/events.h"
#include "service/pacer.h"
#include "service/scheduled_calls.h"

static enum err no_such_campaign(struct op *op, enum err err)
{
    return op_not_found(op, err, "campaign");
}

static enum err may_change(struct op *op, const struct campaign *campaign)
{
    return op_may_change(op, scheduled_call_person(op, campaign->user_id));
}

enum err campaign_for_calls(struct op *op, struct id id, struct campaign *out)
{
    enum err err = campaigns_get(op->db, op->arena, id, out);
    if (err == E_NOT_FOUND) {
        return op_fail(op, E_NOT_FOUND, "campaignId", "there is no such campaign");
    }
    TRY(err);
    TRY(may_change(op, out));
    return out->state == campaign_state_CANCELLED
               ? op_fail(op, E_CONFLICT, "campaignId", "the campaign was cancelled")
               : OK;
}

static enum err check_agent(struct op *op, struct id id)
{
    const struct agent *agent = NULL;
    return id_is_set(id) ? call_memory_agent(op, call_memory_new(op->arena, 1), id, &agent) : OK;
}

/* What a person's own key makes is theirs. */
static enum err check_owner(struct op *op, struct campaign *campaign)
{
    if (op->actor.scope == key_scope_USER && !str_is_set(campaign->user_id)) {
        campaign->user_id = op_id_text(op, op->actor.user);
    }
    return may_change(op, campaign);
}

enum err campaign_check_new(struct op *op, struct campaign *campaign)
{
    TRY(check_owner(op, campaign));
    return check_agent(op, campaign->agent_id);
}

static enum err audit(struct op *op, const char *action, const struct campaign *before,
                      const struct campaign *after)
{
    struct audit_entry entry = {
        .action = action,
        .subject_type = subject_type_CAMPAIGN,
        .subject = after->id,
        .user = scheduled_call_person(op, after->user_id),
        .after = op_record_text(op, &campaign_record, after),
    };
    if (before != NULL) {
        entry.before = op_record_text(op, &campaign_record, before);
    }
    return op_audit(op, entry);
}

static enum err tell(struct op *op, const struct campaign *campaign)
{
    return event_tell(op, &(struct event_facts){
                              .kind = event_kind_CAMPAIGN_CHANGED,
                              .subject_type = subject_type_CAMPAIGN,
                              .subject = campaign->id,
                              .user = scheduled_call_person(op, campaign->user_id),
                              .data = op_record_text(op, &campaign_record, campaign),
                          });
}

enum err campaign_extend(struct op *op, const struct campaign *campaign)
{
    return campaigns_change(op->db, op->arena, campaign);
}

enum err campaign_reach(struct op *op, struct id id, struct instant at)
{
    struct campaign campaign = {0};
    if (!id_is_set(id)) {
        return OK;
    }
    TRY(campaigns_get(op->db, op->arena, id, &campaign));
    bool is_first = !instant_is_set(campaign.first_at) || instant_before(at, campaign.first_at);
    bool is_last = !instant_is_set(campaign.last_at) || instant_before(campaign.last_at, at);
    if (!is_first && !is_last) {
        return OK;
    }
    campaign.first_at = is_first ? at : campaign.first_at;
    campaign.last_at = is_last ? at : campaign.last_at;
    return campaigns_change(op->db, op->arena, &campaign);
}

static enum err count(struct op *op, struct campaign *campaign)
{
    struct call_tally *tally = ARENA_NEW(op->arena, struct call_tally);
    TRY(call_counts_read(op->db, count_scope_CAMPAIGN, campaign->id.value, tally));
    int64_t over = tally->completed + tally->failed + tally->cancelled;
    campaign->progress = tally;
    campaign->percent = tally->total == 0 ? 0 : over * 100 / tally->total;
    return OK;
}

/* Fills in what is shown and not stored. */
static enum err show(struct op *op, struct campaign *campaign)
{
    TRY(count(op, campaign));
    return campaign_foresee(op, campaign);
}

enum err campaign_add(struct op *op, struct campaign *campaign)
{
    campaign->id = op_new_id(op);
    campaign->state = campaign_state_ACTIVE;
    campaign->created_at = campaign->updated_at = op->now;
    campaign->created_by = op->actor.name;
    TRY(campaigns_add(op->db, op->arena, campaign));
    TRY(show(op, campaign));
    TRY(audit(op, "CAMPAIGN_CREATED", NULL, campaign));
    return tell(op, campaign);
}

enum err create_campaign(struct op *op, const void *input, void *output)
{
    struct campaign *campaign = output;
    *campaign = *(const struct campaign *)input;
    TRY(campaign_check_new(op, campaign));
    return campaign_add(op, campaign);
}

enum err list_campaigns(struct op *op, const void *input, void *output)
{
    const struct campaign_list_input *wanted = input;
    struct campaign_list *out = output;
    struct campaign_page page = {.user = wanted->user_id, .limit = page_limit(wanted->limit) + 1};
    if (op->actor.scope == key_scope_USER && !str_is_set(page.user)) {
        page.user = op_id_text(op, op->actor.user);
    }
    TRY(op_may_read(op, scheduled_call_person(op, page.user)));
    TRY(op_cursor(op, wanted->cursor, &page.before));
    TRY(campaigns_page(op->db, op->arena, &page, &out->campaigns));
    TRY(campaigns_count(op->db, page.user, &out->total));
    bool has_more = page_trim(op, &out->campaigns, page.limit - 1);
    const struct campaign *rows = out->campaigns.items;
    struct campaign *shown = ARENA_NEW_ARRAY(op->arena, struct campaign, out->campaigns.count + 1);
    bool is_long = false;
    for (size_t i = 0; i < out->campaigns.count; i++) {
        shown[i] = rows[i];
        TRY(count(op, &shown[i]));
        is_long = is_long || campaign_is_long(&shown[i]);
    }
    if (is_long && op_goes_aside(op)) {
        return OK;
    }
    for (size_t i = 0; i < out->campaigns.count; i++) {
        TRY(campaign_foresee(op, &shown[i]));
    }
    out->campaigns.items = shown;
    if (has_more) {
        out->cursor = op_cursor_text(op, shown[out->campaigns.count - 1].id);
    }
    return OK;
}

enum err get_campaign(struct op *op, const void *input, void *output)
{
    struct campaign *campaign = output;
    (void)input;
    TRY(no_such_campaign(op, campaigns_get(op->db, op->arena, op->path_id, campaign)));
    TRY(op_may_read(op, scheduled_call_person(op, campaign->user_id)));
    TRY(count(op, campaign));
    return campaign_is_long(campaign) && op_goes_aside(op) ? OK : campaign_foresee(op, campaign);
}

static enum err load_for_change(struct op *op, struct campaign *out)
{
    TRY(no_such_campaign(op, campaigns_get(op->db, op->arena, op->path_id, out)));
    return may_change(op, out);
}

static enum err keep(struct op *op, const char *action, struct campaign *before,
                     struct campaign *after)
{
    after->updated_at = op->now;
    TRY(campaigns_change(op->db, op->arena, after));
    TRY(show(op, before));
    TRY(show(op, after));
    pace_changed(op, after->id);
    TRY(audit(op, action, before, after));
    return tell(op, after);
}

enum err change_campaign(struct op *op, const void *input, void *output)
{
    struct campaign *campaign = output;
    struct campaign before = {0};
    TRY(load_for_change(op, &before));
    *campaign = before;
    record_merge(&campaign_record, op->given, input, campaign);
    TRY(check_owner(op, campaign));
    if (!id_equal(campaign->agent_id, before.agent_id)) {
        TRY(check_agent(op, campaign->agent_id));
    }
    return keep(op, "CAMPAIGN_CHANGED", &before, campaign);
}

/* One state follows another; the row says so before anything else happens. */
struct campaign_step {
    unsigned from; /* Bits of states. */
    enum campaign_state to;
    const char *action;
    const char *refusal;
};

static enum err take_step(struct op *op, const struct campaign_step *step, struct campaign *out)
{
    struct campaign before = {0};
    TRY(load_for_change(op, &before));
    if ((step->from >> before.state & 1) == 0) {
        return op_fail(op, E_CONFLICT, NULL, "%s; this one is %s", step->refusal,
                       enum_name(&campaign_state_names, before.state));
    }
    *out = before;
    out->state = (int)step->to;
    out->cancelled_at = step->to == campaign_state_CANCELLED ? op->now : INSTANT_NONE;
    return keep(op, step->action, &before, out);
}

enum err pause_campaign(struct op *op, const void *input, void *output)
{
    static const struct campaign_step step = {1u << campaign_state_ACTIVE, campaign_state_PAUSED,
                                              "CAMPAIGN_PAUSED",
                                              "only an active campaign can be paused"};
    (void)input;
    return take_step(op, &step, output);
}

enum err resume_campaign(struct op *op, const void *input, void *output)
{
    static const struct campaign_step step = {1u << campaign_state_PAUSED, campaign_state_ACTIVE,
                                              "CAMPAIGN_RESUMED",
                                              "only a paused campaign can be resumed"};
    (void)input;
    return take_step(op, &step, output);
}

enum err cancel_campaign(struct op *op, const void *input, void *output)
{
    static const struct campaign_step step = {
        1u << campaign_state_ACTIVE | 1u << campaign_state_PAUSED, campaign_state_CANCELLED,
        "CAMPAIGN_CANCELLED", "a campaign is cancelled once"};
    struct campaign *campaign = output;
    (void)input;
    TRY(take_step(op, &step, campaign));
    return timer_arm(op, (struct timer_request){.kind = timer_kind_CAMPAIGN,
                                                .subject = campaign->id,
                                                .due_at = op->now,
                                                .priority = PRIORITY_HIGH});
}
