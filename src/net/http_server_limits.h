/* net/http_server_limits: the connections of the HTTP server, how many each address has, and how
 * long each may take.
 *
 * A connection is in one of two lists while it is the client's turn: idle, where it is looked at
 * now and then for the first byte of a request, or receiving, where a request must be complete by
 * its deadline. While a reply is awaited or sent it is in none. Threads: the server's only. */
#ifndef TOCSIN_NET_HTTP_SERVER_LIMITS_H
#define TOCSIN_NET_HTTP_SERVER_LIMITS_H

#include "base/time.h"

#include <microhttpd.h>
#include <netinet/in.h>

struct http_exchange;
struct http_server;
struct deadline_list;
struct address_count;

struct http_connection {
    struct http_server *server;
    struct MHD_Connection *mhd;
    struct http_exchange *exchange; /* NULL between requests. */
    struct http_connection *next;
    struct http_connection *previous;
    struct deadline_list *list; /* NULL while a reply is awaited or sent. */
    struct instant due;         /* On the monotonic clock. */
    uint64_t bytes_before;      /* What the socket had received when the connection fell idle. */
    struct address_count *address;
    int fd;
    bool refused;
    char peer[INET6_ADDRSTRLEN];
};

/* Every connection in one list has the same time to wait, so the list is ordered by appending. */
struct deadline_list {
    struct http_connection *first;
    struct http_connection *last;
    struct duration wait;
};

void connection_changed(void *context, struct MHD_Connection *mhd, void **socket_context,
                        enum MHD_ConnectionNotificationCode code);
void connection_list_leave(struct http_connection *connection);
void connection_fell_idle(struct http_connection *connection);
void connection_began_request(struct http_connection *connection);
void deadlines_expire(struct http_server *server);
/* The earliest deadline, INSTANT_NONE where there is none. */
struct instant deadlines_next(const struct http_server *server);

#endif
