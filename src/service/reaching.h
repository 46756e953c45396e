/* service/reaching: what a step is told when a message of it did not get through: go on by another
 * channel, as a further attempt of the same step. */
#ifndef TOCSIN_SERVICE_REACHING_H
#define TOCSIN_SERVICE_REACHING_H

#include "service/op.h"

struct onward {
    const char *reason; /* "sms_undelivered:unreachable": shown with the step. */
    unsigned tried;     /* Bits 1u << channel of what the step has tried already. */
    int64_t attempt;    /* The number of the attempt to come. */
};

#endif
