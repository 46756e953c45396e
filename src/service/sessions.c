#include "service/sessions.h"

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

/* What the key may do, whether it has a row or is the one of TOCSIN_ADMIN_KEY. */
static enum err key_behind(struct op *op, struct str secret, struct api_key *out)
{
    struct key_hash hash = key_hash_of(secret);
    if (key_is_admins(op->site, &hash)) {
        *out = (struct api_key){.name = STR("admin"), .scope = key_scope_ADMIN};
        return OK;
    }
    TRY(find_key(op, secret, out));
    return str_is_set(out->session_hash)
               ? op_fail(op, E_UNAUTHENTICATED, NULL, "a session cannot begin another one")
               : OK;
}

enum err begin_session(struct op *op, const void *input, void *output)
{
    const struct session_input *given = input;
    struct session *out = output;
    struct api_key parent = {0};
    TRY(key_behind(op, given->key, &parent));
    struct key_hash hash = key_hash_of(given->key);
    struct instant end = instant_add(op->now, HOURS(SESSION_HOURS));
    struct api_key key = {
        .name = arena_printf(op->arena, NAME_BEGIN "%.*s", STR_FMT(parent.name)),
        .scope = parent.scope,
        .user_id = parent.user_id,
        .session_hash =
            arena_str(op->arena, (struct str){(const char *)hash.bytes, sizeof hash.bytes}),
        .expires_at = instant_is_set(parent.expires_at) ? instant_min(end, parent.expires_at) : end,
    };
    TRY(add_key(op, &key));
    *out = (struct session){.name = parent.name,
                            .scope = key.scope,
                            .user_id = key.user_id,
                            .expires_at = key.expires_at,
                            .secret = key.key};
    fill(op, out);
    return OK;
}

enum err show_session(struct op *op, const void *input, void *output)
{
    struct session *out = output;
    (void)input;
    *out = (struct session){
        .name = without(without(op->actor.name, STR("api:")), STR(NAME_BEGIN)),
        .scope = (int)op->actor.scope,
        .user_id = op->actor.user,
    };
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
