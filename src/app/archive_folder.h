/* app/archive_folder: archive files on the disk.
 *
 * What of a file counts stands in the database, and is on the disk before the transaction that
 * says so is committed: what stands behind is of a portion that never was, and is cut off by the
 * next one. Files are made for their owner alone. The folder is made at the first of them.
 * Errors: service/outside.h; E_CORRUPT for a file that is shorter than it must be. */
#ifndef TOCSIN_APP_ARCHIVE_FOLDER_H
#define TOCSIN_APP_ARCHIVE_FOLDER_H

#include "service/outside.h"

/* struct archive_port's; the context is a struct plant. */
NODISCARD enum err archive_folder_append(void *context, const struct archive_piece *piece,
                                         struct problem *problem);

/* Reads the lines of the first `bytes` of a file, without their ends. */
struct archive_lines {
    struct str folder;
    struct str name;
    int64_t bytes;
    void *context;
    enum err (*each)(void *context, struct str line);
    int64_t beyond; /* So many bytes stand behind; set by the reading. */
};
NODISCARD enum err archive_folder_read(struct archive_lines *lines, struct problem *problem);

#endif
