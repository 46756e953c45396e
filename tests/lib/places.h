/* tests/lib/places: where a test finds the repository's files and the shared folder beside it.
 *
 * TOCSIN_ROOT names the repository ("." where it is unset), TOCSIN_SHARED the folder of public
 * samples (../shared below the repository). What lies there may be absent, and then the test says
 * so: `if (!place_shared("twilio/x.jsonl", path)) { skip_because("…"); }`.
 * Errors: a path that does not fit fails the test. Threads: any. */
#ifndef TOCSIN_TESTS_LIB_PLACES_H
#define TOCSIN_TESTS_LIB_PLACES_H

#include <stdbool.h>
#include <stddef.h>

enum { PLACE_MAX = 4096 };

/* Writes the path of a file; true where it can be read. */
bool place_in_repository(const char *relative, char out[static PLACE_MAX]);
bool place_shared(const char *relative, char out[static PLACE_MAX]);

/* The whole file with a NUL behind it, malloc'ed; NULL where it cannot be read. */
char *file_read(const char *path, size_t *length);

/* Prints the reason, which script/test repeats, and ends the running cmocka test as skipped. */
_Noreturn void skip_because(const char *reason);

#endif
