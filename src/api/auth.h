/* api/auth: who is asking: the bearer key, and how fast it may ask (requirements X1, X3).
 *
 * Keys are compared by their SHA-256. Known keys are remembered for a second, so that a revoked one
 * ends within that. Threads: one. */
#ifndef TOCSIN_API_AUTH_H
#define TOCSIN_API_AUTH_H

#include "service/keys.h"

struct auth;

struct auth *auth_new(int64_t requests_per_second);
void auth_free(struct auth **auth);
/* E_UNAUTHENTICATED, or E_RATE_LIMITED with *retry_after_seconds. `op` is a read's. */
NODISCARD enum err auth_check(struct auth *auth, struct op *op, struct str authorization,
                              struct actor *out, int64_t *retry_after_seconds);

/* The same once more for who listens: E_UNAUTHENTICATED where their key is not good any more. Asks
 * the store, and does not count as a request. */
NODISCARD enum err auth_again(struct auth *auth, struct op *op, struct str authorization);

/* Which key it is. E_UNAUTHENTICATED where it is none. */
NODISCARD enum err auth_key(struct auth *auth, struct op *op, struct str authorization,
                            struct key_hash *out);

#endif
