/* store/timers: rows that are due. The order in which they are due is kept in memory by
 * service/engine; the rows are the truth.
 *
 * States: PENDING (waiting or delayed), ACTIVE under a lease, COMPLETED, FAILED (gave up; kept),
 * CANCELLED. Errors as
 * store/db; E_CONFLICT when a timer was not in a state that the change starts from. */
#ifndef TOCSIN_STORE_TIMERS_H
#define TOCSIN_STORE_TIMERS_H

#include "store/db.h"

/* Timers that wait, in no order: for the start. */
struct waiting_timer {
    struct id id;
    struct instant due_at; /* For an ACTIVE one the end of its lease. */
    int priority;
    bool is_active;
};
NODISCARD enum err timers_each_waiting(struct db *db, void *context,
                                       void (*each)(void *context,
                                                    const struct waiting_timer *timer));

/* The timer of an alert or a step has its subject's id; the others have their own. */
bool timer_has_id_of_subject(enum timer_kind kind);
/* A new one; where a subject's id had a timer before, that one waits anew. */
NODISCARD enum err timers_add(struct db *db, struct arena *arena, const struct timer *timer);
NODISCARD enum err timers_complete(struct db *db, struct id id, struct instant now);
NODISCARD enum err timers_lease(struct db *db, struct id id, struct instant now,
                                struct instant until);
NODISCARD enum err timers_count_stall(struct db *db, struct id id);
/* PENDING again for due_at, attempts and error of `timer`. */
NODISCARD enum err timers_again(struct db *db, const struct timer *timer);
NODISCARD enum err timers_give_up(struct db *db,
                                  const struct timer *timer); /* ended_at, attempts, error */
NODISCARD enum err timers_cancel(struct db *db, enum timer_kind kind, struct id subject,
                                 struct instant now);
NODISCARD enum err timers_of_subject(struct db *db, struct arena *arena, enum timer_kind kind,
                                     struct id subject, struct timer *out);
NODISCARD enum err timers_retrying(struct db *db,
                                   int64_t *out); /* Messages that wait to be tried again. */
/* Removes completed and cancelled ones that ended before `before`. */
NODISCARD enum err timers_clean(struct db *db, struct instant before, int64_t *removed);

#endif
