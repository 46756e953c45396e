/* Plivo: the requests that we make, and what its answers mean (protocols 2.1, 2.2, 2.6). */
#include "channel/plivo.h"
#include "lib/provider_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NUMBER "+14155550137"
#define UUID "97ceeb52-58b6-11e1-86da-77300b68f8bb"

static struct provider_settings sound_settings(void)
{
    return (struct provider_settings){.timeout = SECONDS(45),
                                      .public_url = STR("https://t.example.com"),
                                      .hook_key = STR("k"),
                                      .ring_seconds = 25,
                                      .plivo = {.base_url = STR("https://api.example/"),
                                                .auth_id = STR("MAXX"),
                                                .auth_token = STR("hunter2-secret"),
                                                .from_number = STR("+14155550199")}};
}

static struct send_job job_of(enum channel channel)
{
    return provider_job(channel, NUMBER, "The server is \"down\" \\ <b>");
}

static struct wire_request sent(const struct provider_settings *settings,
                                const struct send_job *job, struct arena *arena)
{
    struct wire_request request = {0};
    struct problem problem = {0};
    assert_int_equal(provider_plivo.build_send(settings, job, arena, &request, &problem), OK);
    assert_int_equal(request.kind, WIRE_HTTP);
    assert_int_equal(request.timeout.us, settings->timeout.us);
    assert_true(str_equal_text(request.http.username, "MAXX"));
    assert_true(str_equal_text(request.http.password, "hunter2-secret"));
    assert_int_equal(request.http.redirects_max, 0);
    assert_true(str_ends(request.http.url, STR("/")));
    return request;
}

static void assert_has(struct str text, const char *part)
{
    if (!str_contains(text, str_from(part))) {
        fail_msg("no %s in %.*s", part, STR_FMT(text));
    }
}

static void assert_lacks(struct str text, const char *part)
{
    if (str_contains(text, str_from(part))) {
        fail_msg("%s in %.*s", part, STR_FMT(text));
    }
}

static void test_call(void **state)
{
    struct provider_settings settings = sound_settings();
    struct send_job job = job_of(channel_CALL);
    struct str body = sent(&settings, &job, *state).http.body;
    assert_true(str_equal_text(sent(&settings, &job, *state).http.url,
                               "https://api.example/v1/Account/MAXX/Call/"));
    assert_has(body, "{\"from\":\"14155550199\",\"to\":\"14155550137\",");
    assert_has(body, "\"answer_url\":\"https://t.example.com/webhooks/plivo/voice?attempt=a-1&");
    assert_has(body, "\"ring_url\":\"https://t.example.com/webhooks/plivo/call-status?attempt=a-1");
    assert_has(body, "\"hangup_url\":\"https://t.example.com/webhooks/plivo/call-status?attempt=");
    assert_has(body, "#rc=3&rp=4xx,5xx,ct,rt\"");
    assert_has(body, "\"ring_timeout\":25,\"time_limit\":600}");
    assert_lacks(body, "machine");
    settings.detects_machines = true;
    body = sent(&settings, &job, *state).http.body;
    assert_has(body, "\"machine_detection\":\"true\",\"machine_detection_url\":\"https://");
    settings.ring_seconds = 0;
    assert_has(sent(&settings, &job, *state).http.body, "\"ring_timeout\":30,");
    settings.ring_seconds = 4000;
    assert_has(sent(&settings, &job, *state).http.body, "\"ring_timeout\":120,");
}

