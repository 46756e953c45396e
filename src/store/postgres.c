#include "store/postgres_prepare.h"

#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A COMMIT whose answer was lost is asked about for so long. */
enum { RESOLVE_MS = 15000, RESOLVE_PAUSE_MS = 50 };

static enum err run_and_forget(struct driver_connection *connection, const char *sql,
                               struct problem *problem)
{
    PGresult *result = NULL;
    enum err err = postgres_run(connection, sql, &result, problem);
    PQclear(result);
    return err;
}

/* What became of the transaction. E_TIMEOUT while nobody can tell. */
static enum err ask_fate(struct driver_connection *connection)
{
    char sql[128];
    PGresult *result = NULL;
    if (postgres_connect(connection, NULL) != OK) {
        return E_TIMEOUT;
    }
    /* A standby has not heard of all transactions yet. */
    snprintf(sql, sizeof sql,
             "SELECT CASE WHEN pg_is_in_recovery() THEN 'in progress' "
             "ELSE pg_xact_status('%s'::xid8) END",
             connection->xid);
    enum err err = postgres_run(connection, sql, &result, NULL);
    const char *fate = err == OK ? PQgetvalue(result, 0, 0) : "";
    /* It refuses numbers that it has not given: then it has lost the transaction, in a crash. */
    err = strcmp(fate, "committed") == 0                     ? OK
          : err == E_INVALID || strcmp(fate, "aborted") == 0 ? E_UNAVAILABLE
                                                             : E_TIMEOUT;
    PQclear(result);
    return err;
}

/* The answer to a COMMIT was lost: the server knows what it did. */
static enum err resolve(struct driver_connection *connection)
{
    int64_t until = postgres_clock_ms() + RESOLVE_MS;
    enum err err = E_TIMEOUT;
    if (connection->xid[0] == '\0') {
        return E_UNAVAILABLE; /* It had not written anything. */
    }
    connection->has_missed = true;
    connection->was_doubtful = true;
    while ((err = ask_fate(connection)) == E_TIMEOUT && postgres_clock_ms() < until) {
        postgres_pause(RESOLVE_PAUSE_MS);
    }
    return err;
}

static enum err commit(struct driver_connection *connection, struct driver_statement *statement)
{
    if (connection->transaction == TRANSACTION_OPEN && connection->sent_count > 0) {
        /* What did less than it should is no error to the server, which would commit it; and the
         * number of the transaction must be known before its fate can be asked for. */
        enum err err = postgres_exchange(connection, NULL, NULL);
        if (err != OK && connection->transaction == TRANSACTION_OPEN) {
            return err;
        }
    }
    if (connection->transaction == TRANSACTION_SPOILT) {
        return E_UNAVAILABLE; /* ROLLBACK is still to come. */
    }
    if (connection->transaction != TRANSACTION_OPEN) {
        enum err err = connection->transaction == TRANSACTION_LOST ? E_UNAVAILABLE : E_INTERNAL;
        connection->transaction = TRANSACTION_NONE;
        return err;
    }
    if (postgres_is_only_begun(connection)) {
        connection->queued_count = 0;
        connection->transaction = TRANSACTION_NONE;
        return OK;
    }
    enum err err = postgres_exchange(connection, statement, NULL);
    connection->transaction = TRANSACTION_NONE;
    if (connection->handle == NULL) {
        return resolve(connection);
    }
    /* A transaction that an error has spoilt is rolled back, which is no error to the server. */
    bool is_kept = err == OK && strcmp(PQcmdStatus(statement->result), "COMMIT") == 0;
    return err != OK || is_kept ? err : E_UNAVAILABLE;
}

static enum err roll_back(struct driver_connection *connection, struct problem *problem)
{
    bool is_unsent = postgres_is_only_begun(connection);
    connection->queued_count = 0;
    if (connection->sent_count > 0) {
        enum err ignored = postgres_exchange(connection, NULL, NULL);
        (void)ignored;
    }
    enum transaction was = connection->transaction;
    connection->transaction = TRANSACTION_NONE;
    if (was == TRANSACTION_NONE) {
        return problem_set(problem, E_INTERNAL, NULL, "PostgreSQL: no transaction is active");
    }
    return was == TRANSACTION_LOST || is_unsent || connection->handle == NULL
               ? OK
               : run_and_forget(connection, "ROLLBACK", problem);
}

