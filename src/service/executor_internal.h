/* service/executor_internal: what the parts of the executor share: executor.c (turns, commits),
 * executor_flush.c (what is durable), executor_recover.c (the start, and what follows a failure),
 * executor_run.c (what a batch does) and executor_cluster.c (what other nodes have to do with it).
 */
#ifndef TOCSIN_SERVICE_EXECUTOR_INTERNAL_H
#define TOCSIN_SERVICE_EXECUTOR_INTERNAL_H

#include "service/executor.h"
#include "service/pacer.h"
#include "store/timers.h"

/* Timers that the heap has got lately, each at the place of its id: a hint of the same says nothing
 * new. */
enum { KNOWN_TIMERS = 1024 };

struct executor {
    struct site *site;
    struct cluster *cluster;           /* NULL for one node alone. */
    struct queue_memory memory_before; /* At the begin of the turn. */
    int64_t noted_before;              /* Of callees, the same. */
    struct db *db;
    struct writer writer;
    struct due_heap timers;
    struct queue_gate gate;
    struct courier *courier;
    struct pacer *pacer;
    struct sync_port sync;
    struct sync_port sinks;
    struct event_port events;
    struct due_port due;
    struct due_note *ended; /* Timers that ran in this batch. */
    size_t ended_count;
    size_t ended_cap;
    uint64_t held; /* Shards; all of them for one node alone. */
    uint64_t held_told;
    struct due_item known[KNOWN_TIMERS];
    struct arena *scratch;
    struct work *waiting;     /* Sticky work that the store did not take. */
    bool is_unflushed;        /* Something is committed and not yet flushed. */
    struct effects held_back; /* What is to leave this machine once it is. */
    bool is_broken;
    bool is_careful; /* An operation failed after it had decided: all keep a way back. */
    bool is_stopping;
    struct instant probe_at;
    struct instant seen_at; /* What the clock said at the last turn. */
    struct instant published_at;
};

struct instant executor_now(const struct executor *executor);
struct op executor_op(struct executor *executor, struct arena *arena, struct problem *problem);
/* Everything of one batch, in its transaction; *did where there was anything. */
NODISCARD enum err executor_run(struct executor *executor, struct work *list, bool *did);

/* Tells readers how much waits. */
void executor_publish(struct executor *executor);
/* What is to happen after a commit, of this node or of another. */
void executor_let_go_one(struct executor *executor, const struct effect *effect);
/* Whether it is in the shards of this node; always for one node alone. */
bool executor_has_effect(const struct executor *executor, const struct effect *effect);
void executor_expect_timer(struct executor *executor, const struct waiting_timer *timer);
bool executor_has_work(const struct executor *executor, const struct work *list);

/* executor_flush: what is durable, and what may follow from it. Until then this is held back. */
void executor_hold_back(struct executor *executor, const struct effect *effect);
/* After the commit of a batch with this list. */
void executor_make_durable(struct executor *executor, const struct work *list);
/* Whatever is committed. */
void executor_flush(struct executor *executor);
/* What is durable may be heard. */
void executor_tell_events(struct executor *executor);

/* executor_due: what the index hears (service/due_port); nothing where there is none. A timer ran
 * to an end, which counts once the batch is durable; then those that ended are told. */
void executor_note_end(struct executor *executor, const struct due_entry *entry);
void executor_tell_ended(struct executor *executor);
/* A timer is due at a time: one of ours, or of another node. */
void executor_note_timer(struct executor *executor, const struct effect *effect);
void executor_tell_timer(struct executor *executor, const struct effect *effect);
/* What a turn has changed of the shards, and the change once it is durable. */
void executor_note_shards(struct executor *executor, const struct cluster_news *news);
void executor_tell_shards(struct executor *executor, bool is_anew);

/* All of these do nothing for one node alone. What others told is taken in: false where the
 * connection was lost, and perhaps more with it. */
bool executor_hear(struct executor *executor);
/* A turn begins in its transaction, and ends before its commit. Of a first one (executor_recover)
 * the caller reads the rows. */
NODISCARD enum err executor_enter(struct executor *executor, struct op *op,
                                  struct cluster_news *news);
NODISCARD enum err executor_leave(struct executor *executor, struct op *op);
/* Another node sends: what waits for it here is forgotten. */
void executor_stop_sending(struct executor *executor);
/* Reads the rows of the shards. */
NODISCARD enum err executor_take_shards(struct executor *executor, struct op *op, uint64_t shards);

#endif
