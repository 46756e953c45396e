/* Texts: every row renders, nothing from outside can do harm, and SMS stays as short as it can be.
 */
#include "channel/render.h"
#include "channel/sms_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const int64_t nine_us = INT64_C(1767603600000000); /* Monday, 2026-01-05T09:00:00Z */

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

static struct render_facts sound_facts(void)
{
    return (struct render_facts){.name = STR("Anna"),
                                 .title = STR("Design review"),
                                 .person = STR("Ben"),
                                 .link = STR("https://t.example/l/abc"),
                                 .join_url = STR("https://meet.example/x?a=1&b=2"),
                                 .timezone = STR("Europe/Berlin"),
                                 .at = {nine_us + MINUTES(15).us},
                                 .now = {nine_us}};
}

static struct rendered render_as(enum text_key key, enum channel channel,
                                 const struct render_facts *facts, struct arena *arena)
{
    struct render_request request = {.key = key, .channel = channel, .language = STR("en")};
    struct rendered out = {0};
    render(&request, facts, arena, &out);
    return out;
}

static void assert_has(struct str text, const char *part)
{
    if (!str_contains(text, str_from(part))) {
        print_error("no \"%s\" in:\n%.*s\n", part, STR_FMT(text));
    }
    assert_true(str_contains(text, str_from(part)));
}

static void assert_lacks(struct str text, const char *part)
{
    if (str_contains(text, str_from(part))) {
        print_error("\"%s\" in:\n%.*s\n", part, STR_FMT(text));
    }
    assert_false(str_contains(text, str_from(part)));
}

static void assert_clean(struct str text)
{
    assert_true(text.len > 0);
    assert_true(str_is_utf8(text));
    assert_lacks(text, "{{");
    assert_lacks(text, "}}");
}

static void test_everything_renders(void **state)
{
    struct render_facts full = sound_facts();
    struct render_facts empty = {0};
    const struct render_facts *facts[] = {&full, &empty};
    for (size_t i = 0; i < 2; i++) {
        for (int key = text_key_NONE + 1; key < text_key_COUNT; key++) {
            struct rendered mail = render_as((enum text_key)key, channel_EMAIL, facts[i], *state);
            assert_clean(mail.subject);
            assert_clean(mail.text);
            assert_clean(mail.html);
            assert_false(str_is_set(mail.speech));
            assert_lacks(mail.subject, "\n");
            struct rendered call = render_as((enum text_key)key, channel_CALL, facts[i], *state);
            assert_clean(call.speech);
            assert_true(str_equal(call.speech, call.text));
            assert_false(str_is_set(call.subject) || str_is_set(call.html));
            struct rendered sms = render_as((enum text_key)key, channel_SMS, facts[i], *state);
            assert_clean(sms.text);
            assert_false(str_is_set(sms.subject) || str_is_set(sms.html) || str_is_set(sms.speech));
            assert_clean(render_as((enum text_key)key, channel_WHATSAPP, facts[i], *state).text);
            struct rendered in_app =
                render_as((enum text_key)key, channel_IN_APP, facts[i], *state);
            assert_clean(in_app.subject);
            assert_clean(in_app.text);
        }
    }
}

