/* service/agent_warnings: what of an agent is of no effect as the server is set up, and what a
 * change of its words means for calls that are pending. For the answers to whoever makes or changes
 * one.
 *
 * Nothing is refused for it: settings change, and so does metadata. */
#ifndef TOCSIN_SERVICE_AGENT_WARNINGS_H
#define TOCSIN_SERVICE_AGENT_WARNINGS_H

#include "service/op.h"

/* Fills agent->warnings. `before` is the version that it replaces; NULL where it replaces none. */
NODISCARD enum err agent_warn(struct op *op, const struct agent *before, struct agent *agent);

#endif