static void test_text(void **state)
{
    struct provider_settings settings = sound_settings();
    struct send_job job = job_of(channel_SMS);
    struct str body = sent(&settings, &job, *state).http.body;
    assert_has(body, "{\"src\":\"14155550199\",\"dst\":\"14155550137\",\"text\":\"The server is "
                     "\\\"down\\\" \\\\ <b>\",\"type\":\"sms\",\"url\":\"https://t.example.com/"
                     "webhooks/plivo/sms-status?attempt=a-1&token=");
    assert_lacks(body, "message_expiry");
    assert_lacks(body, "dlt");
    settings.plivo.powerpack_uuid = STR("pp-1");
    settings.plivo.dlt_entity_id = STR("e1");
    settings.plivo.dlt_template_id = STR("t1");
    job.valid_until = instant_add(job.now, SECONDS(300));
    body = sent(&settings, &job, *state).http.body;
    assert_has(body, "{\"powerpack_uuid\":\"pp-1\",\"dst\":");
    assert_lacks(body, "src");
    assert_has(body, "\"message_expiry\":300,\"dlt_entity_id\":\"e1\",\"dlt_template_id\":\"t1\"}");
    job.valid_until = job.now;
    assert_has(sent(&settings, &job, *state).http.body, "\"message_expiry\":5,");
    job.valid_until = instant_add(job.now, DAYS(2));
    assert_has(sent(&settings, &job, *state).http.body, "\"message_expiry\":10799,");
    settings.public_url = STR_NONE;
    job.from = STR("ALERTS");
    body = sent(&settings, &job, *state).http.body;
    assert_has(body, "{\"src\":\"ALERTS\",\"dst\"");
    assert_lacks(body, "powerpack");
    assert_lacks(body, "\"url\"");
}

static void assert_refused(const struct provider_settings *settings, const struct send_job *job,
                           const char *field, struct arena *arena)
{
    struct wire_request request = {0};
    struct problem problem = {0};
    assert_int_equal(provider_plivo.build_send(settings, job, arena, &request, &problem),
                     E_INVALID);
    assert_string_equal(problem.field, field);
    assert_lacks(str_from(problem.message), "50137");
}

static void test_refusals_of_ours(void **state)
{
    static const char *const numbers[] = {
        "+14155550137<+14155550138", "14155550137", "", "+0123456789", "sip:a@b", "+1415555\n0137"};
    struct provider_settings settings = sound_settings();
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        struct send_job job = job_of(i % 2 == 0 ? channel_SMS : channel_CALL);
        job.to = str_from(numbers[i]);
        assert_refused(&settings, &job, "to", *state);
    }
    struct send_job job = job_of(channel_SMS);
    job.from = STR("+1415<2");
    assert_refused(&settings, &job, "from", *state);
    job = job_of(channel_SMS);
    job.text = STR("");
    assert_refused(&settings, &job, "text", *state);
    char text[1602];
    memset(text, 'a', sizeof text);
    job.text = (struct str){text, 1601};
    assert_refused(&settings, &job, "text", *state);
    job.text.len = 1600;
    (void)sent(&settings, &job, *state);
    /* One character outside of GSM-7 makes all of them cost more. */
    text[0] = '\xC3';
    text[1] = '\x80'; /* A with a grave accent. */
    job.text.len = 739;
    assert_refused(&settings, &job, "text", *state);
    job.text.len = 738;
    (void)sent(&settings, &job, *state);
    job = job_of(channel_CALL);
    settings.plivo.from_number = STR("ALERTS");
    assert_refused(&settings, &job, "PLIVO_FROM_NUMBER", *state);
    settings = sound_settings();
    settings.public_url = STR_NONE;
    assert_refused(&settings, &job, "TOCSIN_PUBLIC_URL", *state);
}

static void test_check(void **state)
{
    (void)state;
    struct provider_settings settings = sound_settings();
    struct problem problem = {0};
    assert_int_equal(provider_plivo.check(&settings, &problem), OK);
    assert_int_equal(provider_plivo.check_channel(&settings, channel_CALL, &problem), OK);
    settings.plivo.from_number = STR("1<2");
    assert_int_equal(provider_plivo.check(&settings, &problem), E_INVALID);
    assert_string_equal(problem.field, "PLIVO_FROM_NUMBER");
    settings.plivo.from_number = STR_NONE;
    assert_int_equal(provider_plivo.check(&settings, &problem), E_INVALID);
    settings.plivo.powerpack_uuid = STR("pp-1");
    assert_int_equal(provider_plivo.check(&settings, &problem), OK);
    assert_int_equal(provider_plivo.check_channel(&settings, channel_SMS, &problem), OK);
    assert_int_equal(provider_plivo.check_channel(&settings, channel_CALL, &problem), E_INVALID);
    assert_string_equal(problem.field, "PLIVO_FROM_NUMBER");
    settings.public_url = STR_NONE;
    assert_int_equal(provider_plivo.check_channel(&settings, channel_CALL, &problem), E_INVALID);
    assert_string_equal(problem.field, "TOCSIN_PUBLIC_URL");
    settings.plivo.powerpack_uuid = STR_NONE;
    assert_int_equal(provider_plivo.check_channel(&settings, channel_SMS, &problem), E_INVALID);
    assert_string_equal(problem.field, "PLIVO_FROM_NUMBER");
    settings.plivo.auth_id = STR("MA/../x");
    assert_int_equal(provider_plivo.check(&settings, &problem), E_INVALID);
    assert_string_equal(problem.field, "PLIVO_AUTH_ID");
}

