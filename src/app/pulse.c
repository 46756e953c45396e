#include "app/server_internal.h"

/* While the HTTP thread owes an answer it is looked for more often than the watchdog is fed. */
enum { LOOKS_PER_FEED = 4 };

void pulse_answer(struct server *server)
{
    atomic_store(&server->http_answered, atomic_load(&server->http_asked));
}

/* Fed only after the HTTP thread has answered what was asked at the last feed: a thread that hangs
 * lets the supervisor's patience run out, and a restart is what helps. */
int pulse_feed(struct server *server)
{
    if (!notify_is_heard(server->notifier) || server->notifier->watchdog.us == 0) {
        return -1;
    }
    struct duration every = server->notifier->watchdog;
    struct instant now = monotonic_now();
    bool is_owed = atomic_load(&server->http_answered) != atomic_load(&server->http_asked);
    bool is_stopping = atomic_load(&server->plant->stats.is_stopping);
    if (!instant_before(now, server->feed_at) && (!is_owed || is_stopping)) {
        notify_tell(server->notifier, "WATCHDOG=1");
        server->feed_at = instant_add(now, every);
        atomic_fetch_add(&server->http_asked, 1);
        front_tell(server);
    }
    int64_t wait_us = server->feed_at.us - now.us;
    int64_t least_us = every.us / LOOKS_PER_FEED;
    return (int)((wait_us > least_us ? wait_us : least_us) / 1000) + 1;
}
