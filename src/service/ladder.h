/* service/ladder: climbing: the steps of an incident's policy, each at its time (requirements
 * E1-E3, E7, P2, P3, K2, V8).
 *
 * A round is every rung of the policy as a row: a row for each level, target and time, PENDING,
 * which is its own timer. The rows of a level are independent of one another. A row whose target is
 * a schedule finds out whom it reaches when it is due. What a row needs is that a person answers
 * (CONFIRMED): that its message was taken, delivered or heard by a machine stops nothing. When the
 * last row of a round has ended, the next round begins, as often as the policy says; then the
 * ladder has run out. */
#ifndef TOCSIN_SERVICE_LADDER_H
#define TOCSIN_SERVICE_LADDER_H

#include "domain/policy.h"
#include "service/reaching.h"

/* The first round, from now on. The incident's row has its number already. */
NODISCARD enum err begin_ladder(struct op *op, const struct incident *incident);
/* Whoever took the incident is asked whether they are still at it (level 0), and a round begins
 * once they had their time to answer: at once where nobody can be asked. */
NODISCARD enum err begin_ladder_after_lease(struct op *op, const struct incident *incident,
                                            const struct policy_rules *rules);
/* Cancels what is pending and stops what is on its way. */
NODISCARD enum err leave_ladder(struct op *op, const struct incident *incident, struct str reason);
/* A row, or the message of one, has ended: the next round, or the end of the ladder, where it was
 * the last. The ladder ends once nothing of it rings any more or is on its way, three minutes after
 * the last call and one after the last text at the latest. */
NODISCARD enum err ladder_row_ended(struct op *op, struct id incident_id);

/* As alert_goes_on, for the step of a ladder. */
NODISCARD enum err step_goes_on(struct op *op, const struct message *failed,
                                const struct onward *onward, bool *went);
/* Whoever `step_id` reached (unset: somebody) can't: they are not asked again in this round, and
 * the next level does not wait for its time, unless one above has begun. */
NODISCARD enum err ladder_pass_on(struct op *op, const struct incident *incident, struct id step_id,
                                  struct str reason);
/* Whether another target of the same time of its level has reached the same person in the same way:
 * two schedules may name one. */
NODISCARD enum err ladder_is_asked(struct op *op, const struct incident *incident,
                                   const struct step *step, bool *out);
/* The step is not repeated, since whoever it reached has answered; the others go on. */
NODISCARD enum err ladder_stop_asking(struct op *op, const struct incident *incident,
                                      struct id step_id, struct str reason);
/* The next level does not wait because `step_id` reached nobody, nor did any other row of its level
 * and time; unless a later level is under way already. */
NODISCARD enum err ladder_hurry_after(struct op *op, struct id step_id, struct str reason);
/* There is nobody whom the step could reach: it is skipped at once, whoever owns the policy is
 * told, and the next level does not wait where no row of this one finds anybody (E7). */
NODISCARD enum err ladder_nobody(struct op *op, const struct incident *incident,
                                 const struct step *step, struct str reason);

/* A person was removed: where it is their turn, and nobody else's beside them, the next level does
 * not wait. */
NODISCARD enum err ladders_person_removed(struct op *op, struct id user);

#endif
