/* service/call_outcomes: what becomes of a scheduled call when an attempt of it ends (S9, V5).
 *
 * Answered and over is completed; everything else is tried again as domain/call_retry has it,
 * inside business and legal hours, or has failed with the reason. Whatever ends the call makes the
 * next of its series in the same operation. Messages tell their call by these; those of an attempt
 * that is not the call's last one are left alone. */
#ifndef TOCSIN_SERVICE_CALL_OUTCOMES_H
#define TOCSIN_SERVICE_CALL_OUTCOMES_H

#include "service/call_times.h"

/* A constant word in *reason where the message must not leave any more (K5). */
NODISCARD enum err call_message_stale(struct op *op, const struct message *message,
                                      const char **reason);
/* The provider did not take it, or could not place it, and nothing else is left of this attempt. */
NODISCARD enum err call_message_failed(struct op *op, const struct message *message,
                                       struct duration asked_for);
/* It was dropped before it left, for the reason that call_message_stale gave. */
NODISCARD enum err call_message_dropped(struct op *op, const struct message *message,
                                        const char *reason);
/* After any news: where the message has ended, so has the attempt. */
NODISCARD enum err call_message_heard(struct op *op, const struct message *message);
/* The same attempt goes on with this message. */
NODISCARD enum err call_message_next(struct op *op, const struct message *message);
/* Its provider was asked often enough what became of it, and does not say. */
NODISCARD enum err call_message_silent(struct op *op, const struct message *message);

/* A cap of ours does not let it go now. */
NODISCARD enum err call_too_dear(struct op *op, struct scheduled_call *call, const char *why);
/* It may go at this opening. */
NODISCARD enum err call_wait_for(struct op *op, struct scheduled_call *call,
                                 const struct call_opening *opening);
/* Failed, whether it was pending, waits for its next attempt or has one under way: a message that
 * has not left is dropped, and one that rings is stopped. */
NODISCARD enum err call_give_up(struct op *op, struct scheduled_call *call, struct str reason);

/* The row of a call, or one that it needs, is damaged or missing: the call cannot be made. */
static inline bool call_err_is_damage(enum err err)
{
    return err == E_CORRUPT || err == E_NOT_FOUND || err == E_AGENT_NOT_FOUND;
}
/* The call is so damaged that it cannot be made, nor can anything follow it. */
NODISCARD enum err call_is_unreadable(struct op *op, struct id id);

/* GET /analytics/retries */
NODISCARD enum err show_call_retries(struct op *op, const void *input, void *output);

#endif
