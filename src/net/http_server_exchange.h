/* net/http_server_exchange: one request and its reply, from its head to its last byte. Nobody but
 * the HTTP server includes it.
 *
 * Threads: the server's, but for struct reply_box, which its lock guards, and for an exchange from
 * the call of `handle` to its reply, when its request, arena, reply and status belong to whoever
 * replies. A reply box outlives the server until the last exchange that was handed out has been
 * replied to, so that a late reply finds a lock and not freed memory. */
#ifndef TOCSIN_NET_HTTP_SERVER_EXCHANGE_H
#define TOCSIN_NET_HTTP_SERVER_EXCHANGE_H

#include "base/buf.h"
#include "net/http_server.h"

#include <pthread.h>

enum { HEADER_BYTES_MAX = 8 * 1024, PREFIX_BYTES_MAX = 160 };

struct request_fault;

struct reply_box {
    pthread_mutex_t lock;
    pthread_cond_t quiesced_changed;
    struct http_exchange *first; /* Replied, waiting to be sent; oldest first. */
    struct http_exchange *last;
    bool asleep; /* The loop may be waiting: a push has to wake it. */
    bool tick_wanted;
    bool quiesce_wanted;
    bool quiesced;
    bool stop_wanted;
    bool closed; /* The server is gone; a reply only frees its exchange. */
    size_t owed; /* Once closed: exchanges still out there, and the server itself while it stops. */
    int wake_fd; /* An eventfd. */
    pthread_t server_thread; /* Written before the first exchange is made. */
    struct http_server *server;
};

enum exchange_phase {
    EXCHANGE_BODY,    /* The body is being kept. */
    EXCHANGE_DISCARD, /* The body is over a limit: read to its end, so that the client hears the
                         refusal. */
    EXCHANGE_WAITING  /* Handed out. */
};

/* How the body of a request is told from what follows it. */
enum chunk_part { CHUNK_SIZE, CHUNK_DATA, CHUNK_END, CHUNK_TRAILER };

struct body_frame {
    bool is_chunked;
    enum chunk_part part;
    uint64_t left;        /* Of the body, or of the chunk. */
    size_t trailer_bytes; /* Thrown away so far. */
};

/* The bytes of a reply: a line and the headers that the server knows when it sends, then what was
 * written when the reply was given. */
struct reply {
    char prefix[PREFIX_BYTES_MAX];
    size_t prefix_len;
    struct buf rest; /* Headers, and the body behind them. */
    size_t rest_len; /* How much of it is sent: not the body where HEAD was asked. */
    size_t head_len; /* Of `rest`. */
    size_t sent;
    bool is_made;
};

struct http_exchange {
    struct reply_box *box;
    struct http_connection *connection;
    struct http_exchange *next;      /* In the box, or among the spares. */
    struct http_exchange *wait_next; /* Among those handed out. */
    struct http_exchange *wait_previous;
    struct arena *arena;
    struct buf body;
    struct http_request request;
    struct body_frame frame;
    struct reply reply;
    struct http_stream *stream;
    int status;
    enum exchange_phase phase;
    const struct request_fault *refusal; /* While the body is thrown away. */
    bool is_http_1_0;
    size_t body_bytes_max;
    size_t body_bytes_seen;
};

/* Why a request is refused before anybody handles it. */
struct request_fault {
    enum err err;
    int status;
    const char *message;
};

struct request_facts {
    uint64_t content_length;
    bool has_length;
    bool is_chunked;
    bool expects_continue;
    bool is_http_1_0;
    bool keeps_alive; /* Of `asks_end` and this the first counts. */
    bool asks_end;
};

/* http_server_request.c: the head is complete and in the exchange's arena; a piece of the body;
 * all of it. False where the connection is not to be looked at any more. */
bool take_head(struct http_exchange *exchange, char *head, size_t len);
bool take_body(struct http_exchange *exchange, struct str part);
/* The body is not needed any more. */
void drop_body(struct http_exchange *exchange);
void hand_over(struct http_exchange *exchange);
/* How many bytes of `bytes` were framing or body; is_over at its end. E_INVALID where it is no
 * framing. */
NODISCARD enum err body_take(struct http_exchange *exchange, struct str bytes, size_t *taken,
                             bool *is_over);

/* http_server_check.c: what is too long of a head that is over its limit: its first line (414), or
 * all of it (431). */
const struct request_fault *head_too_long(struct str head);
/* http_server_check.c: fills the request from the head; false with the fault where it is refused.
 * The head is cut to pieces in place. */
bool request_check(struct http_exchange *exchange, char *head, size_t len,
                   struct request_facts *out, struct request_fault *fault);

/* http_server_reply.c */
struct reply_box *reply_box_new(struct http_server *server);
void reply_box_release(struct reply_box *box);
struct http_exchange *exchange_new(struct http_server *server, struct http_connection *connection);
void exchange_recycle(struct http_server *server, struct http_exchange *exchange);
void exchange_free(struct http_exchange *exchange);
void waiting_add(struct http_server *server, struct http_exchange *exchange);
void waiting_remove(struct http_server *server, struct http_exchange *exchange);
/* Answers with a refusal, and ends the connection. */
void exchange_refuse(struct http_exchange *exchange, const struct request_fault *fault);
/* The line and headers that are known when a reply is sent. */
void reply_address(struct http_connection *connection);
/* Within `handle`: the reply is there, nothing has to wake the loop for it. */
bool reply_inline(struct http_exchange *exchange);
/* Everything of a response but its body, its length and its status. */
void response_headers_add(struct buf *out, const struct http_response *answer);

/* http_server_stream.c */
void stream_free(struct http_stream **stream);

#endif
