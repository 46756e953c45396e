#include "net/http_server_internal.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Only where the answer is not chunked is a buffer of this size used. */
enum { BLOCK_BYTES = 4096 };

struct http_stream {
    struct http_server *server;
    struct http_connection *connection;
    struct http_stream *next;
    struct http_stream *previous;
    struct http_stream_source source;
    bool asleep; /* The connection is suspended. */
};

/* libmicrohttpd forbids suspending a connection when it stops, and wants no 0 without it. */
static ssize_t stream_read(void *context, uint64_t offset, char *out, size_t max)
{
    struct http_stream *stream = context;
    (void)offset;
    if (stream->server->closing) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    int64_t got = stream->source.read(stream->source.context, out, max);
    assert(got <= (int64_t)max);
    if (got > 0) {
        return (ssize_t)got;
    }
    if (got == HTTP_STREAM_END) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    stream->asleep = true;
    MHD_suspend_connection(stream->connection->mhd);
    return 0;
}

/* libmicrohttpd lets go of the response when it is done with it, on its own thread. */
static void stream_free(void *context)
{
    struct http_stream *stream = context;
    struct http_server *server = stream->server;
    struct http_stream **link =
        stream->previous == NULL ? &server->streams : &stream->previous->next;
    *link = stream->next;
    if (stream->next != NULL) {
        stream->next->previous = stream->previous;
    }
    stream->source.closed(stream->source.context);
    free(stream);
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
                                   .source = *source};
    if (server->streams != NULL) {
        server->streams->previous = stream;
    }
    server->streams = stream;
    http_stream_tick(stream);
    assert(exchange->response == NULL && "one reply is owed for each exchange");
    exchange->status = head->status;
    exchange->response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES,
                                                           stream_read, stream, stream_free);
    if (exchange->response == NULL) {
        memory_is_out();
    }
    response_headers_add(exchange->response, head);
    bool is_inline = reply_inline(exchange);
    assert(is_inline && "streams begin within the handler");
    (void)is_inline;
    return stream;
}

void http_stream_wake(struct http_stream *stream)
{
    if (stream->asleep) {
        stream->asleep = false;
        MHD_resume_connection(stream->connection->mhd);
    }
}

void http_stream_tick(struct http_stream *stream)
{
    stream->server->tick_wanted = true;
    stream->server->turn_again = true;
}

/* The socket is only shut down: libmicrohttpd notices and closes it. */
void http_stream_cut(struct http_stream *stream)
{
    shutdown(stream->connection->fd, SHUT_RDWR);
    http_stream_wake(stream);
}

/* One that waits gets its orderly end; one whose peer is slow would keep the server waiting. */
void streams_end(struct http_server *server)
{
    for (struct http_stream *stream = server->streams; stream != NULL; stream = stream->next) {
        if (stream->asleep) {
            http_stream_wake(stream);
        } else {
            http_stream_cut(stream);
        }
    }
}
