/* service/keys: API keys (requirement X1): who is behind a secret, making and revoking.
 *
 * A secret is compared and kept as its SHA-256 only, and shown once. A key has a scope: ADMIN may
 * do everything; OPERATOR everything but what op_may_administer guards; RESPONDER reads, and what
 * op_may_respond guards; READER reads; USER is one person. Whoever may read sees what keys there
 * are. The last good key of scope ADMIN is not revoked, unless TOCSIN_ADMIN_KEY is set. A session
 * (service/sessions) is a key that is good as long as the one that it was begun with. A server sees
 * a revoked key within a second (api/auth).
 */
#ifndef TOCSIN_SERVICE_KEYS_H
#define TOCSIN_SERVICE_KEYS_H

#include "service/op.h"

struct key_hash {
    uint8_t bytes[SHA256_BYTES];
};

struct key_hash key_hash_of(struct str secret);
bool key_hash_equal(const struct key_hash *a, const struct key_hash *b); /* In constant time. */
/* Whether it is the key of TOCSIN_ADMIN_KEY. */
bool key_is_admins(const struct site *site, const struct key_hash *hash);
/* Makes it, for good: id, secret and hash are set. */
NODISCARD enum err add_key(struct op *op, struct api_key *key);
/* Revokes it. */
NODISCARD enum err end_key(struct op *op, struct api_key *key, struct removed *out);
/* E_UNAUTHENTICATED for one that is unknown, revoked or expired. */
NODISCARD enum err find_key(struct op *op, struct str secret, struct api_key *out);
/* At a start: makes an admin key if none is good; `out` is absent where there was one. A write. */
NODISCARD enum err ensure_admin_key(struct op *op, struct str *out);

/* What a command on the server's own machine shows in place of a key: made with the data key, good
 * for half a minute by the real clock. */
struct str host_pass(const struct op *op);
bool host_pass_is_good(const struct op *op, struct str pass);

NODISCARD enum err create_key(struct op *op, const void *input, void *output);
NODISCARD enum err list_keys(struct op *op, const void *input, void *output);
NODISCARD enum err revoke_key(struct op *op, const void *input, void *output);
/* Another one that may the same until the same instant; the old one is revoked. */
NODISCARD enum err rotate_key(struct op *op, const void *input, void *output);
/* Forgets some sessions that ended a day ago and keys that ended 90 days ago, what became of which
 * the audit trail tells; false where there is more of it. */
NODISCARD enum err keys_clean(struct op *op, bool *is_done);
NODISCARD enum err create_user_key(struct op *op, const void *input, void *output);
NODISCARD enum err list_user_keys(struct op *op, const void *input, void *output);
NODISCARD enum err revoke_user_key(struct op *op, const void *input, void *output);

#endif
