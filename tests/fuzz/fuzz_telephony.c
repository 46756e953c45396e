/* fuzz_telephony: any bytes as an answer of Plivo's and Exotel's, as a call to each of our
 * webhooks, and as what a call says. The first byte chooses the rest of the circumstances. */
#include "channel/provider.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define NINE_US INT64_C(1767603600000000)
#define MINUTE_US INT64_C(60000000)
#define HOUR_US (60 * MINUTE_US)

static const struct provider *const providers[] = {&provider_plivo, &provider_exotel};

static struct provider_settings settings_of(void)
{
    return (struct provider_settings){.public_url = STR("https://t.example.com"),
                                      .hook_key = STR("k"),
                                      .plivo = {.auth_token = STR("t")},
                                      .exotel = {.api_token = STR("t")}};
}

static void assert_verdict(const struct verdict *verdict)
{
    assert((verdict->provider_id.len > 0) == (verdict->kind == VERDICT_ACCEPTED));
    assert((verdict->error.len > 0) == (verdict->kind != VERDICT_ACCEPTED));
    assert(str_is_utf8(verdict->error) && str_is_utf8(verdict->code));
}

static void read_answers(const struct provider *provider, struct str body, unsigned choice,
                         struct arena *arena)
{
    static const int statuses[] = {200, 202, 400, 403};
    /* No date, an hour before ours, ours, and the end of time. */
    static const int64_t dates_us[] = {0, NINE_US - HOUR_US, NINE_US, INT64_C(253402300799000000)};
    struct wire_answer answer = {.outcome = WIRE_ANSWERED,
                                 .status = statuses[choice % 4],
                                 .body = body,
                                 .date = {dates_us[choice / 32 % 4]},
                                 .heard_at = {NINE_US}};
    enum channel channel = (choice & 4) != 0 ? channel_CALL : channel_SMS;
    struct send_job job = {.channel = channel,
                           .to = STR("+14155550137"),
                           .now = {NINE_US},
                           .claimed_at = {NINE_US - MINUTE_US},
                           .made_since = {NINE_US - MINUTE_US}};
    struct verdict verdict = {0};
    struct provider_news news = {0};
    provider->read_send(&job, &answer, arena, &verdict);
    assert_verdict(&verdict);
    provider->read_find(&job, &answer, arena, &verdict);
    assert_verdict(&verdict);
    assert(verdict.kind != VERDICT_REFUSED);
    provider->read_poll(channel, &answer, arena, &news);
    assert(news.kind == NEWS_NONE || news.state != message_state_NONE);
}

static void read_hooks(const struct provider *provider, struct str body, unsigned choice,
                       struct arena *arena)
{
    static const char *const types[] = {"application/x-www-form-urlencoded", "application/json",
                                        "multipart/form-data; boundary=b", ""};
    struct provider_settings settings = settings_of();
    struct http_header headers[] = {{STR("x-plivo-signature-v3"), body},
                                    {STR("x-plivo-signature-v3-nonce"), STR("1")}};
    struct str query = STR("attempt=a-1&token=t");
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
        struct hook_call call = {.hook = hook,
                                 .is_get = (choice & 8) != 0,
                                 .url = body,
                                 .query = (choice & 16) != 0 ? body : query,
                                 .content_type = str_from(types[choice % 4]),
                                 .body = body,
                                 .headers = headers,
                                 .header_count = (choice & 4) != 0 ? 2 : 0};
        struct provider_news news = {0};
        struct problem problem = {0};
        assert(provider->check_hook(&settings, &call, arena) == E_FORBIDDEN);
        enum err err = provider->read_hook(&settings, &call, arena, &news, &problem);
        assert(err == OK || (err == E_INVALID && problem.err == E_INVALID));
        assert(err != OK || hook == HOOK_SMS || news.attempt.len > 0);
        assert(str_is_utf8(news.text) && str_is_utf8(news.provider_state));
    }
}

static void write_pages(const struct provider *provider, struct str text, struct arena *arena)
{
    struct provider_settings settings = settings_of();
    struct http_response response = {0};
    struct voice_page page = {.hook = HOOK_VOICE,
                              .attempt = STR("a-1"),
                              .language = str_slice(text, 0, 5),
                              .speech = text,
                              .goodbye = text,
                              .asks = true};
    provider->write_voice(&settings, &page, arena, &response);
    assert(response.status == 200 && response.body.len < 100000);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len == 0) {
        return 0;
    }
    struct str text = {(const char *)bytes + 1, len - 1};
    struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_LENGTH(providers); i++) {
        read_answers(providers[i], text, bytes[0], arena);
        read_hooks(providers[i], text, bytes[0], arena);
        write_pages(providers[i], text, arena);
    }
    arena_free(&arena);
    return 0;
}
