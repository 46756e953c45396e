/* channel/webhook: how posts of ours are signed: those to operators and those to event sinks.
 *
 * The signature is the HMAC-SHA256 of "TIME.BODY" under the secret, written as "t=TIME,v1=HEX" in
 * X-Tocsin-Signature; TIME is seconds since 1970. */
#ifndef TOCSIN_CHANNEL_WEBHOOK_H
#define TOCSIN_CHANNEL_WEBHOOK_H

#include "base/arena.h"
#include "base/time.h"

struct str webhook_signature(struct arena *arena, struct str secret, struct instant now,
                             struct str body);

#endif
