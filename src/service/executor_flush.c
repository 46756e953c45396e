#include "service/executor_internal.h"

#include "base/memory.h"

#include <stdlib.h>

enum { EFFECTS_FIRST = 16 };

/* That messages have changed; true where anybody wants to know. */
static bool tell_changes(struct executor *executor)
{
    struct stats *stats = executor->site->stats;
    int64_t changes = executor->writer.message_changes;
    if (changes == atomic_load_explicit(&stats->message_changes, memory_order_relaxed)) {
        return false;
    }
    atomic_store(&stats->message_changes, changes);
    return atomic_load(&stats->message_listeners) > 0;
}

void executor_tell_events(struct executor *executor)
{
    _Atomic int64_t *told = &executor->site->stats->last_event;
    int64_t last = executor->writer.last_event.value;
    bool has_changes = tell_changes(executor);
    if (last == atomic_load_explicit(told, memory_order_relaxed) && !has_changes) {
        return;
    }
    /* Whoever begins to listen counts themselves first and looks for news then, so that one of the
     * two sees the other. */
    atomic_store(told, last);
    bool has_listeners = atomic_load(&executor->site->stats->listeners) > 0;
    if (has_listeners && executor->events.tell != NULL) {
        executor->events.tell(executor->events.context);
    }
}

void executor_hold_back(struct executor *executor, const struct effect *effect)
{
    struct effects *held = &executor->held_back;
    if (held->count == held->cap) {
        held->cap = held->cap == 0 ? EFFECTS_FIRST : 2 * held->cap;
        held->items = memory_grow(held->items, held->cap, sizeof *held->items);
    }
    held->items[held->count++] = *effect;
}

/* Nobody knows what the disk has kept when a flush has failed: going on would promise what may be
 * lost. A restart reads what is there. */
static void must_flush(struct executor *executor)
{
    if (db_flush(executor->db) != OK) {
        log_write(executor->site->log, LOG_ERROR, LOG_STORE, STR_NONE,
                  "the disk did not keep what it was given; ending, so that a restart reads what "
                  "is there");
        abort();
    }
}

void executor_flush(struct executor *executor)
{
    if (!executor->is_unflushed) {
        return;
    }
    must_flush(executor);
    executor->is_unflushed = false;
    executor_tell_events(executor);
    for (size_t i = 0; i < executor->held_back.count; i++) {
        executor_let_go_one(executor, &executor->held_back.items[i]);
    }
    executor->held_back.count = 0;
}

/* A commit orders a batch, a flush makes it durable. A batch that owes nothing to anybody outside
 * (timers that send nothing) is flushed together with the next one, where that is due at once. */
void executor_make_durable(struct executor *executor, const struct work *list)
{
    bool owes =
        list != NULL || courier_has_claims(executor->courier) || executor->held_back.count > 0;
    executor->is_unflushed = true;
    if (owes || !executor_has_work(executor, NULL)) {
        executor_flush(executor);
    }
}
