/* domain/life: what may become of something that has states: a table of edges, and nothing else.
 *
 * Pure. A pair of state and event that is not listed is refused with E_TRANSITION, and `problem`
 * (may be NULL) names both states. An event leads to the same state wherever it may happen. */
#ifndef TOCSIN_DOMAIN_LIFE_H
#define TOCSIN_DOMAIN_LIFE_H

#include "model/record.h"

struct life_edge {
    int from;
    int event;
    int to;
};

struct life {
    const char *whose; /* "a dispatch" */
    const struct enum_names *states;
    const struct life_edge *edges;
    size_t count;
};

NODISCARD enum err life_step(const struct life *life, int from, int event, int *to,
                             struct problem *problem);
/* Where the event leads to. */
int life_target(const struct life *life, int event);

#endif
