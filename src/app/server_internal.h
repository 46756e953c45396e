/* app/server_internal: the parts of a running server, shared by server (start, stop), loop (the
 * executor's thread), ports (hand-overs to and from the clients) and front (HTTP). */
#ifndef TOCSIN_APP_SERVER_INTERNAL_H
#define TOCSIN_APP_SERVER_INTERNAL_H

#include "api/api.h"
#include "app/inbox.h"
#include "app/monotonic.h"
#include "app/redis_keeper.h"
#include "app/server.h"
#include "app/worker.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "service/room.h"

#include <pthread.h>

/* Answers that are released together after a commit. */
struct reply_batch {
    struct http_exchange **exchanges;
    struct http_response *responses;
    size_t count;
    size_t cap;
};

/* A request to move the virtual clock. */
struct advance {
    struct advance *next;
    struct work *work;
    int64_t seconds;
};

/* Requests that one host of a provider is given at a time. */
enum { PER_HOST_MAX = 64 };

struct server {
    struct plant *plant;
    struct room room;
    struct inbox *inbox;
    struct db *reader;
    struct db *worker_reader;
    struct worker *worker;
    struct worker *patient_worker; /* For what waits for other servers; it has no reader. */
    struct api *api;
    struct http_server *http;
    struct http_tls *tls; /* NULL without HTTPS. */
    struct proxies trusted;
    pthread_mutex_t http_lock;
    bool http_listens; /* Under the lock: it may be woken. */
    struct http_client *courier_client;
    struct http_client *calendar_client;
    struct http_client *sink_client;
    struct reply_batch replies; /* The executor's thread only. */
    struct work *handed_over;   /* The HTTP thread's, until the end of its turn. */
    struct work *handed_over_last;
    pthread_t thread;
    pthread_mutex_t rules_lock; /* Held while the rules are replaced, or copied by the worker. */
    pthread_mutex_t advance_lock;
    struct advance *advances;
    struct redis_keeper *redis; /* NULL for none. */
    struct cluster *cluster;    /* Other nodes share the database; NULL otherwise. */
    int timer;                  /* timerfd */
    int epoll;
    int journal;              /* The mock's record; -1 for none. */
    bool journal_is_torn;     /* Its last line has no end. */
    struct buf journal_lines; /* What the mock was given in this turn. */
    _Atomic int syncs;        /* Calendars being read, and event sinks being told. */
    _Atomic int sends;        /* Requests that net/ has for the courier. */
    _Atomic bool must_stop;
    _Atomic bool must_reload;
    bool has_thread;
    struct str new_key;
    const struct notifier *notifier;
    struct instant feed_at; /* By the monotonic clock; the executor's thread only. */
    /* The executor asks the HTTP thread whether it turns, by a number that it is to repeat. */
    _Atomic uint64_t http_asked;
    _Atomic uint64_t http_answered;
};

/* loop */
void *loop_run(void *context);
void loop_advance(void *context, struct work *work, int64_t seconds);
/* Once the executor's thread has ended. */
void loop_drop_advances(struct server *server);
void loop_answer_replies(struct server *server);

/* pulse: the supervisor's watchdog. On the executor's thread, once a turn at least: says that the
 * process is alive where it is time to, and only while both threads turn. Returns how long it may
 * sleep until it is time again, in milliseconds; -1 for as long as it likes. */
int pulse_feed(struct server *server);
/* On the HTTP thread, when it was asked. */
void pulse_answer(struct server *server);

/* ports */
NODISCARD enum err ports_open(struct server *server, struct problem *problem);
/* After each turn of the room. */
void ports_write_journal(struct server *server);
void ports_close(struct server *server);
void ports_submit(void *context, uint64_t ticket, const struct wire_request *request);
void ports_begin_sync(void *context, struct op *op, const struct effect *effect);
void ports_begin_sink(void *context, struct op *op, const struct effect *effect);
/* On the worker's thread. */
NODISCARD enum err ports_rehearse(void *server, struct op *op, const struct rehearsal_order *order,
                                  struct simulation *out);

/* front */
NODISCARD enum err front_open(struct server *server, struct problem *problem);
void front_tell(void *context); /* Events are durable. Executor's thread. */
/* Reads the certificate again. Any thread. */
void front_reload(struct server *server);
void front_close(struct server *server);
void front_mark_executor(void); /* The calling thread is the executor's. */

#endif
