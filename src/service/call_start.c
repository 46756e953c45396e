#include "service/call_start.h"

#include "service/call_outcomes.h"
#include "service/callable.h"
#include "service/engine.h"
#include "service/occurrences.h"
#include "service/pacer.h"
#include "service/scheduled_calls.h"
#include "service/spend.h"
#include "store/call_runs.h"

enum err call_in_hand(struct op *op, struct id id, struct scheduled_call **out)
{
    if (op->call == NULL || !id_equal(op->call->id, id)) {
        struct scheduled_call *call = ARENA_NEW(op->arena, struct scheduled_call);
        TRY(scheduled_calls_get(op->db, op->arena, id, call));
        op->call = call;
    }
    *out = op->call;
    return OK;
}

/* Whether the row still waits, and its time has come: it may have been moved since. */
static bool is_due(const struct op *op, const struct scheduled_call *call)
{
    bool is_first = call->status == call_status_pending;
    bool waits =
        is_first || (call->status == call_status_processing && instant_is_set(call->next_run));
    struct instant due_at = is_first ? call->scheduled_for : call->next_run;
    return waits && instant_ms(due_at) <= instant_ms(op->now);
}

/* A pause of this very batch, before the pacer could hear of it, and what is being cancelled in
 * portions. */
static enum err is_paused(struct op *op, const struct scheduled_call *call, bool *is_cancelled,
                          bool *out)
{
    const struct queue_memory *queue = &op->writer->queue;
    struct campaign campaign = {.state = campaign_state_ACTIVE};
    if (id_is_set(call->campaign_id)) {
        TRY(db_get(op->db, TABLE_campaigns, call->campaign_id, op->arena, &campaign));
    }
    *is_cancelled = campaign.state == campaign_state_CANCELLED ||
                    queue_is_drained(queue, scheduled_call_since(call));
    *out = queue_is_paused(queue, timer_kind_SCHEDULED_CALL) ||
           campaign.state == campaign_state_PAUSED;
    return OK;
}

static struct message_plan plan_of(const struct scheduled_call *call, const struct agent *agent)
{
    bool is_first = call->status == call_status_pending;
    return (struct message_plan){
        .subject_type = subject_type_SCHEDULED_CALL,
        .subject = call->id,
        .step = call->id,
        .target = message_target_CALLEE,
        .channel = channel_CALL,
        .recipient = call->phone,
        .from_number = agent->from_number,
        .language = agent->language,
        .due_at = is_first ? call->scheduled_for : call->next_run,
        /* Whatever its priority among calls: those about incidents and meetings go before it. */
        .priority = PRIORITY_LOW,
        .attempt = 1,
    };
}

/* Messages are numbered over all attempts; one attempt may have taken several. */
static enum err number_message(struct op *op, const struct scheduled_call *call,
                               struct message_plan *plan)
{
    struct message last = {0};
    if (!id_is_set(call->message_id)) {
        return OK;
    }
    TRY(db_get(op->db, TABLE_messages, call->message_id, op->arena, &last));
    plan->attempt = last.attempt + 1;
    return OK;
}

/* It fell due while nobody was there. */
static bool is_late(const struct op *op, const struct scheduled_call *call)
{
    int64_t since_ms = atomic_load(&op->site->stats->taking_changes_since_ms);
    return call->status == call_status_pending && instant_ms(call->scheduled_for) < since_ms;
}

/* It has not begun in time, and would not at this instant. What hours move is not late by that
 * alone, but what was late already becomes later. */
static bool is_expired(const struct op *op, const struct scheduled_call *call, struct instant at)
{
    struct duration limit = op->site->lateness_limit;
    bool is_over = instant_is_set(call->expires_at) && instant_before(call->expires_at, at);
    bool counts = call->status == call_status_pending && limit.us > 0 &&
                  (call->is_late || at.us == op->now.us);
    return is_over || (counts && instant_since(at, call->scheduled_for).us > limit.us);
}

