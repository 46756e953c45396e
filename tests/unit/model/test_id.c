#include "model/id.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct hash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
static const struct hash_key other_key = {1, 2};

static struct instant at_ms(int64_t ms)
{
    return instant_from_ms(ms);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const int64_t ids[] = {1, 4095, 4096, 0x123456789abcdef, ((int64_t)1 << 60) - 1};
    for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
        char text[ID_TEXT_MAX];
        struct id back = ID_NONE;
        struct str formatted = id_format(key, (struct id){ids[i]}, text);
        assert_int_equal(formatted.len, ID_TEXT_BYTES);
        assert_int_equal(text[ID_TEXT_BYTES], '\0');
        assert_int_equal(id_parse(key, formatted, &back), OK);
        assert_true(back.value == ids[i]);
    }
}

static void test_text_is_a_uuid_of_version_7(void **state)
{
    (void)state;
    char text[ID_TEXT_MAX];
    /* 2026-01-05T09:00:00.123Z is 0x019b8d627afb milliseconds, and the counter is 0xabc. */
    int64_t ms = 1767603600123;
    id_format(key, (struct id){(ms << ID_COUNTER_BITS) | 0xabc}, text);
    assert_memory_equal(text, "019b8d62-7afb-", 14);
    for (int i = 0; i < ID_TEXT_BYTES; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        assert_true(is_dash ? text[i] == '-' : strchr("0123456789abcdef", text[i]) != NULL);
    }
    assert_memory_equal(text + 14, "7abc", 4);
    assert_non_null(strchr("89ab", text[19]));
    assert_true(id_instant((struct id){(ms << ID_COUNTER_BITS) | 0xabc}).us == ms * 1000);
}

static void test_upper_case(void **state)
{
    (void)state;
    char text[ID_TEXT_MAX];
    struct id back = ID_NONE;
    struct str formatted = id_format(key, (struct id){0xabcdef12345}, text);
    for (int i = 0; i < ID_TEXT_BYTES; i++) {
        text[i] = (char)toupper((unsigned char)text[i]);
    }
    assert_int_equal(id_parse(key, formatted, &back), OK);
    assert_true(back.value == 0xabcdef12345);
}

static void test_refuses_every_changed_digit(void **state)
{
    (void)state;
    char text[ID_TEXT_MAX];
    struct str formatted = id_format(key, (struct id){0xabcdef12345}, text);
    for (int i = 0; i < ID_TEXT_BYTES; i++) {
        struct id back = {9};
        char kept = text[i];
        text[i] = kept == '-' ? '0' : kept == '1' ? '2' : '1';
        assert_int_equal(id_parse(key, formatted, &back), E_INVALID);
        assert_int_equal(back.value, 9);
        text[i] = kept;
    }
}

static void test_refuses_other_texts(void **state)
{
    (void)state;
    char text[ID_TEXT_MAX];
    struct id back = ID_NONE;
    struct str formatted = id_format(key, (struct id){5}, text);
    assert_int_equal(id_parse(other_key, formatted, &back), E_INVALID);
    assert_int_equal(id_parse(key, str_slice(formatted, 0, 35), &back), E_INVALID);
    assert_int_equal(id_parse(key, STR_NONE, &back), E_INVALID);
    assert_int_equal(id_parse(key, STR("{00000000-0000-7000-8000-000000000000}"), &back),
                     E_INVALID);
    text[0] = 'g';
    assert_int_equal(id_parse(key, formatted, &back), E_INVALID);
    text[0] = '0';
    text[14] = '4';
    assert_int_equal(id_parse(key, formatted, &back), E_INVALID);
    /* 0 is "none", even with the right tail. */
    formatted = id_format(key, ID_NONE, text);
    assert_int_equal(id_parse(key, formatted, &back), E_INVALID);
}

static void test_source_grows(void **state)
{
    (void)state;
    struct id_source source = {0};
    struct id first = id_next(&source, at_ms(1000));
    assert_true(id_instant(first).us == 1000000);
    struct id last = first;
    /* The clock stands for longer than the counter lasts, then goes back, then far ahead. */
    for (int i = 0; i < 5000; i++) {
        struct id next = id_next(&source, at_ms(1000));
        assert_true(next.value > last.value);
        last = next;
    }
    assert_true(id_instant(last).us == 1001000);
    struct id back = id_next(&source, at_ms(10));
    assert_true(back.value == last.value + 1);
    struct id ahead = id_next(&source, at_ms(99999));
    assert_true(id_instant(ahead).us == 99999000);
    assert_true((ahead.value & 0xfff) == 0);
}

static void test_source_goes_on_after_restart(void **state)
{
    (void)state;
    struct id_source source = {.last = (5000 << ID_COUNTER_BITS) | 7};
    assert_true(id_next(&source, at_ms(4000)).value == ((5000 << ID_COUNTER_BITS) | 8));
    assert_true(id_equal(id_next(&source, at_ms(6000)), (struct id){6000 << ID_COUNTER_BITS}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_text_is_a_uuid_of_version_7),
        cmocka_unit_test(test_upper_case),
        cmocka_unit_test(test_refuses_every_changed_digit),
        cmocka_unit_test(test_refuses_other_texts),
        cmocka_unit_test(test_source_grows),
        cmocka_unit_test(test_source_goes_on_after_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
