/* Exotel: requests, answers, callbacks and the flow of a call (protocols 3). */
#include "channel/exotel.h"
#include "lib/provider_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NUMBER "+919876543210"
#define BASE "https://api.in.example/v1/Accounts/acme1/"

static struct provider_settings sound_settings(void)
{
    return (struct provider_settings){.timeout = SECONDS(45),
                                      .public_url = STR("https://t.example.com"),
                                      .hook_key = STR("k"),
                                      .ring_seconds = 25,
                                      .exotel = {.base_url = STR("https://api.in.example"),
                                                 .account_sid = STR("acme1"),
                                                 .api_key = STR("key"),
                                                 .api_token = STR("hunter2-secret"),
                                                 .caller_id = STR("08012345678"),
                                                 .sms_from = STR("ACMEAL"),
                                                 .app_id = STR("4711")}};
}

static struct send_job job_of(enum channel channel)
{
    return provider_job(channel, NUMBER, "Disk full: 95% & rising");
}

static struct form sent(const struct provider_settings *settings, const struct send_job *job,
                        const char *path, struct arena *arena)
{
    struct wire_request request = {0};
    struct problem problem = {0};
    struct form form = {0};
    assert_int_equal(provider_exotel.build_send(settings, job, arena, &request, &problem), OK);
    assert_true(str_equal_text(request.http.method, "POST"));
    assert_true(str_equal(request.http.url, arena_printf(arena, BASE "%s", path)));
    assert_true(str_equal_text(request.http.username, "key"));
    assert_true(str_equal_text(request.http.headers[0].value, "application/x-www-form-urlencoded"));
    assert_true(str_contains(request.http.body, STR("%2B919876543210")));
    assert_int_equal(form_parse(arena, request.http.body, &form), OK);
    return form;
}

static void assert_field(const struct form *form, const char *name, const char *value)
{
    struct str found = form_value(form, name);
    if (!str_equal_text(found, value)) {
        fail_msg("%s is %.*s", name, STR_FMT(found));
    }
}

static void test_call(void **state)
{
    struct provider_settings settings = sound_settings();
    struct send_job job = job_of(channel_CALL);
    struct form form = sent(&settings, &job, "Calls/connect.json", *state);
    assert_field(&form, "From", NUMBER);
    assert_field(&form, "CallerId", "08012345678");
    assert_field(&form, "Url", "http://my.exotel.com/acme1/exoml/start_voice/4711");
    assert_field(&form, "TimeOut", "25");
    assert_field(&form, "StatusCallbackEvents[0]", "terminal");
    assert_field(&form, "StatusCallbackEvents[1]", "answered");
    assert_field(&form, "StatusCallbackContentType", "application/json");
    assert_false(str_is_set(form_value(&form, "To")));
    settings.ring_seconds = 90;
    struct form longest = sent(&settings, &job, "Calls/connect.json", *state);
    assert_field(&longest, "TimeOut", "60");
    struct str field = form_value(&form, "CustomField");
    assert_true(str_starts(field, STR("a-1|")) && field.len > 20 && field.len <= 128);
    assert_true(hook_token_fits(&settings, STR("a-1"), str_slice(field, 4, field.len)));
    assert_true(str_starts(form_value(&form, "StatusCallback"),
                           STR("https://t.example.com/webhooks/exotel/call-status?attempt=a-1&"
                               "token=")));
}

static void test_text(void **state)
{
    struct provider_settings settings = sound_settings();
    struct send_job job = job_of(channel_SMS);
    struct form form = sent(&settings, &job, "Sms/send.json", *state);
    assert_field(&form, "From", "ACMEAL");
    assert_field(&form, "To", NUMBER);
    assert_field(&form, "Body", "Disk full: 95% & rising");
    assert_field(&form, "EncodingType", "plain");
    assert_false(str_is_set(form_value(&form, "DltEntityId")));
    settings.exotel.dlt_entity_id = STR("e1");
    settings.exotel.dlt_template_id = STR("t1");
    settings.exotel.sms_from = STR_NONE;
    settings.public_url = STR_NONE;
    job.text = STR("डिस्क भर गई");
    form = sent(&settings, &job, "Sms/send.json", *state);
    assert_field(&form, "From", "08012345678");
    assert_field(&form, "EncodingType", "unicode");
    assert_field(&form, "DltEntityId", "e1");
    assert_field(&form, "DltTemplateId", "t1");
    assert_false(str_is_set(form_value(&form, "StatusCallback")));
}

