/* store/sqlite_ahead: what a start reads is asked of the disk all at once.
 *
 * A start reads the indexes of what waits from end to end. Their leaves lie among the pages of
 * other trees, so that each is a read of its own, and on a cold disk every read waits for the one
 * before. Their inner pages name all leaves: these are read first, and the kernel is told of every
 * leaf at once and reads many of them at a time, while the start goes on. It is a hint: what the
 * write-ahead log has newer is not looked at, and a page that is no longer what it was does no
 * harm. The file stays open until the end, because the locks of a process on a file, SQLite's
 * among them, are gone as soon as any of its descriptors of that file is closed (fcntl(2)).
 * Threads: its own, which ends when all is asked for; begin, wait and end are one thread's. Source:
 * SQLite's file format, section 1.6. */
#ifndef TOCSIN_STORE_SQLITE_AHEAD_H
#define TOCSIN_STORE_SQLITE_AHEAD_H

#include <stdint.h>

struct sqlite_ahead;

/* Asks for the leaves of these indexes (NULL at the end; borrowed until the end). NULL where there
 * is no such file, or no thread. */
struct sqlite_ahead *sqlite_ahead_begin(const char *database, const char *const *indexes);
/* Waits until all is asked for; how many leaves that were. 0 for NULL. */
int64_t sqlite_ahead_wait(struct sqlite_ahead *ahead);
/* After every connection to this database was closed. Asks for no more. */
void sqlite_ahead_end(struct sqlite_ahead **ahead);

#endif
