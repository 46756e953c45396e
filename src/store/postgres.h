/* store/postgres: what is asked of a PostgreSQL URL before anything is opened.
 *
 * postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full&sslrootcert=FILE and whatever
 * else libpq knows. */
#ifndef TOCSIN_STORE_POSTGRES_H
#define TOCSIN_STORE_POSTGRES_H

#include "base/arena.h"

/* E_INVALID with libpq's words for a URL that cannot be read. */
NODISCARD enum err postgres_url_check(const char *url, struct problem *problem);
/* For people and logs: without password and parameters. */
struct str postgres_url_name(const char *url, struct arena *arena);

#endif
