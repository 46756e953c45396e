/* fuzz_http_wire: any bytes as what a client sends on one connection, over a real socket, in one
 * thread. The first byte says in how large pieces. Wherever the network cuts, the answers are the
 * same bytes; there is one answer for each request that was handled, and at most one refusal behind
 * them, after which nothing is handled any more; and each answer is framed as RFC 9112 has it. */
#include "net/http_server_internal.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INPUT_BYTES_MAX = 20000, BODY_MAX = 300, BULK_BODY_MAX = 2000, ANSWER_BYTES = 131072 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What the server did with one stream of bytes. */
struct outcome {
    char *answers;
    size_t len;
    int handled;
    int refused;
    bool handled_after_refusal;
};

/* Says what it was asked, so that a request that was understood differently is answered
 * differently. */
static void handle(void *context, struct http_exchange *exchange,
                   const struct http_request *request)
{
    struct outcome *outcome = context;
    struct buf text = {.arena = http_exchange_arena(exchange)};
    outcome->handled++;
    outcome->handled_after_refusal = outcome->handled_after_refusal || outcome->refused > 0;
    uint64_t hash = hash_bytes((struct hash_key){1, 2}, request->body);
    buf_printf(&text, "%d %.*s ? %.*s %zu %llx", (int)request->method, STR_FMT(request->path),
               STR_FMT(request->query), request->body.len, (unsigned long long)hash);
    struct http_response response = {
        .status = 200, .content_type = STR("text/plain"), .body = buf_str(&text)};
    http_exchange_reply(exchange, &response);
}

static void refuse(void *context, enum err err, const char *message, struct arena *arena,
                   struct http_response *out)
{
    struct outcome *outcome = context;
    outcome->refused++;
    out->status = err_http_status(err);
    out->content_type = STR("text/plain");
    out->body = arena_printf(arena, "%s", message);
}

static bool is_bulk(struct str path)
{
    return str_starts(path, STR("/bulk"));
}

static struct http_server *server_of(struct outcome *outcome)
{
    struct http_server *server = memory_new(sizeof *server);
    server->config = (struct http_server_config){.body_bytes_max = BODY_MAX,
                                                 .bulk_body_bytes_max = BULK_BODY_MAX,
                                                 .is_bulk = is_bulk,
                                                 .connections_max = 8,
                                                 .context = outcome,
                                                 .handle = handle,
                                                 .refuse = refuse};
    server->receiving.wait = server->idle.wait = server->sending.wait = SECONDS(60);
    server->lingering.wait = SECONDS(60);
    server->addresses = calloc(1, sizeof *server->addresses);
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server->listeners[LISTENER_PLAIN].fd = server->listeners[LISTENER_TLS].fd = -1;
    server->now = (struct instant){1};
    server->box = reply_box_new(server);
    server->box->server_thread = pthread_self();
    return server;
}

static void server_end(struct http_server *server)
{
    while (server->connections != NULL) {
        connection_close(server->connections);
    }
    connections_run(server);
    connections_free_closed(server);
    while (server->spare != NULL) {
        struct http_exchange *next = server->spare->next;
        exchange_free(server->spare);
        server->spare = next;
    }
    assert(server->bodies_bytes == 0 && server->active == 0 && server->waiting_count == 0);
    reply_box_release(server->box);
    close(server->listeners[LISTENER_PLAIN].fd);
    close(server->epoll_fd);
    free(server->addresses);
    free(server);
}

/* A connection of the server's, and its other end. */
static int join(struct http_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct http_listener *listener = &server->listeners[LISTENER_PLAIN];
    listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(listener->fd, (struct sockaddr *)&address, len) != 0 || listen(listener->fd, 1) != 0 ||
        getsockname(listener->fd, (struct sockaddr *)&address, &len) != 0 ||
        connect(peer, (struct sockaddr *)&address, len) != 0) {
        abort();
    }
    /* Closed without waiting, so that a million of them do not use up the ports. */
    struct linger hard = {1, 0};
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    int on = 1;
    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    listener->is_looked_at = true;
    connections_accept(server);
    assert(server->connection_count == 1);
    return peer;
}

