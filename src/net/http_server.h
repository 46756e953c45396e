/* net/http_server: HTTP/1.1 (RFC 9110, RFC 9112), with the answers coming later from other threads.
 *
 * One thread waits for all sockets with epoll. For each complete request `handle` is called on that
 * thread; it either answers at once with http_exchange_reply, or keeps the exchange and lets any
 * thread reply later; the connection waits without a thread. Exactly one reply is owed for each
 * exchange. Limits are the server's: header block 8 KiB, body `body_bytes_max` (over it 413, then
 * close), a request complete within `request_timeout` of its first byte (longer where its body
 * comes at 32 KiB a second at least), idle connections closed after `idle_timeout`, as those whose
 * peer takes less than 1 KiB a second of a reply for as long, `connections_max` in all and
 * `connections_per_address_max` each, Content-Length together with Transfer-Encoding refused,
 * duplicate Host refused, lines of the head that end with LF alone refused. Refusals that never
 * reach `handle` carry the body that `refuse` writes and the status that fits, so that every error
 * has the API's shape, and end the connection. At `connections_max` a new connection takes the
 * place of the one that has been idle for longest, and waits in the system's queue while none is;
 * over the limit of an address (IPv6: of a /64) it gets 503 and the end. A body over its limit is
 * read and thrown away before the 413, up to 32 MiB. While all bodies together are over
 * `bodies_bytes_max`, one over 64 KiB gets 503 instead, so that nobody without a key can fill the
 * memory. A client that closes its sending side still gets the answers to what it sent, but for a
 * stream, which ends. With a certificate HTTPS is spoken on an address of its own: hands are shaken
 * within `request_timeout`, and all else is the same. A connection from a proxy that is trusted
 * does not count for its address, and the client of its requests is whom it names.
 *
 * Ownership: request memory belongs to the exchange until the reply; the reply's is copied. */
#ifndef TOCSIN_NET_HTTP_SERVER_H
#define TOCSIN_NET_HTTP_SERVER_H

#include "base/arena.h"
#include "base/log.h"
#include "model/http.h"
#include "net/http_tls.h"
#include "net/proxies.h"

struct http_server;
struct http_exchange;

struct http_server_config {
    struct str address;     /* "127.0.0.1" or "::1" */
    uint16_t port;          /* 0 picks a free one. */
    struct http_tls *tls;   /* Borrowed, outlives the server; NULL for plain HTTP alone. */
    struct str tls_address; /* Where HTTPS is spoken beside it. */
    uint16_t tls_port;
    const struct proxies *trusted;    /* Whose X-Forwarded-For counts; NULL for nobody's. */
    size_t body_bytes_max;            /* 1 MiB */
    size_t bulk_body_bytes_max;       /* 10 MiB, for paths that `is_bulk` names */
    bool (*is_bulk)(struct str path); /* May be NULL. */
    size_t bodies_bytes_max;          /* 256 MiB: of all that are held at a time; 0 for no limit. */
    int connections_max;
    int connections_per_address_max; /* 0 for no limit, as behind a proxy. */
    struct duration request_timeout;
    struct duration idle_timeout;
    const struct log *log;
    void *context;
    /* Called on the server's thread. Must not block. */
    void (*handle)(void *context, struct http_exchange *exchange,
                   const struct http_request *request);
    /* Writes the answer for a refusal of the server's own (400, 408, 413, 431, 503); its status is
     * set by the server afterwards. Called on the server's thread only. */
    void (*refuse)(void *context, enum err err, const char *message, struct arena *arena,
                   struct http_response *out);
    /* The real clock, for the header Date; NULL for none. */
    struct instant (*now)(void *context);
    /* Called once a turn of the loop after a batch of requests was handled (hand-offs go in
     * batches). May be NULL. */
    void (*turn_end)(void *context);
    /* Called on the server's thread soon after http_server_wake, after a stream has begun, and when
     * the time that it last returned is over; `now` is the monotonic clock. Returns how long it
     * wants to be left alone, negative for until it is woken. Must not block. May be NULL. */
    struct duration (*tick)(void *context, struct instant now);
};

/* Starts listening and the thread. E_NETWORK with a reason in `problem` where the address can't be
 * had. */
NODISCARD enum err http_server_start(const struct http_server_config *config,
                                     struct http_server **out, struct problem *problem);
uint16_t http_server_port(const struct http_server *server);
/* 0 without TLS. */
uint16_t http_server_tls_port(const struct http_server *server);
/* Stops accepting, before it returns; requests under way are still answered. Not from the server's
 * thread. */
void http_server_quiesce(struct http_server *server);
/* Waits up to `grace` for exchanges under way, closes everything, joins the thread. Replies that
 * are still owed then may come at any later time, and only free their exchange. */
void http_server_stop(struct http_server **server, struct duration grace);

/* Any thread, once. Copies the response. The exchange is gone afterwards. */
void http_exchange_reply(struct http_exchange *exchange, const struct http_response *response);
/* Any thread, once: the same for many at a time, with one wake-up for all of them. */
void http_exchange_reply_many(struct http_exchange *const *exchanges,
                              const struct http_response *responses, size_t count);
/* Memory that lives until the reply: for what the handler parses. */
struct arena *http_exchange_arena(struct http_exchange *exchange);

/* Any thread, while the server is not stopped: `tick` is called soon. Wakes the loop where it
 * sleeps, and costs a lock and a flag otherwise. */
void http_server_wake(struct http_server *server);

/* A reply whose body comes bit by bit: chunked, or up to the end of the connection in HTTP/1.0.
 * While there is nothing to read the connection waits without a thread and without a time-out; a
 * peer that takes nothing of what there is for `idle_timeout` is cut off. Everything about a stream
 * happens on the server's thread. http_server_quiesce ends all of them at once. */
enum { HTTP_STREAM_NOTHING = 0, HTTP_STREAM_END = -1 };

struct http_stream_source {
    void *context;
    /* Writes up to `max` bytes and returns how many; HTTP_STREAM_NOTHING where there are none until
     * http_stream_wake; HTTP_STREAM_END for an orderly end. */
    int64_t (*read)(void *context, char *out, size_t max);
    /* Once, however it ended: nothing is read any more, and the stream is gone. */
    void (*closed)(void *context);
};

struct http_stream;

/* The one reply to an exchange, within `handle` only. The body of `head` is not used. */
struct http_stream *http_exchange_stream(struct http_exchange *exchange,
                                         const struct http_response *head,
                                         const struct http_stream_source *source);
/* There is something to read. */
void http_stream_wake(struct http_stream *stream);
/* `tick` is called before the loop sleeps again. */
void http_stream_tick(struct http_stream *stream);
/* Ends the connection now, whatever is still to be sent. */
void http_stream_cut(struct http_stream *stream);

#endif