static void test_created(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum verdict_kind kind;
        const char *id;
    } rows[] = {
        {201, "{\"message\":\"call fired\",\"request_uuid\":\"" UUID "\"}", VERDICT_ACCEPTED,
         "request:" UUID},
        {201, "{\"request_uuid\":[\"" UUID "\"]}", VERDICT_ACCEPTED, "request:" UUID},
        {202, "{\"message_uuid\":[\"" UUID "\"],\"new\":{\"x\":[1]}}", VERDICT_ACCEPTED, UUID},
        {202, "{\"message_uuid\":[\"" UUID "\"],\"invalid_number\":\"\"}", VERDICT_ACCEPTED, UUID},
        {202, "{\"message_uuid\":[],\"invalid_number\":\"14155550137\"}", VERDICT_REFUSED, ""},
        {202, "{\"message_uuid\":[\"" UUID "\"],\"invalid_number\":[\"1\"]}", VERDICT_REFUSED, ""},
        {202, "{\"message_uuid\":[]}", VERDICT_UNKNOWN, ""},
        {207, "{\"message_uuid\":[],\"invalid_number\":[\"14155550137\"]}", VERDICT_REFUSED, ""},
        {202, "{\"message_uuid\":[\"../../x\"]}", VERDICT_UNKNOWN, ""},
        {202, "<html>", VERDICT_UNKNOWN, ""},
        {301, "", VERDICT_UNKNOWN, ""},
        {500, "{\"error\":\"x\"}", VERDICT_UNKNOWN, ""},
        {503, "", VERDICT_UNKNOWN, ""},
        {429, "{\"error\":\"too many requests\"}", VERDICT_NOT_SENT, ""},
    };
    struct send_job job = job_of(channel_SMS);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct wire_answer answer = provider_said(rows[i].status, rows[i].body);
        struct verdict verdict = {0};
        provider_plivo.read_send(&job, &answer, *state, &verdict);
        assert_int_equal(verdict.kind, rows[i].kind);
        assert_true(str_equal(verdict.provider_id, str_from(rows[i].id)) || rows[i].id[0] == '\0');
        assert_lacks(verdict.error, "14155550137");
    }
}

