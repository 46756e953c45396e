/* service/inbox: what people wrote, asked for at providers that cannot call us (requirement V10).
 *
 * Without a public URL, while a text of the last 24 hours waits for its person's answer, each
 * provider that keeps an inbox is asked every 20 seconds; otherwise nothing is asked. What comes is
 * taken as a webhook's call would be, each text once. */
#ifndef TOCSIN_SERVICE_INBOX_H
#define TOCSIN_SERVICE_INBOX_H

#include "service/op.h"

/* A provider has taken this message: its inbox is looked at from now on, if it has to be. */
NODISCARD enum err inbox_expect(struct op *op, const struct message *message);
#endif