static enum err begin(struct op *op, struct scheduled_call *call, const struct agent *agent,
                      const struct message_plan *plan)
{
    struct scheduled_call before = *call;
    op_decided(op);
    TRY(message_queue(op, plan, &call->message_id));
    call->status = call_status_processing;
    call->attempt++;
    call->agent_version = agent->version;
    call->processed_at = instant_is_set(call->processed_at) ? call->processed_at : op->now;
    call->next_run = INSTANT_NONE;
    call->updated_at = op->now;
    TRY(call_runs_begin(op->db, call));
    if (before.status == call_status_pending) {
        call_counts_move(op, call, call_status_pending);
    }
    pace_count_active(op, 1);
    op->writer->has_begun_call = true;
    return scheduled_call_audit(
        op, &(struct call_change){.action = "CALL_STARTED",
                                  .before = &before,
                                  .after = call,
                                  .reason = call->is_late ? STR("late") : STR_NONE});
}

/* What the agent's words ask for now may be more than they did when the call was checked. A call is
 * not made with holes in its words, nor with words that somebody has replaced. */
static enum err begin_or_not(struct op *op, struct scheduled_call *call)
{
    const struct agent *agent = NULL;
    const char *too_dear = NULL;
    struct str missing = STR_NONE;
    TRY(agent_in_force(op, call->agent_id, &agent));
    TRY(agent_find_missing(op, agent, call->metadata, &missing));
    if (str_is_set(missing)) {
        return call_give_up(op, call, STR("missing_metadata"));
    }
    struct message_plan plan = plan_of(call, agent);
    TRY(number_message(op, call, &plan));
    TRY(spend_allows(op, &plan, &too_dear));
    return too_dear == NULL ? begin(op, call, agent, &plan) : call_too_dear(op, call, too_dear);
}

static enum err begin_if_allowed(struct op *op, struct scheduled_call *call)
{
    struct call_permission permission = {0};
    call->is_late = call->is_late || is_late(op, call);
    if (is_expired(op, call, op->now)) {
        return call_give_up(op, call, STR("expired"));
    }
    TRY(callable_ask(op, call, op->now, &permission));
    /* The spend guard knows blocked prefixes, too, and tells the operator. */
    if (permission.bar == CALL_MAY || permission.bar == CALL_BLOCKED_PREFIX) {
        return begin_or_not(op, call);
    }
    if (permission.bar != CALL_OUTSIDE_HOURS) {
        return call_give_up(op, call, str_from(permission.reason));
    }
    return is_expired(op, call, permission.opening.at)
               ? call_give_up(op, call, STR("expired"))
               : call_wait_for(op, call, &permission.opening);
}

static enum err start(struct op *op, struct scheduled_call *call)
{
    static const struct call_ending gone = {.why = "person_removed"};
    bool must_wait = false;
    bool is_cancelled = false;
    TRY(is_paused(op, call, &is_cancelled, &must_wait));
    if (is_cancelled) {
        return OK; /* Whoever cancels them goes through the calls. */
    }
    TRY(scheduled_call_owner_is_gone(op, call->user_id, &is_cancelled));
    if (is_cancelled) {
        return scheduled_call_end_waiting(op, call, &gone);
    }
    if (must_wait) {
        return scheduled_call_arm(op, call);
    }
    if (!op->site->features.call) {
        return call_give_up(op, call, STR("channel_disabled"));
    }
    return begin_if_allowed(op, call);
}

enum err start_scheduled_call(struct op *op, struct timer *timer)
{
    struct scheduled_call *call = NULL;
    enum err err = call_in_hand(op, timer->subject_id, &call);
    if (err == E_NOT_FOUND || (err == OK && !is_due(op, call))) {
        return OK;
    }
    /* What damage there is shows before anything is written. */
    err = err == OK ? start(op, call) : err;
    return call_err_is_damage(err) ? call_is_unreadable(op, timer->subject_id) : err;
}
