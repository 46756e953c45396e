/* sim/invariants_calls: what a query cannot say of scheduled calls: whether a call that went out
 * was inside its business hours and inside the legal hours where its callee is.
 *
 * The hours are read again here, from the row's own text and the wall clock, and not by the
 * domain's code that they are to prove. Numbers of a life have one zone a country (sim/life_calls).
 */
#ifndef TOCSIN_SIM_INVARIANTS_CALLS_H
#define TOCSIN_SIM_INVARIANTS_CALLS_H

#include "sim/world.h"

/* The message behind `wire` went to `number` at that instant. False for what is no scheduled call.
 */
bool call_is_outside_hours(const struct world *world, struct arena *arena, struct id wire,
                           struct str number, struct instant at);

#endif
