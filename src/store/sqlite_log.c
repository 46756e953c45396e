#include "store/sqlite_log.h"

#include "base/memory.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define HOME_NAME "tocsin"

enum {
    KEPT_BYTES_MAX = 1 << 20, /* A larger commit is written in pieces. */
    CALL_BYTES_MAX = 1 << 16, /* SQLite's own file takes fewer than 128 KiB by one call. */
    FRAME_HEAD_BYTES = 24,
    SIZE_AT = 4, /* In a frame's head: the size of the database after its commit; 0 within one. */
    SIZE_BYTES = 4
};

struct home {
    sqlite3_vfs vfs;
    sqlite3_vfs *own; /* The system's. */
};

/* A log that is open. The system's own file follows it in memory, where SQLite made room. */
struct log_file {
    sqlite3_file base;
    char *kept; /* `used` bytes that belong right before `tail`. */
    size_t used;
    sqlite3_int64 tail;    /* Behind what was written last, or is kept. */
    sqlite3_int64 lost_at; /* What belongs there was not written; -1 for nothing. */
    bool ends_commit;      /* The head before `tail` names the end of a commit; its page follows. */
};

enum { NOTHING_LOST = -1 };

static struct log_file *log_of(sqlite3_file *file)
{
    return (struct log_file *)file;
}

static sqlite3_file *own_of(struct log_file *log)
{
    return (sqlite3_file *)(log + 1);
}

/* What is kept goes into the file. What was not written is kept no longer: its transaction has
 * failed, and nothing behind it is written before SQLite has written that place again. */
static int write_kept(struct log_file *log)
{
    sqlite3_file *own = own_of(log);
    size_t used = log->used;
    sqlite3_int64 start = log->tail - (sqlite3_int64)used;
    log->used = 0;
    for (size_t at = 0; at < used; at += CALL_BYTES_MAX) {
        size_t count = used - at < CALL_BYTES_MAX ? used - at : CALL_BYTES_MAX;
        int code =
            own->pMethods->xWrite(own, log->kept + at, (int)count, start + (sqlite3_int64)at);
        if (code != SQLITE_OK) {
            log->lost_at = start;
            return code;
        }
    }
    return SQLITE_OK;
}

static bool names_end(const void *bytes, int count)
{
    static const char none[SIZE_BYTES];
    return count == FRAME_HEAD_BYTES &&
           memcmp((const char *)bytes + SIZE_AT, none, sizeof none) != 0;
}

static void keep(struct log_file *log, const void *bytes, int count)
{
    memcpy(log->kept + log->used, bytes, (size_t)count);
    log->used += (size_t)count;
}

/* What follows the last write is kept until the commit's last page comes. All else is written at
 * once: the log's own head, the first of a transaction, and what SQLite writes in the place of what
 * is there already, such as the heads of all frames whose checksums have changed; behind the last
 * of these nothing comes that would tell that the commit is over. */
static int write_log(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at)
{
    struct log_file *log = log_of(file);
    sqlite3_file *own = own_of(log);
    bool follows = at == log->tail;
    bool is_end = follows && log->ends_commit;
    bool has_place = log->used + (size_t)count <= KEPT_BYTES_MAX;
    int code = follows && has_place ? SQLITE_OK : write_kept(log);
    if (code == SQLITE_OK && log->lost_at != NOTHING_LOST && at > log->lost_at) {
        code = SQLITE_FULL;
    }
    if (code != SQLITE_OK) {
        return code;
    }
    log->lost_at = at + count > log->lost_at ? NOTHING_LOST : log->lost_at;
    log->tail = at + count;
    log->ends_commit = names_end(bytes, count);
    if (follows && count <= KEPT_BYTES_MAX) {
        keep(log, bytes, count);
        return is_end ? write_kept(log) : SQLITE_OK;
    }
    code = own->pMethods->xWrite(own, bytes, count, at);
    log->lost_at = code == SQLITE_OK ? log->lost_at : at;
    return code;
}

static int read_log(sqlite3_file *file, void *bytes, int count, sqlite3_int64 at)
{
    int code = write_kept(log_of(file));
    sqlite3_file *own = own_of(log_of(file));
    return code == SQLITE_OK ? own->pMethods->xRead(own, bytes, count, at) : code;
}

static int close_log(sqlite3_file *file)
{
    struct log_file *log = log_of(file);
    int code = write_kept(log);
    int closed = own_of(log)->pMethods->xClose(own_of(log));
    free(log->kept);
    log->kept = NULL;
    return code == SQLITE_OK ? closed : code;
}

static int truncate_log(sqlite3_file *file, sqlite3_int64 size)
{
    struct log_file *log = log_of(file);
    int code = write_kept(log);
    log->lost_at = log->lost_at >= size ? NOTHING_LOST : log->lost_at;
    return code == SQLITE_OK ? own_of(log)->pMethods->xTruncate(own_of(log), size) : code;
}

