/* service/spend: the guard against spending without end (V11).
 *
 * Asked when a paid message (SMS, WhatsApp, call) is about to be queued. Counts are of the rows of
 * `messages`: what was queued and not dropped before it left. The first message of an incident or a
 * meeting's stage to a person always goes, but never to a premium or blocked prefix. */
#ifndef TOCSIN_SERVICE_SPEND_H
#define TOCSIN_SERVICE_SPEND_H

#include "service/messages.h"

/* *reason is NULL where the message may go, else a constant word: "spend_cap:day",
 * "spend_cap:person", "spend_cap:incident", "spend_cap:prefix" or "blocked_prefix". The operator is
 * told once a day. Audited. */
NODISCARD enum err spend_allows(struct op *op, const struct message_plan *plan,
                                const char **reason);

NODISCARD enum err show_incident_cost(struct op *op, const void *input, void *output);

#endif
