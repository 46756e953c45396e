/* service/notifications: what waits inside Tocsin to be seen (requirements U2, V7).
 *
 * A notification stays until it was seen and NOTIFICATION_DAYS longer, or for a year where nobody
 * sees it; when its subject is over it is marked so.
 * Seeing one is a receipt of its message and no answer: an incident is taken by its own routes.
 * Added and seen are told as events. Whoever runs Tocsin has notifications of their own, which are
 * nobody's in particular and no messages. Runs inside operations of the writer. */
#ifndef TOCSIN_SERVICE_NOTIFICATIONS_H
#define TOCSIN_SERVICE_NOTIFICATIONS_H

#include "service/messages.h"
#include "service/night.h"
#include "service/operator.h"

/* An IN_APP message is there: it waits to be seen by plan->user. */
NODISCARD enum err notification_add(struct op *op, struct id message,
                                    const struct message_plan *plan);
/* The same for whoever runs Tocsin (V7). */
NODISCARD enum err notification_add_note(struct op *op, const struct operator_note *note);
/* What they are about is over. */
NODISCARD enum err notifications_end(struct op *op, struct id subject);

/* A portion of a night: what is past its keeping is removed. */
NODISCARD enum err notifications_forget(struct op *op, struct night_walk *walk);

NODISCARD enum err list_notifications(struct op *op, const void *input, void *output);
NODISCARD enum err see_notification(struct op *op, const void *input, void *output);
NODISCARD enum err see_notifications(struct op *op, const void *input, void *output);

#endif
