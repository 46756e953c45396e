/* service/suppressions: addresses that are not written to or called any more (requirement P4).
 *
 * A provider's answer that a number is invalid, or that its owner sent STOP, suppresses that
 * address on that channel: the first until a message comes from it, which proves it valid, the
 * second until a START; both until an edit of the person. Looked up by keyed hash. */
#ifndef TOCSIN_SERVICE_SUPPRESSIONS_H
#define TOCSIN_SERVICE_SUPPRESSIONS_H

#include "service/op.h"

struct suppress_request {
    enum channel channel;
    struct str address;
    struct id user;                 /* Unset where nobody is known. */
    enum failure_category category; /* invalid_number or opted_out */
    struct str provider;
    struct str code;
};

/* A second one for the same address changes nothing. Audited. */
NODISCARD enum err suppress(struct op *op, const struct suppress_request *request);
/* An edit ends everything, START opted_out, a message that was heard from there invalid_number. */
enum lift_reason { LIFT_EDITED, LIFT_START, LIFT_HEARD };
NODISCARD enum err suppression_lift(struct op *op, enum channel channel, struct str address,
                                    enum lift_reason reason);
/* *out is the category, 0 for an address that may be used. */
NODISCARD enum err suppression_of(struct op *op, enum channel channel, struct str address,
                                  enum failure_category *out);

#endif
