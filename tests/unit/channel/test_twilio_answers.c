/* What Twilio's answers mean: the fate of a send, whether it is there, what became of it, and who
 * wrote. */
#include "base/buf.h"
#include "channel/twilio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const int64_t nine_us = INT64_C(1767603600000000); /* 2026-01-05T09:00:00Z */

static int set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    struct arena *arena = *state;
    arena_free(&arena);
    return 0;
}

static void assert_str(struct str got, const char *wanted)
{
    if (!str_equal_text(got, wanted == NULL ? "" : wanted)) {
        fail_msg("got \"%.*s\", wanted \"%s\"", STR_FMT(got), wanted);
    }
}

static struct wire_answer answered(int status, const char *body)
{
    return (struct wire_answer){.outcome = WIRE_ANSWERED, .status = status, .body = str_from(body)};
}

static struct send_job sound_job(enum channel channel)
{
    return (struct send_job){.channel = channel,
                             .to = STR("+15558675310"),
                             .text = STR("It\xE2\x80\x99s down: https://t.example/l/a"),
                             .claimed_at = {nine_us},
                             .made_since = {nine_us - SECONDS(30).us}};
}

/* --- read_send --- */

static const struct {
    int status;
    const char *body;
    enum verdict_kind kind;
    enum failure_class class;
    enum failure_category category;
    const char *code;
    const char *error;
} sends[] = {
    {201, "{\"sid\":\"CA12ab\",\"status\":\"queued\",\"new_member\":[1]}", VERDICT_ACCEPTED, 0, 0,
     NULL, NULL},
    {201, "{\"sid\":\"\"}", VERDICT_UNKNOWN, 0, failure_category_provider_error, NULL,
     "Twilio answered 201 without saying what became of it."},
    {200, "{\"sid\":\"../x\"}", VERDICT_UNKNOWN, 0, failure_category_provider_error, NULL, NULL},
    {201, "{\"sid\":null}", VERDICT_UNKNOWN, 0, failure_category_provider_error, NULL, NULL},
    {201, "<html>", VERDICT_UNKNOWN, 0, failure_category_provider_error, NULL, NULL},
    {201, "", VERDICT_UNKNOWN, 0, failure_category_provider_error, NULL, NULL},
    {201, "[\"sid\"]", VERDICT_UNKNOWN, 0, failure_category_provider_error, NULL, NULL},
    {400, "{\"code\":21211,\"message\":\"The 'To' number +15558675310 is not valid\"}",
     VERDICT_REFUSED, failure_class_RECIPIENT, failure_category_invalid_number, "21211",
     "Twilio refused: the number is not valid (21211)."},
    {400, "{\"code\":21610,\"message\":\"x\",\"details\":{}}", VERDICT_REFUSED,
     failure_class_OPTED_OUT, failure_category_opted_out, "21610", NULL},
    {400, "{\"code\":\"21617\"}", VERDICT_REFUSED, failure_class_OURS,
     failure_category_rejected_content, "21617", NULL},
    {400, "{\"code\":21987,\"message\":\"+15558675310 is odd\"}", VERDICT_REFUSED,
     failure_class_OURS, failure_category_unknown, "21987", "Twilio refused: **** is odd (21987)."},
    {400, "{\"code\":21611}", VERDICT_REFUSED, failure_class_AGAIN, failure_category_rate_limited,
     "21611", NULL},
    {400, "{\"code\":21220}", VERDICT_REFUSED, failure_class_NONE, failure_category_unknown,
     "21220", "Twilio refused: the call is over already (21220)."},
    {401, "{\"code\":20003}", VERDICT_REFUSED, failure_class_OURS, failure_category_auth, "20003",
     NULL},
    {401, "denied", VERDICT_REFUSED, failure_class_OURS, failure_category_auth, NULL,
     "Twilio refused with status 401."},
    {403, "", VERDICT_REFUSED, failure_class_OURS, failure_category_auth, NULL, NULL},
    {404, "{}", VERDICT_REFUSED, failure_class_OURS, failure_category_auth, NULL, NULL},
    {400, "{\"code\":null}", VERDICT_REFUSED, failure_class_OURS, failure_category_unknown, NULL,
     NULL},
    {429, "", VERDICT_NOT_SENT, 0, failure_category_rate_limited, "20429", NULL},
    {429, "{\"code\":20429}", VERDICT_NOT_SENT, 0, failure_category_rate_limited, "20429", NULL},
    {400, "{\"code\":20429}", VERDICT_NOT_SENT, 0, failure_category_rate_limited, "20429", NULL},
    {408, "", VERDICT_UNKNOWN, 0, failure_category_timeout, NULL, NULL},
    {500, "{\"code\":20500}", VERDICT_UNKNOWN, 0, failure_category_provider_error, NULL, NULL},
    {503, "{\"code\":20503}", VERDICT_UNKNOWN, 0, failure_category_provider_error, NULL, NULL},
    {504, "", VERDICT_UNKNOWN, 0, failure_category_timeout, NULL, NULL},
    {302, "", VERDICT_UNKNOWN, 0, failure_category_provider_error, NULL, NULL},
    {307, "", VERDICT_UNKNOWN, 0, failure_category_provider_error, NULL, NULL},
    {502, "<html>", VERDICT_UNKNOWN, 0, failure_category_provider_error, NULL, NULL},
    {409, "{\"code\":20409}", VERDICT_REFUSED, failure_class_OURS, failure_category_unknown,
     "20409", NULL},
    {425, "", VERDICT_REFUSED, failure_class_OURS, failure_category_unknown, NULL, NULL},
};

