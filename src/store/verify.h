/* store/verify: what became of everything that was due in a period, counted in the rows
 * (requirement O9). Errors as store/db. */
#ifndef TOCSIN_STORE_VERIFY_H
#define TOCSIN_STORE_VERIFY_H

#include "store/db.h"

struct verify_period {
    struct instant from;
    struct instant to; /* Not in the period itself. */
};

/* A verify_group for ALERT and one for STEP. A row that waits is under way while a timer or a
 * message of its own is, and lost otherwise. */
NODISCARD enum err verify_groups(struct db *db, struct arena *arena,
                                 const struct verify_period *period, struct list *out);
/* verify_reason, the most frequent first. */
NODISCARD enum err verify_reasons(struct db *db, struct arena *arena,
                                  const struct verify_period *period, struct list *out);
/* repeated, quarantined and dispatches_stuck. */
NODISCARD enum err verify_counts(struct db *db, const struct verify_period *period,
                                 struct verify_report *out);

#endif
