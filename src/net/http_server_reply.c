#include "net/http_server_internal.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Exchanges kept for the next request, and how big a buffer may stay with one. */
enum { SPARES_MAX = 256, BUFFER_KEEP_BYTES = 64 * 1024 };

struct status_line {
    int status;
    struct str text;
};

/* RFC 9110 15, RFC 6585. */
static const struct status_line status_lines[] = {
    {200, STR_INIT("HTTP/1.1 200 OK\r\n")},
    {201, STR_INIT("HTTP/1.1 201 Created\r\n")},
    {202, STR_INIT("HTTP/1.1 202 Accepted\r\n")},
    {204, STR_INIT("HTTP/1.1 204 No Content\r\n")},
    {301, STR_INIT("HTTP/1.1 301 Moved Permanently\r\n")},
    {302, STR_INIT("HTTP/1.1 302 Found\r\n")},
    {303, STR_INIT("HTTP/1.1 303 See Other\r\n")},
    {304, STR_INIT("HTTP/1.1 304 Not Modified\r\n")},
    {307, STR_INIT("HTTP/1.1 307 Temporary Redirect\r\n")},
    {308, STR_INIT("HTTP/1.1 308 Permanent Redirect\r\n")},
    {400, STR_INIT("HTTP/1.1 400 Bad Request\r\n")},
    {401, STR_INIT("HTTP/1.1 401 Unauthorized\r\n")},
    {402, STR_INIT("HTTP/1.1 402 Payment Required\r\n")},
    {403, STR_INIT("HTTP/1.1 403 Forbidden\r\n")},
    {404, STR_INIT("HTTP/1.1 404 Not Found\r\n")},
    {405, STR_INIT("HTTP/1.1 405 Method Not Allowed\r\n")},
    {406, STR_INIT("HTTP/1.1 406 Not Acceptable\r\n")},
    {408, STR_INIT("HTTP/1.1 408 Request Timeout\r\n")},
    {409, STR_INIT("HTTP/1.1 409 Conflict\r\n")},
    {410, STR_INIT("HTTP/1.1 410 Gone\r\n")},
    {412, STR_INIT("HTTP/1.1 412 Precondition Failed\r\n")},
    {413, STR_INIT("HTTP/1.1 413 Content Too Large\r\n")},
    {414, STR_INIT("HTTP/1.1 414 URI Too Long\r\n")},
    {415, STR_INIT("HTTP/1.1 415 Unsupported Media Type\r\n")},
    {422, STR_INIT("HTTP/1.1 422 Unprocessable Content\r\n")},
    {429, STR_INIT("HTTP/1.1 429 Too Many Requests\r\n")},
    {431, STR_INIT("HTTP/1.1 431 Request Header Fields Too Large\r\n")},
    {500, STR_INIT("HTTP/1.1 500 Internal Server Error\r\n")},
    {501, STR_INIT("HTTP/1.1 501 Not Implemented\r\n")},
    {502, STR_INIT("HTTP/1.1 502 Bad Gateway\r\n")},
    {503, STR_INIT("HTTP/1.1 503 Service Unavailable\r\n")},
    {504, STR_INIT("HTTP/1.1 504 Gateway Timeout\r\n")},
    {505, STR_INIT("HTTP/1.1 505 HTTP Version Not Supported\r\n")},
    {507, STR_INIT("HTTP/1.1 507 Insufficient Storage\r\n")},
};

struct reply_box *reply_box_new(struct http_server *server)
{
    struct reply_box *box = calloc(1, sizeof *box);
    int wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (box == NULL || wake_fd < 0 || pthread_mutex_init(&box->lock, NULL) != 0 ||
        pthread_cond_init(&box->quiesced_changed, NULL) != 0) {
        memory_is_out();
    }
    box->owed = 1;
    box->wake_fd = wake_fd;
    box->server = server;
    return box;
}

void reply_box_release(struct reply_box *box)
{
    pthread_mutex_lock(&box->lock);
    assert(box->owed > 0);
    bool last = --box->owed == 0;
    pthread_mutex_unlock(&box->lock);
    if (!last) {
        return;
    }
    close(box->wake_fd);
    pthread_cond_destroy(&box->quiesced_changed);
    pthread_mutex_destroy(&box->lock);
    free(box);
}

