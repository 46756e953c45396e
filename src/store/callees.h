/* store/callees: what is known about numbers that scheduled calls go to: the do-not-call list and
 * what callees said about being called; and the holidays of business hours.
 *
 * Numbers are found by their keyed hash (phone_lookup). Whole rows go through db_insert, db_update
 * and db_get. Errors as store/db. */
#ifndef TOCSIN_STORE_CALLEES_H
#define TOCSIN_STORE_CALLEES_H

#include "store/calls.h"

/* All that bars a number, in one look. */
struct callee_state {
    bool is_on_list;
    enum failure_category suppressed; /* Of a suppression of calls; NONE for none. */
    enum consent_state consent;       /* The newest; NONE where nothing was written down. */
};
NODISCARD enum err callees_state(struct db *db, const struct lookup *number,
                                 struct callee_state *out);
/* Reads which numbers anything is written down about and remembers them, for the db that writes.
 * Beside others that do, whoever has written such rows (callees_noted has grown) tells them, and
 * they call it again, which reads what is new. */
NODISCARD enum err callees_watch(struct db *db);
int64_t callees_noted(const struct db *db);
/* False where callees_state would find nothing; needs callees_watch to know. */
bool callees_may_know(const struct db *db, const struct lookup *number);

/* The number that is on the list: E_NOT_FOUND for one that is not, or not any more. */
NODISCARD enum err do_not_call_of(struct db *db, struct arena *arena, const struct lookup *number,
                                  struct do_not_call *out);
/* E_CONFLICT for a row that was lifted. */
NODISCARD enum err do_not_call_lift(struct db *db, const struct do_not_call *row);

/* The newest first. */
struct callee_page {
    struct lookup number; /* Absent for every number. */
    struct id before;
    int64_t limit;
};
NODISCARD enum err do_not_call_page(struct db *db, struct arena *arena,
                                    const struct callee_page *page, struct list *out,
                                    int64_t *total);
NODISCARD enum err consents_page(struct db *db, struct arena *arena, const struct callee_page *page,
                                 struct list *out, int64_t *total);

/* The newest of that name, also where it was removed. */
NODISCARD enum err holidays_named(struct db *db, struct arena *arena, struct str name,
                                  struct holiday_calendar *out);
/* Without those that were removed, in the order in which they were added. */
NODISCARD enum err holidays_page(struct db *db, struct arena *arena, struct id after, int64_t limit,
                                 struct list *out);
NODISCARD enum err holidays_count(struct db *db, int64_t *out);

#endif
