/* service/alerts: the staged alerts before a meeting: planned with it, moved with it, fired once
 * each (requirements A1-A5). */
#ifndef TOCSIN_SERVICE_ALERTS_H
#define TOCSIN_SERVICE_ALERTS_H

#include "service/reaching.h"

/* When it is to be looked whether anybody joined (E4), for the meeting's row; unset for never. */
struct instant plan_check(const struct op *op, const struct meeting *meeting);
/* Writes the alerts of the meeting's plan (its generation) and arms them and its check. A stage
 * whose interval is over is SKIPPED at once with its reason; one inside it is due now (A2). */
NODISCARD enum err plan_alerts(struct op *op, const struct meeting *meeting);
/* A message of a stage did not get through: the stage goes on by the next channel that its person
 * has, as a further attempt; *went is false where none is left. Its status stays. */
NODISCARD enum err alert_goes_on(struct op *op, const struct message *failed,
                                 const struct onward *onward, bool *went);
/* Cancels what is still ahead, and stops what is on its way. */
NODISCARD enum err cancel_alerts(struct op *op, const struct meeting *meeting, const char *reason);

#endif
