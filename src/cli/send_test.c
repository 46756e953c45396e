#include "channel/mock_network.h"
#include "channel/render.h"
#include "cli/ask_network.h"
#include "cli/command.h"
#include "domain/spend.h"
#include "service/providers.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WAIT_SECONDS = 60, WAIT_SECONDS_MAX = 600, POLL_SECONDS = 3 };

/* One question at a time, and its answer. */
struct exchange {
    struct plant *plant;
    const struct provider *provider;
    struct provider_settings settings;
    struct send_job job;
    struct arena *arena;
    struct mock_network *network;
    struct wire_answer answer;
};

static void ignore_line(void *context, struct str line)
{
    (void)context;
    (void)line;
}

static enum err ask(struct exchange *exchange, const struct wire_request *request,
                    struct problem *problem)
{
    if (request->kind != WIRE_MOCK) {
        return ask_network(&exchange->plant->log, request, exchange->arena, &exchange->answer,
                           problem);
    }
    struct mock_reply reply;
    if (exchange->network == NULL) {
        exchange->network = mock_network_new(NULL, ignore_line);
    }
    mock_network_request(exchange->network, plant_now(exchange->plant), &request->mock,
                         exchange->arena, &reply);
    exchange->answer = reply.answer;
    return OK;
}

static void compose(struct exchange *exchange, enum channel channel, const char *to)
{
    struct plant *plant = exchange->plant;
    struct arena *arena = exchange->arena;
    struct render_request request = {.key = text_key_TEST_MESSAGE, .channel = channel};
    struct render_facts facts = {
        .name = STR("there"), .now = plant_now(plant), .at = plant_now(plant)};
    struct rendered text = {0};
    char id[ID_TEXT_MAX];
    struct id_source source = {0};
    render(&request, &facts, arena, &text);
    exchange->job = (struct send_job){
        .channel = channel,
        .attempt = arena_str(arena, id_format((struct hash_key){random_number(), random_number()},
                                              id_next(&source, plant_now(plant)), id)),
        .to = str_from(to),
        .subject = text.subject,
        .text = channel == channel_CALL ? text.speech : text.text,
        .html = text.html,
        .language = STR("en"),
        .now = plant_now(plant),
        .claimed_at = plant_now(plant),
    };
}

/* A test is no message that the server knows: callbacks about it would find nobody. They are asked
 * for only where the provider needs them. */
static enum err build(struct exchange *exchange, struct wire_request *request,
                      struct problem *problem)
{
    struct problem first = {0};
    exchange->settings = exchange->plant->site.provider_settings;
    exchange->settings.public_url = STR_NONE;
    exchange->settings.hook_key = random_secret(exchange->arena, KEY_SECRET_BYTES);
    enum err err = exchange->provider->build_send(&exchange->settings, &exchange->job,
                                                  exchange->arena, request, &first);
    if (err == OK) {
        return OK;
    }
    exchange->settings.public_url = exchange->plant->site.provider_settings.public_url;
    return exchange->provider->build_send(&exchange->settings, &exchange->job, exchange->arena,
                                          request, problem);
}

static void say_news(const struct provider_news *news)
{
    printf("now %s%s%.*s", enum_name(&message_state_names, (int)news->state),
           str_is_set(news->provider_state) ? ": " : "", STR_FMT(news->provider_state));
    if (str_is_set(news->error)) {
        printf(" (%.*s)", STR_FMT(news->error));
    }
    printf("\n");
    fflush(stdout);
}

/* Whether it got to its phone or mailbox; where the words were said to nobody, it did not. */
static enum err judge(const struct exchange *exchange, const struct provider_news *news,
                      struct problem *problem)
{
    bool is_there = news->state == message_state_DELIVERED ||
                    news->state == message_state_ANSWERED ||
                    (news->state == message_state_SENT && exchange->job.channel != channel_CALL);
    return is_there ? OK
                    : problem_set(problem, E_UPSTREAM, NULL,
                                  "%s took it, but it did not arrive: %s", exchange->provider->name,
                                  enum_name(&message_state_names, (int)news->state));
}

