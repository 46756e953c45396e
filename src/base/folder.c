#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum err folder_flush(const char *path, struct problem *problem)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path + 1),
             slash == NULL ? "." : path);
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_kept = file >= 0 && fsync(file) == 0;
    int why = errno;
    if (file >= 0) {
        close(file);
    }
    errno = why;
    return is_kept ? OK
                   : problem_set(problem, E_UNAVAILABLE, NULL, "%s cannot be kept: %s", folder,
                                 strerror(why));
}
