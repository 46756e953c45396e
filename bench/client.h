/* bench/client: keeps a number of keep-alive connections busy, one request in flight on each.
 *
 * One thread, epoll. A connection that breaks ends the run with a message: a bench measures a
 * server that works. Answers need a Content-Length. */
#ifndef TOCSIN_BENCH_CLIENT_H
#define TOCSIN_BENCH_CLIENT_H

#include "base/buf.h"
#include "base/time.h"

struct client_config {
    const char *address; /* IPv4 */
    uint16_t port;
    int connections;
    int64_t count;           /* Requests in all; 0 for no such limit. */
    struct duration seconds; /* No new requests after it; 0 for no such limit. */
    int64_t per_second;      /* No more requests than so many; 0 for no such limit. */
    void *context;
    void (*write)(void *context, int64_t number, struct buf *out);
    void (*answered)(void *context, int64_t number, struct str body);
};

struct client_result {
    int64_t answers; /* With a status of 2xx. */
    int64_t refused; /* With another one. */
    double seconds;  /* From the first request to the last answer. */
    double p50_ms;
    double p99_ms;
    double max_ms;
};

/* False after a message to stderr. */
bool client_run(const struct client_config *config, struct client_result *out);

#endif
