/* One suite for every provider: the vtable is whole, each verdict can be reached, what is asked and
 * what comes by itself is read without harm, strangers are refused, and no error tells a secret. */
#include "channel/provider.h"
#include "model/formats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const secrets[] = {"hunter2-secret", "+14155550137", "anna@example.org",
                                      "full text of it"};

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

static struct provider_settings sound_settings(void)
{
    return (struct provider_settings){
        .email_from = STR("Tocsin <alerts@example.com>"),
        .smtp_host = STR("mail.example.com"),
        .smtp_port = 587,
        .smtp_security = SMTP_STARTTLS,
        .smtp_user = STR("tocsin"),
        .smtp_password = STR("hunter2-secret"),
        .timeout = SECONDS(45),
        .public_url = STR("https://tocsin.example.com"),
        .hook_key = STR("hunter2-secret"),
        .ring_seconds = 25,
        .detects_machines = true,
        .twilio =
            {
                .account_sid = STR("AC0123456789abcdef0123456789abcdef"),
                .auth_token = STR("hunter2-secret"),
                .from_number = STR("+14155550199"),
                .whatsapp_from = STR("+14155550198"),
            },
        .plivo =
            {
                .auth_id = STR("MA0123456789ABCDEFGH"),
                .auth_token = STR("hunter2-secret"),
                .from_number = STR("+14155550199"),
            },
        .exotel = {
            .account_sid = STR("example1"),
            .api_key = STR("0123456789abcdef"),
            .api_token = STR("hunter2-secret"),
            .caller_id = STR("08012345678"),
            .sms_from = STR("TOCSIN"),
            .app_id = STR("12345"),
        }};
}

static struct str sound_address(enum channel channel)
{
    return channel == channel_EMAIL     ? STR("anna@example.org")
           : channel == channel_WEBHOOK ? STR("https://hooks.example.org/a")
                                        : STR("+14155550137");
}

static struct send_job sound_job(enum channel channel)
{
    return (struct send_job){.channel = channel,
                             .attempt = STR("0193f3a0-0000-7000-8000-000000000001"),
                             .to = sound_address(channel),
                             .subject = STR("Hi"),
                             .text = STR("The full text of it"),
                             .now = {INT64_C(1767603600000000)}};
}

/* What a provider of each kind of wire may be answered. */
static const struct wire_answer answers[] = {
    {.outcome = WIRE_ANSWERED, .status = 201, .body = STR_INIT("MOCK-1")},
    {.outcome = WIRE_ANSWERED, .status = 250, .body = STR_INIT("250 OK")},
    {.outcome = WIRE_ANSWERED, .status = 201},
    {.outcome = WIRE_ANSWERED,
     .status = 201,
     .body = STR_INIT("{\"sid\":\"CA0123456789abcdef0123456789abcdef\",\"status\":\"queued\"}")},
    {.outcome = WIRE_ANSWERED,
     .status = 202,
     .body = STR_INIT("{\"message_uuid\":[\"0193f3a0-0000\"],\"SMSMessage\":{\"Sid\":\"a1b2\"}}")},
    {.outcome = WIRE_ANSWERED,
     .status = 200,
     .body = STR_INIT("{\"calls\":[],\"messages\":[],\"next_page_uri\":null}")},
    {.outcome = WIRE_ANSWERED,
     .status = 400,
     .body = STR_INIT("{\"code\":99999,\"message\":\"never heard of +14155550137\\u0007\"}")},
    {.outcome = WIRE_ANSWERED, .status = 429, .body = STR_INIT("slow down")},
    {.outcome = WIRE_ANSWERED, .status = 200, .body = STR_INIT("[[[[[[{\"sid\":")},
    {.outcome = WIRE_ANSWERED, .status = 400, .body = STR_INIT("invalid_number")},
    {.outcome = WIRE_ANSWERED,
     .status = 400,
     .body = STR_INIT("never heard of anna@example.org, +14155550137")},
    {.outcome = WIRE_ANSWERED, .status = 404, .body = STR_INIT("unknown")},
    {.outcome = WIRE_ANSWERED, .status = 421, .body = STR_INIT("421 <anna@example.org> later")},
    {.outcome = WIRE_ANSWERED,
     .status = 535,
     .body = STR_INIT("535 tocsin:hunter2-secret is wrong")},
    {.outcome = WIRE_ANSWERED,
     .status = 550,
     .body = STR_INIT("550 5.1.1 <anna@example.org>\r\n\xFF")},
    {.outcome = WIRE_ANSWERED, .status = 503, .body = STR_INIT("")},
    {.outcome = WIRE_ANSWERED, .status = 0},
    {.outcome = WIRE_NOT_SENT, .reason = STR_INIT("could not resolve host")},
    {.outcome = WIRE_UNKNOWN,
     .timed_out = true,
     .reason = STR_INIT("timeout sending to anna@example.org")},
    {.outcome = WIRE_UNKNOWN, .reason = STR_INIT("reset")},
    {.outcome = WIRE_REFUSED_URL},
    {.outcome = WIRE_TOO_LARGE},
    {.outcome = WIRE_REDIRECTS},
};

