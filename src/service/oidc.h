/* service/oidc: people sign in at an OpenID Connect provider (requirement X1).
 *
 * A browser is sent there with a state, a nonce and the hash of a secret (PKCE); all three, and
 * until when they hold, go along in a sealed cookie, so that nothing is kept here and another
 * browser's answer is of no use. Who comes back is known by issuer and subject; the first time, by
 * an email that the provider has verified and that is the login of an account without a subject.
 * What they may do is the role of their account or, where a claim is mapped to roles, that of the
 * highest role that it names: then nobody needs an account, and who has none of these roles is
 * refused.
 *
 * The provider is asked on a thread of its own (site->fetch), where what it said of itself is
 * remembered: for an hour, its keys until a token comes with another one, asked again at most once
 * a minute. */
#ifndef TOCSIN_SERVICE_OIDC_H
#define TOCSIN_SERVICE_OIDC_H

#include "service/op.h"

enum { OIDC_MINUTES = 10 };

#define OIDC_CALLBACK "/api/v1/session/oidc/callback"

/* The threads that prepare: one. Owner: whoever made it. */
struct oidc_memory;
struct oidc_memory *oidc_memory_new(void);
void oidc_memory_free(struct oidc_memory **memory);

/* Whether the settings make sense; E_INVALID names the one that does not. */
NODISCARD enum err oidc_check_settings(const struct oidc_settings *settings,
                                       struct problem *problem);

NODISCARD enum err prepare_oidc(struct op *op, const struct oidc_input *input, const void **out);
/* GET /session/oidc: where to send the browser. */
NODISCARD enum err begin_oidc(struct op *op, const void *input, void *output);
/* GET /session/oidc/callback: a session. */
NODISCARD enum err end_oidc(struct op *op, const void *input, void *output);

#endif
