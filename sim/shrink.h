/* sim/shrink: from a seed that fails to the shortest story that still fails in the same way.
 *
 * Leaves out kinds of acts and faults, then single ones in ever smaller parts, then pauses, and
 * keeps what still breaks the same sentence. The result is a list of moves (sim/moves), which
 * tocsin-sim lives again with --only. */
#ifndef TOCSIN_SIM_SHRINK_H
#define TOCSIN_SIM_SHRINK_H

#include "sim/trial.h"

struct shrunk {
    struct moves moves; /* moves_free is owed. */
    struct trial trial; /* Of these moves. */
    int64_t lives;      /* How many were lived to find them. */
};

/* `first` is what became of the order, which failed. */
struct shrunk shrink(const struct trial_order *order, const struct trial *first);

#endif
