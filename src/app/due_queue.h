/* app/due_queue: what the executor tells the thread that keeps the due index, bounded, and without
 * ever waiting for it.
 *
 * What does not fit is left out and counted: then the taker compares everything. Threads:
 * due_queue_add and due_queue_hold any, due_queue_take one. Owner: due_queue_free. */
#ifndef TOCSIN_APP_DUE_QUEUE_H
#define TOCSIN_APP_DUE_QUEUE_H

#include "bus/redis_due.h"

enum { DUE_QUEUE_MAX = 32768 };

struct due_queue;

NODISCARD enum err due_queue_new(struct due_queue **out, struct problem *problem);
void due_queue_free(struct due_queue **queue);

void due_queue_add(struct due_queue *queue, const struct due_note *note);
void due_queue_hold(struct due_queue *queue, uint64_t shards);
/* Wakes whoever waits for the descriptor. */
void due_queue_wake(struct due_queue *queue);

struct due_batch {
    const struct due_note *notes; /* In their order; valid until the next take. */
    size_t count;
    int64_t left_out;
    bool has_shards; /* They were told anew. */
    uint64_t shards;
};
void due_queue_take(struct due_queue *queue, struct due_batch *out);
/* Readable when there is something to take. */
int due_queue_fd(const struct due_queue *queue);

#endif
