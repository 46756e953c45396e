#include "store/postgres_internal.h"

#include "base/str.h"

#include <stdio.h>

enum { CHANNEL_BYTES = 64 };

enum err postgres_listen(PGconn *handle, struct problem *problem)
{
    char sql[CHANNEL_BYTES + 16];
    PGresult *result = PQexec(handle, "SELECT " POSTGRES_CHANNEL);
    enum err err = postgres_is_fine(result) ? OK : postgres_err(result, problem);
    if (err == OK) {
        snprintf(sql, sizeof sql, "LISTEN \"%.*s\"", CHANNEL_BYTES, PQgetvalue(result, 0, 0));
        PQclear(result);
        result = PQexec(handle, sql);
        err = postgres_is_fine(result) ? OK : postgres_err(result, problem);
    }
    PQclear(result);
    return err;
}

/* The server sends between transactions; what comes with the answers to others is kept by libpq. */
enum err postgres_hear(struct driver_connection *connection, void *context,
                       void (*each)(void *context, struct str text))
{
    PGnotify *news = NULL;
    if (connection->handle == NULL || connection->has_missed) {
        connection->has_missed = false;
        return E_UNAVAILABLE;
    }
    bool is_there = PQconsumeInput(connection->handle) == 1;
    int own = PQbackendPID(connection->handle);
    while ((news = PQnotifies(connection->handle)) != NULL) {
        if (news->be_pid != own) {
            each(context, str_from(news->extra));
        }
        PQfreemem(news);
    }
    if (!is_there || PQstatus(connection->handle) != CONNECTION_OK) {
        postgres_lose(connection);
        return E_UNAVAILABLE;
    }
    return OK;
}
