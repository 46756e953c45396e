/* service/work: something for the executor to do: an operation with its beginning and its end.
 *
 * `run` happens inside the batch's transaction, and once more from the beginning where that was
 * refused for what others did at the same time (db_was_conflict); `done` after the commit, with
 * what run said, or with E_UNAVAILABLE where the store did not take the batch. Work that must not
 * be lost (a provider's answer) is sticky: it is kept and run again once the store recovers, and
 * done is called once, at the end. The owner frees it in done. */
#ifndef TOCSIN_SERVICE_WORK_H
#define TOCSIN_SERVICE_WORK_H

#include "service/op.h"

/* Something for another thread than the executor's, which may take long; `reader` is that thread's
 * own connection. */
struct errand {
    struct errand *next;
    void (*run)(struct errand *errand, struct db *reader);
    bool may_wait; /* Everything that may not goes first. */
};

struct work {
    struct work *next;
    struct arena *arena; /* Of whoever made it; NULL for the executor's own. */
    struct actor actor;
    struct str request;
    bool is_sticky;
    enum err (*run)(struct work *work, struct op *op);
    void (*done)(struct work *work, enum err err, const struct problem *problem);
    enum err err; /* The executor's. */
    struct problem problem;
};

#endif
