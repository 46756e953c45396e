/* net/http_server_internal: what the pieces of the HTTP server share. Nobody else includes it.
 *
 * Threads: everything belongs to the server's thread, but for what http_server_exchange.h says of
 * exchanges and the reply box. */
#ifndef TOCSIN_NET_HTTP_SERVER_INTERNAL_H
#define TOCSIN_NET_HTTP_SERVER_INTERNAL_H

#include "base/hash.h"
#include "net/http_server_exchange.h"
#include "net/http_server_limits.h"

#include <sys/uio.h>

/* Plain, and with TLS where there is a certificate. */
enum { LISTENER_PLAIN, LISTENER_TLS, LISTENERS };

struct http_listener {
    int fd;            /* -1 for none. */
    bool is_looked_at; /* By epoll. */
    uint16_t port;
};

struct http_server {
    struct http_server_config config;
    struct reply_box *box;
    pthread_t thread;
    struct http_listener listeners[LISTENERS];
    int epoll_fd;
    struct instant accept_at; /* Set while the system has no descriptors for new connections. */
    struct instant now;       /* Monotonic, read once a turn. */
    struct http_exchange *handling; /* While `handle` runs. */
    bool replied_inline;
    bool closing; /* Each reply ends its connection from now on. */
    size_t handled_this_turn;
    size_t active;       /* Exchanges from their first line to the last byte of the reply. */
    size_t bodies_bytes; /* Of the bodies that are kept. */
    struct http_exchange *waiting;
    size_t waiting_count;
    struct http_exchange *spare;
    size_t spare_count;
    struct deadline_list shaking;
    struct deadline_list idle;
    struct deadline_list receiving; /* Has begun a request, which must be complete by `due`. */
    struct deadline_list sending;
    struct deadline_list lingering;
    struct http_connection *connections;
    int connection_count;
    struct http_connection *runnable; /* To be looked at again in this turn. */
    struct http_connection *closed;   /* To be freed at its end. */
    bool turn_again;
    struct instant date_at; /* By the monotonic clock: when `date` was written. */
    char date[32];
    struct address_count **addresses;
    size_t address_mask;
    struct hash_key hash_key;
    struct http_stream *streams;
    bool tick_wanted;
    struct instant tick_at; /* Unset for not until it is woken. */
    struct instant stop_by; /* Set once a stop was asked for. */
    struct duration grace;
};

/* http_server_wire.c: what is to be done now with what the peer sent and takes. */
void connection_run(struct http_connection *connection);
/* Later in this turn, or before the loop sleeps again. */
void connection_run_soon(struct http_connection *connection);
void connections_run(struct http_server *server);
/* The reply of the connection's exchange is made. */
void reply_begin(struct http_connection *connection);

/* http_server_reply.c: sends what other threads replied; lets go of what nobody replied to. */
void replies_take(struct http_server *server);
void exchanges_abandon(struct http_server *server);

/* http_server_stream.c */
void streams_end(struct http_server *server);
/* Sends what there is; false where it has to wait, or where the connection is gone. */
bool stream_step(struct http_connection *connection);

/* For connections that have no complete request. */
void connection_refuse(struct http_connection *connection, const struct request_fault *fault);

/* http_server_bytes.c: what goes over the socket, plain or by TLS; the answers are those of recv(2)
 * and sendmsg(2). */
ssize_t connection_receive(struct http_connection *connection, char *out, size_t room);
ssize_t connection_send(struct http_connection *connection, struct iovec *pieces, size_t count);
/* As far as there is room for it. Nothing before the hands are shaken. */
void connection_say(struct http_connection *connection, struct str text);
/* False where it has to wait, or where the connection is gone. */
bool connection_shake_hands(struct http_connection *connection);
void connection_end_sending(struct http_connection *connection);
void connection_drop_tls(struct http_connection *connection);

#endif
