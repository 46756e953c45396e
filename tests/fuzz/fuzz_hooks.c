/* Calls to webhooks, as anybody can make them: the signature's check, the reading of what has
 * passed it, and what a person's text means. The input is a line of choices, a line of query, a
 * line of the content type, and the body; its last line is the signature header as well. */
#include "channel/provider.h"
#include "domain/reply.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct provider *const providers[] = {&provider_twilio, &provider_plivo,
                                                   &provider_exotel, &provider_mock};

static struct provider_settings settings_of_all(void)
{
    struct provider_settings settings = {.public_url = STR("https://alerts.example.com/tocsin"),
                                         .hook_key = STR("0123456789abcdef0123456789abcdef")};
    settings.twilio.account_sid = STR("AC00000000000000000000000000000000");
    settings.twilio.auth_token = STR("12345");
    settings.plivo.auth_id = STR("MA0000000000000000XX");
    settings.plivo.auth_token = STR("12345");
    settings.exotel.account_sid = STR("example");
    settings.exotel.api_key = STR("key");
    settings.exotel.api_token = STR("12345");
    return settings;
}

static struct str line_of(struct str *rest)
{
    struct str line = STR("");
    return str_split(rest, '\n', &line) ? line : STR("");
}

static void answer(const struct provider *provider, const struct provider_settings *settings,
                   const struct provider_news *news, struct arena *arena)
{
    struct http_response response = {0};
    struct voice_page page = {.attempt = news->attempt,
                              .language = STR("en"),
                              .speech = news->text,
                              .goodbye = news->error,
                              .asks = true};
    struct reply reply = reply_read(news->text);
    assert(reply.word < REPLY_WORD_COUNT);
    provider->write_voice(settings, &page, arena, &response);
    provider->write_answer(HOOK_SMS, news->text, arena, &response);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct provider_settings settings = settings_of_all();
    struct arena *arena = arena_new();
    struct str rest = arena_str(arena, (struct str){(const char *)bytes, len});
    struct str choices = line_of(&rest);
    struct str query = line_of(&rest);
    struct str type = line_of(&rest);
    unsigned choice = choices.len > 0 ? (unsigned char)choices.ptr[0] : 0;
    const struct provider *provider = providers[choice % ARRAY_LENGTH(providers)];
    struct http_header headers[] = {{STR("x-twilio-signature"), query},
                                    {STR("x-plivo-signature-v3"), query},
                                    {STR("x-plivo-signature-v3-nonce"), type}};
    struct hook_call call = {
        .hook = (enum hook)(choice / 4 % HOOK_COUNT),
        .is_get = choice >= 128,
        .url = arena_printf(arena, "%.*s/webhooks/%s/%s?%.*s", STR_FMT(settings.public_url),
                            provider->name, hook_name((enum hook)(choice / 4 % HOOK_COUNT)),
                            STR_FMT(query)),
        .query = query,
        .content_type = type,
        .body = str_is_set(rest) ? rest : STR(""),
        .headers = headers,
        .header_count = ARRAY_LENGTH(headers),
    };
    struct provider_news news = {.kind = NEWS_NONE};
    struct problem problem = {0};
    enum err err = provider->check_hook(&settings, &call, arena);
    assert(err == OK || err == E_FORBIDDEN);
    if (provider->read_hook(&settings, &call, arena, &news, &problem) == OK) {
        answer(provider, &settings, &news, arena);
    }
    arena_free(&arena);
    return 0;
}
