/* sim/invariants: what must hold after every step, whatever happens: one sentence each, in
 * invariants.def.
 *
 * Most are queries over the rows and the carrier's own journal, made on the world's keeper
 * connection, so that neither our code nor our memory can make them true. A few look at memory: the
 * due order against the rows, the chain of the audit trail, and what the log must not tell. Owner:
 * invariants_free. Threads: one. An object belongs to one world. */
#ifndef TOCSIN_SIM_INVARIANTS_H
#define TOCSIN_SIM_INVARIANTS_H

#include "sim/world.h"

struct invariants;

struct invariants *invariants_new(void);
void invariants_free(struct invariants **invariants);
/* The next look is at all that there is, also in a life so long that most are not. */
void invariants_look_at_all(struct invariants *invariants);
/* False with the sentence that is broken, and by what, in `broken`. The world must be up. */
bool invariants_hold(struct invariants *invariants, struct world *world, struct arena *arena,
                     struct str *broken);

#endif
