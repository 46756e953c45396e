#include "store/postgres_internal.h"

#include <stdio.h>

/* The most that one round trip carries: what was queued, the statement, the question for the
 * transaction's number, each perhaps prepared first. */
enum { ROUND_MAX = 2 * (QUEUED_MAX + 2) };

/* What was sent, in the order in which it is answered. */
struct round {
    struct driver_statement *items[ROUND_MAX];
    bool is_prepare[ROUND_MAX];
    size_t count;
};

static bool send(struct driver_connection *connection, struct driver_statement *statement,
                 struct round *round)
{
    bool is_sent = true;
    if (statement->prepared_on != connection->number) {
        round->is_prepare[round->count] = true;
        round->items[round->count++] = statement;
        is_sent = PQsendPrepare(connection->handle, statement->name, statement->sql,
                                statement->count, statement->types) == 1;
    }
    round->is_prepare[round->count] = false;
    round->items[round->count++] = statement;
    return is_sent &&
           PQsendQueryPrepared(connection->handle, statement->name, statement->count,
                               statement->values, statement->lengths, statement->formats, 1) == 1;
}

bool postgres_is_fine(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* Keeps what the caller will read of one answer. */
static void take(struct driver_connection *connection, const struct round *round, size_t index,
                 PGresult *result)
{
    struct driver_statement *statement = round->items[index];
    if (round->is_prepare[index]) {
        statement->prepared_on = connection->number;
    } else if (statement == connection->ask_xid) {
        snprintf(connection->xid, sizeof connection->xid, "%s", PQgetvalue(result, 0, 0));
    } else if (statement->is_started) {
        statement->result = result;
        return;
    }
    PQclear(result);
}

/* The first refusal counts; what was sent behind it was not looked at. */
static enum err receive(struct driver_connection *connection, const struct round *round,
                        struct problem *problem)
{
    enum err err = OK;
    for (size_t i = 0; i < round->count; i++) {
        PGresult *result = PQgetResult(connection->handle);
        if (postgres_is_lost(connection, result)) {
            enum err lost = result == NULL ? E_UNAVAILABLE : postgres_err(result, problem);
            PQclear(result);
            postgres_lose(connection);
            return lost == OK ? E_UNAVAILABLE : lost;
        }
        if (postgres_is_fine(result)) {
            take(connection, round, i, result);
        } else {
            err = err == OK ? postgres_err(result, problem) : err;
            PQclear(result);
        }
        PQclear(PQgetResult(connection->handle)); /* The end of this answer. */
    }
    PQclear(PQgetResult(connection->handle)); /* The end of the round. */
    return err;
}

enum err postgres_exchange(struct driver_connection *connection, struct driver_statement *statement,
                           struct problem *problem)
{
    struct round round = {.count = 0};
    bool is_sent = true;
    TRY(postgres_be_there(connection, problem));
    for (size_t i = 0; i < connection->queued_count; i++) {
        is_sent = is_sent && send(connection, connection->queued[i], &round);
    }
    connection->queued_count = 0;
    if (statement != NULL) {
        is_sent = is_sent && send(connection, statement, &round);
        bool is_first_write = statement->kind == KIND_WRITE && connection->xid[0] == '\0' &&
                              connection->transaction == TRANSACTION_OPEN &&
                              !connection->is_read_only;
        is_sent = is_sent && (!is_first_write || send(connection, connection->ask_xid, &round));
    }
    if (!is_sent || PQpipelineSync(connection->handle) != 1) {
        postgres_lose(connection);
        return problem_set(problem, E_UNAVAILABLE, NULL, "the connection to PostgreSQL was lost");
    }
    return receive(connection, &round, problem);
}

enum err postgres_run(struct driver_connection *connection, const char *sql, PGresult **out,
                      struct problem *problem)
{
    PQexitPipelineMode(connection->handle);
    PGresult *result = PQexec(connection->handle, sql);
    enum err err = postgres_is_fine(result) ? OK : postgres_err(result, problem);
    if (postgres_is_lost(connection, result)) {
        postgres_lose(connection);
        err = E_UNAVAILABLE;
    } else {
        PQenterPipelineMode(connection->handle);
    }
    *out = result;
    return err;
}