static void test_refusals_of_ours(void **state)
{
    struct provider_settings bare = sound_settings();
    struct provider_settings no_flow = sound_settings();
    struct provider_settings no_url = sound_settings();
    bare.exotel.caller_id = STR_NONE;
    no_flow.exotel.app_id = STR("../1");
    no_url.public_url = STR_NONE;
    const struct {
        const struct provider_settings *settings;
        const char *field;
    } rows[] = {
        {&bare, "EXOTEL_CALLER_ID"}, {&no_flow, "EXOTEL_APP_ID"}, {&no_url, "TOCSIN_PUBLIC_URL"}};
    struct wire_request request = {0};
    struct problem problem = {0};
    struct send_job job = job_of(channel_CALL);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_int_equal(
            provider_exotel.build_send(rows[i].settings, &job, *state, &request, &problem),
            E_INVALID);
        assert_string_equal(problem.field, rows[i].field);
        assert_int_equal(provider_exotel.check(rows[i].settings, &problem), OK);
        assert_int_equal(provider_exotel.check_channel(rows[i].settings, channel_CALL, &problem),
                         E_INVALID);
        assert_string_equal(problem.field, rows[i].field);
        assert_int_equal(provider_exotel.check_channel(rows[i].settings, channel_SMS, &problem),
                         OK);
    }
    job.to = STR("09876543210");
    assert_int_equal(provider_exotel.build_send(&no_url, &job, *state, &request, &problem),
                     E_INVALID);
    assert_string_equal(problem.field, "to");
}

static void test_created(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum verdict_kind kind;
        enum failure_class class;
        enum failure_category category;
    } rows[] = {
        {200, "{\"Call\":{\"Sid\":\"c1\",\"Status\":\"in-progress\"}}", VERDICT_ACCEPTED, 0, 0},
        {200,
         "{\"SMSMessage\":{\"Sid\":\"c1\",\"Status\":\"queued\",\"DetailedStatusCode\":21010}}",
         VERDICT_ACCEPTED, 0, 0},
        {200, "<TwilioResponse><Call><Sid>c1</Sid></Call></TwilioResponse>", VERDICT_ACCEPTED, 0,
         0},
        {200, "{\"SMSMessage\":{\"Sid\":\"c1\",\"Status\":\"failed-dnd\"}}", VERDICT_REFUSED,
         failure_class_OPTED_OUT, failure_category_opted_out},
        {200,
         "{\"SMSMessage\":{\"Sid\":\"c1\",\"Status\":\"failed\",\"DetailedStatusCode\":23010}}",
         VERDICT_REFUSED, failure_class_RECIPIENT, failure_category_invalid_number},
        {200, "{\"Call\":{}}", VERDICT_UNKNOWN, 0, failure_category_provider_error},
        {200, "", VERDICT_UNKNOWN, 0, failure_category_provider_error},
        {400, "{\"RestException\":{\"Status\":400,\"Message\":\"Invalid Recipient 9876543210\"}}",
         VERDICT_REFUSED, failure_class_RECIPIENT, failure_category_invalid_number},
        {400,
         "<TwilioResponse><RestException><Status>400</Status><Message>Invalid Recipient "
         "9876543210</Message></RestException></TwilioResponse>",
         VERDICT_REFUSED, failure_class_RECIPIENT, failure_category_invalid_number},
        {400, "<TwilioResponse><RestException><Message>no end", VERDICT_REFUSED, failure_class_OURS,
         failure_category_provider_error},
        {401, "{\"RestException\":{\"Message\":\"hunter2-secret is wrong\"}}", VERDICT_REFUSED,
         failure_class_OURS, failure_category_auth},
        {402, "{}", VERDICT_REFUSED, failure_class_OURS, failure_category_auth},
        {403, "{\"RestException\":{\"Message\":\"Call to NDNC number\"}}", VERDICT_REFUSED,
         failure_class_OPTED_OUT, failure_category_opted_out},
        {429, "{}", VERDICT_NOT_SENT, 0, failure_category_rate_limited},
        {503, "{}", VERDICT_UNKNOWN, 0, failure_category_provider_error},
    };
    struct send_job job = job_of(channel_SMS);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct wire_answer answer = provider_said(rows[i].status, rows[i].body);
        struct verdict verdict = {0};
        provider_exotel.read_send(&job, &answer, *state, &verdict);
        assert_int_equal(verdict.kind, rows[i].kind);
        assert_int_equal(verdict.class, rows[i].class);
        assert_int_equal(verdict.category, rows[i].category);
        assert_int_equal(str_equal_text(verdict.provider_id, "c1"),
                         verdict.kind == VERDICT_ACCEPTED);
        assert_int_equal(verdict.error.len > 0, verdict.kind != VERDICT_ACCEPTED);
        assert_false(str_contains(verdict.error, STR("hunter2")));
        assert_false(str_contains(verdict.error, STR("9876543210")));
    }
}

