/* fuzz_identity: any bytes as what an identity provider answers to a sign-in: its discovery, a set
 * of keys with a signed token, the answer with the token, and the claims inside. The first byte
 * chooses; in a set of keys the token is the first line. Refusals say why; nothing is taken that is
 * of another issuer, for another client, or not signed. */
#include "channel/jws.h"
#include "channel/oidc.h"

#include <assert.h>

#define ISSUER "https://id.example.com"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void expect_reason(enum err err, const struct problem *problem)
{
    assert(err == OK || (problem->err == err && problem->message[0] != '\0'));
}

static void try_provider(struct arena *arena, struct str body)
{
    struct problem problem = {0};
    struct oidc_provider provider = {0};
    struct oidc_client client = {.id = STR("tocsin"),
                                 .scopes = STR("openid"),
                                 .redirect_url = STR("https://tocsin.example.com/back")};
    struct oidc_request request = {STR("s"), STR("n"), STR("v")};
    enum err err = oidc_read_provider(arena, body, STR(ISSUER), &provider, &problem);
    expect_reason(err, &problem);
    if (err == OK) {
        assert(str_equal(provider.issuer, STR(ISSUER)));
        assert(oidc_url_is_safe(provider.token_url) && oidc_url_is_safe(provider.keys_url));
        struct str url = oidc_authorization_url(arena, &provider, &client, &request);
        assert(str_starts(url, provider.authorization_url) && oidc_url_is_safe(url));
    }
}

static void try_token_answer(struct arena *arena, struct str body, int status)
{
    struct problem problem = {0};
    struct str token = STR_NONE;
    struct wire_answer answer = {.outcome = WIRE_ANSWERED, .status = status, .body = body};
    enum err err = oidc_read_token(arena, &answer, &token, &problem);
    expect_reason(err, &problem);
    assert(err != OK || (status == 200 && str_is_set(token)));
}

static void try_claims(struct arena *arena, struct str payload)
{
    struct problem problem = {0};
    struct oidc_claims claims = {0};
    struct oidc_expected expected = {.issuer = STR(ISSUER),
                                     .client_id = STR("tocsin"),
                                     .nonce = STR("n"),
                                     .now = {INT64_C(1767603600000000)}};
    enum err err = oidc_read_claims(arena, payload, &expected, &claims, &problem);
    expect_reason(err, &problem);
    if (err == OK) {
        assert(str_is_set(claims.subject));
        assert(oidc_claim_has(&claims, STR("iss"), STR(ISSUER)));
        assert(oidc_claim_has(&claims, STR("aud"), STR("tocsin")));
        (void)!oidc_claim_has(&claims, STR("realm_access.roles"), STR("admin"));
        (void)!oidc_claim_has(&claims, STR(".."), STR(""));
    }
}

/* A token without a signature, and one whose signature was cut off, are nobody's. */
static void try_signed(struct arena *arena, struct str text)
{
    struct str token = STR_NONE;
    struct str payload = STR_NONE;
    if (!str_split(&text, '\n', &token)) {
        return;
    }
    enum err err = jws_open(arena, token, text, &payload);
    assert(err == OK || err == E_NOT_FOUND || err == E_FORBIDDEN);
    size_t first = str_find_byte(token, '.', 0);
    size_t last = str_find_byte(token, '.', first + 1);
    if (err == OK) {
        assert(last + 1 < token.len);
        assert(jws_open(arena, str_slice(token, 0, last + 1), text, &payload) != OK);
        assert(jws_open(arena, token, STR("{\"keys\":[]}"), &payload) != OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const int statuses[] = {200, 200, 400, 503};
    if (size == 0) {
        return 0;
    }
    struct arena *arena = arena_new();
    struct str text = {(const char *)bytes + 1, size - 1};
    switch (bytes[0] & 3) {
    case 0:
        try_provider(arena, text);
        break;
    case 1:
        try_token_answer(arena, text, statuses[bytes[0] >> 2 & 3]);
        break;
    case 2:
        try_claims(arena, text);
        break;
    default:
        try_signed(arena, text);
    }
    arena_free(&arena);
    return 0;
}
