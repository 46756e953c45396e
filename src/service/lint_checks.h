/* service/lint_checks: what there is to be found, by subject. Reads only. */
#ifndef TOCSIN_SERVICE_LINT_CHECKS_H
#define TOCSIN_SERVICE_LINT_CHECKS_H

#include "service/op.h"

enum { LINT_FINDINGS_MAX = 64 };

/* What was found in one subject; what is over the limit is left out. */
struct lint_report {
    enum subject_type type;
    struct id subject;
    struct lint_finding *findings; /* Room for LINT_FINDINGS_MAX. */
    size_t count;
};

NODISCARD enum err lint_policy(struct op *op, const struct policy *policy, struct lint_report *out);
NODISCARD enum err lint_user(struct op *op, const struct user *user, struct lint_report *out);
/* E_NOT_FOUND for a schedule that is not there. */
NODISCARD enum err lint_schedule(struct op *op, struct id schedule, struct lint_report *out);

#endif
