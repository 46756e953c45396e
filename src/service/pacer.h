/* service/pacer: scheduled calls whose time has come, until each may begin (S10, Q1, V9).
 *
 * In memory only: the rows stay as they are, so that a call that waits here can be cancelled and
 * moved, and a start reads them again. Calls wait in groups, one a campaign and agent; a group goes
 * as fast as its campaign, its agent and the provider's account all allow, in the order of
 * domain/fair_queue. What is begun waits in the provider's lane, where incidents and meetings go
 * first; so no more than a few are given to a lane at a time. A campaign that is paused, and the
 * whole kind (service/queue), keep what waits; those of one that is cancelled are dropped when it
 * is their turn.
 *
 * Whoever changes in a row how calls may go (a campaign's state or pace, an agent's pace) lets the
 * effect of pace_changed go with the operation; after its commit the row is read again. Threads:
 * the executor's. */
#ifndef TOCSIN_SERVICE_PACER_H
#define TOCSIN_SERVICE_PACER_H

#include "service/courier.h"
#include "service/due_heap.h"

struct pacer;

struct pacer *pacer_new(const struct site *site, struct courier *courier);
void pacer_free(struct pacer **pacer);
/* Forgets who waits, and reads counts from the rows. Paces go on, also from before a start. */
NODISCARD enum err pacer_recover(struct pacer *pacer, struct op *op);

/* The kind itself is paused, or not any more. */
void pacer_hold(struct pacer *pacer, bool is_paused);

/* In an operation: after its commit the pacer reads what the row of a campaign or an agent says. */
void pace_changed(struct op *op, struct id subject);
/* The same for a call that is cancelled or moved, and does not wait here any more. */
void pace_call_gone(struct op *op, struct id call);
/* And for an attempt that begins (1) or has ended (-1). */
void pace_count_active(struct op *op, int change);
/* What became of one of these after the commit: EFFECT_PACE, EFFECT_CALL_GONE, EFFECT_ACTIVE. */
NODISCARD enum err pacer_heard(struct pacer *pacer, struct op *op, const struct effect *effect);

/* The time of a call has come. One that waits already, or has ended, is left out. */
NODISCARD enum err pacer_expect(struct pacer *pacer, struct op *op, const struct due_entry *due);
/* Whether one may begin now; when it may, if nothing else happens: false for never. */
bool pacer_is_hungry(struct pacer *pacer, struct instant now);
bool pacer_next(struct pacer *pacer, struct instant now, struct instant *at);
/* Takes the one that is to begin. What was taken from its paces, and its group's turn, are given
 * back by pacer_give_back where it did not begin. */
bool pacer_take(struct pacer *pacer, struct instant now, struct due_entry *call);
void pacer_give_back(struct pacer *pacer);

/* For /scheduling/stats and the queue. */
struct pacer_counts {
    int64_t waiting; /* Due, and held back by pace. */
    int64_t paused;  /* Due, and held by a pause. */
    int64_t active;  /* With an attempt under way. */
    int64_t again;   /* Of those that wait or are paused: for another attempt. */
};
struct pacer_counts pacer_count(const struct pacer *pacer);

#endif
