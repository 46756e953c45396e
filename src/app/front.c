#include "app/server_internal.h"

#include "base/memory.h"

#include <stdlib.h>
#include <time.h>

enum { BODY_MAX = 1 << 20, BULK_BODY_MAX = 10 << 20, BODIES_MAX = 256 << 20, STOP_SECONDS = 2 };

/* From here on a certificate that is about to end is worth a warning. */
enum { CERTIFICATE_DAYS_MIN = 14 };

/* Answers made on the executor's thread are kept until its commit is done with. */
static _Thread_local bool is_executor;

void front_mark_executor(void)
{
    is_executor = true;
}

/* On the HTTP thread an answer goes out at once; the executor's go out together after its commit.
 */
struct reply_place {
    struct server *server;
    struct http_exchange *exchange;
    enum http_method method;
    int64_t begun_us; /* By the monotonic clock. */
};

static void measure(const struct reply_place *place, int status)
{
    struct metrics *metrics = &place->server->plant->stats.metrics;
    int class = status / 100;
    if (class > 0 && class < HTTP_CLASSES) {
        histogram_add(&metrics->http[place->method][class],
                      MICROSECONDS(monotonic_now().us - place->begun_us));
    }
}

static void keep_reply(struct reply_batch *batch, struct http_exchange *exchange,
                       const struct http_response *response)
{
    if (batch->count == batch->cap) {
        batch->cap = batch->cap == 0 ? 256 : batch->cap * 2;
        batch->exchanges = memory_grow(batch->exchanges, batch->cap, sizeof *batch->exchanges);
        batch->responses = memory_grow(batch->responses, batch->cap, sizeof *batch->responses);
    }
    batch->exchanges[batch->count] = exchange;
    batch->responses[batch->count] = *response;
    batch->count++;
}

static void send_reply(void *context, const struct http_response *response)
{
    struct reply_place *place = context;
    struct server *server = place->server;
    measure(place, response->status);
    if (is_executor) {
        keep_reply(&server->replies, place->exchange, response);
        return;
    }
    http_exchange_reply(place->exchange, response);
}

static struct http_stream *begin_stream(void *context, const struct http_response *head,
                                        const struct http_stream_source *source)
{
    const struct reply_place *place = context;
    return http_exchange_stream(place->exchange, head, source);
}

