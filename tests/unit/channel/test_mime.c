/* Mails byte by byte: the whole of one, then each rule on its own. What Python's parser makes of
 * them is asked elsewhere. */
#include "channel/mime.h"
#include "channel/mime_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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

static struct mime_mail plain_mail(void)
{
    return (struct mime_mail){.from = STR("Tocsin <alerts@example.com>"),
                              .to = STR("anna@example.org"),
                              .to_name = STR("Anna"),
                              .subject = STR("Coming up"),
                              .text = STR("Hello\n.\nFrom here = there \n"),
                              .attempt = STR("0193f3a0-0000-7000-8000-000000000001"),
                              .now = {INT64_C(1767603600000000)}};
}

static struct str write_mail(const struct mime_mail *mail, struct arena *arena)
{
    struct str out = STR_NONE;
    struct problem problem = {0};
    enum err err = mime_write(mail, arena, &out, &problem);
    if (err) {
        print_error("%s: %s\n", problem.field, problem.message);
    }
    assert_int_equal(err, OK);
    return out;
}

/* Every line ends with CRLF, and neither byte stands alone; nothing but ASCII; no line over the
 * limit. */
static void assert_lines(struct str mail, size_t limit)
{
    size_t start = 0;
    for (size_t i = 0; i < mail.len; i++) {
        assert_true((unsigned char)mail.ptr[i] < 0x80);
        if (mail.ptr[i] == '\n') {
            assert_true(i > 0 && mail.ptr[i - 1] == '\r');
            assert_true(i - 1 - start <= limit);
            start = i + 1;
        }
        if (mail.ptr[i] == '\r') {
            assert_true(i + 1 < mail.len && mail.ptr[i + 1] == '\n');
        }
    }
    assert_int_equal(start, mail.len);
}

static void assert_text(struct str text, const char *wanted)
{
    if (!str_equal_text(text, wanted)) {
        print_error("got:\n%.*s\nwanted:\n%s\n", STR_FMT(text), wanted);
    }
    assert_true(str_equal_text(text, wanted));
}

static void test_plain(void **state)
{
    struct mime_mail mail = plain_mail();
    assert_text(write_mail(&mail, *state),
                "Date: Mon, 05 Jan 2026 09:00:00 +0000\r\n"
                "From: Tocsin <alerts@example.com>\r\n"
                "To: Anna <anna@example.org>\r\n"
                "Subject: Coming up\r\n"
                "Message-ID: <0193f3a0-0000-7000-8000-000000000001@example.com>\r\n"
                "Auto-Submitted: auto-generated\r\n"
                "X-Auto-Response-Suppress: All\r\n"
                "MIME-Version: 1.0\r\n"
                "Content-Type: text/plain; charset=utf-8\r\n"
                "Content-Transfer-Encoding: quoted-printable\r\n"
                "\r\n"
                "Hello\r\n"
                "=2E\r\n"
                "=46rom here =3D there=20\r\n");
}

static void test_whole(void **state)
{
    struct mime_mail mail = plain_mail();
    mail.attempt = STR("a1");
    mail.thread = STR("t1");
    mail.text = STR("Hi");
    mail.html = STR("<p>Hi</p>");
    mail.invite = STR("BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n");
    mail.unsubscribe_url = STR("https://t.example.com/u/abc");
    struct str text = write_mail(&mail, *state);
    size_t headers = str_find(text, STR("Message-ID"));
    assert_text(str_slice(text, headers, text.len),
                "Message-ID: <a1@example.com>\r\n"
                "In-Reply-To: <t1@example.com>\r\n"
                "References: <t1@example.com>\r\n"
                "List-Unsubscribe: <https://t.example.com/u/abc>\r\n"
                "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
                "Auto-Submitted: auto-generated\r\n"
                "X-Auto-Response-Suppress: All\r\n"
                "MIME-Version: 1.0\r\n"
                "Content-Type: multipart/mixed;\r\n boundary=\"mixed-0-a1\"\r\n\r\n"
                "--mixed-0-a1\r\n"
                "Content-Type: multipart/alternative;\r\n boundary=\"parts-0-a1\"\r\n\r\n"
                "--parts-0-a1\r\n"
                "Content-Type: text/plain; charset=utf-8\r\n"
                "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                "Hi\r\n"
                "\r\n--parts-0-a1\r\n"
                "Content-Type: text/html; charset=utf-8\r\n"
                "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                "<p>Hi</p>\r\n"
                "\r\n--parts-0-a1\r\n"
                "Content-Type: text/calendar; charset=utf-8; method=REQUEST\r\n"
                "Content-Transfer-Encoding: base64\r\n\r\n"
                "QkVHSU46VkNBTEVOREFSDQpNRVRIT0Q6UkVRVUVTVA0KRU5EOlZDQUxFTkRBUg0K\r\n"
                "\r\n--parts-0-a1--\r\n"
                "\r\n--mixed-0-a1\r\n"
                "Content-Type: application/ics; name=\"invite.ics\"\r\n"
                "Content-Disposition: attachment; filename=\"invite.ics\"\r\n"
                "Content-Transfer-Encoding: base64\r\n\r\n"
                "QkVHSU46VkNBTEVOREFSDQpNRVRIT0Q6UkVRVUVTVA0KRU5EOlZDQUxFTkRBUg0K\r\n"
                "\r\n--mixed-0-a1--\r\n");
}

