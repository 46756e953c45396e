/* service/dispatch_outcomes: what becomes of the messages of a dispatch: receipts, other channels,
 * and technicians whom nothing reaches (requirements D3, K5, P2).
 *
 * A way of an attempt is its event of kind ATTEMPT; its message has that event's id as its step.
 * Called inside the operation that moves the message. Messages without a step are left alone. */
#ifndef TOCSIN_SERVICE_DISPATCH_OUTCOMES_H
#define TOCSIN_SERVICE_DISPATCH_OUTCOMES_H

#include "service/reaching.h"

/* A constant word in *reason where the technician need not be asked any more (K5). */
NODISCARD enum err dispatch_stale(struct op *op, const struct message *message,
                                  const char **reason);
/* After any change of the message's row: the attempt shows it, and an event tells it. `detail` is
 * why, where the row does not say; may be absent. */
NODISCARD enum err dispatch_receipt(struct op *op, const struct message *message,
                                    struct str detail);
/* The way has failed for good: where nothing reaches the technician any more, it is the next one's
 * turn. */
NODISCARD enum err dispatch_way_failed(struct op *op, const struct message *message);
/* A further attempt of the same way has this message. */
NODISCARD enum err dispatch_next_message(struct op *op, const struct message *message);
/* As alert_goes_on, for the way of an attempt. */
NODISCARD enum err dispatch_goes_on(struct op *op, const struct message *failed,
                                    const struct onward *onward, bool *went);

/* A person was removed: what waits for their answer asks the next technician at once. */
NODISCARD enum err dispatches_person_removed(struct op *op, struct id user);

#endif