/* The first channel that it claims. */
static enum channel channel_of(const struct provider *provider)
{
    enum channel channel = channel_IN_APP;
    while ((provider->channels & 1u << channel) == 0) {
        channel++;
    }
    assert_true(channel < channel_COUNT);
    return channel;
}

static void assert_no_secret(struct str text)
{
    for (size_t i = 0; i < ARRAY_LENGTH(secrets); i++) {
        if (str_contains(text, str_from(secrets[i]))) {
            fail_msg("\"%.*s\" tells a secret", STR_FMT(text));
        }
    }
    for (size_t i = 0; i < text.len; i++) {
        assert_true((unsigned char)text.ptr[i] >= 0x20);
    }
    assert_true(str_is_utf8(text));
}

/* A verdict says what its kind promises, and nothing that it must not. */
static void assert_verdict(const struct verdict *verdict)
{
    bool is_accepted = verdict->kind == VERDICT_ACCEPTED;
    assert_int_equal(verdict->provider_id.len > 0, is_accepted);
    assert_int_equal(verdict->error.len > 0, !is_accepted);
    assert_int_equal(verdict->category != failure_category_NONE, !is_accepted);
    assert_true(verdict->kind == VERDICT_REFUSED || !verdict->is_temporary);
    assert_no_secret(verdict->error);
}

static void test_registry(void **state)
{
    (void)state;
    const struct provider *const *providers = NULL;
    size_t count = providers_all(&providers);
    providers_assert_complete();
    assert_true(count >= 2);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(provider_find(str_from(providers[i]->name)), providers[i]);
    }
    assert_ptr_equal(provider_find(STR("mock")), &provider_mock);
    assert_ptr_equal(provider_find(STR("smtp")), &provider_smtp);
    assert_null(provider_find(STR("pigeon")));
    assert_null(provider_find(STR_NONE));
}

static void test_checks(void **state)
{
    (void)state;
    const struct provider *const *providers = NULL;
    size_t count = providers_all(&providers);
    struct provider_settings settings = sound_settings();
    struct provider_settings empty = {0};
    for (size_t i = 0; i < count; i++) {
        struct problem problem = {0};
        assert_int_equal(providers[i]->check(&settings, &problem), OK);
        if (providers[i]->check(&empty, &problem) != OK) {
            assert_int_equal(problem.err, E_INVALID);
            assert_true(strlen(problem.field) > 0);
            assert_no_secret(str_from(problem.message));
        }
    }
}

