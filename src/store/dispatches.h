/* store/dispatches: dispatches, whom they ask, and their events. Whole rows go through db_insert,
 * db_update and db_get. Errors as store/db. */
#ifndef TOCSIN_STORE_DISPATCHES_H
#define TOCSIN_STORE_DISPATCHES_H

#include "store/db.h"

NODISCARD enum err dispatches_by_call(struct db *db, struct arena *arena, struct str call_id,
                                      struct dispatch *out);

/* The newest first; state 0 and user unset for any. */
struct dispatch_page {
    int state;
    struct id user; /* One of its technicians. */
    struct id before;
    int64_t limit;
};
/* Whether it takes more than a few ms: a state in which nobody is sought any more. */
bool dispatches_page_is_long(const struct dispatch_page *page);
NODISCARD enum err dispatches_page(struct db *db, struct arena *arena,
                                   const struct dispatch_page *page, struct list *out,
                                   int64_t *total);
/* Those that still seek somebody, and how many of them are overdue at `now`. */
/* Those that ran out since and that nobody has ended or taken. */
NODISCARD enum err dispatches_exhausted_since(struct db *db, struct instant since, int64_t *out);
NODISCARD enum err dispatches_open_count(struct db *db, int64_t *out);
NODISCARD enum err dispatches_overdue_count(struct db *db, struct instant now, int64_t *out);

/* Those in which it is this person's turn. */
NODISCARD enum err dispatches_asking(struct db *db, struct arena *arena, struct id user,
                                     struct list *out);

/* In the order of their positions. */
NODISCARD enum err dispatch_technicians_of(struct db *db, struct arena *arena, struct id dispatch,
                                           struct list *out);
/* In the order in which they were written. */
NODISCARD enum err dispatch_events_of(struct db *db, struct arena *arena, struct id dispatch,
                                      struct list *out);
/* The ways of an attempt: its events of kind ATTEMPT. */
NODISCARD enum err dispatch_attempt_ways(struct db *db, struct arena *arena, struct id dispatch,
                                         int64_t attempt, struct list *out);
/* The last message about a dispatch that asked this person. */
NODISCARD enum err dispatch_last_message(struct db *db, struct arena *arena, struct id dispatch,
                                         struct id user, struct message *out);

#endif
