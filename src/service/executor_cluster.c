#include "service/executor_internal.h"

#include "service/pacer.h"
#include "service/queue.h"
#include "store/callees.h"
#include "store/kept.h"
#include "store/timers.h"

/* What the others left to be done here; as after a commit of our own. */
static void hear_one(void *context, const struct effect *effect)
{
    struct executor *executor = context;
    db_keep_rows(executor->db); /* It may say something else by now. */
    agent_cache_free(&executor->writer.agents);
    executor_let_go_one(executor, effect);
}

bool executor_hear(struct executor *executor)
{
    struct problem problem = {0};
    if (executor->cluster == NULL) {
        return true;
    }
    arena_reset(executor->scratch);
    struct op op = executor_op(executor, NULL, &problem);
    enum err err = cluster_hear(executor->cluster, &op, executor, hear_one);
    executor_tell_events(executor);
    return err == OK;
}

bool executor_has_effect(const struct executor *executor, const struct effect *effect)
{
    return executor->cluster == NULL || cluster_has_effect(executor->cluster, effect);
}

/* --- Shards --- */

/* The rest of a heap that is given up. */
static void keep_others(struct executor *executor, struct due_heap *all, uint64_t lost)
{
    for (size_t i = 0; i < all->count; i++) {
        struct due_entry entry = all->items[i];
        if ((cluster_shard_bit((enum timer_kind)entry.tag, (struct id){entry.id}) & lost) == 0) {
            due_heap_push(&executor->timers, entry);
        }
    }
    due_heap_free(all);
}

void executor_stop_sending(struct executor *executor)
{
    courier_forget(executor->courier);
    pacer_free(&executor->pacer);
    executor->pacer = pacer_new(executor->site, executor->courier);
}

static void drop_lost(struct executor *executor, uint64_t lost)
{
    struct due_heap timers = executor->timers;
    struct due_heap held = executor->gate.held;
    executor->timers = (struct due_heap){0};
    executor->gate = (struct queue_gate){0};
    keep_others(executor, &timers, lost);
    keep_others(executor, &held, lost);
    if ((lost & CLUSTER_SENDING) != 0) {
        executor_stop_sending(executor);
    }
}

struct gaining {
    struct executor *executor;
    uint64_t shards;
};

static void take_gained(void *context, const struct waiting_timer *timer)
{
    const struct gaining *gaining = context;
    uint64_t shard = cluster_shard_bit(timer->kind, timer->key.id);
    if ((gaining->shards & shard) != 0) {
        executor_expect_timer(gaining->executor, timer);
    }
}

enum err executor_take_shards(struct executor *executor, struct op *op, uint64_t shards)
{
    struct gaining gaining = {executor, shards};
    if (shards == 0) {
        return OK;
    }
    TRY(timers_each_waiting(executor->db, &gaining, take_gained));
    if ((shards & CLUSTER_SENDING) == 0) {
        return OK;
    }
    TRY(courier_recover(executor->courier, op));
    return pacer_recover(executor->pacer, op);
}

/* --- Turns --- */

enum err executor_enter(struct executor *executor, struct op *op, struct cluster_news *news)
{
    if (executor->cluster == NULL) {
        return OK;
    }
    TRY(cluster_enter(executor->cluster, op, news));
    executor_note_shards(executor, news);
    executor->memory_before = executor->writer.queue;
    executor->noted_before = callees_noted(executor->db);
    if (news->is_first) {
        return OK;
    }
    if (news->is_foreign) {
        db_keep_rows(executor->db);
        writer_disturb(&executor->writer);
        agent_cache_free(&executor->writer.agents);
    }
    if (news->is_memory) {
        TRY(queue_recover(op));
        TRY(callees_watch(executor->db));
        executor->memory_before = executor->writer.queue;
    }
    if (news->lost != 0) {
        drop_lost(executor, news->lost);
    }
    return executor_take_shards(executor, op, news->gained);
}

static bool has_changed(const struct queue_memory *a, const struct queue_memory *b)
{
    return a->paused != b->paused || !id_equal(a->drained_until, b->drained_until) ||
           !id_equal(a->drained_last, b->drained_last);
}

enum err executor_leave(struct executor *executor, struct op *op)
{
    if (executor->cluster == NULL) {
        return OK;
    }
    bool is_noted = callees_noted(executor->db) != executor->noted_before;
    bool is_queue = has_changed(&executor->memory_before, &executor->writer.queue);
    return cluster_leave(executor->cluster, op,
                         is_queue   ? MEMORY_WANTED
                         : is_noted ? MEMORY_CHANGED
                                    : MEMORY_SAME);
}

void executor_hand_over(struct executor *executor)
{
    struct problem problem = {0};
    struct cluster_news news = {0};
    if (executor->cluster == NULL || executor->is_broken) {
        return;
    }
    arena_reset(executor->scratch);
    struct op op = executor_op(executor, NULL, &problem);
    enum err err = db_begin(executor->db);
    if (err == OK) {
        err = executor_enter(executor, &op, &news);
    }
    if (err == OK) {
        err = cluster_quit(executor->cluster, &op, courier_in_flight(executor->courier) > 0);
    }
    if (err == OK) {
        err = executor_leave(executor, &op);
    }
    if (err == OK) {
        err = db_commit(executor->db);
    }
    if (err != OK) {
        db_rollback(executor->db);
        op_log(&op, LOG_WARN, LOG_WORKER,
               "the work could not be handed over: others take it when the lease is over");
    }
}
