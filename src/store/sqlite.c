#include "store/driver.h"

#include "base/memory.h"
#include "store/sqlite_cache.h"
#include "store/sqlite_log.h"
#include "store/sqlite_spare.h"

#include <assert.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A checkpoint every sixteen thousand pages: pages that are spread (keys that are no ids) are
 * changed many times before they are written back, and the pauses, which are under load only, are
 * a smaller part of the time than with more and shorter ones. */
enum {
    BUSY_MS = 5000,
    WAL_PAGES_MAX = 16000,
    WAL_BYTES_MAX = 64 * 1024 * 1024,
    MESSAGE_BYTES = 240
};

struct driver_connection {
    sqlite3 *handle;
    int journal; /* The write-ahead log, for flushes; -1 where commits flush by themselves. */
    void *watcher;
    void (*changed)(void *watcher, const char *table, int64_t row);
};

struct driver_statement {
    sqlite3_stmt *handle;
    bool is_started;
};

static enum err err_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return OK;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_INTERRUPT:
        return E_UNAVAILABLE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return E_CORRUPT;
    case SQLITE_CONSTRAINT:
        return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
                       code == SQLITE_CONSTRAINT_ROWID
                   ? E_DUPLICATE
                   : E_INVALID;
    default:
        return E_INTERNAL;
    }
}

static enum err fail(sqlite3 *handle, int code, struct problem *problem)
{
    return problem_set(problem, err_of(code), NULL, "SQLite: %.*s (code %d)", MESSAGE_BYTES,
                       handle == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(handle), code);
}

