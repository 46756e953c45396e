/* sim/invariants_memory: does the executor's memory have what a restart would read from the rows?
 *
 * Memory may know of more than waits (what has ended is dropped when it comes up), never of less,
 * and of nothing later. `latest` is the latest time that our clock has shown. False with the
 * sentence that is broken. */
#ifndef TOCSIN_SIM_INVARIANTS_MEMORY_H
#define TOCSIN_SIM_INVARIANTS_MEMORY_H

#include "sim/world.h"

bool memory_holds(const struct world *world, struct instant latest, struct arena *arena,
                  struct str *broken);

#endif
