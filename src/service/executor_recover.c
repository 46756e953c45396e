#include "service/executor_internal.h"

#include "service/dispatches.h"
#include "service/queue.h"
#include "store/events.h"

void executor_expect_timer(struct executor *executor, const struct waiting_timer *timer)
{
    due_heap_push(&executor->timers, (struct due_entry){.due_ms = instant_ms(timer->due_at),
                                                        .id = timer->key.id.value,
                                                        .priority = timer->priority,
                                                        .tag = timer->kind});
}

static void take_waiting(void *context, const struct waiting_timer *timer)
{
    executor_expect_timer(context, timer);
}

/* All that waits, or, among other nodes, what of it is in the shards of this one. */
static enum err recover_work(struct executor *executor, struct op *op, uint64_t shards)
{
    if (executor->cluster != NULL) {
        return executor_take_shards(executor, op, shards);
    }
    TRY(timers_each_waiting(executor->db, executor, take_waiting));
    TRY(courier_recover(executor->courier, op));
    return pacer_recover(executor->pacer, op);
}

static enum err recover_rows(struct executor *executor, struct op *op)
{
    struct cluster_news news = {0};
    due_heap_clear(&executor->timers);
    queue_gate_free(&executor->gate);
    writer_forget(&executor->writer);
    TRY(executor_enter(executor, op, &news));
    if (executor->cluster != NULL && !cluster_sends(executor->cluster)) {
        executor_stop_sending(executor);
    }
    TRY(writer_begin(&executor->writer, executor->db));
    TRY(writer_remember(&executor->writer, executor->db, executor->cluster == NULL));
    TRY(events_last(executor->db, &executor->writer.last_event));
    atomic_store(&executor->site->stats->last_event, executor->writer.last_event.value);
    TRY(queue_recover(op));
    executor->memory_before = executor->writer.queue;
    TRY(recover_work(executor, op, news.gained));
    TRY(dispatches_recover(op));
    return executor_leave(executor, op);
}

/* Beside others nothing may be written between what is read. */
static enum err recover_in_turn(struct executor *executor, struct op *op)
{
    if (executor->cluster == NULL) {
        return recover_rows(executor, op);
    }
    cluster_forget(executor->cluster);
    TRY(db_begin(executor->db));
    enum err err = recover_rows(executor, op);
    if (err == OK) {
        err = db_commit(executor->db);
    }
    if (err != OK) {
        db_rollback(executor->db);
        cluster_forget(executor->cluster);
        return err;
    }
    cluster_committed(executor->cluster);
    return OK;
}

enum err executor_recover(struct executor *executor)
{
    struct problem problem = {0};
    struct op op = executor_op(executor, NULL, &problem);
    arena_reset(executor->scratch);
    TRY(recover_in_turn(executor, &op));
    executor_tell_shards(executor, true);
    const struct due_entry *first = due_heap_peek(&executor->timers);
    int64_t late_ms = first == NULL ? 0 : instant_ms(op.now) - first->due_ms;
    op_log(&op, LOG_INFO, LOG_RECOVERY, "%zu timers pending, the oldest %lld ms overdue",
           executor->timers.count, (long long)(late_ms < 0 ? 0 : late_ms));
    executor_publish(executor);
    atomic_store(&executor->site->stats->taking_changes_since_ms, instant_ms(op.now));
    return OK;
}
