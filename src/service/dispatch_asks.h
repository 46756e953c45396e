/* service/dispatch_asks: one technician is asked once: by which ways, in which words. For
 * dispatch*.c only. */
#ifndef TOCSIN_SERVICE_DISPATCH_ASKS_H
#define TOCSIN_SERVICE_DISPATCH_ASKS_H

#include "service/dispatch_internal.h"
#include "service/messages.h"

struct dispatch_ask {
    const struct dispatch *dispatch;
    const struct dispatch_technician *technician;
    const struct user *user;
    struct str why; /* Stands with the attempt: "late 734 s"; may be absent. */
};

/* Every way of the present attempt: by text, and as urgent as it is by call. *asked is false where
 * none of them reaches the person, each with its SKIPPED event. */
NODISCARD enum err dispatch_ask(struct op *op, const struct dispatch_ask *ask, bool *asked);
/* The message that asks, without its step. */
NODISCARD enum err dispatch_word(struct op *op, const struct dispatch_ask *ask,
                                 enum channel channel, struct message_plan *out);
/* Whether any way at all reaches the person now; else why not. */
NODISCARD enum err dispatch_reachable(struct op *op, const struct dispatch_ask *ask,
                                      const char **why_not);

#endif
