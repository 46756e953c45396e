/* The SMTP provider: what it puts on the wire, and every row of the verdict table (protocols.md 4).
 */
#include "channel/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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
                                      .smtp_ca_file = STR("ca.pem"),
                                      .timeout = SECONDS(45)};
}

static struct send_job mail_job(void)
{
    return (struct send_job){.channel = channel_EMAIL,
                             .attempt = STR("0193f3a0-0000-7000-8000-000000000001"),
                             .to = STR("anna@example.org"),
                             .subject = STR("Hi"),
                             .text = STR("Hello"),
                             .now = {INT64_C(1767603600000000)}};
}

struct row {
    enum wire_outcome outcome;
    int status;
    bool timed_out;
    const char *line; /* The last reply line. */
    enum verdict_kind kind;
    enum failure_category category;
    bool is_temporary;
};

#define NONE failure_category_NONE
#define REFUSAL(status, line, category, is_temporary)                                     \
    {                                                                                     \
        WIRE_ANSWERED, status, false, line, VERDICT_REFUSED, failure_category_##category, \
            is_temporary                                                                  \
    }

static const struct row rows[] = {
    {WIRE_ANSWERED, 250, false, "250 OK id=1x", VERDICT_ACCEPTED, NONE, false},
    REFUSAL(451, "451 4.7.1 Greylisted, try again", rate_limited, true),
    REFUSAL(451, "451 Local error", provider_error, true),
    REFUSAL(452, "452 4.2.2 Mailbox full", unreachable, true),
    REFUSAL(452, "452 Too little room", provider_error, true),
    REFUSAL(450, "450 Mailbox busy", unreachable, true),
    REFUSAL(450, "450 4.3.2 Not now", provider_error, true),
    REFUSAL(421, "421 4.7.0 Closing", provider_error, true),
    REFUSAL(454, "454 4.7.0 Temporary authentication failure", auth, true),
    REFUSAL(454, "454 TLS not available", provider_error, true),
    REFUSAL(550, "550 5.1.1 No such user", invalid_number, false),
    REFUSAL(550, "550-5.1.1 No such user", invalid_number, false),
    REFUSAL(550, "5.1.1 No such user", invalid_number, false),
    REFUSAL(550, "550 Unknown user", invalid_number, false),
    REFUSAL(550, "550 relay not permitted", carrier_rejected, false),
    REFUSAL(550, "550 Sender verify failed", carrier_rejected, false),
    REFUSAL(550, "550 Message REJECTED as Spam", carrier_rejected, false),
    REFUSAL(553, "553 sorry, your IP is blocklisted", carrier_rejected, false),
    REFUSAL(550, "550 5.1.1 The sender's list has no such user", invalid_number, false),
    REFUSAL(551, "551 Moved", invalid_number, false),
    REFUSAL(553, "553 5.1.3 Bad address", invalid_number, false),
    REFUSAL(553, "553 Bad address", invalid_number, false),
    REFUSAL(556, "556 5.1.10 Null MX", invalid_number, false),
    REFUSAL(553, "553 5.1.8 Sender domain does not exist", carrier_rejected, false),
    REFUSAL(501, "501 5.1.7 Bad sender", carrier_rejected, false),
    REFUSAL(552, "552 5.2.2 Mailbox full", unreachable, true),
    REFUSAL(552, "552 Mailbox full", unreachable, true),
    REFUSAL(550, "550 5.2.1 Mailbox disabled", unreachable, false),
    REFUSAL(552, "552 5.2.3 Message too long", rejected_content, false),
    REFUSAL(552, "552 5.3.4 Message too big", rejected_content, false),
    REFUSAL(554, "554 5.6.0 Bad message", rejected_content, false),
    REFUSAL(550, "550 5.7.1 Policy", carrier_rejected, false),
    REFUSAL(554, "554 5.7.1 Spam", carrier_rejected, false),
    REFUSAL(554, "554 Transaction failed", carrier_rejected, false),
    REFUSAL(535, "535 5.7.8 Authentication credentials invalid", auth, false),
    REFUSAL(530, "530 5.7.0 Authentication required", auth, false),
    REFUSAL(534, "534 Mechanism too weak", auth, false),
    REFUSAL(538, "538 Encryption required", auth, false),
    REFUSAL(550, "550 5.7.9 Mechanism too weak", auth, false),
    REFUSAL(550, "550 4.7.1 The code does not agree", invalid_number, false),
    REFUSAL(550, "550 5.1 not a code", invalid_number, false),
    REFUSAL(500, "500 What?", provider_error, false),
    REFUSAL(503, "503 5.5.1 Out of order", provider_error, false),
    REFUSAL(555, "", provider_error, false),
    REFUSAL(432, "", provider_error, true),
    /* A reply of 400 or more decides, however the exchange ended. */
    {WIRE_UNKNOWN, 550, false, "550 5.1.1 No", VERDICT_REFUSED, failure_category_invalid_number,
     false},
    {WIRE_NOT_SENT, 535, false, "535 No", VERDICT_REFUSED, failure_category_auth, false},
    /* A lower one may be stale. */
    {WIRE_NOT_SENT, 220, false, "certificate not trusted", VERDICT_NOT_SENT,
     failure_category_network, false},
    {WIRE_NOT_SENT, 0, false, "connection refused", VERDICT_NOT_SENT, failure_category_network,
     false},
    {WIRE_UNKNOWN, 354, true, "timeout", VERDICT_UNKNOWN, failure_category_timeout, false},
    {WIRE_UNKNOWN, 0, true, "timeout", VERDICT_UNKNOWN, failure_category_timeout, false},
    {WIRE_UNKNOWN, 354, false, "reset", VERDICT_UNKNOWN, failure_category_network, false},
    {WIRE_UNKNOWN, 250, false, "reset", VERDICT_UNKNOWN, failure_category_network, false},
    {WIRE_ANSWERED, 354, false, "354 Go on", VERDICT_UNKNOWN, failure_category_provider_error,
     false},
    {WIRE_ANSWERED, 0, false, "", VERDICT_UNKNOWN, failure_category_provider_error, false},
    {WIRE_REFUSED_URL, 0, false, "", VERDICT_REFUSED, failure_category_unknown, false},
    {WIRE_TOO_LARGE, 0, false, "", VERDICT_UNKNOWN, failure_category_provider_error, false},
    {WIRE_REDIRECTS, 0, false, "", VERDICT_UNKNOWN, failure_category_provider_error, false},
};

