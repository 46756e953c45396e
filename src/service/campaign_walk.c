#include "service/call_outcomes.h"
#include "service/campaigns.h"
#include "service/engine.h"
#include "service/scheduled_calls.h"

/* In one operation: about 30 ms, after which others have their turn. */
enum { CANCELLED_AT_ONCE = 400 };

/* A call under way goes on to its end, and is not tried again (service/call_outcomes); one that
 * waits for its next attempt is given up. */
static enum err end_call(struct op *op, struct id id)
{
    struct scheduled_call *call = ARENA_NEW(op->arena, struct scheduled_call);
    struct id next = ID_NONE;
    enum err err = scheduled_calls_get(op->db, op->arena, id, call);
    if (err == E_CORRUPT) {
        op_log(op, LOG_ERROR, LOG_QUEUE, "a call of a cancelled campaign cannot be read");
        return OK;
    }
    TRY(err);
    if (call->status == call_status_pending) {
        return scheduled_call_end_pending(op, call, false, &next);
    }
    return instant_is_set(call->next_run) ? call_give_up(op, call, STR("campaign_cancelled")) : OK;
}

enum err walk_campaign(struct op *op, struct timer *timer)
{
    struct campaign campaign = {0};
    struct id calls[CANCELLED_AT_ONCE];
    size_t count = 0;
    TRY(campaigns_get(op->db, op->arena, timer->subject_id, &campaign));
    struct campaign_walk walk = {campaign.id, campaign.walked_to, CANCELLED_AT_ONCE};
    TRY(campaign_calls_open(op->db, &walk, calls, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(end_call(op, calls[i]));
    }
    if (count > 0) {
        campaign.walked_to = calls[count - 1];
        TRY(campaigns_change(op->db, op->arena, &campaign));
    }
    if (count == CANCELLED_AT_ONCE) {
        timer_run_again(op, timer, op->now);
        return OK;
    }
    op_log(op, LOG_INFO, LOG_QUEUE, "the calls of a cancelled campaign are cancelled");
    return OK;
}
