/* net/http_client: everything that we send: HTTP requests and SMTP transactions, many at once, over
 * libcurl's multi interface.
 *
 * One thread owns the curl handles of HTTP, and each mail under way has one of its own, so that
 * nothing waits for another's server. http_client_submit copies the request and returns; `done` is
 * called on one of these threads with the answer, whose memory is valid during the call only, and
 * never for two answers at once. Each submit gets exactly one done, also at stop (WIRE_NOT_SENT
 * where nothing had left, WIRE_UNKNOWN otherwise). The timeout runs from when a request leaves the
 * queue.
 *
 * Rules: redirects are followed by hand, at most redirects_max, http and https only; Authorization
 * and cookies are not sent to another host. A user-given URL may reach public addresses only,
 * checked on the socket's address after each resolution and redirect (OPENSOCKETFUNCTION), and on
 * the peer of a kept connection, unless allow_private; webcal:// means https://. gzip is decoded;
 * the cap counts decoded bytes. TLS is verified, always. A request that is not idempotent is never
 * sent twice, also where a kept connection breaks: that is WIRE_UNKNOWN. One place gets at most
 * per_host_max at once, and the places take turns.
 *
 * SMTP: STARTTLS is required where asked, AUTH only over TLS unless the peer is loopback; outcome
 * by the reply code when it is 400 or more; otherwise WIRE_UNKNOWN once the whole message was
 * handed over and WIRE_NOT_SENT before (protocols.md 4); addresses and names that could inject
 * commands are refused with WIRE_REFUSED_URL; connections are reused. */
#ifndef TOCSIN_NET_HTTP_CLIENT_H
#define TOCSIN_NET_HTTP_CLIENT_H

#include "base/log.h"
#include "model/http.h"

struct http_client;

struct http_client_config {
    bool allow_private; /* TOCSIN_ALLOW_PRIVATE_FETCH */
    int in_flight_max;  /* More than this wait their turn inside. */
    int per_host_max;
    struct duration mail_idle; /* A connection to a mail server is closed after so long without a
                                  mail; 0 for 20 s. */
    struct str user_agent;
    const struct log *log;
    void *context;
    /* `stamp` is asked when a request is submitted, on that thread, and `may_send` with what it
     * said on a thread of the client's when the request is about to leave, and for each piece of a
     * mail: what may not leave is WIRE_NOT_SENT. NULL: 0, and all may. */
    int64_t (*stamp)(void *context);
    bool (*may_send)(void *context, int64_t stamp);
    void (*done)(void *context, uint64_t ticket, const struct wire_answer *answer);
};

NODISCARD enum err http_client_start(const struct http_client_config *config,
                                     struct http_client **out, struct problem *problem);
void http_client_stop(struct http_client **client);

/* Any thread. Copies the request. `ticket` comes back in done. */
void http_client_submit(struct http_client *client, const struct wire_request *request,
                        uint64_t ticket);

#endif
