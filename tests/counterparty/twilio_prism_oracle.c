/* Our half of twilio_prism_oracle.py: prints every request that we can make of Twilio, and says
 * what we take an answer to mean.
 *
 * Usage: twilio_prism_oracle ask BASE_URL      one line a request: NAME METHOD URL USER PASSWORD
 * BODY,
 *                                              by tabs, "-" for no body
 *        twilio_prism_oracle read NAME STATUS  the answer's body on stdin; one line on stdout */
#include "base/buf.h"
#include "channel/provider.h"

#include <stdio.h>
#include <string.h>

#define ACCOUNT "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CALL "CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define MESSAGE "SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

enum question { ASK_SEND, ASK_FIND, ASK_CANCEL, ASK_POLL, ASK_INBOX, ASK_MORE };

/* Each kind of request in each of its forms. */
static const struct {
    const char *name;
    enum question question;
    enum channel channel;
    bool is_public;
    bool detects_machines;
    bool has_service;
    bool has_template;
    bool has_key;
} cases[] = {
    {"call", ASK_SEND, channel_CALL, true, false, false, false, false},
    {"call-machines", ASK_SEND, channel_CALL, true, true, false, false, false},
    {"call-inline", ASK_SEND, channel_CALL, false, true, false, false, false},
    {"call-key", ASK_SEND, channel_CALL, true, false, false, false, true},
    {"sms", ASK_SEND, channel_SMS, true, false, false, false, false},
    {"sms-service", ASK_SEND, channel_SMS, true, false, true, false, false},
    {"sms-quiet", ASK_SEND, channel_SMS, false, false, false, false, false},
    {"whatsapp", ASK_SEND, channel_WHATSAPP, true, false, false, false, false},
    {"whatsapp-template", ASK_SEND, channel_WHATSAPP, true, false, false, true, false},
    {"find-call", ASK_FIND, channel_CALL, true, false, false, false, false},
    {"find-sms", ASK_FIND, channel_SMS, true, false, false, false, false},
    {"find-sms-service", ASK_FIND, channel_SMS, true, false, true, false, false},
    {"find-whatsapp", ASK_FIND, channel_WHATSAPP, true, false, false, false, false},
    {"cancel", ASK_CANCEL, channel_CALL, true, false, false, false, false},
    {"poll-call", ASK_POLL, channel_CALL, true, false, false, false, false},
    {"poll-sms", ASK_POLL, channel_SMS, true, false, false, false, true},
    {"inbox", ASK_INBOX, channel_SMS, true, false, false, false, false},
    {"inbox-service", ASK_INBOX, channel_SMS, true, false, true, false, false},
    {"inbox-more", ASK_MORE, channel_SMS, true, false, false, false, false},
    {"call-mute", ASK_SEND, channel_CALL, true, true, false, false, false},
    {"sms-mute", ASK_SEND, channel_SMS, true, false, false, false, false},
};

static struct provider_settings settings_of(size_t i, struct str base)
{
    return (struct provider_settings){
        .timeout = SECONDS(45),
        .public_url = cases[i].is_public ? STR("https://tocsin.example.com") : STR_NONE,
        .hook_key = STR("key"),
        .detects_machines = cases[i].detects_machines,
        .twilio = {
            .base_url = base,
            .account_sid = STR(ACCOUNT),
            .auth_token = STR("token"),
            .from_number = STR("+15017122661"),
            .whatsapp_from = cases[i].channel == channel_WHATSAPP ? STR("+15017122662") : STR_NONE,
            .messaging_service_sid =
                cases[i].has_service ? STR("MG0123456789abcdef0123456789abcdef") : STR_NONE,
            .api_key_sid = cases[i].has_key ? STR("SK0123456789abcdef0123456789abcdef") : STR_NONE,
            .api_key_secret = cases[i].has_key ? STR("secret") : STR_NONE,
        }};
}

static struct send_job job_of(size_t i)
{
    struct instant nine = {INT64_C(1767603600000000)};
    return (struct send_job){
        .channel = cases[i].channel,
        .attempt = STR("0193f3a0-0000-7000-8000-000000000001"),
        .to = STR("+15558675310"),
        .text = STR("Gr\xC3\xB6\xC3\x9F"
                    "e & 100% <b> + \xF0\x9F\x91\x8D: https://t.example/l/a?b=c"),
        .language = STR("de"),
        .template_id = cases[i].has_template ? STR("HX0123456789abcdef0123456789abcdef") : STR_NONE,
        .template_variables = STR("{\"1\":\"db down\"}"),
        .last_code = strstr(cases[i].name, "-mute") != NULL ? STR("21609") : STR_NONE,
        .now = nine,
        .claimed_at = nine,
        .valid_until = instant_add(nine, MINUTES(10))};
}