static void test_stages(void **state)
{
    struct render_facts facts = sound_facts();
    struct rendered mail =
        render_as(text_key_MEETING_UPCOMING_EMAIL, channel_EMAIL, &facts, *state);
    assert_true(str_equal_text(mail.subject, "Coming up at 09:15: Design review"));
    assert_has(mail.text,
               "Hello Anna,\n\n\"Design review\" starts at 09:15.\nThat is 15 minutes from now");
    assert_has(mail.text, "https://t.example/l/abc");
    assert_has(mail.html, "href=\"https://meet.example/x?a=1&amp;b=2\"");
    assert_has(mail.html, "I&#39;m in</a>");
    assert_has(mail.html, "I can&#39;t make it</a>");
    size_t first = str_find(mail.html, STR("<a href=\"https://t.example/l/abc\""));
    struct str rest = str_slice(mail.html, first + 1, mail.html.len);
    assert_has(rest, "<a href=\"https://t.example/l/abc\"");
    facts.at.us = nine_us + MINUTES(5).us;
    struct rendered sms = render_as(text_key_MEETING_URGENT_MESSAGE, channel_SMS, &facts, *state);
    assert_true(str_equal_text(sms.text, "Hi Anna, \"Design review\" starts in 5 min, at 09:05.\n"
                                         "Reply 1 if you're in, 2 if not.\n"
                                         "https://t.example/l/abc"));
    struct rendered call = render_as(text_key_MEETING_CRITICAL_CALL, channel_CALL, &facts, *state);
    assert_has(call.speech, "Design review begins at 9:05");
    assert_has(call.speech,
               "Press 1 if you are joining, 2 if you can't make it, or 9 to hear this again.");
    struct rendered contact =
        render_as(text_key_MISSED_EMERGENCY_CONTACT, channel_CALL, &facts, *state);
    assert_has(contact.speech, "Hello Anna");
    assert_has(contact.speech, "Ben was expected in Design review at 9:05");
    assert_has(contact.speech, "Press 1 if you will look after it");
    struct rendered test = render_as(text_key_TEST_MESSAGE, channel_CALL, &facts, *state);
    assert_lacks(test.speech, "Press 1");
}

static void test_minutes(void **state)
{
    static const struct {
        int64_t seconds;
        const char *wanted;
    } rows[] = {{900, "in 15 min"}, {898, "in 15 min"}, {871, "in 15 min"}, {869, "in 14 min"},
                {60, "in 1 min"},   {29, "in 0 min"},   {0, "in 0 min"},    {-100, "in 0 min"}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct render_facts facts = sound_facts();
        facts.at.us = nine_us + SECONDS(rows[i].seconds).us;
        assert_has(render_as(text_key_MEETING_URGENT_MESSAGE, channel_SMS, &facts, *state).text,
                   rows[i].wanted);
    }
}

