#include "store/idempotency.h"

enum err idempotency_keys_find(struct db *db, struct arena *arena, const struct lookup *who,
                               struct idempotency_key *out)
{
    return db_one(db, S_idempotency_key_of, (struct db_into){TABLE_idempotency_keys, arena}, out,
                  PARAMS(value_bytes(who->now), value_bytes(who->before)));
}

enum err idempotency_keys_add(struct db *db, struct arena *arena, const struct idempotency_key *key)
{
    return db_insert(db, TABLE_idempotency_keys, arena, key);
}

enum err idempotency_keys_remove(struct db *db, const struct lookup *who)
{
    return db_run(db, S_idempotency_key_remove,
                  PARAMS(value_bytes(who->now), value_bytes(who->before)));
}

enum err idempotency_keys_forget(struct db *db, struct instant until, int64_t limit,
                                 int64_t *removed)
{
    return db_change(db, S_idempotency_keys_forget, removed,
                     PARAMS(value_time(until), value_int(limit)));
}
