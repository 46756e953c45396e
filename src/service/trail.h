/* service/trail: what the audit trail says when an alert or a step changes (requirement E5).
 *
 * One event for each change, with the status before and after. Actions are ALERT_ and STEP_ with
 * the new status; a step whose message is on its way is STEP_SENDING, although it is still PENDING.
 */
#ifndef TOCSIN_SERVICE_TRAIL_H
#define TOCSIN_SERVICE_TRAIL_H

#include "service/op.h"

/* The record holds what it is now, with its reason. */
NODISCARD enum err audit_alert(struct op *op, const struct alert *alert, enum alert_status before);

struct step_change {
    const struct step *step;
    struct id user;  /* Whom the incident is about. */
    const char *now; /* "SENDING", or the name of a status. */
    struct str reason;
};
NODISCARD enum err audit_step(struct op *op, const struct step_change *change);

#endif
