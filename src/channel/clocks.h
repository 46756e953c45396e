/* channel/clocks: how far another's clock is ahead of ours, as its answers tell.
 *
 * What a provider lists bears times of its own clock, while what left here bears times of ours; a
 * clock that nobody has set right may be hours off. HTTP answers tell the time in their Date, to
 * the second, at some moment between the question and its answer. Source: RFC 9110 6.6.1. */
#ifndef TOCSIN_CHANNEL_CLOCKS_H
#define TOCSIN_CHANNEL_CLOCKS_H

#include "model/http.h"

/* Of who answered what was asked at `asked_at`; below 0 where it is behind. The least that explains
 * the Date: 0 where both clocks may tell the same time, and where there is none. It holds for times
 * that our clock told when the question was asked. */
struct duration clock_ahead(const struct wire_answer *answer, struct instant asked_at);

#endif
