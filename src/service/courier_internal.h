/* service/courier_internal: what the parts of the courier share: courier.c (the order, the claims),
 * courier_job.c (what a provider is given), courier_look.c (what others see), courier_answer.c
 * (what providers said) and courier_again.c (what they said and could not be settled). */
#ifndef TOCSIN_SERVICE_COURIER_INTERNAL_H
#define TOCSIN_SERVICE_COURIER_INTERNAL_H

#include "service/courier.h"
#include "service/due_heap.h"
#include "service/flights.h"

/* Answers to sends that could not be settled although the store takes changes, such as by a row
 * that cannot be read: they are tried again for about two minutes. */
struct late_answer;
struct again {
    struct late_answer *waiting;
    struct late_answer *settled; /* In a batch that is not committed yet. */
    int count;
};

struct courier {
    const struct site *site;
    struct wire_port wire;
    struct flights flights;
    int sends_max;     /* Places that sends may take; the rest is for questions. */
    int sends;         /* Under way. */
    int questions;     /* Under way, but for those that stop a call. */
    int questions_max; /* More would stand before what is to be sent, in the queue of its host. */
    struct due_heap express; /* Cancellations and questions, which no pace holds back. */
    struct due_heap intake;  /* Messages whose lane is not known yet. */
    struct due_heap early;   /* Messages that the clock was set back behind, by their time. */
    struct lanes *lanes;
    bool is_lane_next; /* Intake and lanes take turns. */
    struct again again;
};

/* Whether one more message may be under way. */
bool courier_has_place(const struct courier *courier);
bool courier_is_early_due(const struct courier *courier, struct instant now);
/* Whether a provider may be asked, or told to stop a call, now. */
bool courier_may_ask(const struct courier *courier);

/* The end of a flight, settled or never begun. */
void courier_land(struct courier *courier, struct flight *flight);

/* Fills the flight's job, of which all is kept in the flight's arena. */
void courier_describe(const struct op *op, const struct message *message, struct flight *flight);

/* What the answer to a flight's question changes. */
NODISCARD enum err courier_settle(struct op *op, const struct flight *flight,
                                  const struct wire_answer *answer);

/* Keeps an answer that could not be settled, with `arena`, which holds it, and with the memory of
 * its flight. False where there is no use in that, or no room. */
bool again_keep(struct courier *courier, struct flight *flight, const struct wire_answer *answer,
                struct arena *arena);
/* When the next one is due: false for none. */
bool again_next(const struct courier *courier, struct instant *at);
bool again_is_due(const struct courier *courier, struct instant now);
/* Settles the one that is due, inside a fence; how the batch ended is told by one of the next two.
 */
NODISCARD enum err again_settle(struct courier *courier, struct op *op);
void again_committed(struct courier *courier);
void again_undone(struct courier *courier);
/* Ids of the messages whose answers are kept; room for `count` of them is owed. */
size_t again_messages(const struct courier *courier, int64_t *out);
void again_free(struct courier *courier);

#endif
