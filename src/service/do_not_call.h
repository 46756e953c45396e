/* service/do_not_call: numbers that scheduled calls do not call, whoever asks.
 *
 * A number comes onto the list through the API, by a key pressed in a call (an agent's optOutKey),
 * or by STOP in a text, and leaves it through the API, or by START where STOP had put it there.
 * Rows stay: one that was lifted is history. Incidents and meetings call whom they must; their
 * suppressions are another matter (service/suppressions), though one of calls is honoured here too
 * (service/callable). Every change is audited and told. */
#ifndef TOCSIN_SERVICE_DO_NOT_CALL_H
#define TOCSIN_SERVICE_DO_NOT_CALL_H

#include "service/op.h"

struct opt_out {
    struct str phone; /* E.164 */
    enum consent_source source;
    struct str reason; /* May be absent. */
    struct id call;    /* The scheduled call in which they said so; unset for none. */
};

/* *known: it was on the list already, and nothing was changed. *out is its row. */
NODISCARD enum err do_not_call_add(struct op *op, const struct opt_out *request,
                                   struct do_not_call *out, bool *known);
/* START from a number: it is lifted where STOP had put it on the list, and only there. */
NODISCARD enum err do_not_call_heard_start(struct op *op, struct str phone);

/* What the API asks for; see api/routes.def. */
NODISCARD enum err add_do_not_call(struct op *op, const void *input, void *output);
NODISCARD enum err list_do_not_call(struct op *op, const void *input, void *output);
NODISCARD enum err lift_do_not_call(struct op *op, const void *input, void *output);
NODISCARD enum err import_do_not_call(struct op *op, const void *input, void *output);

#endif
