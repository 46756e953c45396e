#include "net/http_server_internal.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

/* A body over its limit is read to its end and thrown away up to here, since an answer to a client
 * that is still writing is often lost with the connection. Beyond it the connection just ends. */
enum { DISCARD_BYTES_MAX = 32 * 1024 * 1024 };
/* A body up to here is taken however many others there are: connections_max bounds these. */
enum { SMALL_BODY_BYTES_MAX = 64 * 1024 };
/* 15 hexadecimal digits; what may follow a chunk's size on its line; and all lines of a trailer. */
enum { SIZE_DIGITS_MAX = 15, SIZE_LINE_MAX = 1024, TRAILER_BYTES_MAX = 8 * 1024 };

static const struct request_fault body_too_large = {E_TOO_LARGE, 413,
                                                    "The body is over its limit."};
static const struct request_fault crowded = {
    E_UNAVAILABLE, 503, "Too many large bodies are being received; try again later."};

static void interim_send(struct http_connection *connection)
{
    struct str text = STR("HTTP/1.1 100 Continue\r\n\r\n");
    /* A client that has no room for it goes on by itself (RFC 9110 10.1.1). */
    connection_say(connection, text);
}

void drop_body(struct http_exchange *exchange)
{
    struct http_server *server = exchange->connection->server;
    assert(server->bodies_bytes >= exchange->body.len);
    server->bodies_bytes -= exchange->body.len;
    buf_clear(&exchange->body);
}

static void discard(struct http_exchange *exchange, const struct request_fault *refusal)
{
    exchange->phase = EXCHANGE_DISCARD;
    exchange->refusal = refusal;
    drop_body(exchange);
    buf_free(&exchange->body);
}

bool take_head(struct http_exchange *exchange, char *head, size_t len)
{
    struct http_connection *connection = exchange->connection;
    const struct http_server_config *config = &connection->server->config;
    struct request_facts facts;
    struct request_fault fault;
    bool is_good = request_check(exchange, head, len, &facts, &fault);
    exchange->is_http_1_0 = facts.is_http_1_0;
    connection->keeps_alive = facts.keeps_alive && !facts.asks_end;
    if (!is_good) {
        exchange_refuse(exchange, &fault);
        return true;
    }
    bool bulk = config->is_bulk != NULL && config->is_bulk(exchange->request.path);
    exchange->body_bytes_max = bulk ? config->bulk_body_bytes_max : config->body_bytes_max;
    exchange->phase = EXCHANGE_BODY;
    exchange->frame =
        (struct body_frame){.is_chunked = facts.is_chunked, .left = facts.content_length};
    if (facts.content_length > exchange->body_bytes_max) {
        if (facts.expects_continue || facts.content_length > DISCARD_BYTES_MAX) {
            exchange_refuse(exchange, &body_too_large);
            return true;
        }
        discard(exchange, &body_too_large);
    }
    bool has_body = facts.is_chunked || facts.content_length > 0;
    bool has_none_yet = connection->in_at == connection->in_len;
    if (facts.expects_continue && has_body && has_none_yet && !facts.is_http_1_0) {
        interim_send(connection);
    }
    return true;
}

static bool is_crowded(const struct http_exchange *exchange, struct str part)
{
    const struct http_server *server = exchange->connection->server;
    size_t max = server->config.bodies_bytes_max;
    return exchange->body_bytes_seen > SMALL_BODY_BYTES_MAX && max > 0 &&
           server->bodies_bytes + part.len > max;
}

bool take_body(struct http_exchange *exchange, struct str part)
{
    exchange->body_bytes_seen += part.len;
    if (exchange->phase == EXCHANGE_BODY && exchange->body_bytes_seen > exchange->body_bytes_max) {
        discard(exchange, &body_too_large);
    } else if (exchange->phase == EXCHANGE_BODY && is_crowded(exchange, part)) {
        discard(exchange, &crowded);
    }
    if (exchange->phase == EXCHANGE_BODY) {
        buf_add(&exchange->body, part);
        exchange->connection->server->bodies_bytes += part.len;
        return true;
    }
    return exchange->body_bytes_seen <= DISCARD_BYTES_MAX;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* "1f4" or "1f4 ;name=value": an extension is nobody's, and nothing else may follow (RFC 9112
 * 7.1.1). */
