/* service/executor: the one writer. Takes work, due timers and the courier's claims into one
 * transaction after another.
 *
 * A turn is one batch: every operation is fenced by a savepoint, so that a refusal undoes only
 * itself; then one commit makes all of them durable (group commit), and only then are answers
 * released and effects let go. When the store does not take a batch, every caller in it gets
 * E_UNAVAILABLE, nothing has changed, sticky work waits, and the store is probed until it recovers;
 * then everything in memory is read from the rows again (architecture.md rules 1 and 7). No threads
 * here: app/ calls executor_turn from one thread; a simulation calls it from its loop. */
#ifndef TOCSIN_SERVICE_EXECUTOR_H
#define TOCSIN_SERVICE_EXECUTOR_H

#include "service/cluster.h"
#include "service/courier.h"
#include "service/due_port.h"

struct executor;

/* Where committed effects go that are neither timers nor the courier's: calendars to be read, event
 * sinks to be told. */
struct sync_port {
    void *context;
    void (*begin)(void *context, struct op *op, const struct effect *effect);
};

/* Events that listeners may be told of are durable. Called on the executor's thread: must not wait.
 */
struct event_port {
    void *context;
    void (*tell)(void *context);
};

struct executor_config {
    struct site *site;
    struct db *db; /* The writer's; borrowed. */
    struct wire_port wire;
    struct sync_port sync;
    struct sync_port sinks;   /* Sinks and the ping; may be left out where there are none. */
    struct event_port events; /* May be left out where nobody listens. */
    struct due_port due;      /* May be left out where there is no index. */
    int in_flight_max;
    struct cluster *cluster; /* Other nodes write too; borrowed. NULL where this is the only one. */
};

NODISCARD enum err executor_new(const struct executor_config *config, struct executor **out,
                                struct problem *problem);
void executor_free(struct executor **executor);

/* Reads timers and the outbox from their rows: what was pending goes on. Says so ([RECOVERY]). */
NODISCARD enum err executor_recover(struct executor *executor);

/* One batch with `list` (may be NULL), what is due by now, and what the courier can take. True when
 * it did anything. */
bool executor_turn(struct executor *executor, struct work *list);
/* Somebody says that a timer waits: it is looked at when it is due, if it is this node's. The row
 * decides then, so a hint that is wrong costs one look. */
void executor_hint(struct executor *executor, const struct due_item *item);
/* When the next timer is due, or the broken store is to be probed. False for never. */
bool executor_next(const struct executor *executor, struct instant *out);
/* Nothing is due, queued or under way at this instant. */
bool executor_is_idle(const struct executor *executor);
/* SIGTERM: no new claims from now on. */
void executor_stop_claiming(struct executor *executor);
/* At the very end, where others may take over what is held here. */
void executor_hand_over(struct executor *executor);
struct courier *executor_courier(struct executor *executor);
size_t executor_pending_timers(const struct executor *executor);

#endif
