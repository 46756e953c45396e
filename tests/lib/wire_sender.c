#include "lib/wire_sender.h"

#include <assert.h>
#include <time.h>

static void done(void *context, uint64_t ticket, const struct wire_answer *answer)
{
    struct wire_sender *sender = context;
    pthread_mutex_lock(&sender->lock);
    struct arena *arena = sender->arena;
    struct wire_answer copy = *answer;
    copy.reason = arena_str(arena, answer->reason);
    copy.body = arena_str(arena, answer->body);
    copy.etag = arena_str(arena, answer->etag);
    copy.last_modified = arena_str(arena, answer->last_modified);
    copy.content_type = arena_str(arena, answer->content_type);
    copy.final_url = arena_str(arena, answer->final_url);
    sender->answers[ticket] = copy;
    sender->done[ticket]++;
    sender->done_count++;
    pthread_cond_broadcast(&sender->changed);
    pthread_mutex_unlock(&sender->lock);
}

void wire_sender_start(struct wire_sender *sender, const struct http_client_config *config)
{
    struct http_client_config used = *config;
    struct problem problem = {0};
    sender->arena = arena_new();
    pthread_mutex_init(&sender->lock, NULL);
    pthread_cond_init(&sender->changed, NULL);
    used.in_flight_max = used.in_flight_max > 0 ? used.in_flight_max : 1000;
    used.per_host_max = used.per_host_max > 0 ? used.per_host_max : 100;
    used.user_agent = STR("Tocsin-test");
    used.context = sender;
    used.done = done;
    enum err err = http_client_start(&used, &sender->client, &problem);
    assert(err == OK);
}

void wire_sender_stop(struct wire_sender *sender)
{
    http_client_stop(&sender->client);
}

void wire_sender_free(struct wire_sender *sender)
{
    wire_sender_stop(sender);
    arena_free(&sender->arena);
}

size_t wire_send(struct wire_sender *sender, const struct wire_request *request)
{
    pthread_mutex_lock(&sender->lock);
    size_t ticket = sender->sent++;
    pthread_mutex_unlock(&sender->lock);
    assert(ticket < WIRE_SENDER_MAX);
    http_client_submit(sender->client, request, ticket);
    return ticket;
}

/* Under the lock. */
static void wait_for_change(struct wire_sender *sender)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    int error = pthread_cond_timedwait(&sender->changed, &sender->lock, &until);
    assert(error == 0 && "no answer");
}

const struct wire_answer *wire_wait(struct wire_sender *sender, size_t ticket)
{
    pthread_mutex_lock(&sender->lock);
    while (sender->done[ticket] == 0) {
        wait_for_change(sender);
    }
    pthread_mutex_unlock(&sender->lock);
    return &sender->answers[ticket];
}

void wire_wait_all(struct wire_sender *sender)
{
    pthread_mutex_lock(&sender->lock);
    while (sender->done_count < sender->sent) {
        wait_for_change(sender);
    }
    pthread_mutex_unlock(&sender->lock);
}

const struct wire_answer *wire_ask(struct wire_sender *sender, const struct wire_request *request)
{
    return wire_wait(sender, wire_send(sender, request));
}

struct wire_request wire_get(struct str url)
{
    return (struct wire_request){
        .kind = WIRE_HTTP,
        .timeout = SECONDS(5),
        .http = {.method = STR("GET"), .url = url, .body_bytes_max = 1024 * 1024},
    };
}
