/* bus/redis_url: where Redis is, as REDIS_URL says it.
 *
 *   redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]
 *   unix://[USER:PASSWORD@]/PATH[?db=DATABASE]
 *
 * A password without a user is ":PASSWORD@". Reserved letters are percent-encoded. Pure. Ownership:
 * texts live in the arena. Errors: E_INVALID says what would be right and never repeats the URL,
 * which holds a password. rediss:// (TLS) is refused: the library of Debian 12 cannot do it. */
#ifndef TOCSIN_BUS_REDIS_URL_H
#define TOCSIN_BUS_REDIS_URL_H

#include "base/arena.h"

enum { REDIS_PORT_DEFAULT = 6379, REDIS_DATABASE_MAX = 65535 };

struct redis_address {
    struct str path; /* Of a socket; absent where there is a host. */
    struct str host;
    int port;
    struct str user;
    struct str password; /* Absent for none. */
    int database;
};

NODISCARD enum err redis_url_parse(struct arena *arena, struct str url, struct redis_address *out,
                                   struct problem *problem);
/* For people and logs: without user and password. */
struct str redis_address_name(const struct redis_address *address, struct arena *arena);

#endif
