/* service/incidents_internal: what the parts of service/incidents share. For incidents*.c only. */
#ifndef TOCSIN_SERVICE_INCIDENTS_INTERNAL_H
#define TOCSIN_SERVICE_INCIDENTS_INTERNAL_H

#include "domain/policy.h"
#include "service/incidents.h"

/* The state after it is the incident's. */
struct incident_change {
    const char *action;
    struct str before;
    struct str reason;
    const struct incident_taker *taker; /* Never NULL. */
};
NODISCARD enum err incident_audit(struct op *op, const struct incident *incident,
                                  const struct incident_change *change);

/* A new row, OPEN; its ladder starts at once where `escalates` says why. */
NODISCARD enum err incident_insert(struct op *op, struct incident *incident, const char *escalates);

/* Until when the acknowledgement of this instant holds; the row is the caller's to write. */
void incident_set_lease(const struct op *op, struct incident *incident,
                        const struct policy_rules *rules);
/* Gives back what was taken: the ladder begins anew. */
NODISCARD enum err release_incident_by(struct op *op, struct incident *incident, struct str reason,
                                       const struct incident_taker *taker);
/* The timer that ends it; nothing where there is no lease. */
NODISCARD enum err incident_arm_lease(struct op *op, const struct incident *incident);

#endif
