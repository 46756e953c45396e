#include "net/http_server_internal.h"

#include <assert.h>

/* A body over its limit is read to its end and thrown away up to here, since an answer to a client
 * that is still writing is often lost with the connection. Beyond it the connection just ends. */
enum { DISCARD_BYTES_MAX = 32 * 1024 * 1024 };

static const struct request_fault body_too_large = {E_TOO_LARGE, MHD_HTTP_CONTENT_TOO_LARGE,
                                                    "The body is over its limit."};

static struct http_connection *connection_of(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

void *request_line_arrived(void *context, const char *target, struct MHD_Connection *mhd)
{
    struct http_server *server = context;
    struct http_connection *connection = connection_of(mhd);
    if (connection->refused) {
        return NULL;
    }
    assert(connection->exchange == NULL);
    struct http_exchange *exchange = exchange_new(server, connection);
    exchange->request.path = arena_str(exchange->arena, str_from(target));
    connection->exchange = exchange;
    connection_began_request(connection);
    server->active++;
    return exchange;
}

/* The header block is complete. */
static enum MHD_Result take_headers(struct http_exchange *exchange, const struct request_line *line)
{
    const struct http_server_config *config = &exchange->connection->server->config;
    struct request_facts facts;
    struct request_fault fault;
    if (!request_check(exchange, line, &facts, &fault)) {
        return exchange_refuse(exchange, &fault);
    }
    bool bulk = config->is_bulk != NULL && config->is_bulk(exchange->request.path);
    exchange->body_bytes_max = bulk ? config->bulk_body_bytes_max : config->body_bytes_max;
    exchange->phase = EXCHANGE_BODY;
    if (facts.content_length <= exchange->body_bytes_max) {
        return MHD_YES;
    }
    if (facts.expects_continue || facts.content_length > DISCARD_BYTES_MAX) {
        return exchange_refuse(exchange, &body_too_large);
    }
    exchange->phase = EXCHANGE_DISCARD;
    return MHD_YES;
}

static enum MHD_Result take_body(struct http_exchange *exchange, struct str part)
{
    exchange->body_bytes_seen += part.len;
    if (exchange->phase == EXCHANGE_BODY && exchange->body_bytes_seen > exchange->body_bytes_max) {
        exchange->phase = EXCHANGE_DISCARD;
        buf_free(&exchange->body);
    }
    if (exchange->phase == EXCHANGE_BODY) {
        buf_add(&exchange->body, part);
        return MHD_YES;
    }
    if (exchange->body_bytes_seen > DISCARD_BYTES_MAX) {
        struct http_connection *connection = exchange->connection;
        socket_refuse(connection->server, connection->fd, &body_too_large);
        return MHD_NO;
    }
    return MHD_YES;
}

/* The request is complete. Another thread may reply before `handle` returns: its reply waits in the
 * box until this thread looks there, so that suspending afterwards is no race. */
static enum MHD_Result hand_over(struct http_exchange *exchange)
{
    struct http_connection *connection = exchange->connection;
    struct http_server *server = connection->server;
    connection_list_leave(connection);
    if (exchange->phase == EXCHANGE_DISCARD) {
        return exchange_refuse(exchange, &body_too_large);
    }
    exchange->request.body = exchange->body.len > 0 ? buf_str(&exchange->body) : STR("");
    server->handled_this_turn++;
    server->handling = exchange;
    server->replied_inline = false;
    waiting_add(server, exchange);
    server->config.handle(server->config.context, exchange, &exchange->request);
    server->handling = NULL;
    if (!server->replied_inline) {
        MHD_suspend_connection(connection->mhd);
        return MHD_YES;
    }
    waiting_remove(server, exchange);
    return response_queue(server, exchange);
}

enum MHD_Result request_advanced(void *context, struct MHD_Connection *mhd, const char *url,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_len, void **state)
{
    (void)context;
    (void)url;
    (void)state;
    struct http_exchange *exchange = connection_of(mhd)->exchange;
    if (exchange == NULL) {
        return MHD_NO;
    }
    if (exchange->phase == EXCHANGE_HEADERS) {
        struct request_line line = {str_from(method), str_from(version)};
        return take_headers(exchange, &line);
    }
    assert(exchange->phase == EXCHANGE_BODY || exchange->phase == EXCHANGE_DISCARD);
    if (*upload_len > 0) {
        struct str part = {upload, *upload_len};
        *upload_len = 0;
        return take_body(exchange, part);
    }
    return hand_over(exchange);
}

void request_completed(void *context, struct MHD_Connection *mhd, void **state,
                       enum MHD_RequestTerminationCode code)
{
    struct http_server *server = context;
    struct http_connection *connection = connection_of(mhd);
    struct http_exchange *exchange = connection->exchange;
    (void)state;
    (void)code;
    if (exchange == NULL) {
        return;
    }
    connection->exchange = NULL;
    exchange_recycle(server, exchange);
    server->active--;
    connection_fell_idle(connection);
}
