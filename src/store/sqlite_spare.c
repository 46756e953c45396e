#include "store/sqlite_spare.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SPARE_BYTES = 1024 * 1024, SPARE_BYTES_MIN = 64 * 1024 };

/* False where the database is in memory or named by a URI. */
static bool path_of(const char *database, char path[static PATH_MAX])
{
    bool is_file = database[0] != ':' && strncmp(database, "file:", 5) != 0;
    int length = snprintf(path, PATH_MAX, "%s-spare", database);
    return is_file && length < PATH_MAX;
}

void sqlite_spare_keep(const char *database)
{
    char path[PATH_MAX];
    int file = path_of(database, path)
                   ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR)
                   : -1;
    if (file < 0) {
        return;
    }
    bool is_kept = false;
    for (off_t size = SPARE_BYTES; size >= SPARE_BYTES_MIN && !is_kept; size /= 2) {
        is_kept = posix_fallocate(file, 0, size) == 0;
    }
    close(file);
    if (!is_kept) {
        (void)unlink(path);
    }
}

bool sqlite_spare_use(const char *database)
{
    char path[PATH_MAX];
    return path_of(database, path) && unlink(path) == 0;
}
