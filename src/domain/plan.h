/* domain/plan: when the stages before a meeting and the rungs of a ladder are due, and what to do
 * with one that is looked at.
 *
 * Pure. A stage is due at start - due_before and may go out until start - valid_before (A2): inside
 * that interval it fires,
 * before it waits, after it it is skipped; a later stage is never held back by an earlier one.
 * Times are UTC instants, so a meeting's own zone and DST were settled when its start was. */
#ifndef TOCSIN_DOMAIN_PLAN_H
#define TOCSIN_DOMAIN_PLAN_H

#include "model/enums.h"

/* What a step asks for; domain/reach turns it into a channel. */
enum wanted {
    WANTED_IN_APP,
    WANTED_EMAIL,
    WANTED_MESSAGE, /* An SMS or a WhatsApp message, as the person prefers. */
    WANTED_SMS,
    WANTED_WHATSAPP,
    WANTED_CALL
};

enum { STAGES_MAX = 10, ALERT_TYPE_MAX = 64 };

struct stage_rule {
    int number;
    char alert_type[ALERT_TYPE_MAX];
    struct duration due_before;
    struct duration valid_before;
    enum wanted wanted;
};

/* The built-in table. */
size_t stages_default(struct stage_rule out[static STAGES_MAX]);

enum stage_action { STAGE_WAIT, STAGE_FIRE, STAGE_TOO_LATE };

struct stage_times {
    struct instant due_at;
    struct instant valid_until;
};

struct stage_times stage_times(const struct stage_rule *stage, struct instant starts_at);
enum stage_action stage_decide(struct stage_times times, struct instant now);

/* 2 s, 4 s, 8 s …: the wait before attempt `attempt` + 1, for a base of `first`; capped at an hour.
 */
struct duration backoff(struct duration first, int attempt);
enum wanted wanted_of_step(enum step_type type);
enum channel
channel_of_wanted(enum wanted wanted); /* Before the person is known: MESSAGE is SMS. */

#endif
