/* service/queue_gate: kinds of jobs that somebody has paused (Q2), between the due order and the
 * executor.
 *
 * What is due of a paused kind is kept here, out of the due order, so that it makes nobody wait and
 * nothing spin; its rows stay as they are. Once the kind is resumed it goes back into the due
 * order, and so in the order of due and priority. SCHEDULED_CALL is not kept here: its own pause
 * stands in service/pacer. `queue_memory` is what the rows of queue_states say; an operation that
 * changes it is undone with its savepoint (writer_mark), a batch by reading the rows again.
 * Threads: the executor's. Owner of the gate: the executor; free with queue_gate_free. */
#ifndef TOCSIN_SERVICE_QUEUE_GATE_H
#define TOCSIN_SERVICE_QUEUE_GATE_H

#include "model/enums.h"
#include "service/due_heap.h"
#include "service/stats.h"

struct queue_memory {
    uint64_t paused;         /* A bit for each kind. */
    struct id drained_until; /* Calls up to this one that wait are being cancelled; or unset. */
    struct id drained_last;  /* Calls up to this one have been drained, or were under way then. */
};

bool queue_is_paused(const struct queue_memory *memory, enum timer_kind kind);
/* Whether a call that waits is being cancelled because the calls were drained: it must not begin.
 */
bool queue_is_drained(const struct queue_memory *memory, struct id call);

struct queue_gate {
    struct due_heap held;
    uint64_t kinds; /* Of which any may be held. */
};

/* True where the entry has to wait, and is kept. */
bool queue_gate_holds(struct queue_gate *gate, const struct queue_memory *memory,
                      struct due_entry entry);
/* Puts back what need not wait any more. */
void queue_gate_open(struct queue_gate *gate, const struct queue_memory *memory,
                     struct due_heap *timers);
/* What of the heap is due: which kinds, and how many scheduled calls. */
struct queue_look {
    uint64_t kinds;
    int64_t calls;
};
struct queue_look queue_look_for_due(const struct due_heap *timers, int64_t now_ms);
/* Tells readers which kinds are paused, and of which anything may be due. */
void queue_gate_publish(const struct queue_gate *gate, const struct queue_memory *memory,
                        const struct queue_look *due, struct stats *stats);
void queue_gate_free(struct queue_gate *gate);

#endif
