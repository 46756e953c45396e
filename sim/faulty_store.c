#include "sim/faulty_store.h"

#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PEEK_ROWS_FIRST = 64 };

struct driver_connection {
    struct driver_connection *inner; /* The wrapped driver's. */
    struct faulty_store *store;
};

enum role { ROLE_OTHER, ROLE_BEGIN, ROLE_COMMIT, ROLE_SNAPSHOT, ROLE_WRITE };

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
    enum err err = connection->store->inner->open(config, &connection->inner, problem);
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
        (*connection)->store->inner->close(&(*connection)->inner);
        free(*connection);
        *connection = NULL;
    }
}

/* A batch that is undone while others are held leaves those alone. */
static enum err execute(struct driver_connection *connection, const char *sql,
                        struct problem *problem)
{
    bool is_part = connection->store->holder != NULL && strcmp(sql, "ROLLBACK") == 0;
    return connection->store->inner->execute(connection->inner, is_part ? "ROLLBACK TO held" : sql,
                                             problem);
}

static enum role role_of(struct str sql)
{
    static const char *const writes[] = {"INSERT", "UPDATE", "DELETE", "REPLACE"};
    for (size_t i = 0; i < ARRAY_LENGTH(writes); i++) {
        if (str_starts(sql, str_from(writes[i]))) {
            return ROLE_WRITE;
        }
    }
    bool is_snapshot = str_equal(sql, STR("BEGIN DEFERRED")) || str_equal(sql, STR("END"));
    return is_snapshot                     ? ROLE_SNAPSHOT
           : str_equal(sql, STR("COMMIT")) ? ROLE_COMMIT
           : str_starts(sql, STR("BEGIN")) ? ROLE_BEGIN
                                           : ROLE_OTHER;
}

static enum err prepare(struct driver_connection *connection, struct str sql,
                        struct driver_statement **out, struct problem *problem)
{
    struct driver_statement *statement = must(calloc(1, sizeof *statement));
    enum err err =
        connection->store->inner->prepare(connection->inner, sql, &statement->inner, problem);
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
    return statement->connection->store->inner->start(statement->inner, params, count);
}

static enum err do_commit(struct driver_statement *statement)
{
    bool has_row = false;
    struct faulty_store *store = statement->connection->store;
    store->holder = store->power_in > 0 ? statement->connection : NULL;
    return store->holder != NULL ? OK : store->inner->step(statement->inner, NULL, 0, &has_row);
}

static bool meets_conflict(struct faulty_store *store)
{
    bool is_conflict = store->conflict_in > 0 && --store->conflict_in == 0;
    store->was_conflict |= is_conflict;
    return is_conflict;
}

