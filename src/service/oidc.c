#include "service/oidc.h"

#include "base/memory.h"
#include "channel/jws.h"
#include "channel/oidc.h"
#include "service/accounts.h"
#include "service/sessions.h"
#include "store/people.h"

#include <stdlib.h>

enum { SECRET_BYTES = 32, NAME_BYTES_MAX = 64 };

static const struct duration remembered_for = SECONDS_INIT(3600);
static const struct duration keys_rest = SECONDS_INIT(60);

struct oidc_memory {
    struct arena *arena;
    struct oidc_provider provider;
    struct str keys;
    struct instant provider_at;
    struct instant keys_at;
};

/* What a preparation has found out. */
struct oidc_outcome {
    struct oidc_session_start start;
    struct oidc_claims claims;
};

struct oidc_memory *oidc_memory_new(void)
{
    struct oidc_memory *memory = memory_new(sizeof *memory);
    memory->arena = arena_new();
    return memory;
}

void oidc_memory_free(struct oidc_memory **memory)
{
    if (*memory != NULL) {
        arena_free(&(*memory)->arena);
        free(*memory);
        *memory = NULL;
    }
}

/* --- Settings --- */

/* One after the other, "value=ROLE"; false at the end. */
static enum err next_role(struct str *rest, struct str *value, int *role, bool *is_end)
{
    struct str one = STR_NONE;
    *is_end = !str_split(rest, ',', &one);
    if (*is_end) {
        return OK;
    }
    size_t at = str_find_byte(one, '=', 0);
    *value = str_trim(str_slice(one, 0, at));
    struct str name = str_trim(str_slice(one, at + 1, one.len));
    return value->len > 0 ? enum_parse(&key_scope_names, name, role) : E_INVALID;
}

enum err oidc_check_settings(const struct oidc_settings *settings, struct problem *problem)
{
    struct str rest = settings->roles;
    struct str value = STR_NONE;
    bool is_end = settings->roles.len == 0;
    int role = 0;
    if (settings->issuer.len == 0) {
        return OK;
    }
    if (!oidc_url_is_safe(settings->issuer)) {
        return problem_set(problem, E_INVALID, "TOCSIN_OIDC_ISSUER",
                           "TOCSIN_OIDC_ISSUER must be an https:// URL");
    }
    if (settings->client_id.len == 0) {
        return problem_set(problem, E_INVALID, "TOCSIN_OIDC_CLIENT_ID",
                           "TOCSIN_OIDC_CLIENT_ID is required with TOCSIN_OIDC_ISSUER");
    }
    while (!is_end) {
        if (next_role(&rest, &value, &role, &is_end) != OK) {
            return problem_set(problem, E_INVALID, "TOCSIN_OIDC_ROLES",
                               "TOCSIN_OIDC_ROLES must be a list such as "
                               "\"sre=OPERATOR,on-call=RESPONDER\"");
        }
    }
    return (settings->roles.len == 0) == (settings->role_claim.len == 0)
               ? OK
               : problem_set(problem, E_INVALID, "TOCSIN_OIDC_ROLE_CLAIM",
                             "TOCSIN_OIDC_ROLE_CLAIM and TOCSIN_OIDC_ROLES go together");
}

/* The highest role that the claim names; 0 for none. The enum's order is that of their might. */
static int role_of(const struct oidc_settings *settings, const struct oidc_claims *claims)
{
    struct str rest = settings->roles;
    struct str value = STR_NONE;
    bool is_end = settings->roles.len == 0;
    int best = 0;
    int role = 0;
    while (!is_end && next_role(&rest, &value, &role, &is_end) == OK && !is_end) {
        bool has = oidc_claim_has(claims, settings->role_claim, value);
        best = has && (best == 0 || role < best) ? role : best;
    }
    return best;
}

/* --- Asking the provider --- */

static enum err fetch(struct op *op, const struct wire_request *request, struct wire_answer *answer)
{
    const struct site *site = op->site;
    TRY(site->fetch(site->fetch_context, request, op->arena, answer));
    return answer->outcome == WIRE_ANSWERED && answer->status == 200
               ? OK
               : op_fail(op, E_UPSTREAM, NULL, "the sign-in provider cannot be reached");
}

static void forget(struct oidc_memory *memory)
{
    arena_free(&memory->arena);
    *memory = (struct oidc_memory){.arena = arena_new()};
}

static bool is_fresh(const struct op *op, struct instant at)
{
    return instant_is_set(at) && !instant_before(op->now, at) &&
           instant_before(op->now, instant_add(at, remembered_for));
}

