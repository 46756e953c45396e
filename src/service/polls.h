/* service/polls: messages about which their provider is silent (requirements V3, V10).
 *
 * Armed when a provider that can be asked takes a message. Five minutes without an end, it is
 * asked, and again after ten and twenty; where nobody can call us, from ten seconds on. If it has
 * said nothing at all by then, the operator is told, once for each provider and channel. What
 * nobody has signed of an end (is_unproven) is asked for at once (docs/delivery.md). */
#ifndef TOCSIN_SERVICE_POLLS_H
#define TOCSIN_SERVICE_POLLS_H

#include "service/op.h"

/* The message was taken: nothing where its provider can never be asked. */
NODISCARD enum err poll_expect(struct op *op, const struct message *message);
/* Somebody who may be its provider says how it ended: the provider is asked now, and again while it
 * does not answer. False where it cannot be asked. */
NODISCARD enum err poll_at_once(struct op *op, const struct message *message, bool *is_asked);
/* It says that it has not ended, `since` when somebody says so. Denied once it has said so often
 * enough; it is then asked in the usual time again. */
NODISCARD enum err poll_goes_on(struct op *op, const struct message *message, struct instant since,
                                bool *is_denied);
/* Its provider has said something about it after it was asked for: what the operator was told is
 * over. */
NODISCARD enum err poll_heard(struct op *op, const struct message *message);

#endif
