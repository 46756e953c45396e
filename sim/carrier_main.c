/* tocsin-carrier: the fake Twilio, Plivo and Exotel of sim/carrier on a loopback port, in real
 * time.
 *
 * For tests of the whole server and for benches: TWILIO_API_BASE_URL and its kin are the address
 * that is printed. POST /_control/script takes sentences, one a line (carrier_help); GET
 * /_control/journal gives what happened, as JSON. With --speed N everything takes an N-th of its
 * time. One lock keeps the carrier; the main thread makes the calls to our webhooks when they are
 * due. A fault that is no answer at all is played as one that comes after two minutes. */
#include "net/http_client.h"
#include "net/http_server.h"
#include "sim/carrier_fields.h"

#include "base/memory.h"
#include "sim/carrier.h"

#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NO_ANSWER_SECONDS = 120, IDLE_MS = 1000 };

/* An answer that is not due yet. */
struct late {
    struct late *next;
    struct instant at;
    struct http_exchange *exchange;
    struct arena *arena;
    struct http_response response;
};

struct place {
    pthread_mutex_t lock;
    struct carrier *carrier;
    struct http_client *client;
    struct late *late;
    struct log log;
    struct instant start; /* By the real clock. */
    int64_t speed;
};

static struct instant real_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (struct instant){(int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
}

static struct instant now_of(const struct place *place)
{
    int64_t passed = real_now().us - place->start.us;
    return (struct instant){place->start.us + passed * place->speed};
}

/* Of the log, and of the Date of answers. Its own time, with --speed, runs away from everybody's:
 * told as a Date it would make what was taken a moment ago look minutes old. */
static struct instant told_now(void *context)
{
    (void)context;
    return real_now();
}

static void write_log(void *context, struct str line)
{
    (void)context;
    fprintf(stderr, "%.*s", STR_FMT(line));
}

/* --- The control path --- */

static void answer_text(struct http_response *out, int status, struct str text)
{
    *out = (struct http_response){
        .status = status, .content_type = STR("text/plain; charset=utf-8"), .body = text};
}

static void take_script(struct place *place, const struct http_request *request,
                        struct http_response *out)
{
    struct str rest = request->body;
    struct str line = STR_NONE;
    struct str wrong = STR_NONE;
    while (str_split(&rest, '\n', &line)) {
        line = str_trim(line);
        if (line.len > 0 && carrier_say(place->carrier, now_of(place), line, &wrong) != OK) {
            answer_text(out, 400, wrong);
            return;
        }
    }
    answer_text(out, 200, STR("ok\n"));
}

static void set_text(json_t *object, const char *name, struct str text)
{
    json_object_set_new(object, name,
                        str_is_set(text) ? json_stringn(text.ptr, text.len) : json_null());
}

/* `at` is by the carrier's time, which may run faster; `realAt` by the machine's, in microseconds.
 */
static json_t *fact_of(const struct place *place, const struct carrier_fact *fact)
{
    char at[INSTANT_TEXT_MAX];
    json_t *object = json_object();
    int64_t real_us = place->start.us + (fact->at.us - place->start.us) / place->speed;
    set_text(object, "at", instant_format(fact->at, at));
    json_object_set_new(object, "realAt", json_integer(real_us));
    json_object_set_new(object, "kind", json_string(carrier_fact_name(fact->kind)));
    json_object_set_new(object, "provider", json_string(carrier_brand_name(fact->brand)));
    json_object_set_new(object, "channel",
                        fact->channel == channel_NONE
                            ? json_null()
                            : json_string(enum_name(&channel_names, (int)fact->channel)));
    set_text(object, "number", fact->number);
    set_text(object, "id", fact->id);
    set_text(object, "attempt", fact->attempt);
    set_text(object, "text", fact->text);
    return object;
}

static void give_journal(struct place *place, struct arena *arena, struct http_response *out)
{
    const struct carrier_fact *facts = NULL;
    size_t count = carrier_facts(place->carrier, &facts);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, fact_of(place, &facts[i]));
    }
    char *text = json_dumps(list, JSON_COMPACT);
    *out = (struct http_response){.status = 200,
                                  .content_type = STR("application/json"),
                                  .body = arena_str(arena, str_from(text))};
    free(text);
    json_decref(list);
}

/* --- The providers --- */

static const char *host_of(struct str path)
{
    if (str_starts(path, STR("/2010-04-01/"))) {
        return "https://api.twilio.com";
    }
    if (str_starts(path, STR("/v1/Account/"))) {
        return "https://api.plivo.com";
    }
    return str_starts(path, STR("/v1/Accounts/")) ? "https://api.exotel.com" : NULL;
}

static const char *method_name(enum http_method method)
{
    switch (method) {
    case HTTP_POST:
        return "POST";
    case HTTP_DELETE:
        return "DELETE";
    case HTTP_GET:
    case HTTP_HEAD:
    case HTTP_PUT:
    case HTTP_PATCH:
    case HTTP_OPTIONS:
    case HTTP_OTHER:
        break;
    }
    return "GET";
}

