/* service/voice: what a call says at the moment it is picked up, and after a key (K5, K7).
 *
 * Made from the subject as it is then: what has ended meanwhile is said to have ended, by whom and
 * when, and nothing is asked. */
#ifndef TOCSIN_SERVICE_VOICE_H
#define TOCSIN_SERVICE_VOICE_H

#include "service/op.h"

NODISCARD enum err voice_picked_up(struct op *op, const struct message *message,
                                   struct voice_page *out);
/* A machine that took the call: short, and nothing is asked. */
NODISCARD enum err voice_for_machine(struct op *op, const struct message *message,
                                     struct voice_page *out);
/* A call that nobody here knows of. */
NODISCARD enum err voice_for_nobody(struct op *op, struct voice_page *out);
/* Key 9 says it again, at most five times. `key` 0: none was pressed. The key's effect has been
 * taken before. */
NODISCARD enum err voice_after_key(struct op *op, const struct message *message, char key,
                                   struct voice_page *out);

#endif
