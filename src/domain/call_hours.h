/* domain/call_hours: when a call may go out, all guards taken together, and what moved it.
 *
 * Pure. Business hours and legal hours are each looked at again after the other has moved the call,
 * until both allow the instant. A NULL means that this guard is off. The moves are data, from which
 * a sentence in anybody's language is made; the first of them is why it could not go when it was
 * asked for.
 * Errors: E_INVALID where the guards have no time in common within BUSINESS_DAYS_SEARCHED days. */
#ifndef TOCSIN_DOMAIN_CALL_HOURS_H
#define TOCSIN_DOMAIN_CALL_HOURS_H

#include "domain/legal_hours.h"

enum { CALL_MOVES_MAX = 4 };

struct call_hours {
    const struct business_hours *business;
    const struct zone *business_zone; /* Set where `business` is. */
    const struct legal_guard *legal;
};

struct call_move {
    enum move_reason reason;
    const struct zone *zone; /* Of the local times below: the hours', or the callee's. */
    struct civil asked;
    struct civil runs;
    bool has_missing; /* As in business_opening. */
    struct civil missing;
    bool has_holiday;
    struct civil holiday;
};

struct call_opening {
    struct instant at;
    size_t move_count; /* 0: it goes when it was asked for. Later ones than fit are left out. */
    struct call_move moves[CALL_MOVES_MAX];
};

bool call_hours_open(const struct call_hours *hours, struct instant at);
/* The first instant at or after `from` that all guards allow. */
NODISCARD enum err call_hours_next(const struct call_hours *hours, struct instant from,
                                   struct call_opening *out);

#endif
