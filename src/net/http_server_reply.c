#include "net/http_server_internal.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Exchanges kept for the next request, and how big a body buffer may stay with one. */
enum { SPARES_MAX = 256, BODY_KEEP_BYTES = 64 * 1024 };

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
    exchange->phase = EXCHANGE_HEADERS;
    exchange->body_bytes_seen = 0;
    return exchange;
}

void exchange_free(struct http_exchange *exchange)
{
    if (exchange->response != NULL) {
        MHD_destroy_response(exchange->response);
    }
    buf_free(&exchange->body);
    arena_free(&exchange->arena);
    free(exchange);
}

void exchange_recycle(struct http_server *server, struct http_exchange *exchange)
{
    if (server->spare_count >= SPARES_MAX) {
        exchange_free(exchange);
        return;
    }
    if (exchange->response != NULL) {
        MHD_destroy_response(exchange->response);
        exchange->response = NULL;
    }
    if (exchange->body.cap > BODY_KEEP_BYTES) {
        buf_free(&exchange->body);
    }
    buf_clear(&exchange->body);
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

/* libmicrohttpd wants terminated text and refuses line breaks in it: a header that it refuses is
 * left out, which beats an answer that never comes. */
static void header_add(struct MHD_Response *response, const char *name, struct str value)
{
    char small[512];
    if (!str_is_set(value)) {
        return;
    }
    char *text = value.len < sizeof small ? small : malloc(value.len + 1);
    if (text == NULL) {
        memory_is_out();
    }
    memcpy(text, value.ptr, value.len);
    text[value.len] = '\0';
    (void)MHD_add_response_header(response, name, text);
    if (text != small) {
        free(text);
    }
}

static void header_add_named(struct MHD_Response *response, const struct http_header *header)
{
    char name[64];
    if (header->name.len >= sizeof name) {
        return;
    }
    memcpy(name, header->name.ptr, header->name.len);
    name[header->name.len] = '\0';
    header_add(response, name, header->value);
}

void response_headers_add(struct MHD_Response *response, const struct http_response *answer)
{
    header_add(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
    header_add(response, MHD_HTTP_HEADER_ALLOW, answer->allow);
    header_add(response, MHD_HTTP_HEADER_LOCATION, answer->location);
    header_add(response, "X-Request-Id", answer->request_id);
    if (answer->no_store) {
        header_add(response, MHD_HTTP_HEADER_CACHE_CONTROL, STR("no-store"));
    }
    if (answer->retry_after_seconds > 0) {
        struct buf text = {0};
        buf_add_int(&text, answer->retry_after_seconds);
        header_add(response, MHD_HTTP_HEADER_RETRY_AFTER, buf_str(&text));
        buf_free(&text);
    }
    for (size_t i = 0; i < answer->header_count; i++) {
        header_add_named(response, &answer->headers[i]);
    }
}

static struct MHD_Response *response_new(const struct http_response *answer)
{
    /* libmicrohttpd copies from this pointer only, though its type does not say so. */
    union {
        const char *given;
        void *wanted;
    } body = {.given = answer->body.ptr};
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->body.len, body.wanted, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        memory_is_out();
    }
    response_headers_add(response, answer);
    return response;
}

enum MHD_Result response_queue(struct http_server *server, struct http_exchange *exchange)
{
    assert(exchange->response != NULL);
    if (server->closing) {
        header_add(exchange->response, MHD_HTTP_HEADER_CONNECTION, STR("close"));
    }
    exchange->phase = EXCHANGE_ANSWERED;
    enum MHD_Result queued = MHD_queue_response(exchange->connection->mhd,
                                                (unsigned)exchange->status, exchange->response);
    MHD_destroy_response(exchange->response);
    exchange->response = NULL;
    return queued;
}

static void refusal_write(struct http_server *server, const struct request_fault *fault,
                          struct arena *arena, struct http_response *out)
{
    memset(out, 0, sizeof *out);
    server->config.refuse(server->config.context, fault->err, fault->message, arena, out);
    out->status = fault->status;
}

enum MHD_Result exchange_refuse(struct http_exchange *exchange, const struct request_fault *fault)
{
    struct http_server *server = exchange->connection->server;
    struct http_response answer;
    refusal_write(server, fault, exchange->arena, &answer);
    exchange->status = answer.status;
    exchange->response = response_new(&answer);
    if (!server->closing) {
        header_add(exchange->response, MHD_HTTP_HEADER_CONNECTION, STR("close"));
    }
    return response_queue(server, exchange);
}

void socket_refuse(struct http_server *server, int fd, const struct request_fault *fault)
{
    struct arena *arena = arena_new();
    struct http_response answer;
    refusal_write(server, fault, arena, &answer);
    struct buf text = {.arena = arena};
    buf_printf(&text, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Length: %zu\r\n",
               answer.status, MHD_get_reason_phrase_for((unsigned)answer.status), answer.body.len);
    buf_printf(&text, "Content-Type: %.*s\r\n\r\n", STR_FMT(answer.content_type));
    buf_add(&text, answer.body);
    struct str bytes = buf_str(&text);
    /* A client whose window is full at this point does not deserve the explanation. */
    (void)send(fd, bytes.ptr, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(fd, SHUT_RDWR);
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
        struct MHD_Connection *mhd = exchange->connection->mhd;
        (void)response_queue(server, exchange);
        MHD_resume_connection(mhd);
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
        MHD_resume_connection(late->connection->mhd);
        late = next;
    }
    box->owed += server->waiting_count;
    for (struct http_exchange *e = server->waiting; e != NULL; e = e->wait_next) {
        e->connection->exchange = NULL;
        MHD_resume_connection(e->connection->mhd);
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

/* A reply from within `handle` goes out without a detour. */
bool reply_inline(struct http_exchange *exchange)
{
    struct reply_box *box = exchange->box;
    if (!pthread_equal(box->server_thread, pthread_self()) || box->server->handling != exchange) {
        return false;
    }
    box->server->replied_inline = true;
    return true;
}

static void exchange_answer(struct http_exchange *exchange, const struct http_response *response)
{
    assert(exchange->response == NULL && "one reply is owed for each exchange");
    exchange->status = response->status;
    exchange->response = response_new(response);
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
    exchange_answer(exchange, response);
    if (!reply_inline(exchange)) {
        reply_batch(&exchange, 1);
    }
}

void http_exchange_reply_many(struct http_exchange *const *exchanges,
                              const struct http_response *responses, size_t count)
{
    size_t begin = 0;
    for (size_t i = 0; i < count; i++) {
        exchange_answer(exchanges[i], &responses[i]);
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
