#include "service/call_endings.h"
#include "service/campaigns.h"
#include "service/engine.h"

/* In one operation: about 30 ms, after which others have their turn. */
enum { CANCELLED_AT_ONCE = 400 };

enum err walk_campaign(struct op *op, struct timer *timer)
{
    static const struct call_ending ending = {.why = "campaign_cancelled"};
    struct campaign campaign = {0};
    struct id calls[CANCELLED_AT_ONCE];
    size_t count = 0;
    TRY(campaigns_get(op->db, op->arena, timer->subject_id, &campaign));
    struct campaign_walk walk = {campaign.id, campaign.walked_to, CANCELLED_AT_ONCE};
    TRY(campaign_calls_open(op->db, &walk, calls, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(scheduled_call_end_by_id(op, calls[i], &ending));
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
