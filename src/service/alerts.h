/* service/alerts: the staged alerts before a meeting: planned with it, moved with it, fired once
 * each (requirements A1-A5). */
#ifndef TOCSIN_SERVICE_ALERTS_H
#define TOCSIN_SERVICE_ALERTS_H

#include "service/op.h"

/* Writes the alerts of the meeting's plan (its generation) and their timers, and the timer that
 * looks for a missed start (E4). A stage whose interval is over is SKIPPED at once with its reason;
 * one inside it is due now (A2). */
NODISCARD enum err plan_alerts(struct op *op, const struct meeting *meeting);
/* Cancels what is still ahead, and stops what is on its way. */
NODISCARD enum err cancel_alerts(struct op *op, const struct meeting *meeting, const char *reason);

#endif