static void test_verdicts(void **state)
{
    struct send_job job = mail_job();
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const struct row *row = &rows[i];
        /* The line may come as body or, where there is none, as reason. */
        for (int as_body = 0; as_body < 2; as_body++) {
            struct wire_answer answer = {
                .outcome = row->outcome, .status = row->status, .timed_out = row->timed_out};
            *(as_body ? &answer.body : &answer.reason) = str_from(row->line);
            struct verdict verdict = {0};
            provider_smtp.read_send(&job, &answer, *state, &verdict);
            if (verdict.kind != row->kind || verdict.category != row->category) {
                print_error("row %zu: %d %s\n", i, row->status, row->line);
            }
            assert_int_equal(verdict.kind, row->kind);
            assert_int_equal(verdict.category, row->category);
            assert_int_equal(verdict.is_temporary, row->is_temporary);
            assert_int_equal(str_is_set(verdict.provider_id), row->kind == VERDICT_ACCEPTED);
            assert_int_equal(verdict.error.len > 0, row->kind != VERDICT_ACCEPTED);
        }
    }
}

/* What is to be done about a refusal, and what the provider calls it. */
static void test_classes(void **state)
{
    static const struct {
        int status;
        const char *line;
        enum failure_class class;
        const char *code;
    } cases[] = {
        {421, "421 4.7.0 Closing", failure_class_AGAIN, "421 4.7.0"},
        {421, "421 Closing", failure_class_AGAIN, "421"},
        {450, "450 Busy", failure_class_AGAIN, "450"},
        {451, "451 4.7.1 Greylisted", failure_class_AGAIN, "451 4.7.1"},
        {452, "452 4.2.2 Full", failure_class_AGAIN, "452 4.2.2"},
        {552, "552 5.2.2 Full", failure_class_AGAIN, "552 5.2.2"},
        {550, "550 5.1.1 Nobody", failure_class_RECIPIENT, "550 5.1.1"},
        {550, "550 Nobody", failure_class_RECIPIENT, "550"},
        {553, "553 5.1.3 Bad", failure_class_RECIPIENT, "553 5.1.3"},
        {550, "550 5.2.1 Disabled", failure_class_ELSEWHERE, "550 5.2.1"},
        {503, "503 5.5.1 Order", failure_class_ELSEWHERE, "503 5.5.1"},
        {555, "", failure_class_ELSEWHERE, "555"},
        {535, "535 5.7.8 Login", failure_class_OURS, "535 5.7.8"},
        {530, "530 Login", failure_class_OURS, "530"},
        {550, "550 5.7.1 Policy", failure_class_OURS, "550 5.7.1"},
        {554, "554 Refused", failure_class_OURS, "554"},
        {552, "552 5.3.4 Too big", failure_class_OURS, "552 5.3.4"},
        {501, "501 5.1.7 Bad sender", failure_class_OURS, "501 5.1.7"},
    };
    struct send_job job = mail_job();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct wire_answer answer = {
            .outcome = WIRE_ANSWERED, .status = cases[i].status, .body = str_from(cases[i].line)};
        struct verdict verdict = {0};
        provider_smtp.read_send(&job, &answer, *state, &verdict);
        if (verdict.class != cases[i].class) {
            print_error("%s\n", cases[i].line);
        }
        assert_int_equal(verdict.class, cases[i].class);
        assert_true(str_equal_text(verdict.code, cases[i].code));
        assert_int_equal(verdict.is_temporary, cases[i].class == failure_class_AGAIN);
    }
}

