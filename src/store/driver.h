/* store/driver: a storage engine, as the rest of the store needs it. SQL and the typed functions
 * are written once, above it.
 *
 * Parameters in SQL are ?1 … ?n; the text is what SQLite 3.40 and PostgreSQL 15 share
 * (store/dialect). Values that are read stay valid until the next step or finish of that statement.
 * A connection belongs to one thread.
 * Transactions are begun by "BEGIN IMMEDIATE" to write and by "BEGIN DEFERRED" to read one
 * snapshot, which "END" ends. A refusal inside of one (E_DUPLICATE, E_INVALID) may leave it good
 * for nothing but a way back: ROLLBACK, or ROLLBACK TO a savepoint that was set before.
 * Errors: E_DUPLICATE for a unique key, E_INVALID for a CHECK or a text that the engine cannot
 * keep, E_UNAVAILABLE when the engine cannot write now (disk full, busy, gone), E_TIMEOUT for a
 * COMMIT whose fate is not known, E_CONFLICT for a database that another keeps to itself, E_CORRUPT
 * for a damaged file, E_INTERNAL for what should not happen (the text is in `problem`). */
#ifndef TOCSIN_STORE_DRIVER_H
#define TOCSIN_STORE_DRIVER_H

#include "model/value.h"
#include "store/dialect.h"

struct driver_connection;
struct driver_statement;

struct driver_config {
    const char *path; /* A file or ":memory:"; or the URL of a server's database. */
    bool is_read_only;
    bool is_alone; /* Of those that ask for this one at a time has the database; SQLite's callers
                      see to it themselves. */
    /* For a server's database that several write, each transaction in its turn: a turn whose owner
       is silent for longer is taken away. Excludes those that want to be alone. The opener is the
       only one that starts until it has run the dialect's `let_in`. Zero otherwise. */
    struct duration turn_max;
    int cache_kib; /* Page cache; 0 for the engine's default. */
};

struct driver {
    const struct dialect *dialect;
    enum err (*open)(const struct driver_config *config, struct driver_connection **out,
                     struct problem *problem);
    void (*close)(struct driver_connection **connection);
    /* Any number of statements without parameters: migrations, BEGIN, COMMIT. */
    enum err (*execute)(struct driver_connection *connection, const char *sql,
                        struct problem *problem);
    enum err (*prepare)(struct driver_connection *connection, struct str sql,
                        struct driver_statement **out, struct problem *problem);
    enum err (*start)(struct driver_statement *statement, const struct value *params, size_t count);
    /* Fills `columns` (at most `count`) and sets *has_row, or clears it at the end. */
    enum err (*step)(struct driver_statement *statement, struct value *columns, size_t count,
                     bool *has_row);
    /* Runs a statement that gives no rows, in a transaction, without waiting for it where the
     * engine is elsewhere. `*changed` is how many rows it should change, -1 for whatever number,
     * and afterwards how many it did as far as that is known. Where it does not do as it should, or
     * is refused, a later statement or the COMMIT gives E_UNAVAILABLE, and only ROLLBACK is left.
     * NULL where there is nothing to wait for. */
    enum err (*run_ahead)(struct driver_statement *statement, const struct value *params,
                          size_t count, int64_t *changed);
    /* Makes it ready to start again. Returns the number of rows that it changed. */
    int64_t (*finish)(struct driver_statement *statement);
    void (*forget)(struct driver_statement **statement);
    /* From here on each row of a table with ids that a statement inserts, changes or deletes is
     * told of before the statement ends; what a rollback takes back is not. NULL where the engine
     * does not tell: then no row may be kept. */
    void (*watch)(struct driver_connection *connection, void *context,
                  void (*changed)(void *context, const char *table, int64_t row));
    /* From here on a commit is ordered, but durable only after the next flush. */
    enum err (*flush_apart)(struct driver_connection *connection, struct problem *problem);
    /* The answer to the last COMMIT was lost, and it was found to have been kept by the number of
     * its transaction, which a server that has crashed may have given to another: whoever can
     * should look for what it wrote. NULL where no answer can be lost. */
    bool (*was_doubtful)(const struct driver_connection *connection);
    /* The last transaction was refused for what others did at the same time, and nothing else: the
     * same may be done again from its beginning. NULL where nobody else can write. */
    bool (*was_conflict)(const struct driver_connection *connection);
    /* Makes durable what was committed before. The one function that another thread may call while
     * the connection's own is at work. A failure leaves nobody knowing what the disk has kept. */
    enum err (*flush)(struct driver_connection *connection);
    /* Of a database that is shared (turn_max); NULL where none can be. All others hear what one of
     * them told in a transaction, once it is committed, in the order of commits; hear never waits,
     * and gives E_UNAVAILABLE where the connection was lost and with it whatever was told. `ear` is
     * a descriptor that becomes readable; -1 while there is none. */
    enum err (*tell)(struct driver_connection *connection, struct str text);
    enum err (*hear)(struct driver_connection *connection, void *context,
                     void (*each)(void *context, struct str text));
    int (*ear)(const struct driver_connection *connection);
    /* Why a server could not be reached when that was last tried, in its words; "" where it was.
     * NULL for an engine that has no server. */
    const char *(*why)(const struct driver_connection *connection);
};

extern const struct driver driver_sqlite;
extern const struct driver driver_postgres;

#endif
