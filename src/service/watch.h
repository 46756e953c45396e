/* service/watch: somebody else hears that Tocsin is alive: a ping that goes out every so often, and
 * whose absence an outside service notices (requirement O9). The other half is service/canary.
 *
 * The ping is the timer PING, one row: it goes out only while timers run in time, since a timer
 * that is late itself stands behind everything that was due before it, and only after its commit.
 * A ping that does not arrive is said once in the log and shown in /health; nothing waits for it.
 * watch_start, the timer and ping_build belong to the executor, ping_heard to one thread, whichever
 * it is. */
#ifndef TOCSIN_SERVICE_WATCH_H
#define TOCSIN_SERVICE_WATCH_H

#include "service/op.h"

enum { PING_TIMEOUT_SECONDS = 9 };

/* The timers that have no subject of their own are about all of Tocsin. */
extern const struct id whole_house_watched;

/* At start: the timers of ping and canary, as the settings have them now. Those that wait keep
 * their time, unless that is further away than the interval. */
NODISCARD enum err watch_start(struct op *op);

/* What goes out for EFFECT_PING, with its number, from 1 on, and what came of the ping with that
 * number: an answer that a later one has overtaken is no news. */
NODISCARD uint64_t ping_build(const struct site *site, struct wire_request *out);
void ping_heard(const struct site *site, uint64_t number, const struct wire_answer *answer);

#endif