static void test_send(void **state)
{
    struct send_job job = sound_job(channel_CALL);
    for (size_t i = 0; i < ARRAY_LENGTH(sends); i++) {
        struct wire_answer answer = answered(sends[i].status, sends[i].body);
        struct verdict verdict = {0};
        answer.retry_after_seconds = 7;
        provider_twilio.read_send(&job, &answer, *state, &verdict);
        assert_int_equal(verdict.kind, sends[i].kind);
        assert_int_equal(verdict.class, sends[i].class);
        assert_int_equal(verdict.category, sends[i].category);
        assert_int_equal(verdict.is_temporary, sends[i].class == failure_class_AGAIN);
        assert_str(verdict.code, sends[i].code);
        assert_str(verdict.provider_id, sends[i].kind == VERDICT_ACCEPTED ? "CA12ab" : "");
        assert_true(sends[i].error == NULL || str_equal_text(verdict.error, sends[i].error));
        assert_int_equal(verdict.retry_after_seconds,
                         sends[i].kind == VERDICT_NOT_SENT || sends[i].kind == VERDICT_UNKNOWN ||
                                 (sends[i].kind == VERDICT_REFUSED && sends[i].code != NULL)
                             ? 7
                             : 0);
    }
}

/* Refused for its callback's URL: once more without one, and no third time. */
static void test_bad_callback(void **state)
{
    static const struct {
        enum channel channel;
        const char *code;
        const char *before;
        bool is_mendable;
    } rows[] = {
        {channel_SMS, "21609", "", true},        {channel_WHATSAPP, "21609", "", true},
        {channel_SMS, "21609", "21609", false},  {channel_SMS, "21609", "21611", true},
        {channel_CALL, "21609", "", true},       {channel_CALL, "21205", "", true},
        {channel_CALL, "11100", "", true},       {channel_CALL, "21205", "21609", false},
        {channel_CALL, "21609", "11100", false}, {channel_CALL, "21210", "", false},
        {channel_SMS, "21617", "", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct send_job job = sound_job(rows[i].channel);
        struct str body = arena_printf(*state, "{\"code\":%s}", rows[i].code);
        struct wire_answer answer = {.outcome = WIRE_ANSWERED, .status = 400, .body = body};
        struct verdict verdict = {0};
        job.last_code = str_from(rows[i].before);
        provider_twilio.read_send(&job, &answer, *state, &verdict);
        assert_int_equal(verdict.kind, VERDICT_REFUSED);
        assert_int_equal(verdict.class, failure_class_OURS);
        assert_int_equal(verdict.is_mendable, rows[i].is_mendable);
        assert_false(verdict.is_temporary);
    }
}

static void test_unanswered(void **state)
{
    static const struct {
        enum wire_outcome outcome;
        enum verdict_kind kind;
    } rows[] = {
        {WIRE_NOT_SENT, VERDICT_NOT_SENT},   {WIRE_UNKNOWN, VERDICT_UNKNOWN},
        {WIRE_TOO_LARGE, VERDICT_UNKNOWN},   {WIRE_REDIRECTS, VERDICT_UNKNOWN},
        {WIRE_REFUSED_URL, VERDICT_REFUSED},
    };
    struct send_job job = sound_job(channel_CALL);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct wire_answer answer = {.outcome = rows[i].outcome};
        struct verdict verdict = {0};
        provider_twilio.read_send(&job, &answer, *state, &verdict);
        assert_int_equal(verdict.kind, rows[i].kind);
        provider_twilio.read_find(&job, &answer, *state, &verdict);
        assert_int_equal(verdict.kind, VERDICT_UNKNOWN);
    }
}