/* No TLS that we accept is a matter of settings: of the certificate, the port, SMTP_SECURE. Nothing
 * left, and trying again does not help (protocols.md 4). */
static void test_tls(void **state)
{
    struct send_job job = mail_job();
    struct wire_answer answer = {.outcome = WIRE_NOT_SENT,
                                 .status = 220,
                                 .tls_failed = true,
                                 .reason = STR("SSL certificate problem: self-signed")};
    struct verdict verdict = {0};
    provider_smtp.read_send(&job, &answer, *state, &verdict);
    assert_int_equal(verdict.kind, VERDICT_NOT_SENT);
    assert_int_equal(verdict.category, failure_category_auth);
    assert_int_equal(verdict.class, failure_class_OURS);
    assert_true(str_equal_text(verdict.code, "TLS"));
    assert_true(str_equal_text(verdict.error, "The mail server offers no TLS that we accept: SSL "
                                              "certificate problem: self-signed"));
    answer.tls_failed = false;
    provider_smtp.read_send(&job, &answer, *state, &verdict);
    assert_int_equal(verdict.category, failure_category_network);
}

static void test_errors_hide_addresses(void **state)
{
    struct send_job job = mail_job();
    struct wire_answer answer = {
        .outcome = WIRE_ANSWERED,
        .status = 550,
        .body = STR("550 5.1.1 <anna@example.org>: +14155550101\tunknown\r\nhere")};
    struct verdict verdict = {0};
    provider_smtp.read_send(&job, &answer, *state, &verdict);
    assert_true(str_equal_text(
        verdict.error, "The mail server refused with 550: 550 5.1.1 **** **** unknown here"));
    /* C1 and U+2028 are line ends and orders to terminals as well. */
    answer.body = STR("550 5.1.1 no\xc2\x9b"
                      "2Jsuch\xe2\x80\xa8user \xc3\xa9");
    provider_smtp.read_send(&job, &answer, *state, &verdict);
    assert_true(str_equal_text(
        verdict.error, "The mail server refused with 550: 550 5.1.1 no 2Jsuch user \xc3\xa9"));
    answer.status = 535;
    answer.body = STR("535 5.7.8 bad: AGhlbGxvAHNlY3JldA==");
    provider_smtp.read_send(&job, &answer, *state, &verdict);
    assert_true(str_equal_text(verdict.error, "The mail server refused our login (535)."));
}

static void test_build(void **state)
{
    struct provider_settings settings = sound_settings();
    struct send_job job = mail_job();
    struct wire_request request = {0};
    struct problem problem = {0};
    assert_int_equal(provider_smtp.build_send(&settings, &job, *state, &request, &problem), OK);
    assert_int_equal(request.kind, WIRE_SMTP);
    assert_int_equal(request.timeout.us, SECONDS(45).us);
    assert_true(str_equal_text(request.smtp.host, "mail.example.com"));
    assert_int_equal(request.smtp.port, 587);
    assert_int_equal(request.smtp.security, SMTP_STARTTLS);
    assert_true(str_equal_text(request.smtp.username, "tocsin"));
    assert_true(str_equal_text(request.smtp.ca_file, "ca.pem"));
    assert_true(str_equal_text(request.smtp.ehlo_name, "example.com"));
    assert_true(str_equal_text(request.smtp.to, "anna@example.org"));
    assert_true(str_contains(request.smtp.message,
                             STR("Message-ID: <0193f3a0-0000-7000-8000-000000000001@")));
    assert_false(str_contains(request.smtp.message, STR("hunter2")));
    /* A repeat is the same mail. */
    struct str first = request.smtp.message;
    assert_int_equal(provider_smtp.build_send(&settings, &job, *state, &request, &problem), OK);
    assert_true(str_equal(first, request.smtp.message));
    settings.ehlo_name = STR("tocsin.example.net");
    assert_int_equal(provider_smtp.build_send(&settings, &job, *state, &request, &problem), OK);
    assert_true(str_equal_text(request.smtp.ehlo_name, "tocsin.example.net"));
}

