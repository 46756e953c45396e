#include "net/http_server_internal.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* How much is thrown away after the last word, and how many steps a connection may take before it
 * is another's turn. */
enum { LINGER_BYTES_MAX = 1024 * 1024, STEPS_MAX = 64 };

enum read_result { READ_SOME, READ_NOTHING, READ_END, READ_FULL };

static const struct request_fault bad_framing = {E_INVALID, 400, "The chunks are malformed."};
static const struct request_fault endless = {E_TOO_LARGE, 413, "The body is over its limit."};

static struct str unread(const struct http_connection *connection)
{
    return (struct str){connection->in + connection->in_at, connection->in_len - connection->in_at};
}

static void take_bytes(struct http_connection *connection, size_t len)
{
    connection->in_at += len;
    connection->in_scanned = 0;
    if (connection->in_at == connection->in_len) {
        connection->in_at = 0;
        connection->in_len = 0;
    }
}

/* Events tell of changes only, so that a socket counts as readable until it has been read empty. A
 * piece that does not fill the room was the last (epoll(7)), but for the peer's end. */
static enum read_result read_more(struct http_connection *connection)
{
    if (!connection->is_readable) {
        return READ_NOTHING;
    }
    if (connection->in_at > 0) {
        connection->in_len -= connection->in_at;
        memmove(connection->in, connection->in + connection->in_at, connection->in_len);
        connection->in_at = 0;
    }
    size_t room = CONNECTION_IN_BYTES - connection->in_len;
    if (room == 0) {
        return READ_FULL;
    }
    ssize_t got = connection_receive(connection, connection->in + connection->in_len, room);
    if (got > 0) {
        connection->in_len += (size_t)got;
        connection->moved += (uint64_t)got;
        connection->is_readable =
            (size_t)got == room || connection->has_left || connection->tls != NULL;
        return READ_SOME;
    }
    if (got < 0 && errno == EINTR) {
        return READ_SOME;
    }
    connection->is_readable = false;
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? READ_NOTHING : READ_END;
}

/* How long the head at the start of `bytes` is with the empty line at its end; 0 while that is not
 * there. */
static size_t head_length(struct str bytes, size_t from)
{
    for (size_t at = str_find_byte(bytes, '\n', from); at < bytes.len;
         at = str_find_byte(bytes, '\n', at + 1)) {
        struct str rest = str_slice(bytes, at + 1, bytes.len);
        if (str_starts(rest, STR("\n"))) {
            return at + 2;
        }
        if (str_starts(rest, STR("\r\n"))) {
            return at + 3;
        }
    }
    return 0;
}

/* Empty lines before a request are left over from the one before it (RFC 9112 2.2). */
static void skip_empty_lines(struct http_connection *connection)
{
    struct str bytes = unread(connection);
    size_t len = 0;
    while (len < bytes.len && str_starts(str_slice(bytes, len, bytes.len), STR("\r\n"))) {
        len += 2;
    }
    if (len > 0) {
        take_bytes(connection, len);
    }
}

static void refuse_early(struct http_connection *connection, const struct request_fault *fault)
{
    if (connection->exchange == NULL) {
        connection->exchange = exchange_new(connection->server, connection);
    }
    exchange_refuse(connection->exchange, fault);
}

/* The peer's end in the middle of a request, or between two. */
static bool wait_or_end(struct http_connection *connection, enum read_result result)
{
    if (result == READ_END) {
        connection_close(connection);
    }
    return result == READ_SOME;
}

static bool step_head(struct http_connection *connection)
{
    skip_empty_lines(connection);
    struct str bytes = unread(connection);
    if (bytes.len > 0) {
        connection_began_request(connection);
    }
    size_t len = head_length(bytes, connection->in_scanned);
    if (len == 0) {
        connection->in_scanned = bytes.len > 2 ? bytes.len - 2 : 0;
        enum read_result result = read_more(connection);
        if (result != READ_FULL) {
            return wait_or_end(connection, result);
        }
        refuse_early(connection, head_too_long(bytes));
        return true;
    }
    struct http_exchange *exchange = exchange_new(connection->server, connection);
    char *head = arena_alloc(exchange->arena, len + 1);
    memcpy(head, bytes.ptr, len);
    take_bytes(connection, len);
    connection->exchange = exchange;
    connection->phase = CONNECTION_BODY;
    return take_head(exchange, head, len);
}

