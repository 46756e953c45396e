/* service/keys: API keys by their secrets. A secret is compared and kept as its SHA-256 only. */
#ifndef TOCSIN_SERVICE_KEYS_H
#define TOCSIN_SERVICE_KEYS_H

#include "service/op.h"

struct key_hash {
    uint8_t bytes[SHA256_BYTES];
};

struct key_hash key_hash_of(struct str secret);
bool key_hash_equal(const struct key_hash *a, const struct key_hash *b); /* In constant time. */
/* E_UNAUTHENTICATED for one that is unknown, revoked or expired. */
NODISCARD enum err find_key(struct op *op, struct str secret, struct api_key *out);
/* At the first start: makes an admin key if there is none; `out` is absent where there was one. A
 * write. */
NODISCARD enum err ensure_admin_key(struct op *op, struct str *out);

#endif
