/* bus/redis: one connection to Redis: opening it within a time, commands in groups, and listening
 * to a channel.
 *
 * Everything that Redis says is foreign: an answer over a bound, or one that takes longer than the
 * patience for each, ends the connection. Errors: E_NETWORK where the connection is lost (only
 * redis_close is left then), E_UPSTREAM where Redis refuses; the problem's message is one word:
 * Redis' own code ("OOM", "NOAUTH", "MOVED"), or ours for a connection ("TIMEOUT", "LOST"). It
 * never holds more of what Redis said, which may repeat a password. Threads: one at a time. */
#ifndef TOCSIN_BUS_REDIS_H
#define TOCSIN_BUS_REDIS_H

#include "base/time.h"
#include "bus/redis_url.h"

struct redis;

struct redis_config {
    const struct redis_address *address;
    struct duration patience; /* For the connection, and for each answer. */
    int64_t (*monotonic_ms)(void);
};

/* Connected, signed in, and in its database. */
NODISCARD enum err redis_open(const struct redis_config *config, struct redis **out,
                              struct problem *problem);
void redis_close(struct redis **redis);

/* Remembers in Redis, for `seconds`, that `name` was here. *was_known: it was remembered until now;
 * where not, Redis was emptied. */
NODISCARD enum err redis_mark(struct redis *redis, struct str name, int seconds, bool *was_known,
                              struct problem *problem);

/* A connection that listens does nothing else from then on. Its descriptor is readable when there
 * is something; redis_hear gives each message that is there without waiting. */
NODISCARD enum err redis_listen(struct redis *redis, struct str channel, struct problem *problem);
int redis_fd(const struct redis *redis);
NODISCARD enum err redis_hear(struct redis *redis, void *context,
                              void (*each)(void *context, struct str message));

#endif
