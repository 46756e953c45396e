#include "service/sessions.h"

#include "model/formats.h"
#include "service/accounts.h"
#include "service/keys.h"
#include "store/people.h"

#define NAME_BEGIN "session of "

static struct str without(struct str text, struct str prefix)
{
    return str_starts(text, prefix) ? str_slice(text, prefix.len, text.len) : text;
}

static void fill(struct op *op, struct session *out)
{
    out->version = op->site->version;
    out->has_virtual_clock = op->site->is_virtual;
    out->now = op->now;
}

/* Only who knows the secret, or has shown it right, is told anything. */
static enum err refuse(struct op *op, struct id user, const char *reason, const char *text)
{
    TRY(op_audit(op, (struct audit_entry){.action = "SIGN_IN_REFUSED",
                                          .subject_type = id_is_set(user) ? subject_type_USER
                                                                          : subject_type_SYSTEM,
                                          .subject = user,
                                          .user = user,
                                          .reason = str_from(reason)}));
    return op_refuse(op, E_UNAUTHENTICATED, NULL, text);
}

enum err session_make(struct op *op, struct api_key *key, struct session *out)
{
    struct instant end = instant_add(op->now, HOURS(SESSION_HOURS));
    key->expires_at = instant_is_set(key->expires_at) ? instant_min(end, key->expires_at) : end;
    TRY(add_key(op, key));
    *out = (struct session){.name = without(key->name, STR(NAME_BEGIN)),
                            .sign_in = key->sign_in,
                            .scope = key->scope,
                            .user_id = key->user_id,
                            .expires_at = key->expires_at,
                            .secret = key->key};
    fill(op, out);
    return OK;
}

/* --- With a key --- */

/* What the key may do, whether it has a row or is the one of TOCSIN_ADMIN_KEY. */
static enum err key_behind(struct op *op, struct str secret, struct api_key *out)
{
    struct key_hash hash = key_hash_of(secret);
    if (key_is_admins(op->site, &hash)) {
        *out = (struct api_key){.name = STR("admin"), .scope = key_scope_ADMIN};
        return OK;
    }
    TRY(find_key(op, secret, out));
    return out->sign_in != sign_in_method_NONE ? E_UNAUTHENTICATED : OK;
}

static enum err begin_with_key(struct op *op, const struct session_input *given,
                               struct session *out)
{
    struct api_key parent = {0};
    enum err err = key_behind(op, given->key, &parent);
    if (err == E_UNAUTHENTICATED) {
        return refuse(op, ID_NONE, "key",
                      "this key is unknown, revoked or expired, or is a session's");
    }
    TRY(err);
    struct key_hash hash = key_hash_of(given->key);
    struct api_key key = {
        .name = arena_printf(op->arena, NAME_BEGIN "%.*s", STR_FMT(parent.name)),
        .scope = parent.scope,
        .user_id = parent.user_id,
        .sign_in = sign_in_method_KEY,
        .session_hash =
            arena_str(op->arena, (struct str){(const char *)hash.bytes, sizeof hash.bytes}),
        .expires_at = parent.expires_at,
    };
    return session_make(op, &key, out);
}

/* --- As a person --- */

/* Names of keys are not sealed: a person's does not stand there. */
struct api_key session_key_of_person(struct op *op, const struct account *account,
                                     enum sign_in_method method)
{
    return (struct api_key){
        .name = arena_printf(op->arena, NAME_BEGIN "person %.*s",
                             STR_FMT(op_id_text(op, account->user_id))),
        .scope = account->role,
        .user_id = account->user_id,
        .sign_in = method,
    };
}

static enum err renew(struct op *op, const struct password_proof *proof, struct account *account)
{
    if (!str_is_set(proof->made)) {
        return OK;
    }
    account->encoded = proof->made;
    return accounts_change(op->db, op->arena, account);
}