static void test_time(void **state)
{
    struct zone utc = zone_utc();
    static const struct {
        int64_t hours;
        const char *wanted;
    } rows[] = {
        {0, "09:00"},
        {14, "23:00"},
        {15, "00:00 on Tuesday, 6 January"},
        {-10, "23:00 on Sunday, 4 January"},
        {24 * 360, "09:00 on Thursday, 31 December"},
        {24 * 361, "09:00 on Friday, 1 January 2027"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct render_facts facts = {.zone = i % 2 == 0 ? &utc : NULL, .now = {nine_us}};
        facts.at.us = nine_us + HOURS(rows[i].hours).us;
        struct str time = render_time(&facts, STR("en"), *state);
        assert_true(str_equal_text(time, rows[i].wanted));
    }
}

static void test_nothing_from_outside_does_harm(void **state)
{
    struct render_facts facts = sound_facts();
    facts.name = STR("<b>\"A\" & 'B'</b>");
    facts.title = STR("Line\r\nBcc: x@y.example\t{{link}} \xC2\x85 end");
    facts.join_url = STR("javascript:alert(1)");
    struct rendered mail =
        render_as(text_key_MEETING_UPCOMING_EMAIL, channel_EMAIL, &facts, *state);
    assert_has(mail.html, "&lt;b&gt;&quot;A&quot; &amp; &#39;B&#39;&lt;/b&gt;");
    assert_lacks(mail.html, "<b>");
    assert_lacks(mail.html, "javascript");
    assert_lacks(mail.text, "javascript");
    assert_lacks(mail.text, "Join here");
    /* A placeholder in a fact is text, and line breaks in it are spaces. */
    assert_true(
        str_equal_text(mail.subject, "Coming up at 09:15: Line  Bcc: x@y.example {{link}}   end"));
    static const char *const links[] = {"ftp://x.example", "https://x y", "https://x\"onclick",
                                        "http://x\n",      "//x",         "",
                                        "https://x<y"};
    for (size_t i = 0; i < ARRAY_LENGTH(links); i++) {
        facts = sound_facts();
        facts.link = str_from(links[i]);
        mail = render_as(text_key_MEETING_UPCOMING_EMAIL, channel_EMAIL, &facts, *state);
        bool is_trimmed = i == 3;
        assert_int_equal(str_contains(mail.html, STR("I&#39;m in")), is_trimmed);
    }
    facts = sound_facts();
    facts.title = STR("\xFF\xFE");
    assert_has(render_as(text_key_MISSED_EMAIL, channel_EMAIL, &facts, *state).subject,
               "your meeting");
}

static void test_long_facts(void **state)
{
    struct arena *arena = *state;
    struct buf title = {.arena = arena};
    for (int i = 0; i < 2000; i++) {
        buf_add_text(&title, "\xC3\xA4 ");
    }
    struct render_facts facts = sound_facts();
    facts.title = buf_str(&title);
    facts.name = buf_str(&title);
    struct rendered mail = render_as(text_key_MEETING_UPCOMING_EMAIL, channel_EMAIL, &facts, arena);
    assert_clean(mail.subject);
    assert_true(mail.subject.len <= SUBJECT_BYTES_MAX);
    struct rendered call = render_as(text_key_MEETING_CRITICAL_CALL, channel_CALL, &facts, arena);
    assert_true(call.speech.len <= SPEECH_BYTES_MAX);
    assert_has(call.speech, "Press 1");
}

static void test_speech(void **state)
{
    struct render_facts facts = sound_facts();
    facts.title =
        STR("Q3 *review*  https://x.example/a?b=c www.y.example \xE2\x80\x9Cnow\xE2\x80\x9D & #1");
    struct rendered call = render_as(text_key_MEETING_CRITICAL_CALL, channel_CALL, &facts, *state);
    assert_has(call.speech, "but Q3 review now & 1 begins at 9:15");
    assert_lacks(call.speech, "http");
    assert_lacks(call.speech, "www");
    assert_lacks(call.speech, "  ");
    assert_lacks(call.speech, "\n");
}

static void test_speech_keeps_its_keys(void **state)
{
    struct arena *arena = *state;
    struct buf text = {.arena = arena};
    for (int i = 0; i < 1000; i++) {
        buf_add_text(&text, "word \xC3\xA4 ");
    }
    struct render_override override = {.speech = buf_str(&text)};
    struct render_request request = {
        .key = text_key_MISSED_CALL, .channel = channel_CALL, .override = &override};
    struct render_facts facts = sound_facts();
    struct rendered out = {0};
    render(&request, &facts, arena, &out);
    assert_true(out.speech.len <= SPEECH_BYTES_MAX && out.speech.len > SPEECH_BYTES_MAX - 20);
    assert_clean(out.speech);
    assert_true(str_ends(out.speech, STR("or 9 to hear this again.")));
}

static void test_override(void **state)
{
    struct render_facts facts = sound_facts();
    struct render_override override = {.subject = STR("Now: {{title}}"),
                                       .text =
                                           STR("Dear {{ name }},\n{{title}} <soon> at {{time}}")};
    struct render_request request = {
        .key = text_key_MEETING_UPCOMING_EMAIL, .channel = channel_EMAIL, .override = &override};
    struct rendered out = {0};
    render(&request, &facts, *state, &out);
    assert_true(str_equal_text(out.subject, "Now: Design review"));
    assert_true(str_equal_text(out.text, "Dear Anna,\nDesign review <soon> at 09:15"));
    assert_has(out.html, "<p>Dear Anna,<br>\nDesign review &lt;soon&gt; at 09:15</p>");
    assert_has(out.html, "I&#39;m in</a>");
    override.html = STR("<h1>{{title}}</h1>");
    render(&request, &facts, *state, &out);
    assert_has(out.html, "<h1>Design review</h1>");
    request.channel = channel_CALL;
    render(&request, &facts, *state, &out);
    assert_true(str_starts(out.speech, STR("Dear Anna, Design review soon at 9:15 Press 1")));
    /* What is not sound, or comes out empty, is passed over. */
    override = (struct render_override){.text = STR("{{nobody}}"), .subject = STR("{{joinUrl}}")};
    facts.join_url = STR_NONE;
    request.channel = channel_EMAIL;
    render(&request, &facts, *state, &out);
    assert_has(out.text, "starts at 09:15");
    assert_has(out.subject, "Coming up");
}

static void test_languages_fall_back(void **state)
{
    struct render_facts facts = sound_facts();
    static const char *const languages[] = {"en", "en-GB", "EN_us", "xx", "", "fr-CA"};
    for (size_t i = 0; i < ARRAY_LENGTH(languages); i++) {
        struct render_request request = {.key = text_key_TEST_MESSAGE, .channel = channel_SMS};
        request.language = str_from(languages[i]);
        struct rendered out = {0};
        render(&request, &facts, *state, &out);
        assert_has(out.text, "this is a test from Tocsin");
    }
}

static void test_template_check(void **state)
{
    (void)state;
    static const char *const good[] = {"", "plain", "{{name}} {{ title }}", "{ single } }} {",
                                       "{{minutes}}{{joinUrl}}"};
    static const struct {
        const char *text;
        const char *message;
    } bad[] = {
        {"Hi {{nmae}}", "There is no placeholder {{nmae}}."},
        {"{{}}", "There is no placeholder {{}}."},
        {"{{Name}}", "There is no placeholder {{Name}}."},
        {"ok {{name}} {{joinurl}}", "There is no placeholder {{joinurl}}."},
        {"{{name", "\"{{name\" is not closed on its line."},
        {"{{name\n}}", "\"{{name\" is not closed on its line."},
        {"{{", "\"{{\" is not closed on its line."},
        {"\xFF", "It must be UTF-8 without NUL."},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        assert_int_equal(template_check(str_from(good[i]), NULL), OK);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct problem problem = {0};
        assert_int_equal(template_check(str_from(bad[i].text), &problem), E_INVALID);
        assert_string_equal(problem.message, bad[i].message);
    }
    for (int i = 0; i < PLACEHOLDER_COUNT; i++) {
        assert_true(strlen(placeholder_name((enum placeholder)i)) > 0);
        assert_true(strlen(placeholder_doc((enum placeholder)i)) > 0);
    }
}

static void test_keys(void **state)
{
    (void)state;
    enum text_key key = text_key_NONE;
    for (int i = text_key_NONE + 1; i < text_key_COUNT; i++) {
        assert_int_equal(text_key_parse(str_from(text_key_name((enum text_key)i)), &key), OK);
        assert_int_equal(key, i);
    }
    assert_int_equal(text_key_parse(STR("NOTHING"), &key), E_INVALID);
}

static void test_sms_is_cheap(void **state)
{
    struct render_facts facts = sound_facts();
    facts.title = STR("Anna\xE2\x80\x99s \xE2\x80\x9C"
                      "1:1\xE2\x80\x9D \xE2\x80\x93 weekly\xE2\x80\xA6\xC2\xA0now");
    struct rendered sms = render_as(text_key_MEETING_URGENT_MESSAGE, channel_SMS, &facts, *state);
    assert_has(sms.text, "Anna's \"1:1\" - weekly... now");
    assert_true(sms_measure(sms.text).is_gsm7);
    facts.title = STR("A meeting with a title that is far too long for any message to carry whole");
    for (int key = text_key_MEETING_UPCOMING_EMAIL; key <= text_key_MISSED_REPEAT_CALL; key++) {
        sms = render_as((enum text_key)key, channel_SMS, &facts, *state);
        assert_int_equal(sms_segments(sms.text), 1);
    }
    assert_has(sms.text, "A meeting with a title that i...");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_everything_renders),
        TEST(test_stages),
        TEST(test_minutes),
        TEST(test_time),
        TEST(test_nothing_from_outside_does_harm),
        TEST(test_long_facts),
        TEST(test_speech),
        TEST(test_speech_keeps_its_keys),
        TEST(test_override),
        TEST(test_languages_fall_back),
        TEST(test_template_check),
        TEST(test_keys),
        TEST(test_sms_is_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
