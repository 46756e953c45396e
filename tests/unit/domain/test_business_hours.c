/* Business hours: both sides of each limit, several windows, nights, holidays, gaps, folds, a date
 * that does not exist, and the reasons. The brute force over all zones is
 * tests/counterparty/business_hours_oracle.py. */
#include "domain/business_hours.h"

#include "lib/tzif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { NIGHT_OPEN = 22 * 60, NIGHT_CLOSE = 6 * 60, SUNDAY_ONLY = 1 };

static const struct business_window office[] = {{540, 1020, MONDAY_TO_FRIDAY}};
static const struct business_window lunch[] = {{480, 720, EVERY_DAY}, {780, 1080, EVERY_DAY}};
static const struct business_window night[] = {{NIGHT_OPEN, NIGHT_CLOSE, MONDAY_TO_FRIDAY}};
static const struct business_window early[] = {{150, 600, EVERY_DAY}};
static const struct business_window in_gap[] = {{135, 165, EVERY_DAY}};
static const struct business_window in_gap_sundays[] = {{135, 600, SUNDAY_ONLY}};
static const struct business_window always[] = {{0, 1440, EVERY_DAY}};
static const struct business_window evening[] = {{1200, 0, EVERY_DAY}};
static const struct business_window around[] = {{540, 540, MONDAY_TO_FRIDAY}};

static const struct business_holiday christmas[] = {{{2026, 12, 25}, 0, 1440},
                                                    {{2026, 12, 24}, 720, 1440}};
static const struct business_holiday monday_to_wednesday[] = {
    {{2026, 1, 7}, 0, 1440}, {{2026, 1, 5}, 0, 1440}, {{2026, 1, 6}, 0, 1440}};

static const struct business_holiday late_evening[] = {{{2026, 1, 5}, 1320, 1380}};

/* At 00:30 on 1 November 2026 clocks went back to 23:30 of the day before. */
static struct tzif midnight_file(void)
{
    struct tzif_source source = {.types = {{3600, 1, 0}, {0, 0, 0}},
                                 .type_count = 2,
                                 .transitions = {{1793489400, 1}},
                                 .transition_count = 1,
                                 .names = "MID",
                                 .names_bytes = 4,
                                 .footer = "MID0"};
    return tzif_build(&source);
}

#define OPEN(windows)                             \
    {                                             \
        (windows), ARRAY_LENGTH(windows), NULL, 0 \
    }
#define OPEN_BUT(windows, holidays)                                          \
    {                                                                        \
        (windows), ARRAY_LENGTH(windows), (holidays), ARRAY_LENGTH(holidays) \
    }

struct row {
    struct business_hours hours;
    const char *from;
    const char *wanted;
    enum move_reason reason;
};

static void assert_rows(const struct zone *zone, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct business_opening opening;
        struct instant from = at(rows[i].from);
        assert_true(business_hours_are_valid(&rows[i].hours));
        assert_int_equal(business_hours_next(&rows[i].hours, zone, from, &opening), OK);
        char got[INSTANT_TEXT_MAX];
        struct str text = instant_format(opening.at, got);
        if (opening.at.us != at(rows[i].wanted).us || opening.reason != rows[i].reason) {
            fail_msg("from %s: %.*s for reason %d, not %s for %d", rows[i].from, STR_FMT(text),
                     (int)opening.reason, rows[i].wanted, (int)rows[i].reason);
        }
        bool is_open = business_hours_open(&rows[i].hours, zone, from);
        assert_int_equal(is_open, rows[i].reason == move_reason_NONE);
        assert_true(business_hours_open(&rows[i].hours, zone, opening.at));
    }
}