/* --- read_find --- */

/* Something of a list, as Twilio shows it. */
struct item {
    const char *sid;
    const char *direction;
    const char *to;
    const char *body;
    const char *created;
};

#define US "+15558675310"
#define THEM "+15558675311"
#define DOWN "It's down: https://t.example/l/a"

static struct str list_of(struct arena *arena, const char *name, const char *next,
                          const struct item *items, size_t count)
{
    struct buf out = {.arena = arena};
    buf_printf(&out, "{\"next_page_uri\":%s,\"%s\":[", next, name);
    for (size_t i = 0; i < count; i++) {
        buf_printf(&out, "%s{\"sid\":\"%s\",\"direction\":\"%s\",\"to\":\"%s\",", i > 0 ? "," : "",
                   items[i].sid, items[i].direction, items[i].to);
        buf_printf(&out, "\"body\":\"%s\",\"date_created\":\"Mon, 05 Jan 2026 %s +0000\",",
                   items[i].body, items[i].created);
        buf_add_text(&out, "\"date_sent\":null,\"start_time\":null}");
    }
    buf_add_text(&out, "]}");
    return buf_str(&out);
}

static struct verdict find(struct arena *arena, const struct send_job *job, struct str body)
{
    struct wire_answer answer = {.outcome = WIRE_ANSWERED, .status = 200, .body = body};
    struct verdict verdict = {0};
    provider_twilio.read_find(job, &answer, arena, &verdict);
    return verdict;
}

static void test_find_call(void **state)
{
    static const struct item items[] = {
        {"CA4", "outbound-api", US, "", "09:00:09"}, {"CA3", "outbound-api", US, "", "09:00:04"},
        {"CA2", "inbound", US, "", "09:00:03"},      {"CA9", "outbound-api", THEM, "", "09:00:03"},
        {"CA5", "outbound-api", US, "", "08:59:30"}, {"CA1", "outbound-api", US, "", "08:59:29"},
    };
    struct send_job job = sound_job(channel_CALL);
    struct verdict verdict =
        find(*state, &job, list_of(*state, "calls", "null", items, ARRAY_LENGTH(items)));
    assert_int_equal(verdict.kind, VERDICT_ACCEPTED);
    assert_str(verdict.provider_id, "CA5"); /* As far as clocks may differ. */
    assert_int_equal(verdict.other_count, 2);
    assert_str(verdict.others[0], "CA3");
    assert_str(verdict.others[1], "CA4");
    assert_int_equal(instant_since(verdict.found_at[0], job.claimed_at).us, SECONDS(-30).us);
    assert_true(instant_before(verdict.found_at[1], verdict.found_at[2]));
}

/* Another text, the same one with what a trial account and smart encoding do to it, and one on
 * another channel. None of them was sent yet. */
