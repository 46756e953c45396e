/* channel/jws: is a signed token (RFC 7515) from somebody whose public keys these are?
 *
 * By libcjose. Algorithms: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512; "none"
 * and those with a shared secret are refused before a key is looked at. The key is the one of the
 * set that has the token's `kid` and is not for encryption; a token without one is taken where the
 * set has a single key. Keys stand in a JWK set (RFC 7517), of which the public members alone are
 * read. Pure. Threads: reentrant. */
#ifndef TOCSIN_CHANNEL_JWS_H
#define TOCSIN_CHANNEL_JWS_H

#include "base/arena.h"

/* The payload of a token whose signature holds. E_NOT_FOUND where the set has no such key, which a
 * newer set may have; E_FORBIDDEN for all else. */
NODISCARD enum err jws_open(struct arena *arena, struct str token, struct str key_set,
                            struct str *payload);

#endif