static void test_ordinary_days(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone berlin = zone_of(&file);
    static const struct row rows[] = {
        /* 5 January 2026 is a Monday; Berlin is an hour ahead. */
        {OPEN(office), "2026-01-05T07:59:59.999Z", "2026-01-05T08:00:00Z",
         move_reason_BEFORE_OPENING},
        {OPEN(office), "2026-01-05T08:00:00Z", "2026-01-05T08:00:00Z", move_reason_NONE},
        {OPEN(office), "2026-01-05T15:59:59.999Z", "2026-01-05T15:59:59.999Z", move_reason_NONE},
        {OPEN(office), "2026-01-05T16:00:00Z", "2026-01-06T08:00:00Z", move_reason_AFTER_CLOSING},
        {OPEN(office), "2026-01-05T22:59:59Z", "2026-01-06T08:00:00Z", move_reason_AFTER_CLOSING},
        {OPEN(office), "2026-01-05T23:00:00Z", "2026-01-06T08:00:00Z", move_reason_BEFORE_OPENING},
        {OPEN(office), "2026-01-09T16:00:00Z", "2026-01-12T08:00:00Z", move_reason_AFTER_CLOSING},
        {OPEN(office), "2026-01-10T10:00:00Z", "2026-01-12T08:00:00Z", move_reason_CLOSED_DAY},
        {OPEN(office), "2026-01-11T22:59:59Z", "2026-01-12T08:00:00Z", move_reason_CLOSED_DAY},
        {OPEN(lunch), "2026-01-05T11:00:00Z", "2026-01-05T12:00:00Z", move_reason_BEFORE_OPENING},
        {OPEN(lunch), "2026-01-05T10:59:59Z", "2026-01-05T10:59:59Z", move_reason_NONE},
        {OPEN(lunch), "2026-01-05T17:00:00Z", "2026-01-06T07:00:00Z", move_reason_AFTER_CLOSING},
        {OPEN(always), "2026-01-05T23:00:00Z", "2026-01-05T23:00:00Z", move_reason_NONE},
        {OPEN(evening), "2026-01-05T22:59:59Z", "2026-01-05T22:59:59Z", move_reason_NONE},
        {OPEN(evening), "2026-01-05T23:00:00Z", "2026-01-06T19:00:00Z", move_reason_BEFORE_OPENING},
    };
    assert_rows(&berlin, rows, ARRAY_LENGTH(rows));
}

/* The days of a window are those on which it opens. */
static void test_nights(void **state)
{
    (void)state;
    struct zone utc = zone_utc();
    static const struct row rows[] = {
        {OPEN(night), "2026-01-05T05:00:00Z", "2026-01-05T22:00:00Z", move_reason_BEFORE_OPENING},
        {OPEN(night), "2026-01-05T21:59:59Z", "2026-01-05T22:00:00Z", move_reason_BEFORE_OPENING},
        {OPEN(night), "2026-01-06T00:00:00Z", "2026-01-06T00:00:00Z", move_reason_NONE},
        {OPEN(night), "2026-01-06T05:59:59Z", "2026-01-06T05:59:59Z", move_reason_NONE},
        {OPEN(night), "2026-01-06T06:00:00Z", "2026-01-06T22:00:00Z", move_reason_BEFORE_OPENING},
        {OPEN(night), "2026-01-10T05:59:59Z", "2026-01-10T05:59:59Z", move_reason_NONE},
        {OPEN(night), "2026-01-10T06:00:00Z", "2026-01-12T22:00:00Z", move_reason_CLOSED_DAY},
        {OPEN(around), "2026-01-10T08:59:59Z", "2026-01-10T08:59:59Z", move_reason_NONE},
        {OPEN(around), "2026-01-10T09:00:00Z", "2026-01-12T09:00:00Z", move_reason_CLOSED_DAY},
    };
    assert_rows(&utc, rows, ARRAY_LENGTH(rows));
}

