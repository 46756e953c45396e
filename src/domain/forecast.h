/* domain/forecast: when the last of the calls that wait will begin (S10).
 *
 * Pure. Calls that wait for times, at a pace and inside hours, go one after another as
 * service/pacer
 * lets them; what becomes of them is not foreseen. Hours that differ each get their share of the
 * pace, so that with several it is an estimate. */
#ifndef TOCSIN_DOMAIN_FORECAST_H
#define TOCSIN_DOMAIN_FORECAST_H

#include "domain/call_hours.h"

/* So many calls that are due at one instant. */
struct call_backlog {
    struct instant due_at;
    int64_t count;
};

/* An instant up to which hours that are open at `at` stay open, at most a day later: nothing of
 * them changes in between. */
struct instant call_hours_until(const struct call_hours *hours, struct instant at);

/* When the last one begins; `items` in the order of their times, none of them empty. A `step` of 0
 * is no pace. E_INVALID where the hours do not open. */
NODISCARD enum err forecast_end(const struct call_hours *hours, const struct call_backlog *items,
                                size_t count, struct duration step, struct instant *end);

#endif
