#include "store/postgres_internal.h"

#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* How long after a failure nothing is tried: twice as long each time. A probe of the executor comes
 * once a second; readers come with each request. */
enum { WAIT_FIRST_MS = 100, WAIT_MAX_MS = 2000 };

/* A server that was killed a moment ago may still hold what it locked. */
enum { LOCK_TRIES = 20, START_TRIES = 300, LOCK_PAUSE_MS = 100 };

enum { MESSAGE_BYTES = 240 };

int64_t postgres_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void postgres_pause(int64_t ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

/* Their words without the line ends, the first lines only. */
static void say(struct problem *problem, enum err err, const char *message)
{
    char line[MESSAGE_BYTES];
    size_t len = 0;
    for (const char *c = message; *c != '\0' && len < sizeof line - 1; c++) {
        line[len++] = *c == '\n' ? ' ' : *c;
    }
    while (len > 0 && line[len - 1] == ' ') {
        len--;
    }
    struct str text = str_cut_utf8((struct str){line, len}, len);
    if (problem != NULL) {
        problem_set(problem, err, NULL, "PostgreSQL: %.*s", STR_FMT(text));
    }
}

/* By the classes of SQLSTATE. */
static enum err err_of_state(const char *state)
{
    static const struct {
        const char *start;
        enum err err;
    } classes[] = {
        {"23505", E_DUPLICATE},   {"23", E_INVALID},        {"22", E_INVALID},
        {"08", E_UNAVAILABLE},    {"25006", E_UNAVAILABLE}, {"40", E_UNAVAILABLE},
        {"25P03", E_UNAVAILABLE}, {"53", E_UNAVAILABLE},    {"55", E_UNAVAILABLE},
        {"54", E_INVALID},        {"57", E_UNAVAILABLE},    {"58", E_UNAVAILABLE},
        {"XX001", E_CORRUPT},     {"XX002", E_CORRUPT},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++) {
        if (strncmp(state, classes[i].start, strlen(classes[i].start)) == 0) {
            return classes[i].err;
        }
    }
    return E_INTERNAL;
}

enum err postgres_err(const PGresult *result, struct problem *problem)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    enum err err = state == NULL ? E_UNAVAILABLE : err_of_state(state);
    say(problem, err, words != NULL ? words : PQresultErrorMessage(result));
    return err;
}

/* The server says goodbye before it closes the connection; what follows would only time out. An
 * error without a state is libpq's own: of the connection. */
bool postgres_is_lost(const struct driver_connection *connection, const PGresult *result)
{
    static const char *const goodbyes[] = {"57P01", "57P02", "57P03", "57P05", "25P03"};
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    for (size_t i = 0; state != NULL && i < ARRAY_LENGTH(goodbyes); i++) {
        if (strcmp(state, goodbyes[i]) == 0) {
            return true;
        }
    }
    return result == NULL || PQstatus(connection->handle) != CONNECTION_OK ||
           (PQresultStatus(result) == PGRES_FATAL_ERROR && state == NULL);
}

void postgres_lose(struct driver_connection *connection)
{
    PQfinish(connection->handle);
    connection->handle = NULL;
    connection->stale[0] = '\0';
    connection->queued_count = 0;
    connection->sent_count = 0;
    connection->round_count = 0;
    connection->round_bytes = 0;
    if (connection->transaction == TRANSACTION_OPEN ||
        connection->transaction == TRANSACTION_SPOILT) {
        connection->transaction = TRANSACTION_LOST;
    }
}

static void ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

/* What stands before dbname is a default: the URL may say otherwise. A peer that is gone without a
 * word is noticed within half a minute. A standby may be behind. */
static PGconn *dial(const char *url)
{
    static const char *const names[] = {"connect_timeout",     "keepalives_idle",
                                        "keepalives_interval", "keepalives_count",
                                        "tcp_user_timeout",    "target_session_attrs",
                                        "application_name",    "dbname",
                                        "client_encoding",     NULL};
    const char *const values[] = {"10",      "10",     "5", "3",    "20000",
                                  "primary", "tocsin", url, "UTF8", NULL};
    PGconn *handle = PQconnectdbParams(names, values, 1);
    if (handle != NULL) {
        PQsetNoticeProcessor(handle, ignore_notice, NULL);
    }
    return handle;
}

static enum err simple(PGconn *handle, const char *sql, struct problem *problem)
{
    PGresult *result = PQexec(handle, sql);
    ExecStatusType status = PQresultStatus(result);
    bool is_ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    enum err err = is_ok ? OK : postgres_err(result, problem);
    PQclear(result);
    return err;
}

/* An asynchronous commit is answered before it is durable, which is never what a caller was
 * promised; a server that is set to more than "on" (remote_apply) stays so. Short statements are
 * not worth compiling. The server notices as soon as we do that the other side is gone: a session
 * of ours that lives on there would keep its locks, the system's own limit is two hours. */