/* Asks what becomes of it, and prints what is new, until it has ended. */
static enum err follow(struct exchange *exchange, struct str provider_id, int64_t seconds,
                       struct problem *problem)
{
    struct str said = STR_NONE;
    struct timespec pause = {.tv_sec = POLL_SECONDS};
    for (int64_t waited = 0; waited < seconds; waited += POLL_SECONDS) {
        struct wire_request request = {0};
        struct provider_news news = {.kind = NEWS_NONE};
        if (exchange->provider->build_poll(&exchange->settings, exchange->job.channel, provider_id,
                                           exchange->arena, &request) != OK) {
            printf("%s cannot be asked what became of it\n", exchange->provider->name);
            return OK;
        }
        nanosleep(&pause, NULL);
        TRY(ask(exchange, &request, problem));
        exchange->provider->read_poll(exchange->job.channel, &exchange->answer, exchange->arena,
                                      &news);
        if (news.kind == NEWS_STATE && !str_equal(news.provider_state, said)) {
            say_news(&news);
            said = news.provider_state;
        }
        if (news.kind == NEWS_STATE && news.is_end) {
            return judge(exchange, &news, problem);
        }
    }
    printf("no end was told in %lld s\n", (long long)seconds);
    return OK;
}

static bool is_only_tested(const struct plant *plant, const struct provider *provider,
                           enum channel channel)
{
    const struct delivery_rules *rules = &plant->site.delivery;
    return provider != &provider_mock &&
           (rules->is_test || (rules->is_call_test && channel == channel_CALL));
}

static enum err transmit(struct exchange *exchange, int64_t seconds, struct problem *problem)
{
    struct wire_request request = {0};
    struct verdict verdict = {0};
    const char *name = exchange->provider->name;
    TRY(build(exchange, &request, problem));
    if (is_only_tested(exchange->plant, exchange->provider, exchange->job.channel)) {
        printf("%s: the request was built and checked; test mode is on, so it was not sent\n",
               name);
        return OK;
    }
    TRY(ask(exchange, &request, problem));
    exchange->provider->read_send(&exchange->job, &exchange->answer, exchange->arena, &verdict);
    if (verdict.kind != VERDICT_ACCEPTED) {
        return problem_set(problem, E_UPSTREAM, NULL, "%s did not take it (%s%s%.*s): %.*s", name,
                           enum_name(&failure_category_names, (int)verdict.category),
                           str_is_set(verdict.code) ? ", code " : "", STR_FMT(verdict.code),
                           STR_FMT(verdict.error));
    }
    printf("%s took it: %.*s\n", name, STR_FMT(provider_id_shown(verdict.provider_id)));
    fflush(stdout);
    return follow(exchange, verdict.provider_id, seconds, problem);
}

static enum err send_one(struct plant *plant, enum channel channel, const char *to, int64_t seconds,
                         struct problem *problem)
{
    struct provider_list list = provider_list_for(&plant->site, channel, str_from(to));
    struct exchange exchange = {.plant = plant, .arena = arena_new()};
    if (list.count == 0) {
        arena_free(&exchange.arena);
        return problem_set(problem, E_INVALID, NULL,
                           "no provider carries %s; tocsin check-config says why",
                           enum_name(&channel_names, (int)channel));
    }
    if (channel != channel_EMAIL && spend_is_blocked(&plant->site.delivery.spend, str_from(to))) {
        arena_free(&exchange.arena);
        return problem_set(problem, E_INVALID, NULL,
                           "this number begins with one of BLOCKED_PREFIXES, and is never used");
    }
    exchange.provider = list.items[0];
    compose(&exchange, channel, to);
    enum err err = transmit(&exchange, seconds, problem);
    mock_network_free(&exchange.network);
    arena_free(&exchange.arena);
    return err;
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

static bool parse_wait(const char *text, int64_t *out)
{
    *out = WAIT_SECONDS;
    if (text == NULL) {
        return true;
    }
    if (str_to_int(str_from(text), out) != OK || *out < 0 || *out > WAIT_SECONDS_MAX) {
        fprintf(stderr, "tocsin send-test: --wait must be from 0 to %d seconds\n",
                WAIT_SECONDS_MAX);
        return false;
    }
    return true;
}

enum exit_code run_send_test(const struct arguments *arguments)
{
    struct plant plant = {0};
    struct problem problem = {0};
    enum channel channel = channel_NONE;
    int64_t seconds = 0;
    const char *to = take_option(arguments, "--to");
    if (!parse_channel(take_option(arguments, "--channel"), &channel) ||
        !parse_wait(take_option(arguments, "--wait"), &seconds)) {
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
    enum err err = plant_check(&plant, &problem);
    if (err == OK) {
        err = send_one(&plant, channel, to, seconds, &problem);
    }
    if (err != OK) {
        say_problem("send-test", &problem);
    }
    plant_close(&plant);
    return err == OK ? EXIT_DONE : EXIT_FAILED;
}