static enum err execute(struct driver_connection *connection, const char *sql,
                        struct problem *problem)
{
    int code = sqlite3_exec(connection->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK
               ? OK
               : fail(connection->handle, sqlite3_extended_errcode(connection->handle), problem);
}

/* One connection writes and checkpoints; readers never do (stack.md: the WAL-reset fault needs two
 * that checkpoint). */
static enum err set_up(struct driver_connection *connection, const struct driver_config *config,
                       struct problem *problem)
{
    char sql[512];
    sqlite3_busy_timeout(connection->handle, BUSY_MS);
    sqlite3_extended_result_codes(connection->handle, 1);
    if (config->is_read_only) {
        sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        snprintf(sql, sizeof sql,
                 "PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-%d;",
                 config->cache_kib > 0 ? config->cache_kib : 2000);
    } else {
        snprintf(
            sql, sizeof sql,
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=%d;"
            "PRAGMA journal_size_limit=%d; PRAGMA secure_delete=FAST; PRAGMA temp_store=MEMORY;"
            "PRAGMA cache_size=-%d;",
            WAL_PAGES_MAX, WAL_BYTES_MAX, config->cache_kib > 0 ? config->cache_kib : 2000);
    }
    return execute(connection, sql, problem);
}

static void close_connection(struct driver_connection **connection)
{
    if (*connection == NULL) {
        return;
    }
    sqlite3_close_v2((*connection)->handle);
    if ((*connection)->journal >= 0) {
        close((*connection)->journal);
    }
    free(*connection);
    *connection = NULL;
}

static enum err open_once(const struct driver_config *config, struct driver_connection **out,
                          int *code, struct problem *problem)
{
    struct driver_connection *connection = memory_new(sizeof *connection);
    connection->journal = -1;
    int flags =
        SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI |
        (config->is_read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    *code = sqlite3_open_v2(config->path, &connection->handle, flags, sqlite_log_install());
    enum err err = *code == SQLITE_OK ? set_up(connection, config, problem)
                                      : fail(connection->handle, *code, problem);
    if (err != OK) {
        *code = sqlite3_extended_errcode(connection->handle);
        close_connection(&connection);
        return err;
    }
    *out = connection;
    return OK;
}

static enum err open_connection(const struct driver_config *config, struct driver_connection **out,
                                struct problem *problem)
{
    int code = SQLITE_OK;
    /* Without statistics that nobody reads, memory is had without a lock. Of no effect once the
     * library is in use, which is fine. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite_cache_install();
    enum err err = open_once(config, out, &code, problem);
    bool wants_room = code == SQLITE_IOERR_SHMSIZE || code == SQLITE_FULL;
    if (err != OK && wants_room && sqlite_spare_use(config->path)) {
        err = open_once(config, out, &code, problem);
    }
    if (err == OK && !config->is_read_only) {
        sqlite_spare_keep(config->path);
    }
    return err;
}

static enum err prepare(struct driver_connection *connection, struct str sql,
                        struct driver_statement **out, struct problem *problem)
{
    sqlite3_stmt *handle = NULL;
    int code = sqlite3_prepare_v3(connection->handle, sql.ptr, (int)sql.len,
                                  SQLITE_PREPARE_PERSISTENT, &handle, NULL);
    if (code != SQLITE_OK) {
        return fail(connection->handle, sqlite3_extended_errcode(connection->handle), problem);
    }
    struct driver_statement *statement = memory_new(sizeof *statement);
    statement->handle = handle;
    *out = statement;
    return OK;
}

static int bind_value(sqlite3_stmt *handle, int index, const struct value *value)
{
    switch (value->type) {
    case VALUE_NULL:
        return sqlite3_bind_null(handle, index);
    case VALUE_INT:
        return sqlite3_bind_int64(handle, index, value->number);
    case VALUE_TEXT:
        return sqlite3_bind_text64(handle, index, value->text.ptr, value->text.len, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case VALUE_BYTES:
        return sqlite3_bind_blob64(handle, index, value->text.ptr, value->text.len, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

static enum err start(struct driver_statement *statement, const struct value *params, size_t count)
{
    assert(!statement->is_started);
    assert((int)count == sqlite3_bind_parameter_count(statement->handle));
    statement->is_started = true;
    for (size_t i = 0; i < count; i++) {
        if (bind_value(statement->handle, (int)i + 1, &params[i]) != SQLITE_OK) {
            return E_INTERNAL;
        }
    }
    return OK;
}

static struct value read_column(sqlite3_stmt *handle, int index)
{
    switch (sqlite3_column_type(handle, index)) {
    case SQLITE_INTEGER:
        return value_int(sqlite3_column_int64(handle, index));
    case SQLITE_TEXT: {
        const char *text = (const char *)sqlite3_column_text(handle, index);
        return value_text((struct str){text, (size_t)sqlite3_column_bytes(handle, index)});
    }
    case SQLITE_BLOB: {
        const char *bytes = sqlite3_column_blob(handle, index);
        return value_bytes(
            (struct str){bytes == NULL ? "" : bytes, (size_t)sqlite3_column_bytes(handle, index)});
    }
    default:
        return (struct value){.type = VALUE_NULL};
    }
}

static enum err step(struct driver_statement *statement, struct value *columns, size_t count,
                     bool *has_row)
{
    assert(statement->is_started);
    int code = sqlite3_step(statement->handle);
    *has_row = code == SQLITE_ROW;
    if (code != SQLITE_ROW) {
        return code == SQLITE_DONE
                   ? OK
                   : err_of(sqlite3_extended_errcode(sqlite3_db_handle(statement->handle)));
    }
    int have = sqlite3_data_count(statement->handle);
    for (int i = 0; i < (int)count; i++) {
        columns[i] =
            i < have ? read_column(statement->handle, i) : (struct value){.type = VALUE_NULL};
    }
    return OK;
}

static int64_t finish(struct driver_statement *statement)
{
    int64_t changed = sqlite3_changes64(sqlite3_db_handle(statement->handle));
    sqlite3_reset(statement->handle);
    statement->is_started = false;
    return changed;
}

static void forget(struct driver_statement **statement)
{
    if (*statement == NULL) {
        return;
    }
    sqlite3_finalize((*statement)->handle);
    free(*statement);
    *statement = NULL;
}

static void tell_change(void *context, int operation, const char *database, const char *table,
                        sqlite3_int64 row)
{
    struct driver_connection *connection = context;
    (void)operation;
    (void)database;
    connection->changed(connection->watcher, table, row);
}

static void watch(struct driver_connection *connection, void *context,
                  void (*changed)(void *context, const char *table, int64_t row))
{
    connection->watcher = context;
    connection->changed = changed;
    sqlite3_update_hook(connection->handle, changed == NULL ? NULL : tell_change, connection);
}

static bool has_journal(sqlite3 *handle)
{
    sqlite3_stmt *mode = NULL;
    bool is_wal = sqlite3_prepare_v2(handle, "PRAGMA journal_mode", -1, &mode, NULL) == SQLITE_OK &&
                  sqlite3_step(mode) == SQLITE_ROW &&
                  sqlite3_stricmp((const char *)sqlite3_column_text(mode, 0), "wal") == 0;
    sqlite3_finalize(mode);
    return is_wal;
}

/* The log's file stays the same one while a connection is open. With synchronous=NORMAL SQLite
 * itself flushes it before a checkpoint reads it and when it begins anew, so that a flush of ours
 * covers every commit that came before. */
static enum err flush_apart(struct driver_connection *connection, struct problem *problem)
{
    if (!has_journal(connection->handle)) {
        return OK; /* In memory: there is nothing to flush. */
    }
    const char *name = sqlite3_db_filename(connection->handle, "main");
    connection->journal = open(sqlite3_filename_wal(name), O_RDONLY | O_CLOEXEC);
    if (connection->journal < 0) {
        return problem_set(problem, E_UNAVAILABLE, NULL, "the write-ahead log cannot be opened");
    }
    return execute(connection, "PRAGMA synchronous=NORMAL", problem);
}

static enum err flush(struct driver_connection *connection)
{
    return connection->journal < 0 || fdatasync(connection->journal) == 0 ? OK : E_UNAVAILABLE;
}

const struct driver driver_sqlite = {
    .dialect = &dialect_sqlite,
    .open = open_connection,
    .close = close_connection,
    .execute = execute,
    .prepare = prepare,
    .start = start,
    .step = step,
    .finish = finish,
    .forget = forget,
    .watch = watch,
    .flush_apart = flush_apart,
    .flush = flush,
};
