/* service/executor_internal: what the parts of the executor share: executor.c (turns, commits,
 * recovery) and executor_run.c (what a batch does). */
#ifndef TOCSIN_SERVICE_EXECUTOR_INTERNAL_H
#define TOCSIN_SERVICE_EXECUTOR_INTERNAL_H

#include "service/executor.h"
#include "service/pacer.h"

struct executor {
    struct site *site;
    struct db *db;
    struct writer writer;
    struct due_heap timers;
    struct queue_gate gate;
    struct courier *courier;
    struct pacer *pacer;
    struct sync_port sync;
    struct sync_port sinks;
    struct event_port events;
    struct arena *scratch;
    struct work *waiting; /* Sticky work that the store did not take. */
    bool is_unflushed;    /* Something is committed and not yet flushed. */
    bool is_broken;
    bool is_careful; /* An operation failed after it had decided: all keep a way back. */
    bool is_stopping;
    struct instant probe_at;
};

struct instant executor_now(const struct executor *executor);
struct op executor_op(struct executor *executor, struct arena *arena, struct problem *problem);
/* Everything of one batch, in its transaction; *did where there was anything. */
NODISCARD enum err executor_run(struct executor *executor, struct work *list, bool *did);

#endif