static void test_holidays(void **state)
{
    (void)state;
    struct zone utc = zone_utc();
    static const struct row rows[] = {
        /* 25 December 2026 is a Friday. */
        {OPEN_BUT(office, christmas), "2026-12-24T11:59:59Z", "2026-12-24T11:59:59Z",
         move_reason_NONE},
        {OPEN_BUT(office, christmas), "2026-12-24T12:00:00Z", "2026-12-28T09:00:00Z",
         move_reason_HOLIDAY},
        {OPEN_BUT(office, christmas), "2026-12-25T10:00:00Z", "2026-12-28T09:00:00Z",
         move_reason_HOLIDAY},
        {OPEN_BUT(office, christmas), "2026-12-23T17:00:00Z", "2026-12-24T09:00:00Z",
         move_reason_AFTER_CLOSING},
        /* The nights of the 24th and the 25th would open at 22:00; what is left of them after
         * midnight is off, too. */
        {OPEN_BUT(night, christmas), "2026-12-24T13:00:00Z", "2026-12-28T22:00:00Z",
         move_reason_HOLIDAY},
        {OPEN_BUT(night, christmas), "2026-12-24T11:00:00Z", "2026-12-28T22:00:00Z",
         move_reason_HOLIDAY},
        {OPEN_BUT(night, christmas), "2026-12-26T05:59:59Z", "2026-12-28T22:00:00Z",
         move_reason_HOLIDAY},
        {OPEN_BUT(night, christmas), "2026-12-24T05:59:59Z", "2026-12-24T05:59:59Z",
         move_reason_NONE},
        /* One that ends before midnight leaves the rest of the night. */
        {OPEN_BUT(night, late_evening), "2026-01-05T22:30:00Z", "2026-01-05T23:00:00Z",
         move_reason_HOLIDAY},
        {OPEN_BUT(night, late_evening), "2026-01-06T05:00:00Z", "2026-01-06T05:00:00Z",
         move_reason_NONE},
        /* A night that began before the holiday ends with its first minute. */
        {OPEN_BUT(night, monday_to_wednesday), "2026-01-03T00:00:00Z", "2026-01-03T00:00:00Z",
         move_reason_NONE},
        {OPEN_BUT(night, monday_to_wednesday), "2026-01-08T01:00:00Z", "2026-01-08T22:00:00Z",
         move_reason_HOLIDAY},
        {OPEN_BUT(office, monday_to_wednesday), "2026-01-02T17:00:00Z", "2026-01-08T09:00:00Z",
         move_reason_AFTER_CLOSING},
        {OPEN_BUT(always, christmas), "2026-12-24T12:00:00Z", "2026-12-26T00:00:00Z",
         move_reason_HOLIDAY},
    };
    assert_rows(&utc, rows, ARRAY_LENGTH(rows));
}

