#include "app/archive_folder.h"

#include "app/wire.h"
#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than a portion leaves behind: a file that is longer belongs to a database that is further
 * than this one, such as the one before a restore. */
enum { TAIL_BYTES_MAX = 64 << 20, LINE_BYTES_MAX = 16 << 20 };

static enum err complain(struct problem *problem, enum err err, const char *path, const char *what)
{
    return problem_set(problem, err, "TOCSIN_ARCHIVE_DIR", "%s %s: %s", path, what,
                       strerror(errno));
}

static enum err make_folder(struct str folder, struct problem *problem)
{
    return mkdir(folder.ptr, 0700) == 0 || errno == EEXIST
               ? OK
               : complain(problem, E_UNAVAILABLE, folder.ptr, "cannot be made");
}

static enum err cut(int file, const struct archive_piece *piece, struct problem *problem)
{
    struct stat facts;
    if (fstat(file, &facts) != 0) {
        return complain(problem, E_UNAVAILABLE, piece->name.ptr, "cannot be read");
    }
    if (facts.st_size < piece->length) {
        return problem_set(problem, E_CORRUPT, "TOCSIN_ARCHIVE_DIR",
                           "%s has %lld bytes where the database knows of %lld", piece->name.ptr,
                           (long long)facts.st_size, (long long)piece->length);
    }
    if (facts.st_size - piece->length > TAIL_BYTES_MAX) {
        return problem_set(problem, E_CONFLICT, "TOCSIN_ARCHIVE_DIR",
                           "%s has %lld bytes that the database knows nothing of", piece->name.ptr,
                           (long long)(facts.st_size - piece->length));
    }
    return facts.st_size == piece->length || ftruncate(file, piece->length) == 0
               ? OK
               : complain(problem, E_UNAVAILABLE, piece->name.ptr, "cannot be cut");
}

static enum err write_all(int file, const struct archive_piece *piece, struct problem *problem)
{
    size_t done = 0;
    while (done < piece->text.len) {
        ssize_t more = pwrite(file, piece->text.ptr + done, piece->text.len - done,
                              piece->length + (off_t)done);
        if (more <= 0 && errno != EINTR) {
            enum err err = complain(problem, E_UNAVAILABLE, piece->name.ptr, "cannot be written");
            /* Half a portion would only take room; if it stays, the next one cuts it off. */
            (void)!ftruncate(file, piece->length);
            return err;
        }
        done += more > 0 ? (size_t)more : 0;
    }
    return fsync(file) == 0 ? OK
                            : complain(problem, E_UNAVAILABLE, piece->name.ptr, "cannot be kept");
}

/* Of a new file and of the folder, whoever made it and whatever was cut short then. */
static enum err keep_names(struct str folder, const char *path, struct problem *problem)
{
    TRY(folder_flush(path, problem));
    return folder_flush(folder.ptr, problem);
}

enum err archive_folder_append(void *context, const struct archive_piece *piece,
                               struct problem *problem)
{
    const struct plant *plant = context;
    struct buf path = {0};
    TRY(make_folder(plant->archive_dir, problem));
    buf_printf(&path, "%.*s/%.*s", STR_FMT(plant->archive_dir), STR_FMT(piece->name));
    int file = open(path.ptr, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    enum err err = file >= 0 ? cut(file, piece, problem)
                             : complain(problem, E_UNAVAILABLE, path.ptr, "cannot be opened");
    err = err == OK ? write_all(file, piece, problem) : err;
    if (err == OK && piece->length == 0) {
        err = keep_names(plant->archive_dir, path.ptr, problem);
    }
    if (file >= 0) {
        close(file);
    }
    buf_free(&path);
    return err;
}

/* A line at a time; false at the end of what counts. */
struct reading {
    FILE *file;
    char *line;
    size_t cap;
    int64_t left;
};

static enum err next_line(struct reading *reading, const struct archive_lines *lines,
                          struct str *out, struct problem *problem)
{
    ssize_t length = getline(&reading->line, &reading->cap, reading->file);
    bool is_whole = length > 0 && length <= reading->left && length <= LINE_BYTES_MAX &&
                    reading->line[length - 1] == '\n';
    if (!is_whole) {
        return problem_set(problem, E_CORRUPT, NULL, "%s ends %lld bytes too early",
                           lines->name.ptr, (long long)reading->left);
    }
    reading->left -= length;
    *out = (struct str){reading->line, (size_t)length - 1};
    return OK;
}

static int64_t bytes_beyond(FILE *file, int64_t counted)
{
    struct stat facts;
    return fstat(fileno(file), &facts) == 0 && facts.st_size > counted ? facts.st_size - counted
                                                                       : 0;
}

enum err archive_folder_read(struct archive_lines *lines, struct problem *problem)
{
    struct buf path = {0};
    struct reading reading = {.left = lines->bytes};
    struct str line = STR_NONE;
    buf_printf(&path, "%.*s/%.*s", STR_FMT(lines->folder), STR_FMT(lines->name));
    reading.file = fopen(path.ptr, "re");
    enum err err =
        reading.file != NULL ? OK : complain(problem, E_UNAVAILABLE, path.ptr, "cannot be read");
    while (err == OK && reading.left > 0) {
        err = next_line(&reading, lines, &line, problem);
        err = err == OK ? lines->each(lines->context, line) : err;
    }
    if (reading.file != NULL) {
        lines->beyond = bytes_beyond(reading.file, lines->bytes);
        fclose(reading.file);
    }
    free(reading.line);
    buf_free(&path);
    return err;
}
