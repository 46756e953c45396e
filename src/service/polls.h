/* service/polls: messages about which their provider is silent (requirements V3, V10).
 *
 * Armed when a provider that can be asked takes a message. Five minutes without an end, it is
 * asked, and again after ten and twenty; where nobody can call us, from ten seconds on. If it has
 * said nothing at all by then, the operator is told, once for each provider and channel. */
#ifndef TOCSIN_SERVICE_POLLS_H
#define TOCSIN_SERVICE_POLLS_H

#include "service/op.h"

/* The message was taken: nothing where its provider cannot be asked. */
NODISCARD enum err poll_expect(struct op *op, const struct message *message);
/* Its provider has said something about it after it was asked for: what the operator was told is
 * over. */
NODISCARD enum err poll_heard(struct op *op, const struct message *message);

#endif
