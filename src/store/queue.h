/* store/queue: the jobs of all kinds, as a person looks at them: counted, listed, and what somebody
 * decided about a kind.
 *
 * A job is a row of `timers`, or a subject that is its own timer (an alert, a step, the check of a
 * meeting, a scheduled call); both are listed in the same way. Errors as store/db. */
#ifndef TOCSIN_STORE_QUEUE_H
#define TOCSIN_STORE_QUEUE_H

#include "store/db.h"

/* What somebody decided about a kind; E_NOT_FOUND where nobody did. */
NODISCARD enum err queue_states_get(struct db *db, struct arena *arena, enum timer_kind kind,
                                    struct queue_state *out);
NODISCARD enum err queue_states_all(struct db *db, struct arena *arena, struct list *out);
NODISCARD enum err queue_states_put(struct db *db, struct arena *arena,
                                    const struct queue_state *state);

/* What waits in a kind: rows of `timers`, or of scheduled calls; those that are due at `now`, and
 * since when the oldest of these is. */
struct queue_due {
    int64_t count;
    struct instant oldest;
};
NODISCARD enum err queue_due_of(struct db *db, enum timer_kind kind, struct instant now,
                                struct queue_due *out);

/* Alerts, steps and checks that wait, and of which nothing is remembered in `timers`. */
struct queue_subjects {
    int64_t waiting;
    struct queue_due due;
};
NODISCARD enum err queue_subjects_of(struct db *db, enum timer_kind kind, struct instant now,
                                     bool has_rows, struct queue_subjects *out);

/* In the order of their ids, as struct job. Kind and state 0 for any. */
struct job_page {
    struct id after;
    enum timer_kind kind;
    enum job_state state;
    struct instant now; /* What is due by then waits, or is paused. */
    int64_t limit;
};
/* What waits for its time, the first due first; of each kind the first `each`, 0 for all. Goes
 * through all that wait. */
struct job_due_page {
    int64_t after_due_ms; /* What is due then, and has an id up to `after`, is left out. */
    struct id after;
    enum timer_kind kind;
    struct instant due_from;
    struct instant due_until; /* INSTANT_NONE for no end. */
    struct instant now;
    int64_t each;
    int64_t limit;
};
NODISCARD enum err queue_jobs_due(struct db *db, struct arena *arena,
                                  const struct job_due_page *page, struct list *out);
NODISCARD enum err queue_jobs_page(struct db *db, struct arena *arena, const struct job_page *page,
                                   struct list *out);

/* Removes what ended before `before`, but for the `keep` jobs that were made last; at most `limit`
 * of them. */
struct job_sweep {
    struct instant before;
    int64_t keep;
    int64_t limit;
    bool is_failed; /* Those that were given up; otherwise those that were done or needless. */
};
NODISCARD enum err queue_sweep(struct db *db, const struct job_sweep *sweep, int64_t *removed);

/* Ended after `after`, by state: for what a clean leaves to be counted. */
NODISCARD enum err queue_calls_ended_after(struct db *db, enum call_status status,
                                           struct instant after, int64_t *out);
#endif
