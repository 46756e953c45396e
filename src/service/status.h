/* service/status: how Tocsin is (requirement D6), its clock, and the mock's script. */
#ifndef TOCSIN_SERVICE_STATUS_H
#define TOCSIN_SERVICE_STATUS_H

#include "service/op.h"

/* Since when a Redis that is set cannot be used; 0 while it can. */
int64_t redis_away_seconds(const struct op *op);
NODISCARD enum err show_health(struct op *op, const void *input, void *output);
NODISCARD enum err show_clock(struct op *op, const void *input, void *output);
/* E_NOT_FOUND without a mock provider. */
NODISCARD enum err script_mock_answer(struct op *op, const void *input, void *output);

/* The page behind a one-tap link, and the answer given there. */
NODISCARD enum err show_link(struct op *op, const void *input, void *output);
NODISCARD enum err answer_link(struct op *op, const void *input, void *output);

#endif
