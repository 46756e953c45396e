/* What we ask Twilio for, field by field. */
#include "channel/form.h"
#include "channel/twilio.h"
#include "lib/provider_case.h"
#include "lib/twilio_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ACCOUNT TWILIO_CASE_ACCOUNT
#define API TWILIO_CASE_API
#define ATTEMPT TWILIO_CASE_ATTEMPT

static const int64_t nine_us = TWILIO_CASE_NINE_US; /* 2026-01-05T09:00:00Z */

static void assert_str(struct str got, const char *wanted)
{
    if (!str_equal_text(got, wanted)) {
        fail_msg("got \"%.*s\", wanted \"%s\"", STR_FMT(got), wanted);
    }
}

static struct form form_of(struct arena *arena, const struct wire_request *request)
{
    struct form form;
    assert_int_equal(form_parse(arena, request->http.body, &form), OK);
    return form;
}

static struct form send(struct arena *arena, const struct provider_settings *settings,
                        const struct send_job *job, struct wire_request *request)
{
    struct problem problem = {0};
    if (provider_twilio.build_send(settings, job, arena, request, &problem) != OK) {
        fail_msg("%s: %s", problem.field, problem.message);
    }
    assert_int_equal(request->kind, WIRE_HTTP);
    assert_int_equal(request->timeout.us, SECONDS(45).us);
    assert_str(request->http.method, "POST");
    assert_int_equal(request->http.redirects_max, 0);
    assert_false(request->http.user_given_url);
    return form_of(arena, request);
}

static void refuse(struct arena *arena, const struct provider_settings *settings,
                   const struct send_job *job, const char *field)
{
    struct wire_request request = {0};
    struct problem problem = {0};
    assert_int_equal(provider_twilio.build_send(settings, job, arena, &request, &problem),
                     E_INVALID);
    assert_string_equal(problem.field, field);
}

static void assert_fields(const struct form *form, const char *const *wanted, size_t count)
{
    for (size_t i = 0; i < count; i += 2) {
        struct str got = form_value(form, wanted[i]);
        if (wanted[i + 1] == NULL ? str_is_set(got) : !str_equal_text(got, wanted[i + 1])) {
            fail_msg("%s is \"%.*s\"", wanted[i], STR_FMT(got));
        }
    }
}

#define FIELDS(form, ...)                                    \
    do {                                                     \
        const char *const wanted_[] = {__VA_ARGS__};         \
        assert_fields(form, wanted_, ARRAY_LENGTH(wanted_)); \
    } while (0)

static struct str hook(struct arena *arena, const struct provider_settings *settings,
                       enum hook which, const char *fragment)
{
    struct hook_place place = {"twilio", which, STR(ATTEMPT), str_from(fragment)};
    return hook_url(settings, &place, arena);
}

static void test_call(void **state)
{
    struct provider_settings settings = twilio_case_settings();
    struct send_job job = twilio_case_job(channel_CALL);
    struct wire_request request = {0};
    struct form form = send(*state, &settings, &job, &request);
    const char *voice = arena_cstr(*state, hook(*state, &settings, HOOK_VOICE, NULL));
    const char *status =
        arena_cstr(*state, hook(*state, &settings, HOOK_CALL_STATUS, "#rc=3&rp=all"));
    assert_str(request.http.url, API "/Calls.json");
    assert_true(str_contains(request.http.body, STR("To=%2B15558675310&From=%2B15017122661&")));
    FIELDS(&form, "To", "+15558675310", "From", "+15017122661", "Url", voice, "Method", "POST",
           "StatusCallback", status, "Timeout", "25", "Twiml", NULL, "MachineDetection", NULL,
           "AsyncAmd", NULL, "ValidityPeriod", NULL);
    static const char *const events[] = {"initiated", "ringing", "answered", "completed"};
    size_t seen = 0;
    for (size_t i = 0; i < form.count; i++) {
        if (str_equal_text(form.pairs[i].name, "StatusCallbackEvent")) {
            assert_str(form.pairs[i].value, events[seen++]);
        }
    }
    assert_int_equal(seen, 4);
    settings.detects_machines = true;
    settings.ring_seconds = 40;
    job.from = STR("+15017122669");
    form = send(*state, &settings, &job, &request);
    FIELDS(&form, "MachineDetection", "Enable", "AsyncAmd", "true", "AsyncAmdStatusCallback",
           status, "Timeout", "40", "From", "+15017122669");
}

