/* Forms and XML text: what goes in comes out, and nothing gets out of its place. */
#include "channel/form.h"
#include "channel/xml_text.h"

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

static void assert_str(struct str got, const char *wanted)
{
    if (!str_equal_text(got, wanted)) {
        fail_msg("got \"%.*s\", wanted \"%s\"", STR_FMT(got), wanted);
    }
}

static void test_writing(void **state)
{
    struct buf out = {.arena = *state};
    form_add(&out, "To", STR("+15558675310"));
    form_add(&out, "Body", STR("h\xC3\xA9llo & \xF0\x9F\x91\x8D=%;"));
    form_add(&out, "Absent", STR_NONE);
    form_add(&out, "Empty", STR(""));
    form_add_int(&out, "Timeout", 25);
    form_add_int(&out, "Least", INT64_MIN);
    form_add(&out, "StartTime>", STR("2026-01-05T09:00:00Z"));
    assert_str(buf_str(&out),
               "To=%2B15558675310&Body=h%C3%A9llo%20%26%20%F0%9F%91%8D%3D%25%3B&Empty=&Timeout=25&"
               "Least=-9223372036854775808&StartTime%3E=2026-01-05T09%3A00%3A00Z");
}

static void test_reading(void **state)
{
    static const struct {
        const char *body;
        const char *value; /* Of "a"; NULL for absent. */
        size_t count;
    } rows[] = {
        {"", NULL, 0},           {"a=1", "1", 1},
        {"b=1&a=2&a=3", "2", 3}, {"a", "", 1},
        {"a=", "", 1},           {"&&a=1&&", "1", 1},
        {"a=1+2%2B", "1 2+", 1}, {"a=%C3%A9", "\xC3\xA9", 1},
        {"%61=x", "x", 1},       {"a=b=c", "b=c", 1},
        {"a=%", "%", 1},         {"a=%4", "%4", 1},
        {"a=%zz", "%zz", 1},     {"A=1", NULL, 1},
        {"a=%2541", "%41", 1},   {"=x&a=1", "1", 2},
        {"a=%4a", "J", 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct form form;
        struct str got = STR("untouched");
        assert_int_equal(form_parse(*state, str_from(rows[i].body), &form), OK);
        assert_int_equal(form.count, rows[i].count);
        form_get(*state, str_from(rows[i].body), "a", &got);
        assert_int_equal(str_is_set(got), rows[i].value != NULL);
        if (rows[i].value != NULL) {
            assert_str(got, rows[i].value);
            assert_str(form_value(&form, "a"), rows[i].value);
        }
    }
}

static void test_too_many(void **state)
{
    struct buf body = {.arena = *state};
    struct form form;
    for (int i = 0; i < FORM_PAIRS_MAX; i++) {
        form_add(&body, "a", STR("1"));
    }
    assert_int_equal(form_parse(*state, buf_str(&body), &form), OK);
    assert_int_equal(form.count, FORM_PAIRS_MAX);
    form_add(&body, "a", STR("1"));
    assert_int_equal(form_parse(*state, buf_str(&body), &form), E_TOO_LARGE);
    struct str got = STR("untouched");
    form_get(*state, buf_str(&body), "a", &got);
    assert_false(str_is_set(got));
    assert_int_equal(form_parse(*state, STR_NONE, &form), OK);
    assert_int_equal(form.count, 0);
}

static void test_text(void **state)
{
    struct form form;
    struct str body = STR("ok=a%09b%0Ac&nul=a%00b&bell=%07&bad=%FF&del=%7F&cut=%C3");
    assert_int_equal(form_parse(*state, body, &form), OK);
    assert_str(form_text(&form, "ok"), "a\tb\nc");
    static const char *const refused[] = {"nul", "bell", "bad", "del", "cut", "absent"};
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++) {
        assert_false(str_is_set(form_text(&form, refused[i])));
    }
    assert_int_equal(form_value(&form, "nul").len, 3);
}

/* Every byte survives writing and reading. */
static void test_round_trip(void **state)
{
    char bytes[256];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)i;
    }
    struct buf out = {.arena = *state};
    form_add(&out, "a&=+b", (struct str){bytes, sizeof bytes});
    struct form form;
    assert_int_equal(form_parse(*state, buf_str(&out), &form), OK);
    assert_int_equal(form.count, 1);
    assert_str(form.pairs[0].name, "a&=+b");
    assert_true(str_equal(form.pairs[0].value, (struct str){bytes, sizeof bytes}));
}

static void test_xml_text(void **state)
{
    struct buf out = {.arena = *state};
    xml_add_text(&out, STR("<Hangup/> & \"x\" 'y' ]]>\t\n"));
    assert_str(buf_str(&out), "&lt;Hangup/&gt; &amp; &quot;x&quot; &apos;y&apos; ]]&gt;\t\n");
    buf_clear(&out);
    xml_add_text(&out, STR("a\x01\x08\x0B\x1F\x7F"
                           "b\xFF\xC3(\xED\xA0\x80\xEF\xBF\xBE\xEF\xBF\xBF\xC3\xA9\xF0\x9F\x91\x8D"
                           "\0c\r"));
    assert_str(buf_str(&out), "ab(\xC3\xA9\xF0\x9F\x91\x8D"
                              "c&#13;");
    buf_clear(&out);
    xml_add_attribute(&out, "action", STR("https://x/?a=1&b=\"<2>'\n\t"));
    xml_add_attribute(&out, "absent", STR_NONE);
    xml_add_attribute(&out, "empty", STR(""));
    assert_str(buf_str(&out),
               " action=\"https://x/?a=1&amp;b=&quot;&lt;2&gt;&apos;&#10;&#9;\" empty=\"\"");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_writing), TEST(test_reading),    TEST(test_too_many),
        TEST(test_text),    TEST(test_round_trip), TEST(test_xml_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
