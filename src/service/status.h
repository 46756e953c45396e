/* service/status: how Tocsin is (requirement D6), its clock, and the mock's script. */
#ifndef TOCSIN_SERVICE_STATUS_H
#define TOCSIN_SERVICE_STATUS_H

#include "service/op.h"

NODISCARD enum err show_health(struct op *op, const void *input, void *output);
NODISCARD enum err show_clock(struct op *op, const void *input, void *output);
/* E_NOT_FOUND without a mock provider. */
NODISCARD enum err script_mock_answer(struct op *op, const void *input, void *output);

/* The page behind a one-tap link, and the answer given there. */
NODISCARD enum err show_link(struct op *op, const void *input, void *output);
NODISCARD enum err answer_link(struct op *op, const void *input, void *output);

#endif