static void test_ring_seconds(void **state)
{
    static const struct {
        int set;
        const char *asked;
    } rows[] = {{0, "25"}, {-3, "25"}, {1, "5"}, {5, "5"}, {600, "600"}, {601, "600"}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct provider_settings settings = twilio_case_settings();
        struct send_job job = twilio_case_job(channel_CALL);
        struct wire_request request = {0};
        settings.ring_seconds = rows[i].set;
        struct form form = send(*state, &settings, &job, &request);
        FIELDS(&form, "Timeout", rows[i].asked);
    }
}

/* Nobody can call us: the document goes along, asks for no key, and fits. */
static void test_inline_call(void **state)
{
    static char endless[60000];
    memset(endless, '&', sizeof endless);
    struct provider_settings settings = twilio_case_settings();
    struct send_job job = twilio_case_job(channel_CALL);
    struct wire_request request = {0};
    settings.public_url = STR_NONE;
    settings.detects_machines = true;
    struct form form = send(*state, &settings, &job, &request);
    FIELDS(&form, "Url", NULL, "StatusCallback", NULL, "StatusCallbackEvent", NULL,
           "MachineDetection", NULL);
    struct str document = form_value(&form, "Twiml");
    assert_true(str_contains(document, STR("db down &amp; out")));
    assert_true(str_contains(document, STR("use the link")));
    assert_false(str_contains(document, STR("Gather")));
    /* A person who pressed a key that nobody hears would believe to have answered. */
    job.text = STR("The db is down. Press 1 to take it, 2 if you can't, or 9 to hear this again.");
    form = send(*state, &settings, &job, &request);
    document = form_value(&form, "Twiml");
    assert_true(str_contains(document, STR(">The db is down.</Say>")));
    assert_false(str_contains(document, STR("Press")));
    struct str said = provider_twilio.spoken(&settings, &job, *state);
    assert_true(str_starts(said, STR("The db is down. To answer, use the link")));
    settings.public_url = STR("https://tocsin.example.com");
    assert_true(str_equal(provider_twilio.spoken(&settings, &job, *state), job.text));
    job.last_code = STR("21205");
    assert_true(str_equal(provider_twilio.spoken(&settings, &job, *state), said));
    job.last_code = settings.public_url = STR_NONE;
    job.text = (struct str){endless, sizeof endless};
    form = send(*state, &settings, &job, &request);
    document = form_value(&form, "Twiml");
    assert_in_range(document.len, 3000, TWILIO_DOCUMENT_CHARS_MAX);
    assert_true(str_ends(document, STR("<Hangup/></Response>")));
    job.language = STR("hi");
    job.text = STR_NONE;
    refuse(*state, &settings, &job, "text");
    job.text = STR("\xFF");
    refuse(*state, &settings, &job, "text");
}

/* A scheduled call says somebody's own words, once; who picked up is found out all the same. */
static void test_inline_scheduled_call(void **state)
{
    struct provider_settings settings = twilio_case_settings();
    struct send_job job = twilio_case_job(channel_CALL);
    struct wire_request request = {0};
    settings.public_url = STR_NONE;
    settings.detects_machines = true;
    job.text = STR("Your order is ready. Press 9 to hear no more.");
    job.is_said_once = true;
    job.voice = STR("Polly.Matthew");
    job.machine = machine_action_LEAVE_MESSAGE;
    struct form form = send(*state, &settings, &job, &request);
    FIELDS(&form, "MachineDetection", "DetectMessageEnd", "AsyncAmd", NULL, "Url", NULL,
           "StatusCallback", NULL);
    assert_str(form_value(&form, "Twiml"),
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Say "
               "voice=\"Polly.Matthew\" language=\"en-US\">Your order is ready. Press 9 to hear "
               "no more.</Say><Hangup/></Response>");
    assert_true(str_equal(provider_twilio.spoken(&settings, &job, *state), job.text));
    job.machine = machine_action_RETRY;
    form = send(*state, &settings, &job, &request);
    FIELDS(&form, "MachineDetection", "Enable", "AsyncAmd", NULL);
    settings.detects_machines = false;
    form = send(*state, &settings, &job, &request);
    FIELDS(&form, "MachineDetection", NULL);
}

