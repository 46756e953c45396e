/* store/timers: what is due. The order in which it is due is kept in memory by service/engine; the
 * rows are the truth.
 *
 * A pending alert, a pending step, a meeting whose attendance is still to be checked and a
 * scheduled call that waits for its time or its next attempt are their own timers: their row says
 * when, so that planning, ending and cancelling them writes nothing here. A row with their id
 * stands in `timers` only where attempts that failed are to be remembered (or that they were given
 * up), and then decides. Everything else has a row in `timers`. States of a row: PENDING (waiting
 * or delayed), ACTIVE under a lease, COMPLETED, FAILED (gave up; kept), CANCELLED. Errors as
 * store/db; E_CONFLICT when a timer was not in a state that the change starts from. */
#ifndef TOCSIN_STORE_TIMERS_H
#define TOCSIN_STORE_TIMERS_H

#include "store/db.h"

/* What names a timer: its row in `timers` (kind NONE), or the subject that is its own timer. */
struct timer_key {
    enum timer_kind kind;
    struct id id;
};

/* What waits, in no order: for the start. */
struct waiting_timer {
    struct timer_key key;
    struct instant due_at; /* For an ACTIVE one the end of its lease. */
    int priority;
    enum timer_kind kind; /* What is due, also where the key has none. */
    bool is_active;
};
NODISCARD enum err timers_each_waiting(struct db *db, void *context,
                                       void (*each)(void *context,
                                                    const struct waiting_timer *timer));
/* The indexes that it reads from end to end; NULL at the end. */
extern const char *const timers_indexes[];

/* Those that were given up, though the row of their subject may still say when. */
NODISCARD enum err timers_each_given_up(struct db *db, void *context,
                                        void (*each)(void *context, enum timer_kind kind,
                                                     struct id id));

bool timer_is_subject(enum timer_kind kind);
/* What is to run under this key; `has_row` tells whether it stands in `timers`. E_NOT_FOUND where a
 * subject does not wait any more. */
NODISCARD enum err timers_get(struct db *db, struct arena *arena, struct timer_key key,
                              struct timer *out, bool *has_row);
/* A new row, of a kind that is not its own timer. */
NODISCARD enum err timers_add(struct db *db, struct arena *arena, const struct timer *timer);
/* A subject that is its own timer ran to its end, and nothing was remembered of it. */
void timers_count_run(struct db *db, enum timer_kind kind);
/* Writes the row of a subject that has to be remembered, in whatever state. */
NODISCARD enum err timers_remember(struct db *db, struct arena *arena, const struct timer *timer);
NODISCARD enum err timers_complete(struct db *db, struct id id, struct instant now);
NODISCARD enum err timers_lease(struct db *db, struct id id, struct instant now,
                                struct instant until);
NODISCARD enum err timers_count_stall(struct db *db, struct id id);
/* PENDING again for due_at, attempts and error of `timer`. */
NODISCARD enum err timers_again(struct db *db, const struct timer *timer);
NODISCARD enum err timers_give_up(struct db *db,
                                  const struct timer *timer); /* ended_at, attempts, error */
/* A subject that is its own timer is forgotten here: what was remembered of it does not hold it
 * back. */
NODISCARD enum err timers_cancel(struct db *db, enum timer_kind kind, struct id subject,
                                 struct instant now);
NODISCARD enum err timers_of_subject(struct db *db, struct arena *arena, enum timer_kind kind,
                                     struct id subject, struct timer *out);
NODISCARD enum err timers_retrying(struct db *db,
                                   int64_t *out); /* Messages that wait to be tried again. */
/* One that was given up is PENDING again, for `now`, with all its attempts. */
NODISCARD enum err timers_revive(struct db *db, const struct timer *timer, struct instant now);

#endif
