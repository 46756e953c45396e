/* bus/redis_due: the due index in Redis: writing it, and comparing it with what is true.
 *
 * The rows of the database are the truth; a sorted set that says otherwise is wrong, whoever wrote
 * it. Errors as bus/redis; a key of another type is no error but is removed (or counted). */
#ifndef TOCSIN_BUS_REDIS_DUE_H
#define TOCSIN_BUS_REDIS_DUE_H

#include "bus/due_member.h"
#include "bus/redis.h"

enum due_change {
    DUE_PUT,  /* It is due then. */
    DUE_DROP, /* It has ended. */
    DUE_TELL  /* It is due then, and another node's: whoever listens may look. */
};

struct due_note {
    enum due_change change;
    struct due_item item;
};

enum { DUE_NOTES_MAX = 500 };

/* At most DUE_NOTES_MAX, in one round trip, in their order. */
NODISCARD enum err redis_due_write(struct redis *redis, int database, const struct due_note *notes,
                                   size_t count, struct problem *problem);

struct due_counts {
    int64_t waiting; /* Timers in the database. */
    int64_t missing; /* Of these not in the index, */
    int64_t wrong;   /* or under another time. */
    int64_t foreign; /* Members that no timer of the shard has; a key of another type is one. */
};

struct due_sweep {
    bool mends;
    struct due_counts counts; /* Added to. */
    void *context;
    /* Each timer that was missing or wrong, as the rows say it; may be NULL. */
    void (*differs)(void *context, const struct due_item *item);
};

/* The timers of one shard, in the order of due_item_compare, without any twice. */
struct due_slice {
    int shard;
    const struct due_item *items;
    size_t count;
};

/* Compares a shard, and mends the index where `sweep` says so. */
NODISCARD enum err redis_due_sweep(struct redis *redis, const struct due_slice *slice,
                                   struct due_sweep *sweep, struct problem *problem);

struct due_listing {
    void *context;
    void (*each)(void *context, const struct due_item *item);
};
/* The first `count` of a shard by their times, as the index says; what is none of ours is left out.
 */
NODISCARD enum err redis_due_first(struct redis *redis, int shard, int count,
                                   const struct due_listing *listing, struct problem *problem);

#endif