static void test_find_message(void **state)
{
    static const struct item items[] = {
        {"SM3", "outbound-api", US, "It's up", "09:00:05"},
        {"SM2", "outbound-api", US, "Sent from your Twilio trial account - " DOWN, "09:00:02"},
        {"SM1", "outbound-api", "whatsapp:" US, DOWN, "09:00:01"},
    };
    struct send_job job = sound_job(channel_SMS);
    struct str list = list_of(*state, "messages", "null", items, ARRAY_LENGTH(items));
    struct verdict verdict = find(*state, &job, list);
    assert_int_equal(verdict.kind, VERDICT_ACCEPTED);
    assert_str(verdict.provider_id, "SM2");
    assert_int_equal(verdict.other_count, 0);
}

static void test_find_template(void **state)
{
    static const struct item item = {"SM1", "outbound-api", "whatsapp:" US, "made", "09:00:01"};
    struct send_job job = sound_job(channel_WHATSAPP);
    struct str list = list_of(*state, "messages", "null", &item, 1);
    job.template_id = STR("HX1");
    assert_str(find(*state, &job, list).provider_id, "SM1");
    job.template_id = STR_NONE;
    assert_int_equal(find(*state, &job, list).kind, VERDICT_NOT_SENT);
}

/* Their clock is an hour behind ours, or ahead: what it calls an hour older or younger is of now.
 */
static void test_find_by_their_clock(void **state)
{
    static const struct {
        int64_t ahead_s;
        const char *before;
        const char *since;
    } rows[] = {{-3600, "07:59:29", "08:00:02"}, {3600, "09:59:29", "10:00:02"}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const struct item items[] = {{"CA2", "outbound-api", US, "", rows[i].since},
                                     {"CA1", "outbound-api", US, "", rows[i].before}};
        struct send_job job = sound_job(channel_CALL);
        job.now = instant_add(job.claimed_at, SECONDS(10));
        struct wire_answer answer = {.outcome = WIRE_ANSWERED,
                                     .status = 200,
                                     .date = instant_add(job.now, SECONDS(rows[i].ahead_s)),
                                     .heard_at = job.now};
        answer.body = list_of(*state, "calls", "null", items, ARRAY_LENGTH(items));
        struct verdict verdict = {0};
        provider_twilio.read_find(&job, &answer, *state, &verdict);
        assert_int_equal(verdict.kind, VERDICT_ACCEPTED);
        assert_str(verdict.provider_id, "CA2");
        assert_int_equal(verdict.other_count, 0);
        /* By our clock, as far as a Date of whole seconds tells. */
        int64_t off_us = instant_since(verdict.found_at[0], job.claimed_at).us - SECONDS(2).us;
        assert_in_range(off_us + SECONDS(1).us, 0, SECONDS(2).us);
    }
}

static void test_find_nothing(void **state)
{
    static const struct item recent = {"CA9", "outbound-api", THEM, "", "09:00:03"};
    static const struct item older = {"CA9", "outbound-api", THEM, "", "08:00:00"};
    struct send_job job = sound_job(channel_CALL);
    struct str list = list_of(*state, "calls", "null", NULL, 0);
    assert_int_equal(find(*state, &job, list).kind, VERDICT_NOT_SENT);
    /* More than a page since then: nobody knows. */
    list = list_of(*state, "calls", "\"/x\"", &recent, 1);
    assert_int_equal(find(*state, &job, list).kind, VERDICT_UNKNOWN);
    list = list_of(*state, "calls", "\"/x\"", &older, 1);
    assert_int_equal(find(*state, &job, list).kind, VERDICT_NOT_SENT);
    static const char *const unreadable[] = {"", "{}", "[]", "{\"calls\":{}}", "{\"messages\":[]}"};
    for (size_t i = 0; i < ARRAY_LENGTH(unreadable); i++) {
        assert_int_equal(find(*state, &job, str_from(unreadable[i])).kind, VERDICT_UNKNOWN);
    }
    struct wire_answer answer = answered(404, "{\"calls\":[]}");
    struct verdict verdict = {0};
    provider_twilio.read_find(&job, &answer, *state, &verdict);
    assert_int_equal(verdict.kind, VERDICT_UNKNOWN);
}

