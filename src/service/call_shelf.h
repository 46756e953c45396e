/* service/call_shelf: beside which others the index by owner has a new scheduled call.
 *
 * A plain index by owner has one place for each owner where the next call goes, so that calls of a
 * thousand owners write a thousand pages. Here the calls that are scheduled one after another stand
 * on one shelf, within which they are in the order of their owners: the shelf's few pages take all
 * of them. When it is full the next one is begun; what was called once stands where it is. Whoever
 * looks for an owner's calls looks on each shelf, from the newest (store/calls).
 * Owner: the writer. Threads: one. */
#ifndef TOCSIN_SERVICE_CALL_SHELF_H
#define TOCSIN_SERVICE_CALL_SHELF_H

#include "store/db.h"

enum { CALLS_PER_SHELF = 4096 };

struct call_shelf {
    int64_t number;
    int64_t count;   /* On it, at most CALLS_PER_SHELF; known where new ones are begun. */
    bool begins_new; /* Set for the one writer that there is: among several all stay on one shelf,
                        or an older shelf would get newer calls. */
};

/* Goes on with the newest shelf. */
NODISCARD enum err call_shelf_open(struct call_shelf *shelf, struct db *db);
/* From here on full shelves are followed by new ones. */
NODISCARD enum err call_shelf_begin_new(struct call_shelf *shelf, struct db *db);
/* The place of one more call. */
int64_t call_shelf_take(struct call_shelf *shelf);

#endif
