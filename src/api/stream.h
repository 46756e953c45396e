/* api/stream: the event stream (requirements U1, U2): rows of service/events as Server-Sent Events,
 * each by its id, to any number of readers, as soon as they are durable.
 *
 * The rows are the queue: a stream is a place in their order and a few kilobytes on their way out,
 * so that a slow reader costs no memory and whoever comes back goes on where it was. What several
 * read at the same time is read from the store and written once. A stream ends with its key. A
 * reader that takes nothing for two heartbeats is cut off. Threads: the caller's one, net's. */
#ifndef TOCSIN_API_STREAM_H
#define TOCSIN_API_STREAM_H

#include "api/auth.h"
#include "api/call.h"

struct stream_hub;

struct stream_config {
    const struct site *site;
    struct db *reader; /* Borrowed, like `auth`. */
    struct auth *auth;
    int64_t streams_max;
    struct duration heartbeat;
};

struct stream_hub *stream_hub_new(const struct stream_config *config);
/* After the server has stopped: no stream is left. */
void stream_hub_free(struct stream_hub **hub);
/* Answers a request for a stream. On an error nothing is answered yet; E_UNAVAILABLE where there
 * are too many. `op` is a read's. */
NODISCARD enum err stream_begin(struct stream_hub *hub, struct api_call *call, struct op *op);
/* Events may be there, or it is time: as http_server_config.tick. */
struct duration stream_tick(struct stream_hub *hub, struct instant now);

#endif
