#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    struct date date;
    int64_t days;
    int weekday;
} known_days[] = {
    {{1970, 1, 1}, 0, 4},     {{1969, 12, 31}, -1, 3},    {{2000, 2, 29}, 11016, 2},
    {{2000, 3, 1}, 11017, 3}, {{1900, 2, 28}, -25509, 3}, {{1900, 3, 1}, -25508, 4},
    {{2026, 1, 5}, 20458, 1}, {{1, 1, 1}, -719162, 1},    {{9999, 12, 31}, 2932896, 5},
    {{0, 3, 1}, -719468, 3},
};

static void test_known_days(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(known_days); i++) {
        struct date date = known_days[i].date;
        assert_true(date_to_days(date) == known_days[i].days);
        struct date back = date_from_days(known_days[i].days);
        assert_int_equal(back.year, date.year);
        assert_int_equal(back.month, date.month);
        assert_int_equal(back.day, date.day);
        assert_int_equal(weekday_of_days(known_days[i].days), known_days[i].weekday);
    }
}

/* Every day of two eras, one after the other. */
static void test_days_follow_each_other(void **state)
{
    (void)state;
    struct date expected = {1600, 1, 1};
    int64_t first = date_to_days(expected);
    for (int64_t days = first; days < first + 2 * 146097; days++) {
        struct date date = date_from_days(days);
        assert_true(date.year == expected.year && date.month == expected.month &&
                    date.day == expected.day);
        assert_true(date_is_valid(date) && date_to_days(date) == days);
        if (expected.day++ == days_in_month(expected.year, expected.month)) {
            expected.day = 1;
            expected.year += expected.month == 12;
            expected.month = expected.month == 12 ? 1 : (int8_t)(expected.month + 1);
        }
    }
}

static void test_date_is_valid(void **state)
{
    (void)state;
    static const struct date bad[] = {{2026, 0, 1},  {2026, 13, 1}, {2026, 1, 0},
                                      {2026, 1, 32}, {2026, 2, 29}, {1900, 2, 29},
                                      {2026, 4, 31}, {0, 1, 1},     {10000, 1, 1}};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_false(date_is_valid(bad[i]));
    }
    assert_true(date_is_valid((struct date){2028, 2, 29}));
    assert_int_equal(days_in_month(2026, 0), 0);
    assert_int_equal(days_in_month(2026, 13), 0);
    assert_true(is_leap_year(2000) && !is_leap_year(2100) && is_leap_year(2024));
}

static void test_arithmetic(void **state)
{
    (void)state;
    struct instant t = {1000000};
    assert_true(instant_add(t, MINUTES(2)).us == 121000000);
    assert_true(instant_sub(t, SECONDS(1)).us == 0);
    assert_true(instant_since(t, (struct instant){250000}).us == 750000);
    assert_true(HOURS(1).us == 3600000000 && DAYS(1).us == 86400000000);
    assert_true(instant_ms((struct instant){1999}) == 1);
    assert_true(instant_ms((struct instant){-1}) == -1);
    assert_true(instant_ms((struct instant){-1000}) == -1);
    assert_true(instant_ms((struct instant){-1001}) == -2);
    assert_true(instant_min(t, (struct instant){5}).us == 5);
    assert_true(instant_max(t, (struct instant){5}).us == 1000000);
    assert_true(instant_before((struct instant){5}, t) && !instant_before(t, t));
    assert_true(duration_ms(SECONDS(2)) == 2000 && duration_seconds(MINUTES(2)) == 120);
}