static int sync_log(sqlite3_file *file, int flags)
{
    int code = write_kept(log_of(file));
    sqlite3_file *own = own_of(log_of(file));
    return code == SQLITE_OK ? own->pMethods->xSync(own, flags) : code;
}

static int size_log(sqlite3_file *file, sqlite3_int64 *size)
{
    int code = write_kept(log_of(file));
    sqlite3_file *own = own_of(log_of(file));
    return code == SQLITE_OK ? own->pMethods->xFileSize(own, size) : code;
}

static int lock_log(sqlite3_file *file, int level)
{
    sqlite3_file *own = own_of(log_of(file));
    return own->pMethods->xLock(own, level);
}

static int unlock_log(sqlite3_file *file, int level)
{
    sqlite3_file *own = own_of(log_of(file));
    return own->pMethods->xUnlock(own, level);
}

static int is_log_reserved(sqlite3_file *file, int *out)
{
    sqlite3_file *own = own_of(log_of(file));
    return own->pMethods->xCheckReservedLock(own, out);
}

static int control_log(sqlite3_file *file, int what, void *value)
{
    sqlite3_file *own = own_of(log_of(file));
    return own->pMethods->xFileControl(own, what, value);
}

static int log_sector_bytes(sqlite3_file *file)
{
    sqlite3_file *own = own_of(log_of(file));
    return own->pMethods->xSectorSize(own);
}

static int log_traits(sqlite3_file *file)
{
    sqlite3_file *own = own_of(log_of(file));
    return own->pMethods->xDeviceCharacteristics(own);
}

static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = close_log,
    .xRead = read_log,
    .xWrite = write_log,
    .xTruncate = truncate_log,
    .xSync = sync_log,
    .xFileSize = size_log,
    .xLock = lock_log,
    .xUnlock = unlock_log,
    .xCheckReservedLock = is_log_reserved,
    .xFileControl = control_log,
    .xSectorSize = log_sector_bytes,
    .xDeviceCharacteristics = log_traits,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *flags_out)
{
    const struct home *home = vfs->pAppData;
    struct log_file *log = log_of(file);
    if ((flags & SQLITE_OPEN_WAL) == 0) {
        return home->own->xOpen(home->own, name, file, flags, flags_out);
    }
    *log = (struct log_file){.lost_at = NOTHING_LOST};
    int code = home->own->xOpen(home->own, name, own_of(log), flags, flags_out);
    if (code != SQLITE_OK) {
        return code; /* Without methods: SQLite does not close it. */
    }
    log->kept = memory_new(KEPT_BYTES_MAX);
    log->base.pMethods = &log_methods;
    return SQLITE_OK;
}

static sqlite3_vfs *own_system(const sqlite3_vfs *vfs)
{
    return ((const struct home *)vfs->pAppData)->own;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int must_sync)
{
    return own_system(vfs)->xDelete(own_system(vfs), name, must_sync);
}

static int may_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    return own_system(vfs)->xAccess(own_system(vfs), name, flags, out);
}

static int full_name(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    return own_system(vfs)->xFullPathname(own_system(vfs), name, size, out);
}

static int random_bytes(sqlite3_vfs *vfs, int count, char *out)
{
    return own_system(vfs)->xRandomness(own_system(vfs), count, out);
}

static int wait_us(sqlite3_vfs *vfs, int us)
{
    return own_system(vfs)->xSleep(own_system(vfs), us);
}

static int day_of(sqlite3_vfs *vfs, double *out)
{
    return own_system(vfs)->xCurrentTime(own_system(vfs), out);
}

static int last_error(sqlite3_vfs *vfs, int size, char *out)
{
    return own_system(vfs)->xGetLastError(own_system(vfs), size, out);
}

static void install(void)
{
    struct home *home = memory_new(sizeof *home);
    home->own = sqlite3_vfs_find(NULL);
    assert(home->own != NULL);
    home->vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = home->own->szOsFile + (int)sizeof(struct log_file),
        .mxPathname = home->own->mxPathname,
        .zName = HOME_NAME,
        .pAppData = home,
        .xOpen = open_file,
        .xDelete = delete_file,
        .xAccess = may_access,
        .xFullPathname = full_name,
        .xRandomness = random_bytes,
        .xSleep = wait_us,
        .xCurrentTime = day_of,
        .xGetLastError = last_error,
    };
    int code = sqlite3_vfs_register(&home->vfs, 0);
    assert(code == SQLITE_OK);
    (void)code;
}

const char *sqlite_log_install(void)
{
    if (sqlite3_vfs_find(HOME_NAME) == NULL) {
        install();
    }
    return HOME_NAME;
}
