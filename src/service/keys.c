#include "service/keys.h"

#include "store/people.h"
#include "store/seal_keys.h"

#include <string.h>

struct key_hash key_hash_of(struct str secret)
{
    struct key_hash hash = {0};
    sha256(secret, hash.bytes);
    return hash;
}

bool key_hash_equal(const struct key_hash *a, const struct key_hash *b)
{
    return equal_in_constant_time((struct str){(const char *)a->bytes, SHA256_BYTES},
                                  (struct str){(const char *)b->bytes, SHA256_BYTES});
}

bool key_is_admins(const struct site *site, const struct key_hash *hash)
{
    struct key_hash admin;
    memcpy(admin.bytes, site->admin_key_hash, sizeof admin.bytes);
    return key_hash_equal(&admin, hash);
}

static bool is_over(const struct op *op, const struct api_key *key)
{
    return instant_is_set(key->revoked_at) ||
           (instant_is_set(key->expires_at) && !instant_before(op->now, key->expires_at));
}

/* A session ends with the key that it was begun with. */
static enum err look_at_parent(struct op *op, const struct api_key *session, bool *is_good)
{
    struct key_hash hash = {0};
    struct api_key parent = {0};
    *is_good = true;
    if (session->session_hash.len != sizeof hash.bytes) {
        return OK;
    }
    memcpy(hash.bytes, session->session_hash.ptr, sizeof hash.bytes);
    if (key_is_admins(op->site, &hash)) {
        return OK;
    }
    enum err err = api_keys_by_hash(op->db, op->arena, session->session_hash, &parent);
    *is_good = err == OK && !is_over(op, &parent);
    return err == E_NOT_FOUND ? OK : err;
}

enum err find_key(struct op *op, struct str secret, struct api_key *out)
{
    bool is_good = false;
    enum err err = api_keys_by_secret(op->db, op->arena, secret, out);
    if (err == OK && !is_over(op, out)) {
        TRY(look_at_parent(op, out, &is_good));
    }
    if (err == E_NOT_FOUND || (err == OK && !is_good)) {
        return op_fail(op, E_UNAUTHENTICATED, NULL, "this key is unknown, revoked or expired");
    }
    return err;
}

static const char pass_begin[] = "tocsin-host.";

/* Of the key before where there is one. */
static struct str pass_of(const struct op *op, int64_t seconds, bool is_before)
{
    uint8_t mac[SHA256_BYTES];
    struct str text = arena_printf(op->arena, "%s%lld.", pass_begin, (long long)seconds);
    if (!is_before || !seal_sign_before(op->site->seal, text, op->now, mac)) {
        seal_sign(op->site->seal, text, mac);
    }
    return arena_printf(op->arena, "%.*s%.*s", STR_FMT(text),
                        STR_FMT(hex_text(op->arena, mac, sizeof mac)));
}

/* While the data key is changed a server may not have turned to the new one yet, but knows the old
 * one in any case. */
struct str host_pass(const struct op *op)
{
    return pass_of(op, instant_ms(op->now) / 1000, seal_has_before(op->site->seal));
}

bool host_pass_is_good(const struct op *op, struct str pass)
{
    enum { GOOD_SECONDS = 30 };
    int64_t seconds = 0;
    if (!str_starts(pass, str_from(pass_begin)) || op->site->is_virtual) {
        return false;
    }
    struct str rest = str_slice(pass, sizeof pass_begin - 1, pass.len);
    struct str number = str_slice(rest, 0, str_find_byte(rest, '.', 0));
    int64_t now = instant_ms(op->now) / 1000;
    bool is_time = str_to_int(number, &seconds) == OK && seconds <= now + GOOD_SECONDS &&
                   seconds >= now - GOOD_SECONDS;
    return is_time && (equal_in_constant_time(pass, pass_of(op, seconds, false)) ||
                       equal_in_constant_time(pass, pass_of(op, seconds, true)));
}

enum err add_key(struct op *op, struct api_key *key)
{
    if (instant_is_set(key->expires_at) && !instant_before(op->now, key->expires_at)) {
        return op_fail(op, E_INVALID, "expiresAt", "must be in the future");
    }
    key->id = op_new_id(op);
    key->created_at = op->now;
    TRY(api_keys_make(op->db, op->arena, key));
    struct api_key shown = *key;
    shown.key = STR_NONE;
    bool is_persons = id_is_set(key->user_id);
    return op_audit(op, (struct audit_entry){.action = "KEY_CREATED",
                                             .subject_type = is_persons ? subject_type_USER
                                                                        : subject_type_SYSTEM,
                                             .subject = is_persons ? key->user_id : key->id,
                                             .user = key->user_id,
                                             .after = op_record_text(op, &api_key_record, &shown)});
}

enum err ensure_admin_key(struct op *op, struct str *out)
{
    int64_t count = 0;
    *out = STR_NONE;
    TRY(api_keys_of_admin(op->db, op->now, &count));
    if (count > 0) {
        return OK;
    }
    struct api_key key = {.name = STR("admin"), .scope = key_scope_ADMIN};
    TRY(add_key(op, &key));
    *out = key.key;
    return OK;
}

enum err create_key(struct op *op, const void *input, void *output)
{
    const struct key_input *wanted = input;
    struct api_key *key = output;
    *key = (struct api_key){
        .name = wanted->name, .scope = wanted->scope, .expires_at = wanted->expires_at};
    TRY(op_may_administer(op));
    if (key->scope == key_scope_USER) {
        return op_fail(
            op, E_INVALID, "scope",
            "must be ADMIN, OPERATOR, RESPONDER or READER; a person's own key is made at "
            "/api/v1/users/{id}/keys");
    }
    return add_key(op, key);
}

