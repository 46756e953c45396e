#include "channel/oidc.h"

#include "channel/form.h"

#include <sodium.h>
#include <string.h>

enum { ANSWER_BYTES_MAX = 256 << 10, CLOCK_SKEW_SECONDS = 60 };

static const struct duration patience = SECONDS_INIT(10);

bool oidc_url_is_safe(struct str url)
{
    static const struct str own[] = {STR_INIT("http://127.0.0.1"), STR_INIT("http://localhost"),
                                     STR_INIT("http://[::1]")};
    bool is_safe = str_starts(url, STR("https://"));
    for (size_t i = 0; i < ARRAY_LENGTH(own); i++) {
        char next = url.len > own[i].len ? url.ptr[own[i].len] : '/';
        is_safe = is_safe || (str_starts(url, own[i]) && (next == ':' || next == '/'));
    }
    return is_safe;
}

static void get(struct str url, struct wire_request *out)
{
    *out = (struct wire_request){
        .kind = WIRE_HTTP,
        .timeout = patience,
        .http = {.method = STR("GET"), .url = url, .body_bytes_max = ANSWER_BYTES_MAX},
    };
    out->http.headers[out->http.header_count++] =
        (struct http_header){STR("Accept"), STR("application/json")};
}

void oidc_discovery_request(struct arena *arena, struct str issuer, struct wire_request *out)
{
    bool has_slash = str_ends(issuer, STR("/"));
    get(arena_printf(arena, "%.*s%s.well-known/openid-configuration", STR_FMT(issuer),
                     has_slash ? "" : "/"),
        out);
}

enum err oidc_read_provider(struct arena *arena, struct str body, struct str issuer,
                            struct oidc_provider *out, struct problem *problem)
{
    const struct json_node *root = NULL;
    if (json_tree_read(arena, body, &root) != OK) {
        return problem_set(problem, E_UPSTREAM, NULL, "the provider's discovery is not JSON");
    }
    *out =
        (struct oidc_provider){.issuer = json_tree_text(root, "issuer"),
                               .authorization_url = json_tree_text(root, "authorization_endpoint"),
                               .token_url = json_tree_text(root, "token_endpoint"),
                               .keys_url = json_tree_text(root, "jwks_uri")};
    if (!str_equal(out->issuer, issuer)) {
        return problem_set(problem, E_UPSTREAM, NULL,
                           "the provider's discovery names another issuer than "
                           "TOCSIN_OIDC_ISSUER");
    }
    bool is_safe = oidc_url_is_safe(out->authorization_url) && oidc_url_is_safe(out->token_url) &&
                   oidc_url_is_safe(out->keys_url);
    return is_safe ? OK
                   : problem_set(problem, E_UPSTREAM, NULL,
                                 "the provider's discovery lacks an endpoint, or has one that is "
                                 "not https");
}

static struct str base64url(struct arena *arena, const unsigned char *bytes, size_t count)
{
    size_t room = sodium_base64_encoded_len(count, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = arena_alloc(arena, room);
    sodium_bin2base64(text, room, bytes, count, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return str_from(text);
}

/* S256 (RFC 7636 4.2). */
static struct str challenge_of(struct arena *arena, struct str verifier)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)verifier.ptr, verifier.len);
    return base64url(arena, hash, sizeof hash);
}

struct str oidc_authorization_url(struct arena *arena, const struct oidc_provider *provider,
                                  const struct oidc_client *client,
                                  const struct oidc_request *request)
{
    struct buf query = {.arena = arena};
    bool has_query = str_contains(provider->authorization_url, STR("?"));
    form_add(&query, "response_type", STR("code"));
    form_add(&query, "client_id", client->id);
    form_add(&query, "redirect_uri", client->redirect_url);
    form_add(&query, "scope", client->scopes);
    form_add(&query, "state", request->state);
    form_add(&query, "nonce", request->nonce);
    form_add(&query, "code_challenge", challenge_of(arena, request->verifier));
    form_add(&query, "code_challenge_method", STR("S256"));
    return arena_printf(arena, "%.*s%c%.*s", STR_FMT(provider->authorization_url),
                        has_query ? '&' : '?', STR_FMT(buf_str(&query)));
}

void oidc_keys_request(const struct oidc_provider *provider, struct wire_request *out)
{
    get(provider->keys_url, out);
}

static struct str encoded(struct arena *arena, struct str text)
{
    struct buf out = {.arena = arena};
    form_encode(&out, text);
    return buf_str(&out);
}

void oidc_token_request(struct arena *arena, const struct oidc_provider *provider,
                        const struct oidc_client *client, const struct oidc_exchange *exchange,
                        struct wire_request *out)
{
    struct buf body = {.arena = arena};
    form_add(&body, "grant_type", STR("authorization_code"));
    form_add(&body, "code", exchange->code);
    form_add(&body, "redirect_uri", client->redirect_url);
    form_add(&body, "code_verifier", exchange->verifier);
    get(provider->token_url, out);
    if (str_is_set(client->secret)) {
        /* Form-encoded before it becomes Basic (RFC 6749 2.3.1). */
        out->http.username = encoded(arena, client->id);
        out->http.password = encoded(arena, client->secret);
    } else {
        form_add(&body, "client_id", client->id);
    }
    out->http.method = STR("POST");
    out->http.body = buf_str(&body);
    out->http.headers[out->http.header_count++] =
        (struct http_header){STR("Content-Type"), STR("application/x-www-form-urlencoded")};
}

