/* What a voice reads out: no marks, no URLs, numbers that can be understood, an end at a sentence.
 */
#include "channel/speech.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

static void assert_text(struct str got, const char *wanted)
{
    if (!str_equal_text(got, wanted)) {
        fail_msg("\"%.*s\" instead of \"%s\"", STR_FMT(got), wanted);
    }
}

static void test_speech_of(void **state)
{
    static const struct {
        const char *text;
        const char *wanted;
    } rows[] = {
        {"", ""},
        {"a  b\nc\td", "a b c d"},
        {"see https://x.example/a?b=1 or www.y.example now", "see or now"},
        {"**bold** _it_ `code` #4 [text](https://x.example)", "bold it code 4 text"},
        {"at [https://x.example](https://x.example) *www.y.example* <http://z>", "at"},
        {"ticket 427", "ticket 4. 2. 7."},
        {"ticket 427.", "ticket 4. 2. 7."},
        {"INC-42718 is open", "INC- 4. 2. 7. 1. 8. is open"},
        {"in 2026 at 10:30, 1,500 of 12", "in 2026 at 10:30, 1,500 of 12"},
        {"code 12a, room 7", "code 12a, room 7"},
        {"call +4915112345", "call + 4. 9. 1. 5. 1. 1. 2. 3. 4. 5."},
        {"1.500 und 10.0.0.1", "1.500 und 10.0.0.1"},
        {"pin 4271, please", "pin 4. 2. 7. 1. , please"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_text(speech_of(str_from(rows[i].text), *state), rows[i].wanted);
    }
    assert_text(speech_spell(STR("12a"), *state), "1. 2. a.");
    assert_text(speech_spell(STR("1\xce\xb5\xff"), *state), "1. \xce\xb5.");
}

static void test_cut(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t max;
        const char *wanted;
    } rows[] = {
        {"One. Two. Three.", 100, "One. Two. Three."},
        {"One. Two. Three.", 16, "One. Two. Three."},
        {"One. Two. Three.", 15, "One. Two."},
        {"One. Two. Three.", 4, "One."},
        {"Are you? Yes! So", 15, "Are you? Yes!"},
        {"one two three", 9, "one two"},
        {"onetwothree", 5, "onetw"},
        {"Id 4. 2. 7. is open", 12, "Id 4. 2. 7."},
        {"\xE0\xA4\x95\xE0\xA5\xA4 \xE0\xA4\x95\xE0\xA4\x95", 12, "\xE0\xA4\x95\xE0\xA5\xA4"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_text(speech_cut(str_from(rows[i].text), rows[i].max), rows[i].wanted);
    }
    assert_int_equal(speech_seconds(STR("")), 0);
    assert_int_equal(speech_seconds(STR("fifteen letters")), 1);
    assert_int_equal(speech_seconds(STR("fifteen letters!")), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_speech_of), TEST(test_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
