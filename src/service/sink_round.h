/* service/sink_round: telling an event sink the next events: what is asked for, and what an answer
 * does to how far the sink got (requirement D7).
 *
 * A sink has one timer while there is something to tell it, and one round under way at most. The
 * timer holds a lease meanwhile; what comes back is applied in an operation of its own, together
 * with the next instant of the timer. After a crash the round is repeated: telling is idempotent.
 * A round holds everything that its requests need, so that whoever performs them touches nothing
 * else: sink_round_prepare and the work at the end belong to the executor, sink_round_step to the
 * client's thread. Ownership: a round is one arena, freed at the end of its work or by abandon. */
#ifndef TOCSIN_SERVICE_SINK_ROUND_H
#define TOCSIN_SERVICE_SINK_ROUND_H

#include "service/work.h"

struct sink_round;

/* E_NOT_FOUND where the sink is gone. */
NODISCARD enum err sink_round_prepare(struct op *op, const struct effect *effect,
                                      struct sink_round **out);
/* True with the first request; false where nothing is to be asked and the round is over. */
bool sink_round_start(struct sink_round *round, struct wire_request *first);
/* Takes an answer. True with the next request; false when the round is over. Any thread, one at a
 * time. */
bool sink_round_step(struct sink_round *round, const struct wire_answer *answer,
                     struct wire_request *next);
/* The work that applies a round that is over. */
struct work *sink_round_finish(struct sink_round *round);
void sink_round_abandon(struct sink_round **round);

#endif
