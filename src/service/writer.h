/* service/writer: what only the one writer has, and what a refused operation leaves of it: nothing.
 *
 * Effects are what must happen once a commit is durable; the ids, the audit trail's end, the
 * counters of the batch and what is remembered of agents and queues go on in memory. Owner: the
 * executor; free with writer_free. Threads: one. */
#ifndef TOCSIN_SERVICE_WRITER_H
#define TOCSIN_SERVICE_WRITER_H

#include "service/agent_cache.h"
#include "service/call_deltas.h"
#include "service/call_shelf.h"
#include "service/hours_cache.h"
#include "service/queue_gate.h"
#include "service/site.h"
#include "store/audit.h"

enum effect_kind {
    EFFECT_TIMER,  /* Something is due at `at`: a row of timers, or of the kind in `tag`. */
    EFFECT_SEND,   /* A message is QUEUED. */
    EFFECT_FIND,   /* The provider is to be asked about a message: for its fate while it is SENDING
                      (find), for what became of it once it was taken (poll). */
    EFFECT_CANCEL, /* A call is to be stopped at its provider. */
    EFFECT_SYNC, /* A calendar is to be read; `other` is the timer that holds the lease until `at`,
                    both unset for a request. */
    EFFECT_SINK, /* An event sink is to be told more; `other` is the timer that holds the lease. */
    EFFECT_PING, /* Whoever watches Tocsin is to hear that it is alive. */
    /* Scheduled calls (service/pacer): how a campaign, an agent or all of them go has changed; one
       waits no more; the attempts under way are `priority` more. */
    EFFECT_PACE,
    EFFECT_CALL_GONE,
    EFFECT_ACTIVE
};

struct sync_wait; /* service/sync */
struct courier;   /* service/courier */

struct effect {
    enum effect_kind kind;
    struct id id;
    struct id other;
    struct instant at;
    int priority;
    int tag;                      /* TIMER: its timer_kind. */
    struct sync_wait *wait;       /* SYNC: the request that waits for it, NULL for none. */
    const struct provider *inbox; /* FIND without an id: this provider is to be asked for what
                                     people wrote (service/inbox); NULL otherwise. */
};

struct effects {
    struct effect *items;
    size_t count;
    size_t cap;
};

/* A provider whose row says that it works, and would say the same after its next success: until
 * then nothing is read or written of that. */
enum { CALM_PROVIDERS = 4 };
struct calm_provider {
    const struct provider *provider;
    struct instant until;
};

/* What only the one writer has. */
struct writer {
    struct id_source ids;
    struct audit_chain chain;
    struct effects effects;
    struct call_deltas call_deltas; /* Of the batch; written just before its commit. */
    struct call_shelf call_shelf;
    struct agent_cache agents;
    struct hours_cache hours;
    bool is_early;             /* Set where the timer that ran is not due yet, after all. */
    bool has_begun_call;       /* Set where an operation begins an attempt of a scheduled call. */
    struct queue_memory queue; /* What is paused and drained (service/queue). */
    struct id last_event;      /* The newest that was told, durable or not. */
    int64_t message_changes;   /* Grows with each state or receipt of a message. */
    struct calm_provider calm[CALM_PROVIDERS];
    struct courier *courier; /* Whose queues /providers shows; NULL in tests without one. */
};

/* Where what an operation did to the writer goes back to when it is refused. */
struct writer_mark {
    struct audit_chain chain;
    struct id last_event;
    size_t effects;
    size_t call_deltas;
    struct queue_memory queue;
};
struct writer_mark writer_enter(struct writer *writer);
void writer_go_back(struct writer *writer, const struct writer_mark *mark);
void writer_disturb(struct writer *writer); /* No provider is known to be calm any more. */
void writer_forget(struct writer *writer);  /* A whole batch was undone. */
void writer_free(struct writer *writer);
/* Takes up where the audit trail and the ids have ended. */
NODISCARD enum err writer_begin(struct writer *writer, struct db *db);
/* After that, where it stays: what is remembered of the rows, which those who are not alone read
 * anew where another has written. */
NODISCARD enum err writer_remember(struct writer *writer, struct db *db, bool is_alone);

#endif