static void test_envelope(void **state)
{
    static const struct {
        const char *from;
        const char *bounce_domain;
        const char *wanted;
    } cases[] = {
        {"alerts@example.com", NULL, "alerts@example.com"},
        {"T <alerts@example.com>", "", "alerts@example.com"},
        {"T <alerts@example.com>", "b.example.net",
         "bounce+0193f3a0-0000-7000-8000-000000000001@b.example.net"},
        {"alerts@example.com", "not a domain", "alerts@example.com"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct provider_settings settings = sound_settings();
        struct send_job job = mail_job();
        struct wire_request request = {0};
        settings.email_from = str_from(cases[i].from);
        settings.email_bounce_domain = str_from(cases[i].bounce_domain);
        assert_int_equal(provider_smtp.build_send(&settings, &job, *state, &request, NULL), OK);
        assert_true(str_equal_text(request.smtp.from, cases[i].wanted));
    }
}

static void test_build_refuses(void **state)
{
    struct provider_settings settings = sound_settings();
    struct wire_request request = {0};
    struct problem problem = {0};
    struct send_job job = mail_job();
    job.channel = channel_SMS;
    assert_int_equal(provider_smtp.build_send(&settings, &job, *state, &request, &problem),
                     E_INVALID);
    assert_string_equal(problem.field, "channel");
    job = mail_job();
    job.to = STR("a@b> NOTIFY=NEVER");
    assert_int_equal(provider_smtp.build_send(&settings, &job, *state, &request, &problem),
                     E_INVALID);
    assert_string_equal(problem.field, "to");
    job = mail_job();
    job.subject = STR("Hi\r\nBcc: x@y.example");
    assert_int_equal(provider_smtp.build_send(&settings, &job, *state, &request, &problem),
                     E_INVALID);
    assert_string_equal(problem.field, "subject");
}

static void assert_check(struct provider_settings settings, const char *field)
{
    struct problem problem = {0};
    assert_int_equal(provider_smtp.check(&settings, &problem), E_INVALID);
    assert_string_equal(problem.field, field);
    assert_null(strstr(problem.message, "hunter2"));
}

static void test_check(void **state)
{
    (void)state;
    struct provider_settings settings = sound_settings();
    assert_int_equal(provider_smtp.check(&settings, NULL), OK);
    settings.smtp_host = STR_NONE;
    assert_check(settings, "SMTP_HOST");
    settings.smtp_host = STR("smtp://mail.example.com/");
    assert_check(settings, "SMTP_HOST");
    settings = sound_settings();
    settings.email_from = STR_NONE;
    assert_check(settings, "EMAIL_FROM");
    settings.email_from = STR("Tocsin");
    assert_check(settings, "EMAIL_FROM");
    settings = sound_settings();
    settings.email_bounce_domain = STR("a b");
    assert_check(settings, "EMAIL_BOUNCE_DOMAIN");
    settings = sound_settings();
    settings.smtp_port = 0;
    assert_check(settings, "SMTP_PORT");
    settings.smtp_port = 65536;
    assert_check(settings, "SMTP_PORT");
    settings = sound_settings();
    settings.smtp_password = STR_NONE;
    assert_check(settings, "SMTP_PASSWORD");
    settings = sound_settings();
    settings.smtp_security = SMTP_PLAIN;
    assert_check(settings, "SMTP_SECURE");
    settings.smtp_user = STR_NONE;
    assert_check(settings, "SMTP_USER");
    settings.smtp_password = STR_NONE;
    assert_int_equal(provider_smtp.check(&settings, NULL), OK);
}

static void test_cannot_be_asked(void **state)
{
    struct provider_settings settings = sound_settings();
    struct send_job job = mail_job();
    struct wire_request request = {0};
    struct wire_answer answer = {.outcome = WIRE_ANSWERED, .status = 250};
    struct verdict verdict = {0};
    assert_int_equal(provider_smtp.build_find(&settings, &job, *state, &request), E_NOT_FOUND);
    assert_int_equal(provider_smtp.build_cancel(&settings, STR("x"), *state, &request),
                     E_NOT_FOUND);
    provider_smtp.read_find(&job, &answer, *state, &verdict);
    assert_int_equal(verdict.kind, VERDICT_UNKNOWN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_verdicts), TEST(test_errors_hide_addresses),
        TEST(test_build),    TEST(test_classes),
        TEST(test_envelope), TEST(test_build_refuses),
        TEST(test_check),    TEST(test_cannot_be_asked),
        TEST(test_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
