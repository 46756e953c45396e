/* service/lint: what will not work as somebody may think, said when it is saved and every night
 * (requirement E8).
 *
 * Findings are rows: those of a policy, a person or a schedule are brought up to date whenever it
 * is saved, and all of them at night, because what they depend on changes elsewhere: somebody loses
 * their number, a channel is switched off, a meeting moves into quiet hours. The operator is told
 * of what a night has found anew. Findings never refuse anything. */
#ifndef TOCSIN_SERVICE_LINT_H
#define TOCSIN_SERVICE_LINT_H

#include "service/night.h"

/* Fill `findings` of what was saved, and keep them. */
NODISCARD enum err lint_policy_saved(struct op *op, struct policy *policy);
NODISCARD enum err lint_user_saved(struct op *op, struct user *user);
NODISCARD enum err lint_schedule_saved(struct op *op, struct id schedule, struct list *findings);
/* Fills them without keeping anything: for readers. */
NODISCARD enum err lint_policy_view(struct op *op, struct policy *policy);
/* It is gone, and so is what was found. */
NODISCARD enum err lint_forget(struct op *op, enum subject_type type, struct id subject);

/* Portions of a night (service/night), and its end: the operator is told how many were new. */
NODISCARD enum err lint_some_policies(struct op *op, struct night_walk *walk);
NODISCARD enum err lint_some_schedules(struct op *op, struct night_walk *walk);
NODISCARD enum err lint_some_people(struct op *op, struct night_walk *walk);
NODISCARD enum err lint_ended(struct op *op, int64_t added);

NODISCARD enum err list_findings(struct op *op, const void *input, void *output);

#endif
