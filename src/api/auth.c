#include "api/auth.h"

#include "base/hash.h"
#include "base/memory.h"
#include "service/keys.h"

#include <stdio.h>
#include <stdlib.h>

enum { KNOWN_MAX = 256, NAME_MAX_BYTES = 128, KEY_BYTES_MAX = 256, HASHED_MAX = 64 };

static const struct duration known_for = SECONDS_INIT(1);

struct known_key {
    struct key_hash hash;
    struct instant until;
    enum key_scope scope;
    struct id user;
    struct id session;
    char name[NAME_MAX_BYTES];
    int64_t allowance_us; /* Token bucket, in microseconds of credit. */
    struct instant filled_at;
};

/* SHA-256 of what was presented before, found by 128 bits of a hash whose keys nobody else has, so
 * that the secret itself is not kept. It says nothing about whether the key is good. */
struct hashed_secret {
    uint64_t tag[2];
    bool is_set;
    struct key_hash hash;
};

struct auth {
    int64_t requests_per_second;
    struct known_key known[KNOWN_MAX];
    struct hash_key tag_keys[2];
    struct hashed_secret hashed[HASHED_MAX];
};

struct auth *auth_new(int64_t requests_per_second)
{
    struct auth *auth = memory_new(sizeof *auth);
    auth->requests_per_second = requests_per_second;
    for (size_t i = 0; i < ARRAY_LENGTH(auth->tag_keys); i++) {
        auth->tag_keys[i] = (struct hash_key){random_number(), random_number()};
    }
    return auth;
}

void auth_free(struct auth **auth)
{
    free(*auth);
    *auth = NULL;
}

static enum err look_up(struct auth *auth, struct op *op, struct str secret, struct key_hash hash,
                        struct known_key **out)
{
    struct known_key *known = &auth->known[hash.bytes[0] % KNOWN_MAX];
    bool is_same = key_hash_equal(&known->hash, &hash);
    *out = known;
    /* A virtual clock may stand still, and then nothing would ever be forgotten. */
    if (is_same && !op->site->is_virtual && instant_before(op->now, known->until)) {
        return OK;
    }
    struct api_key key = {0};
    enum err err = find_key(op, secret, &key);
    if (err != OK) {
        *known = (struct known_key){0};
        return err;
    }
    *known = (struct known_key){.hash = hash,
                                .until = instant_add(op->now, known_for),
                                .scope = (enum key_scope)key.scope,
                                .user = key.user_id,
                                .session = key.sign_in != sign_in_method_NONE ? key.id : ID_NONE,
                                .allowance_us = is_same ? known->allowance_us : SECONDS(1).us,
                                .filled_at = is_same ? known->filled_at : op->now};
    snprintf(known->name, sizeof known->name, "api:%.*s", STR_FMT(key.name));
    return OK;
}

/* A bucket that holds one second's worth of requests. */
static enum err pace(const struct auth *auth, struct op *op, struct known_key *known,
                     int64_t *retry_after_seconds)
{
    bool is_free = known->scope == key_scope_ADMIN || op->site->is_virtual;
    if (auth->requests_per_second <= 0 || is_free) {
        return OK;
    }
    int64_t cost = SECONDS(1).us / auth->requests_per_second;
    int64_t filled = known->allowance_us + instant_since(op->now, known->filled_at).us;
    known->filled_at = op->now;
    known->allowance_us = filled > SECONDS(1).us ? SECONDS(1).us : filled;
    if (known->allowance_us < cost) {
        *retry_after_seconds = 1;
        return op_fail(op, E_RATE_LIMITED, NULL, "this key may ask %lld times a second",
                       (long long)auth->requests_per_second);
    }
    known->allowance_us -= cost;
    return OK;
}

static struct key_hash hash_of(struct auth *auth, struct str secret)
{
    uint64_t low = hash_bytes(auth->tag_keys[0], secret);
    uint64_t high = hash_bytes(auth->tag_keys[1], secret);
    struct hashed_secret *hashed = &auth->hashed[low % HASHED_MAX];
    if (!hashed->is_set || hashed->tag[0] != low || hashed->tag[1] != high) {
        *hashed = (struct hashed_secret){{low, high}, true, key_hash_of(secret)};
    }
    return hashed->hash;
}

/* The secret of a bearer key, and its hash. */
static enum err read_secret(struct auth *auth, struct op *op, struct str authorization,
                            struct str *secret, struct key_hash *hash)
{
    struct str scheme = STR("Bearer ");
    bool is_bearer = str_starts_nocase(authorization, scheme);
    *secret = STR_NONE;
    if (is_bearer) {
        *secret = str_trim(str_slice(authorization, scheme.len, authorization.len));
    }
    if (secret->len == 0 || secret->len > KEY_BYTES_MAX) {
        return op_fail(op, E_UNAUTHENTICATED, NULL,
                       "send the header \"Authorization: Bearer KEY\"");
    }
    *hash = hash_of(auth, *secret);
    return OK;
}

enum err auth_key(struct auth *auth, struct op *op, struct str authorization, struct key_hash *out)
{
    struct str secret = STR_NONE;
    return read_secret(auth, op, authorization, &secret, out);
}

enum err auth_again(struct auth *auth, struct op *op, struct str authorization)
{
    struct str secret = STR_NONE;
    struct key_hash hash;
    struct api_key key = {0};
    TRY(read_secret(auth, op, authorization, &secret, &hash));
    return key_is_admins(op->site, &hash) ? OK : find_key(op, secret, &key);
}

enum err auth_check(struct auth *auth, struct op *op, struct str authorization, struct actor *out,
                    int64_t *retry_after_seconds)
{
    struct str secret = STR_NONE;
    struct key_hash hash = {0};
    struct known_key *known = NULL;
    TRY(read_secret(auth, op, authorization, &secret, &hash));
    if (key_is_admins(op->site, &hash)) {
        *out = (struct actor){.name = STR("api:admin"), .scope = key_scope_ADMIN};
        return OK;
    }
    if (host_pass_is_good(op, secret)) {
        *out = (struct actor){.name = STR("cli"), .scope = key_scope_ADMIN};
        return OK;
    }
    TRY(look_up(auth, op, secret, hash, &known));
    TRY(pace(auth, op, known, retry_after_seconds));
    *out = (struct actor){.name = arena_str(op->arena, str_from(known->name)),
                          .scope = known->scope,
                          .user = known->user,
                          .session = known->session};
    return OK;
}