enum err oidc_read_token(struct arena *arena, const struct wire_answer *answer,
                         struct str *id_token, struct problem *problem)
{
    const struct json_node *root = NULL;
    if (answer->outcome != WIRE_ANSWERED || answer->status / 100 == 5) {
        return problem_set(problem, E_UPSTREAM, NULL, "the sign-in provider does not answer");
    }
    if (answer->status != 200) {
        return problem_set(problem, E_UNAUTHENTICATED, NULL,
                           "the sign-in provider does not take this code; sign in again");
    }
    if (json_tree_read(arena, answer->body, &root) != OK) {
        return problem_set(problem, E_UPSTREAM, NULL, "the provider's token answer is not JSON");
    }
    *id_token = json_tree_text(root, "id_token");
    return str_is_set(*id_token)
               ? OK
               : problem_set(problem, E_UPSTREAM, NULL, "the provider's answer has no ID token");
}

static bool is_for_us(const struct json_node *root, struct str client_id)
{
    const struct json_node *audience = json_tree_member(root, "aud");
    struct str party = json_tree_text(root, "azp");
    if (str_is_set(party) && !str_equal(party, client_id)) {
        return false;
    }
    if (audience == NULL || audience->kind != JSON_KIND_ARRAY) {
        return str_equal(json_tree_text(root, "aud"), client_id);
    }
    bool is_ours = false;
    for (size_t i = 0; i < audience->count; i++) {
        is_ours = is_ours || str_equal(json_tree_item(audience, i)->text, client_id);
    }
    return is_ours && (audience->count == 1 || str_is_set(party));
}

static const char *what_is_wrong(const struct json_node *root, const struct oidc_expected *expected)
{
    int64_t ends = 0;
    int64_t began = 0;
    int64_t now = instant_ms(expected->now) / 1000;
    if (!str_equal(json_tree_text(root, "iss"), expected->issuer)) {
        return "is of another issuer";
    }
    if (!is_for_us(root, expected->client_id)) {
        return "is for another client";
    }
    if (!json_tree_int(root, "exp", &ends) || ends <= now - CLOCK_SKEW_SECONDS) {
        return "is over";
    }
    if (!json_tree_int(root, "iat", &began) || began > now + CLOCK_SKEW_SECONDS) {
        return "is from the future";
    }
    if (!str_equal(json_tree_text(root, "nonce"), expected->nonce)) {
        return "belongs to another sign-in";
    }
    return str_is_set(json_tree_text(root, "sub")) ? NULL : "names nobody";
}

enum err oidc_read_claims(struct arena *arena, struct str payload,
                          const struct oidc_expected *expected, struct oidc_claims *out,
                          struct problem *problem)
{
    const struct json_node *root = NULL;
    if (json_tree_read(arena, payload, &root) != OK) {
        return problem_set(problem, E_UPSTREAM, NULL, "the ID token's claims are not JSON");
    }
    const char *wrong = what_is_wrong(root, expected);
    if (wrong != NULL) {
        return problem_set(problem, E_UNAUTHENTICATED, NULL, "the ID token %s; sign in again",
                           wrong);
    }
    const struct json_node *verified = json_tree_member(root, "email_verified");
    *out = (struct oidc_claims){
        .subject = json_tree_text(root, "sub"),
        .email = json_tree_text(root, "email"),
        .is_verified = verified != NULL && verified->kind == JSON_KIND_BOOL &&
                       str_equal(verified->text, STR("true")),
        .all = root,
    };
    return OK;
}

static const struct json_node *claim_of(const struct json_node *root, struct str name)
{
    const struct json_node *node = root;
    struct str part = STR_NONE;
    char text[64];
    while (node != NULL && str_split(&name, '.', &part)) {
        if (part.len >= sizeof text) {
            return NULL;
        }
        memcpy(text, part.ptr, part.len);
        text[part.len] = '\0';
        node = json_tree_member(node, text);
    }
    return node;
}

bool oidc_claim_has(const struct oidc_claims *claims, struct str name, struct str value)
{
    const struct json_node *claim = claim_of(claims->all, name);
    if (claim == NULL || claim->kind == JSON_KIND_TEXT) {
        return claim != NULL && str_equal(claim->text, value);
    }
    for (size_t i = 0; claim->kind == JSON_KIND_ARRAY && i < claim->count; i++) {
        const struct json_node *item = json_tree_item(claim, i);
        if (item->kind == JSON_KIND_TEXT && str_equal(item->text, value)) {
            return true;
        }
    }
    return false;
}