static enum err know_provider(struct op *op)
{
    struct oidc_memory *memory = op->site->oidc_memory;
    struct wire_request request;
    struct wire_answer answer = {0};
    struct oidc_provider provider = {0};
    if (is_fresh(op, memory->provider_at)) {
        return OK;
    }
    oidc_discovery_request(op->arena, op->site->oidc.issuer, &request);
    TRY(fetch(op, &request, &answer));
    TRY(oidc_read_provider(op->arena, answer.body, op->site->oidc.issuer, &provider, op->problem));
    forget(memory);
    memory->provider = (struct oidc_provider){
        .issuer = arena_str(memory->arena, provider.issuer),
        .authorization_url = arena_str(memory->arena, provider.authorization_url),
        .token_url = arena_str(memory->arena, provider.token_url),
        .keys_url = arena_str(memory->arena, provider.keys_url),
    };
    memory->provider_at = op->now;
    return OK;
}

static enum err fetch_keys(struct op *op)
{
    struct oidc_memory *memory = op->site->oidc_memory;
    struct wire_request request;
    struct wire_answer answer = {0};
    oidc_keys_request(&memory->provider, &request);
    TRY(fetch(op, &request, &answer));
    memory->keys = arena_str(memory->arena, answer.body);
    memory->keys_at = op->now;
    return OK;
}

/* A key that is not known may be a new one. */
static enum err open_token(struct op *op, struct str token, struct str *payload)
{
    struct oidc_memory *memory = op->site->oidc_memory;
    enum err err = E_NOT_FOUND;
    if (str_is_set(memory->keys)) {
        err = jws_open(op->arena, token, memory->keys, payload);
    }
    bool may_ask = !instant_is_set(memory->keys_at) || op->site->is_virtual ||
                   !instant_before(op->now, instant_add(memory->keys_at, keys_rest));
    if (err == E_NOT_FOUND && may_ask) {
        TRY(fetch_keys(op));
        err = jws_open(op->arena, token, memory->keys, payload);
    }
    return err == OK ? OK
                     : op_fail(op, E_UNAUTHENTICATED, NULL,
                               "the ID token's signature does not hold; sign in again");
}

static struct oidc_client client_of(const struct op *op)
{
    const struct oidc_settings *settings = &op->site->oidc;
    return (struct oidc_client){
        .id = settings->client_id,
        .secret = settings->client_secret.len > 0 ? settings->client_secret : STR_NONE,
        .scopes = settings->scopes,
        .redirect_url =
            arena_printf(op->arena, "%.*s" OIDC_CALLBACK, STR_FMT(op->site->public_url)),
    };
}

/* --- The cookie in between --- */

static const struct seal_place cookie_place = {"oidc", "state", {0}};

static struct str cookie_of(struct op *op, const struct oidc_request *request)
{
    struct sealer sealer = seal_as_sealer(op->site->seal);
    struct instant until = instant_add(op->now, MINUTES(OIDC_MINUTES));
    struct str plain = arena_printf(op->arena, "%.*s %.*s %.*s %lld", STR_FMT(request->state),
                                    STR_FMT(request->nonce), STR_FMT(request->verifier),
                                    (long long)instant_ms(until));
    struct str sealed = sealer.seal(sealer.context, op->arena, cookie_place, plain);
    return hex_text(op->arena, (const uint8_t *)sealed.ptr, sealed.len);
}

static enum err read_cookie(struct op *op, struct str cookie, struct oidc_request *out)
{
    struct sealer sealer = seal_as_sealer(op->site->seal);
    struct str sealed = STR_NONE;
    struct str rest = STR_NONE;
    struct str until = STR_NONE;
    int64_t until_ms = 0;
    bool is_good = hex_bytes(op->arena, cookie, &sealed) &&
                   sealer.open(sealer.context, op->arena, cookie_place, sealed, &rest) == OK &&
                   str_split(&rest, ' ', &out->state) && str_split(&rest, ' ', &out->nonce) &&
                   str_split(&rest, ' ', &out->verifier) && str_split(&rest, ' ', &until) &&
                   str_to_int(until, &until_ms) == OK && instant_ms(op->now) < until_ms;
    return is_good ? OK
                   : op_fail(op, E_UNAUTHENTICATED, NULL,
                             "this sign-in was not begun in this browser, or took too long; sign "
                             "in again");
}

/* --- Before the executor --- */

static enum err prepare_start(struct op *op, struct oidc_outcome *out)
{
    struct oidc_client client = client_of(op);
    struct oidc_request request = {.state = random_secret(op->arena, SECRET_BYTES),
                                   .nonce = random_secret(op->arena, SECRET_BYTES),
                                   .verifier = random_secret(op->arena, SECRET_BYTES)};
    TRY(know_provider(op));
    out->start.location =
        oidc_authorization_url(op->arena, &op->site->oidc_memory->provider, &client, &request);
    out->start.secret = cookie_of(op, &request);
    return OK;
}

