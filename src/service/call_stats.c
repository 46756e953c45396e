#include "service/call_counts.h"
#include "service/call_outcomes.h"
#include "service/pacer.h"
#include "store/call_counts.h"
#include "store/call_runs.h"
#include "store/queue.h"

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

/* What the executor has in memory; until it has looked, at a start, what the rows say. */
static enum err read_held(struct op *op, const struct call_tally *tally, struct pacer_counts *out)
{
    struct stats *now = op->site->stats;
    struct queue_due due = {0};
    int64_t retrying = 0;
    bool is_paused = (atomic_load(&now->kinds_paused) >> timer_kind_SCHEDULED_CALL & 1) != 0;
    int64_t not_seen = atomic_load(&now->calls_due);
    *out = (struct pacer_counts){.waiting = atomic_load(&now->calls_waiting),
                                 .paused = atomic_load(&now->calls_paused),
                                 .active = atomic_load(&now->calls_active),
                                 .again = atomic_load(&now->calls_again)};
    if (op->writer == NULL && atomic_load(&now->taking_changes_since_ms) == 0) {
        TRY(queue_due_of(op->db, timer_kind_SCHEDULED_CALL, op->now, &due));
        TRY(call_runs_waiting(op->db, &retrying));
        out->active = tally->processing - retrying;
        not_seen = due.count;
    }
    *(is_paused ? &out->paused : &out->waiting) += not_seen;
    return OK;
}

enum err show_call_stats(struct op *op, const void *input, void *output)
{
    (void)input;
    struct call_stats *out = output;
    struct pacer_counts now = {0};
    struct call_tally tally = {0};
    struct queue_state base = {0};
    TRY(op_may_read(op, ID_NONE));
    TRY(call_counts_now(op, &tally));
    TRY(read_base(op, &base));
    TRY(read_held(op, &tally, &now));
    /* What the executor has in memory is a commit ahead of what this reader sees, or behind. */
    int64_t held = now.waiting + now.paused;
    *out = (struct call_stats){
        .total = tally.total,
        .pending = tally.pending,
        .processing = tally.processing,
        .completed = tally.completed,
        .failed = tally.failed,
        .cancelled = tally.cancelled,
        .upcoming = at_least_0(tally.pending - (held - now.again)),
        .waiting = now.waiting,
        .paused = now.paused,
        .active = now.active,
        .queue_completed = at_least_0(tally.completed - base.completed_base),
        .queue_failed = at_least_0(tally.failed - base.failed_base),
        .delayed = at_least_0(tally.pending + tally.processing - now.active - held),
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
