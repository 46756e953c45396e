#include "lib/echo_server.h"

#include "base/buf.h"

#include <assert.h>
#include <string.h>
#include <time.h>

static const char *method_text(enum http_method method)
{
    static const char *const names[] = {"GET",   "HEAD",   "POST",    "PUT",
                                        "PATCH", "DELETE", "OPTIONS", "OTHER"};
    return names[method];
}

static void field(struct buf *out, const char *name, struct str value)
{
    if (str_is_set(value)) {
        buf_printf(out, "%s=%.*s\n", name, STR_FMT(value));
    }
}

static struct str describe(struct arena *arena, const struct http_request *request)
{
    struct buf out = {.arena = arena};
    buf_printf(&out, "%s %.*s\n", method_text(request->method), STR_FMT(request->path));
    field(&out, "query", request->query);
    field(&out, "authorization", request->authorization);
    field(&out, "content-type", request->content_type);
    field(&out, "idempotency-key", request->idempotency_key);
    field(&out, "if-none-match", request->if_none_match);
    field(&out, "accept", request->accept);
    field(&out, "cookie", request->cookie);
    for (size_t i = 0; i < request->extension_count; i++) {
        const struct http_header *header = &request->extensions[i];
        buf_printf(&out, "%.*s=%.*s\n", STR_FMT(header->name), STR_FMT(header->value));
    }
    field(&out, "peer", request->peer);
    buf_printf(&out, "body=%zu:", request->body.len);
    buf_add(&out, str_slice(request->body, 0, 64));
    return buf_str(&out);
}

static struct http_response answer(struct str body)
{
    return (struct http_response){.status = 200, .content_type = STR("text/plain"), .body = body};
}

static void handle(void *context, struct http_exchange *exchange,
                   const struct http_request *request)
{
    struct echo_server *echo = context;
    struct arena *arena = http_exchange_arena(exchange);
    struct http_response response = {0};
    if (echo->route != NULL && echo->route(request, arena, &response)) {
        http_exchange_reply(exchange, &response);
        return;
    }
    if (str_equal_text(request->path, "/later")) {
        assert(echo->turn_count < ECHO_BATCH_MAX);
        echo->turn[echo->turn_count++] = exchange;
        return;
    }
    if (str_equal_text(request->path, "/hold")) {
        pthread_mutex_lock(&echo->lock);
        echo->held[echo->held_count++] = exchange;
        pthread_cond_broadcast(&echo->changed);
        pthread_mutex_unlock(&echo->lock);
        return;
    }
    response = answer(describe(arena, request));
    http_exchange_reply(exchange, &response);
}

static void turn_end(void *context)
{
    struct echo_server *echo = context;
    if (echo->turn_count == 0) {
        return;
    }
    pthread_mutex_lock(&echo->lock);
    assert(echo->later_count + echo->turn_count <= ECHO_BATCH_MAX);
    memcpy(echo->later + echo->later_count, echo->turn, echo->turn_count * sizeof echo->turn[0]);
    echo->later_count += echo->turn_count;
    echo->turn_count = 0;
    pthread_cond_broadcast(&echo->changed);
    pthread_mutex_unlock(&echo->lock);
}

static void refuse(void *context, enum err err, const char *message, struct arena *arena,
                   struct http_response *out)
{
    (void)context;
    out->status = err_http_status(err);
    out->content_type = STR("application/json");
    out->body =
        arena_printf(arena, "{\"error\":\"%s\",\"message\":\"%s\"}", err_code(err), message);
}

static void reply_to_all(struct http_exchange *const *exchanges, size_t count)
{
    struct http_response responses[ECHO_BATCH_MAX];
    for (size_t i = 0; i < count; i++) {
        responses[i] = answer(STR("in a while"));
    }
    http_exchange_reply_many(exchanges, responses, count);
}

/* The thread behind /later. */
static void *reply_later(void *context)
{
    struct echo_server *echo = context;
    struct http_exchange *batch[ECHO_BATCH_MAX];
    pthread_mutex_lock(&echo->lock);
    while (!echo->stopping || echo->later_count > 0) {
        if (echo->later_count == 0) {
            pthread_cond_wait(&echo->changed, &echo->lock);
            continue;
        }
        size_t count = echo->later_count;
        memcpy(batch, echo->later, count * sizeof batch[0]);
        echo->later_count = 0;
        echo->batches++;
        pthread_mutex_unlock(&echo->lock);
        reply_to_all(batch, count);
        pthread_mutex_lock(&echo->lock);
    }
    pthread_mutex_unlock(&echo->lock);
    return NULL;
}

static bool is_bulk(struct str path)
{
    return str_starts(path, STR("/bulk"));
}

void echo_start(struct echo_server *echo, const struct http_server_config *config)
{
    struct http_server_config used = *config;
    struct problem problem = {0};
    used.address = STR("127.0.0.1");
    used.body_bytes_max = used.body_bytes_max > 0 ? used.body_bytes_max : 1024 * 1024;
    used.bulk_body_bytes_max =
        used.bulk_body_bytes_max > 0 ? used.bulk_body_bytes_max : 10 * 1024 * 1024;
    used.connections_max = used.connections_max > 0 ? used.connections_max : 2000;
    used.request_timeout = used.request_timeout.us > 0 ? used.request_timeout : SECONDS(10);
    used.idle_timeout = used.idle_timeout.us > 0 ? used.idle_timeout : SECONDS(60);
    used.is_bulk = is_bulk;
    used.context = echo;
    used.handle = handle;
    used.refuse = refuse;
    used.turn_end = turn_end;
    pthread_mutex_init(&echo->lock, NULL);
    pthread_cond_init(&echo->changed, NULL);
    enum err err = http_server_start(&used, &echo->server, &problem);
    assert(err == OK);
    echo->port = http_server_port(echo->server);
    int error = pthread_create(&echo->thread, NULL, reply_later, echo);
    assert(error == 0);
}

void echo_stop(struct echo_server *echo, struct duration grace)
{
    http_server_stop(&echo->server, grace);
    pthread_mutex_lock(&echo->lock);
    echo->stopping = true;
    pthread_cond_broadcast(&echo->changed);
    pthread_mutex_unlock(&echo->lock);
    pthread_join(echo->thread, NULL);
}

void echo_wait_held(struct echo_server *echo, size_t count)
{
    pthread_mutex_lock(&echo->lock);
    while (echo->held_count < count) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 5;
        int error = pthread_cond_timedwait(&echo->changed, &echo->lock, &until);
        assert(error == 0);
    }
    pthread_mutex_unlock(&echo->lock);
}

void echo_release(struct echo_server *echo)
{
    struct http_exchange *batch[ECHO_BATCH_MAX];
    pthread_mutex_lock(&echo->lock);
    size_t count = echo->held_count;
    memcpy(batch, echo->held, count * sizeof batch[0]);
    echo->held_count = 0;
    pthread_mutex_unlock(&echo->lock);
    reply_to_all(batch, count);
}
