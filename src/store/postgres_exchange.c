#include "store/postgres_internal.h"

#include <stdio.h>
#include <string.h>

/* What one statement may add to what was sent: itself, what is queued in front of it and the
 * question for the transaction's number, each perhaps prepared first, and two SYNCs. */
enum { ADDED_MAX = 2 * (QUEUED_MAX + 2) + 2, SQL_SHOWN = 60 };

/* What is sent ahead leaves in rounds, the end of which the server answers. Only between rounds
 * does it count how long it hears nothing (idle_in_transaction_session_timeout), so that whoever
 * stalls loses its turn: nothing of a round may leave long before its end. libpq sends what it has
 * once that is 8 KiB. */
enum { ROUND_STATEMENTS = 8, ROUND_BYTES = 8192 };

/* At most: the heads of the messages of a statement, with its name; and what a parameter has beside
 * its bytes. */
enum { MESSAGES_BYTES = 128, PARAMETER_BYTES = 16 };

static void note_sent(struct driver_connection *connection, struct sent sent)
{
    connection->sent[connection->sent_count++] = sent;
    connection->round_count++;
}

static bool end_round(struct driver_connection *connection)
{
    note_sent(connection, (struct sent){.answer = ANSWER_SYNC});
    connection->round_count = 0;
    connection->round_bytes = 0;
    return PQpipelineSync(connection->handle) == 1;
}

static bool send(struct driver_connection *connection, struct sent sent)
{
    struct driver_statement *statement = sent.statement;
    bool is_sent = true;
    if (statement->prepared_on != connection->number) {
        note_sent(connection, (struct sent){.statement = statement, .answer = ANSWER_PREPARED});
        is_sent = PQsendPrepare(connection->handle, statement->name, statement->sql,
                                statement->count, statement->types) == 1;
        statement->prepared_on = connection->number;
        connection->round_bytes += MESSAGES_BYTES + strlen(statement->sql);
    }
    note_sent(connection, sent);
    connection->round_bytes += MESSAGES_BYTES + (size_t)statement->count * PARAMETER_BYTES;
    for (int i = 0; i < statement->count; i++) {
        connection->round_bytes += statement->values[i] == NULL ? 0 : (size_t)statement->lengths[i];
    }
    return is_sent &&
           PQsendQueryPrepared(connection->handle, statement->name, statement->count,
                               statement->values, statement->lengths, statement->formats, 1) == 1;
}

static bool send_queued(struct driver_connection *connection)
{
    bool is_sent = true;
    for (size_t i = 0; i < connection->queued_count; i++) {
        is_sent = is_sent && send(connection, (struct sent){.statement = connection->queued[i],
                                                            .answer = ANSWER_NONE});
    }
    connection->queued_count = 0;
    return is_sent;
}

/* With the first write of a transaction goes the question for its number. */
static bool send_behind_queued(struct driver_connection *connection, struct sent sent)
{
    bool is_sent = send_queued(connection) && send(connection, sent);
    bool is_first_write = sent.statement->kind == KIND_WRITE && !connection->has_asked_xid &&
                          connection->transaction == TRANSACTION_OPEN && !connection->is_read_only;
    if (is_sent && is_first_write) {
        connection->has_asked_xid = true;
        is_sent =
            send(connection, (struct sent){.statement = connection->ask_xid, .answer = ANSWER_XID});
    }
    return is_sent;
}

