/* domain/incident: the life of an incident (requirement I1).
 *
 * Pure. An event leads along an edge of incident.fsm.def or is refused with E_TRANSITION; RESOLVED
 * and CANCELLED are final. */
#ifndef TOCSIN_DOMAIN_INCIDENT_H
#define TOCSIN_DOMAIN_INCIDENT_H

#include "model/enums.h"

enum incident_event {
    incident_event_acknowledge,
    incident_event_escalate,
    incident_event_resolve,
    incident_event_cancel,
    INCIDENT_EVENT_COUNT
};

/* The state after `event`, or E_TRANSITION with both states named in `problem` (may be NULL). */
NODISCARD enum err incident_step(enum incident_state from, enum incident_event event,
                                 enum incident_state *to, struct problem *problem);
/* Its ladder runs: ESCALATING, or ACKNOWLEDGED by somebody who has not said a word since the lease
 * ended (E7). */
bool incident_is_climbing(enum incident_state state, bool has_lapsed);
bool incident_is_open(enum incident_state state); /* OPEN, ACKNOWLEDGED or ESCALATING. */
enum incident_state incident_event_target(enum incident_event event);

#endif
