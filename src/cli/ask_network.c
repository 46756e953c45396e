#include "cli/ask_network.h"

#include "net/http_client.h"

#include <pthread.h>

struct exchange {
    struct arena *arena;
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool is_done;
    struct wire_answer *answer;
};

static void take_answer(void *context, uint64_t ticket, const struct wire_answer *answer)
{
    struct exchange *exchange = context;
    (void)ticket;
    pthread_mutex_lock(&exchange->lock);
    *exchange->answer = (struct wire_answer){
        .outcome = answer->outcome,
        .status = answer->status,
        .timed_out = answer->timed_out,
        .tls_failed = answer->tls_failed,
        .reason = arena_str(exchange->arena, answer->reason),
        .body = arena_str(exchange->arena, answer->body),
        .content_type = arena_str(exchange->arena, answer->content_type),
        .retry_after_seconds = answer->retry_after_seconds,
    };
    exchange->is_done = true;
    pthread_cond_signal(&exchange->change);
    pthread_mutex_unlock(&exchange->lock);
}

enum err ask_network(const struct log *log, const struct wire_request *request, struct arena *arena,
                     struct wire_answer *out, struct problem *problem)
{
    struct exchange exchange = {.arena = arena, .answer = out};
    struct http_client *client = NULL;
    struct http_client_config config = {.in_flight_max = 1,
                                        .per_host_max = 1,
                                        .user_agent = STR("Tocsin/" TOCSIN_VERSION),
                                        .log = log,
                                        .context = &exchange,
                                        .done = take_answer};
    TRY(http_client_start(&config, &client, problem));
    pthread_mutex_init(&exchange.lock, NULL);
    pthread_cond_init(&exchange.change, NULL);
    http_client_submit(client, request, 1);
    pthread_mutex_lock(&exchange.lock);
    while (!exchange.is_done) {
        pthread_cond_wait(&exchange.change, &exchange.lock);
    }
    pthread_mutex_unlock(&exchange.lock);
    http_client_stop(&client);
    pthread_cond_destroy(&exchange.change);
    pthread_mutex_destroy(&exchange.lock);
    return OK;
}