bool postgres_is_fine(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* Nobody waited for it, and what came after it may rest on it. A server that cannot write now is no
 * reason to wait from then on: whatever else there is would come again. */
static void spoil(struct driver_connection *connection, const struct driver_statement *statement,
                  const struct problem *why)
{
    if (connection->transaction == TRANSACTION_OPEN) {
        connection->waits_for_all |= why == NULL || why->err != E_UNAVAILABLE;
        connection->transaction = TRANSACTION_SPOILT;
        problem_set(&connection->why, E_UNAVAILABLE, NULL,
                    "\"%.*s\", which was sent ahead, did not do what it should: %s", SQL_SHOWN,
                    statement->sql, why == NULL ? "another number of rows" : why->message);
    }
}

/* Keeps what the caller will read of one answer. */
static void take(struct driver_connection *connection, const struct sent *sent, PGresult *result)
{
    switch (sent->answer) {
    case ANSWER_RESULT:
        sent->statement->result = result;
        return;
    case ANSWER_XID:
        snprintf(connection->xid, sizeof connection->xid, "%s", PQgetvalue(result, 0, 0));
        break;
    case ANSWER_AHEAD:
        if (sent->expected >= 0 && postgres_changed(result) != sent->expected) {
            spoil(connection, sent->statement, NULL);
        }
        break;
    case ANSWER_PREPARED:
    case ANSWER_NONE:
    case ANSWER_SYNC:
        break;
    }
    PQclear(result);
}

/* Of two that wait for each other, or that changed the same, one is refused. */
static bool is_conflict(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state != NULL && (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0);
}

/* What was sent behind a refusal was not looked at, and so not done either. */
static enum err take_refusal(struct driver_connection *connection, const struct sent *sent,
                             PGresult *result, struct problem *problem)
{
    struct problem why = {.err = OK};
    why.err = postgres_err(result, &why);
    connection->was_conflict |= is_conflict(result);
    PQclear(result);
    switch (sent->answer) {
    case ANSWER_PREPARED:
        sent->statement->prepared_on = 0;
        break;
    case ANSWER_XID:
        connection->has_asked_xid = false; /* The next write asks again. */
        break;
    case ANSWER_AHEAD:
        spoil(connection, sent->statement, &why);
        break;
    case ANSWER_RESULT:
    case ANSWER_NONE:
    case ANSWER_SYNC:
        break;
    }
    if (problem != NULL) {
        *problem = why;
    }
    return why.err;
}

/* The first refusal counts. */
static enum err receive(struct driver_connection *connection, struct problem *problem)
{
    enum err err = OK;
    size_t count = connection->sent_count;
    connection->sent_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct sent *sent = &connection->sent[i];
        PGresult *result = PQgetResult(connection->handle);
        if (postgres_is_lost(connection, result)) {
            enum err lost = result == NULL ? E_UNAVAILABLE : postgres_err(result, problem);
            PQclear(result);
            postgres_lose(connection);
            return lost == OK ? E_UNAVAILABLE : lost;
        }
        if (sent->answer == ANSWER_SYNC) {
            PQclear(result);
            continue;
        }
        if (postgres_is_fine(result)) {
            take(connection, sent, result);
        } else {
            enum err refused = take_refusal(connection, sent, result, err == OK ? problem : NULL);
            err = err == OK ? refused : err;
        }
        PQclear(PQgetResult(connection->handle)); /* The end of this answer. */
    }
    return connection->transaction == TRANSACTION_SPOILT ? E_UNAVAILABLE : err;
}

static enum err say_lost(struct driver_connection *connection, struct problem *problem)
{
    postgres_lose(connection);
    return problem_set(problem, E_UNAVAILABLE, NULL, "the connection to PostgreSQL was lost");
}

enum err postgres_exchange(struct driver_connection *connection, struct driver_statement *statement,
                           struct problem *problem)
{
    TRY(postgres_be_there(connection, problem));
    bool is_sent = statement == NULL
                       ? send_queued(connection)
                       : send_behind_queued(connection, (struct sent){.statement = statement,
                                                                      .answer = ANSWER_RESULT});
    if (!is_sent || !end_round(connection)) {
        return say_lost(connection, problem);
    }
    return receive(connection, problem);
}

enum err postgres_send_ahead(struct driver_statement *statement, int64_t expected)
{
    struct driver_connection *connection = statement->connection;
    TRY(postgres_be_there(connection, NULL));
    bool is_sent = send_behind_queued(
        connection,
        (struct sent){.statement = statement, .answer = ANSWER_AHEAD, .expected = expected});
    bool is_round =
        connection->round_count >= ROUND_STATEMENTS || connection->round_bytes >= ROUND_BYTES;
    /* The server begins with it while more is thought of. */
    if (!is_sent || (is_round && !end_round(connection))) {
        return say_lost(connection, NULL);
    }
    return connection->sent_count + ADDED_MAX > SENT_MAX ? postgres_exchange(connection, NULL, NULL)
                                                         : OK;
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
