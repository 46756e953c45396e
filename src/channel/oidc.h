/* channel/oidc: what is said to an OpenID Connect provider, and what it answers: the authorization
 * code flow with PKCE (OpenID Connect Core 1.0, Discovery 1.0; RFC 6749, 7636, 9700).
 *
 * Pure: bytes to requests and answers to values; service/oidc has the flow, net/ the sockets.
 * Ownership: everything in the arena given. Errors: E_UPSTREAM for an answer that is not as it must
 * be, with a sentence in the problem; nothing that the provider wrote stands in it. */
#ifndef TOCSIN_CHANNEL_OIDC_H
#define TOCSIN_CHANNEL_OIDC_H

#include "base/err.h"
#include "model/http.h"
#include "model/json_tree.h"

struct oidc_provider {
    struct str issuer;
    struct str authorization_url;
    struct str token_url;
    struct str keys_url;
};

struct oidc_client {
    struct str id;
    struct str secret; /* Absent for a public client, which PKCE alone protects. */
    struct str scopes;
    struct str redirect_url;
};

/* What one sign-in is known by again. */
struct oidc_request {
    struct str state;
    struct str nonce;
    struct str verifier;
};

/* Whether a URL may be asked: https, or http to this machine itself, for tests. */
bool oidc_url_is_safe(struct str url);
void oidc_discovery_request(struct arena *arena, struct str issuer, struct wire_request *out);
NODISCARD enum err oidc_read_provider(struct arena *arena, struct str body, struct str issuer,
                                      struct oidc_provider *out, struct problem *problem);
struct str oidc_authorization_url(struct arena *arena, const struct oidc_provider *provider,
                                  const struct oidc_client *client,
                                  const struct oidc_request *request);
void oidc_keys_request(const struct oidc_provider *provider, struct wire_request *out);
struct oidc_exchange {
    struct str code;
    struct str verifier;
};
void oidc_token_request(struct arena *arena, const struct oidc_provider *provider,
                        const struct oidc_client *client, const struct oidc_exchange *exchange,
                        struct wire_request *out);
NODISCARD enum err oidc_read_token(struct arena *arena, const struct wire_answer *answer,
                                   struct str *id_token, struct problem *problem);

/* What an ID token must say (Core 3.1.3.7). */
struct oidc_expected {
    struct str issuer;
    struct str client_id;
    struct str nonce;
    struct instant now;
};
struct oidc_claims {
    struct str subject;
    struct str email;
    bool is_verified;
    const struct json_node *all;
};
NODISCARD enum err oidc_read_claims(struct arena *arena, struct str payload,
                                    const struct oidc_expected *expected, struct oidc_claims *out,
                                    struct problem *problem);
/* Whether a claim is this text, or a list that has it. A name with dots leads into objects. */
bool oidc_claim_has(const struct oidc_claims *claims, struct str name, struct str value);

#endif