/* What becomes of a commit. */
static enum err commit(struct driver_statement *statement)
{
    struct faulty_store *store = statement->connection->store;
    store->commits++;
    if (meets_conflict(store)) {
        return E_UNAVAILABLE;
    }
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

/* A write that finds the disk full, or what others did. */
static bool is_refused(struct driver_statement *statement)
{
    struct faulty_store *store = statement->connection->store;
    struct problem ignored = {0};
    if (meets_conflict(store)) {
        return true;
    }
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
    statement->connection->store->was_conflict = false;
    return statement->connection->store->holder != NULL
               ? statement->connection->store->inner->execute(statement->connection->inner,
                                                              "SAVEPOINT held", &ignored)
               : statement->connection->store->inner->step(statement->inner, NULL, 0, &has_row);
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
    if (statement->role == ROLE_SNAPSHOT && statement->connection->store->holder != NULL) {
        return OK; /* What is held is one snapshot as it is. */
    }
    return statement->connection->store->inner->step(statement->inner, columns, count, has_row);
}

static enum err run_ahead(struct driver_statement *statement, const struct value *params,
                          size_t count, int64_t *changed)
{
    const struct faulty_store *store = statement->connection->store;
    assert(statement->role == ROLE_WRITE);
    return store->has_crashed || is_refused(statement)
               ? E_UNAVAILABLE
               : store->inner->run_ahead(statement->inner, params, count, changed);
}

static int64_t finish(struct driver_statement *statement)
{
    return statement->connection->store->inner->finish(statement->inner);
}

static void forget(struct driver_statement **statement)
{
    if (*statement != NULL) {
        (*statement)->connection->store->inner->forget(&(*statement)->inner);
        free(*statement);
        *statement = NULL;
    }
}

static void watch(struct driver_connection *connection, void *context,
                  void (*changed)(void *context, const char *table, int64_t row))
{
    connection->store->inner->watch(connection->inner, context, changed);
}

static bool was_conflict(const struct driver_connection *connection)
{
    const struct faulty_store *store = connection->store;
    return store->was_conflict ||
           (store->inner->was_conflict != NULL && store->inner->was_conflict(connection->inner));
}

static enum err flush_apart(struct driver_connection *connection, struct problem *problem)
{
    return connection->store->inner->flush_apart(connection->inner, problem);
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
    return was_holding
               ? connection->store->inner->execute(
                     connection->inner, store->has_crashed ? "ROLLBACK" : "COMMIT", &problem)
               : OK;
}

#define FAULTY(words, watcher, sender)                                                        \
    {                                                                                         \
        .dialect = (words), .open = open_faulty, .close = close_faulty, .execute = execute,   \
        .prepare = prepare, .start = start, .step = step, .finish = finish, .forget = forget, \
        .watch = (watcher), .run_ahead = (sender), .was_conflict = was_conflict,              \
        .flush_apart = flush_apart, .flush = flush,                                           \
    }

static const struct driver faulty_sqlite = FAULTY(&dialect_sqlite, watch, NULL);
static const struct driver faulty_postgres = FAULTY(&dialect_postgres, NULL, run_ahead);

static enum err open_memory(struct faulty_store *store, struct problem *problem)
{
    store->driver = &faulty_sqlite;
    store->inner = &driver_sqlite;
    snprintf(store->path, sizeof store->path, "file:/tocsin-%p?vfs=memdb", (void *)store);
    struct driver_config config = {.path = store->path};
    return store->inner->open(&config, &store->keeper, problem);
}

/* What simulations ask that only SQLite has. */
static const char json_words[] =
    "CREATE OR REPLACE FUNCTION json_extract(json_text text, path text) RETURNS text LANGUAGE sql"
    " AS $$ SELECT json_text::json #>> ARRAY[substr(path, 3)] $$";

/* The tables stay, as the world before has made them. Taking rows out is cheaper than emptying a
 * file, until it has grown. */
static const char clean[] =
    "DO $$ DECLARE t record; BEGIN FOR t IN SELECT oid::regclass AS name, pg_relation_size(oid) AS"
    " bytes FROM pg_class WHERE relkind='r' AND relnamespace='public'::regnamespace AND"
    " relname<>'schema_migrations' LOOP EXECUTE CASE WHEN t.bytes>262144 THEN 'TRUNCATE ' ELSE"
    " 'DELETE FROM ' END || t.name; END LOOP; END $$";

static enum err make_database(const char *url, const char *name, struct problem *problem)
{
    char sql[80];
    struct driver_connection *server = NULL;
    struct driver_config config = {.path = url};
    TRY(driver_postgres.open(&config, &server, problem));
    snprintf(sql, sizeof sql, "CREATE DATABASE %s", name);
    enum err err = driver_postgres.execute(server, sql, problem);
    driver_postgres.close(&server);
    return err;
}

/* The URL of another database of the same server. */
static void name_database(struct faulty_store *store, const char *url, const char *name)
{
    size_t query = str_find_byte(str_from(url), '?', 0);
    size_t slash = 0;
    for (size_t i = 0; i < query; i++) {
        slash = url[i] == '/' ? i : slash;
    }
    snprintf(store->path, sizeof store->path, "%.*s/%s%s", (int)slash, url, name, url + query);
}

static enum err open_database(struct faulty_store *store, const char *url, struct problem *problem)
{
    char name[40];
    struct driver_config config = {.path = store->path};
    store->driver = &faulty_postgres;
    store->inner = &driver_postgres;
    snprintf(name, sizeof name, "world_%ld", (long)getpid());
    name_database(store, url, name);
    if (store->inner->open(&config, &store->keeper, problem) != OK) {
        TRY(make_database(url, name, problem));
        TRY(store->inner->open(&config, &store->keeper, problem));
    }
    TRY(store->inner->execute(store->keeper, clean, problem));
    return store->inner->execute(store->keeper, json_words, problem);
}

enum err faulty_store_open(struct faulty_store *store, struct problem *problem)
{
    const char *url = getenv("TOCSIN_WORLD_DATABASE");
    *store = (struct faulty_store){0};
    return url == NULL || *url == '\0' ? open_memory(store, problem)
                                       : open_database(store, url, problem);
}

void faulty_store_close(struct faulty_store *store)
{
    if (store->inner != NULL) {
        store->inner->close(&store->keeper);
    }
}

void faulty_store_write_back(struct faulty_store *store)
{
    struct problem problem = {0};
    struct driver_connection *holder = store->holder;
    store->holder = NULL;
    if (holder != NULL && store->inner->execute(holder->inner, "COMMIT", &problem) != OK) {
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
    store->conflict_in = 0;
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

/* SQLite reads the tables of a CROSS JOIN in their order; PostgreSQL has an order of its own, and
 * no ON behind one. */
static struct str in_words(const struct faulty_store *store, struct arena *arena, const char *sql)
{
    struct str rest = str_from(sql);
    struct str word = STR("CROSS JOIN ");
    struct buf text = {.arena = arena};
    if (store->inner == &driver_sqlite) {
        return rest;
    }
    for (;;) {
        size_t at = str_find(rest, word);
        buf_add(&text, str_slice(rest, 0, at));
        if (at == rest.len) {
            return buf_str(&text);
        }
        buf_add_text(&text, "JOIN ");
        rest = str_slice(rest, at + word.len, rest.len);
    }
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
    if ((is_new && store->inner->prepare(store->keeper, in_words(store, arena, query->sql),
                                         statement, &problem) != OK) ||
        store->inner->start(*statement, NULL, 0) != OK) {
        fprintf(stderr, "tocsin-sim: %s: %s\n", problem.message, query->sql);
        abort();
    }
    for (;;) {
        grow(&peek, &cap, arena);
        struct value *row = &peek.cells[peek.rows * peek.columns];
        if (store->inner->step(*statement, row, peek.columns, &has_row) != OK || !has_row) {
            break;
        }
        for (size_t i = 0; i < peek.columns; i++) {
            row[i].text = arena_str(arena, row[i].text);
        }
        peek.rows++;
    }
    store->inner->finish(*statement);
    return peek;
}

struct peek peek_rows(const struct faulty_store *store, struct arena *arena, const char *sql,
                      size_t columns)
{
    struct driver_statement *statement = NULL;
    struct peek peek = peek_again(store, arena, &(struct peek_query){sql, columns, &statement});
    store->inner->forget(&statement);
    return peek;
}

int64_t peek_number(const struct faulty_store *store, struct arena *arena, const char *sql)
{
    struct peek peek = peek_rows(store, arena, sql, 1);
    return peek.rows == 0 ? 0 : peek.cells[0].number;
}
