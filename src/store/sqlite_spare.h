/* store/sqlite_spare: some room on the disk, kept for a start while it is full.
 *
 * SQLite shares the index of its write-ahead log through a file beside the database, which each
 * first opener makes anew: 32 KiB for each 4096 pages of the log. On a disk without a free block
 * nothing could even be read then. So a file of 1 MiB lies beside the database, is given up for
 * that, and is made again at once of what is left, and as large as it was by a start that finds
 * room.
 * Threads: that of the opener. Source: SQLite's WAL-mode file format, section 2. */
#ifndef TOCSIN_STORE_SQLITE_SPARE_H
#define TOCSIN_STORE_SQLITE_SPARE_H

#include <stdbool.h>

/* Keeps room beside the database, where there is some and none is kept; nothing for a database
 * that is in no file. Failing is no error: the disk may be full. */
void sqlite_spare_keep(const char *database);
/* Gives it up. Whether there was some. */
bool sqlite_spare_use(const char *database);

#endif
