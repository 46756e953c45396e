/* service/outcomes: what becomes of the alert or the step behind a message, and whether that still
 * wants the message.
 *
 * Called inside the operation that moves the message, so that both are one commit. */
#ifndef TOCSIN_SERVICE_OUTCOMES_H
#define TOCSIN_SERVICE_OUTCOMES_H

#include "service/op.h"

/* The subject is read again: confirmed, cancelled, declined, moved or resolved means a constant
 * word in *reason (K5). */
NODISCARD enum err outcome_meeting_stale(struct op *op, const struct message *message,
                                         const char **reason);
NODISCARD enum err outcome_incident_stale(struct op *op, const struct message *message,
                                          const char **reason);

NODISCARD enum err outcome_accepted(struct op *op, const struct message *message);
NODISCARD enum err outcome_failed(struct op *op, const struct message *message, struct str error);
NODISCARD enum err outcome_dropped(struct op *op, const struct message *message,
                                   const char *reason);
/* The provider had taken it, so that its step counts as done, and it did not arrive and nothing
 * else is left: the reason is shown there. */
NODISCARD enum err outcome_undelivered(struct op *op, const struct message *message,
                                       struct str reason);
/* Nothing more will be heard of it: it was delivered, or rang out, or was hung up. */
NODISCARD enum err outcome_over(struct op *op, const struct message *message);
/* A further attempt of the same step has this message. */
NODISCARD enum err outcome_next_attempt(struct op *op, const struct message *message);

#endif
