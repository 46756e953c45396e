/* net/http_server_internal: what the pieces of the HTTP server share. Nobody else includes it.
 *
 * Threads: everything belongs to the server's thread, but for struct reply_box, which its lock
 * guards, and for an exchange from the call of `handle` to its reply, when its request, arena,
 * response and status belong to whoever replies. A reply box outlives the server until the last
 * exchange that was handed out has been replied to, so that a late reply finds a lock and not freed
 * memory. */
#ifndef TOCSIN_NET_HTTP_SERVER_INTERNAL_H
#define TOCSIN_NET_HTTP_SERVER_INTERNAL_H

#include "base/buf.h"
#include "base/hash.h"
#include "net/http_server.h"
#include "net/http_server_limits.h"

#include <microhttpd.h>
#include <pthread.h>

enum { HEADER_BYTES_MAX = 8 * 1024 };

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
    EXCHANGE_HEADERS, /* The request line is there. */
    EXCHANGE_BODY,    /* The headers are accepted, the body is being kept. */
    EXCHANGE_DISCARD, /* The body is over its limit: read to its end, so that the client hears the
                         413. */
    EXCHANGE_WAITING, /* Handed out, the connection is suspended. */
    EXCHANGE_ANSWERED
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
    struct MHD_Response *response;
    int status;
    enum exchange_phase phase;
    size_t body_bytes_max;
    size_t body_bytes_seen;
};

struct http_server {
    struct http_server_config config;
    struct MHD_Daemon *daemon;
    struct reply_box *box;
    pthread_t thread;
    int listen_fd;
    uint16_t port;
    struct instant now;             /* Monotonic, read once a turn. */
    struct http_exchange *handling; /* While `handle` runs. */
    bool replied_inline;
    bool closing; /* Each reply ends its connection from now on. */
    size_t handled_this_turn;
    size_t active; /* Exchanges from their first line to the last byte of the reply. */
    struct http_exchange *waiting;
    size_t waiting_count;
    struct http_exchange *spare;
    size_t spare_count;
    struct deadline_list idle;      /* Looked at now and then for the first byte of a request. */
    struct deadline_list receiving; /* Has begun a request, which must be complete by `due`. */
    int connection_count;
    bool turn_again; /* A place became free: libmicrohttpd listens again in its next turn only. */
    struct address_count **addresses;
    size_t address_mask;
    struct hash_key hash_key;
    struct http_stream *streams;
    bool tick_wanted;
    struct instant tick_at; /* Unset for not until it is woken. */
    struct instant stop_by; /* Set once a stop was asked for. */
    struct duration grace;
};

/* Why a request is refused before anybody handles it. */
struct request_fault {
    enum err err;
    int status;
    const char *message;
};

struct request_facts {
    uint64_t content_length;
    bool chunked;
    bool expects_continue;
};

/* http_server_request.c: the callbacks that libmicrohttpd calls. */
void *request_line_arrived(void *context, const char *target, struct MHD_Connection *mhd);
enum MHD_Result request_advanced(void *context, struct MHD_Connection *mhd, const char *url,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_len, void **state);
void request_completed(void *context, struct MHD_Connection *mhd, void **state,
                       enum MHD_RequestTerminationCode code);

/* http_server_check.c: fills the request from the header block; false with the fault where it is
 * refused. */
struct request_line {
    struct str method;
    struct str version;
};
bool request_check(struct http_exchange *exchange, const struct request_line *line,
                   struct request_facts *out, struct request_fault *fault);

/* http_server_reply.c */
struct reply_box *reply_box_new(struct http_server *server);
void reply_box_release(struct reply_box *box);
struct http_exchange *exchange_new(struct http_server *server, struct http_connection *connection);
void exchange_recycle(struct http_server *server, struct http_exchange *exchange);
void exchange_free(struct http_exchange *exchange);
void waiting_add(struct http_server *server, struct http_exchange *exchange);
void waiting_remove(struct http_server *server, struct http_exchange *exchange);
enum MHD_Result response_queue(struct http_server *server, struct http_exchange *exchange);
enum MHD_Result exchange_refuse(struct http_exchange *exchange, const struct request_fault *fault);
void replies_take(struct http_server *server);
void exchanges_abandon(struct http_server *server);
/* Within `handle`: the reply is there, nothing has to wake the loop for it. */
bool reply_inline(struct http_exchange *exchange);
/* Everything of a response but its body and its status. */
void response_headers_add(struct MHD_Response *response, const struct http_response *answer);

/* http_server_stream.c */
void streams_end(struct http_server *server);

/* Past libmicrohttpd, straight to the socket: for connections that have no complete request. Ends
 * the connection. */
void socket_refuse(struct http_server *server, int fd, const struct request_fault *fault);

#endif
