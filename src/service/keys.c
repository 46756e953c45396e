#include "service/keys.h"

#include "store/people.h"

struct key_hash key_hash_of(struct str secret)
{
    struct key_hash hash;
    sha256(secret, hash.bytes);
    return hash;
}

bool key_hash_equal(const struct key_hash *a, const struct key_hash *b)
{
    return equal_in_constant_time((struct str){(const char *)a->bytes, SHA256_BYTES},
                                  (struct str){(const char *)b->bytes, SHA256_BYTES});
}

enum err find_key(struct op *op, struct str secret, struct api_key *out)
{
    enum err err = api_keys_by_secret(op->db, op->arena, secret, out);
    bool is_over = err == OK &&
                   (instant_is_set(out->revoked_at) ||
                    (instant_is_set(out->expires_at) && !instant_before(op->now, out->expires_at)));
    if (err == E_NOT_FOUND || is_over) {
        return op_fail(op, E_UNAUTHENTICATED, NULL, "this key is unknown, revoked or expired");
    }
    return err;
}

enum err ensure_admin_key(struct op *op, struct str *out)
{
    int64_t count = 0;
    *out = STR_NONE;
    TRY(db_number(op->db, S_keys_of_admin, &count, NO_PARAMS));
    if (count > 0) {
        return OK;
    }
    struct api_key key = {
        .id = op_new_id(op), .name = STR("admin"), .scope = key_scope_ADMIN, .created_at = op->now};
    TRY(api_keys_make(op->db, op->arena, &key));
    *out = key.key;
    return op_audit(op, (struct audit_entry){.action = "KEY_CREATED",
                                             .subject_type = subject_type_SYSTEM,
                                             .after = STR("admin")});
}