enum err list_keys(struct op *op, const void *input, void *output)
{
    const struct key_list_input *wanted = input;
    struct api_key_list *out = output;
    int64_t limit = page_limit(wanted->limit);
    struct api_key_page page = {.scope = wanted->scope, .limit = limit + 1};
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &page.after));
    TRY(api_keys_page(op->db, op->arena, &page, &out->keys, &out->total));
    const struct api_key *keys = out->keys.items;
    if (page_trim(op, &out->keys, limit)) {
        out->cursor = op_cursor_text(op, keys[out->keys.count - 1].id);
    }
    return OK;
}

/* Nobody could make keys any more. */
static enum err refuse_last(struct op *op, const struct api_key *key)
{
    int64_t count = 0;
    bool is_session = key->sign_in != sign_in_method_NONE;
    if (key->scope != key_scope_ADMIN || op->site->has_admin_key || is_session) {
        return OK;
    }
    TRY(api_keys_of_admin(op->db, op->now, &count));
    bool is_good = !instant_is_set(key->expires_at) || instant_before(op->now, key->expires_at);
    return is_good && count == 1
               ? op_fail(op, E_CONFLICT, NULL,
                         "this is the last key of scope ADMIN; make another one first")
               : OK;
}

enum err end_key(struct op *op, struct api_key *key, struct removed *out)
{
    *out = (struct removed){.id = key->id, .deleted = true};
    if (instant_is_set(key->revoked_at)) {
        return OK;
    }
    TRY(refuse_last(op, key));
    struct str before = op_record_text(op, &api_key_record, key);
    key->revoked_at = op->now;
    TRY(db_update(op->db, TABLE_api_keys, op->arena, key));
    bool is_persons = id_is_set(key->user_id);
    return op_audit(op, (struct audit_entry){.action = "KEY_REVOKED",
                                             .subject_type = is_persons ? subject_type_USER
                                                                        : subject_type_SYSTEM,
                                             .subject = is_persons ? key->user_id : key->id,
                                             .user = key->user_id,
                                             .before = before,
                                             .after = op_record_text(op, &api_key_record, key)});
}

enum err revoke_key(struct op *op, const void *input, void *output)
{
    (void)input;
    struct api_key key = {0};
    TRY(op_may_administer(op));
    TRY(op_not_found(op, db_get(op->db, TABLE_api_keys, op->path_id, op->arena, &key), "key"));
    return end_key(op, &key, output);
}

enum err rotate_key(struct op *op, const void *input, void *output)
{
    (void)input;
    struct api_key old = {0};
    struct api_key *key = output;
    struct removed removed = {0};
    TRY(op_may_administer(op));
    TRY(op_not_found(op, db_get(op->db, TABLE_api_keys, op->path_id, op->arena, &old), "key"));
    if (is_over(op, &old) || old.sign_in != sign_in_method_NONE) {
        return op_fail(op, E_CONFLICT, NULL,
                       "a key that is revoked or has ended, or a session, has no successor; make "
                       "another one");
    }
    *key = (struct api_key){
        .name = old.name, .scope = old.scope, .user_id = old.user_id, .expires_at = old.expires_at};
    TRY(add_key(op, key));
    return end_key(op, &old, &removed);
}

enum err keys_clean(struct op *op, bool *is_done)
{
    enum { FORGOTTEN_AT_ONCE = 1000 };
    int64_t removed = 0;
    struct api_keys_ended ended = {.sessions = instant_sub(op->now, DAYS(1)),
                                   .keys = instant_sub(op->now, DAYS(90)),
                                   .limit = FORGOTTEN_AT_ONCE};
    TRY(api_keys_forget(op->db, &ended, &removed));
    *is_done = removed < FORGOTTEN_AT_ONCE;
    return OK;
}

/* --- Keys of people --- */

static enum err load_user(struct op *op)
{
    struct user user = {0};
    return op_not_found(op, users_get(op->db, op->arena, op->path_id, &user), "user");
}

enum err create_user_key(struct op *op, const void *input, void *output)
{
    struct api_key *key = output;
    *key = *(const struct api_key *)input;
    TRY(op_may_administer(op));
    TRY(load_user(op));
    key->scope = key_scope_USER;
    key->user_id = op->path_id;
    return add_key(op, key);
}

enum err list_user_keys(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct page_cut cut = {.record = &api_key_record, .limit = wanted->limit};
    struct api_key_list *out = output;
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &cut.after));
    TRY(load_user(op));
    TRY(api_keys_of_user(op->db, op->arena, op->path_id, &out->keys));
    out->total = (int64_t)out->keys.count;
    out->cursor = op_cut_page(op, &cut, &out->keys);
    return OK;
}

enum err revoke_user_key(struct op *op, const void *input, void *output)
{
    (void)input;
    struct api_key key = {0};
    TRY(op_may_administer(op));
    enum err err = db_get(op->db, TABLE_api_keys, op->path_id2, op->arena, &key);
    bool is_theirs = err == OK && id_equal(key.user_id, op->path_id);
    TRY(op_not_found(op, err == OK && !is_theirs ? E_NOT_FOUND : err, "key"));
    return end_key(op, &key, output);
}
