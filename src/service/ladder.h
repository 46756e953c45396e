/* service/ladder: climbing: the steps of an incident's policy, each at its time (requirements
 * E1-E3, P2, P3, K2). */
#ifndef TOCSIN_SERVICE_LADDER_H
#define TOCSIN_SERVICE_LADDER_H

#include "service/reaching.h"

/* Writes every rung as a PENDING step with its timer, from now on. */
NODISCARD enum err begin_ladder(struct op *op, const struct incident *incident);
/* As alert_goes_on, for the step of a ladder. */
NODISCARD enum err step_goes_on(struct op *op, const struct message *failed,
                                const struct onward *onward, bool *went);
/* The next step does not wait for its time, for `reason`: somebody said that it should not. */
NODISCARD enum err ladder_hurry(struct op *op, struct id incident_id, struct str reason);
/* The same because `step_id` reached nobody, unless a later step is under way already. */
NODISCARD enum err ladder_hurry_after(struct op *op, struct id step_id, struct str reason);

#endif
