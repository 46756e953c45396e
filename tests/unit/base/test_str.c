#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void assert_str(struct str got, const char *expected)
{
    if (!str_equal_text(got, expected)) {
        fail_msg("got <%.*s>, expected <%s>", STR_FMT(got), expected);
    }
}

static void test_absent_and_empty(void **state)
{
    (void)state;
    assert_false(str_is_set(str_from(NULL)));
    assert_true(str_is_set(str_from("")));
    assert_true(str_is_set(STR("")));
    assert_int_equal(STR("a\0b").len, 3);
    assert_false(str_is_set(str_slice(STR_NONE, 0, 4)));
    assert_true(str_is_set(str_slice(STR("abc"), 2, 1)));
}

static void test_compare(void **state)
{
    (void)state;
    assert_true(str_equal(STR("abc"), STR("abc")));
    assert_false(str_equal(STR("abc"), STR("abC")));
    assert_false(str_equal(STR("abc"), STR("ab")));
    assert_true(str_equal_nocase(STR("aBc-1"), STR("AbC-1")));
    assert_false(str_equal_nocase(STR("\xc3\xa9"), STR("\xc3\x89")));
    assert_false(str_equal_nocase(STR("a"), STR("ab")));
    assert_int_equal(str_compare(STR("abc"), STR("abc")), 0);
    assert_true(str_compare(STR("ab"), STR("abc")) < 0);
    assert_true(str_compare(STR("b"), STR("abc")) > 0);
    assert_true(str_compare(STR("\x7f"), STR("\x80")) < 0);
    assert_int_equal(str_compare(STR_NONE, STR("")), 0);
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_true(str_starts(STR("abc"), STR("")));
    assert_false(str_starts(STR("a"), STR("ab")));
    assert_true(str_starts_nocase(STR("Bearer x"), STR("bearer ")));
    assert_true(str_ends(STR("abc"), STR("bc")));
    assert_false(str_ends(STR("c"), STR("bc")));
}

static void test_find(void **state)
{
    (void)state;
    struct str s = STR("banana");
    assert_int_equal(str_find_byte(s, 'n', 0), 2);
    assert_int_equal(str_find_byte(s, 'n', 3), 4);
    assert_int_equal(str_find_byte(s, 'x', 0), 6);
    assert_int_equal(str_find_byte(s, 'b', 99), 6);
    assert_int_equal(str_find_byte(STR_NONE, 'b', 0), 0);
    assert_int_equal(str_find(s, STR("ana")), 1);
    assert_int_equal(str_find(s, STR("nan")), 2);
    assert_int_equal(str_find(s, STR("nab")), 6);
    assert_int_equal(str_find(s, STR("bananas")), 6);
    assert_true(str_contains(s, STR("")));
    assert_true(str_contains(s, STR("na")));
    assert_false(str_contains(STR(""), STR("na")));
}

static void test_slice_and_trim(void **state)
{
    (void)state;
    assert_str(str_slice(STR("abcdef"), 1, 3), "bc");
    assert_str(str_slice(STR("abcdef"), 4, 99), "ef");
    assert_str(str_slice(STR("abcdef"), 99, 100), "");
    assert_str(str_trim(STR(" \t\r\n\v\fa b \n")), "a b");
    assert_str(str_trim(STR("  ")), "");
    assert_false(str_is_set(str_trim(STR_NONE)));
}

static void test_split(void **state)
{
    (void)state;
    static const char *const parts[] = {"a", "", "b", ""};
    struct str rest = STR("a,,b,");
    struct str part;
    size_t count = 0;
    while (str_split(&rest, ',', &part)) {
        assert_true(count < ARRAY_LENGTH(parts));
        assert_str(part, parts[count++]);
    }
    assert_int_equal(count, ARRAY_LENGTH(parts));
    rest = STR("");
    assert_true(str_split(&rest, ',', &part));
    assert_str(part, "");
    assert_false(str_split(&rest, ',', &part));
}

