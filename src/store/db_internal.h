/* store/db_internal: what db (statements, rows) and fence (transactions) share. */
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
    bool is_ahead;                 /* After db_run_ahead. */
    struct callee_filter *callees; /* Of the one that writes, after callees_watch; or NULL. */
    struct job_counts jobs;        /* What this transaction has changed. */
    struct job_counts jobs_before; /* As they were at the savepoint. */
};

NODISCARD enum err db_prepared(struct db *db, struct driver_statement **slot, struct str text);
/* Runs a statement that gives no rows. */
NODISCARD enum err db_run_to_end(struct db *db, struct driver_statement *statement,
                                 struct params params, int64_t *changed);
/* Logs what is no fact of the caller's. Returns `err`. */
enum err db_complain(struct db *db, enum err err, const char *what, const char *sql);
/* store/kept.c: the rows that are kept (db_keep_rows); nothing where none are. */
bool kept_get(struct db *db, struct db_into into, struct id id, bool is_brief, void *out);
void kept_take(struct db *db, enum table table, const void *record);
void kept_forget(struct db *db);
void kept_close(struct db *db);
/* Ends the program where the two differ. */
void kept_check(struct db *db, enum table table, const void *kept, const void *row);

/* Called before each write: sets the savepoint that is wanted. */
NODISCARD enum err db_before_write(struct db *db);

#endif