static void test_format(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {1, "1970-01-01T00:00:00Z"},
        {1000, "1970-01-01T00:00:00.001Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {-86400000000, "1969-12-31T00:00:00Z"},
        {1767603600123999, "2026-01-05T09:00:00.123Z"},
        {1767603600100000, "2026-01-05T09:00:00.100Z"},
        {951827696789000, "2000-02-29T12:34:56.789Z"},
        {253402300799999999, "9999-12-31T23:59:59.999Z"},
        {253402300800000000, "10000-01-01T00:00:00Z"},
        {INT64_MAX, "294247-01-10T04:00:54.775Z"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char out[INSTANT_TEXT_MAX];
        struct str text = instant_format((struct instant){rows[i].us}, out);
        assert_string_equal(out, rows[i].text);
        assert_int_equal(text.len, strlen(rows[i].text));
    }
}

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } rows[] = {
        {"2026-01-05T09:00:00Z", 1767603600000000},
        {"2026-01-05t09:00:00z", 1767603600000000},
        {"2026-01-05 09:00:00Z", 1767603600000000},
        {"2026-01-05T09:00Z", 1767603600000000},
        {"2026-01-05T14:30:00+05:30", 1767603600000000},
        {"2026-01-05T14:30:00+0530", 1767603600000000},
        {"2026-01-05T04:00:00-05", 1767603600000000},
        {"2026-01-05T09:00:00-00:00", 1767603600000000},
        {"2026-01-05T09:00:00.5Z", 1767603600500000},
        {"2026-01-05T09:00:00.123456789Z", 1767603600123456},
        {"2016-12-31T23:59:60Z", 1483228799000000},
        {"2024-02-29T00:00:00Z", 1709164800000000},
        {"1970-01-01T00:00:00.000001Z", 1},
        {"9999-12-31T23:59:59.999999Z", 253402300799999999},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct instant t = INSTANT_NONE;
        assert_int_equal(instant_parse(str_from(rows[i].text), &t), OK);
        if (t.us != rows[i].us) {
            fail_msg("%s: %lld", rows[i].text, (long long)t.us);
        }
    }
}

static void test_parse_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026-01-05",
        "2026-01-05T09:00:00",
        "2026-01-05T09:00:00.Z",
        "2026-01-05T09:00.5Z",
        "2026-01-05T9:00:00Z",
        "2026-1-5T09:00:00Z",
        "2026-01-05T24:00:00Z",
        "2026-01-05T09:60:00Z",
        "2026-01-05T09:00:61Z",
        "2026-02-29T09:00:00Z",
        "2026-13-01T09:00:00Z",
        "2026-01-05T09:00:00+24:00",
        "2026-01-05T09:00:00+05:60",
        "2026-01-05T09:00:00+05:",
        "2026-01-05T09:00:00+5",
        "2026-01-05T09:00:00Z ",
        " 2026-01-05T09:00:00Z",
        "2026-01-05T09:00:00ZZ",
        "2026-01-05_09:00:00Z",
        "20260105T090000Z",
        "1970-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:30:00+01:00",
        "9999-12-31T23:59:59-00:01",
        "0000-01-01T00:00:00Z",
        "-2026-01-05T09:00:00Z",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct instant t = {77};
        if (instant_parse(str_from(bad[i]), &t) != E_INVALID || t.us != 77) {
            fail_msg("%s was taken", bad[i]);
        }
    }
}

static void test_format_and_parse_agree(void **state)
{
    (void)state;
    for (int64_t ms = 1; ms < 253402300800000; ms = ms * 3 / 2 + 977) {
        char out[INSTANT_TEXT_MAX];
        struct instant back = INSTANT_NONE;
        struct str text = instant_format(instant_from_ms(ms), out);
        assert_int_equal(instant_parse(text, &back), OK);
        assert_true(instant_ms(back) == ms);
    }
}

static void test_duration(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } rows[] = {
        {"0", 0},           {"90", 90000000},      {"90s", 90000000},
        {"15m", 900000000}, {"2h", 7200000000},    {"14d", 1209600000000},
        {"500ms", 500000},  {"1h30m", 5400000000}, {"1d12h", 129600000000},
    };
    static const char *const bad[] = {
        "",   "s",    "-1",  "1.5h", "1h30",          "1h 30m",
        "1x", "5min", " 5s", "5S",   "1234567890123", "999999999999d"};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct duration d = {-1};
        assert_int_equal(duration_parse(str_from(rows[i].text), &d), OK);
        assert_true(d.us == rows[i].us);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct duration d = {-1};
        if (duration_parse(str_from(bad[i]), &d) != E_INVALID || d.us != -1) {
            fail_msg("%s was taken", bad[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_days),    cmocka_unit_test(test_days_follow_each_other),
        cmocka_unit_test(test_date_is_valid), cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_format),        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_refuses), cmocka_unit_test(test_format_and_parse_agree),
        cmocka_unit_test(test_duration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