/* It goes out with the next statement, whose errors are then told from its own: it has none. */
static enum err queue(struct driver_connection *connection, struct driver_statement *statement)
{
    if (connection->queued_count == QUEUED_MAX) {
        TRY(postgres_exchange(connection, NULL, NULL));
    }
    connection->queued[connection->queued_count++] = statement;
    return OK;
}

static enum err begin(struct driver_connection *connection, struct driver_statement *statement)
{
    if (connection->transaction == TRANSACTION_OPEN) {
        return E_INTERNAL;
    }
    TRY(postgres_be_there(connection, NULL));
    connection->transaction = TRANSACTION_OPEN;
    connection->was_doubtful = false;
    connection->was_conflict = false;
    connection->has_asked_xid = false;
    connection->xid[0] = '\0';
    return queue(connection, statement);
}

/* A savepoint, or the end of one. One that nothing has happened in since is not even sent. */
static enum err fence(struct driver_connection *connection, struct driver_statement *statement)
{
    size_t count = connection->queued_count;
    bool is_fresh = count > 0 && connection->queued[count - 1]->kind == KIND_SAVEPOINT;
    TRY(postgres_be_there(connection, NULL));
    if (connection->transaction != TRANSACTION_OPEN) {
        return E_INTERNAL;
    }
    if (is_fresh && statement->kind == KIND_RELEASE) {
        connection->queued_count--;
        return OK;
    }
    return is_fresh && statement->kind == KIND_UNDO ? OK : queue(connection, statement);
}

static enum err ask(struct driver_connection *connection, struct driver_statement *statement)
{
    struct postgres_fresh was = postgres_fresh_of(connection);
    bool was_there = connection->handle != NULL;
    enum err err = postgres_exchange(connection, statement, NULL);
    if (!was_there || !postgres_may_ask_again(connection, was, err)) {
        return err;
    }
    PQclear(statement->result); /* It may have come before the connection was lost. */
    statement->result = NULL;
    return postgres_exchange(connection, statement, NULL);
}

/* There is nothing to keep, and nothing to be told. */
static enum err end_read(struct driver_connection *connection, struct driver_statement *statement)
{
    enum transaction was = connection->transaction;
    bool is_unsent = postgres_is_only_begun(connection);
    connection->transaction = TRANSACTION_NONE;
    if (was == TRANSACTION_OPEN && !is_unsent) {
        return postgres_exchange(connection, statement, NULL);
    }
    connection->queued_count = 0;
    return was == TRANSACTION_NONE ? E_INTERNAL : OK;
}

static enum err run(struct driver_statement *statement)
{
    struct driver_connection *connection = statement->connection;
    switch (statement->kind) {
    case KIND_READ:
        return ask(connection, statement);
    case KIND_WRITE:
        return postgres_exchange(connection, statement, NULL);
    case KIND_BEGIN:
        return begin(connection, statement);
    case KIND_SAVEPOINT:
    case KIND_RELEASE:
    case KIND_UNDO:
        return fence(connection, statement);
    case KIND_COMMIT:
        return commit(connection, statement);
    case KIND_READ_END:
        return end_read(connection, statement);
    case KIND_ROLLBACK:
        return roll_back(connection, NULL);
    }
    return E_INTERNAL;
}

static enum err execute(struct driver_connection *connection, const char *sql,
                        struct problem *problem)
{
    enum kind kind = postgres_kind(str_from(sql));
    if (kind == KIND_ROLLBACK) {
        return roll_back(connection, problem);
    }
    TRY(postgres_exchange(connection, NULL, problem));
    if (kind == KIND_BEGIN) {
        connection->transaction = TRANSACTION_OPEN;
        connection->has_asked_xid = false;
        connection->xid[0] = '\0';
        char *begin_text = postgres_sql(str_from(sql), kind);
        enum err err = run_and_forget(connection, begin_text, problem);
        free(begin_text);
        return err;
    }
    return run_and_forget(connection, sql, problem);
}

static enum err start(struct driver_statement *statement, const struct value *params, size_t count)
{
    assert(!statement->is_started);
    assert((int)count == statement->count);
    statement->is_started = true;
    statement->has_run = false;
    statement->row = 0;
    return postgres_bind(statement, params);
}

static int64_t finish(struct driver_statement *statement)
{
    int64_t changed = postgres_changed(statement->result);
    PQclear(statement->result);
    statement->result = NULL;
    statement->is_started = false;
    return changed;
}