/* A page that is longer than we asked for costs no more than one that is not, and is not believed.
 */
static void test_find_long_page(void **state)
{
    enum { LONG = 4 * TWILIO_PAGE_SIZE };
    static const struct item other = {"CA9", "outbound-api", "+15550000000", "", "09:00:03"};
    struct item items[LONG];
    struct send_job job = sound_job(channel_CALL);
    for (size_t i = 0; i < LONG; i++) {
        items[i] = other;
    }
    assert_int_equal(
        find(*state, &job, list_of(*state, "calls", "null", items, TWILIO_PAGE_SIZE)).kind,
        VERDICT_NOT_SENT);
    assert_int_equal(find(*state, &job, list_of(*state, "calls", "null", items, LONG)).kind,
                     VERDICT_UNKNOWN);
}

/* --- read_poll --- */

static struct provider_news poll(struct arena *arena, enum channel channel, const char *body)
{
    struct wire_answer answer = answered(200, body);
    struct provider_news news = {0};
    provider_twilio.read_poll(channel, &answer, arena, &news);
    return news;
}

static void test_poll(void **state)
{
    struct provider_news news =
        poll(*state, channel_CALL,
             "{\"sid\":\"CA1\",\"status\":\"completed\",\"answered_by\":\"human\",\"duration\":"
             "\"34\",\"price\":\"-0.03000\",\"price_unit\":\"USD\",\"to\":\"" US "\"}");
    assert_int_equal(news.kind, NEWS_STATE);
    assert_int_equal(news.state, message_state_ANSWERED);
    assert_int_equal(news.level, receipt_level_HUMAN);
    assert_true(news.is_end && !news.is_machine);
    assert_int_equal(news.duration_seconds, 34);
    assert_int_equal(news.cost_micros, 30000);
    assert_str(news.currency, "USD");
    assert_str(news.provider_id, "CA1");
    assert_false(str_is_set(news.attempt));
    news = poll(*state, channel_SMS,
                "{\"sid\":\"SM1\",\"status\":\"undelivered\",\"error_code\":30007,"
                "\"error_message\":\"Filtered\",\"price\":null,\"price_unit\":\"USD\"}");
    assert_int_equal(news.state, message_state_UNDELIVERED);
    assert_int_equal(news.class, failure_class_OURS);
    assert_int_equal(news.category, failure_category_carrier_rejected);
    assert_str(news.code, "30007");
    assert_str(news.error, "the text was filtered as spam (30007)");
    assert_int_equal(news.cost_micros, -1);
    assert_false(str_is_set(news.currency));
    news = poll(*state, channel_CALL,
                "{\"sid\":\"CA1\",\"status\":\"in-progress\","
                "\"answered_by\":\"machine_start\",\"duration\":null}");
    assert_true(news.is_machine && !news.is_end);
    assert_int_equal(news.level, receipt_level_REACHED);
    assert_int_equal(news.duration_seconds, -1);
    static const char *const nothing[] = {"", "{}", "{\"sid\":\"CA1\"}", "{\"status\":\"busy\"}",
                                          "{\"sid\":\"CA1\",\"status\":\"flying\"}"};
    for (size_t i = 0; i < ARRAY_LENGTH(nothing); i++) {
        assert_int_equal(poll(*state, channel_CALL, nothing[i]).kind, NEWS_NONE);
    }
    struct wire_answer answer = answered(404, "{\"sid\":\"CA1\",\"status\":\"busy\"}");
    provider_twilio.read_poll(channel_CALL, &answer, *state, &news);
    assert_int_equal(news.kind, NEWS_NONE);
}

/* --- read_inbox --- */

