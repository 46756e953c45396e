/* service/simulation: rehearsals of policies (requirement O7).
 *
 * A rehearsal runs the same engine on a store of its own, in memory, with a clock that jumps from
 * one due instant to the next and a carrier that is played: nothing leaves the process, nothing is
 * kept, and what it says is what would happen. app/rehearsal does it, since the clock and the store
 * are made there, and lends itself to `struct site`. It reads the facts (people, schedules, the
 * policy) from a reader's connection.
 * Threads: the worker's, because it may take seconds. */
#ifndef TOCSIN_SERVICE_SIMULATION_H
#define TOCSIN_SERVICE_SIMULATION_H

#include "service/op.h"

struct rehearsal_order {
    struct str policy; /* By name; absent for the one whose id is the operation's path_id. */
    const struct simulate_input *input;
};

/* POST /policies/{policy}/simulate. E_NOT_FOUND, E_INVALID with the member, E_TOO_LARGE for what
 * does not end within its limits. */
NODISCARD enum err simulate_policy(struct op *op, const void *input, void *output);

#endif