static enum err step(struct driver_statement *statement, struct value *columns, size_t count,
                     bool *has_row)
{
    assert(statement->is_started);
    *has_row = false;
    if (!statement->has_run) {
        statement->has_run = true;
        TRY(run(statement));
    }
    if (statement->result == NULL || statement->row >= PQntuples(statement->result)) {
        return OK;
    }
    int have = PQnfields(statement->result);
    for (int i = 0; i < (int)count; i++) {
        columns[i] = i < have ? postgres_column(statement->result, statement->row, i)
                              : (struct value){.type = VALUE_NULL};
    }
    statement->row++;
    *has_row = true;
    return OK;
}

static enum err run_and_wait(struct driver_statement *statement, const struct value *params,
                             size_t count, int64_t *changed)
{
    bool has_row = false;
    enum err err = start(statement, params, count);
    if (err == OK) {
        err = step(statement, NULL, 0, &has_row);
    }
    *changed = finish(statement);
    return err;
}

static enum err run_ahead(struct driver_statement *statement, const struct value *params,
                          size_t count, int64_t *changed)
{
    const struct driver_connection *connection = statement->connection;
    assert(statement->kind == KIND_WRITE && (int)count == statement->count);
    if (connection->waits_for_all || connection->transaction == TRANSACTION_NONE) {
        return run_and_wait(statement, params, count, changed);
    }
    TRY(postgres_bind(statement, params));
    return postgres_send_ahead(statement, *changed);
}

static void close_connection(struct driver_connection **closed)
{
    struct driver_connection *connection = *closed;
    if (connection == NULL) {
        return;
    }
    postgres_forget(&connection->ask_xid);
    postgres_forget(&connection->tell);
    PQfinish(connection->handle);
    free(connection->url);
    free(connection);
    *closed = NULL;
}

static enum err open_connection(const struct driver_config *config, struct driver_connection **out,
                                struct problem *problem)
{
    struct driver_connection *connection = memory_new(sizeof *connection);
    connection->url = memory_new(strlen(config->path) + 1);
    memcpy(connection->url, config->path, strlen(config->path));
    connection->is_read_only = config->is_read_only;
    connection->is_alone = config->is_alone;
    connection->turn_max_ms = duration_ms(config->turn_max);
    enum err err = postgres_connect(connection, problem);
    if (err == OK) {
        err = postgres_prepare(connection, STR("SELECT pg_current_xact_id()::text"),
                               &connection->ask_xid, problem);
    }
    if (err == OK && connection->turn_max_ms > 0) {
        err = postgres_prepare(connection, STR("SELECT pg_notify(" POSTGRES_CHANNEL ", ?1)"),
                               &connection->tell, problem);
    }
    if (err != OK) {
        close_connection(&connection);
        return err;
    }
    *out = connection;
    return OK;
}

static enum err tell(struct driver_connection *connection, struct str text)
{
    struct value value = value_text(text);
    int64_t ignored = 0;
    assert(connection->tell != NULL);
    return run_and_wait(connection->tell, &value, 1, &ignored);
}

static bool was_doubtful(const struct driver_connection *connection)
{
    return connection->was_doubtful;
}

static bool was_conflict(const struct driver_connection *connection)
{
    return connection->was_conflict;
}

static int ear(const struct driver_connection *connection)
{
    return connection->handle == NULL ? -1 : PQsocket(connection->handle);
}

/* Each commit is durable when it is answered. One that is not, and a flush of its own, would be two
 * round trips where this is one: what an executor commits is nearly always owed to somebody. */
static enum err flush_apart(struct driver_connection *connection, struct problem *problem)
{
    (void)connection;
    (void)problem;
    return OK;
}

static enum err flush(struct driver_connection *connection)
{
    (void)connection;
    return OK;
}

const struct driver driver_postgres = {
    .dialect = &dialect_postgres,
    .open = open_connection,
    .close = close_connection,
    .execute = execute,
    .prepare = postgres_prepare,
    .start = start,
    .step = step,
    .run_ahead = run_ahead,
    .finish = finish,
    .forget = postgres_forget,
    .was_doubtful = was_doubtful,
    .was_conflict = was_conflict,
    .flush_apart = flush_apart,
    .flush = flush,
    .tell = tell,
    .hear = postgres_hear,
    .ear = ear,
    .why = postgres_why,
};