/* The URLs were refused: the words go along, as where nobody can call us. */
static void test_mute_call(void **state)
{
    static const char *const codes[] = {"21205", "21609", "11100"};
    struct provider_settings settings = twilio_case_settings();
    struct send_job job = twilio_case_job(channel_CALL);
    struct wire_request request = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(codes); i++) {
        job.last_code = str_from(codes[i]);
        struct form form = send(*state, &settings, &job, &request);
        FIELDS(&form, "To", "+15558675310", "Url", NULL, "FallbackUrl", NULL, "StatusCallback",
               NULL, "StatusCallbackEvent", NULL, "AsyncAmdStatusCallback", NULL, "Timeout", "25");
        assert_true(str_contains(form_value(&form, "Twiml"), STR("db down &amp; out")));
    }
    job.last_code = STR("20429");
    struct form form = send(*state, &settings, &job, &request);
    FIELDS(&form, "Twiml", NULL);
}

static void test_sms(void **state)
{
    struct provider_settings settings = twilio_case_settings();
    struct send_job job = twilio_case_job(channel_SMS);
    struct wire_request request = {0};
    struct form form = send(*state, &settings, &job, &request);
    const char *status =
        arena_cstr(*state, hook(*state, &settings, HOOK_SMS_STATUS, "#rc=3&rp=all"));
    assert_str(request.http.url, API "/Messages.json");
    FIELDS(&form, "To", "+15558675310", "From", "+15017122661", "Body", "db down & out",
           "StatusCallback", status, "ValidityPeriod", "600", "MessagingServiceSid", NULL);
    settings.twilio.messaging_service_sid = STR("MG0123456789abcdef0123456789abcdef");
    form = send(*state, &settings, &job, &request);
    FIELDS(&form, "From", NULL, "MessagingServiceSid", "MG0123456789abcdef0123456789abcdef");
    job.from = STR("+15017122669");
    form = send(*state, &settings, &job, &request);
    FIELDS(&form, "From", "+15017122669", "MessagingServiceSid", NULL);
    job.last_code = STR("21609"); /* That URL was refused. */
    form = send(*state, &settings, &job, &request);
    FIELDS(&form, "StatusCallback", NULL, "Body", "db down & out");
    job.last_code = STR("21611");
    form = send(*state, &settings, &job, &request);
    FIELDS(&form, "StatusCallback", status);
    settings.public_url = STR_NONE;
    form = send(*state, &settings, &job, &request);
    FIELDS(&form, "StatusCallback", NULL);
}

static void test_validity(void **state)
{
    static const struct {
        int64_t seconds;
        const char *asked;
    } rows[] = {{-60, "5"}, {0, "5"},         {4, "5"},        {5, "5"},
                {6, "6"},   {36000, "36000"}, {36001, "36000"}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct provider_settings settings = twilio_case_settings();
        struct send_job job = twilio_case_job(channel_SMS);
        struct wire_request request = {0};
        job.valid_until = (struct instant){nine_us + SECONDS(rows[i].seconds).us};
        struct form form = send(*state, &settings, &job, &request);
        FIELDS(&form, "ValidityPeriod", rows[i].asked);
        job.valid_until = INSTANT_NONE;
        form = send(*state, &settings, &job, &request);
        FIELDS(&form, "ValidityPeriod", NULL);
    }
}

/* 1,600 characters as they are counted there: one beyond the first plane is two. */
static void test_length(void **state)
{
    struct provider_settings settings = twilio_case_settings();
    for (int wide = 0; wide < 2; wide++) {
        struct send_job job = twilio_case_job(wide ? channel_WHATSAPP : channel_SMS);
        struct wire_request request = {0};
        struct buf text = {.arena = *state};
        for (int i = 0; i < (wide ? 800 : 1600); i++) {
            buf_add_text(&text, wide ? "\xF0\x9F\x91\x8D" : "\xC3\xA9");
        }
        job.text = buf_str(&text);
        (void)send(*state, &settings, &job, &request);
        buf_add_text(&text, "a");
        job.text = buf_str(&text);
        refuse(*state, &settings, &job, "text");
    }
    struct send_job job = twilio_case_job(channel_SMS);
    job.text = STR("");
    refuse(*state, &settings, &job, "text");
    job.text = STR("\xC3(");
    refuse(*state, &settings, &job, "text");
}

