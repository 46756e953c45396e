#include "store/sqlite_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGES_PER_STEP = 4096, BUSY_MS = 5000 };

static enum err fail(sqlite3 *handle, const char *path, struct problem *problem)
{
    int code = sqlite3_errcode(handle) & 0xff;
    bool is_damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    return problem_set(problem, is_damaged ? E_CORRUPT : E_UNAVAILABLE, NULL, "%s: %s", path,
                       sqlite3_errmsg(handle));
}

/* A connection that holds one snapshot from here on. */
static enum err open_snapshot(const char *path, sqlite3 **out, struct problem *problem)
{
    if (sqlite3_open_v2(path, out, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        return fail(*out, path, problem);
    }
    sqlite3_busy_timeout(*out, BUSY_MS);
    sqlite3_db_config(*out, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return sqlite3_exec(*out, "BEGIN; SELECT count(*) FROM sqlite_master", NULL, NULL, NULL) ==
                   SQLITE_OK
               ? OK
               : fail(*out, path, problem);
}

/* Nobody else may read it, from its first byte on: SQLite would give it the mode of the umask. */
static enum err make_file(const char *path, struct problem *problem)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return problem_set(problem, errno == EEXIST ? E_DUPLICATE : E_UNAVAILABLE, NULL,
                           "%s cannot be made: %s", path, strerror(errno));
    }
    close(file);
    return OK;
}

static enum err copy_pages(sqlite3 *from, sqlite3 *to, const char *path, struct problem *problem)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup == NULL) {
        return fail(to, path, problem);
    }
    int code = SQLITE_OK;
    while (code == SQLITE_OK) {
        code = sqlite3_backup_step(backup, PAGES_PER_STEP);
    }
    /* Says what went wrong, in `to`. */
    return sqlite3_backup_finish(backup) == SQLITE_OK && code == SQLITE_DONE
               ? OK
               : fail(to, path, problem);
}

static enum err flush_file(const char *path, int64_t *bytes, struct problem *problem)
{
    struct stat facts = {0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool is_kept = file >= 0 && fsync(file) == 0 && fstat(file, &facts) == 0;
    int why = errno;
    if (file >= 0) {
        close(file);
    }
    *bytes = facts.st_size;
    return is_kept ? OK
                   : problem_set(problem, E_UNAVAILABLE, NULL, "%s cannot be kept: %s", path,
                                 strerror(why));
}

static enum err write_copy(sqlite3 *from, const char *path, struct problem *problem)
{
    sqlite3 *to = NULL;
    enum err err = OK;
    if (sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        err = fail(to, path, problem);
    }
    if (err == OK) {
        err = copy_pages(from, to, path, problem);
    }
    /* The copy says that it has a log beside it, as the original does: one file is whole alone. */
    if (err == OK &&
        sqlite3_exec(to, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL) != SQLITE_OK) {
        err = fail(to, path, problem);
    }
    sqlite3_close_v2(to);
    return err;
}

enum err sqlite_backup(const char *from, const char *to, int64_t *bytes, struct problem *problem)
{
    sqlite3 *source = NULL;
    *bytes = 0;
    TRY(make_file(to, problem));
    enum err err = open_snapshot(from, &source, problem);
    if (err == OK) {
        err = write_copy(source, to, problem);
    }
    sqlite3_close_v2(source);
    if (err == OK) {
        err = flush_file(to, bytes, problem);
    }
    if (err != OK) {
        (void)unlink(to);
    }
    return err;
}

static enum err read_verdict(sqlite3 *handle, const char *path, struct problem *problem)
{
    sqlite3_stmt *rows = NULL;
    enum err err = OK;
    if (sqlite3_prepare_v2(handle, "PRAGMA integrity_check(1)", -1, &rows, NULL) != SQLITE_OK ||
        sqlite3_step(rows) != SQLITE_ROW) {
        err = fail(handle, path, problem);
    } else {
        const char *verdict = (const char *)sqlite3_column_text(rows, 0);
        bool is_fine = verdict != NULL && strcmp(verdict, "ok") == 0;
        err = is_fine ? OK
                      : problem_set(problem, E_CORRUPT, NULL, "%s is damaged: %s", path,
                                    verdict == NULL ? "nothing can be read" : verdict);
    }
    sqlite3_finalize(rows);
    return err;
}

enum err sqlite_check(const char *path, struct problem *problem)
{
    sqlite3 *handle = NULL;
    enum err err = OK;
    if (sqlite3_open_v2(path, &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        err = fail(handle, path, problem);
    } else {
        err = read_verdict(handle, path, problem);
    }
    sqlite3_close_v2(handle);
    return err;
}
