/* service/ladder: climbing: the steps of an incident's policy, each at its time (requirements
 * E1-E3, P2, P3, K2). */
#ifndef TOCSIN_SERVICE_LADDER_H
#define TOCSIN_SERVICE_LADDER_H

#include "service/op.h"

/* Writes every rung as a PENDING step with its timer, from now on. */
NODISCARD enum err begin_ladder(struct op *op, const struct incident *incident);

#endif
