#include "sim/faulty_store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PEEK_ROWS_FIRST = 64 };

struct driver_connection {
    struct driver_connection *inner; /* driver_sqlite's. */
    struct faulty_store *store;
};

enum role { ROLE_OTHER, ROLE_BEGIN, ROLE_COMMIT, ROLE_WRITE };

struct driver_statement {
    struct driver_statement *inner;
    struct driver_connection *connection;
    enum role role;
};

static void *must(void *memory)
{
    if (memory == NULL) {
        fputs("tocsin-sim: out of memory\n", stderr);
        abort();
    }
    return memory;
}

/* The store that a path belongs to. */
static struct faulty_store *store_of(const char *path)
{
    return (struct faulty_store *)((uintptr_t)path - offsetof(struct faulty_store, path));
}

static enum err open_faulty(const struct driver_config *config, struct driver_connection **out,
                            struct problem *problem)
{
    struct driver_connection *connection = must(calloc(1, sizeof *connection));
    connection->store = store_of(config->path);
    enum err err = driver_sqlite.open(config, &connection->inner, problem);
    if (err != OK) {
        free(connection);
        return err;
    }
    *out = connection;
    return OK;
}

static void close_faulty(struct driver_connection **connection)
{
    if (*connection != NULL) {
        (*connection)->store->holder = NULL;
        driver_sqlite.close(&(*connection)->inner);
        free(*connection);
        *connection = NULL;
    }
}

/* A batch that is undone while others are held leaves those alone. */
static enum err execute(struct driver_connection *connection, const char *sql,
                        struct problem *problem)
{
    bool is_part = connection->store->holder != NULL && strcmp(sql, "ROLLBACK") == 0;
    return driver_sqlite.execute(connection->inner, is_part ? "ROLLBACK TO held" : sql, problem);
}

static enum role role_of(struct str sql)
{
    static const char *const writes[] = {"INSERT", "UPDATE", "DELETE", "REPLACE"};
    for (size_t i = 0; i < ARRAY_LENGTH(writes); i++) {
        if (str_starts(sql, str_from(writes[i]))) {
            return ROLE_WRITE;
        }
    }
    return str_equal(sql, STR("COMMIT"))   ? ROLE_COMMIT
           : str_starts(sql, STR("BEGIN")) ? ROLE_BEGIN
                                           : ROLE_OTHER;
}

static enum err prepare(struct driver_connection *connection, struct str sql,
                        struct driver_statement **out, struct problem *problem)
{
    struct driver_statement *statement = must(calloc(1, sizeof *statement));
    enum err err = driver_sqlite.prepare(connection->inner, sql, &statement->inner, problem);
    if (err != OK) {
        free(statement);
        return err;
    }
    statement->connection = connection;
    statement->role = role_of(sql);
    *out = statement;
    return OK;
}

static enum err start(struct driver_statement *statement, const struct value *params, size_t count)
{
    return driver_sqlite.start(statement->inner, params, count);
}

static enum err do_commit(struct driver_statement *statement)
{
    bool has_row = false;
    struct faulty_store *store = statement->connection->store;
    store->holder = store->power_in > 0 ? statement->connection : NULL;
    return store->holder != NULL ? OK : driver_sqlite.step(statement->inner, NULL, 0, &has_row);
}

/* What becomes of a commit. */
static enum err commit(struct driver_statement *statement)
{
    struct faulty_store *store = statement->connection->store;
    store->commits++;
    if (store->crash_in > 0 && --store->crash_in == 0) {
        store->has_crashed = true;
        /* Whether it became durable is what the two kinds of crash differ in. */
        enum err ignored = store->crash_after ? do_commit(statement) : OK;
        (void)ignored;
        return E_UNAVAILABLE;
    }
    if (store->refuse == REFUSE_ALL) {
        return E_UNAVAILABLE;
    }
    if (store->refuse > 0) {
        store->refuse--;
        return E_UNAVAILABLE;
    }
    TRY(do_commit(statement));
    return store->unheard_in > 0 && --store->unheard_in == 0 ? E_UNAVAILABLE : OK;
}

/* A write that finds the disk full. */
static bool is_refused(struct driver_statement *statement)
{
    struct faulty_store *store = statement->connection->store;
    struct problem ignored = {0};
    if (store->write_in == 0 || --store->write_in > 0) {
        return false;
    }
    if (store->write_undoes && execute(statement->connection, "ROLLBACK", &ignored) == OK) {
        store->write_undoes = false;
    }
    return true;
}

static enum err begin(struct driver_statement *statement)
{
    struct problem ignored = {0};
    bool has_row = false;
    return statement->connection->store->holder != NULL
               ? driver_sqlite.execute(statement->connection->inner, "SAVEPOINT held", &ignored)
               : driver_sqlite.step(statement->inner, NULL, 0, &has_row);
}

