/* app/redis_hints: timers that somebody in Redis tells of, or that the index had not: which of them
 * the executor is to look at.
 *
 * Anybody may write anything there. A hint goes on only for a timer of a shard that is held here,
 * whose row says that it waits, that the executor has not noted itself meanwhile, and at most so
 * many in a second. Threads: redis_hints_take the executor's, all else the keeper's. Owner:
 * redis_hints_free. */
#ifndef TOCSIN_APP_REDIS_HINTS_H
#define TOCSIN_APP_REDIS_HINTS_H

#include "app/due_queue.h"
#include "service/stats.h"
#include "store/db.h"

struct redis_hints;

struct redis_hints_config {
    struct db *reader; /* Borrowed. */
    struct stats *stats;
    const _Atomic bool *must_stop; /* Nobody is woken from then on. */
    int64_t (*monotonic_ms)(void);
    void *context;
    void (*wake)(void *context);
};

struct redis_hints *redis_hints_new(const struct redis_hints_config *config);
void redis_hints_free(struct redis_hints **hints);

/* What the executor has noted it has in its heap. */
void redis_hints_note(struct redis_hints *hints, const struct due_batch *batch);
/* A message of the channel. What the executor may still hear of by itself waits a little. */
void redis_hints_hear(struct redis_hints *hints, uint64_t held, struct str message);
/* Looks at the rows of what has waited; when that is to be done next, INT64_MAX for never. */
void redis_hints_look(struct redis_hints *hints);
int64_t redis_hints_next_ms(const struct redis_hints *hints);
/* A timer as its row says it. */
void redis_hints_give(struct redis_hints *hints, const struct due_item *item);

void redis_hints_take(struct redis_hints *hints, void *context,
                      void (*each)(void *context, const struct due_item *item));

#endif
