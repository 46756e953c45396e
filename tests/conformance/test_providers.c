/* One suite for every provider: the vtable is whole, each verdict can be reached, and no error
 * tells a secret. */
#include "channel/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const secrets[] = {"hunter2-secret", "+14155550101", "anna@example.org",
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
    return (struct provider_settings){.email_from = STR("Tocsin <alerts@example.com>"),
                                      .smtp_host = STR("mail.example.com"),
                                      .smtp_port = 587,
                                      .smtp_security = SMTP_STARTTLS,
                                      .smtp_user = STR("tocsin"),
                                      .smtp_password = STR("hunter2-secret"),
                                      .timeout = SECONDS(45)};
}

static struct send_job sound_job(enum channel channel)
{
    return (struct send_job){.channel = channel,
                             .attempt = STR("0193f3a0-0000-7000-8000-000000000001"),
                             .to = channel == channel_EMAIL ? STR("anna@example.org")
                                                            : STR("+14155550101"),
                             .subject = STR("Hi"),
                             .text = STR("The full text of it"),
                             .now = {INT64_C(1767603600000000)}};
}

/* What a provider of each kind of wire may be answered. */
static const struct wire_answer answers[] = {
    {.outcome = WIRE_ANSWERED, .status = 201, .body = STR_INIT("MOCK-1")},
    {.outcome = WIRE_ANSWERED, .status = 250, .body = STR_INIT("250 OK")},
    {.outcome = WIRE_ANSWERED, .status = 201},
    {.outcome = WIRE_ANSWERED, .status = 400, .body = STR_INIT("invalid_number")},
    {.outcome = WIRE_ANSWERED,
     .status = 400,
     .body = STR_INIT("never heard of anna@example.org, +14155550101")},
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
        struct send_job job = sound_job(channel_EMAIL);
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
            assert_string_equal(problem.field, is_carried ? "" : "channel");
        }
    }
}

static void test_bad_address(void **state)
{
    const struct provider *const *providers = NULL;
    size_t count = providers_all(&providers);
    struct provider_settings settings = sound_settings();
    for (size_t i = 0; i < count; i++) {
        struct send_job job = sound_job(channel_EMAIL);
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
        struct send_job job = sound_job(channel_EMAIL);
        struct wire_request request = {0};
        enum err err = providers[i]->build_find(&settings, &job, *state, &request);
        assert_true(err == OK || err == E_NOT_FOUND);
        err = providers[i]->build_cancel(&settings, STR("MOCK-1"), *state, &request);
        assert_true(err == OK || err == E_NOT_FOUND);
    }
}

static void test_mock_refusals(void **state)
{
    static const struct {
        const char *code;
        enum failure_category category;
        bool is_temporary;
    } rows[] = {
        {"invalid_number", failure_category_invalid_number, false},
        {"opted_out", failure_category_opted_out, false},
        {"auth", failure_category_auth, false},
        {"rate_limited", failure_category_rate_limited, true},
        {"carrier_rejected", failure_category_carrier_rejected, false},
        {"rejected_content", failure_category_rejected_content, false},
        {"provider_error", failure_category_provider_error, true},
        {"something else", failure_category_unknown, false},
    };
    struct send_job job = sound_job(channel_SMS);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct wire_answer answer = {
            .outcome = WIRE_ANSWERED, .status = 400, .body = str_from(rows[i].code)};
        struct verdict verdict = {0};
        provider_mock.read_send(&job, &answer, *state, &verdict);
        assert_int_equal(verdict.kind, VERDICT_REFUSED);
        assert_int_equal(verdict.category, rows[i].category);
        assert_int_equal(verdict.is_temporary, rows[i].is_temporary);
    }
}

static void test_mock_find(void **state)
{
    static const struct {
        struct wire_answer answer;
        enum verdict_kind kind;
    } rows[] = {
        {{.outcome = WIRE_ANSWERED, .status = 200, .body = STR_INIT("MOCK-1")}, VERDICT_ACCEPTED},
        {{.outcome = WIRE_ANSWERED, .status = 404}, VERDICT_NOT_SENT},
        {{.outcome = WIRE_ANSWERED, .status = 500}, VERDICT_UNKNOWN},
        {{.outcome = WIRE_NOT_SENT}, VERDICT_UNKNOWN},
        {{.outcome = WIRE_UNKNOWN}, VERDICT_UNKNOWN},
    };
    struct send_job job = sound_job(channel_SMS);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct verdict verdict = {0};
        provider_mock.read_find(&job, &rows[i].answer, *state, &verdict);
        assert_int_equal(verdict.kind, rows[i].kind);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_registry),      TEST(test_checks),      TEST(test_every_verdict),
        TEST(test_channels),      TEST(test_bad_address), TEST(test_find_and_cancel),
        TEST(test_mock_refusals), TEST(test_mock_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
