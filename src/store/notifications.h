/* store/notifications: what waits inside Tocsin to be seen. Whole rows go through db_insert and
 * db_get. Errors as store/db. */
#ifndef TOCSIN_STORE_NOTIFICATIONS_H
#define TOCSIN_STORE_NOTIFICATIONS_H

#include "store/db.h"

enum notification_owner { OWNER_ANYBODY, OWNER_PERSON, OWNER_OPERATORS };

struct notification_page {
    enum notification_owner owner;
    struct id user; /* OWNER_PERSON. */
    bool is_unseen; /* Those that wait only. */
    struct id after;
    int64_t limit;
};
/* The newest first. */
NODISCARD enum err notifications_page(struct db *db, struct arena *arena,
                                      const struct notification_page *page, struct list *out);
/* How many there are on all pages, whether `is_unseen` or not. */
NODISCARD enum err notifications_count(struct db *db, const struct notification_page *page,
                                       int64_t *out);
NODISCARD enum err notifications_count_unseen(struct db *db, const struct notification_page *page,
                                              int64_t *out);

/* *is_new is false where it was seen before. */
NODISCARD enum err notifications_see(struct db *db, struct id id, struct instant now, bool *is_new);
/* The id of the `rows`-th row after `after`; unset where there are fewer. */
NODISCARD enum err notifications_place(struct db *db, struct id after, int64_t rows,
                                       struct id *out);
/* Of the rows after `after`, up to and with `until`: those that were seen before `seen`, and those
 * that nobody saw and that were added before `added`. */
struct notifications_old {
    struct id after;
    struct id until;
    struct instant seen;
    struct instant added;
};
NODISCARD enum err notifications_remove(struct db *db, const struct notifications_old *old);
NODISCARD enum err notifications_end_subject(struct db *db, struct id subject, struct instant now);

#endif
