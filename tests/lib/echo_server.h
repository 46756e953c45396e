/* tests/lib/echo_server: an HTTP server of ours that says what it got, at once, later from another
 * thread, or when told to.
 *
 * /echo answers inline; /later is handed to a thread in one batch a turn, which replies to the
 * batch at once; /hold keeps the exchange until echo_release. Paths that `route` takes are answered
 * inline by it. Bodies are plain text. */
#ifndef TOCSIN_TESTS_LIB_ECHO_SERVER_H
#define TOCSIN_TESTS_LIB_ECHO_SERVER_H

#include "net/http_server.h"

#include <pthread.h>

enum { ECHO_BATCH_MAX = 4096 };

struct echo_server {
    struct http_server *server;
    uint16_t port;
    bool (*route)(const struct http_request *request, struct arena *arena,
                  struct http_response *out);
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool stopping;
    struct http_exchange *turn[ECHO_BATCH_MAX]; /* The server thread's own. */
    size_t turn_count;
    struct http_exchange *later[ECHO_BATCH_MAX];
    size_t later_count;
    struct http_exchange *held[ECHO_BATCH_MAX];
    size_t held_count;
    size_t batches;
};

/* Only the limits of `config` count; those that are zero get generous values. */
void echo_start(struct echo_server *echo, const struct http_server_config *config);
void echo_stop(struct echo_server *echo, struct duration grace);
/* Waits until so many exchanges are held. */
void echo_wait_held(struct echo_server *echo, size_t count);
/* Replies to all that are held, from the calling thread. */
void echo_release(struct echo_server *echo);

#endif
