/* store/sqlite_cache: SQLite's page cache, without a walk over all of it at nearly every commit.
 *
 * When SQLite splits pages it moves some of them for a moment to a number that lies behind every
 * database (the page of the byte at 1 GiB). Its cache takes the highest number that it ever saw for
 * one that it may hold, so that the truncation at the end of each such commit looks at every page:
 * with a cache of 16 MiB that is a twentieth of what a durable change costs. This keeps the real
 * bound beside the cache and leaves out a truncation that cannot find anything; all else is
 * SQLite's own cache.
 * Threads: a cache belongs to its connection. Ownership: of the process; made once. */
#ifndef TOCSIN_STORE_SQLITE_CACHE_H
#define TOCSIN_STORE_SQLITE_CACHE_H

/* Before the first connection is opened; of no effect, and no harm, once SQLite is in use. */
void sqlite_cache_install(void);

#endif