static void test_questions(void **state)
{
    struct provider_settings settings = sound_settings();
    struct wire_request r = {0};
    struct send_job call = job_of(channel_CALL);
    struct send_job text = job_of(channel_SMS);
    assert_int_equal(provider_exotel.build_find(&settings, &call, *state, &r), OK);
    assert_true(str_equal_text(r.http.url, BASE "Calls.json?From=%2B919876543210&PageSize=20"));
    assert_int_equal(provider_exotel.build_find(&settings, &text, *state, &r), E_NOT_FOUND);
    assert_int_equal(provider_exotel.build_cancel(&settings, STR("c1"), *state, &r), E_NOT_FOUND);
    assert_int_equal(provider_exotel.build_poll(&settings, channel_CALL, STR("c1"), *state, &r),
                     OK);
    assert_true(str_equal_text(r.http.url, BASE "Calls/c1.json"));
    assert_int_equal(provider_exotel.build_poll(&settings, channel_SMS, STR("c1"), *state, &r), OK);
    assert_true(str_equal_text(r.http.url, BASE "SMS/Messages/c1.json"));
    assert_int_equal(provider_exotel.build_poll(&settings, channel_SMS, STR("a/b"), *state, &r),
                     E_NOT_FOUND);
    struct verdict verdict = {0};
    struct wire_answer answer = provider_said(
        200, "{\"Calls\":[{\"Sid\":\"c2\",\"From\":\"+919876543210\"},"
             "{\"Sid\":\"x\",\"From\":\"09876543211\"},"
             "{\"Sid\":\"in\",\"From\":\"09876543210\",\"Direction\":\"inbound\"},"
             "{\"Sid\":\"c1\",\"From\":\"09876543210\",\"Direction\":\"outbound-api\"},"
             "{\"Sid\":\"old\",\"From\":\"09876543210\","
             "\"DateCreated\":\"2026-01-05 14:29:25\"}]}");
    provider_exotel.read_find(&call, &answer, *state, &verdict);
    assert_found(&verdict, "c1", 1);
    /* Their clock is an hour ahead: 15:29:35 of theirs is 08:59:35 of ours. */
    answer = provider_said_ahead(&call, 3600,
                                 "{\"Calls\":[{\"Sid\":\"c1\",\"From\":\"09876543210\","
                                 "\"DateCreated\":\"2026-01-05 15:29:35\"},"
                                 "{\"Sid\":\"old\",\"From\":\"09876543210\","
                                 "\"DateCreated\":\"2026-01-05 15:29:25\"}]}");
    provider_exotel.read_find(&call, &answer, *state, &verdict);
    assert_found(&verdict, "c1", 0);
    answer = provider_said(200, "{\"Calls\":[]}");
    provider_exotel.read_find(&call, &answer, *state, &verdict);
    assert_int_equal(verdict.kind, VERDICT_UNKNOWN); /* Calls that go on are not listed. */
}

/* A call is "in-progress" there from its creation on, long before anybody picks up. */
static void test_polled_while_it_rings(void **state)
{
    static const struct {
        const char *status;
        enum receipt_level level;
    } rows[] = {{"queued", receipt_level_ACCEPTED},
                {"ringing", receipt_level_LEFT},
                {"in-progress", receipt_level_LEFT}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct provider_news news = {0};
        struct str body =
            arena_printf(*state, "{\"Call\":{\"Sid\":\"c1\",\"Status\":\"%s\",\"EndTime\":null}}",
                         rows[i].status);
        struct wire_answer answer = provider_said(200, body.ptr);
        provider_exotel.read_poll(channel_CALL, &answer, *state, &news);
        assert_int_equal(news.kind, NEWS_STATE);
        assert_int_equal(news.state, message_state_SENT);
        assert_int_equal(news.level, rows[i].level);
        assert_false(news.is_end);
        assert_false(news.is_unproven);
        assert_true(str_equal_text(news.provider_state, rows[i].status));
    }
}

static void test_polled(void **state)
{
    struct provider_news news = {0};
    struct wire_answer answer = provider_said(
        200, "{\"Call\":{\"Sid\":\"c1\",\"Status\":\"no-answer\",\"Duration\":\"0\"}}");
    provider_exotel.read_poll(channel_CALL, &answer, *state, &news);
    assert_int_equal(news.kind, NEWS_STATE);
    assert_int_equal(news.state, message_state_NO_ANSWER);
    assert_int_equal(news.category, failure_category_no_answer);
    answer = provider_said(200, "{\"SMSMessage\":{\"Status\":\"sent\",\"DetailedStatus\":"
                                "\"DELIVERED_TO_HANDSET\",\"DetailedStatusCode\":20005}}");
    provider_exotel.read_poll(channel_SMS, &answer, *state, &news);
    assert_int_equal(news.state, message_state_DELIVERED);
    assert_true(str_equal_text(news.code, "20005"));
    answer = provider_said(200, "{\"SMSMessage\":{\"Status\":\"sent\",\"DetailedStatus\":"
                                "\"DELIVERED_TO_OPERATOR\"}}");
    provider_exotel.read_poll(channel_SMS, &answer, *state, &news);
    assert_int_equal(news.state, message_state_SENT);
    assert_false(news.is_end);
    answer = provider_said(404, "{}");
    provider_exotel.read_poll(channel_SMS, &answer, *state, &news);
    assert_int_equal(news.kind, NEWS_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROVIDER_CASE(test_call),
        PROVIDER_CASE(test_text),
        PROVIDER_CASE(test_refusals_of_ours),
        PROVIDER_CASE(test_created),
        PROVIDER_CASE(test_questions),
        PROVIDER_CASE(test_polled),
        PROVIDER_CASE(test_polled_while_it_rings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