struct http_exchange *exchange_new(struct http_server *server, struct http_connection *connection)
{
    struct http_exchange *exchange = server->spare;
    if (exchange != NULL) {
        server->spare = exchange->next;
        server->spare_count--;
    } else {
        exchange = memory_new(sizeof *exchange);
        exchange->arena = arena_new();
        exchange->box = server->box;
    }
    exchange->next = NULL;
    exchange->connection = connection;
    exchange->phase = EXCHANGE_BODY;
    exchange->frame = (struct body_frame){0};
    exchange->is_http_1_0 = false;
    exchange->body_bytes_seen = 0;
    return exchange;
}

void exchange_free(struct http_exchange *exchange)
{
    stream_free(&exchange->stream);
    buf_free(&exchange->reply.rest);
    buf_free(&exchange->body);
    arena_free(&exchange->arena);
    free(exchange);
}

static void buffer_reuse(struct buf *buffer)
{
    if (buffer->cap > BUFFER_KEEP_BYTES) {
        buf_free(buffer);
    }
    buf_clear(buffer);
}

void exchange_recycle(struct http_server *server, struct http_exchange *exchange)
{
    drop_body(exchange);
    if (server->spare_count >= SPARES_MAX) {
        exchange_free(exchange);
        return;
    }
    stream_free(&exchange->stream);
    buffer_reuse(&exchange->reply.rest);
    buffer_reuse(&exchange->body);
    exchange->reply.is_made = false;
    arena_reset(exchange->arena);
    memset(&exchange->request, 0, sizeof exchange->request);
    exchange->connection = NULL;
    exchange->next = server->spare;
    server->spare = exchange;
    server->spare_count++;
}

void waiting_add(struct http_server *server, struct http_exchange *exchange)
{
    exchange->phase = EXCHANGE_WAITING;
    exchange->wait_previous = NULL;
    exchange->wait_next = server->waiting;
    if (server->waiting != NULL) {
        server->waiting->wait_previous = exchange;
    }
    server->waiting = exchange;
    server->waiting_count++;
}

void waiting_remove(struct http_server *server, struct http_exchange *exchange)
{
    struct http_exchange **link =
        exchange->wait_previous == NULL ? &server->waiting : &exchange->wait_previous->wait_next;
    *link = exchange->wait_next;
    if (exchange->wait_next != NULL) {
        exchange->wait_next->wait_previous = exchange->wait_previous;
    }
    server->waiting_count--;
}

/* Who would smuggle a line into the head is left out, which beats an answer that never comes. */
static bool is_header_text(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\r' || text.ptr[i] == '\n' || text.ptr[i] == '\0') {
            return false;
        }
    }
    return true;
}

static void header_add(struct buf *out, struct str name, struct str value)
{
    if (!str_is_set(value) || !is_header_text(value) || !is_header_text(name)) {
        return;
    }
    buf_add(out, name);
    buf_add(out, STR(": "));
    buf_add(out, value);
    buf_add(out, STR("\r\n"));
}

static void number_add(struct buf *out, struct str name, int64_t value)
{
    buf_add(out, name);
    buf_add(out, STR(": "));
    buf_add_int(out, value);
    buf_add(out, STR("\r\n"));
}

void response_headers_add(struct buf *out, const struct http_response *answer)
{
    header_add(out, STR("Content-Type"), answer->content_type);
    header_add(out, STR("Allow"), answer->allow);
    header_add(out, STR("Location"), answer->location);
    header_add(out, STR("X-Request-Id"), answer->request_id);
    if (answer->no_store) {
        buf_add(out, STR("Cache-Control: no-store\r\n"));
    }
    if (answer->retry_after_seconds > 0) {
        number_add(out, STR("Retry-After"), answer->retry_after_seconds);
    }
    for (size_t i = 0; i < answer->header_count; i++) {
        header_add(out, answer->headers[i].name, answer->headers[i].value);
    }
}

static struct str status_line_of(int status)
{
    for (size_t i = 0; i < ARRAY_LENGTH(status_lines); i++) {
        if (status_lines[i].status == status) {
            return status_lines[i].text;
        }
    }
    return STR_NONE;
}

/* "Sat, 21 Nov 2026 12:30:00 GMT" (RFC 9110 5.6.7), written once a second; STR_NONE without a
 * clock. */
