/* service/checkins: what a person says about a meeting, by whichever way (requirements C1-C5, K7).
 *
 * JOINED stops everything in one commit: pending alerts, messages on their way, ringing calls, the
 * open incident and its ladder. MISSED opens the incident and starts its ladder now. Saying the
 * same twice changes nothing. */
#ifndef TOCSIN_SERVICE_CHECKINS_H
#define TOCSIN_SERVICE_CHECKINS_H

#include "service/op.h"

struct checkin_request {
    struct id meeting;
    struct id user; /* Who says it: must be the meeting's person (E_FORBIDDEN). */
    enum checkin_status status;
    enum checkin_source source;
    bool force; /* MISSED although JOINED was said before. */
};

NODISCARD enum err take_checkin(struct op *op, const struct checkin_request *request,
                                struct checkin_result *out);
/* JOINED is taken back as long as it is not too late to look whether anybody joined: what is ahead
 * is planned anew. What was sent stays sent, and MISSED has begun what cannot be called back. */
NODISCARD enum err take_back_checkin(struct op *op, const void *input, void *output);
NODISCARD enum err check_in(struct op *op, const void *input, void *output);

/* A key pressed during a call. An unknown attempt or key is no error, and the same key again does
 * nothing. */
NODISCARD enum err take_key(struct op *op, struct id attempt, char key);

#endif