static enum err set_up(const struct driver_connection *connection, PGconn *handle,
                       struct problem *problem)
{
    TRY(simple(handle,
               "SELECT set_config('synchronous_commit', 'on', false) "
               "WHERE current_setting('synchronous_commit') = 'off'; "
               "SET jit = off; SET standard_conforming_strings = on; "
               "SET default_transaction_isolation = 'read committed'; "
               "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; "
               "SET tcp_keepalives_count = 3; SET tcp_user_timeout = 20000",
               problem));
    return connection->is_read_only
               ? simple(handle, "SET default_transaction_read_only = on", problem)
               : OK;
}

/* The lock lives as long as the connection, and a transaction of ours runs on no other: whoever has
 * it is the only one that writes, also when a network has cut somebody else off. */
static enum err take_lock(PGconn *handle, const char *sql, int tries, struct problem *problem)
{
    for (int i = 0; i < tries; i++) {
        PGresult *result = PQexec(handle, sql);
        bool is_asked = PQresultStatus(result) == PGRES_TUPLES_OK;
        bool is_ours = is_asked && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
        enum err err = is_asked ? OK : postgres_err(result, problem);
        PQclear(result);
        if (err != OK || is_ours) {
            return err;
        }
        postgres_pause(i + 1 < tries ? LOCK_PAUSE_MS : 0);
    }
    return problem_set(problem, E_CONFLICT, "DATABASE_URL",
                       "another process is using this database");
}

#define LOCK(how, which) "SELECT " how "(" which ", hashtext(current_schema()))"

/* Whoever shares the database writes in its turn (store/nodes), and loses it, with its connection,
 * where it stalls, be it before it has taken an answer (tcp_user_timeout). The start is one at a
 * time, so that two do not make one schema. */
static enum err join(struct driver_connection *connection, PGconn *handle, struct problem *problem)
{
    char sql[200];
    bool is_start = connection->number == 0;
    TRY(take_lock(handle, LOCK("pg_try_advisory_lock_shared", POSTGRES_WRITER_LOCK),
                  is_start ? LOCK_TRIES : 1, problem));
    if (is_start) {
        TRY(take_lock(handle, LOCK("pg_try_advisory_lock", POSTGRES_START_LOCK), START_TRIES,
                      problem));
    }
    long long turn_max_ms = (long long)connection->turn_max_ms;
    snprintf(sql, sizeof sql,
             "SET idle_in_transaction_session_timeout = %lld; SET lock_timeout = %lld; "
             "SET tcp_user_timeout = %lld",
             turn_max_ms, turn_max_ms * 3, turn_max_ms);
    TRY(simple(handle, sql, problem));
    return postgres_listen(handle, problem);
}

static enum err try_once(struct driver_connection *connection, struct problem *problem)
{
    PGconn *handle = dial(connection->url);
    enum err err = OK;
    if (PQstatus(handle) != CONNECTION_OK) {
        err = E_UNAVAILABLE;
        say(problem, err, PQerrorMessage(handle));
    }
    if (err == OK) {
        err = set_up(connection, handle, problem);
    }
    if (err == OK && connection->is_alone) {
        err = take_lock(handle, LOCK("pg_try_advisory_lock", POSTGRES_WRITER_LOCK),
                        connection->number == 0 ? LOCK_TRIES : 1, problem);
    }
    if (err == OK && connection->turn_max_ms > 0) {
        err = join(connection, handle, problem);
    }
    if (err == OK && PQenterPipelineMode(handle) != 1) {
        err = E_INTERNAL;
    }
    if (err != OK) {
        PQfinish(handle);
        return err;
    }
    connection->handle = handle;
    connection->number++;
    return OK;
}

enum err postgres_connect(struct driver_connection *connection, struct problem *problem)
{
    if (connection->handle != NULL) {
        return OK;
    }
    if (connection->retry_ms > postgres_clock_ms()) {
        return problem_set(problem, E_UNAVAILABLE, NULL,
                           "PostgreSQL could not be reached a moment ago");
    }
    connection->why = (struct problem){.err = OK};
    enum err err = try_once(connection, &connection->why);
    if (err == OK) {
        connection->wait_ms = WAIT_FIRST_MS;
        return OK;
    }
    if (problem != NULL) {
        *problem = connection->why;
    }
    connection->retry_ms = postgres_clock_ms() + connection->wait_ms;
    connection->wait_ms =
        connection->wait_ms * 2 < WAIT_MAX_MS ? connection->wait_ms * 2 : WAIT_MAX_MS;
    /* Whoever was in while we were away is asked to leave by the operator, not by us. */
    return connection->number > 0 ? E_UNAVAILABLE : err;
}

const char *postgres_why(const struct driver_connection *connection)
{
    bool is_told = connection->handle == NULL || connection->transaction == TRANSACTION_SPOILT;
    return is_told ? connection->why.message : "";
}

enum err postgres_be_there(struct driver_connection *connection, struct problem *problem)
{
    if (connection->transaction == TRANSACTION_LOST) {
        return problem_set(problem, E_UNAVAILABLE, NULL,
                           "the connection to PostgreSQL was lost within this transaction");
    }
    if (connection->transaction == TRANSACTION_SPOILT) {
        return problem_set(problem, E_UNAVAILABLE, NULL, "%s", connection->why.message);
    }
    return postgres_connect(connection, problem);
}
