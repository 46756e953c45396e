#include "channel/provider.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_verdict(const struct verdict *verdict)
{
    assert((verdict->kind == VERDICT_ACCEPTED) == (verdict->provider_id.len > 0));
    assert((verdict->kind == VERDICT_ACCEPTED) == (verdict->error.len == 0));
    assert(verdict->error.len == 0 || str_is_utf8(verdict->error));
    for (size_t i = 0; i < verdict->other_count; i++) {
        assert(verdict->others[i].len > 0);
        assert(verdict->found_at[i].us <= verdict->found_at[i + 1].us);
    }
}

/* Any bytes as Twilio's answer to each of our questions; the first two are the status, and whether
 * their clock is an hour behind ours. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 2) {
        return 0;
    }
    static const int64_t nine_us = INT64_C(1767603600000000);
    static const int64_t hour_us = INT64_C(3600000000);
    struct wire_answer answer = {.outcome = WIRE_ANSWERED,
                                 .status = (bytes[0] % 6) * 100 + bytes[1] % 30,
                                 .body = {(const char *)bytes + 2, len - 2},
                                 .date = {bytes[0] & 0x40 ? nine_us - hour_us : 0},
                                 .heard_at = {nine_us}};
    struct send_job job = {.channel = bytes[0] & 0x80 ? channel_CALL : channel_SMS,
                           .to = STR("+15558675310"),
                           .text = STR("x"),
                           .now = {nine_us},
                           .claimed_at = {nine_us},
                           .made_since = {nine_us}};
    struct arena *arena = arena_new();
    struct verdict verdict = {0};
    struct provider_news news = {0};
    const struct provider_news *items = NULL;
    size_t count = 0;
    provider_twilio.read_send(&job, &answer, arena, &verdict);
    check_verdict(&verdict);
    provider_twilio.read_find(&job, &answer, arena, &verdict);
    check_verdict(&verdict);
    provider_twilio.read_poll(job.channel, &answer, arena, &news);
    assert(news.kind == NEWS_NONE || (news.kind == NEWS_STATE && news.provider_id.len > 0));
    provider_twilio.read_inbox(&answer, arena, &items, &count);
    for (size_t i = 0; i < count; i++) {
        assert(items[i].text.len == 0 || str_is_utf8(items[i].text));
    }
    struct provider_settings settings = {.twilio.account_sid = STR("AC1")};
    struct wire_request more = {0};
    if (provider_twilio.build_inbox_more(&settings, &answer, arena, &more) == OK) {
        assert(str_starts(more.http.url, STR("https://api.twilio.com/2010-04-01/Accounts/AC1/")));
    }
    arena_free(&arena);
    return 0;
}