static enum err prepare_end(struct op *op, const struct oidc_input *input, struct oidc_outcome *out)
{
    struct oidc_client client = client_of(op);
    struct oidc_request request = {0};
    struct wire_request wire;
    struct wire_answer answer = {0};
    struct str token = STR_NONE;
    struct str payload = STR_NONE;
    TRY(read_cookie(op, input->cookie, &request));
    if (!equal_in_constant_time(input->state, request.state)) {
        return op_fail(op, E_UNAUTHENTICATED, NULL,
                       "this answer belongs to another sign-in; sign in again");
    }
    if (!str_is_set(input->code)) {
        return op_fail(op, E_UNAUTHENTICATED, NULL, "the sign-in provider has refused");
    }
    TRY(know_provider(op));
    const struct oidc_provider *provider = &op->site->oidc_memory->provider;
    oidc_token_request(op->arena, provider, &client,
                       &(struct oidc_exchange){input->code, request.verifier}, &wire);
    TRY(op->site->fetch(op->site->fetch_context, &wire, op->arena, &answer));
    TRY(oidc_read_token(op->arena, &answer, &token, op->problem));
    TRY(open_token(op, token, &payload));
    struct oidc_expected expected = {.issuer = op->site->oidc.issuer,
                                     .client_id = client.id,
                                     .nonce = request.nonce,
                                     .now = op->now};
    return oidc_read_claims(op->arena, payload, &expected, &out->claims, op->problem);
}

enum err prepare_oidc(struct op *op, const struct oidc_input *input, const void **out)
{
    struct oidc_outcome *outcome = ARENA_NEW(op->arena, struct oidc_outcome);
    *outcome = (struct oidc_outcome){0};
    *out = outcome;
    if (op->site->oidc.issuer.len == 0 || op->site->fetch == NULL) {
        return op_fail(op, E_NOT_FOUND, NULL,
                       "sign-in by OpenID Connect is not set up here (TOCSIN_OIDC_ISSUER)");
    }
    return input->is_answer ? prepare_end(op, input, outcome) : prepare_start(op, outcome);
}

/* --- In the executor --- */

enum err begin_oidc(struct op *op, const void *input, void *output)
{
    (void)input;
    const struct oidc_outcome *outcome = op->prepared;
    *(struct oidc_session_start *)output = outcome->start;
    return OK;
}

/* Whose account it is, if anybody's: from the first time on by who they are there. */
static enum err find_account(struct op *op, const struct oidc_claims *claims, struct account *out)
{
    struct str who = arena_printf(op->arena, "oidc %.*s %.*s", STR_FMT(op->site->oidc.issuer),
                                  STR_FMT(claims->subject));
    struct lookup hash = seal_lookup(op->site->seal, op->arena, who);
    enum err err = accounts_by_subject(op->db, op->arena, &hash, out);
    if (err != E_NOT_FOUND || !claims->is_verified || !str_is_set(claims->email)) {
        return err;
    }
    TRY(accounts_by_login(op->db, op->arena, claims->email, out));
    if (str_is_set(out->subject_hash)) {
        *out = (struct account){0}; /* Somebody else there, who has this email. */
        return E_NOT_FOUND;
    }
    out->subject_hash = hash.now;
    TRY(accounts_change(op->db, op->arena, out));
    return op_audit(op, (struct audit_entry){.action = "ACCOUNT_LINKED",
                                             .subject_type = subject_type_USER,
                                             .subject = out->user_id,
                                             .user = out->user_id});
}

static enum err refuse(struct op *op, struct id user, const char *text)
{
    TRY(op_audit(op, (struct audit_entry){.action = "SIGN_IN_REFUSED",
                                          .subject_type = id_is_set(user) ? subject_type_USER
                                                                          : subject_type_SYSTEM,
                                          .subject = user,
                                          .user = user,
                                          .reason = STR("oidc")}));
    return op_refuse(op, E_FORBIDDEN, NULL, text);
}

enum err end_oidc(struct op *op, const void *input, void *output)
{
    (void)input;
    const struct oidc_claims *claims = &((const struct oidc_outcome *)op->prepared)->claims;
    struct account account = {0};
    op->actor.name = STR("sign-in");
    enum err err = find_account(op, claims, &account);
    if (err != OK && err != E_NOT_FOUND) {
        return err;
    }
    bool is_mapped = op->site->oidc.roles.len > 0;
    int role = is_mapped ? role_of(&op->site->oidc, claims) : account.role;
    if (role == 0) {
        return refuse(op, account.user_id,
                      is_mapped ? "who signed in has none of the roles that may"
                                : "who signed in has no account here");
    }
    if (role == key_scope_USER && !id_is_set(account.user_id)) {
        return refuse(op, ID_NONE, "who signed in has no account here");
    }
    struct api_key key = session_key_of_person(op, &account, sign_in_method_OIDC);
    key.scope = role;
    if (!id_is_set(account.user_id)) {
        key.name = arena_printf(op->arena, "session of oidc %.*s",
                                STR_FMT(str_cut_utf8(claims->subject, NAME_BYTES_MAX)));
    }
    return session_make(op, &key, output);
}
