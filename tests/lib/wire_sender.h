/* tests/lib/wire_sender: the HTTP client as a test wants it: send, then wait for the answer.
 *
 * Answers are copied into the sender's arena and may be looked at until wire_sender_stop. */
#ifndef TOCSIN_TESTS_LIB_WIRE_SENDER_H
#define TOCSIN_TESTS_LIB_WIRE_SENDER_H

#include "base/arena.h"
#include "net/http_client.h"

#include <pthread.h>

enum { WIRE_SENDER_MAX = 4096 };

struct wire_sender {
    struct http_client *client;
    struct arena *arena;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct wire_answer answers[WIRE_SENDER_MAX];
    int done[WIRE_SENDER_MAX]; /* How often each ticket came back: 1 is right. */
    size_t sent;
    size_t done_count;
};

/* Zero limits get generous values. */
void wire_sender_start(struct wire_sender *sender, const struct http_client_config *config);
/* Stops the client; the answers stay until wire_sender_free. */
void wire_sender_stop(struct wire_sender *sender);
void wire_sender_free(struct wire_sender *sender);

/* Returns the ticket. */
size_t wire_send(struct wire_sender *sender, const struct wire_request *request);
const struct wire_answer *wire_wait(struct wire_sender *sender, size_t ticket);
/* Waits for everything that was sent. */
void wire_wait_all(struct wire_sender *sender);
const struct wire_answer *wire_ask(struct wire_sender *sender, const struct wire_request *request);

/* A GET with five seconds' patience and a mebibyte of room. */
struct wire_request wire_get(struct str url);

#endif
