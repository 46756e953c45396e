/* store/idempotency: what requests with an Idempotency-Key were answered. Errors as store/db.
 */
#ifndef TOCSIN_STORE_IDEMPOTENCY_H
#define TOCSIN_STORE_IDEMPOTENCY_H

#include "store/db.h"

NODISCARD enum err idempotency_keys_find(struct db *db, struct arena *arena,
                                         const struct lookup *who, struct idempotency_key *out);
NODISCARD enum err idempotency_keys_add(struct db *db, struct arena *arena,
                                        const struct idempotency_key *key);
NODISCARD enum err idempotency_keys_remove(struct db *db, const struct lookup *who);
/* At most `limit` of those from `until` and before. */
NODISCARD enum err idempotency_keys_forget(struct db *db, struct instant until, int64_t limit,
                                           int64_t *removed);

#endif
