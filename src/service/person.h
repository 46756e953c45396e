/* service/person: how a person, or the emergency contact, can be reached at this moment.
 *
 * Reads the person's row once per step: phone, quiet hours and zone are those of now, not of when
 * the step was planned. */
#ifndef TOCSIN_SERVICE_PERSON_H
#define TOCSIN_SERVICE_PERSON_H

#include "domain/quiet_hours.h"
#include "domain/reach.h"
#include "service/messages.h"

/* With the addresses that are suppressed now (P4). */
NODISCARD enum err person_reach(struct op *op, const struct user *user, struct reach *out);
NODISCARD enum err emergency_reach(struct op *op, const struct user *user, struct reach *out);
/* False for a person without any. */
bool person_quiet_hours(const struct user *user, struct quiet_hours *out);
bool person_is_quiet(const struct op *op, const struct user *user);
bool has_emergency_contact(const struct user *user);
struct reach_limits person_limits(const struct op *op);
/* Where a paid message may not go (V11): an email, which costs nothing, with `reason`; REACH_SKIP
 * where there is none. */
NODISCARD enum err person_unpaid(struct op *op, const struct user *user, enum message_target target,
                                 const char *reason, struct reach_choice *out);

/* The number or address of a person (or contact) on a channel. */
struct str recipient_of(const struct user *user, enum message_target target, enum channel channel);

#endif
