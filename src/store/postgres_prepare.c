#include "store/postgres_prepare.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool postgres_is_only_begun(const struct driver_connection *connection)
{
    return connection->queued_count > 0 && connection->queued[0]->kind == KIND_BEGIN;
}

struct postgres_fresh postgres_fresh_of(const struct driver_connection *connection)
{
    bool is_unasked = connection->is_read_only && postgres_is_only_begun(connection);
    return (struct postgres_fresh){connection->transaction == TRANSACTION_NONE || is_unasked,
                                   is_unasked ? connection->queued[0] : NULL};
}

bool postgres_may_ask_again(struct driver_connection *connection, struct postgres_fresh was,
                            enum err err)
{
    if (!was.is_fresh || err != E_UNAVAILABLE || connection->handle != NULL) {
        return false;
    }
    connection->has_missed = true;
    if (was.begun != NULL) {
        connection->transaction = TRANSACTION_OPEN;
        connection->queued[connection->queued_count++] = was.begun;
    }
    return true;
}

static void free_room(struct driver_statement *statement)
{
    free(statement->types);
    free(statement->values);
    free(statement->lengths);
    free(statement->formats);
    free(statement->numbers);
}

void postgres_forget(struct driver_statement **forgotten)
{
    struct driver_statement *statement = *forgotten;
    if (statement == NULL) {
        return;
    }
    struct driver_connection *connection = statement->connection;
    size_t used = strlen(connection->stale);
    if (statement->prepared_on == connection->number && used + 2 * NAME_BYTES < STALE_BYTES) {
        snprintf(connection->stale + used, STALE_BYTES - used, "DEALLOCATE %s;", statement->name);
    }
    PQclear(statement->result);
    free(statement->sql);
    free_room(statement);
    free(statement);
    *forgotten = NULL;
}

static void make_room(struct driver_statement *statement, const PGresult *described)
{
    size_t count = (size_t)PQnparams(described);
    free_room(statement);
    statement->count = (int)count;
    statement->types = memory_new_array(count + 1, sizeof *statement->types);
    statement->values = memory_new_array(count + 1, sizeof *statement->values);
    statement->lengths = memory_new_array(count + 1, sizeof *statement->lengths);
    statement->formats = memory_new_array(count + 1, sizeof *statement->formats);
    statement->numbers = memory_new_array(count + 1, sizeof *statement->numbers);
    for (int i = 0; i < statement->count; i++) {
        statement->types[i] = PQparamtype(described, i);
        statement->formats[i] = 1;
    }
}

/* The server says of which types the parameters are. Where it took a number for a short one the
 * statement is made anew, which says "cannot" to no statement that could be made at all. */
static enum err describe(struct driver_statement *statement, struct problem *problem)
{
    struct driver_connection *connection = statement->connection;
    PGconn *handle = connection->handle;
    char again[NAME_BYTES + 16];
    if (connection->stale[0] != '\0') {
        PQclear(PQexec(handle, connection->stale));
        connection->stale[0] = '\0';
    }
    PGresult *result = PQprepare(handle, statement->name, statement->sql, 0, NULL);
    if (postgres_is_fine(result)) {
        PQclear(result);
        result = PQdescribePrepared(handle, statement->name);
    }
    if (postgres_is_fine(result)) {
        make_room(statement, result);
    }
    if (postgres_is_fine(result) && postgres_widen(statement->types, statement->count)) {
        PQclear(result);
        snprintf(again, sizeof again, "DEALLOCATE %s", statement->name);
        PQclear(PQexec(handle, again));
        result =
            PQprepare(handle, statement->name, statement->sql, statement->count, statement->types);
    }
    enum err err = postgres_is_fine(result) ? OK : postgres_err(result, problem);
    if (postgres_is_lost(connection, result)) {
        postgres_lose(connection);
        err = E_UNAVAILABLE;
    }
    PQclear(result);
    return err;
}

static enum err describe_at_ease(struct driver_statement *statement, struct problem *problem)
{
    struct driver_connection *connection = statement->connection;
    PQexitPipelineMode(connection->handle);
    TRY(describe(statement, problem));
    PQenterPipelineMode(connection->handle);
    statement->prepared_on = connection->number;
    return OK;
}

/* An idle connection may be found lost here too. */
static enum err understand(struct driver_statement *statement, struct problem *problem)
{
    struct driver_connection *connection = statement->connection;
    struct postgres_fresh was = postgres_fresh_of(connection);
    enum err err = describe_at_ease(statement, problem);
    if (postgres_may_ask_again(connection, was, err) &&
        postgres_connect(connection, problem) == OK) {
        err = describe_at_ease(statement, problem);
    }
    if (err != OK && connection->handle != NULL) {
        PQenterPipelineMode(connection->handle);
    }
    return err;
}

enum err postgres_prepare(struct driver_connection *connection, struct str sql,
                          struct driver_statement **out, struct problem *problem)
{
    enum kind kind = postgres_kind(sql);
    bool is_fence = kind != KIND_READ && kind != KIND_WRITE;
    if (!is_fence) {
        TRY(postgres_be_there(connection, problem));
    }
    bool has_more = connection->queued_count > 0 && !postgres_is_only_begun(connection);
    if (!is_fence && (has_more || connection->sent_count > 0)) {
        /* It may be the way back out of a refusal. */
        TRY(postgres_exchange(connection, NULL, problem));
    }
    struct driver_statement *statement = memory_new(sizeof *statement);
    statement->connection = connection;
    statement->kind = kind;
    statement->sql = postgres_sql(sql, statement->kind);
    snprintf(statement->name, sizeof statement->name, "s%d", ++connection->statements);
    enum err err = is_fence ? OK : understand(statement, problem);
    if (err != OK) {
        postgres_forget(&statement);
        return err;
    }
    *out = statement;
    return OK;
}
