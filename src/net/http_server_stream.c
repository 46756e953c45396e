#include "net/http_server_internal.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* What is read from a source at a time, and room for the chunk's framing around it. */
enum { BLOCK_BYTES = 4096, FRAME_BYTES = 16 };

struct http_stream {
    struct http_server *server;
    struct http_connection *connection;
    struct http_stream *next;
    struct http_stream *previous;
    struct http_stream_source source;
    bool is_chunked;
    bool is_asleep; /* There is nothing to read. */
    bool is_ended;  /* The last chunk is in `out`. */
    bool is_cut;
    size_t sent; /* Of `out`. */
    size_t len;
    char out[FRAME_BYTES + BLOCK_BYTES + FRAME_BYTES];
};

void stream_free(struct http_stream **stream)
{
    struct http_stream *gone = *stream;
    if (gone == NULL) {
        return;
    }
    struct http_stream **link =
        gone->previous == NULL ? &gone->server->streams : &gone->previous->next;
    *link = gone->next;
    if (gone->next != NULL) {
        gone->next->previous = gone->previous;
    }
    gone->source.closed(gone->source.context);
    free(gone);
    *stream = NULL;
}

static void append(struct http_stream *stream, struct str text)
{
    assert(stream->len + text.len <= sizeof stream->out);
    memcpy(stream->out + stream->len, text.ptr, text.len);
    stream->len += text.len;
}

/* The size stands before what it counts, so that room is left for it: five digits at most. */
static void frame_chunk(struct http_stream *stream, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *at = stream->out + FRAME_BYTES;
    *--at = '\n';
    *--at = '\r';
    for (size_t rest = len; rest > 0; rest >>= 4) {
        *--at = digits[rest & 0xf];
    }
    stream->sent = (size_t)(at - stream->out);
    stream->len = FRAME_BYTES + len;
    append(stream, STR("\r\n"));
}

/* Fills `out` anew; false while there is nothing. */
static bool read_source(struct http_stream *stream)
{
    char *at = stream->out + FRAME_BYTES;
    int64_t got = stream->server->closing
                      ? HTTP_STREAM_END
                      : stream->source.read(stream->source.context, at, BLOCK_BYTES);
    assert(got <= BLOCK_BYTES);
    stream->sent = FRAME_BYTES;
    stream->len = FRAME_BYTES;
    if (got == HTTP_STREAM_END) {
        stream->is_ended = true;
        if (stream->is_chunked) {
            append(stream, STR("0\r\n\r\n"));
        }
        return true;
    }
    if (got <= 0) {
        stream->is_asleep = true;
        return false;
    }
    stream->len += (size_t)got;
    if (stream->is_chunked) {
        frame_chunk(stream, (size_t)got);
    }
    return true;
}

static void end_orderly(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    struct http_exchange *exchange = connection->exchange;
    connection->exchange = NULL;
    exchange_recycle(server, exchange);
    if (connection->keeps_alive && !server->closing) {
        connection->phase = CONNECTION_HEAD;
        connection_fell_idle(connection);
    } else {
        connection_linger(connection);
    }
}

bool stream_step(struct http_connection *connection)
{
    struct http_stream *stream = connection->exchange->stream;
    bool is_head = connection->exchange->request.method == HTTP_HEAD;
    if (stream->is_cut || connection->has_left) {
        connection_close(connection);
        return false;
    }
    if (is_head || (stream->is_ended && stream->sent == stream->len)) {
        end_orderly(connection);
        return true;
    }
    if (stream->sent == stream->len) {
        if (!stream->is_asleep && read_source(stream)) {
            return true;
        }
        connection_list_leave(connection);
        return false;
    }
    struct iovec piece = {stream->out + stream->sent, stream->len - stream->sent};
    ssize_t put = connection_send(connection, &piece, 1);
    if (put >= 0) {
        stream->sent += (size_t)put;
        connection->moved += (uint64_t)put;
        return true;
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        connection_close(connection);
        return false;
    }
    connection_await_peer(connection);
    return false;
}

struct http_stream *http_exchange_stream(struct http_exchange *exchange,
                                         const struct http_response *head,
                                         const struct http_stream_source *source)
{
    struct http_server *server = exchange->connection->server;
    struct http_stream *stream = memory_new(sizeof *stream);
    *stream = (struct http_stream){.server = server,
                                   .connection = exchange->connection,
                                   .next = server->streams,
                                   .source = *source,
                                   .is_chunked = !exchange->is_http_1_0};
    if (server->streams != NULL) {
        server->streams->previous = stream;
    }
    server->streams = stream;
    http_stream_tick(stream);
    assert(!exchange->reply.is_made && "one reply is owed for each exchange");
    exchange->status = head->status;
    exchange->stream = stream;
    response_headers_add(&exchange->reply.rest, head);
    if (stream->is_chunked) {
        buf_add(&exchange->reply.rest, STR("Transfer-Encoding: chunked\r\n"));
    }
    buf_add(&exchange->reply.rest, STR("\r\n"));
    exchange->reply.head_len = exchange->reply.rest.len;
    exchange->reply.is_made = true;
    bool is_inline = reply_inline(exchange);
    assert(is_inline && "streams begin within the handler");
    (void)is_inline;
    return stream;
}

void http_stream_wake(struct http_stream *stream)
{
    if (stream->is_asleep) {
        stream->is_asleep = false;
        connection_run_soon(stream->connection);
    }
}

void http_stream_tick(struct http_stream *stream)
{
    stream->server->tick_wanted = true;
    stream->server->turn_again = true;
}

void http_stream_cut(struct http_stream *stream)
{
    stream->is_cut = true;
    shutdown(stream->connection->fd, SHUT_RDWR);
    connection_run_soon(stream->connection);
}

/* One that waits gets its orderly end; one whose peer is slow would keep the server waiting. */
void streams_end(struct http_server *server)
{
    for (struct http_stream *stream = server->streams; stream != NULL; stream = stream->next) {
        if (stream->is_asleep) {
            http_stream_wake(stream);
        } else {
            http_stream_cut(stream);
        }
    }
}
