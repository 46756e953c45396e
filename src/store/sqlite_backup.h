/* store/sqlite_backup: copies of a database file, made while others write to it.
 *
 * A copy is one snapshot: it holds every commit that was made before the copying began and no part
 * of a later one. Writers go on meanwhile; the log is not shortened so long. The copy is one file
 * without a log beside it, mode 0600, and is on the disk when the function returns. `to` must not
 * exist. Errors: E_UNAVAILABLE where a file cannot be read or written, E_CORRUPT for one that is
 * damaged, E_DUPLICATE where `to` is there already. */
#ifndef TOCSIN_STORE_SQLITE_BACKUP_H
#define TOCSIN_STORE_SQLITE_BACKUP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

NODISCARD enum err sqlite_backup(const char *from, const char *to, int64_t *bytes,
                                 struct problem *problem);
/* Reads every page and every index: E_CORRUPT says what does not fit. Changes nothing. */
NODISCARD enum err sqlite_check(const char *path, struct problem *problem);

#endif
