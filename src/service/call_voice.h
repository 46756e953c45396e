/* service/call_voice: what a scheduled call says, and what the callee does in it (S8, K5, K7).
 *
 * The words are made from the version of the agent that the attempt began with and the call's
 * metadata, when they are sent, shown or spoken; no row keeps them. The page is made at the moment
 * of the pick-up: a call that is over by then, or a number that must not be called any more, hears
 * so, and nothing is asked. The agent's optOutKey puts the number on the do-not-call list. */
#ifndef TOCSIN_SERVICE_CALL_VOICE_H
#define TOCSIN_SERVICE_CALL_VOICE_H

#include "service/op.h"

/* The version of the agent that the attempt began with. */
NODISCARD enum err call_agent_of(struct op *op, const struct scheduled_call *call,
                                 struct agent *out);
/* Fills message->text. */
NODISCARD enum err call_words(struct op *op, struct message *message);
NODISCARD enum err call_picked_up(struct op *op, const struct message *message, bool is_machine,
                                  struct voice_page *out);
/* The key's effect has been taken before; 0 for none. */
NODISCARD enum err call_after_key(struct op *op, const struct message *message, char key,
                                  struct voice_page *out);
/* A key was pressed for the first time: true where it means something here. */
NODISCARD enum err call_take_key(struct op *op, const struct message *message, char key,
                                 struct str heard, bool *is_taken);

#endif
