/* service/courier_internal: what the parts of the courier share: courier.c (the order, the claims),
 * courier_job.c (what a provider is given) and courier_answer.c (what providers said). */
#ifndef TOCSIN_SERVICE_COURIER_INTERNAL_H
#define TOCSIN_SERVICE_COURIER_INTERNAL_H

#include "service/courier.h"
#include "service/due_heap.h"
#include "service/flights.h"

struct courier {
    const struct site *site;
    struct wire_port wire;
    struct flights flights;
    int sends_max;           /* Places that sends may take; the rest is for questions. */
    int sends;               /* Under way. */
    struct due_heap express; /* Cancellations and questions, which no pace holds back. */
    struct due_heap intake;  /* Messages whose lane is not known yet. */
    struct lanes *lanes;
    bool is_lane_next; /* Intake and lanes take turns. */
};

/* The end of a flight, settled or never begun. */
void courier_land(struct courier *courier, struct flight *flight);

/* Fills the flight's job, of which all is kept in the flight's arena. */
void courier_describe(const struct op *op, const struct message *message, struct flight *flight);
/* What the same provider said to the attempt before, where it refused that. */
NODISCARD enum err courier_last_code(struct op *op, const struct message *message, struct str *out);

#endif