static void ask(struct place *place, const struct http_request *request, struct arena *arena,
                struct carrier_reply *out)
{
    struct wire_request wire = {.kind = WIRE_HTTP,
                                .timeout = SECONDS(NO_ANSWER_SECONDS * place->speed)};
    wire.http.method = str_from(method_name(request->method));
    wire.http.url =
        arena_printf(arena, "%s%.*s%s%.*s", host_of(request->path), STR_FMT(request->path),
                     request->query.len > 0 ? "?" : "", STR_FMT(request->query));
    wire.http.headers[0] = (struct http_header){STR("Content-Type"), request->content_type};
    wire.http.header_count = 1;
    wire.http.body = request->body;
    if (!basic_read(arena, request->authorization, &wire.http.username, &wire.http.password)) {
        wire.http.username = STR_NONE;
    }
    carrier_request(place->carrier, now_of(place), &wire, arena, out);
}

static void respond(const struct carrier_reply *reply, struct http_response *out)
{
    const struct wire_answer *answer = &reply->answer;
    if (answer->outcome != WIRE_ANSWERED) {
        answer_text(out, 503, answer->reason);
        return;
    }
    *out = (struct http_response){.status = answer->status,
                                  .content_type = answer->content_type,
                                  .body = answer->body,
                                  .retry_after_seconds = answer->retry_after_seconds};
}

static void keep(struct place *place, struct http_exchange *exchange, struct instant at,
                 const struct http_response *response)
{
    struct late *late = memory_new(sizeof *late);
    *late =
        (struct late){.at = at, .exchange = exchange, .arena = arena_new(), .response = *response};
    late->response.body = arena_str(late->arena, response->body);
    late->response.content_type = arena_str(late->arena, response->content_type);
    struct late **last = &place->late;
    while (*last != NULL && (*last)->at.us <= at.us) {
        last = &(*last)->next;
    }
    late->next = *last;
    *last = late;
}

static void handle(void *context, struct http_exchange *exchange,
                   const struct http_request *request)
{
    struct place *place = context;
    struct arena *arena = http_exchange_arena(exchange);
    struct http_response response = {.status = 404};
    struct carrier_reply reply = {.at = INSTANT_NONE};
    pthread_mutex_lock(&place->lock);
    if (str_equal_text(request->path, "/_control/script") && request->method == HTTP_POST) {
        take_script(place, request, &response);
    } else if (str_equal_text(request->path, "/_control/journal")) {
        give_journal(place, arena, &response);
    } else if (host_of(request->path) != NULL) {
        ask(place, request, arena, &reply);
        respond(&reply, &response);
    }
    bool is_late = reply.at.us > now_of(place).us;
    if (is_late) {
        keep(place, exchange, reply.at, &response);
    }
    pthread_mutex_unlock(&place->lock);
    if (!is_late) {
        http_exchange_reply(exchange, &response);
    }
    kill(getpid(), SIGUSR1); /* There may be something to do earlier than was thought. */
}

static void refuse(void *context, enum err err, const char *message, struct arena *arena,
                   struct http_response *out)
{
    (void)context;
    (void)err;
    answer_text(out, 400, arena_str(arena, str_from(message)));
}

static void hear(void *context, uint64_t ticket, const struct wire_answer *answer)
{
    struct place *place = context;
    struct carrier_heard heard = {0};
    if (answer->outcome == WIRE_ANSWERED) {
        heard = (struct carrier_heard){answer->status, answer->content_type, answer->body};
    }
    pthread_mutex_lock(&place->lock);
    carrier_answered(place->carrier, now_of(place), ticket, &heard);
    pthread_mutex_unlock(&place->lock);
    kill(getpid(), SIGUSR1);
}

/* --- Time --- */

static void call_hook(struct place *place, const struct carrier_hook *hook)
{
    struct wire_request request = {.kind = WIRE_HTTP, .timeout = SECONDS(15)};
    request.http.method = hook->method;
    request.http.url = hook->url;
    request.http.body = hook->body;
    request.http.body_bytes_max = 256 * 1024;
    for (size_t i = 0; i < hook->header_count; i++) {
        request.http.headers[request.http.header_count++] = hook->headers[i];
    }
    if (hook->content_type.len > 0) {
        request.http.headers[request.http.header_count++] =
            (struct http_header){STR("Content-Type"), hook->content_type};
    }
    http_client_submit(place->client, &request, hook->ticket);
}

static void answer_late(struct place *place, struct instant until)
{
    while (place->late != NULL && place->late->at.us <= until.us) {
        struct late *late = place->late;
        place->late = late->next;
        http_exchange_reply(late->exchange, &late->response);
        arena_free(&late->arena);
        free(late);
    }
}

