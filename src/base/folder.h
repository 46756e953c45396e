/* base/folder: names of files that have to outlive a power cut.
 *
 * A file that was flushed under a new name is found by it again only if its folder was flushed,
 * too. Source: fsync(2). */
#ifndef TOCSIN_BASE_FOLDER_H
#define TOCSIN_BASE_FOLDER_H

#include "base/err.h"

/* Flushes the folder in which `path` stands. E_UNAVAILABLE, and errno says why. */
NODISCARD enum err folder_flush(const char *path, struct problem *problem);

#endif
