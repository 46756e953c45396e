/* api/api: requests to operations and back: route, key, body, operation, answer.
 *
 * api_handle takes a complete request. Reads run at once on the caller's thread with a reader's
 * connection; writes become work for the executor and are answered when it is committed; the
 * virtual clock is moved by app/. Exactly one reply is made for each request, on whichever thread
 * it is ready. Every error has the shape {success:false, error:{code, message, field?}, requestId}.
 * Threads: api_handle belongs to one thread; replies may come from the executor's. */
#ifndef TOCSIN_API_API_H
#define TOCSIN_API_API_H

#include "api/route.h"
#include "net/http_server.h"
#include "service/work.h"

struct api;

struct api_reply {
    void *context;
    void (*send)(void *context, const struct http_response *response);
    /* In its place, from within api_handle: the body comes from a source. NULL where that cannot
     * be.
     */
    struct http_stream *(*stream)(void *context, const struct http_response *head,
                                  const struct http_stream_source *source);
};

struct api_config {
    struct site *site;
    struct db *reader; /* Read-only; the caller's thread's own. */
    void *context;
    /* Hands work to the executor, from the caller's thread. */
    void (*submit)(void *context, struct work *work);
    /* Runs an errand on a thread for what takes long; NULL to run it at once, on the caller's.
     * `submit_now` hands work over from there. */
    /* The same for what waits for other servers. */
    void (*offload_elsewhere)(void *context, struct errand *errand);
    void (*offload)(void *context, struct errand *errand);
    void (*submit_now)(void *context, struct work *work);
    /* Moves the virtual clock by `seconds`, then does `work` (whose run is a read). NULL with a
     * real clock. */
    void (*advance)(void *context, struct work *work, int64_t seconds);
    int64_t streams_max;                /* Event streams at a time. */
    struct duration heartbeat;          /* Of a stream that has nothing to tell. */
    int64_t requests_per_second;        /* Of one key that is not the admin's; 0 for no limit. */
    int64_t source_requests_per_second; /* Of one integration; likewise. */
};

/* Event streams: whoever listens is told what is there; as http_server_config.tick. */
struct duration api_tick(struct api *api, struct instant now);
NODISCARD enum err api_new(const struct api_config *config, struct api **out);
void api_free(struct api **api);

/* `arena` lives until the reply is sent. */
void api_handle(struct api *api, const struct http_request *request, struct arena *arena,
                struct api_reply reply);
/* The body of an error, for refusals that never reach api_handle. */
void api_error(const struct problem *problem, struct str request_id, struct arena *arena,
               struct http_response *out);

/* The OpenAPI document of every route. */
void api_openapi(struct buf *out);

#endif
