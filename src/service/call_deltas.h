/* service/call_deltas: what a batch changes about the counters of scheduled calls, until its
 * commit.
 *
 * A journal in memory: an operation adds to its end, a refused one is cut off again (the executor's
 * fence), and what is left is merged and written as one change a counter (service/call_counts).
 * Owner: the writer; free with call_deltas_free. */
#ifndef TOCSIN_SERVICE_CALL_DELTAS_H
#define TOCSIN_SERVICE_CALL_DELTAS_H

#include "model/enums.h"

struct call_delta {
    enum count_scope scope;
    int64_t scope_id;
    const char *word; /* A name of enum call_status, or of call_outcome for scope OUTCOME. */
    int64_t delta;
};

struct call_deltas {
    struct call_delta *items;
    size_t count;
    size_t cap;
    size_t fenced; /* Those before belong to operations that are over. */
};

/* Adds to the last ones of the same operation where it can. */
void call_deltas_add(struct call_deltas *deltas, const struct call_delta *delta);
/* Sorts and merges: afterwards each counter is there at most once, none with 0. */
void call_deltas_merge(struct call_deltas *deltas);
void call_deltas_free(struct call_deltas *deltas);

#endif