static void test_refused(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum failure_class class;
        enum failure_category category;
    } rows[] = {
        {400, "{\"error\":\"invalid dst parameter\"}", failure_class_RECIPIENT,
         failure_category_invalid_number},
        {400, "{\"error\":\"answer_url is missing\"}", failure_class_OURS,
         failure_category_provider_error},
        {401, "{\"error\":\"MAXX:hunter2-secret is wrong\"}", failure_class_OURS,
         failure_category_auth},
        {402, "{\"error\":\"Insufficient credit\"}", failure_class_OURS, failure_category_auth},
        {403, "{\"error\":\"Geo permission to +14155550137 disabled\"}", failure_class_OURS,
         failure_category_auth},
        {403, "{\"error\":\"Concurrent calls limit reached\"}", failure_class_AGAIN,
         failure_category_rate_limited},
        {422, "not json", failure_class_OURS, failure_category_provider_error},
        /* Words within words: nobody's number is at fault here. */
        {400, "{\"error\":\"Invalid token for subaccount\"}", failure_class_OURS,
         failure_category_provider_error},
        {403, "{\"error\":\"accredited endpoints only\"}", failure_class_OURS,
         failure_category_auth},
        {400, "{\"error\":\"Invalid to: not a number\"}", failure_class_RECIPIENT,
         failure_category_invalid_number},
        {400, "{\"error\":\"invalid TO\"}", failure_class_RECIPIENT,
         failure_category_invalid_number},
        {400, "{\"error\":\"the `to` is bad: invalid `to`.\"}", failure_class_RECIPIENT,
         failure_category_invalid_number},
        {403, "{\"error\":\"CPS limit\"}", failure_class_AGAIN, failure_category_rate_limited},
        {404, "{\"error\":\"not found\"}", failure_class_OURS, failure_category_provider_error},
        {409, "{}", failure_class_OURS, failure_category_provider_error},
        {425, "{}", failure_class_OURS, failure_category_provider_error},
    };
    struct send_job job = job_of(channel_CALL);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct wire_answer answer = provider_said(rows[i].status, rows[i].body);
        struct verdict verdict = {0};
        provider_plivo.read_send(&job, &answer, *state, &verdict);
        assert_int_equal(verdict.kind, VERDICT_REFUSED);
        assert_int_equal(verdict.class, rows[i].class);
        assert_int_equal(verdict.category, rows[i].category);
        assert_int_equal(verdict.is_temporary, rows[i].class == failure_class_AGAIN);
        assert_true(verdict.error.len > 0);
        assert_lacks(verdict.error, "hunter2");
        assert_lacks(verdict.error, "4155550137");
    }
}

/* What was created, if anything, nobody knows: it is asked for, and never just repeated. */
static void test_unknown(void **state)
{
    static const struct {
        int status;
        enum verdict_kind kind;
        enum failure_category category;
    } rows[] = {
        {302, VERDICT_UNKNOWN, failure_category_provider_error},
        {307, VERDICT_UNKNOWN, failure_category_provider_error},
        {408, VERDICT_UNKNOWN, failure_category_timeout},
        {429, VERDICT_NOT_SENT, failure_category_rate_limited},
        {500, VERDICT_UNKNOWN, failure_category_provider_error},
        {502, VERDICT_UNKNOWN, failure_category_provider_error},
        {503, VERDICT_UNKNOWN, failure_category_provider_error},
        {504, VERDICT_UNKNOWN, failure_category_timeout},
    };
    struct send_job job = job_of(channel_CALL);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct wire_answer answer = provider_said(rows[i].status, "<html>gateway</html>");
        struct verdict verdict = {0};
        provider_plivo.read_send(&job, &answer, *state, &verdict);
        assert_int_equal(verdict.kind, rows[i].kind);
        assert_int_equal(verdict.category, rows[i].category);
        assert_int_equal(verdict.class, failure_class_NONE);
    }
}

static struct str url_of(enum err err, const struct wire_request *request, const char *method)
{
    assert_int_equal(err, OK);
    assert_true(str_equal_text(request->http.method, method));
    assert_has(request->http.url, "https://api.example/v1/Account/MAXX/");
    return str_slice(request->http.url, strlen("https://api.example/v1/Account/MAXX/"),
                     request->http.url.len);
}