static void collect(int peer, struct outcome *outcome)
{
    ssize_t got = 1;
    while (got > 0 && outcome->len < ANSWER_BYTES) {
        got =
            recv(peer, outcome->answers + outcome->len, ANSWER_BYTES - outcome->len, MSG_DONTWAIT);
        outcome->len += got > 0 ? (size_t)got : 0;
    }
}

static void run(struct http_server *server, bool has_left)
{
    struct http_connection *connection = server->connections;
    if (connection == NULL) {
        return;
    }
    connection->is_readable = true;
    connection->has_left = connection->has_left || has_left;
    connection_run(connection);
    while (server->runnable != NULL) {
        connections_run(server);
    }
    connections_free_closed(server);
}

static void play(struct str text, size_t piece, struct outcome *outcome)
{
    struct http_server *server = server_of(outcome);
    int peer = join(server);
    for (size_t at = 0; at < text.len && server->connections != NULL; at += piece) {
        struct str part = str_slice(text, at, at + piece);
        ssize_t put = send(peer, part.ptr, part.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        run(server, false);
        collect(peer, outcome);
        if (put != (ssize_t)part.len) {
            break;
        }
    }
    shutdown(peer, SHUT_WR);
    run(server, true);
    collect(peer, outcome);
    close(peer);
    server_end(server);
}

/* Status line, headers that end with CRLF, and as much body as its length says; the answer to HEAD
 * has none. */
static int count_answers(struct str rest)
{
    int count = 0;
    while (rest.len > 0) {
        size_t end = str_find(rest, STR("\r\n\r\n"));
        struct str head = str_slice(rest, 0, end + 2);
        size_t mark = str_find(head, STR("\r\nContent-Length: "));
        int64_t length = 0;
        assert(end < rest.len && str_starts(rest, STR("HTTP/1.1 ")));
        rest = str_slice(rest, end + 4, rest.len);
        if (str_starts(head, STR("HTTP/1.1 100 "))) {
            continue;
        }
        struct str number = str_slice(head, mark + 18, head.len);
        assert(mark < head.len);
        assert(str_to_int(str_slice(number, 0, str_find_byte(number, '\r', 0)), &length) == OK);
        count++;
        bool is_head = !str_starts(rest, STR("HTTP/1.1 ")) ? false : length > 0;
        rest = is_head ? rest : str_slice(rest, (size_t)length, rest.len);
    }
    return count;
}

/* Whether to go on is asked where the body is not there yet, which a cut may bring about. */
static struct str without_interims(struct arena *arena, const struct outcome *outcome)
{
    struct str interim = STR("HTTP/1.1 100 Continue\r\n\r\n");
    struct str rest = {outcome->answers, outcome->len};
    struct buf out = {.arena = arena};
    while (rest.len > 0) {
        size_t at = str_find(rest, interim);
        buf_add(&out, str_slice(rest, 0, at));
        rest = str_slice(rest, at + interim.len, rest.len);
    }
    return out.len > 0 ? buf_str(&out) : STR("");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2 || size > INPUT_BYTES_MAX) {
        return 0;
    }
    struct arena *arena = arena_new();
    struct outcome whole = {.answers = arena_alloc(arena, ANSWER_BYTES)};
    struct outcome pieces = {.answers = arena_alloc(arena, ANSWER_BYTES)};
    struct str text = {(const char *)bytes + 1, size - 1};
    size_t least = text.len / 200 + 1; /* Two hundred pieces are enough. */
    play(text, text.len, &whole);
    play(text, least + bytes[0] % 64, &pieces);
    assert(!whole.handled_after_refusal && !pieces.handled_after_refusal);
    assert(whole.refused <= 1 && pieces.refused <= 1);
    struct str first = without_interims(arena, &whole);
    struct str second = without_interims(arena, &pieces);
    if (whole.len < ANSWER_BYTES && pieces.len < ANSWER_BYTES) {
        assert(count_answers(first) == whole.handled + whole.refused);
        bool is_same = str_equal(first, second) && whole.handled == pieces.handled;
        if (!is_same) {
            fprintf(stderr, "whole:  %.*s\npieces: %.*s\n", STR_FMT(first), STR_FMT(second));
        }
        assert(is_same);
    }
    arena_free(&arena);
    return 0;
}
