#include "service/queue_gate.h"

#include <assert.h>

static_assert(timer_kind_COUNT <= 64, "a set of kinds is one word");

static uint64_t bit_of(int kind)
{
    assert(kind > timer_kind_NONE && kind < timer_kind_COUNT);
    return UINT64_C(1) << kind;
}

bool queue_is_paused(const struct queue_memory *memory, enum timer_kind kind)
{
    return (memory->paused & bit_of((int)kind)) != 0;
}

bool queue_is_drained(const struct queue_memory *memory, struct id call)
{
    return call.value <= memory->drained_until.value;
}

bool queue_gate_holds(struct queue_gate *gate, const struct queue_memory *memory,
                      struct due_entry entry)
{
    if (entry.tag == timer_kind_SCHEDULED_CALL ||
        !queue_is_paused(memory, (enum timer_kind)entry.tag)) {
        return false;
    }
    due_heap_push(&gate->held, entry);
    gate->kinds |= bit_of(entry.tag);
    return true;
}

void queue_gate_open(struct queue_gate *gate, const struct queue_memory *memory,
                     struct due_heap *timers)
{
    if ((gate->kinds & ~memory->paused) == 0) {
        return;
    }
    struct due_heap all = gate->held;
    gate->held = (struct due_heap){0};
    gate->kinds = 0;
    for (size_t i = 0; i < all.count; i++) {
        if (!queue_gate_holds(gate, memory, all.items[i])) {
            due_heap_push(timers, all.items[i]);
        }
    }
    due_heap_free(&all);
}

static void take_due(void *context, const struct due_entry *entry)
{
    struct queue_look *look = context;
    look->kinds |= bit_of(entry->tag);
    look->calls += entry->tag == timer_kind_SCHEDULED_CALL;
}

struct queue_look queue_look_for_due(const struct due_heap *timers, int64_t now_ms)
{
    struct queue_look look = {0};
    due_heap_each_due(timers, now_ms, &look, take_due);
    return look;
}

void queue_gate_publish(const struct queue_gate *gate, const struct queue_memory *memory,
                        const struct queue_look *due, struct stats *stats)
{
    atomic_store_explicit(&stats->kinds_paused, memory->paused, memory_order_relaxed);
    atomic_store_explicit(&stats->kinds_due, due->kinds | gate->kinds, memory_order_relaxed);
    atomic_store_explicit(&stats->calls_due, due->calls, memory_order_relaxed);
}

void queue_gate_free(struct queue_gate *gate)
{
    due_heap_free(&gate->held);
    gate->kinds = 0;
}
