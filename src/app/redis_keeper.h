/* app/redis_keeper: the thread that keeps the due index in Redis, and listens to what other nodes
 * tell there (requirement N2).
 *
 * It writes what the executor notes, after the commit; compares the shards that this node holds
 * with the rows by a connection of its own: at first, after Redis was away or emptied, and every 30
 * s (or a hundred times what the last comparison took, whatever is longer); and looks at the row of
 * a timer that others tell of, or that the index lacked, before the executor gets it as a hint.
 * Redis decides nothing: away, slow, wrong or full it is only reported (stats, log once).
 * Threads: its own; the functions here belong to the executor's, but for start and stop. */
#ifndef TOCSIN_APP_REDIS_KEEPER_H
#define TOCSIN_APP_REDIS_KEEPER_H

#include "bus/redis_url.h"
#include "service/due_port.h"
#include "service/stats.h"
#include "store/db.h"

struct redis_keeper;

struct redis_keeper_config {
    const struct redis_address *address; /* Borrowed until the stop. */
    struct str name;                     /* Of it, for the log; the same. */
    struct db *reader;                   /* Is the keeper's from then on. */
    struct stats *stats;
    const struct log *log;
    void *context;
    struct instant (*now)(void *context);
    void (*wake)(void *context); /* The executor: there are hints. */
};

NODISCARD enum err redis_keeper_start(const struct redis_keeper_config *config,
                                      struct redis_keeper **out, struct problem *problem);
/* Within two seconds, whatever Redis does. */
void redis_keeper_stop(struct redis_keeper **stopping);

struct due_port redis_keeper_port(struct redis_keeper *keeper);
/* Timers whose rows say that they wait. */
void redis_keeper_hints(struct redis_keeper *keeper, void *context,
                        void (*each)(void *context, const struct due_item *item));

#endif
