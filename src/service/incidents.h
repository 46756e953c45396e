/* service/incidents: incidents, their states and their ladders (requirements I1, I2, E1-E5).
 *
 * Entering ESCALATING writes every step of the policy with its timer; leaving it cancels the
 * pending ones in the same commit and stops messages that are on their way. Steps are never
 * deleted. A step that fails does not stop the ladder. */
#ifndef TOCSIN_SERVICE_INCIDENTS_H
#define TOCSIN_SERVICE_INCIDENTS_H

#include "domain/incident.h"
#include "service/op.h"

/* The incident about a meeting that nobody joined: the open one, or a new one whose ladder starts
 * now. */
NODISCARD enum err open_missed_incident(struct op *op, const struct meeting *meeting,
                                        struct incident *out, bool *is_new);
/* RESOLVED because the person joined; nothing where no incident is open. */
NODISCARD enum err resolve_incident_of_meeting(struct op *op, const struct meeting *meeting,
                                               const char *reason);
NODISCARD enum err cancel_incident_of_meeting(struct op *op, const struct meeting *meeting,
                                              const char *reason);

/* Moves an incident along an edge, with all that follows from it. `incident` is the row, and is
 * updated. */
NODISCARD enum err move_incident(struct op *op, struct incident *incident,
                                 enum incident_event event, struct str reason);

/* Writes the end of a step (its status, error, time) and sees whether the ladder ran out. `user` is
 * whom the incident is about. */
NODISCARD enum err incident_step_ended(struct op *op, const struct step *step, struct id user);
NODISCARD enum err incident_step_skip(struct op *op, const struct step *step, struct id user,
                                      struct str reason);

NODISCARD enum err create_incident(struct op *op, const void *input, void *output);
NODISCARD enum err list_incidents(struct op *op, const void *input, void *output);
NODISCARD enum err get_incident(struct op *op, const void *input, void *output);
NODISCARD enum err list_steps(struct op *op, const void *input, void *output);
NODISCARD enum err acknowledge_incident(struct op *op, const void *input, void *output);
NODISCARD enum err escalate_incident(struct op *op, const void *input, void *output);
NODISCARD enum err resolve_incident(struct op *op, const void *input, void *output);
NODISCARD enum err cancel_incident(struct op *op, const void *input, void *output);

#endif