static void test_same_facts_same_bytes(void **state)
{
    struct mime_mail mail = plain_mail();
    mail.html = STR("<b>x</b>");
    mail.thread = mail.attempt; /* The first mail of a thread answers nothing. */
    struct str first = write_mail(&mail, *state);
    assert_true(str_equal(first, write_mail(&mail, *state)));
    assert_false(str_contains(first, STR("In-Reply-To")));
    assert_false(str_contains(first, STR("List-Unsubscribe")));
}

static void test_boundary_counts_up(void **state)
{
    struct mime_mail mail = plain_mail();
    mail.attempt = STR("a1");
    mail.text = STR("--parts-0-a1\n--parts-1-a1--\n");
    mail.html = STR("<p>parts-2-a1</p>");
    struct str text = write_mail(&mail, *state);
    assert_true(str_contains(text, STR("boundary=\"parts-3-a1\"")));
}

static void test_header_lines(void **state)
{
    struct arena *arena = *state;
    static const struct {
        const char *value;
        const char *wanted;
    } rows[] = {
        {"Plain", "Subject: Plain\r\n"},
        {"", "Subject: \r\n"},
        {" x", "Subject: =?utf-8?B?IHg=?=\r\n"},
        {"a  b", "Subject: =?utf-8?B?YSAgYg==?=\r\n"},
        {"=?utf-8?B?IHg=?=", "Subject: =?utf-8?B?PT91dGYtOD9CP0lIZz0/PQ==?=\r\n"},
        {"Gr\xC3\xBC\xC3\x9F"
         "e",
         "Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n"},
        {"The quick brown fox jumps over the lazy dog and then goes home again today ok",
         "Subject: The quick brown fox jumps over the lazy dog and then goes home again\r\n today "
         "ok\r\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct buf out = {.arena = arena};
        mime_add_unstructured(&out, "Subject", str_from(rows[i].value));
        assert_text(buf_str(&out), rows[i].wanted);
    }
}

/* Whatever the length, header lines keep to 78 bytes and encoded words to 75, and no character is
 * cut. */
static void test_header_limits(void **state)
{
    struct arena *arena = *state;
    static const char *const units[] = {
        "a", "a ", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x91\x8D", "x\xC3\xA4 "};
    for (size_t unit = 0; unit < ARRAY_LENGTH(units); unit++) {
        for (int count = 1; count < 120; count++) {
            struct buf value = {.arena = arena};
            for (int i = 0; i < count; i++) {
                buf_add_text(&value, units[unit]);
            }
            struct buf out = {.arena = arena};
            mime_add_unstructured(&out, "Subject", buf_str(&value));
            assert_lines(buf_str(&out), 78);
            struct str rest = buf_str(&out);
            struct str line = STR_NONE;
            while (str_split(&rest, '\n', &line)) {
                size_t word = str_find(line, STR("=?utf-8"));
                assert_true(word == line.len || line.len - 1 - word <= 75);
            }
        }
    }
}

static void test_names(void **state)
{
    struct arena *arena = *state;
    static const struct {
        const char *name;
        const char *wanted;
    } rows[] = {
        {"Anna Smith", "To: Anna Smith <a@b.example>\r\n"},
        {"Smith, Anna", "To: \"Smith, Anna\" <a@b.example>\r\n"},
        {"An \"A\" \\", "To: \"An \\\"A\\\" \\\\\" <a@b.example>\r\n"},
        {"\xC3\x84nne", "To: =?utf-8?B?w4RubmU=?= <a@b.example>\r\n"},
        {"", "To: a@b.example\r\n"},
        {"=?utf-8?q?x?=", "To: =?utf-8?B?PT91dGYtOD9xP3g/PQ==?= <a@b.example>\r\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct buf out = {.arena = arena};
        struct mailbox mailbox = {.name = str_from(rows[i].name), .address = STR("a@b.example")};
        mime_add_mailbox(&out, "To", &mailbox);
        assert_text(buf_str(&out), rows[i].wanted);
    }
}

static void test_quoted_printable(void **state)
{
    struct arena *arena = *state;
    static const struct {
        const char *text;
        const char *wanted;
    } rows[] = {
        {"", "\r\n"},
        {"a", "a\r\n"},
        {"a\n", "a\r\n"},
        {"a\r\nb\rc\n\n", "a\r\nb\r\nc\r\n\r\n"},
        {"tab\t\nspace \n \n", "tab=09\r\nspace=20\r\n=20\r\n"},
        {"..\n.x\na.\n", "=2E.\r\n=2Ex\r\na.\r\n"},
        {"From a\nFromage\n", "=46rom a\r\nFromage\r\n"},
        {"\xE2\x82\xAC=\x01", "=E2=82=AC=3D=01\r\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct buf out = {.arena = arena};
        mime_add_quoted_printable(&out, str_from(rows[i].text));
        assert_text(buf_str(&out), rows[i].wanted);
    }
    for (size_t len = 70; len < 240; len++) {
        struct buf text = {.arena = arena};
        struct buf out = {.arena = arena};
        for (size_t i = 0; i < len; i++) {
            buf_add_byte(&text, i % 7 == 0 ? '=' : 'x');
        }
        mime_add_quoted_printable(&out, buf_str(&text));
        assert_lines(buf_str(&out), 76);
    }
}

static void test_base64(void **state)
{
    struct arena *arena = *state;
    static const char *const rows[][2] = {{"f", "Zg==\r\n"},
                                          {"fo", "Zm8=\r\n"},
                                          {"foo", "Zm9v\r\n"},
                                          {"foob", "Zm9vYg==\r\n"},
                                          {"fooba", "Zm9vYmE=\r\n"},
                                          {"foobar", "Zm9vYmFy\r\n"},
                                          {"", ""}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct buf out = {.arena = arena};
        mime_add_base64(&out, str_from(rows[i][0]));
        assert_text(buf_str(&out), rows[i][1]);
    }
    struct buf out = {.arena = arena};
    mime_add_base64(&out, (struct str){arena_alloc(arena, 1000), 1000});
    assert_lines(buf_str(&out), 76);
}

/* No header can be smuggled in: each field that becomes one refuses each control character, and
 * says which field it was. */
static void test_injection(void **state)
{
    struct arena *arena = *state;
    static const char *const bad[] = {
        "\r\nBcc: x@y.example", "\n",   "\r",      "\x01", "\x7F", "\t", "\xC2\x85",
        "\xE2\x80\xA8",         "\xFF", "\xC0\x8A"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct str evil = arena_printf(arena, "a%sb", bad[i]);
        static const char *const fields[] = {"EMAIL_FROM", "to",      "toName",
                                             "subject",    "attempt", "thread"};
        for (size_t field = 0; field < ARRAY_LENGTH(fields); field++) {
            struct mime_mail mail = plain_mail();
            struct str *targets[] = {&mail.from,    &mail.to,      &mail.to_name,
                                     &mail.subject, &mail.attempt, &mail.thread};
            *targets[field] = evil;
            struct str out = STR_NONE;
            struct problem problem = {0};
            assert_int_equal(mime_write(&mail, arena, &out, &problem), E_INVALID);
            assert_string_equal(problem.field, fields[field]);
        }
    }
}

static void assert_refused(struct mime_mail mail, const char *field, struct arena *arena)
{
    struct str out = STR_NONE;
    struct problem problem = {0};
    assert_int_equal(mime_write(&mail, arena, &out, &problem), E_INVALID);
    assert_string_equal(problem.field, field);
}

static void test_unsubscribe_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "mailto:a@b.example",
                                      "https://x.example/\r\nBcc: a@b",
                                      "https://x y",
                                      "https://x>,<https://y",
                                      "https://\xC3\xA9"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct mime_mail mail = plain_mail();
        mail.unsubscribe_url = str_from(bad[i]);
        assert_refused(mail, "unsubscribe", *state);
    }
}

static void test_refused(void **state)
{
    struct arena *arena = *state;
    struct mime_mail mail = plain_mail();
    mail.text = STR("");
    assert_refused(mail, "text", arena);
    mail.text = STR("nul\0inside");
    assert_refused(mail, "text", arena);
    mail = plain_mail();
    mail.html = STR("\xFF");
    assert_refused(mail, "html", arena);
    mail.html = STR_NONE;
    mail.invite = STR("BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\n");
    assert_refused(mail, "invite", arena);
    mail.invite = STR("BEGIN:VCALENDAR\r\n");
    assert_refused(mail, "invite", arena);
    mail = plain_mail();
    mail.attempt = STR("no spaces");
    assert_refused(mail, "attempt", arena);
    mail = plain_mail();
    mail.from = STR_NONE;
    assert_refused(mail, "EMAIL_FROM", arena);
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const good[] = {"a@b", "a.b+c@d-e.example", "o'neil@x.example",
                                       "1@2.example",
                                       "bounce+0193f3a0-0000-7000-8000-000000000001@example.com"};
    static const char *const bad[] = {"",
                                      "a",
                                      "@b",
                                      "a@",
                                      "a@b@c",
                                      "a b@c",
                                      "a@b c",
                                      "<a@b>",
                                      "a@b>",
                                      "\"a\"@b",
                                      "a..b@c",
                                      ".a@b",
                                      "a.@b",
                                      "a@-b",
                                      "a@b-",
                                      "a@b..c",
                                      "a@[::1]",
                                      "a@b,c@d",
                                      "a;b@c",
                                      "a@b\r\n",
                                      "\xC3\xA4@b",
                                      "a@\xC3\xA4.example",
                                      "a@b> NOTIFY=NEVER"};
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        assert_true(address_is_valid(str_from(good[i])));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_false(address_is_valid(str_from(bad[i])));
    }
    char text[300];
    memset(text, 'a', sizeof text);
    text[64] = '@';
    assert_true(address_is_valid((struct str){text, 66}));
    text[64] = 'a';
    text[65] = '@';
    assert_false(address_is_valid((struct str){text, 67}));
    memset(text, 'a', sizeof text);
    text[10] = '@';
    for (size_t dot = 60; dot < 300; dot += 50) {
        text[dot] = '.';
    }
    assert_true(address_is_valid((struct str){text, 254}));
    assert_false(address_is_valid((struct str){text, 255}));
}

static void test_mailbox(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *name;
        const char *domain;
    } rows[] = {
        {"a@b.example", NULL, "b.example"},
        {"  <a@b.example> ", NULL, "b.example"},
        {"Tocsin <a@b.example>", "Tocsin", "b.example"},
        {"\"Tocsin, Inc.\" <a@b.example>", "Tocsin, Inc.", "b.example"},
        {"T\xC3\xB6ne<a@b.example>", "T\xC3\xB6ne", "b.example"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct mailbox mailbox;
        assert_int_equal(mailbox_parse(str_from(rows[i].text), "x", &mailbox, NULL), OK);
        assert_true(str_equal(mailbox.name, str_from(rows[i].name)));
        assert_true(str_equal_text(mailbox.domain, rows[i].domain));
        assert_true(str_equal_text(mailbox.address, "a@b.example"));
    }
    static const char *const bad[] = {
        "", "Tocsin", "Tocsin <a@b", "a@b>, <c@d>", "<a@b> <c@d>", "A\nB <a@b>"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct mailbox mailbox;
        struct problem problem = {0};
        assert_int_equal(mailbox_parse(str_from(bad[i]), "EMAIL_FROM", &mailbox, &problem),
                         E_INVALID);
        assert_string_equal(problem.field, "EMAIL_FROM");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_plain),
        TEST(test_whole),
        TEST(test_same_facts_same_bytes),
        TEST(test_boundary_counts_up),
        TEST(test_header_lines),
        TEST(test_header_limits),
        TEST(test_names),
        TEST(test_quoted_printable),
        TEST(test_base64),
        TEST(test_injection),
        TEST(test_refused),
        TEST(test_unsubscribe_refused),
        TEST(test_addresses),
        TEST(test_mailbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
