/* service/consents: what callees said about being called: a history to which rows are added, and of
 * which the newest counts (service/callable). Every row is audited and told. */
#ifndef TOCSIN_SERVICE_CONSENTS_H
#define TOCSIN_SERVICE_CONSENTS_H

#include "service/op.h"

/* What the API asks for; see api/routes.def. */
NODISCARD enum err add_consent(struct op *op, const void *input, void *output);
NODISCARD enum err list_consents(struct op *op, const void *input, void *output);

#endif
