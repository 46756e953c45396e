#include "net/http_client_internal.h"

#include <assert.h>
#include <stdlib.h>

static void client_free(struct http_client *client)
{
    lane_free(&client->http);
    lane_free(&client->smtp);
    pthread_mutex_destroy(&client->done_lock);
    free(client);
    curl_global_cleanup();
}

enum err http_client_start(const struct http_client_config *config, struct http_client **out,
                           struct problem *problem)
{
    assert(config->done != NULL && config->in_flight_max > 0 && config->per_host_max > 0);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return problem_set(problem, E_INTERNAL, NULL, "libcurl could not be initialised");
    }
    struct http_client *client = calloc(1, sizeof *client);
    if (client == NULL || pthread_mutex_init(&client->done_lock, NULL) != 0) {
        abort();
    }
    client->config = *config;
    enum err err = lane_start(client, &client->http, problem);
    if (err == OK) {
        err = lane_start(client, &client->smtp, problem);
        if (err != OK) {
            lane_stop(client->http);
        }
    }
    if (err != OK) {
        client_free(client);
        return err;
    }
    *out = client;
    return OK;
}

void http_client_stop(struct http_client **client)
{
    struct http_client *stopped = *client;
    if (stopped == NULL) {
        return;
    }
    lane_stop(stopped->http);
    lane_stop(stopped->smtp);
    client_free(stopped);
    *client = NULL;
}

void http_client_submit(struct http_client *client, const struct wire_request *request,
                        uint64_t ticket)
{
    struct lane *lane = request->kind == WIRE_SMTP ? client->smtp : client->http;
    lane_submit(lane, transfer_new(lane, request, ticket));
}

void client_tell(struct http_client *client, uint64_t ticket, const struct wire_answer *answer)
{
    pthread_mutex_lock(&client->done_lock);
    client->config.done(client->config.context, ticket, answer);
    pthread_mutex_unlock(&client->done_lock);
}