static void test_questions(void **state)
{
    struct provider_settings settings = sound_settings();
    const struct provider *plivo = &provider_plivo;
    struct wire_request r = {0};
    struct send_job call = job_of(channel_CALL);
    struct send_job text = job_of(channel_SMS);
    struct str url = url_of(plivo->build_find(&settings, &call, *state, &r), &r, "GET");
    assert_true(str_equal_text(url, "Call/?call_direction=outbound&to_number=14155550137"
                                    "&limit=20"));
    url = url_of(plivo->build_find(&settings, &text, *state, &r), &r, "GET");
    assert_true(str_equal_text(url, "Message/?message_direction=outbound&limit=20"));
    url = url_of(plivo->build_cancel(&settings, STR("request:" UUID), *state, &r), &r, "DELETE");
    assert_true(str_equal_text(url, "Request/" UUID "/"));
    url = url_of(plivo->build_cancel(&settings, STR(UUID), *state, &r), &r, "DELETE");
    assert_true(str_equal_text(url, "Call/" UUID "/"));
    url = url_of(plivo->build_poll(&settings, channel_CALL, STR(UUID), *state, &r), &r, "GET");
    assert_true(str_equal_text(url, "Call/" UUID "/"));
    url = url_of(plivo->build_poll(&settings, channel_SMS, STR(UUID), *state, &r), &r, "GET");
    assert_true(str_equal_text(url, "Message/" UUID "/"));
    assert_int_equal(plivo->build_poll(&settings, channel_CALL, STR("request:x"), *state, &r),
                     E_NOT_FOUND);
    assert_int_equal(plivo->build_cancel(&settings, STR("../x"), *state, &r), E_NOT_FOUND);
    assert_int_equal(plivo->build_cancel(&settings, STR("request:"), *state, &r), E_NOT_FOUND);
    assert_int_equal(plivo->build_inbox(&settings, call.now, *state, &r), E_NOT_FOUND);
}

static void test_found(void **state)
{
    struct verdict verdict = {0};
    struct send_job call = job_of(channel_CALL);
    struct send_job text = job_of(channel_SMS);
    struct wire_answer answer =
        provider_said(200, "{\"objects\":[{\"call_uuid\":\"c2\",\"to_number\":\"14155550137\"},"
                           "{\"call_uuid\":\"x1\",\"to_number\":\"14155550138\"},"
                           "{\"call_uuid\":\"c1\",\"to_number\":\"+14155550137\"}]}");
    provider_plivo.read_find(&call, &answer, *state, &verdict);
    assert_found(&verdict, "c1", 1);
    assert_true(str_equal_text(verdict.others[0], "c2"));
    answer = provider_said(200, "{\"objects\":[]}");
    provider_plivo.read_find(&call, &answer, *state, &verdict);
    assert_int_equal(verdict.kind, VERDICT_UNKNOWN); /* It may still be ringing. */
    provider_plivo.read_find(&text, &answer, *state, &verdict);
    assert_int_equal(verdict.kind, VERDICT_NOT_SENT);
    text.now = instant_add(text.claimed_at, SECONDS(29)); /* Lists lag. */
    provider_plivo.read_find(&text, &answer, *state, &verdict);
    assert_int_equal(verdict.kind, VERDICT_UNKNOWN);
    struct wire_answer broken = {.outcome = WIRE_NOT_SENT};
    provider_plivo.read_find(&text, &broken, *state, &verdict);
    assert_int_equal(verdict.kind, VERDICT_UNKNOWN);
    assert_true(verdict.error.len > 0);
}

/* Their clock is an hour behind ours, and lists have the account's time of day. */
static void test_found_by_their_clock(void **state)
{
    struct verdict verdict = {0};
    struct send_job call = job_of(channel_CALL);
    struct send_job text = job_of(channel_SMS);
    struct wire_answer answer = provider_said_ahead(
        &call, -3600,
        "{\"objects\":[{\"call_uuid\":\"c2\",\"to_number\":\"14155550137\",\"initiation_time\":"
        "\"2026-01-05 13:30:05+05:30\",\"message_uuid\":\"m2\",\"message_time\":"
        "\"2026-01-05 13:30:05.123456+05:30\"},"
        "{\"call_uuid\":\"c1\",\"to_number\":\"14155550137\",\"initiation_time\":"
        "\"2026-01-05 07:59:20\",\"message_uuid\":\"m1\",\"message_time\":"
        "\"2026-01-05 07:59:20\"}]}");
    provider_plivo.read_find(&call, &answer, *state, &verdict);
    assert_found(&verdict, "c2", 0);
    provider_plivo.read_find(&text, &answer, *state, &verdict);
    assert_found(&verdict, "m2", 0);
}

