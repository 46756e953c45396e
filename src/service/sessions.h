/* service/sessions: a browser that signed in (requirement X1): a key of its own, made from the key
 * that was shown, that ends after half a day, at sign-out, or with the key it came from. */
#ifndef TOCSIN_SERVICE_SESSIONS_H
#define TOCSIN_SERVICE_SESSIONS_H

#include "service/op.h"

enum { SESSION_HOURS = 12 };

/* POST /session: session_input to session, with the secret for the browser's cookie. */
NODISCARD enum err begin_session(struct op *op, const void *input, void *output);
/* GET /session: who asks. */
NODISCARD enum err show_session(struct op *op, const void *input, void *output);
/* DELETE /session: revokes the one that asks; of no effect for a key that is none. */
NODISCARD enum err end_session(struct op *op, const void *input, void *output);

#endif
