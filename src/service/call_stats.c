#include "service/call_counts.h"
#include "service/call_outcomes.h"
#include "store/call_counts.h"

/* What was counted when the queue was last cleaned. */
static enum err read_base(struct op *op, struct queue_state *out)
{
    enum err err = call_queue_state(op->db, op->arena, out);
    return err == E_NOT_FOUND ? OK : err;
}

static int64_t at_least_0(int64_t number)
{
    return number > 0 ? number : 0;
}

enum err show_call_stats(struct op *op, const void *input, void *output)
{
    (void)input;
    struct call_stats *out = output;
    struct stats *now = op->site->stats;
    struct call_tally tally = {0};
    struct queue_state base = {0};
    TRY(op_may_read(op, ID_NONE));
    TRY(call_counts_now(op, &tally));
    TRY(read_base(op, &base));
    /* What the executor has in memory is a commit ahead of what this reader sees, or behind. */
    bool is_paused = (atomic_load(&now->kinds_paused) >> timer_kind_SCHEDULED_CALL & 1) != 0;
    int64_t due = atomic_load(&now->calls_due);
    int64_t waiting = atomic_load(&now->calls_waiting) + (is_paused ? 0 : due);
    int64_t paused = atomic_load(&now->calls_paused) + (is_paused ? due : 0);
    int64_t held = waiting + paused;
    int64_t active = atomic_load(&now->calls_active);
    *out = (struct call_stats){
        .total = tally.total,
        .pending = tally.pending,
        .processing = tally.processing,
        .completed = tally.completed,
        .failed = tally.failed,
        .cancelled = tally.cancelled,
        .upcoming = at_least_0(tally.pending - (held - atomic_load(&now->calls_again))),
        .waiting = waiting,
        .paused = paused,
        .active = active,
        .queue_completed = at_least_0(tally.completed - base.completed_base),
        .queue_failed = at_least_0(tally.failed - base.failed_base),
        .delayed = at_least_0(tally.pending + tally.processing - active - held),
    };
    out->queue_total = out->waiting + out->active + out->queue_completed + out->queue_failed +
                       out->delayed + out->paused;
    return OK;
}

enum err show_call_retries(struct op *op, const void *input, void *output)
{
    (void)input;
    struct call_retries *out = output;
    struct list counts = {0};
    TRY(op_may_read(op, ID_NONE));
    TRY(call_counts_outcomes(op->db, op->arena, &counts));
    struct call_attempts *rows = ARENA_NEW_ARRAY(op->arena, struct call_attempts, counts.count + 1);
    const struct call_count *items = counts.items;
    for (size_t i = 0; i < counts.count; i++) {
        rows[i] = (struct call_attempts){.attempt = items[i].scope_id, .count = items[i].count};
        TRY(enum_parse(&call_outcome_names, items[i].status, &rows[i].outcome));
        out->attempts += items[i].count;
        out->answered += rows[i].outcome == call_outcome_answered ? items[i].count : 0;
    }
    out->rows = (struct list){rows, counts.count};
    return OK;
}