static enum err step(struct driver_statement *statement, struct value *columns, size_t count,
                     bool *has_row)
{
    *has_row = false;
    if (statement->connection->store->has_crashed ||
        (statement->role == ROLE_WRITE && is_refused(statement))) {
        return E_UNAVAILABLE;
    }
    if (statement->role == ROLE_COMMIT) {
        return commit(statement);
    }
    if (statement->role == ROLE_BEGIN) {
        return begin(statement);
    }
    return driver_sqlite.step(statement->inner, columns, count, has_row);
}

static int64_t finish(struct driver_statement *statement)
{
    return driver_sqlite.finish(statement->inner);
}

static void forget(struct driver_statement **statement)
{
    if (*statement != NULL) {
        driver_sqlite.forget(&(*statement)->inner);
        free(*statement);
        *statement = NULL;
    }
}

static void watch(struct driver_connection *connection, void *context,
                  void (*changed)(void *context, const char *table, int64_t row))
{
    driver_sqlite.watch(connection->inner, context, changed);
}

static enum err flush_apart(struct driver_connection *connection, struct problem *problem)
{
    return driver_sqlite.flush_apart(connection->inner, problem);
}

/* The answer is OK even when the power fails, since nobody lives to hear it. */
static enum err flush(struct driver_connection *connection)
{
    struct faulty_store *store = connection->store;
    struct problem problem = {0};
    bool was_holding = store->holder != NULL;
    if (store->has_crashed) {
        return OK;
    }
    store->holder = NULL;
    store->has_crashed = store->power_in > 0 && --store->power_in == 0;
    return was_holding ? driver_sqlite.execute(connection->inner,
                                               store->has_crashed ? "ROLLBACK" : "COMMIT", &problem)
                       : OK;
}

const struct driver driver_faulty = {
    .open = open_faulty,
    .close = close_faulty,
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

enum err faulty_store_open(struct faulty_store *store, struct problem *problem)
{
    *store = (struct faulty_store){0};
    snprintf(store->path, sizeof store->path, "file:/tocsin-%p?vfs=memdb", (void *)store);
    struct driver_config config = {.path = store->path};
    return driver_sqlite.open(&config, &store->keeper, problem);
}

void faulty_store_close(struct faulty_store *store)
{
    driver_sqlite.close(&store->keeper);
}

void faulty_store_write_back(struct faulty_store *store)
{
    struct problem problem = {0};
    struct driver_connection *holder = store->holder;
    store->holder = NULL;
    if (holder != NULL && driver_sqlite.execute(holder->inner, "COMMIT", &problem) != OK) {
        fprintf(stderr, "tocsin-sim: what is held is lost: %s\n", problem.message);
        abort();
    }
}

void faulty_store_mend(struct faulty_store *store)
{
    store->refuse = 0;
    store->crash_in = 0;
    store->unheard_in = 0;
    store->write_in = 0;
    store->power_in = 0;
}

static void grow(struct peek *peek, size_t *cap, struct arena *arena)
{
    if (peek->rows < *cap) {
        return;
    }
    size_t more = *cap == 0 ? PEEK_ROWS_FIRST : *cap * 2;
    struct value *cells = ARENA_NEW_ARRAY(arena, struct value, more * peek->columns);
    if (peek->rows > 0) {
        memcpy(cells, peek->cells, peek->rows * peek->columns * sizeof *cells);
    }
    peek->cells = cells;
    *cap = more;
}

struct peek peek_again(const struct faulty_store *store, struct arena *arena,
                       const struct peek_query *query)
{
    struct problem problem = {0};
    struct peek peek = {.columns = query->columns};
    struct driver_statement **statement = query->statement;
    size_t cap = 0;
    bool has_row = false;
    bool is_new = *statement == NULL;
    if ((is_new &&
         driver_sqlite.prepare(store->keeper, str_from(query->sql), statement, &problem) != OK) ||
        driver_sqlite.start(*statement, NULL, 0) != OK) {
        fprintf(stderr, "tocsin-sim: %s: %s\n", problem.message, query->sql);
        abort();
    }
    for (;;) {
        grow(&peek, &cap, arena);
        struct value *row = &peek.cells[peek.rows * peek.columns];
        if (driver_sqlite.step(*statement, row, peek.columns, &has_row) != OK || !has_row) {
            break;
        }
        for (size_t i = 0; i < peek.columns; i++) {
            row[i].text = arena_str(arena, row[i].text);
        }
        peek.rows++;
    }
    driver_sqlite.finish(*statement);
    return peek;
}

struct peek peek_rows(const struct faulty_store *store, struct arena *arena, const char *sql,
                      size_t columns)
{
    struct driver_statement *statement = NULL;
    struct peek peek = peek_again(store, arena, &(struct peek_query){sql, columns, &statement});
    driver_sqlite.forget(&statement);
    return peek;
}

int64_t peek_number(const struct faulty_store *store, struct arena *arena, const char *sql)
{
    struct peek peek = peek_rows(store, arena, sql, 1);
    return peek.rows == 0 ? 0 : peek.cells[0].number;
}
