/* service/due_list: all timers that wait in some shards, as the rows say, in the order of
 * due_item_compare: what the index in Redis is compared with.
 *
 * A subject that is its own timer goes by its row in `timers` where it has one, and is left out
 * where that was given up. Owner: due_list_free. Errors as store/db. */
#ifndef TOCSIN_SERVICE_DUE_LIST_H
#define TOCSIN_SERVICE_DUE_LIST_H

#include "bus/redis_due.h"
#include "store/timers.h"

struct due_list {
    struct due_item *items;
    size_t count;
};

NODISCARD enum err due_list_read(struct db *db, uint64_t shards, struct due_list *out);
void due_list_free(struct due_list *list);
/* Those of one shard, within the list. */
struct due_slice due_list_of(const struct due_list *list, int shard);
/* The shard of a timer. */
int due_shard(enum timer_kind kind, struct id id);

/* A timer that somebody says is due: what its row says. E_NOT_FOUND where it does not wait. */
NODISCARD enum err due_look(struct db *db, struct arena *arena, struct due_item *item);

#endif
