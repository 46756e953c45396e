#include "channel/mock_network.h"
#include "channel/render.h"
#include "cli/command.h"
#include "net/http_client.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Waits for the one answer. */
struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool is_done;
    const struct provider *provider;
    const struct send_job *job;
    struct arena *arena;
    struct verdict verdict;
};

static void take_answer(void *context, uint64_t ticket, const struct wire_answer *answer)
{
    struct waiter *waiter = context;
    (void)ticket;
    pthread_mutex_lock(&waiter->lock);
    waiter->provider->read_send(waiter->job, answer, waiter->arena, &waiter->verdict);
    waiter->verdict.error = arena_str(waiter->arena, waiter->verdict.error);
    waiter->verdict.provider_id = arena_str(waiter->arena, waiter->verdict.provider_id);
    waiter->is_done = true;
    pthread_cond_signal(&waiter->change);
    pthread_mutex_unlock(&waiter->lock);
}

static enum err send_by_net(struct plant *plant, struct waiter *waiter,
                            const struct wire_request *request, struct problem *problem)
{
    struct http_client *client = NULL;
    struct http_client_config config = {.in_flight_max = 1,
                                        .per_host_max = 1,
                                        .user_agent = STR("Tocsin/" TOCSIN_VERSION),
                                        .log = &plant->log,
                                        .context = waiter,
                                        .done = take_answer};
    TRY(http_client_start(&config, &client, problem));
    http_client_submit(client, request, 1);
    pthread_mutex_lock(&waiter->lock);
    while (!waiter->is_done) {
        pthread_cond_wait(&waiter->change, &waiter->lock);
    }
    pthread_mutex_unlock(&waiter->lock);
    http_client_stop(&client);
    return OK;
}

static void ignore_line(void *context, struct str line)
{
    (void)context;
    (void)line;
}

static void send_by_mock(const struct plant *plant, struct waiter *waiter,
                         const struct wire_request *request)
{
    struct mock_network *network = mock_network_new(NULL, ignore_line);
    struct mock_reply reply;
    mock_network_request(network, plant->site.clock.now(plant->site.clock.context), &request->mock,
                         waiter->arena, &reply);
    waiter->provider->read_send(waiter->job, &reply.answer, waiter->arena, &waiter->verdict);
    mock_network_free(&network);
}

static void compose(struct plant *plant, enum channel channel, const char *to, struct arena *arena,
                    struct send_job *out)
{
    struct render_request request = {.key = text_key_TEST_MESSAGE, .channel = channel};
    struct render_facts facts = {
        .name = STR("there"), .now = plant_now(plant), .at = plant_now(plant)};
    struct rendered text = {0};
    char id[ID_TEXT_MAX];
    struct id_source source = {0};
    render(&request, &facts, arena, &text);
    *out = (struct send_job){
        .channel = channel,
        .attempt = arena_str(arena, id_format((struct hash_key){random_number(), random_number()},
                                              id_next(&source, plant_now(plant)), id)),
        .to = str_from(to),
        .subject = text.subject,
        .text = channel == channel_CALL ? text.speech : text.text,
        .html = text.html,
        .now = plant_now(plant),
    };
}

static enum err send_one(struct plant *plant, enum channel channel, const char *to,
                         struct arena *arena, struct problem *problem)
{
    struct send_job job;
    struct wire_request request = {0};
    struct waiter waiter = {
        .provider = plant->site.providers[channel], .job = &job, .arena = arena};
    pthread_mutex_init(&waiter.lock, NULL);
    pthread_cond_init(&waiter.change, NULL);
    compose(plant, channel, to, arena, &job);
    enum err err =
        waiter.provider->build_send(&plant->site.provider_settings, &job, arena, &request, problem);
    if (err == OK && request.kind == WIRE_MOCK) {
        send_by_mock(plant, &waiter, &request);
    } else if (err == OK) {
        err = send_by_net(plant, &waiter, &request, problem);
    }
    pthread_cond_destroy(&waiter.change);
    pthread_mutex_destroy(&waiter.lock);
    TRY(err);
    if (waiter.verdict.kind != VERDICT_ACCEPTED) {
        return problem_set(problem, E_UPSTREAM, NULL, "%s did not take it (%s): %.*s",
                           waiter.provider->name,
                           enum_name(&failure_category_names, (int)waiter.verdict.category),
                           STR_FMT(waiter.verdict.error));
    }
    printf("%s took it: %.*s\n", waiter.provider->name, STR_FMT(waiter.verdict.provider_id));
    return OK;
}

static bool parse_channel(const char *text, enum channel *out)
{
    static const enum channel channels[] = {channel_EMAIL, channel_SMS, channel_WHATSAPP,
                                            channel_CALL};
    for (size_t i = 0; text != NULL && i < ARRAY_LENGTH(channels); i++) {
        if (str_equal_nocase(str_from(text),
                             str_from(enum_name(&channel_names, (int)channels[i])))) {
            *out = channels[i];
            return true;
        }
    }
    fprintf(stderr, "tocsin send-test: --channel must be email, sms, whatsapp or call\n");
    return false;
}

enum exit_code run_send_test(const struct arguments *arguments)
{
    struct plant plant = {0};
    struct problem problem = {0};
    enum channel channel = channel_NONE;
    const char *to = take_option(arguments, "--to");
    if (!parse_channel(take_option(arguments, "--channel"), &channel)) {
        return EXIT_USAGE;
    }
    if (to == NULL) {
        fprintf(stderr, "tocsin send-test: --to is missing\n");
        return EXIT_USAGE;
    }
    if (!load_plant(arguments, &plant)) {
        return EXIT_USAGE;
    }
    if (!all_taken(arguments, command_named("send-test"))) {
        config_free(&plant.config);
        return EXIT_USAGE;
    }
    struct arena *arena = arena_new();
    enum err err = plant_check(&plant, &problem);
    if (err == OK) {
        err = send_one(&plant, channel, to, arena, &problem);
    }
    if (err != OK) {
        say_problem("send-test", &problem);
    }
    arena_free(&arena);
    plant_close(&plant);
    return err == OK ? EXIT_DONE : EXIT_FAILED;
}
