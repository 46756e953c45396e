/* How many segments a text takes, and what makes it cheaper. */
#include "channel/sms_text.h"

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

/* `count` times `unit`, with `tail` behind. */
static struct str repeated(struct arena *arena, const char *unit, size_t count, const char *tail)
{
    struct buf out = {.arena = arena};
    for (size_t i = 0; i < count; i++) {
        buf_add_text(&out, unit);
    }
    buf_add_text(&out, tail);
    return buf_str(&out);
}

static void test_segments(void **state)
{
    struct arena *arena = *state;
    static const struct {
        const char *unit;
        size_t count;
        const char *tail;
        size_t segments;
    } rows[] = {
        {"a", 0, "", 1},
        {"a", 160, "", 1},
        {"a", 161, "", 2},
        {"a", 306, "", 2},
        {"a", 307, "", 3},
        {"\xC3\xA9", 160, "", 1},    /* é is in GSM-7 */
        {"\xE2\x82\xAC", 80, "", 1}, /* € takes two */
        {"\xE2\x82\xAC", 81, "", 2},
        {"[", 152, "", 2}, /* 76 fit into 153, one septet stays empty */
        {"[", 153, "", 3},
        {"a", 152, "[aaaaaaa", 2}, /* an escape is not cut: it moves whole */
        {"a", 152, "[", 1},
        {"a", 158, "[", 1},
        {"a", 159, "[", 2},
        {"\xE4\xBC\x9A", 70, "", 1},
        {"\xE4\xBC\x9A", 71, "", 2},
        {"\xE4\xBC\x9A", 134, "", 2},
        {"\xE4\xBC\x9A", 135, "", 3},
        {"a", 69, "\xE4\xBC\x9A", 1},
        {"a", 70, "\xE4\xBC\x9A", 2},
        {"\xF0\x9F\x91\x8D", 35, "", 1},
        {"\xF0\x9F\x91\x8D", 36, "", 2},
        {"\xF0\x9F\x91\x8D", 66, "", 2}, /* 33 pairs fit into 67 */
        {"\xF0\x9F\x91\x8D", 67, "", 3},
        {"a", 69, "`", 1}, /* A backtick is not in GSM-7. */
        {"a", 70, "`", 2},
        {"a", 69, "\xC3\xA7", 1}, /* nor is ç, though Ç is */
        {"a", 70, "\xC3\xA7", 2},
        {"a", 159, "\xC3\x87", 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct str text = repeated(arena, rows[i].unit, rows[i].count, rows[i].tail);
        if (sms_segments(text) != rows[i].segments) {
            print_error("row %zu\n", i);
        }
        assert_int_equal(sms_segments(text), rows[i].segments);
    }
    assert_false(sms_measure(STR("\xFF\xE2\x82")).is_gsm7);
    assert_int_equal(sms_measure(STR("\xFF\xE2\x82")).units, 3);
}

static void test_marks(void **state)
{
    struct arena *arena = *state;
    static const struct {
        const char *text;
        size_t fill; /* So many letters in front. */
        const char *end;
    } rows[] = {
        {"Luc\xC3\xAD"
         "a",
         0,
         "Luc\xC3\xAD"
         "a"}, /* It costs nothing. */
        {"Luc\xC3\xAD"
         "a",
         100, "Lucia"},
        {"\xC5\x81ukasz", 100, "Lukasz"},
        {"\xC3\x89lise \xC3\xB1", 100, "\xC3\x89lise \xC3\xB1"}, /* GSM-7 has these. */
        {"Luc\xC3\xAD"
         "a \xF0\x9F\x91\x8D",
         100,
         "Luc\xC3\xAD"
         "a \xF0\x9F\x91\x8D"}, /* UCS-2 all the same. */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct buf out = {.arena = arena};
        sms_add_cheapest(&out, repeated(arena, "a", rows[i].fill, rows[i].text), arena);
        assert_true(str_ends(buf_str(&out), str_from(rows[i].end)));
    }
    struct buf forcing = {.arena = arena};
    sms_add_forcing(&forcing, STR("a\xC3\xAD"
                                  "b\xC3\xA9\xC3\xAD\xF0\x9F\x91\x8D"));
    assert_true(str_equal_text(buf_str(&forcing), "\xC3\xAD\xF0\x9F\x91\x8D"));
    assert_int_equal(sms_measure(STR("abc")).units_left, 157);
    assert_int_equal(sms_measure(repeated(arena, "a", 161, "")).units_left, 145);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_segments), TEST(test_marks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
