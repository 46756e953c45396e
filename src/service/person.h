/* service/person: how a person, or the emergency contact, can be reached at this moment, and what
 * is said.
 *
 * Reads the person's row once per step: phone, quiet hours and zone are those of now, not of when
 * the step was planned. */
#ifndef TOCSIN_SERVICE_PERSON_H
#define TOCSIN_SERVICE_PERSON_H

#include "channel/render.h"
#include "domain/reach.h"
#include "service/messages.h"

struct reach person_reach(const struct op *op, const struct user *user);
struct reach emergency_reach(const struct user *user);
bool has_emergency_contact(const struct user *user);
struct reach_limits person_limits(const struct op *op);

/* The number or address of a person (or contact) on a channel. */
struct str recipient_of(const struct user *user, enum message_target target, enum channel channel);

/* Fills text, html and invite of `plan` for its channel. `meeting` may be NULL. */
struct wording {
    enum text_key key;
    const struct user *user;
    const struct meeting *meeting;
    struct str title; /* Where there is no meeting. */
};
NODISCARD enum err word_message(struct op *op, const struct wording *wording,
                                struct message_plan *plan);

#endif