static struct wire_answer full_page(struct arena *arena, const char *last_time)
{
    struct buf body = {.arena = arena};
    buf_add_text(&body, "{\"objects\":[");
    for (int i = 1; i <= PLIVO_LIST_MAX; i++) {
        buf_printf(&body, "{\"message_uuid\":\"m\",\"to_number\":\"14155550138\",");
        buf_printf(&body, "\"message_time\":\"%s\"}%s",
                   i < PLIVO_LIST_MAX ? "2026-01-05 09:00:20" : last_time,
                   i < PLIVO_LIST_MAX ? "," : "]}");
    }
    return provider_said(200, buf_str(&body).ptr);
}

static void test_full_page(void **state)
{
    struct verdict verdict = {0};
    struct send_job text = job_of(channel_SMS);
    struct wire_answer answer = full_page(*state, "2026-01-05 09:00:01");
    provider_plivo.read_find(&text, &answer, *state, &verdict);
    assert_int_equal(verdict.kind, VERDICT_UNKNOWN); /* Ours may stand on the next page. */
    answer = full_page(*state, "2026-01-05 08:59:01");
    provider_plivo.read_find(&text, &answer, *state, &verdict);
    assert_int_equal(verdict.kind, VERDICT_NOT_SENT); /* It would stand before the last. */
}

static void test_polled(void **state)
{
    static const struct {
        enum channel channel;
        int status;
        const char *body;
        enum news_kind kind;
        enum message_state state;
        enum failure_class class;
        int64_t cost_micros;
    } rows[] = {
        {channel_CALL, 404, "{\"error\":\"not found\"}", NEWS_NONE, 0, 0, -1},
        {channel_CALL, 200, "{\"call_uuid\":\"c1\"}", NEWS_NONE, 0, 0, -1},
        {channel_CALL, 200,
         "{\"call_uuid\":\"c1\",\"end_time\":\"t\",\"answer_time\":\"t\",\"call_duration\":17,"
         "\"hangup_cause_code\":4000,\"total_amount\":\"0.00350\"}",
         NEWS_STATE, message_state_ANSWERED, 0, 3500},
        {channel_CALL, 200, "{\"end_time\":\"t\",\"answer_time\":null,\"hangup_cause_code\":3050}",
         NEWS_STATE, message_state_FAILED, failure_class_RECIPIENT, -1},
        {channel_CALL, 200, "{\"end_time\":\"t\"}", NEWS_STATE, message_state_NO_ANSWER,
         failure_class_ELSEWHERE, -1},
        {channel_SMS, 200,
         "{\"message_uuid\":\"m1\",\"message_state\":\"delivered\",\"error_code\":\"000\","
         "\"total_amount\":\"1.5\"}",
         NEWS_STATE, message_state_DELIVERED, 0, 1500000},
        {channel_SMS, 200, "{\"message_state\":\"undelivered\",\"error_code\":\"200\"}", NEWS_STATE,
         message_state_UNDELIVERED, failure_class_OPTED_OUT, -1},
        {channel_SMS, 200, "{\"message_state\":\"frozen\"}", NEWS_NONE, 0, 0, -1},
        {channel_SMS, 200, "[]", NEWS_NONE, 0, 0, -1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct provider_news news = {0};
        struct wire_answer answer = provider_said(rows[i].status, rows[i].body);
        provider_plivo.read_poll(rows[i].channel, &answer, *state, &news);
        assert_int_equal(news.kind, rows[i].kind);
        assert_int_equal(news.state, rows[i].state);
        assert_int_equal(news.class, rows[i].class);
        assert_int_equal(news.cost_micros, rows[i].cost_micros);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROVIDER_CASE(test_call),
        PROVIDER_CASE(test_text),
        PROVIDER_CASE(test_refusals_of_ours),
        PROVIDER_CASE(test_check),
        PROVIDER_CASE(test_created),
        PROVIDER_CASE(test_refused),
        PROVIDER_CASE(test_unknown),
        PROVIDER_CASE(test_questions),
        PROVIDER_CASE(test_found),
        PROVIDER_CASE(test_found_by_their_clock),
        PROVIDER_CASE(test_full_page),
        PROVIDER_CASE(test_polled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
