/* service/call_start: the begin of an attempt of a scheduled call (K5, S9).
 *
 * The pacer has let it go; now the row is read again, and campaign, queue, do-not-call list,
 * consent and hours are asked. Then the attempt is one operation: the call is processing, its
 * message is QUEUED, an audit event and counters. What may not go yet waits for its next opening,
 * what may never go has failed, with the reason. */
#ifndef TOCSIN_SERVICE_CALL_START_H
#define TOCSIN_SERVICE_CALL_START_H

#include "service/op.h"

/* The scheduled call that this operation is about, read once; E_NOT_FOUND. What changes the row
 * changes this struct with it. */
NODISCARD enum err call_in_hand(struct op *op, struct id id, struct scheduled_call **out);

#endif