static void test_whatsapp(void **state)
{
    struct provider_settings settings = twilio_case_settings();
    struct send_job job = twilio_case_job(channel_WHATSAPP);
    struct wire_request request = {0};
    struct form form = send(*state, &settings, &job, &request);
    FIELDS(&form, "To", "whatsapp:+15558675310", "From", "whatsapp:+15017122662", "Body",
           "db down & out", "ContentSid", NULL, "ValidityPeriod", NULL);
    job.template_id = STR("HX0123456789abcdef0123456789abcdef");
    job.template_variables = STR("{\"1\":\"db down\"}");
    form = send(*state, &settings, &job, &request);
    FIELDS(&form, "Body", NULL, "ContentSid", "HX0123456789abcdef0123456789abcdef",
           "ContentVariables", "{\"1\":\"db down\"}");
    settings.twilio.whatsapp_from = STR_NONE;
    refuse(*state, &settings, &job, "from");
    settings.twilio.messaging_service_sid = STR("MG0123456789abcdef0123456789abcdef");
    form = send(*state, &settings, &job, &request);
    FIELDS(&form, "From", NULL, "MessagingServiceSid", "MG0123456789abcdef0123456789abcdef");
}

static void test_refused(void **state)
{
    static const char *const numbers[] = {"",
                                          "15558675310",
                                          "+1555867531<+15558675311",
                                          "+0555867531",
                                          "+1555",
                                          "anna@example.org",
                                          "+1555867531\n",
                                          "+12345678901234567"};
    struct provider_settings settings = twilio_case_settings();
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        struct send_job job = twilio_case_job(channel_SMS);
        job.to = str_from(numbers[i]);
        refuse(*state, &settings, &job, "to");
    }
    struct send_job job = twilio_case_job(channel_EMAIL);
    refuse(*state, &settings, &job, "channel");
    job = twilio_case_job(channel_SMS);
    job.attempt = STR("");
    refuse(*state, &settings, &job, "attempt");
    settings.twilio.from_number = STR_NONE;
    job = twilio_case_job(channel_SMS);
    refuse(*state, &settings, &job, "from");
    job = twilio_case_job(channel_CALL);
    refuse(*state, &settings, &job, "from");
}

static void test_login(void **state)
{
    struct provider_settings settings = twilio_case_settings();
    struct send_job job = twilio_case_job(channel_SMS);
    struct wire_request request = {0};
    (void)send(*state, &settings, &job, &request);
    assert_str(request.http.username, ACCOUNT);
    assert_str(request.http.password, "tok");
    settings.twilio.api_key_sid = STR("SK0123456789abcdef0123456789abcdef");
    settings.twilio.api_key_secret = STR("secret");
    settings.twilio.base_url = STR("https://api.dublin.ie1.twilio.com/");
    (void)send(*state, &settings, &job, &request);
    assert_str(request.http.username, "SK0123456789abcdef0123456789abcdef");
    assert_str(request.http.password, "secret");
    assert_str(request.http.url,
               "https://api.dublin.ie1.twilio.com/2010-04-01/Accounts/" ACCOUNT "/Messages.json");
}

