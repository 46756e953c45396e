#include "service/call_endings.h"
#include "service/engine.h"
#include "service/queue.h"
#include "store/queue.h"
#include "store/series.h"

/* In one operation: some 30 ms, after which others have their turn. */
enum { DRAINED_AT_ONCE = 400 };

static enum err is_over(struct op *op, struct queue_state *state)
{
    state->drained_until = ID_NONE;
    op->writer->queue.drained_until = ID_NONE;
    op_log(op, LOG_INFO, LOG_QUEUE, "the scheduled calls are drained");
    return queue_states_put(op->db, op->arena, state);
}

/* The timer DRAIN. */
enum err drain_calls(struct op *op, struct timer *timer)
{
    static const struct call_ending ending = {.why = "queue_drained"};
    struct queue_state state = {0};
    struct id items[DRAINED_AT_ONCE];
    struct call_ids calls = {.items = items, .max = DRAINED_AT_ONCE};
    TRY(queue_states_get(op->db, op->arena, timer_kind_SCHEDULED_CALL, &state));
    if (!id_is_set(state.drained_until)) {
        return OK; /* Drained twice at a time: the other timer has done it all. */
    }
    TRY(drain_waiting(op->db, state.drained_until, &calls));
    for (size_t i = 0; i < calls.count; i++) {
        TRY(scheduled_call_end_by_id(op, items[i], &ending));
    }
    if (calls.count > 0) {
        timer_run_again(op, timer, op->now);
        return OK;
    }
    return is_over(op, &state);
}
