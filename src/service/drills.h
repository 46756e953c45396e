/* service/drills: fire drills, and how surely people are reached (requirement O8).
 *
 * A drill is an incident of kind DRILL whose ladder is climbed as any other: the same steps,
 * guards, pacing and receipts, and words that begin with "This is a drill". It climbs once. With
 * `everybody` an answer confirms its own message, and everybody else has their turn all the same;
 * without it the first answer ends the drill, as it stops the ladder of a real incident. A drill
 * is RESOLVED by itself: at once when all that was sent is confirmed, else when the time to
 * confirm after its last step is over (timer LEASE). */
#ifndef TOCSIN_SERVICE_DRILLS_H
#define TOCSIN_SERVICE_DRILLS_H

#include "service/answers.h"

/* Somebody answered a drill: *is_counted where that is all there is to do, and then *out is set. */
NODISCARD enum err drill_heard(struct op *op, const struct person_answer *answer,
                               const struct incident *incident, bool *is_counted,
                               enum answer_effect *out);
/* The last step has ended: the time to confirm begins. */
NODISCARD enum err drill_ladder_ended(struct op *op, struct incident *incident);
/* The timer LEASE of a drill. */
NODISCARD enum err drill_time_is_up(struct op *op, struct incident *incident);
/* The incident of a drill has changed its state: what follows for the drill. */
NODISCARD enum err drill_follow(struct op *op, const struct incident *incident);

NODISCARD enum err create_drill(struct op *op, const void *input, void *output);
NODISCARD enum err list_drills(struct op *op, const void *input, void *output);
NODISCARD enum err get_drill(struct op *op, const void *input, void *output);
NODISCARD enum err list_reachability(struct op *op, const void *input, void *output);
NODISCARD enum err get_reachability(struct op *op, const void *input, void *output);

#endif
