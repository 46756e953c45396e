/* service/incidents: incidents, their states and their ladders (requirements I1, I2, I3, E1-E7).
 *
 * Entering ESCALATING writes every step of the policy with its timer; leaving it cancels the
 * pending ones in the same commit and stops messages that are on their way. Steps are never
 * deleted. A step that fails does not stop the ladder. Each change is audited and told as an event
 * in the operation that makes it. */
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

/* What somebody reports. Where dedup_key is that of an incident of the same source that is still
 * open, the report joins it and counts (I3). */
struct incident_report {
    enum incident_kind kind;
    struct str title;
    struct str details;
    enum severity severity; /* 0 for MEDIUM. */
    struct id user;         /* Whom it is about; may be unset. */
    struct str policy;      /* By name or id; absent for "default". */
    struct str dedup_key;   /* Absent for none. */
    struct id source;       /* The integration or heartbeat; unset for the API. */
    bool escalates;         /* The ladder starts in the same commit, unless a maintenance window
                               covers the source: then held_until of the incident is set, and
                               whoever ends the window moves it on. */
    bool begins_later;      /* One of many: its ladder begins by a timer of its own that is due at
                               once, so that others have their turn in between. */
};
/* E_INVALID names userId or policy. */
NODISCARD enum err report_incident(struct op *op, const struct incident_report *report,
                                   struct incident *out, bool *joined);
/* The one that is open for the key of a source; E_NOT_FOUND. */
NODISCARD enum err incident_of_dedup_key(struct op *op, struct id source, struct str dedup_key,
                                         struct incident *out);

/* The person who changes an incident, and how they are reached again: as themselves (USER), or as
 * EMERGENCY_CONTACT of the person; PERSON where nobody is known. */
struct incident_taker {
    struct id user;
    enum target_kind as;
};
/* The name of whoever has it; absent where nobody is known. */
NODISCARD enum err incident_taker_name(struct op *op, const struct incident *incident,
                                       struct str *out);
/* Moves an incident along an edge, with all that follows from it. `incident` is the row, and is
 * updated. */
NODISCARD enum err move_incident(struct op *op, struct incident *incident,
                                 enum incident_event event, struct str reason);
/* The same by somebody who is known: the trail names them. */
NODISCARD enum err move_incident_by(struct op *op, struct incident *incident,
                                    enum incident_event event, struct str reason,
                                    const struct incident_taker *taker);
/* E7: whoever took it is still at it: the acknowledgement holds for another lease, and a ladder
 * that went on stops. E_CONFLICT where there is no lease to extend. */
NODISCARD enum err extend_incident_by(struct op *op, struct incident *incident, struct str reason,
                                      const struct incident_taker *taker);

/* Writes the end of a step (its status, error, time) and sees whether the ladder ran out. `user` is
 * whom it reached. */
NODISCARD enum err incident_step_ended(struct op *op, const struct step *step, struct id user);
NODISCARD enum err incident_step_skip(struct op *op, const struct step *step, struct id user,
                                      struct str reason);
/* The event of an incident that has changed. */
NODISCARD enum err incident_tell(struct op *op, const struct incident *incident,
                                 enum event_kind kind);

NODISCARD enum err create_incident(struct op *op, const void *input, void *output);
NODISCARD enum err list_incidents(struct op *op, const void *input, void *output);
NODISCARD enum err get_incident(struct op *op, const void *input, void *output);
NODISCARD enum err list_steps(struct op *op, const void *input, void *output);
NODISCARD enum err acknowledge_incident(struct op *op, const void *input, void *output);
NODISCARD enum err extend_incident(struct op *op, const void *input, void *output);
NODISCARD enum err release_incident(struct op *op, const void *input, void *output);
/* The page behind link_for_step. */
NODISCARD enum err show_incident_link(struct op *op, const void *input, void *output);
NODISCARD enum err answer_incident_link(struct op *op, const void *input, void *output);
NODISCARD enum err escalate_incident(struct op *op, const void *input, void *output);
NODISCARD enum err resolve_incident(struct op *op, const void *input, void *output);
NODISCARD enum err cancel_incident(struct op *op, const void *input, void *output);

#endif
