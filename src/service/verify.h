/* service/verify: an account of everything that was due in a period (requirement O9): on time, late
 * and by how much, skipped and why, under way, lost.
 *
 * Counted in the rows, so that it says what is stored and not what was meant. Reads only. */
#ifndef TOCSIN_SERVICE_VERIFY_H
#define TOCSIN_SERVICE_VERIFY_H

#include "service/op.h"

/* E_INVALID names from or to. */
NODISCARD enum err show_verify(struct op *op, const void *input, void *output);

#endif
