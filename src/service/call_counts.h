/* service/call_counts: how many scheduled calls are in each state: exact, and read at once (S4).
 *
 * An operation that changes a call says so here; the executor writes what a batch has changed in
 * the batch's own transaction, just before its commit (service/call_deltas). So a counter and the
 * rows that it counts are durable together, and `call_counts_check` finds nothing. */
#ifndef TOCSIN_SERVICE_CALL_COUNTS_H
#define TOCSIN_SERVICE_CALL_COUNTS_H

#include "service/op.h"
#include "store/call_counts.h"

/* What a counter of scope USER has for an id: a keyed hash of the owner's name. */
int64_t call_counts_owner(const struct site *site, struct str user);

/* A call is in `call->status` from now on; `before` is NONE for one that is new. */
void call_counts_move(struct op *op, const struct scheduled_call *call, enum call_status before);
/* After that, of one that had ended, as it was `before`, and has not any more: what a clean counts
 * no more is one less where it was of these. */
NODISCARD enum err call_counts_reopen(struct op *op, const struct scheduled_call *before);
/* An attempt of a call ended. */
void call_counts_attempt(struct op *op, enum call_outcome outcome, int64_t attempt);
/* Of all calls, as the operation itself has them: with what its batch has not written yet. */
NODISCARD enum err call_counts_now(struct op *op, struct call_tally *out);
/* The executor's: writes what the batch has changed, and forgets it. */
NODISCARD enum err call_counts_write(struct db *db, struct call_deltas *deltas);

/* Goes through all calls: how many counters are not what the rows say. Each is logged. While
 * nothing changes: between two turns of the executor, or in a simulation. */
NODISCARD enum err call_counts_check(struct op *op, int64_t *wrong);

/* GET /scheduling/stats: counters, and what the executor has in memory. */
NODISCARD enum err show_call_stats(struct op *op, const void *input, void *output);

#endif