static bool step_body(struct http_connection *connection)
{
    struct http_exchange *exchange = connection->exchange;
    bool is_over = !exchange->frame.is_chunked && exchange->frame.left == 0;
    struct str bytes = unread(connection);
    size_t taken = 0;
    if (is_over) {
        hand_over(exchange);
        return true;
    }
    enum err err = bytes.len == 0 ? OK : body_take(exchange, bytes, &taken, &is_over);
    if (err != OK) {
        exchange_refuse(exchange, err == E_TOO_LARGE ? &endless : &bad_framing);
        return true;
    }
    if (taken > 0) {
        take_bytes(connection, taken);
    }
    if (is_over) {
        hand_over(exchange);
        return true;
    }
    return taken > 0 || wait_or_end(connection, read_more(connection));
}

/* The next pieces of a reply, as far as they are not sent. */
static size_t pieces_of(struct reply *reply, struct iovec out[static 2])
{
    size_t count = 0;
    if (reply->sent < reply->prefix_len) {
        out[count++] = (struct iovec){reply->prefix + reply->sent, reply->prefix_len - reply->sent};
    }
    size_t of_rest = reply->sent > reply->prefix_len ? reply->sent - reply->prefix_len : 0;
    if (of_rest < reply->rest_len) {
        out[count++] = (struct iovec){reply->rest.ptr + of_rest, reply->rest_len - of_rest};
    }
    return count;
}

/* RFC 9112 9.6: an answer that ends the connection is followed by our end of it, and by the peer's.
 */
static void finish_reply(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    struct http_exchange *exchange = connection->exchange;
    connection->exchange = NULL;
    exchange_recycle(server, exchange);
    if (!connection->keeps_alive) {
        connection_linger(connection);
        return;
    }
    connection->phase = CONNECTION_HEAD;
    connection_fell_idle(connection);
}

static bool step_send(struct http_connection *connection)
{
    struct reply *reply = &connection->exchange->reply;
    struct iovec pieces[2];
    size_t count = pieces_of(reply, pieces);
    if (count == 0) {
        if (connection->exchange->stream != NULL) {
            connection->phase = CONNECTION_STREAMING;
            return true;
        }
        finish_reply(connection);
        return true;
    }
    ssize_t put = connection_send(connection, pieces, count);
    if (put >= 0) {
        reply->sent += (size_t)put;
        connection->moved += (uint64_t)put;
        return true;
    }
    if (errno == EINTR) {
        return true;
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
        connection_close(connection);
        return false;
    }
    connection_await_peer(connection);
    return false;
}

static bool step_linger(struct http_connection *connection)
{
    connection->lingered_bytes += unread(connection).len;
    take_bytes(connection, unread(connection).len);
    enum read_result result =
        connection->lingered_bytes > LINGER_BYTES_MAX ? READ_END : read_more(connection);
    return wait_or_end(connection, result);
}

/* True where there may be more to do at once. */
static bool step(struct http_connection *connection)
{
    switch (connection->phase) {
    case CONNECTION_HEAD:
        return step_head(connection);
    case CONNECTION_BODY:
        return step_body(connection);
    case CONNECTION_SENDING:
        return step_send(connection);
    case CONNECTION_STREAMING:
        return stream_step(connection);
    case CONNECTION_LINGERING:
        return step_linger(connection);
    case CONNECTION_SHAKING:
        return connection_shake_hands(connection);
    case CONNECTION_WAITING:
    case CONNECTION_CLOSED:
        break;
    }
    return false;
}

void connection_run(struct http_connection *connection)
{
    for (int steps = 0; steps < STEPS_MAX; steps++) {
        if (!step(connection)) {
            return;
        }
    }
    connection_run_soon(connection);
}

void connection_run_soon(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    if (connection->is_queued || connection->phase == CONNECTION_CLOSED) {
        return;
    }
    connection->is_queued = true;
    connection->queue_next = server->runnable;
    server->runnable = connection;
    server->turn_again = true;
}

void connections_run(struct http_server *server)
{
    struct http_connection *connection = server->runnable;
    server->runnable = NULL;
    while (connection != NULL) {
        struct http_connection *next = connection->queue_next;
        connection->is_queued = false;
        if (connection->phase == CONNECTION_CLOSED) {
            connection->queue_next = server->closed;
            server->closed = connection;
        } else {
            connection_run(connection);
        }
        connection = next;
    }
}

void reply_begin(struct http_connection *connection)
{
    connection_list_leave(connection);
    connection->phase = CONNECTION_SENDING;
    reply_address(connection);
}
