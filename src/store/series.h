/* store/series: the calls of a series, and the waiting ones of a series or an owner.
 *
 * A call waits for its time or for its next attempt. Errors as store/db. */
#ifndef TOCSIN_STORE_SERIES_H
#define TOCSIN_STORE_SERIES_H

#include "store/db.h"

/* Notes at a call why nothing follows it. */
NODISCARD enum err series_end_at(struct db *db, struct id call, struct str reason);
/* The call with this number of the series that `first` began, from the second on; unset where there
 * is none. */
NODISCARD enum err series_call(struct db *db, struct id first, int64_t number, struct id *out);

/* What a scan found: at most `max` ids, the oldest first. */
struct call_ids {
    struct id *items;
    size_t max;
    size_t count;
};
/* Those that wait in the series that `first` began, but for `other`. */
NODISCARD enum err series_waiting(struct db *db, struct id first, struct id other,
                                  struct call_ids *out);
/* Those of them that have not ended: under way, too. */
NODISCARD enum err series_open(struct db *db, struct id first, struct id other,
                               struct call_ids *out);
/* Those that wait and have the id of this person for their owner. */
NODISCARD enum err owner_waiting(struct db *db, struct arena *arena, struct str user,
                                 struct call_ids *out);
/* Those that wait and are no newer than `until`. */
NODISCARD enum err drain_waiting(struct db *db, struct id until, struct call_ids *out);

#endif
