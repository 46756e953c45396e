#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "domain/civil.h"

/* Year, month, day, hour, minute, second. */
#define CIVIL(...) ((struct civil){__VA_ARGS__})

static void assert_civil(struct civil got, struct civil expected)
{
    assert_int_equal(got.year, expected.year);
    assert_int_equal(got.month, expected.month);
    assert_int_equal(got.day, expected.day);
    assert_int_equal(got.hour, expected.hour);
    assert_int_equal(got.minute, expected.minute);
    assert_int_equal(got.second, expected.second);
}

static void test_validity_has_both_sides_of_each_limit(void **state)
{
    (void)state;
    assert_true(civil_is_valid(CIVIL(1, 1, 1, 0, 0, 0)));
    assert_true(civil_is_valid(CIVIL(9999, 12, 31, 23, 59, 59)));
    assert_true(civil_is_valid(CIVIL(2024, 2, 29, 12, 0, 0)));
    assert_false(civil_is_valid(CIVIL(2026, 2, 29, 12, 0, 0)));
    assert_false(civil_is_valid(CIVIL(1900, 2, 29, 12, 0, 0)));
    assert_false(civil_is_valid(CIVIL(0, 1, 1, 0, 0, 0)));
    assert_false(civil_is_valid(CIVIL(10000, 1, 1, 0, 0, 0)));
    assert_false(civil_is_valid(CIVIL(2026, 13, 1, 0, 0, 0)));
    assert_false(civil_is_valid(CIVIL(2026, 0, 1, 0, 0, 0)));
    assert_false(civil_is_valid(CIVIL(2026, 4, 31, 0, 0, 0)));
    assert_false(civil_is_valid(CIVIL(2026, 4, 0, 0, 0, 0)));
    assert_false(civil_is_valid(CIVIL(2026, 1, 1, 24, 0, 0)));
    assert_false(civil_is_valid(CIVIL(2026, 1, 1, -1, 0, 0)));
    assert_false(civil_is_valid(CIVIL(2026, 1, 1, 0, 60, 0)));
    assert_false(civil_is_valid(CIVIL(2026, 1, 1, 0, -1, 0)));
    assert_false(civil_is_valid(CIVIL(2026, 1, 1, 0, 0, 60)));
    assert_false(civil_is_valid(CIVIL(2026, 1, 1, 0, 0, -1)));
}

static void test_comparison_goes_from_year_to_second(void **state)
{
    (void)state;
    static const struct civil ascending[] = {
        {2025, 12, 31, 23, 59, 59}, {2026, 1, 1, 0, 0, 0}, {2026, 1, 1, 0, 0, 1},
        {2026, 1, 1, 0, 1, 0},      {2026, 1, 1, 1, 0, 0}, {2026, 1, 2, 0, 0, 0},
        {2026, 2, 1, 0, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(ascending); i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(ascending); j++) {
            int order = civil_compare(ascending[i], ascending[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
            assert_int_equal(civil_equal(ascending[i], ascending[j]), i == j);
        }
    }
}

static void test_seconds_and_back(void **state)
{
    (void)state;
    assert_int_equal(civil_to_seconds(CIVIL(1970, 1, 1, 0, 0, 0)), 0);
    assert_int_equal(civil_to_seconds(CIVIL(1969, 12, 31, 23, 59, 59)), -1);
    assert_int_equal(civil_to_seconds(CIVIL(2000, 2, 29, 12, 34, 56)), 951827696);
    assert_int_equal(civil_to_seconds(CIVIL(2038, 1, 19, 3, 14, 8)), 2147483648);
    assert_int_equal(civil_to_seconds(CIVIL(1, 1, 1, 0, 0, 0)), -62135596800);
    assert_int_equal(civil_to_seconds(CIVIL(9999, 12, 31, 23, 59, 59)), 253402300799);
    assert_civil(civil_from_seconds(-1), CIVIL(1969, 12, 31, 23, 59, 59));
    assert_civil(civil_from_seconds(-86400), CIVIL(1969, 12, 31, 0, 0, 0));
    assert_civil(civil_from_seconds(-86401), CIVIL(1969, 12, 30, 23, 59, 59));
    /* A step that is prime to the day meets every hour, minute and second on the way. */
    for (int64_t seconds = -62135596800; seconds <= 253402300799; seconds += 7654321) {
        struct civil c = civil_from_seconds(seconds);
        assert_true(civil_is_valid(c));
        assert_int_equal(civil_to_seconds(c), seconds);
    }
}

static void test_days_are_added_on_the_calendar(void **state)
{
    (void)state;
    struct civil start = CIVIL(2024, 2, 28, 23, 30, 15);
    assert_civil(civil_add_days(start, 1), CIVIL(2024, 2, 29, 23, 30, 15));
    assert_civil(civil_add_days(start, 2), CIVIL(2024, 3, 1, 23, 30, 15));
    assert_civil(civil_add_days(start, -59), CIVIL(2023, 12, 31, 23, 30, 15));
    assert_civil(civil_add_days(start, 0), start);
    assert_civil(civil_add_days(start, 146097), CIVIL(2424, 2, 28, 23, 30, 15));
}

static void test_seconds_carry_into_the_year(void **state)
{
    (void)state;
    struct civil last = CIVIL(2025, 12, 31, 23, 59, 59);
    assert_civil(civil_add_seconds(last, 1), CIVIL(2026, 1, 1, 0, 0, 0));
    assert_civil(civil_add_seconds(last, -86400), CIVIL(2025, 12, 30, 23, 59, 59));
    assert_civil(civil_add_seconds(CIVIL(2026, 1, 1, 0, 0, 0), -1), last);
}

static void test_date_and_time_are_put_together_and_taken_apart(void **state)
{
    (void)state;
    struct civil c = civil_from_date((struct date){2026, 7, 4}, 9, 8, 7);
    assert_civil(c, CIVIL(2026, 7, 4, 9, 8, 7));
    assert_int_equal(date_to_days(civil_date(c)), date_to_days((struct date){2026, 7, 4}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validity_has_both_sides_of_each_limit),
        cmocka_unit_test(test_comparison_goes_from_year_to_second),
        cmocka_unit_test(test_seconds_and_back),
        cmocka_unit_test(test_days_are_added_on_the_calendar),
        cmocka_unit_test(test_seconds_carry_into_the_year),
        cmocka_unit_test(test_date_and_time_are_put_together_and_taken_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