static void test_every_verdict(void **state)
{
    const struct provider *const *providers = NULL;
    size_t count = providers_all(&providers);
    for (size_t i = 0; i < count; i++) {
        unsigned seen = 0;
        struct send_job job = sound_job(channel_of(providers[i]));
        for (size_t a = 0; a < ARRAY_LENGTH(answers); a++) {
            struct verdict verdict = {0};
            providers[i]->read_send(&job, &answers[a], *state, &verdict);
            assert_verdict(&verdict);
            seen |= 1u << verdict.kind;
            /* A question never ends in a refusal: it finds, does not find, or does not know. */
            providers[i]->read_find(&job, &answers[a], *state, &verdict);
            assert_verdict(&verdict);
            assert_true(verdict.kind != VERDICT_REFUSED);
        }
        assert_int_equal(seen, 1u << VERDICT_ACCEPTED | 1u << VERDICT_REFUSED |
                                   1u << VERDICT_NOT_SENT | 1u << VERDICT_UNKNOWN);
    }
}

/* Each channel that a provider claims can be built, and no other. */
static void test_channels(void **state)
{
    const struct provider *const *providers = NULL;
    size_t count = providers_all(&providers);
    struct provider_settings settings = sound_settings();
    for (size_t i = 0; i < count; i++) {
        for (int channel = channel_NONE; channel < channel_COUNT; channel++) {
            struct send_job job = sound_job((enum channel)channel);
            struct wire_request request = {0};
            struct problem problem = {0};
            enum err err = providers[i]->build_send(&settings, &job, *state, &request, &problem);
            bool is_carried = (providers[i]->channels & 1u << channel) != 0;
            assert_int_equal(err, is_carried ? OK : E_INVALID);
            assert_int_equal(request.timeout.us, is_carried ? settings.timeout.us : 0);
            assert_int_equal(strlen(problem.field) == 0, is_carried);
        }
    }
}

static void test_bad_address(void **state)
{
    const struct provider *const *providers = NULL;
    size_t count = providers_all(&providers);
    struct provider_settings settings = sound_settings();
    for (size_t i = 0; i < count; i++) {
        struct send_job job = sound_job(channel_of(providers[i]));
        struct wire_request request = {0};
        struct problem problem = {0};
        job.to = STR("");
        assert_int_equal(providers[i]->build_send(&settings, &job, *state, &request, &problem),
                         E_INVALID);
        assert_string_equal(problem.field, "to");
        assert_no_secret(str_from(problem.message));
    }
}

/* Asking and cancelling either works or says that there is no such thing. */
static void test_find_and_cancel(void **state)
{
    const struct provider *const *providers = NULL;
    size_t count = providers_all(&providers);
    struct provider_settings settings = sound_settings();
    for (size_t i = 0; i < count; i++) {
        struct send_job job = sound_job(channel_of(providers[i]));
        struct wire_request request = {0};
        enum err err = providers[i]->build_find(&settings, &job, *state, &request);
        assert_true(err == OK || err == E_NOT_FOUND);
        err = providers[i]->build_cancel(&settings, STR("MOCK-1"), *state, &request);
        assert_true(err == OK || err == E_NOT_FOUND);
    }
}

/* A question goes to somebody, has its patience, and keeps secrets out of the address. */
static void assert_question(enum err err, const struct wire_request *request)
{
    assert_true(err == OK || err == E_NOT_FOUND);
    if (err == OK) {
        assert_int_equal(request->timeout.us, SECONDS(45).us);
        assert_false(str_contains(request->http.url, STR("hunter2-secret")));
        assert_true(request->kind != WIRE_HTTP || request->http.body_bytes_max > 0);
    }
}

static void assert_news(const struct provider_news *news)
{
    assert_no_secret(news->error);
    assert_true(news->sequence >= -1 && news->cost_micros >= -1 && news->duration_seconds >= -1);
    bool is_state = news->kind == NEWS_STATE;
    assert_true(!is_state || news->state > message_state_SENDING);
    bool is_text = news->kind == NEWS_TEXT;
    assert_true(!is_text || format_e164.is_valid(news->from));
    assert_true(!is_text || (news->provider_id.len > 0 && str_is_utf8(news->text)));
}

