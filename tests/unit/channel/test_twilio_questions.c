/* What we ask Twilio about: attempts, states, what people wrote; and what is to stop. */
#include "channel/twilio.h"
#include "lib/provider_case.h"
#include "lib/twilio_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ACCOUNT TWILIO_CASE_ACCOUNT
#define API TWILIO_CASE_API

static const int64_t nine_us = TWILIO_CASE_NINE_US; /* 2026-01-05T09:00:00Z */

static void assert_str(struct str got, const char *wanted)
{
    if (!str_equal_text(got, wanted)) {
        fail_msg("got \"%.*s\", wanted \"%s\"", STR_FMT(got), wanted);
    }
}

static void test_questions(void **state)
{
    struct provider_settings settings = twilio_case_settings();
    struct send_job job = twilio_case_job(channel_CALL);
    struct wire_request request = {0};
    assert_int_equal(provider_twilio.build_find(&settings, &job, *state, &request), OK);
    assert_str(request.http.method, "GET");
    assert_str(request.http.url,
               API "/Calls.json?To=%2B15558675310&From=%2B15017122661&PageSize=100");
    job = twilio_case_job(channel_WHATSAPP);
    assert_int_equal(provider_twilio.build_find(&settings, &job, *state, &request), OK);
    assert_str(request.http.url, API "/Messages.json?To=whatsapp%3A%2B15558675310&"
                                     "From=whatsapp%3A%2B15017122662&PageSize=100");
    job = twilio_case_job(channel_EMAIL);
    assert_int_equal(provider_twilio.build_find(&settings, &job, *state, &request), E_NOT_FOUND);
    struct str id = STR("../CA/?x");
    assert_int_equal(provider_twilio.build_poll(&settings, channel_SMS, id, *state, &request), OK);
    assert_str(request.http.url, API "/Messages/..%2FCA%2F%3Fx.json");
    assert_int_equal(
        provider_twilio.build_poll(&settings, channel_CALL, STR("CA1"), *state, &request), OK);
    assert_str(request.http.url, API "/Calls/CA1.json");
    assert_int_equal(provider_twilio.build_poll(&settings, channel_EMAIL, id, *state, &request),
                     E_NOT_FOUND);
    assert_int_equal(provider_twilio.build_poll(&settings, channel_SMS, STR_NONE, *state, &request),
                     E_NOT_FOUND);
    assert_int_equal(provider_twilio.build_cancel(&settings, STR("SM1"), *state, &request),
                     E_NOT_FOUND);
    assert_int_equal(provider_twilio.build_cancel(&settings, STR("CA1"), *state, &request), OK);
    assert_str(request.http.url, API "/Calls/CA1.json");
    assert_str(request.http.body, "Status=completed");
}

static void test_inbox(void **state)
{
    struct provider_settings settings = twilio_case_settings();
    struct wire_request request = {0};
    struct instant since = {nine_us + 123456};
    assert_int_equal(provider_twilio.build_inbox(&settings, since, *state, &request), OK);
    assert_str(request.http.url,
               API "/Messages.json?DateSent%3E=2026-01-05T09%3A00%3A00Z&PageSize=500");
    settings.twilio.whatsapp_from = STR_NONE;
    assert_int_equal(provider_twilio.build_inbox(&settings, INSTANT_NONE, *state, &request), OK);
    assert_str(request.http.url, API "/Messages.json?To=%2B15017122661&PageSize=500");
}

/* Older texts are on further pages; the credentials go to no other address than ours, whatever an
 * answer says. */
static void test_inbox_pages(void **state)
{
#define LIST "/2010-04-01/Accounts/" ACCOUNT "/Messages.json"
    static const struct {
        const char *next; /* As JSON. */
        enum err err;
        const char *url;
    } rows[] = {
        {"\"" LIST "?DateSent%3E=2026-01-05&PageSize=500&Page=1&PageToken=PASM12\"", OK,
         "https://api.twilio.com" LIST "?DateSent%3E=2026-01-05&PageSize=500&Page=1&PageToken="
         "PASM12"},
        {"null", E_NOT_FOUND, NULL},
        {"\"\"", E_NOT_FOUND, NULL},
        {"7", E_INVALID, NULL},
        {"\"https://evil.example" LIST "?Page=1\"", E_INVALID, NULL},
        {"\"//evil.example" LIST "?Page=1\"", E_INVALID, NULL},
        {"\"@evil.example" LIST "?Page=1\"", E_INVALID, NULL},
        {"\"/2010-04-01/Accounts/" ACCOUNT "/Calls.json?Page=1\"", E_INVALID, NULL},
        {"\"/2010-04-01/Accounts/ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/Messages.json?Page=1\"",
         E_INVALID, NULL},
        {"\"" LIST "\"", E_INVALID, NULL},
        {"\"" LIST "?Page=1\\r\\nX: y\"", E_INVALID, NULL},
        {"\"" LIST "?Page=1#x\"", E_INVALID, NULL},
        {"\"" LIST "?Page=\\u00e9\"", E_INVALID, NULL},
    };
    struct provider_settings settings = twilio_case_settings();
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct wire_request request = {0};
        struct wire_answer answer = {.outcome = WIRE_ANSWERED, .status = 200};
        answer.body = arena_printf(*state, "{\"messages\":[],\"next_page_uri\":%s}", rows[i].next);
        assert_int_equal(provider_twilio.build_inbox_more(&settings, &answer, *state, &request),
                         rows[i].err);
        assert_str(request.http.url, rows[i].url == NULL ? "" : rows[i].url);
        assert_true(rows[i].err != OK || str_equal_text(request.http.username, ACCOUNT));
        answer.status = 500;
        assert_int_equal(provider_twilio.build_inbox_more(&settings, &answer, *state, &request),
                         E_NOT_FOUND);
    }
    settings.twilio.base_url = STR("http://127.0.0.1:9/twilio/");
    struct wire_answer answer = {.outcome = WIRE_ANSWERED,
                                 .status = 200,
                                 .body = STR("{\"next_page_uri\":\"" LIST "?Page=2\"}")};
    struct wire_request request = {0};
    assert_int_equal(provider_twilio.build_inbox_more(&settings, &answer, *state, &request), OK);
    assert_str(request.http.url, "http://127.0.0.1:9/twilio" LIST "?Page=2");
#undef LIST
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, provider_case_begin, provider_case_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_questions),
        TEST(test_inbox),
        TEST(test_inbox_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