/* What clients compare with their own clocks, so that it is the real one at all times. */
static struct instant real_now(void *context)
{
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (struct instant){(int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
}

static struct duration tick(void *context, struct instant now)
{
    struct server *server = context;
    pulse_answer(server);
    return api_tick(server->api, now);
}

static void handle(void *context, struct http_exchange *exchange,
                   const struct http_request *request)
{
    struct server *server = context;
    struct arena *arena = http_exchange_arena(exchange);
    struct reply_place *place = ARENA_NEW(arena, struct reply_place);
    *place = (struct reply_place){server, exchange, request->method, monotonic_now().us};
    api_handle(server->api, request, arena, (struct api_reply){place, send_reply, begin_stream});
}

static void refuse(void *context, enum err err, const char *message, struct arena *arena,
                   struct http_response *out)
{
    struct problem problem = {0};
    struct server *server = context;
    atomic_fetch_add(&server->plant->stats.metrics.http_refused, 1);
    problem_set(&problem, err, NULL, "%s", message);
    api_error(&problem, STR_NONE, arena, out);
    if (err == E_UNAVAILABLE) {
        out->retry_after_seconds = 1; /* Others are done soon, or are cut off. */
    }
}

/* Writes of one turn of the HTTP loop go over in one piece (stack.md, "Hand-offs between threads").
 */
static void submit(void *context, struct work *work)
{
    struct server *server = context;
    work->next = NULL;
    if (server->handed_over == NULL) {
        server->handed_over = work;
    } else {
        server->handed_over_last->next = work;
    }
    server->handed_over_last = work;
}

static void submit_now(void *context, struct work *work)
{
    struct server *server = context;
    work->next = NULL;
    inbox_push(server->inbox, work);
}

static void offload(void *context, struct errand *errand)
{
    struct server *server = context;
    worker_give(server->worker, errand);
}

static void offload_elsewhere(void *context, struct errand *errand)
{
    struct server *server = context;
    worker_give(server->patient_worker, errand);
}

static void turn_end(void *context)
{
    struct server *server = context;
    struct work *list = server->handed_over;
    server->handed_over = NULL;
    if (list != NULL) {
        inbox_push(server->inbox, list);
    }
}

static void say_certificate(struct server *server)
{
    char text[INSTANT_TEXT_MAX];
    struct instant ends_at = http_tls_ends_at(server->tls);
    int64_t days = (ends_at.us - real_now(NULL).us) / DAYS(1).us;
    atomic_store(&server->plant->stats.tls_ends_ms, instant_ms(ends_at));
    log_write(&server->plant->log, days < CERTIFICATE_DAYS_MIN ? LOG_WARN : LOG_INFO, LOG_HTTP,
              STR_NONE, "the certificate is valid until %.*s",
              STR_FMT(instant_format(ends_at, text)));
}

static enum err open_tls(struct server *server, struct http_server_config *out,
                         struct problem *problem)
{
    struct config *config = &server->plant->config;
    struct problem why = {0};
    TRY(proxies_parse(config->trusted_proxies, &server->trusted, &why));
    out->trusted = server->trusted.count > 0 ? &server->trusted : NULL;
    if (config->tls_listen.len == 0) {
        return OK;
    }
    TRY(parse_listen(config->arena, config->tls_listen, &out->tls_address, &out->tls_port,
                     problem));
    if (http_tls_new(config->tls_cert.ptr, config->tls_key.ptr, &server->tls, &why) != OK) {
        return problem_set(problem, E_INVALID, "TOCSIN_TLS_CERT",
                           "TOCSIN_TLS_CERT and TOCSIN_TLS_KEY: %s", why.message);
    }
    out->tls = server->tls;
    say_certificate(server);
    return OK;
}

/* Connections go on with what they began with; new ones get the new certificate. */
void front_reload(struct server *server)
{
    struct problem problem = {0};
    if (server->tls == NULL) {
        return;
    }
    if (http_tls_reload(server->tls, &problem) != OK) {
        log_write(&server->plant->log, LOG_ERROR, LOG_HTTP, STR_NONE,
                  "the certificate stays as it was: %s", problem.message);
        return;
    }
    say_certificate(server);
}

enum err front_open(struct server *server, struct problem *problem)
{
    struct plant *plant = server->plant;
    struct api_config api = {
        .site = &plant->site,
        .reader = server->reader,
        .context = server,
        .submit = submit,
        .offload = offload,
        .offload_elsewhere = offload_elsewhere,
        .submit_now = submit_now,
        .advance = plant->site.is_virtual ? loop_advance : NULL,
        .requests_per_second = plant->config.key_requests,
        .streams_max = plant->config.streams_max,
        .heartbeat = SECONDS(plant->config.stream_heartbeat),
        .source_requests_per_second = plant->config.source_requests,
    };
    TRY(api_new(&api, &server->api));
    struct http_server_config config = {
        .body_bytes_max = BODY_MAX,
        .bulk_body_bytes_max = BULK_BODY_MAX,
        .is_bulk = route_is_bulk,
        .bodies_bytes_max = BODIES_MAX,
        .connections_max = (int)plant->config.connections_max,
        .connections_per_address_max = (int)plant->config.connections_per_address,
        .request_timeout = SECONDS(10),
        .idle_timeout = SECONDS(75),
        .log = &plant->log,
        .context = server,
        .handle = handle,
        .refuse = refuse,
        .now = real_now,
        .turn_end = turn_end,
        .tick = tick,
    };
    TRY(open_tls(server, &config, problem));
    TRY(parse_listen(plant->config.arena, plant->config.listen, &config.address, &config.port,
                     problem));
    TRY(http_server_start(&config, &server->http, problem));
    pthread_mutex_lock(&server->http_lock);
    server->http_listens = true;
    pthread_mutex_unlock(&server->http_lock);
    return OK;
}

/* The executor ends after the HTTP server, so that it may have something to tell to nobody. */
void front_tell(void *context)
{
    struct server *server = context;
    pthread_mutex_lock(&server->http_lock);
    if (server->http_listens) {
        http_server_wake(server->http);
    }
    pthread_mutex_unlock(&server->http_lock);
}

void front_close(struct server *server)
{
    pthread_mutex_lock(&server->http_lock);
    server->http_listens = false;
    pthread_mutex_unlock(&server->http_lock);
    if (server->http != NULL) {
        http_server_quiesce(server->http);
        http_server_stop(&server->http, SECONDS(STOP_SECONDS));
    }
    http_tls_free(&server->tls);
}
