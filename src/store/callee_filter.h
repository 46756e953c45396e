/* store/callee_filter: whether anything can be written down about a number, without a look into the
 * rows.
 *
 * A bit for each number's keyed hash that a do-not-call list, a suppression or a consent has named
 * since the rows were read. A bit that is not set says that there is nothing; one that is set says
 * to look. Bits are never taken back, so that an operation that is undone leaves nothing wrong.
 * db_insert notes what is added; no statement adds such rows. Owner: the db that writes.
 * Threads: one. */
#ifndef TOCSIN_STORE_CALLEE_FILTER_H
#define TOCSIN_STORE_CALLEE_FILTER_H

#include "store/db.h"

enum { CALLEE_FILTER_WORDS = 1 << 14 };

struct callee_filter {
    uint64_t words[CALLEE_FILTER_WORDS];
    bool is_empty;  /* Nothing was noted of anybody, by whatever channel. */
    int64_t notes;  /* How many new rows were noted. */
    struct id last; /* The newest row that was read. */
};

void callee_filter_note(struct callee_filter *filter, struct str phone_hash);
/* What a new row of any table says about a number, if it does. */
void callee_filter_note_row(struct callee_filter *filter, enum table table, const void *record);
bool callee_filter_may_know(const struct callee_filter *filter, struct str phone_hash);

#endif
