/* store/call_runs: what the attempts of a scheduled call change in its row.
 *
 * A call is pending, then processing from its first attempt on, whether one is under way (next_run
 * unset) or waited for, then over. Errors as store/db; E_CONFLICT for a call that is over. */
#ifndef TOCSIN_STORE_CALL_RUNS_H
#define TOCSIN_STORE_CALL_RUNS_H

#include "store/db.h"

/* What decides in which order a call goes. E_NOT_FOUND for one that does not wait for its time. */
struct call_group {
    struct id campaign; /* Unset for none. */
    struct id agent;
    bool is_again; /* It has begun, and waits for another attempt. */
};
NODISCARD enum err call_runs_group(struct db *db, struct id call, struct call_group *out);
/* An attempt begins: status, attempt, agent_version, message_id, is_late and processed_at. */
NODISCARD enum err call_runs_begin(struct db *db, const struct scheduled_call *call);
/* The next one waits: outcome, attempt and next_run. */
NODISCARD enum err call_runs_again(struct db *db, const struct scheduled_call *call);
/* Another message has the attempt that is under way: of another provider, or a repetition. */
NODISCARD enum err call_runs_message(struct db *db, struct id call, struct id message);
/* It is over: status, outcome, attempt, completed_at, failed_at and failure_reason. */
NODISCARD enum err call_runs_end(struct db *db, const struct scheduled_call *call);
/* One that had failed waits for another attempt: next_run, updated_at and renewed_id. */
NODISCARD enum err call_runs_revive(struct db *db, const struct scheduled_call *call);
/* What stands in a row without anything that is sealed: enough to end a call that cannot be read.
 */
NODISCARD enum err call_runs_bare(struct db *db, struct arena *arena, struct id id,
                                  struct scheduled_call *out);
/* When a call last began of each agent and of each campaign, among those of messages from `first`
 * on. */
struct call_begun {
    struct id campaign; /* One of the two is set. */
    struct id agent;
    struct instant at;
};
NODISCARD enum err call_runs_begun(struct db *db, struct id first, void *context,
                                   enum err (*each)(void *context, const struct call_begun *begun));
/* How many wait for their next attempt. */
NODISCARD enum err call_runs_waiting(struct db *db, int64_t *out);

#endif
