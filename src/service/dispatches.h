/* service/dispatches: a caller for whom a technician is sought (requirements D1-D5).
 *
 * Technicians are asked one after the other, each at once and then as the follow-ups of the urgency
 * say, until one accepts. An acceptance stops everything else in the same commit. What happened is
 * a row of dispatch_events in the transaction that it describes. Every timer is a row, so that a
 * restart goes on where it was: what fell due meanwhile is run once, late, and says so; those
 * behind it move by as much. A person's own key sees and answers the dispatches that ask that
 * person. */
#ifndef TOCSIN_SERVICE_DISPATCHES_H
#define TOCSIN_SERVICE_DISPATCHES_H

#include "service/op.h"

NODISCARD enum err open_dispatch(struct op *op, const void *input, void *output);
NODISCARD enum err list_dispatches(struct op *op, const void *input, void *output);
NODISCARD enum err get_dispatch(struct op *op, const void *input, void *output);
NODISCARD enum err accept_dispatch(struct op *op, const void *input, void *output);
NODISCARD enum err decline_dispatch(struct op *op, const void *input, void *output);
NODISCARD enum err cancel_dispatch(struct op *op, const void *input, void *output);
NODISCARD enum err complete_dispatch(struct op *op, const void *input, void *output);
NODISCARD enum err trigger_dispatch(struct op *op, const void *input, void *output);

/* The page behind a technician's link (/d/…). */
NODISCARD enum err show_dispatch_link(struct op *op, const void *input, void *output);
NODISCARD enum err answer_dispatch_link(struct op *op, const void *input, void *output);

/* Says in the log what goes on after a start (D5). Only reads. */
NODISCARD enum err dispatches_recover(struct op *op);

#endif