static enum err begin_with_password(struct op *op, struct session *out)
{
    const struct password_proof *proof = op->prepared;
    struct account account = {0};
    struct user user = {0};
    enum err err = account_proved(op, proof, &account);
    err = err == OK ? users_get(op->db, op->arena, account.user_id, &user) : err;
    if (err == E_NOT_FOUND) {
        bool is_known = proof != NULL && id_is_set(proof->account) &&
                        db_get(op->db, TABLE_accounts, proof->account, op->arena, &account) == OK;
        return refuse(op, is_known ? account.user_id : ID_NONE, "password",
                      "login or password is wrong");
    }
    TRY(err);
    struct api_key key = session_key_of_person(op, &account, sign_in_method_PASSWORD);
    TRY(renew(op, proof, &account));
    TRY(session_make(op, &key, out));
    out->name = user.name;
    return OK;
}

enum err begin_session(struct op *op, const void *input, void *output)
{
    const struct session_input *given = input;
    bool has_login = str_is_set(given->login) && str_is_set(given->password);
    op->actor.name = STR("sign-in");
    if (has_login == str_is_set(given->key)) {
        return op_fail(op, E_INVALID, "key", "give key, or login and password");
    }
    return has_login ? begin_with_password(op, output) : begin_with_key(op, given, output);
}

enum err show_sign_in_ways(struct op *op, const void *input, void *output)
{
    struct sign_in_ways *out = output;
    struct str issuer = op->site->oidc.issuer;
    (void)input;
    out->oidc = issuer.len > 0 ? url_authority(issuer) : STR_NONE;
    return accounts_have_passwords(op->db, &out->has_passwords);
}

enum err show_session(struct op *op, const void *input, void *output)
{
    struct session *out = output;
    struct user user = {0};
    (void)input;
    *out = (struct session){
        .name = without(without(op->actor.name, STR("api:")), STR(NAME_BEGIN)),
        .scope = (int)op->actor.scope,
        .user_id = op->actor.user,
    };
    bool is_person = id_is_set(op->actor.user) && id_is_set(op->actor.session) &&
                     users_get(op->db, op->arena, op->actor.user, &user) == OK;
    out->name = is_person ? user.name : out->name;
    fill(op, out);
    return OK;
}

enum err end_session(struct op *op, const void *input, void *output)
{
    struct removed *out = output;
    struct api_key key = {0};
    (void)input;
    *out = (struct removed){.deleted = true};
    if (!id_is_set(op->actor.session)) {
        return OK;
    }
    TRY(op_not_found(op, db_get(op->db, TABLE_api_keys, op->actor.session, op->arena, &key),
                     "session"));
    return end_key(op, &key, out);
}

/* --- Looking after them --- */

enum err list_sessions(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct session_list *out = output;
    struct session_page page = {
        .own = op->actor.session, .now = op->now, .limit = page_limit(wanted->limit) + 1};
    if (op->actor.scope != key_scope_ADMIN) {
        page.user = id_is_set(op->actor.user) ? op->actor.user : (struct id){-1};
    }
    TRY(op_cursor(op, wanted->cursor, &page.after));
    TRY(sessions_page(op->db, op->arena, &page, &out->sessions, &out->total));
    const struct api_key *sessions = out->sessions.items;
    if (page_trim(op, &out->sessions, page.limit - 1)) {
        out->cursor = op_cursor_text(op, sessions[out->sessions.count - 1].id);
    }
    return OK;
}

enum err revoke_session(struct op *op, const void *input, void *output)
{
    (void)input;
    struct api_key key = {0};
    enum err err = db_get(op->db, TABLE_api_keys, op->path_id, op->arena, &key);
    bool is_own = id_equal(key.id, op->actor.session) ||
                  (id_is_set(op->actor.user) && id_equal(key.user_id, op->actor.user));
    bool is_session = err == OK && key.sign_in != sign_in_method_NONE;
    TRY(op_not_found(op, err == OK && !is_session ? E_NOT_FOUND : err, "session"));
    if (!is_own && op->actor.scope != key_scope_ADMIN) {
        return op_fail(op, E_FORBIDDEN, NULL, "an admin ends the sessions of others");
    }
    return end_key(op, &key, output);
}
