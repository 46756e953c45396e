/* service/bulk: up to 10,000 calls in one request (S10).
 *
 * The body is read on the worker's thread (prepare_bulk): found in pieces, each decoded by itself
 * and planned as a single call would be, with what they have in common worked out once. Then one
 * operation writes the rows, all of them or those that were right, and one audit event about them,
 * whose SHA-256 can be made again from the rows. What is JSON as a whole and is not well-formed is
 * refused as a whole; of lines each stands for itself. */
#ifndef TOCSIN_SERVICE_BULK_H
#define TOCSIN_SERVICE_BULK_H

#include "service/bulk_text.h"
#include "service/campaigns.h"
#include "service/scheduled_calls.h"

/* What a request comes to, before anything is written. */
struct bulk_plan {
    enum bulk_form form;
    enum bulk_mode mode;
    struct campaign campaign; /* Without an id where it is new, without a name where there is none.
                               */
    struct bulk_item *items;  /* One a call, in their order. */
    struct scheduled_call *calls; /* Planned, for the items without an error. */
    size_t count;
    size_t wrong;
    struct call_memory *memory; /* The agents as they were. */
};

/* Any thread. */
NODISCARD enum err bulk_plan_make(struct op *op, const struct bulk_input *input,
                                  struct bulk_plan *out);
/* A line for the digest of the audit event; see BulkFacts. */
void bulk_add_line(struct buf *text, const struct scheduled_call *call);

/* What the API asks for; see api/routes.def. */
NODISCARD enum err prepare_bulk(struct op *op, const void *input, const void **out);
NODISCARD enum err schedule_calls(struct op *op, const void *input, void *output);

#endif