static enum err chunk_size_parse(struct str line, uint64_t *out)
{
    uint64_t size = 0;
    size_t at = 0;
    while (at < line.len && hex_digit(line.ptr[at]) >= 0) {
        size = size * 16 + (uint64_t)hex_digit(line.ptr[at++]);
        if (at > SIZE_DIGITS_MAX) {
            return E_INVALID;
        }
    }
    struct str rest = str_trim(str_slice(line, at, line.len));
    *out = size;
    return at > 0 && (rest.len == 0 || str_starts(rest, STR(";"))) ? OK : E_INVALID;
}

/* The line at the start of `bytes` with its end, and how long that is: 0 while the end is not
 * there. A chunk's line ends with CRLF and has no other CR or LF in it: where a proxy in front and
 * we disagree about its end, a second request hides in a chunk. */
static enum err line_of(struct str bytes, struct str *out, size_t *len)
{
    size_t newline = str_find_byte(bytes, '\n', 0);
    size_t carriage = str_find_byte(bytes, '\r', 0);
    *len = 0;
    if (newline == bytes.len) {
        return OK;
    }
    if (carriage + 1 != newline) {
        return E_INVALID;
    }
    *out = str_slice(bytes, 0, carriage);
    *len = newline + 1;
    return OK;
}

/* One line of framing, which is short. */
static enum err chunk_line_take(struct body_frame *frame, struct str bytes, size_t *taken,
                                bool *is_over)
{
    struct str line = STR_NONE;
    size_t len = 0;
    TRY(line_of(bytes, &line, &len));
    *taken = len;
    /* However much of it is there: where the network cuts must not matter. */
    if ((len == 0 ? bytes.len : len) > SIZE_LINE_MAX) {
        return E_INVALID;
    }
    if (len == 0) {
        return OK;
    }
    switch (frame->part) {
    case CHUNK_SIZE:
        frame->part = CHUNK_DATA;
        TRY(chunk_size_parse(line, &frame->left));
        if (frame->left == 0) {
            frame->part = CHUNK_TRAILER;
        }
        return OK;
    case CHUNK_END:
        frame->part = CHUNK_SIZE;
        return line.len == 0 ? OK : E_INVALID;
    case CHUNK_TRAILER:
        *is_over = line.len == 0;
        frame->trailer_bytes += len;
        return frame->trailer_bytes <= TRAILER_BYTES_MAX ? OK : E_INVALID;
    case CHUNK_DATA:
        break;
    }
    assert(!"data are no line");
    return E_INVALID;
}

enum err body_take(struct http_exchange *exchange, struct str bytes, size_t *taken, bool *is_over)
{
    struct body_frame *frame = &exchange->frame;
    *is_over = false;
    if (frame->is_chunked && frame->part != CHUNK_DATA) {
        return chunk_line_take(frame, bytes, taken, is_over);
    }
    *taken = bytes.len < frame->left ? bytes.len : (size_t)frame->left;
    frame->left -= *taken;
    if (!take_body(exchange, str_slice(bytes, 0, *taken))) {
        return E_TOO_LARGE;
    }
    if (frame->is_chunked) {
        frame->part = frame->left == 0 ? CHUNK_END : CHUNK_DATA;
    } else {
        *is_over = frame->left == 0;
    }
    return OK;
}

/* Another thread may reply before `handle` returns: its reply waits in the box until this thread
 * looks there. */
void hand_over(struct http_exchange *exchange)
{
    struct http_connection *connection = exchange->connection;
    struct http_server *server = connection->server;
    connection_list_leave(connection);
    if (exchange->phase == EXCHANGE_DISCARD) {
        exchange_refuse(exchange, exchange->refusal);
        return;
    }
    exchange->request.body = exchange->body.len > 0 ? buf_str(&exchange->body) : STR("");
    server->handled_this_turn++;
    server->handling = exchange;
    server->replied_inline = false;
    connection->phase = CONNECTION_WAITING;
    waiting_add(server, exchange);
    server->config.handle(server->config.context, exchange, &exchange->request);
    server->handling = NULL;
    if (server->replied_inline) {
        waiting_remove(server, exchange);
        reply_begin(connection);
    }
}
