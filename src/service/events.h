/* service/events: what happened, told to whoever listens: event sinks (D7) and the event stream
 * (U1, U2).
 *
 * An event is a row of the operation that it describes, so that it cannot be lost or told without
 * having happened. Listeners read the rows in the order of their ids and remember how far they got;
 * nothing here waits for them. Rows are kept as long as a listener needs them, at least a day. */
#ifndef TOCSIN_SERVICE_EVENTS_H
#define TOCSIN_SERVICE_EVENTS_H

#include "service/op.h"

struct event_facts {
    enum event_kind kind;
    enum subject_type subject_type;
    struct id subject;
    struct id user;     /* Whom it is about; unset for nobody. Who may see it goes by this. */
    struct str call_id; /* Dispatches: the caller's own key. */
    struct str data; /* A JSON object with the facts, as op_record_text makes it; sealed at rest. */
};

NODISCARD enum err event_tell(struct op *op, const struct event_facts *facts);

/* What a listener has not seen yet. */
struct event_span {
    struct id after;
    struct id until; /* Not beyond this one; then the last that was looked at. */
    struct id user;  /* Unset for whomever they are about. */
    int64_t rows;    /* At most so many are looked at. */
};
NODISCARD enum err events_of_span(struct op *op, struct event_span *span, struct list *out);

/* GET /stream: what a stream tells, as who asks may hear it; api/stream does the telling. */
NODISCARD enum err open_stream(struct op *op, const void *input, void *output);
/* GET /events: the oldest first; a person's own key sees those about them. */
NODISCARD enum err list_events(struct op *op, const void *input, void *output);

#endif