static void test_polls(void **state)
{
    const struct provider *const *providers = NULL;
    size_t count = providers_all(&providers);
    struct provider_settings settings = sound_settings();
    for (size_t i = 0; i < count; i++) {
        for (enum channel channel = channel_NONE; channel < channel_COUNT; channel++) {
            struct wire_request request = {0};
            enum err err =
                providers[i]->build_poll(&settings, channel, STR("MOCK-1"), *state, &request);
            assert_question(err, &request);
            assert_true(err == E_NOT_FOUND || (providers[i]->channels & 1u << channel) != 0);
        }
        for (size_t a = 0; a < ARRAY_LENGTH(answers); a++) {
            struct provider_news news = {0};
            providers[i]->read_poll(channel_of(providers[i]), &answers[a], *state, &news);
            assert_true(news.kind == NEWS_NONE || news.kind == NEWS_STATE);
            assert_news(&news);
        }
    }
}

static void test_inboxes(void **state)
{
    const struct provider *const *providers = NULL;
    size_t count = providers_all(&providers);
    struct provider_settings settings = sound_settings();
    struct instant since = {INT64_C(1767603600000000)};
    for (size_t i = 0; i < count; i++) {
        struct wire_request request = {0};
        assert_question(providers[i]->build_inbox(&settings, since, *state, &request), &request);
        for (size_t a = 0; a < ARRAY_LENGTH(answers); a++) {
            const struct provider_news *items = NULL;
            size_t item_count = 1;
            enum err err = providers[i]->build_inbox_more(&settings, &answers[a], *state, &request);
            assert_true(err == OK || err == E_NOT_FOUND || err == E_INVALID);
            providers[i]->read_inbox(&answers[a], *state, &items, &item_count);
            for (size_t n = 0; n < item_count; n++) {
                assert_int_equal(items[n].kind, NEWS_TEXT);
                assert_news(&items[n]);
            }
        }
    }
}

static const struct str hook_bodies[] = {
    STR_INIT(""),
    STR_INIT("&&==&%"),
    STR_INIT("CallSid=CA1&CallStatus=completed&From=%2B14155550137&CallDuration=7"),
    STR_INIT("CallSid=CA1&CallStatus=flying&SequenceNumber=-5"),
    STR_INIT("MessageSid=SM1&MessageStatus=failed&ErrorCode=30007&To=%2B14155550137"),
    STR_INIT("MessageSid=SM1&From=%2B14155550137&Body=%00%FF%C3%A9%1B"),
    STR_INIT("MessageUUID=1&Status=sent&From=14155550137&Text=hi"),
    STR_INIT("{\"CallSid\":\"1\",\"Status\":\"busy\"}"),
    STR_INIT("\x00\xFF--x\r\nContent-Disposition: form-data; name=\"CallSid\"\r\n\r\n1"),
};

static struct hook_call call_of(enum hook hook, struct str body)
{
    return (struct hook_call){
        .hook = hook,
        .url = STR("https://tocsin.example.com/webhooks/x/sms?attempt=a&token=b"),
        .query = STR("attempt=a&token=b"),
        .content_type = STR("application/x-www-form-urlencoded"),
        .body = body,
    };
}