static struct str date_text(struct http_server *server)
{
    static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    bool is_fresh = instant_is_set(server->date_at) &&
                    instant_since(server->now, server->date_at).us < SECONDS(1).us;
    if (server->config.now == NULL || is_fresh) {
        return server->config.now == NULL ? STR_NONE : str_from(server->date);
    }
    struct instant now = server->config.now(server->config.context);
    int64_t seconds = now.us > 0 ? now.us / SECONDS(1).us : 0;
    struct date date = date_from_days(seconds / 86400);
    snprintf(server->date, sizeof server->date, "%s, %02d %s %04d %02d:%02d:%02d GMT",
             weekdays[weekday_of_days(seconds / 86400)], date.day, months[date.month - 1],
             date.year % 10000, (int)(seconds / 3600 % 24), (int)(seconds / 60 % 60),
             (int)(seconds % 60));
    /* From the start of the second on, so that the text is never a second old. */
    server->date_at = instant_sub(server->now, MICROSECONDS(now.us % SECONDS(1).us));
    return str_from(server->date);
}

static void prefix_add(struct reply *reply, struct str text)
{
    assert(reply->prefix_len + text.len <= sizeof reply->prefix);
    if (text.len > 0) {
        memcpy(reply->prefix + reply->prefix_len, text.ptr, text.len);
    }
    reply->prefix_len += text.len;
}

void reply_address(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    struct http_exchange *exchange = connection->exchange;
    struct reply *reply = &exchange->reply;
    struct str line = status_line_of(exchange->status);
    bool has_no_end = exchange->stream != NULL && exchange->is_http_1_0;
    bool is_head = exchange->request.method == HTTP_HEAD;
    assert(reply->is_made);
    if (server->closing || has_no_end) {
        connection->keeps_alive = false;
    }
    reply->sent = 0;
    reply->prefix_len = 0;
    if (str_is_set(line)) {
        prefix_add(reply, line);
    } else {
        char text[32];
        snprintf(text, sizeof text, "HTTP/1.1 %d Unknown\r\n", exchange->status % 1000);
        prefix_add(reply, str_from(text));
    }
    struct str date = date_text(server);
    if (str_is_set(date)) {
        prefix_add(reply, STR("Date: "));
        prefix_add(reply, date);
        prefix_add(reply, STR("\r\n"));
    }
    if (!connection->keeps_alive) {
        prefix_add(reply, STR("Connection: close\r\n"));
    } else if (exchange->is_http_1_0) {
        prefix_add(reply, STR("Connection: Keep-Alive\r\n"));
    }
    reply->rest_len = is_head ? reply->head_len : reply->rest.len;
}

/* RFC 9110 8.6: 204 has no length, and that of 304 would be the one that 200 has, which we don't
 * know. */
static void reply_write(struct http_exchange *exchange, const struct http_response *answer)
{
    struct reply *reply = &exchange->reply;
    assert(!reply->is_made && "one reply is owed for each exchange");
    exchange->status = answer->status;
    buf_reserve(&reply->rest, answer->body.len + 512);
    response_headers_add(&reply->rest, answer);
    bool has_body = answer->status != 204 && answer->status != 304;
    if (has_body) {
        number_add(&reply->rest, STR("Content-Length"), (int64_t)answer->body.len);
    }
    buf_add(&reply->rest, STR("\r\n"));
    reply->head_len = reply->rest.len;
    if (has_body) {
        buf_add(&reply->rest, answer->body);
    }
    reply->is_made = true;
}

static void refusal_write(struct http_server *server, const struct request_fault *fault,
                          struct arena *arena, struct http_response *out)
{
    memset(out, 0, sizeof *out);
    server->config.refuse(server->config.context, fault->err, fault->message, arena, out);
    out->status = fault->status;
}

void exchange_refuse(struct http_exchange *exchange, const struct request_fault *fault)
{
    struct http_connection *connection = exchange->connection;
    struct http_response answer;
    refusal_write(connection->server, fault, exchange->arena, &answer);
    reply_write(exchange, &answer);
    connection->keeps_alive = false;
    reply_begin(connection);
}

void connection_refuse(struct http_connection *connection, const struct request_fault *fault)
{
    struct arena *arena = arena_new();
    struct http_response answer;
    refusal_write(connection->server, fault, arena, &answer);
    struct buf text = {.arena = arena};
    buf_add(&text, status_line_of(answer.status));
    buf_printf(&text, "Connection: close\r\nContent-Length: %zu\r\n", answer.body.len);
    buf_printf(&text, "Content-Type: %.*s\r\n\r\n", STR_FMT(answer.content_type));
    buf_add(&text, answer.body);
    /* A client whose window is full at this point does not deserve the explanation. */
    connection_say(connection, buf_str(&text));
    arena_free(&arena);
}

