/* service/sessions: a browser that signed in (requirement X1): a key of its own that ends after
 * half a day, at sign-out, or when somebody ends it; made from a key that was shown, with which it
 * ends, too, or for a person who signed in with a password. Who is refused is audited. */
#ifndef TOCSIN_SERVICE_SESSIONS_H
#define TOCSIN_SERVICE_SESSIONS_H

#include "service/op.h"

enum { SESSION_HOURS = 12 };

/* The key of a session of a person, and the session that it makes. */
struct api_key session_key_of_person(struct op *op, const struct account *account,
                                     enum sign_in_method method);
NODISCARD enum err session_make(struct op *op, struct api_key *key, struct session *out);

/* POST /session: session_input to session, with the secret for the browser's cookie. */
NODISCARD enum err begin_session(struct op *op, const void *input, void *output);
/* GET /session/ways: sign_in_ways, for whoever comes. */
NODISCARD enum err show_sign_in_ways(struct op *op, const void *input, void *output);
/* GET /session: who asks. */
NODISCARD enum err show_session(struct op *op, const void *input, void *output);
/* DELETE /session: revokes the one that asks; of no effect for a key that is none. */
NODISCARD enum err end_session(struct op *op, const void *input, void *output);
NODISCARD enum err list_sessions(struct op *op, const void *input, void *output);
/* E_FORBIDDEN for another's, but for an admin. */
NODISCARD enum err revoke_session(struct op *op, const void *input, void *output);

#endif