/* What names the page behind it, as Twilio does. */
static const struct wire_answer first_page = {
    .outcome = WIRE_ANSWERED,
    .status = 200,
    .body = STR_INIT("{\"messages\":[],\"next_page_uri\":\"/2010-04-01/Accounts/" ACCOUNT
                     "/Messages.json?DateSent%3E=2026-01-05T09%3A00%3A00Z&PageSize=500&Page=1&"
                     "PageToken=PASM0123456789abcdef0123456789abcdef\"}")};

static enum err build(size_t i, struct str base, struct arena *arena, struct wire_request *out)
{
    struct provider_settings settings = settings_of(i, base);
    struct send_job job = job_of(i);
    switch (cases[i].question) {
    case ASK_SEND:
        return provider_twilio.build_send(&settings, &job, arena, out, NULL);
    case ASK_FIND:
        return provider_twilio.build_find(&settings, &job, arena, out);
    case ASK_CANCEL:
        return provider_twilio.build_cancel(&settings, STR(CALL), arena, out);
    case ASK_POLL:
        return provider_twilio.build_poll(&settings, job.channel,
                                          job.channel == channel_CALL ? STR(CALL) : STR(MESSAGE),
                                          arena, out);
    case ASK_INBOX:
        return provider_twilio.build_inbox(&settings, job.now, arena, out);
    case ASK_MORE:
        return provider_twilio.build_inbox_more(&settings, &first_page, arena, out);
    }
    return E_NOT_FOUND;
}

static int ask(struct str base, struct arena *arena)
{
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct wire_request request = {0};
        if (build(i, base, arena, &request) != OK) {
            fprintf(stderr, "%s cannot be built\n", cases[i].name);
            return 1;
        }
        struct wire_http *http = &request.http;
        printf("%s\t%.*s\t%.*s\t%.*s\t%.*s\t%.*s\n", cases[i].name, STR_FMT(http->method),
               STR_FMT(http->url), STR_FMT(http->username), STR_FMT(http->password),
               STR_FMT(http->body.len > 0 ? http->body : STR("-")));
    }
    return 0;
}

static void print_verdict(const struct verdict *verdict)
{
    static const char *const kinds[] = {"ACCEPTED", "REFUSED", "NOT_SENT", "UNKNOWN"};
    printf("%s %.*s\n", kinds[verdict->kind], STR_FMT(verdict->provider_id));
}

static void read_answer(size_t i, const struct wire_answer *answer, struct arena *arena)
{
    struct send_job job = job_of(i);
    struct verdict verdict = {0};
    struct provider_news news = {0};
    const struct provider_news *items = NULL;
    size_t count = 0;
    switch (cases[i].question) {
    case ASK_SEND:
    case ASK_CANCEL:
        provider_twilio.read_send(&job, answer, arena, &verdict);
        print_verdict(&verdict);
        return;
    case ASK_FIND:
        provider_twilio.read_find(&job, answer, arena, &verdict);
        print_verdict(&verdict);
        return;
    case ASK_POLL:
        provider_twilio.read_poll(job.channel, answer, arena, &news);
        printf("%s %.*s\n",
               news.kind == NEWS_STATE ? message_state_names.names[news.state] : "NOTHING",
               STR_FMT(news.provider_id));
        return;
    case ASK_INBOX:
    case ASK_MORE:
        provider_twilio.read_inbox(answer, arena, &items, &count);
        printf("TEXTS %zu\n", count);
        return;
    }
}

static int read_for(const char *name, const char *status, struct arena *arena)
{
    struct buf body = {.arena = arena};
    char chunk[4096];
    size_t got = 0;
    while ((got = fread(chunk, 1, sizeof chunk, stdin)) > 0) {
        buf_add(&body, (struct str){chunk, got});
    }
    int64_t number = 0;
    struct wire_answer answer = {.outcome = WIRE_ANSWERED, .body = buf_str(&body)};
    if (str_to_int(str_from(status), &number) != OK) {
        return 2;
    }
    answer.status = (int)number;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        if (strcmp(cases[i].name, name) == 0) {
            read_answer(i, &answer, arena);
            return 0;
        }
    }
    return 2;
}

int main(int argc, char **argv)
{
    struct arena *arena = arena_new();
    int result = 2;
    if (argc == 3 && strcmp(argv[1], "ask") == 0) {
        result = ask(str_from(argv[2]), arena);
    } else if (argc == 4 && strcmp(argv[1], "read") == 0) {
        result = read_for(argv[2], argv[3], arena);
    }
    arena_free(&arena);
    return result;
}