static void test_check(void **state)
{
    (void)state;
    static const struct {
        struct provider_settings settings;
        const char *field;
    } rows[] = {
        {{.twilio.auth_token = STR_INIT("t")}, "TWILIO_ACCOUNT_SID"},
        {{.twilio = {.account_sid = STR_INIT("AC1"), .auth_token = STR_INIT("t")}},
         "TWILIO_ACCOUNT_SID"},
        {{.twilio = {.account_sid = STR_INIT(ACCOUNT)}}, "TWILIO_AUTH_TOKEN"},
        {{.twilio = {.account_sid = STR_INIT(ACCOUNT), .auth_token = STR_INIT("t")}},
         "TWILIO_FROM_NUMBER"},
        {{.twilio = {.account_sid = STR_INIT(ACCOUNT),
                     .auth_token = STR_INIT("t"),
                     .from_number = STR_INIT("5550100")}},
         "TWILIO_FROM_NUMBER"},
        {{.twilio = {.account_sid = STR_INIT(ACCOUNT),
                     .auth_token = STR_INIT("t"),
                     .api_key_sid = STR_INIT("SK0123456789abcdef0123456789abcdef")}},
         "TWILIO_API_KEY_SECRET"},
        {{.twilio = {.account_sid = STR_INIT(ACCOUNT),
                     .auth_token = STR_INIT("t"),
                     .messaging_service_sid = STR_INIT("MG 123456789abcdef0123456789abcdef")}},
         "TWILIO_MESSAGING_SERVICE_SID"},
        {{.public_url = STR_INIT("https://t.example"),
          .twilio = {.account_sid = STR_INIT(ACCOUNT),
                     .from_number = STR_INIT("+15017122661"),
                     .api_key_sid = STR_INIT("SK0123456789abcdef0123456789abcdef"),
                     .api_key_secret = STR_INIT("s")}},
         "TWILIO_AUTH_TOKEN"},
        {{.public_url = STR_INIT("https://my_host.example/a"),
          .twilio = {.account_sid = STR_INIT(ACCOUNT),
                     .auth_token = STR_INIT("t"),
                     .from_number = STR_INIT("+15017122661")}},
         "TOCSIN_PUBLIC_URL"},
        {{.public_url = STR_INIT("https://host.example/a_b"),
          .twilio = {.account_sid = STR_INIT(ACCOUNT),
                     .auth_token = STR_INIT("t"),
                     .whatsapp_from = STR_INIT("+15017122661")}},
         ""},
        {{.twilio = {.account_sid = STR_INIT(ACCOUNT),
                     .messaging_service_sid = STR_INIT("MG0123456789abcdef0123456789abcdef"),
                     .api_key_sid = STR_INIT("SK0123456789abcdef0123456789abcdef"),
                     .api_key_secret = STR_INIT("s")}},
         ""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct problem problem = {0};
        enum err err = provider_twilio.check(&rows[i].settings, &problem);
        assert_int_equal(err, rows[i].field[0] == '\0' ? OK : E_INVALID);
        assert_string_equal(problem.field, rows[i].field);
    }
}

/* What each channel needs to send from. */
static void test_check_channel(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *service;
        const char *whatsapp;
        enum channel channel;
        const char *field;
    } rows[] = {
        {"+15017122661", "", "", channel_CALL, ""},
        {"+15017122661", "", "", channel_SMS, ""},
        {"+15017122661", "MG", "", channel_WHATSAPP, "TWILIO_WHATSAPP_FROM"},
        {"", "MG", "", channel_SMS, ""},
        {"", "MG", "", channel_CALL, "TWILIO_FROM_NUMBER"},
        {"", "", "+15017122661", channel_WHATSAPP, ""},
        {"", "", "+15017122661", channel_SMS, "TWILIO_FROM_NUMBER"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct problem problem = {0};
        struct provider_settings settings = {
            .twilio = {.from_number = str_from(rows[i].from),
                       .messaging_service_sid = str_from(rows[i].service),
                       .whatsapp_from = str_from(rows[i].whatsapp)}};
        enum err err = provider_twilio.check_channel(&settings, rows[i].channel, &problem);
        assert_int_equal(err, rows[i].field[0] == '\0' ? OK : E_INVALID);
        assert_string_equal(problem.field, rows[i].field);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, provider_case_begin, provider_case_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_call),      TEST(test_ring_seconds), TEST(test_inline_call),
        TEST(test_call),      TEST(test_ring_seconds), TEST(test_inline_scheduled_call),
        TEST(test_sms),       TEST(test_validity),     TEST(test_length),
        TEST(test_whatsapp),  TEST(test_refused),      TEST(test_login),
        TEST(test_mute_call), TEST(test_check),        TEST(test_check_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
