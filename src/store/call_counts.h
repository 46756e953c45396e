/* store/call_counts: how many scheduled calls are in each state, as rows of their own.
 *
 * They are written in the transaction that changes the calls (service/call_counts), so that they
 * are exact and reading one costs nothing. Errors as store/db. */
#ifndef TOCSIN_STORE_CALL_COUNTS_H
#define TOCSIN_STORE_CALL_COUNTS_H

#include "store/db.h"

/* The counters of a scope; 0 where there is no row. */
NODISCARD enum err call_counts_read(struct db *db, enum count_scope scope, int64_t scope_id,
                                    struct call_tally *out);
/* Adds `count`, which may be below 0, to a counter. */
NODISCARD enum err call_counts_add(struct db *db, const struct call_count *delta);
/* Of scope OUTCOME: every row. */
NODISCARD enum err call_counts_outcomes(struct db *db, struct arena *arena, struct list *out);
NODISCARD enum err call_counts_one(struct db *db, enum count_scope scope, int64_t scope_id,
                                   struct str status, int64_t *out);
/* The sum of a scope's counters. */
NODISCARD enum err call_counts_sum(struct db *db, enum count_scope scope, int64_t *out);

/* What people decided about SCHEDULED_CALL as a kind of job; E_NOT_FOUND where they did not. */
NODISCARD enum err call_queue_state(struct db *db, struct arena *arena, struct queue_state *out);

/* How many counters are not what the rows say, or fewer than a clean leaves out of them, as one
 * moment has both: for a server that is at work. Those of USER are taken together. */
NODISCARD enum err call_counts_wrong(struct db *db, int64_t *out);
/* What the rows themselves say; `name` is the owner of scope USER, absent elsewhere. For checks: it
 * goes through all calls. */
struct call_recount {
    struct str name;
    int64_t scope_id;
    struct str status;
    int64_t count;
};
NODISCARD enum err call_counts_recount(struct db *db, enum count_scope scope, void *context,
                                       enum err (*each)(void *context,
                                                        const struct call_recount *row));

#endif
