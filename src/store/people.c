#include "store/people.h"

/* "tocsin_" and five more of its 48 characters: enough to tell keys apart, of no use for guessing.
 */
enum { KEY_PREFIX_BYTES = 12 };

static void hash_numbers(struct db *db, struct arena *arena, struct user *user)
{
    user->phone_hash = seal_lookup_hash(db_seal(db), arena, user->phone);
    user->whatsapp_hash = seal_lookup_hash(db_seal(db), arena, user->whatsapp);
    user->emergency_phone_hash = seal_lookup_hash(db_seal(db), arena, user->emergency_phone);
}

enum err users_put(struct db *db, struct arena *arena, struct user *user)
{
    hash_numbers(db, arena, user);
    return db_insert(db, TABLE_users, arena, user);
}

enum err users_change(struct db *db, struct arena *arena, struct user *user)
{
    hash_numbers(db, arena, user);
    return db_update(db, TABLE_users, arena, user);
}

enum err users_get(struct db *db, struct arena *arena, struct id id, struct user *out)
{
    TRY(db_get(db, TABLE_users, id, arena, out));
    return instant_is_set(out->deleted_at) ? E_NOT_FOUND : OK;
}

enum err users_is_removed(struct db *db, struct id id, bool *out)
{
    int64_t is_removed = 0;
    enum err err = db_number(db, S_user_is_removed, &is_removed, PARAMS(value_id(id)));
    *out = is_removed != 0;
    return err == E_NOT_FOUND ? OK : err;
}

struct zone_into {
    struct arena *arena;
    struct str *out;
    bool is_found;
};

static enum err take_zone(void *context, const struct value *columns)
{
    struct zone_into *into = context;
    into->is_found = true;
    *into->out = STR_NONE;
    if (columns[0].type == VALUE_NULL) {
        return OK;
    }
    if (columns[0].type != VALUE_TEXT || !str_is_utf8(columns[0].text)) {
        return E_CORRUPT;
    }
    *into->out = arena_str(into->arena, columns[0].text);
    return OK;
}

enum err users_zone(struct db *db, struct arena *arena, struct id id, struct str *out)
{
    struct zone_into into = {.arena = arena, .out = out};
    TRY(db_each(db, S_user_zone, &into, take_zone, PARAMS(value_id(id))));
    return into.is_found ? OK : E_NOT_FOUND;
}

enum err users_by_phone(struct db *db, struct arena *arena, struct str phone, struct list *out)
{
    struct lookup hash = seal_lookup(db_seal(db), arena, phone);
    return db_all(db, S_users_by_phone, (struct db_into){TABLE_users, arena}, out,
                  PARAMS(value_bytes(hash.now), value_bytes(hash.before)));
}

enum err users_by_emergency_phone(struct db *db, struct arena *arena, struct str phone,
                                  struct list *out)
{
    struct lookup hash = seal_lookup(db_seal(db), arena, phone);
    return db_all(db, S_users_by_emergency_phone, (struct db_into){TABLE_users, arena}, out,
                  PARAMS(value_bytes(hash.now), value_bytes(hash.before)));
}

enum err users_page(struct db *db, struct arena *arena, struct id after, int64_t limit,
                    struct list *out)
{
    return db_all(db, S_users_page, (struct db_into){TABLE_users, arena}, out,
                  PARAMS(value_int(after.value), value_int(limit)));
}

enum err users_count(struct db *db, int64_t *out)
{
    return db_number(db, S_users_count, out, NO_PARAMS);
}

void api_key_hash(struct arena *arena, struct str secret, struct api_key *key)
{
    key->key_hash = secret_hash(arena, secret);
}

enum err api_keys_by_secret(struct db *db, struct arena *arena, struct str secret,
                            struct api_key *out)
{
    struct api_key wanted = {0};
    api_key_hash(arena, secret, &wanted);
    return api_keys_by_hash(db, arena, wanted.key_hash, out);
}

enum err api_keys_by_hash(struct db *db, struct arena *arena, struct str hash, struct api_key *out)
{
    return db_one(db, S_keys_by_hash, (struct db_into){TABLE_api_keys, arena}, out,
                  PARAMS(value_bytes(hash)));
}

enum err api_keys_make(struct db *db, struct arena *arena, struct api_key *key)
{
    struct str random = random_secret(arena, KEY_SECRET_BYTES);
    key->key = arena_printf(arena, "tocsin_%.*s", STR_FMT(random));
    key->prefix = str_slice(key->key, 0, KEY_PREFIX_BYTES);
    api_key_hash(arena, key->key, key);
    return db_insert(db, TABLE_api_keys, arena, key);
}

enum err api_keys_of_user(struct db *db, struct arena *arena, struct id user, struct list *out)
{
    return db_all(db, S_keys_of_user, (struct db_into){TABLE_api_keys, arena}, out,
                  PARAMS(value_id(user)));
}

enum err api_keys_page(struct db *db, struct arena *arena, const struct api_key_page *page,
                       struct list *out, int64_t *total)
{
    const char *name = page->scope == 0 ? "" : enum_name(&key_scope_names, page->scope);
    struct value scope = value_text(str_from(name));
    TRY(db_number(db, S_keys_count, total, PARAMS(scope)));
    return db_all(db, S_keys_page, (struct db_into){TABLE_api_keys, arena}, out,
                  PARAMS(value_int(page->after.value), scope, value_int(page->limit)));
}

enum err api_keys_of_admin(struct db *db, struct instant now, int64_t *out)
{
    return db_number(db, S_keys_of_admin, out, PARAMS(value_time(now)));
}

enum err api_keys_revoke_of_user(struct db *db, struct id user, struct instant now)
{
    return db_run(db, S_keys_revoke_user, PARAMS(value_id(user), value_time(now)));
}

enum err api_keys_forget(struct db *db, const struct api_keys_ended *ended, int64_t *removed)
{
    return db_change(
        db, S_keys_forget, removed,
        PARAMS(value_time(ended->sessions), value_time(ended->keys), value_int(ended->limit)));
}
