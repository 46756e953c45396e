/* service/engine: timers: arming them inside an operation, and running the ones that are due.
 *
 * A timer is a row, in `timers` or the subject's own (store/timers); its place in the due order is
 * in memory. Running one is an operation of its
 * own: what it decides, the rows that it writes and its own end are one commit, so that a crash
 * leaves either all of it or none. A timer that fails is tried again after 2 s, 4 s, 8 s
 * (QUEUE_RETRY_*); then it is FAILED: quarantined, counted, shown, and the queue goes on. Work that
 * leaves the process (reading a calendar) holds the timer ACTIVE under a lease; a lease that ends
 * without an answer is run again and counted as stalled (Q3). */
#ifndef TOCSIN_SERVICE_ENGINE_H
#define TOCSIN_SERVICE_ENGINE_H

#include "service/due_heap.h"
#include "service/op.h"
#include "store/meetings.h"
#include "store/timers.h"

enum { PRIORITY_HIGH = 1, PRIORITY_MEDIUM = 5, PRIORITY_LOW = 10 };

struct timer_request {
    enum timer_kind kind;
    struct id subject;
    struct instant due_at;
    int priority;
};

/* Of a subject that is its own timer the row is written by the caller; an earlier time than before
 * is armed after timers_cancel. */
NODISCARD enum err timer_arm(struct op *op, struct timer_request request);
/* What a handler may ask for instead of the timer's completion. */
void timer_run_again(struct op *op, struct timer *timer, struct instant due_at);
void timer_hold(struct op *op, struct timer *timer, struct instant lease_until);

/* One that was given up is due at once, with all its attempts; E_OPERATION where its subject has
 * ended. */
NODISCARD enum err timer_retry(struct op *op, struct timer *timer);

/* What runs when a timer of each kind is due. */
#define TIMER(kind, function) NODISCARD enum err function(struct op *op, struct timer *timer);
#include "service/timers.def"
#undef TIMER

/* Runs the timer of this key, if it is due and still waiting. The caller fences it by a savepoint.
 */
NODISCARD enum err engine_run(struct op *op, struct timer_key key);
/* Checks of meetings, all due: those that have nothing to do end, as engine_run would end each. */
NODISCARD enum err engine_end_idle(struct op *op, const struct due_entry *entries,
                                   struct checks *checks);
/* After engine_run failed and was undone: counts the attempt, in a fence of its own. */
NODISCARD enum err engine_count_failure(struct op *op, struct timer_key key, enum err why);

#endif