/* The holiday that closed it, or the first opening on the way that fell on one, is named. */
static void test_named_holidays(void **state)
{
    (void)state;
    struct zone utc = zone_utc();
    static const struct {
        struct business_hours hours;
        const char *from;
        int day; /* Of the holiday's month; 0 for none. */
    } rows[] = {
        {OPEN_BUT(office, christmas), "2026-12-25T10:00:00Z", 25},
        {OPEN_BUT(night, christmas), "2026-12-26T01:00:00Z", 25},
        {OPEN_BUT(office, christmas), "2026-12-26T10:00:00Z", 0},
        {OPEN_BUT(office, christmas), "2026-12-23T08:00:00Z", 0},
        {OPEN_BUT(office, monday_to_wednesday), "2026-01-02T17:00:00Z", 5},
        {OPEN_BUT(office, monday_to_wednesday), "2026-01-03T17:00:00Z", 5},
        {OPEN_BUT(office, monday_to_wednesday), "2026-01-08T18:00:00Z", 0},
        {OPEN_BUT(office, monday_to_wednesday), "2026-01-08T12:00:00Z", 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct business_opening opening;
        assert_int_equal(business_hours_next(&rows[i].hours, &utc, at(rows[i].from), &opening), OK);
        assert_int_equal(opening.has_holiday, rows[i].day != 0);
        assert_int_equal(opening.has_holiday ? opening.holiday.day : 0, rows[i].day);
    }
}

/* On 29 March 2026 Berlin's clocks go from 02:00 to 03:00 at 01:00Z, on 25 October back. */
static void test_clock_changes(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone berlin = zone_of(&file);
    static const struct row rows[] = {
        {OPEN(early), "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", move_reason_BEFORE_OPENING},
        {OPEN(early), "2026-03-30T00:00:00Z", "2026-03-30T00:30:00Z", move_reason_BEFORE_OPENING},
        {OPEN(in_gap), "2026-03-29T00:30:00Z", "2026-03-30T00:15:00Z", move_reason_GAP},
        {OPEN(in_gap), "2026-03-28T12:00:00Z", "2026-03-30T00:15:00Z", move_reason_AFTER_CLOSING},
        {OPEN(in_gap_sundays), "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z",
         move_reason_CLOSED_DAY},
        {OPEN(in_gap), "2026-10-25T00:00:00Z", "2026-10-25T00:15:00Z", move_reason_BEFORE_OPENING},
        {OPEN(in_gap), "2026-10-25T00:45:00Z", "2026-10-25T01:15:00Z", move_reason_BEFORE_OPENING},
        {OPEN(in_gap), "2026-10-25T01:45:00Z", "2026-10-26T01:15:00Z", move_reason_AFTER_CLOSING},
    };
    assert_rows(&berlin, rows, ARRAY_LENGTH(rows));
}

/* 23:40 of 31 October comes again after 00:10 of 1 November, a Sunday. */
static void test_a_day_shown_again(void **state)
{
    (void)state;
    static const struct business_window saturdays[] = {{1420, 1440, 1 << 6}};
    static const struct business_window minutes[] = {{1425, 1430, 1 << 6}, {10, 20, 1}};
    struct tzif file = midnight_file();
    struct zone zone = zone_of(&file);
    static const struct row rows[] = {
        {OPEN(saturdays), "2026-10-31T22:30:00Z", "2026-10-31T22:40:00Z",
         move_reason_BEFORE_OPENING},
        {OPEN(saturdays), "2026-10-31T23:10:00Z", "2026-10-31T23:40:00Z", move_reason_CLOSED_DAY},
        {OPEN(saturdays), "2026-11-01T00:00:00Z", "2026-11-07T23:40:00Z", move_reason_CLOSED_DAY},
        /* 00:10 of Sunday comes before 23:45 of Saturday comes again. */
        {OPEN(minutes), "2026-10-31T22:55:00Z", "2026-10-31T23:10:00Z", move_reason_AFTER_CLOSING},
        {OPEN(minutes), "2026-10-31T23:20:00Z", "2026-10-31T23:45:00Z", move_reason_AFTER_CLOSING},
    };
    assert_rows(&zone, rows, ARRAY_LENGTH(rows));
}

static void test_a_date_that_does_not_exist(void **state)
{
    (void)state;
    struct tzif file = apia_file();
    struct zone apia = zone_of(&file);
    struct business_opening opening;
    struct business_hours hours = OPEN(office);
    /* Thursday 29 December 18:00 at -10; Friday does not exist; Monday is 2 January at +14. */
    assert_int_equal(business_hours_next(&hours, &apia, at("2011-12-30T04:00:00Z"), &opening), OK);
    assert_int_equal(opening.at.us, at("2012-01-01T19:00:00Z").us);
    assert_int_equal(opening.reason, move_reason_AFTER_CLOSING);
    assert_true(opening.has_missing);
    assert_true(civil_equal(opening.missing, (struct civil){2011, 12, 30, 9, 0, 0}));
    assert_true(civil_equal(opening.asked, (struct civil){2011, 12, 29, 18, 0, 0}));
    assert_true(civil_equal(opening.runs, (struct civil){2012, 1, 2, 9, 0, 0}));
}

static void test_what_does_not_exist_is_named(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone berlin = zone_of(&file);
    struct business_opening opening;
    struct business_hours hours = OPEN(early);
    assert_int_equal(business_hours_next(&hours, &berlin, at("2026-03-29T00:00:00Z"), &opening),
                     OK);
    assert_true(opening.has_missing);
    assert_true(civil_equal(opening.missing, (struct civil){2026, 3, 29, 2, 30, 0}));
    assert_true(civil_equal(opening.runs, (struct civil){2026, 3, 29, 3, 0, 0}));
    /* The day before has its 02:30; the gap lies behind what is found. */
    assert_int_equal(business_hours_next(&hours, &berlin, at("2026-03-28T00:00:00Z"), &opening),
                     OK);
    assert_false(opening.has_missing);
    /* A day later it is over. */
    assert_int_equal(business_hours_next(&hours, &berlin, at("2026-03-29T08:00:00Z"), &opening),
                     OK);
    assert_false(opening.has_missing);
}

static void test_never_open(void **state)
{
    (void)state;
    static struct business_holiday all_year[BUSINESS_HOLIDAYS_MAX];
    struct zone utc = zone_utc();
    struct business_opening opening;
    for (size_t i = 0; i < ARRAY_LENGTH(all_year); i++) {
        int64_t day = date_to_days((struct date){2026, 1, 5}) + (int64_t)i;
        all_year[i] = (struct business_holiday){date_from_days(day), 0, DAY_MINUTES};
    }
    struct business_hours hours = {office, 1, all_year, BUSINESS_DAYS_SEARCHED + 1};
    assert_true(business_hours_are_valid(&hours));
    struct instant from = at("2026-01-05T00:00:00Z");
    assert_int_equal(business_hours_next(&hours, &utc, from, &opening), E_INVALID);
    /* 5 January 2027 is a Tuesday, 365 days on. */
    hours.holiday_count = 365;
    assert_int_equal(business_hours_next(&hours, &utc, from, &opening), OK);
    assert_int_equal(opening.at.us, at("2027-01-05T09:00:00Z").us);
    assert_int_equal(opening.reason, move_reason_HOLIDAY);
}

static void test_validity(void **state)
{
    (void)state;
    static const struct {
        struct business_window window;
        bool is_valid;
    } windows[] = {
        {{0, 1, 1}, true},    {{-1, 1, 1}, false},   {{1439, 0, 1}, true}, {{1440, 0, 1}, false},
        {{0, 1440, 1}, true}, {{0, 1441, 1}, false}, {{0, -1, 1}, false},  {{0, 1, 0}, false},
        {{0, 1, 0x7F}, true}, {{0, 1, 0x80}, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(windows); i++) {
        struct business_hours hours = {&windows[i].window, 1, NULL, 0};
        assert_int_equal(business_hours_are_valid(&hours), windows[i].is_valid);
    }
    static const struct {
        struct business_holiday holiday;
        bool is_valid;
    } holidays[] = {
        {{{2026, 2, 28}, 0, 1440}, true},    {{{2026, 2, 29}, 0, 1440}, false},
        {{{2028, 2, 29}, 1439, 1440}, true}, {{{2026, 1, 1}, 60, 60}, false},
        {{{2026, 1, 1}, -1, 60}, false},     {{{2026, 1, 1}, 0, 1441}, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(holidays); i++) {
        struct business_hours hours = {office, 1, &holidays[i].holiday, 1};
        assert_int_equal(business_hours_are_valid(&hours), holidays[i].is_valid);
    }
    static struct business_window many[BUSINESS_WINDOWS_MAX + 1];
    for (size_t i = 0; i < ARRAY_LENGTH(many); i++) {
        many[i] = office[0];
    }
    struct business_hours hours = {many, BUSINESS_WINDOWS_MAX, NULL, 0};
    assert_true(business_hours_are_valid(&hours));
    hours.window_count++;
    assert_false(business_hours_are_valid(&hours));
    hours.window_count = 0;
    assert_false(business_hours_are_valid(&hours));
}

static void test_minutes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int as_start; /* -1: refused. */
        int as_end;
    } rows[] = {
        {"00:00", 0, 0},    {"23:59", 1439, 1439}, {"24:00", -1, 1440}, {"24:01", -1, -1},
        {"09:60", -1, -1},  {"9:00", -1, -1},      {"09:0", -1, -1},    {"09-00", -1, -1},
        {"09:000", -1, -1}, {"", -1, -1},          {"a9:00", -1, -1},   {"0b:00", -1, -1},
        {"09:c0", -1, -1},  {"09:0d", -1, -1},     {"25:00", -1, -1},   {" 9:00", -1, -1},
        {"-1:00", -1, -1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        int16_t minute = -1;
        enum err err = business_minute_parse(str_from(rows[i].text), false, &minute);
        assert_int_equal(err, rows[i].as_start < 0 ? E_INVALID : OK);
        assert_int_equal(minute, rows[i].as_start);
        minute = -1;
        err = business_minute_parse(str_from(rows[i].text), true, &minute);
        assert_int_equal(err, rows[i].as_end < 0 ? E_INVALID : OK);
        assert_int_equal(minute, rows[i].as_end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ordinary_days),
        cmocka_unit_test(test_nights),
        cmocka_unit_test(test_holidays),
        cmocka_unit_test(test_named_holidays),
        cmocka_unit_test(test_clock_changes),
        cmocka_unit_test(test_a_day_shown_again),
        cmocka_unit_test(test_a_date_that_does_not_exist),
        cmocka_unit_test(test_what_does_not_exist_is_named),
        cmocka_unit_test(test_never_open),
        cmocka_unit_test(test_validity),
        cmocka_unit_test(test_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
