/* service/policy_rules: from a policy as people write it to the rules that the engine climbs, and
 * back.
 *
 * Errors: E_INVALID names the member as the JSON has it. */
#ifndef TOCSIN_SERVICE_POLICY_RULES_H
#define TOCSIN_SERVICE_POLICY_RULES_H

#include "domain/policy.h"
#include "service/op.h"

/* Puts in what is meant where a member is absent: since PREVIOUS, one target PERSON, five minutes
 * to answer at the end of a lease. */
void policy_ladder_complete(struct arena *arena, struct policy_ladder *ladder);
/* A ladder that is complete. */
void policy_ladder_rules(const struct policy_ladder *ladder, struct policy_rules *out);
/* What it would be as JSON. */
struct policy_ladder policy_rules_ladder(struct arena *arena, const struct policy_rules *rules);

struct policy_ladder policy_ladder_of(const struct policy *policy);

/* All that can be said of a policy without the store; completes `ladder`. */
NODISCARD enum err policy_form_check(struct arena *arena, const struct policy *policy,
                                     struct policy_ladder *ladder, struct problem *problem);
/* The people and schedules that it names exist. */
NODISCARD enum err policy_names_check(struct op *op, const struct policy *policy,
                                      const struct policy_ladder *ladder);

#endif
