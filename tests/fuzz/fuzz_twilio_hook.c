#include "channel/provider.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Any bytes as what Twilio calls us with: the first chooses the webhook, the query ends at the
 * first line end, the rest is the body. Nobody is believed by chance, and news can be kept as it
 * is. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 1) {
        return 0;
    }
    struct str rest = {(const char *)bytes + 1, len - 1};
    size_t end = str_find_byte(rest, '\n', 0);
    struct http_header header = {STR("x-twilio-signature"), str_slice(rest, 0, 28)};
    struct hook_call call = {.hook = bytes[0] % HOOK_COUNT,
                             .is_get = (bytes[0] & 0x80) != 0,
                             .query = str_slice(rest, 0, end),
                             .url = str_slice(rest, 0, end),
                             .content_type = STR("application/x-www-form-urlencoded"),
                             .body = str_slice(rest, end + 1, rest.len),
                             .headers = &header,
                             .header_count = 1};
    struct provider_settings settings = {.twilio.auth_token = STR("a token")};
    struct arena *arena = arena_new();
    struct provider_news news = {0};
    struct problem problem = {0};
    assert(provider_twilio.check_hook(&settings, &call, arena) == E_FORBIDDEN);
    enum err err = provider_twilio.read_hook(&settings, &call, arena, &news, &problem);
    assert(err == OK || (err == E_INVALID && news.kind == NEWS_NONE && problem.message[0] != '\0'));
    const struct str texts[] = {news.attempt, news.provider_id, news.provider_state,
                                news.code,    news.error,       news.from,
                                news.to,      news.text};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        assert(texts[i].len <= 8192 && (texts[i].len == 0 || str_is_utf8(texts[i])));
    }
    assert(news.kind != NEWS_TEXT || (news.from.len >= 8 && news.provider_id.len > 0));
    assert(news.kind != NEWS_STATE || news.state != message_state_NONE);
    arena_free(&arena);
    return 0;
}