static void test_to_int(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"+7", 7},
                {"007", 7},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      "1 ",
                                      " 1",
                                      "1.0",
                                      "0x1",
                                      "--1",
                                      "1e3",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999"};
    int64_t value = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        assert_int_equal(str_to_int(str_from(good[i].text), &value), OK);
        assert_true(value == good[i].value);
    }
    value = 5;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(str_to_int(str_from(bad[i]), &value), E_INVALID);
    }
    assert_int_equal(str_to_int(STR_NONE, &value), E_INVALID);
    assert_int_equal(value, 5);
}

static void test_to_bool(void **state)
{
    (void)state;
    static const char *const yes[] = {"true", "1", "YES", "On"};
    static const char *const no[] = {"False", "0", "no", "OFF"};
    bool value = false;
    for (size_t i = 0; i < ARRAY_LENGTH(yes); i++) {
        assert_int_equal(str_to_bool(str_from(yes[i]), &value), OK);
        assert_true(value);
        assert_int_equal(str_to_bool(str_from(no[i]), &value), OK);
        assert_false(value);
    }
    assert_int_equal(str_to_bool(STR("2"), &value), E_INVALID);
    assert_int_equal(str_to_bool(STR(""), &value), E_INVALID);
    assert_int_equal(str_to_bool(STR_NONE, &value), E_INVALID);
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct str good[] = {STR_INIT(""),
                                      STR_INIT("abc\x7f"),
                                      STR_INIT("\xc2\x80"),
                                      STR_INIT("\xdf\xbf"),
                                      STR_INIT("\xe0\xa0\x80"),
                                      STR_INIT("\xed\x9f\xbf"),
                                      STR_INIT("\xee\x80\x80"),
                                      STR_INIT("\xef\xbf\xbf"),
                                      STR_INIT("\xf0\x90\x80\x80"),
                                      STR_INIT("\xf4\x8f\xbf\xbf")};
    static const struct str bad[] = {STR_INIT("\0"),
                                     STR_INIT("a\0b"),
                                     STR_INIT("\x80"),
                                     STR_INIT("\xbf"),
                                     STR_INIT("\xc0\x80"),
                                     STR_INIT("\xc1\xbf"),
                                     STR_INIT("\xc2"),
                                     STR_INIT("\xc2\x41"),
                                     STR_INIT("\xe0\x9f\xbf"),
                                     STR_INIT("\xed\xa0\x80"),
                                     STR_INIT("\xed\xbf\xbf"),
                                     STR_INIT("\xe2\x82"),
                                     STR_INIT("\xe2\x28\xa1"),
                                     STR_INIT("\xf0\x8f\xbf\xbf"),
                                     STR_INIT("\xf4\x90\x80\x80"),
                                     STR_INIT("\xf5\x80\x80\x80"),
                                     STR_INIT("\xff"),
                                     STR_INIT("\xf0\x90\x80")};
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        assert_true(str_is_utf8(good[i]));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_false(str_is_utf8(bad[i]));
    }
    assert_true(str_is_utf8(STR_NONE));
    assert_int_equal(str_utf8_sequence(STR("a\xe2\x82\xac"), 1), 3);
    assert_int_equal(str_utf8_sequence(STR("a\xe2\x82\xac"), 2), 0);
    assert_int_equal(str_utf8_sequence(STR("\0"), 0), 0);
}

static void test_cut_utf8(void **state)
{
    (void)state;
    struct str s = STR("a\xe2\x82\xac\xf0\x9f\x8e\x89");
    static const size_t lengths[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 8};
    for (size_t max = 0; max < ARRAY_LENGTH(lengths); max++) {
        assert_int_equal(str_cut_utf8(s, max).len, lengths[max]);
    }
    assert_false(str_is_set(str_cut_utf8(STR_NONE, 3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absent_and_empty),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_slice_and_trim),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_to_int),
        cmocka_unit_test(test_to_bool),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_cut_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
