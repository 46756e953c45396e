/* tests/lib/raw_sqlite: SQL on a connection that the store knows nothing of. What fails fails the
 * test. Ownership and threads: the connection is the caller's. */
#ifndef TOCSIN_TESTS_LIB_RAW_SQLITE_H
#define TOCSIN_TESTS_LIB_RAW_SQLITE_H

#include <sqlite3.h>
#include <stdint.h>

/* Any number of statements. */
void raw_run(sqlite3 *db, const char *sql);
/* The first value of the first row. */
int64_t raw_number(sqlite3 *db, const char *sql);

#endif