/* Nobody who cannot prove who he is gets in, least of all where no secret is set. */
static void test_strangers(void **state)
{
    static const struct http_header forged[] = {
        {STR_INIT("x-twilio-signature"), STR_INIT("RSOYDt4T1cUTdK1PDd93/VVr8B8=")},
        {STR_INIT("x-plivo-signature-v3"),
         STR_INIT("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")},
        {STR_INIT("x-plivo-signature-v3-nonce"), STR_INIT("1")},
    };
    const struct provider *const *providers = NULL;
    size_t count = providers_all(&providers);
    struct provider_settings settings = sound_settings();
    struct provider_settings empty = {0};
    for (size_t i = 0; i < count; i++) {
        for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
            struct hook_call call = call_of(hook, hook_bodies[2]);
            assert_int_equal(providers[i]->check_hook(&settings, &call, *state), E_FORBIDDEN);
            assert_int_equal(providers[i]->check_hook(&empty, &call, *state), E_FORBIDDEN);
            call.headers = forged;
            call.header_count = ARRAY_LENGTH(forged);
            assert_int_equal(providers[i]->check_hook(&settings, &call, *state), E_FORBIDDEN);
            assert_int_equal(providers[i]->check_hook(&empty, &call, *state), E_FORBIDDEN);
            call.is_get = true;
            assert_int_equal(providers[i]->check_hook(&settings, &call, *state), E_FORBIDDEN);
        }
    }
}

static void test_hooks(void **state)
{
    const struct provider *const *providers = NULL;
    size_t count = providers_all(&providers);
    struct provider_settings settings = sound_settings();
    for (size_t i = 0; i < count * ARRAY_LENGTH(hook_bodies); i++) {
        const struct provider *provider = providers[i / ARRAY_LENGTH(hook_bodies)];
        for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
            struct hook_call call = call_of(hook, hook_bodies[i % ARRAY_LENGTH(hook_bodies)]);
            struct provider_news news = {0};
            struct problem problem = {0};
            enum err err = provider->read_hook(&settings, &call, *state, &news, &problem);
            assert_true(err == OK || err == E_INVALID);
            assert_int_equal(err, problem.err);
            assert_no_secret(str_from(problem.message));
            if (err == OK) {
                assert_news(&news);
            }
        }
    }
}

static void assert_document(const struct http_response *response)
{
    assert_true(response->status == 200 || response->status == 204);
    assert_true(response->body.len <= (size_t)64 * 1024);
    /* 204 has no body, and a body has a type. */
    assert_int_equal(response->body.len > 0, response->status == 200);
    assert_int_equal(response->content_type.len > 0, response->status == 200);
    if (!str_is_utf8(response->body)) {
        fail_msg("\"%.*s\" is not UTF-8", STR_FMT(response->body));
    }
}

/* Whatever is to be said, what is answered is fit to be read. */
static void test_documents(void **state)
{
    const struct provider *const *providers = NULL;
    size_t count = providers_all(&providers);
    struct provider_settings settings = sound_settings();
    static char endless[40000];
    memset(endless, '<', sizeof endless);
    const struct str speeches[] = {STR("Hello"),
                                   STR("<Hangup/> & \"\xFF\x00\x1B"),
                                   STR(""),
                                   STR_NONE,
                                   {endless, sizeof endless}};
    for (size_t i = 0; i < count * ARRAY_LENGTH(speeches); i++) {
        const struct provider *provider = providers[i / ARRAY_LENGTH(speeches)];
        struct str speech = speeches[i % ARRAY_LENGTH(speeches)];
        struct http_response response = {0};
        for (int asks = 0; asks < 2; asks++) {
            struct voice_page page = {.attempt = STR("0193f3a0-0000-7000-8000-000000000001"),
                                      .language = STR("de"),
                                      .speech = speech,
                                      .goodbye = speech,
                                      .asks = asks == 1};
            provider->write_voice(&settings, &page, *state, &response);
            assert_document(&response);
        }
        /* The mock answers its own network, which takes a text as it is. */
        for (enum hook hook = 0; hook < HOOK_COUNT && provider != &provider_mock; hook++) {
            provider->write_answer(hook, speech, *state, &response);
            assert_document(&response);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_registry), TEST(test_checks),      TEST(test_every_verdict),
        TEST(test_channels), TEST(test_bad_address), TEST(test_find_and_cancel),
        TEST(test_polls),    TEST(test_inboxes),     TEST(test_strangers),
        TEST(test_hooks),    TEST(test_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
