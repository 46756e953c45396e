#include "net/http_client_internal.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

enum { MAIL_IDLE_SECONDS = 20 };

static void client_free(struct http_client *client)
{
    lane_free(&client->http);
    for (int i = 0; i < client->smtp_count; i++) {
        lane_free(&client->smtp[i]);
    }
    pthread_mutex_destroy(&client->http_inbox.lock);
    pthread_mutex_destroy(&client->smtp_inbox.lock);
    pthread_mutex_destroy(&client->done_lock);
    free(client);
    curl_global_cleanup();
}

static struct http_client *client_new(const struct http_client_config *config)
{
    struct http_client *client = calloc(1, sizeof *client);
    if (client == NULL || pthread_mutex_init(&client->done_lock, NULL) != 0 ||
        pthread_mutex_init(&client->http_inbox.lock, NULL) != 0 ||
        pthread_mutex_init(&client->smtp_inbox.lock, NULL) != 0) {
        memory_is_out();
    }
    client->config = *config;
    if (config->mail_idle.us == 0) {
        client->config.mail_idle = SECONDS(MAIL_IDLE_SECONDS);
    }
    client->smtp_inbox.one_by_one = true;
    client->smtp_max =
        config->per_host_max < SMTP_LANES_MAX ? config->per_host_max : SMTP_LANES_MAX;
    return client;
}

static enum err start_lanes(struct http_client *client, struct problem *problem)
{
    TRY(lane_start(client, &client->http_inbox, &client->http, problem));
    enum err err = lane_start(client, &client->smtp_inbox, &client->smtp[0], problem);
    if (err != OK) {
        lane_stop(client->http);
        return err;
    }
    client->smtp_count = 1;
    return OK;
}

enum err http_client_start(const struct http_client_config *config, struct http_client **out,
                           struct problem *problem)
{
    assert(config->done != NULL && config->in_flight_max > 0 && config->per_host_max > 0);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return problem_set(problem, E_INTERNAL, NULL, "libcurl could not be initialised");
    }
    struct http_client *client = client_new(config);
    enum err err = start_lanes(client, problem);
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
    /* The first stop ends the growth of this array. */
    for (int i = 0; i < stopped->smtp_count; i++) {
        lane_stop(stopped->smtp[i]);
    }
    client_free(stopped);
    *client = NULL;
}

static void put(struct inbox *inbox, struct transfer *transfer)
{
    if (inbox->last == NULL) {
        inbox->first = transfer;
    } else {
        inbox->last->next = transfer;
    }
    inbox->last = transfer;
}

/* A lane that has nothing to do, or one more. Where there may be no more, the first lane that is
 * done with its mail takes the next. */
static void call_smtp_lane(struct http_client *client)
{
    struct problem problem = {0};
    struct lane *lane = NULL;
    for (int i = 0; i < client->smtp_count; i++) {
        if (lane_call(client->smtp[i])) {
            return;
        }
    }
    if (client->smtp_count < client->smtp_max && !client->smtp_inbox.stop_wanted &&
        lane_start(client, &client->smtp_inbox, &lane, &problem) == OK) {
        lane->busy = true;
        client->smtp[client->smtp_count++] = lane;
    }
}

void http_client_submit(struct http_client *client, const struct wire_request *request,
                        uint64_t ticket)
{
    bool is_mail = request->kind == WIRE_SMTP;
    struct inbox *inbox = is_mail ? &client->smtp_inbox : &client->http_inbox;
    struct transfer *transfer = transfer_new(request, ticket);
    transfer->stamp =
        client->config.stamp == NULL ? 0 : client->config.stamp(client->config.context);
    pthread_mutex_lock(&inbox->lock);
    put(inbox, transfer);
    if (is_mail) {
        call_smtp_lane(client);
    } else {
        (void)lane_call(client->http);
    }
    pthread_mutex_unlock(&inbox->lock);
}

void client_tell(struct http_client *client, uint64_t ticket, const struct wire_answer *answer)
{
    pthread_mutex_lock(&client->done_lock);
    client->config.done(client->config.context, ticket, answer);
    pthread_mutex_unlock(&client->done_lock);
}
