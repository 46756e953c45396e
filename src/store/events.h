/* store/events: what happened, in the order of the ids. Whole rows go through db_insert and db_get.
 *
 * Listeners remember the last id that they have seen. Ids of one store grow in the order of the
 * commits, because one writer gives them out. Errors as store/db. */
#ifndef TOCSIN_STORE_EVENTS_H
#define TOCSIN_STORE_EVENTS_H

#include "store/db.h"

/* At most `limit` events after an id, the oldest first; `user` unset for whomever they are about.
 * A listener that asks about one person goes on from events_last where it got fewer than `limit`,
 * so that it does not look at the same rows again. */
struct event_reading {
    struct id after;
    struct id user;
    int64_t limit;
};
NODISCARD enum err events_after(struct db *db, struct arena *arena,
                                const struct event_reading *reading, struct list *out);
/* The same up to and with *until; of the rows at most `limit` are looked at, whomever they are
 * about, and *until is the last of them. */
NODISCARD enum err events_until(struct db *db, struct arena *arena,
                                const struct event_reading *reading, struct id *until,
                                struct list *out);
/* The newest one; unset where there is none. */
NODISCARD enum err events_last(struct db *db, struct id *out);

struct event_page {
    struct event_reading reading;
    struct id subject; /* Unset for any. */
    int kind;          /* 0 for any. */
};
NODISCARD enum err events_page(struct db *db, struct arena *arena, const struct event_page *page,
                               struct list *out, int64_t *total);

#endif
