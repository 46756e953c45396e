/* store/db: a connection with its prepared statements, transactions and the rows-to-records codec.
 * Below the typed collections.
 *
 * Statements are listed in statements.def and prepared at first use; `{user}` in their text stands
 * for the columns of that record, in its order. A db belongs to one thread. Readers are opened
 * read-only and see what is committed. One writer fences each operation by a savepoint inside the
 * batch's transaction (architecture.md, "Threads and time").
 * Ownership: results live in the arena given. Errors: as the driver's; E_NOT_FOUND for no row,
 * E_CORRUPT for one that cannot be read. What the engine said is logged, not shown. */
#ifndef TOCSIN_STORE_DB_H
#define TOCSIN_STORE_DB_H

#include "base/log.h"
#include "model/records.h"
#include "store/driver.h"
#include "store/seal.h"

enum statement {
#define STATEMENT(name, sql) S_##name,
#include "store/statements.def"
#undef STATEMENT
    STATEMENT_COUNT
};

enum table {
#define TABLE(name, record) TABLE_##name,
#include "store/tables.def"
#undef TABLE
    TABLE_COUNT
};

struct db;

struct db_config {
    const struct driver *driver;
    const char *path;
    bool is_read_only;
    bool is_alone;            /* As in driver.h. */
    struct duration turn_max; /* The same. */
    int cache_kib;
    struct seal *seal; /* Borrowed; outlives the db. */
    const struct log *log;
    bool checks_kept_rows; /* For simulations: what is kept is compared with its row each time. */
};

NODISCARD enum err db_open(const struct db_config *config, struct db **out,
                           struct problem *problem);
void db_close(struct db **db);

NODISCARD enum err db_begin(struct db *db);
NODISCARD enum err db_commit(struct db *db);
void db_rollback(struct db *db);
/* All that is read between the two is of one moment: the first read's. */
NODISCARD enum err db_begin_read(struct db *db);
void db_end_read(struct db *db);
/* Commits are durable only after the next flush from here on; see driver.h. */
NODISCARD enum err db_flush_apart(struct db *db, struct problem *problem);
/* Any one thread at a time. A failure cannot be mended by trying again. */
NODISCARD enum err db_flush(struct db *db);
/* An operation begins: its savepoint is set at its first write, and gone after release or undo. */
void db_savepoint(struct db *db);
/* The operation will not be undone: no savepoint is set. Of no effect once it has written. */
void db_decided(struct db *db);
NODISCARD enum err db_release(struct db *db);
/* E_CONFLICT where it wrote after db_decided: then only db_rollback is left. */
NODISCARD enum err db_undo(struct db *db);

struct params {
    const struct value *values;
    size_t count;
};

#define PARAMS(...)                                       \
    ((struct params){(const struct value[]){__VA_ARGS__}, \
                     sizeof((const struct value[]){__VA_ARGS__}) / sizeof(struct value)})
#define NO_PARAMS ((struct params){NULL, 0})

static inline struct value value_enum(const struct enum_names *names, int value)
{
    return value_text(str_from(enum_name(names, value)));
}

NODISCARD enum err db_run(struct db *db, enum statement which, struct params params);
/* The same, with the number of rows that were changed. */
NODISCARD enum err db_change(struct db *db, enum statement which, int64_t *changed,
                             struct params params);
/* The same for exactly one row: E_CONFLICT when none was in the state that the statement starts
 * from. */
NODISCARD enum err db_move(struct db *db, enum statement which, struct params params);
/* The same; where the caller knows the row and its state (db_kept), nobody waits for the answer. */
NODISCARD enum err db_move_known(struct db *db, enum statement which, bool is_known,
                                 struct params params);
/* One number; `*out` is left alone and E_NOT_FOUND returned where there is no row, 0 for NULL. */
NODISCARD enum err db_number(struct db *db, enum statement which, int64_t *out,
                             struct params params);

/* What a query reads into: `table` names the record, `arena` takes the rows. */
struct db_into {
    enum table table;
    struct arena *arena;
};

NODISCARD enum err db_one(struct db *db, enum statement which, struct db_into into, void *out,
                          struct params params);
/* All rows. One that cannot be read is left out, logged and counted in db_corrupt_rows. */
NODISCARD enum err db_all(struct db *db, enum statement which, struct db_into into,
                          struct list *out, struct params params);
/* The same, but of a row whose seals do not open all that is not sealed is read; not counted. */
NODISCARD enum err db_all_bare(struct db *db, enum statement which, struct db_into into,
                               struct list *out, struct params params);
/* Row by row, raw; `each` returns OK to go on. For scans that must not be held in memory. */
NODISCARD enum err db_each(struct db *db, enum statement which, void *context,
                           enum err (*each)(void *context, const struct value *columns),
                           struct params params);

/* From here on db_run, db_insert and db_update send to a server without waiting. What one of them
 * should have told a later call or db_commit answers with E_UNAVAILABLE, and only db_rollback is
 * left: whoever counts on E_DUPLICATE asks by db_insert_new, which waits. */
void db_run_ahead(struct db *db);
/* As the driver's: all of the transaction may be done again. To be asked before db_rollback. */
bool db_was_conflict(const struct db *db);

/* For a statement that changes rows and tells of each (RETURNING). */
NODISCARD enum err db_change_each(struct db *db, enum statement which, void *context,
                                  enum err (*each)(void *context, const struct value *columns),
                                  struct params params);

NODISCARD enum err db_insert(struct db *db, enum table table, struct arena *arena,
                             const void *record);
NODISCARD enum err db_insert_new(struct db *db, enum table table, struct arena *arena,
                                 const void *record);
NODISCARD enum err db_update(struct db *db, enum table table, struct arena *arena,
                             const void *record); /* By its first column. */
NODISCARD enum err db_get(struct db *db, enum table table, struct id id, struct arena *arena,
                          void *out);
/* Without the texts that are F_LONG: for deciding, not for showing, and not to be written back. */
NODISCARD enum err db_get_brief(struct db *db, enum table table, struct id id, struct arena *arena,
                                void *out);

/* Prepares every statement that there is: for a test of both engines' SQL. */
NODISCARD enum err db_prepare_all(struct db *db);
const struct dialect *db_dialect(const struct db *db);
const struct record *db_table_record(enum table table);
const char *db_table_name(enum table table);
NODISCARD enum err db_execute(struct db *db, const char *sql, struct problem *problem);
struct seal *db_seal(struct db *db);
struct digest *db_digest(struct db *db);
int64_t db_corrupt_rows(const struct db *db);

#endif
