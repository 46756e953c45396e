/* net/http_server_limits: the connections of the HTTP server, how many each address has, and how
 * long each may take.
 *
 * While it is the peer's turn a connection is in one of five lists, each with a time of its own:
 * shaking hands where there is TLS, idle between requests, receiving from the first byte of a
 * request to its last, sending while the peer does not take all of a reply, and lingering after the
 * last word. While a reply is awaited it is in none. Who sends a body or takes a reply gets the
 * same time again as often as enough bytes went by in it: RECEIVE_RATE_MIN and SEND_RATE_MIN a
 * second. A head is given its time once. An address may have as many connections that linger as
 * others. A closed connection is freed at the end of the turn. Threads: the server's only. */
#ifndef TOCSIN_NET_HTTP_SERVER_LIMITS_H
#define TOCSIN_NET_HTTP_SERVER_LIMITS_H

#include "base/time.h"

#include <netinet/in.h>

struct http_exchange;
struct http_server;
struct deadline_list;
struct address_count;
struct ssl_st;

/* What is read at a time, and the longest head that is looked at. */
enum { CONNECTION_IN_BYTES = 16 * 1024 };

/* Bytes a second, on the average of a time-out. Bodies that come more slowly keep memory from
 * others; a reply is usually in the system's hands, and only the rest of a large one is ours. */
enum { RECEIVE_RATE_MIN = 32 * 1024, SEND_RATE_MIN = 1024 };

enum connection_phase {
    CONNECTION_HEAD,      /* Between requests, or within the head of one. */
    CONNECTION_BODY,      /* The head is accepted, the body is being read. */
    CONNECTION_WAITING,   /* The exchange is handed out. */
    CONNECTION_SENDING,   /* The reply is there. */
    CONNECTION_STREAMING, /* The head of a stream is sent, its body comes bit by bit. */
    CONNECTION_LINGERING, /* All is said; what still comes is thrown away until the peer ends. */
    CONNECTION_SHAKING,   /* The handshake of TLS is under way; only where there is TLS. */
    CONNECTION_CLOSED
};

struct http_connection {
    struct http_server *server;
    struct http_exchange *exchange; /* NULL between requests. */
    struct http_connection *next;   /* In its deadline list. */
    struct http_connection *previous;
    struct http_connection *all_next;
    struct http_connection *all_previous;
    struct http_connection *queue_next; /* To be run, or to be freed. */
    struct deadline_list *list;
    struct instant due; /* On the monotonic clock. */
    struct address_count *address;
    struct ssl_st *tls; /* NULL for a plain connection. */
    int fd;
    enum connection_phase phase;
    bool is_queued;
    bool is_readable; /* There may be bytes to read. */
    bool has_left;    /* The peer has closed its sending side, or all of it. */
    bool has_begun;   /* A request has begun whose reply is not yet sent. */
    bool keeps_alive; /* Another request may follow this one. */
    char *in;         /* What was read and not yet taken: from in_at up to in_len. */
    size_t in_at;
    size_t in_len;
    size_t in_scanned; /* Up to here there is no end of a head. */
    size_t lingered_bytes;
    uint64_t moved;        /* Bytes that came in, or went to the system, since the beginning. */
    uint64_t moved_before; /* Of which the peer's time, as it runs now, knows nothing any more. */
    char peer[INET6_ADDRSTRLEN];
};

/* Every connection in one list has the same time to wait, so the list is ordered by appending. */
struct deadline_list {
    struct http_connection *first;
    struct http_connection *last;
    struct duration wait;
};

/* Takes who waits in the system's queue. */
void connections_accept(struct http_server *server);
/* Listens to new connections, or leaves them in the system's queue while there is no room: all that
 * may be are open, and none is idle. */
void listening_update(struct http_server *server);
void connection_list_leave(struct http_connection *connection);
void connection_list_enter(struct http_connection *connection, struct deadline_list *list);
/* The peer does not take what there is: its time runs from the first such moment until all is in
 * the system's hands. */
void connection_await_peer(struct http_connection *connection);
/* The first byte of a request is there. */
void connection_began_request(struct http_connection *connection);
/* The reply is sent; another request may follow. */
void connection_fell_idle(struct http_connection *connection);
/* Nothing more is said: the peer is told so, and its end is awaited for a moment, since an answer
 * to a peer that is still writing is often lost with the connection. */
void connection_linger(struct http_connection *connection);
void connection_close(struct http_connection *connection);
void connections_free_closed(struct http_server *server);
void deadlines_expire(struct http_server *server);
/* The earliest deadline, INSTANT_NONE where there is none. */
struct instant deadlines_next(const struct http_server *server);

#endif