void replies_take(struct http_server *server)
{
    struct reply_box *box = server->box;
    pthread_mutex_lock(&box->lock);
    struct http_exchange *exchange = box->first;
    box->first = NULL;
    box->last = NULL;
    box->asleep = false;
    server->tick_wanted = server->tick_wanted || box->tick_wanted;
    box->tick_wanted = false;
    pthread_mutex_unlock(&box->lock);
    while (exchange != NULL) {
        struct http_exchange *next = exchange->next;
        exchange->next = NULL;
        waiting_remove(server, exchange);
        struct http_connection *connection = exchange->connection;
        reply_begin(connection);
        connection_run(connection);
        exchange = next;
    }
}

/* Whoever still owes a reply will find the box closed. Their connections are let go here, under the
 * lock, because from the moment it is released an exchange may be freed by its owner. */
void exchanges_abandon(struct http_server *server)
{
    struct reply_box *box = server->box;
    pthread_mutex_lock(&box->lock);
    struct http_exchange *late = box->first;
    box->first = NULL;
    box->last = NULL;
    box->closed = true;
    while (late != NULL) {
        struct http_exchange *next = late->next;
        waiting_remove(server, late);
        late->connection->phase = CONNECTION_SENDING; /* Whose exchange goes with it. */
        late = next;
    }
    box->owed += server->waiting_count;
    for (struct http_exchange *e = server->waiting; e != NULL; e = e->wait_next) {
        e->connection->exchange = NULL;
        e->connection = NULL;
    }
    server->waiting = NULL;
    pthread_mutex_unlock(&box->lock);
}

/* Under the lock. True where the exchange was taken, false where the server is gone. */
static bool push(struct reply_box *box, struct http_exchange *exchange)
{
    if (box->closed) {
        return false;
    }
    if (box->last == NULL) {
        box->first = exchange;
    } else {
        box->last->next = exchange;
    }
    box->last = exchange;
    return true;
}

/* A reply from within `handle` goes out without a detour. An exchange that the server has let go of
 * has no connection: the thread may be a new one with the number of the server's, which is gone. */
bool reply_inline(struct http_exchange *exchange)
{
    struct reply_box *box = exchange->box;
    if (!pthread_equal(box->server_thread, pthread_self()) || exchange->connection == NULL ||
        box->server->handling != exchange) {
        return false;
    }
    box->server->replied_inline = true;
    return true;
}

/* Pushes what belongs to one box; the wake-up is written under the lock, since the box may vanish
 * after it. */
static void reply_batch(struct http_exchange *const *exchanges, size_t count)
{
    struct reply_box *box = exchanges[0]->box;
    size_t orphans = 0;
    pthread_mutex_lock(&box->lock);
    for (size_t i = 0; i < count; i++) {
        if (!push(box, exchanges[i])) {
            exchange_free(exchanges[i]);
            orphans++;
        }
    }
    if (box->asleep && box->first != NULL) {
        uint64_t one = 1;
        ssize_t put = write(box->wake_fd, &one, sizeof one);
        assert(put == sizeof one || errno == EAGAIN);
        box->asleep = false;
    }
    pthread_mutex_unlock(&box->lock);
    while (orphans-- > 0) {
        reply_box_release(box);
    }
}

void http_exchange_reply(struct http_exchange *exchange, const struct http_response *response)
{
    reply_write(exchange, response);
    if (!reply_inline(exchange)) {
        reply_batch(&exchange, 1);
    }
}

void http_exchange_reply_many(struct http_exchange *const *exchanges,
                              const struct http_response *responses, size_t count)
{
    size_t begin = 0;
    for (size_t i = 0; i < count; i++) {
        reply_write(exchanges[i], &responses[i]);
    }
    while (begin < count) {
        /* Nearly always the whole batch belongs to one server. An exchange may be gone once it is
         * pushed, so that the bounds are found first. */
        size_t end = begin + 1;
        while (end < count && exchanges[end]->box == exchanges[begin]->box) {
            end++;
        }
        if (end - begin == 1 && reply_inline(exchanges[begin])) {
            begin = end;
            continue;
        }
        reply_batch(exchanges + begin, end - begin);
        begin = end;
    }
}

struct arena *http_exchange_arena(struct http_exchange *exchange)
{
    return exchange->arena;
}