static void test_inbox(void **state)
{
    struct wire_answer answer = answered(
        200,
        "{\"messages\":["
        "{\"sid\":\"SM4\",\"direction\":\"inbound\",\"from\":\"+15558675310\",\"to\":\"+15017122"
        "661\",\"body\":\"Joined\\u0000 \\u0007\\n\\u00e9\"},"
        "{\"sid\":\"SM3\",\"direction\":\"outbound-reply\",\"from\":\"+15558675310\"},"
        "{\"sid\":\"SM2\",\"direction\":\"inbound\",\"from\":\"12345\",\"body\":\"win\"},"
        "{\"sid\":\"SM1\",\"direction\":\"inbound\",\"from\":\"whatsapp:+15558675311\","
        "\"to\":\"whatsapp:+15017122662\",\"body\":null},7,null]}");
    const struct provider_news *items = NULL;
    size_t count = 0;
    provider_twilio.read_inbox(&answer, *state, &items, &count);
    assert_int_equal(count, 2);
    assert_str(items[0].provider_id, "SM1");
    assert_int_equal(items[0].channel, channel_WHATSAPP);
    assert_str(items[0].from, "+15558675311");
    assert_str(items[0].to, "+15017122662");
    assert_str(items[0].text, "");
    assert_str(items[1].provider_id, "SM4");
    assert_int_equal(items[1].channel, channel_SMS);
    assert_str(items[1].text, "Joined \n\xC3\xA9");
    assert_int_equal(items[1].kind, NEWS_TEXT);
    answer.status = 500;
    provider_twilio.read_inbox(&answer, *state, &items, &count);
    assert_int_equal(count, 0);
}

/* --- Words --- */

static void test_prices_and_times(void **state)
{
    (void)state;
    static const struct {
        const char *price;
        int64_t micros;
    } prices[] = {
        {"-0.00750", 7500},  {"-0.03000", 30000},
        {"0.0079", 7900},    {"-1", 1000000},
        {"-12.5", 12500000}, {"0", 0},
        {"-0.0000019", 1},   {"", -1},
        {"-", -1},           {".5", -1},
        {"1e3", -1},         {"--1", -1},
        {"1.2.3", -1},       {"1234567890", -1},
        {"1.", 1000000},     {"999999999.999999", INT64_C(999999999999999)},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(prices); i++) {
        assert_int_equal(twilio_price_micros(str_from(prices[i].price)), prices[i].micros);
    }
    static const struct {
        const char *text;
        int64_t us;
    } times[] = {
        {"Mon, 05 Jan 2026 09:00:00 +0000", INT64_C(1767603600000000)},
        {"Mon, 05 Jan 2026 10:00:00 +0100", INT64_C(1767603600000000)},
        {"Mon, 5 Jan 2026 09:00:00 +0000", INT64_C(1767603600000000)},
        {"Tue, 31 Aug 2010 20:36:28 +0000", INT64_C(1283286988000000)},
        {"", 0},
        {"2026-01-05T09:00:00Z", 0},
        {"Mon, 32 Jan 2026 09:00:00 +0000", 0},
        {"Mon, 05 Jum 2026 09:00:00 +0000", 0},
        {"Mon, 05 Jan 2026 09:00:00", 0},
        {"Mon, 05 Jan 2026 09:00:00 +0000 x", 0},
        {"Mon, 05 Jan 2026 29:00:00 +0000", 0},
        {"Mon, 30 Feb 2026 09:00:00 +0000", 0},
        {"Mon, 05 Jan 1026 09:00:00 +0000", 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
        assert_int_equal(twilio_time(str_from(times[i].text)).us, times[i].us);
    }
    assert_int_equal(twilio_time(STR_NONE).us, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_send),
        TEST(test_unanswered),
        TEST(test_bad_callback),
        TEST(test_find_call),
        TEST(test_find_message),
        TEST(test_find_template),
        TEST(test_find_by_their_clock),
        TEST(test_find_nothing),
        TEST(test_find_long_page),
        TEST(test_poll),
        TEST(test_inbox),
        TEST(test_prices_and_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
