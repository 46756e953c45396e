/* api/sign_in_limit: how often somebody may try to sign in (requirement X1).
 *
 * In ten minutes 10 attempts at one login and 100 from one address (a /64 of IPv6) may fail; what
 * succeeds is not counted. Attempts are counted when they begin, so that many at once are no way
 * around. Counters stand in a fixed table by a hash whose key is this process's own: two that meet
 * share one, so that nobody gets rid of a counter by making others, and a restart begins anew.
 * Threads: any. */
#ifndef TOCSIN_API_SIGN_IN_LIMIT_H
#define TOCSIN_API_SIGN_IN_LIMIT_H

#include "service/op.h"

enum { LOGIN_ATTEMPTS_MAX = 10, ADDRESS_ATTEMPTS_MAX = 100, ATTEMPTS_MINUTES = 10 };

struct sign_in_limit;

struct sign_in_attempt {
    struct str
        network;      /* Whoever has one address of IPv6 has its whole network: address_network. */
    struct str login; /* STR_NONE where a key is shown. */
};

struct sign_in_limit *sign_in_limit_new(void);
void sign_in_limit_free(struct sign_in_limit **limit);
/* E_RATE_LIMITED with *retry_after_seconds. */
NODISCARD enum err sign_in_limit_take(struct sign_in_limit *limit, struct op *op,
                                      const struct sign_in_attempt *attempt,
                                      int64_t *retry_after_seconds);
/* It was the right one: its login begins anew, its address is given back the attempt. */
void sign_in_limit_forgive(struct sign_in_limit *limit, const struct sign_in_attempt *attempt);

#endif
