/* domain/dispatch: the life of a dispatch, and when a technician is asked again (requirements D1,
 * D2).
 *
 * Pure. A move leads along an edge of dispatch.fsm.def or is refused with E_TRANSITION. A
 * technician is asked at once and then so many minutes after the first time as the follow-ups of
 * the urgency say; after the last follow-up there is as long to answer as before the first one,
 * then it is the next technician's turn. */
#ifndef TOCSIN_DOMAIN_DISPATCH_H
#define TOCSIN_DOMAIN_DISPATCH_H

#include "base/time.h"
#include "model/enums.h"

enum dispatch_move {
    dispatch_move_ask,
    dispatch_move_accept,
    dispatch_move_exhaust,
    dispatch_move_cancel,
    dispatch_move_complete,
    DISPATCH_MOVE_COUNT
};

/* The state after `move`, or E_TRANSITION with both states named in `problem` (may be NULL). */
NODISCARD enum err dispatch_step(enum dispatch_state from, enum dispatch_move move,
                                 enum dispatch_state *to, struct problem *problem);
enum dispatch_state dispatch_move_target(enum dispatch_move move);
/* Whether an acceptance would still be taken: DISPATCHING or EXHAUSTED. */
bool dispatch_waits(enum dispatch_state state);
bool dispatch_is_over(enum dispatch_state state); /* CANCELLED or COMPLETED. */

/* Whether an attempt of this urgency calls as well as writes. */
bool urgency_calls(enum urgency level);

enum { FOLLOWUPS_MAX = 10, FOLLOWUP_MINUTES_MAX = 1440 };

/* Minutes after the first attempt of a technician, growing. */
struct followups {
    int64_t minutes[FOLLOWUPS_MAX];
    size_t count;
};

/* "2,5,10". E_INVALID says what is wrong, without a field. */
NODISCARD enum err followups_parse(struct str text, struct followups *out, struct problem *problem);
/* Whether something is asked again after `made` attempts of a technician (at least 1), rather than
 * the next one being asked. */
bool followups_has_more(const struct followups *followups, int64_t made);
/* When that is, after the technician's first attempt. */
struct duration followups_wait(const struct followups *followups, int64_t made);

#endif
