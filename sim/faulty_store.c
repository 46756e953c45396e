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

struct driver_statement {
    struct driver_statement *inner;
    struct faulty_store *store;
    bool is_commit;
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
        driver_sqlite.close(&(*connection)->inner);
        free(*connection);
        *connection = NULL;
    }
}

static enum err execute(struct driver_connection *connection, const char *sql,
                        struct problem *problem)
{
    return driver_sqlite.execute(connection->inner, sql, problem);
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
    statement->store = connection->store;
    statement->is_commit = str_equal(sql, STR("COMMIT"));
    *out = statement;
    return OK;
}

static enum err start(struct driver_statement *statement, const struct value *params, size_t count)
{
    return driver_sqlite.start(statement->inner, params, count);
}

/* What becomes of a commit: OK lets it happen. */
static enum err judge_commit(struct driver_statement *statement)
{
    struct faulty_store *store = statement->store;
    bool has_row = false;
    store->commits++;
    if (store->crash_in > 0 && --store->crash_in == 0) {
        store->has_crashed = true;
        /* Whether it became durable is what the two kinds of crash differ in. */
        enum err ignored =
            store->crash_after ? driver_sqlite.step(statement->inner, NULL, 0, &has_row) : OK;
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
    return OK;
}

static enum err step(struct driver_statement *statement, struct value *columns, size_t count,
                     bool *has_row)
{
    *has_row = false;
    if (statement->store->has_crashed) {
        return E_UNAVAILABLE;
    }
    if (statement->is_commit) {
        TRY(judge_commit(statement));
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

/* A commit is durable or lost by its own fate here; there is nothing between. */
static enum err flush_apart(struct driver_connection *connection, struct problem *problem)
{
    return driver_sqlite.flush_apart(connection->inner, problem);
}

static enum err flush(struct driver_connection *connection)
{
    return driver_sqlite.flush(connection->inner);
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
