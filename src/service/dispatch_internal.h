/* service/dispatch_internal: what the parts of service/dispatches share: loading one whole, telling
 * what happens, asking technicians, and taking their answers. For dispatch*.c only, and for the
 * timeline of one. */
#ifndef TOCSIN_SERVICE_DISPATCH_INTERNAL_H
#define TOCSIN_SERVICE_DISPATCH_INTERNAL_H

#include "channel/render.h"
#include "domain/dispatch.h"
#include "service/op.h"

/* A dispatch with its technicians, to be changed: whatever was changed is written by whoever
 * changed it. */
struct dispatch_case {
    struct dispatch row;
    struct dispatch_technician *technicians;
    size_t count;
};

NODISCARD enum err dispatch_load(struct op *op, struct id id, struct dispatch_case *out);
NODISCARD enum err dispatch_load_technicians(struct op *op, struct dispatch_case *dispatch);
/* The one whose callId is in the path, which whoever asks may see; E_NOT_FOUND, E_FORBIDDEN. */
NODISCARD enum err dispatch_of_path(struct op *op, struct dispatch_case *out);
/* Whose turn it is; NULL for nobody's. */
struct dispatch_technician *dispatch_current(struct dispatch_case *dispatch);
/* NULL for somebody who is not among them. */
struct dispatch_technician *dispatch_technician_of(struct dispatch_case *dispatch, struct id user);

/* What happened: a row of dispatch_events, an audit event and an event for whoever listens (D3,
 * E5). */
struct dispatch_fact {
    struct id id; /* Of the event, where it must be known before; unset for a new one. */
    enum dispatch_event_kind kind;
    enum dispatch_method method;
    const struct dispatch_technician *technician; /* NULL for none. */
    const struct message *message;                /* NULL for none. */
    int64_t attempt;                              /* 0 for the dispatch's. */
    struct str result;
    enum dispatch_state before; /* 0 where the state did not change. */
};
NODISCARD enum err dispatch_tell(struct op *op, const struct dispatch *dispatch,
                                 const struct dispatch_fact *fact);
enum dispatch_method dispatch_method_of(enum channel channel);

/* Asks the first technician who is left, from the one behind whose turn it is; nobody left is
 * EXHAUSTED. `why` stands with the attempt; may be absent. Writes the dispatch and arms its
 * timer. */
NODISCARD enum err dispatch_pass_on(struct op *op, struct dispatch_case *dispatch, struct str why);
/* What is due next, now: the next attempt, or the next technician. */
NODISCARD enum err dispatch_go_on(struct op *op, struct dispatch_case *dispatch, struct str why);
/* Nothing is due any more. */
NODISCARD enum err dispatch_disarm(struct op *op, const struct dispatch *dispatch);

/* What a technician is written: `key` about the dispatch, by whatever reaches them but a call;
 * nothing where nothing does. It is not asked for an answer. */
NODISCARD enum err dispatch_notify(struct op *op, const struct dispatch *dispatch, struct id user,
                                   enum text_key key);

#endif
