/* store/db_internal: what db (statements), db_rows (whole rows), kept (rows in memory) and fence
 * (transactions) share. */
#ifndef TOCSIN_STORE_DB_INTERNAL_H
#define TOCSIN_STORE_DB_INTERNAL_H

#include "store/db.h"
#include "store/job_counts.h"

enum table_statement { ROW_INSERT, ROW_UPDATE, ROW_GET, ROW_STATEMENTS };

enum fence {
    FENCE_BEGIN,
    FENCE_COMMIT,
    FENCE_SAVEPOINT,
    FENCE_RELEASE,
    FENCE_UNDO,
    FENCE_READ,
    FENCE_READ_END,
    FENCES
};

/* The way back of the operation under way. */
enum way_back {
    WAY_BACK_NONE,   /* No operation is fenced. */
    WAY_BACK_WANTED, /* The savepoint comes with the first write. */
    WAY_BACK_OPEN,
    WAY_BACK_WAIVED, /* db_decided, nothing written since. */
    WAY_BACK_LOST    /* Written after db_decided. */
};

enum { COLUMNS_MAX = 64, MARK_NAME_BYTES = 40 };

struct db {
    const struct driver *driver;
    struct driver_connection *connection;
    struct seal *seal;
    struct digest *digest;
    const struct log *log;
    struct arena *texts; /* Of statements; lives as long as the db. */
    struct driver_statement *statements[STATEMENT_COUNT];
    struct driver_statement *rows[TABLE_COUNT][ROW_STATEMENTS];
    struct driver_statement *fences[FENCES];
    enum way_back way_back;
    int64_t corrupt_rows;
    struct row_cache *kept; /* Of the one that writes, after db_keep_rows; or NULL. */
    bool checks_kept;
    bool is_ahead;    /* After db_run_ahead. */
    bool has_written; /* In this transaction. */
    /* The row that tells which commit of this one was the last, and its number. */
    char mark_name[MARK_NAME_BYTES];
    int64_t mark;
    struct callee_filter *callees; /* Of the one that writes, after callees_watch; or NULL. */
    struct job_counts jobs;        /* What this transaction has changed. */
    struct job_counts jobs_before; /* As they were at the savepoint. */
};

NODISCARD enum err db_prepared(struct db *db, struct driver_statement **slot, struct str text);
/* Runs a statement that gives no rows. */
NODISCARD enum err db_run_to_end(struct db *db, struct driver_statement *statement,
                                 struct params params, int64_t *changed);
/* The same, without waiting after db_run_ahead unless it `waits`: `*changed` is what it should be,
 * -1 for whatever, and then what it was, as far as that is known. */
NODISCARD enum err db_run_owed(struct db *db, struct driver_statement *statement, bool waits,
                               struct params params, int64_t *changed);
NODISCARD enum err db_statement(struct db *db, enum statement which, struct driver_statement **out);
/* What the columns say; a row that cannot be read is logged and counted. */
NODISCARD enum err db_read_row(struct db *db, struct db_into into, enum row_reading reading,
                               const struct value *columns, void *out);
/* Logs what is no fact of the caller's. Returns `err`. */
enum err db_complain(struct db *db, enum err err, const char *what, const char *sql);
/* Called before each write: sets the savepoint that is wanted. */
NODISCARD enum err db_before_write(struct db *db);

#endif