/* Does what is due; how long until there is more. */
static int64_t run(struct place *place)
{
    struct carrier_hook hook;
    struct instant next = INSTANT_NONE;
    int64_t wait_us = (int64_t)IDLE_MS * 1000 * place->speed;
    pthread_mutex_lock(&place->lock);
    answer_late(place, now_of(place));
    while (carrier_take(place->carrier, now_of(place), &hook)) {
        call_hook(place, &hook);
    }
    struct instant now = now_of(place);
    if (carrier_next(place->carrier, &next) && next.us - now.us < wait_us) {
        wait_us = next.us - now.us;
    }
    if (place->late != NULL && place->late->at.us - now.us < wait_us) {
        wait_us = place->late->at.us - now.us;
    }
    pthread_mutex_unlock(&place->lock);
    return wait_us < 0 ? 0 : wait_us / place->speed;
}

static void run_until_told(struct place *place, const sigset_t *signals)
{
    int got = 0;
    while (got != SIGTERM && got != SIGINT) {
        int64_t us = run(place) + 200;
        struct timespec wait = {us / 1000000, us % 1000000 * 1000};
        got = sigtimedwait(signals, NULL, &wait);
    }
}

static bool start(struct place *place, uint16_t port, struct http_server **server)
{
    struct problem problem = {0};
    struct http_client_config client = {.allow_private = true,
                                        .in_flight_max = 64,
                                        .per_host_max = 64,
                                        .user_agent = STR("tocsin-carrier"),
                                        .log = &place->log,
                                        .context = place,
                                        .done = hear};
    struct http_server_config config = {.address = STR("127.0.0.1"),
                                        .port = port,
                                        .body_bytes_max = 1 << 20,
                                        .bulk_body_bytes_max = 1 << 20,
                                        .connections_max = 512,
                                        .request_timeout = SECONDS(10),
                                        .idle_timeout = SECONDS(NO_ANSWER_SECONDS),
                                        .log = &place->log,
                                        .context = place,
                                        .handle = handle,
                                        .refuse = refuse,
                                        .now = told_now};
    if (http_client_start(&client, &place->client, &problem) != OK ||
        http_server_start(&config, server, &problem) != OK) {
        fprintf(stderr, "tocsin-carrier: %s\n", problem.message);
        return false;
    }
    printf("listening on http://127.0.0.1:%d\n", (int)http_server_port(*server));
    fflush(stdout);
    return true;
}

static void usage(void)
{
    printf("usage: tocsin-carrier [--port N] [--public URL] [--speed N]\n\n"
           "Accounts: TWILIO_ACCOUNT_SID=AC00000000000000000000000000000001 "
           "TWILIO_AUTH_TOKEN=token-of-twilio,\nPLIVO_AUTH_ID=MA000000000000000001 "
           "PLIVO_AUTH_TOKEN=token-of-plivo, EXOTEL_ACCOUNT_SID=tocsin1 "
           "EXOTEL_API_KEY=key-of-exotel\nEXOTEL_API_TOKEN=token-of-exotel.\n"
           "POST /_control/script, one sentence a line:\n%s"
           "GET /_control/journal\n",
           carrier_help);
}

static bool read_words(int argc, char **argv, int64_t *port, struct carrier_config *config,
                       struct place *place)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        struct str value = str_from(argv[i + 1]);
        bool is_good = strcmp(argv[i], "--port") == 0    ? str_to_int(value, port) == OK
                       : strcmp(argv[i], "--speed") == 0 ? str_to_int(value, &place->speed) == OK
                                                         : strcmp(argv[i], "--public") == 0;
        if (strcmp(argv[i], "--public") == 0) {
            config->public_url = value;
        }
        if (!is_good || place->speed < 1) {
            return false;
        }
    }
    return argc % 2 == 1;
}

int main(int argc, char **argv)
{
    struct place place = {.lock = PTHREAD_MUTEX_INITIALIZER, .start = real_now(), .speed = 1};
    struct carrier_config config = {
        .accounts = {{STR("https://api.twilio.com"), STR("AC00000000000000000000000000000001"),
                      STR("token-of-twilio"), STR(""), STR("")},
                     {STR("https://api.plivo.com"), STR("MA000000000000000001"),
                      STR("token-of-plivo"), STR(""), STR("")},
                     {STR("https://api.exotel.com"), STR("tocsin1"), STR(""), STR("key-of-exotel"),
                      STR("token-of-exotel")}}};
    struct http_server *server = NULL;
    sigset_t signals;
    int64_t port = 0;
    if (!read_words(argc, argv, &port, &config, &place)) {
        usage();
        return 2;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* Before there are threads. */
    signal(SIGPIPE, SIG_IGN);
    place.log = (struct log){.least = LOG_WARN, .sink = write_log, .now = told_now};
    place.carrier = carrier_new();
    carrier_configure(place.carrier, &config);
    if (!start(&place, (uint16_t)port, &server)) {
        return 1;
    }
    run_until_told(&place, &signals);
    answer_late(&place, (struct instant){INT64_MAX}); /* Whoever still waits for an answer. */
    http_server_stop(&server, SECONDS(0));
    http_client_stop(&place.client);
    carrier_free(&place.carrier);
    return 0;
}
