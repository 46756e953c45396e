/* domain/receipt: what a message may become when its provider says something, in whatever order
 * that arrives (V1, V8).
 *
 * Pure. States only move forward: QUEUED < SENDING < SENT < every end; the first end stays, but for
 * DELIVERED and ANSWERED,
 * which a later and better receipt level may still raise (a key pressed during a call). Levels only
 * rise. */
#ifndef TOCSIN_DOMAIN_RECEIPT_H
#define TOCSIN_DOMAIN_RECEIPT_H

#include "model/enums.h"

struct receipt {
    enum message_state state;
    enum receipt_level level; /* 0 for none */
};

/* True when the news changes anything; then *out is what holds from now on. */
bool receipt_apply(struct receipt known, struct receipt news, struct receipt *out);
bool message_state_is_end(enum message_state state);

#endif
