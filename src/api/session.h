/* api/session: the cookie of a browser that signed in (requirement X1).
 *
 * The cookie stands for an Authorization header where a request has none. It is HttpOnly and
 * SameSite=Strict, and a request that changes something must come from a page of this server, which
 * its Origin or Sec-Fetch-Site says: no other site can make a browser use it. */
#ifndef TOCSIN_API_SESSION_H
#define TOCSIN_API_SESSION_H

#include "api/call.h"

/* Sets the request's authorization from its cookie. E_FORBIDDEN where it would change something
 * from elsewhere. */
NODISCARD enum err session_admit(struct api_call *call, struct problem *problem);
/* Whether the request shows a secret that somebody may be guessing; then whose and from where
 * stands in call->attempt. After its input was read. */
bool session_is_attempt(struct api_call *call, const struct op *op);
/* Adds the header that sets the cookie or, with an empty `secret`, takes it back. */
void session_set_cookie(struct api_call *call, struct str secret, struct http_response *out);
/* Of a sign-in elsewhere (service/oidc): what this browser keeps until it comes back. SameSite=Lax,
 * because it comes back from another site. */
void session_read_oidc(struct api_call *call);
void session_set_oidc_cookie(struct api_call *call, struct str secret, struct http_response *out);
/* Sets the one of the session and takes that back. */
void session_set_both_cookies(struct api_call *call, struct str secret, struct http_response *out);

#endif
