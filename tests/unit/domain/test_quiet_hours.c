/* Quiet hours: both sides of each limit, the whole day, and days on which the clock is moved. */
#include "domain/quiet_hours.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { TZIF_MAX = 256 };

static size_t add_bytes(uint8_t *out, size_t at, const void *bytes, size_t len)
{
    memcpy(out + at, bytes, len);
    return at + len;
}

/* A TZif file of one type and a footer, which is all that Berlin's rule of today needs. */
static struct zone berlin(uint8_t bytes[static TZIF_MAX])
{
    static const uint8_t header[44] = {'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4};
    static const uint8_t type[6] = {0, 0, 0x0E, 0x10, 0, 0};
    static const char footer[] = "\nCET-1CEST,M3.5.0,M10.5.0/3\n";
    size_t len = 0;
    for (int block = 0; block < 2; block++) {
        len = add_bytes(bytes, len, header, sizeof header);
        len = add_bytes(bytes, len, type, sizeof type);
        len = add_bytes(bytes, len, "CET", 4);
    }
    len = add_bytes(bytes, len, footer, sizeof footer - 1);
    struct zone zone;
    assert_int_equal(zone_parse(bytes, len, &zone), OK);
    return zone;
}

static struct instant at(const char *text)
{
    struct instant instant = INSTANT_NONE;
    assert_int_equal(instant_parse(str_from(text), &instant), OK);
    return instant;
}

static struct quiet_hours hours(int start_hour, int start_minute, int end_hour, int end_minute)
{
    return (struct quiet_hours){start_hour * 60 + start_minute, end_hour * 60 + end_minute};
}

static void test_cover(void **state)
{
    (void)state;
    static const struct {
        int start;
        int end;
        int minute;
        bool wanted;
    } rows[] = {
        {60, 120, 59, false},    {60, 120, 60, true},      {60, 120, 119, true},
        {60, 120, 120, false},   {1320, 480, 1319, false}, {1320, 480, 1320, true},
        {1320, 480, 1439, true}, {1320, 480, 0, true},     {1320, 480, 479, true},
        {1320, 480, 480, false}, {1320, 480, 720, false},  {0, 480, 0, true},
        {1320, 0, 1439, true},   {1320, 0, 0, false},      {0, 0, 0, true},
        {0, 0, 1439, true},      {600, 600, 599, true},    {600, 600, 600, true},
        {0, 1439, 1439, false},  {1439, 0, 1439, true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct quiet_hours quiet = {rows[i].start, rows[i].end};
        assert_int_equal(quiet_hours_cover(quiet, rows[i].minute), rows[i].wanted);
    }
}

struct row {
    struct quiet_hours hours;
    const char *from;
    const char *wanted;
};

static void assert_ends(const struct zone *zone, const struct row *row)
{
    struct instant out = INSTANT_NONE;
    char text[INSTANT_TEXT_MAX];
    assert_true(quiet_hours_end(row->hours, zone, at(row->from), &out));
    if (out.us != at(row->wanted).us) {
        print_error("from %s: %.*s instead of %s\n", row->from, STR_FMT(instant_format(out, text)),
                    row->wanted);
    }
    assert_int_equal(out.us, at(row->wanted).us);
    assert_false(quiet_hours_cover_instant(row->hours, zone, out));
}

static void test_ends(void **state)
{
    (void)state;
    uint8_t bytes[TZIF_MAX];
    struct zone zone = berlin(bytes);
    const struct row rows[] = {
        {hours(22, 0, 8, 0), "2026-01-05T22:00:00+01:00", "2026-01-06T08:00:00+01:00"},
        {hours(22, 0, 8, 0), "2026-01-05T23:59:59.999+01:00", "2026-01-06T08:00:00+01:00"},
        {hours(22, 0, 8, 0), "2026-01-06T00:00:00+01:00", "2026-01-06T08:00:00+01:00"},
        {hours(22, 0, 8, 0), "2026-01-06T07:59:59.999+01:00", "2026-01-06T08:00:00+01:00"},
        /* Outside, that very instant. */
        {hours(22, 0, 8, 0), "2026-01-06T08:00:00+01:00", "2026-01-06T08:00:00+01:00"},
        {hours(22, 0, 8, 0), "2026-01-05T21:59:59.999+01:00", "2026-01-05T21:59:59.999+01:00"},
        {hours(13, 0, 14, 30), "2026-01-05T13:10:00+01:00", "2026-01-05T14:30:00+01:00"},
        {hours(22, 0, 0, 0), "2026-01-05T22:10:00+01:00", "2026-01-06T00:00:00+01:00"},
        {hours(0, 0, 23, 59), "2026-01-05T00:00:00+01:00", "2026-01-05T23:59:00+01:00"},
        {hours(0, 1, 0, 0), "2026-01-05T00:01:00+01:00", "2026-01-06T00:00:00+01:00"},
        /* The night of the gap, 2026-03-29 02:00 -> 03:00, is an hour shorter. */
        {hours(22, 0, 8, 0), "2026-03-28T22:00:00+01:00", "2026-03-29T08:00:00+02:00"},
        /* An end inside the gap is reached at the gap. */
        {hours(22, 0, 2, 30), "2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00"},
        {hours(22, 0, 2, 0), "2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00"},
        {hours(22, 0, 3, 0), "2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00"},
        /* The night of the fold, 2026-10-25 03:00 -> 02:00. */
        {hours(22, 0, 8, 0), "2026-10-24T22:00:00+02:00", "2026-10-25T08:00:00+01:00"},
        {hours(22, 0, 2, 30), "2026-10-25T01:00:00+02:00", "2026-10-25T02:30:00+02:00"},
        {hours(22, 0, 2, 30), "2026-10-25T02:10:00+01:00", "2026-10-25T02:30:00+01:00"},
        /* The clock goes back out of the quiet hours, and into them again. */
        {hours(2, 30, 8, 0), "2026-10-25T02:40:00+02:00", "2026-10-25T02:00:00+01:00"},
        {hours(2, 30, 8, 0), "2026-10-25T02:40:00+01:00", "2026-10-25T08:00:00+01:00"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_ends(&zone, &rows[i]);
    }
}

static void test_whole_day_never_ends(void **state)
{
    (void)state;
    struct zone zone = zone_utc();
    struct instant out = INSTANT_NONE;
    for (int minute = 0; minute < MINUTES_A_DAY; minute += 97) {
        struct quiet_hours always = {minute, minute};
        assert_true(quiet_hours_cover_instant(always, &zone, at("2026-01-05T12:00:00Z")));
        assert_false(quiet_hours_end(always, &zone, at("2026-01-05T12:00:00Z"), &out));
        assert_int_equal(out.us, 0);
    }
}

/* The answer is the first one: no minute before it, from `from` on, is free. */
static void test_first_free_minute(void **state)
{
    (void)state;
    uint8_t bytes[TZIF_MAX];
    struct zone zone = berlin(bytes);
    static const char *const days[] = {"2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z",
                                       "2026-06-01T12:00:00Z"};
    for (size_t day = 0; day < ARRAY_LENGTH(days); day++) {
        for (int pair = 0; pair < 24 * 24; pair++) {
            struct quiet_hours quiet = {pair / 24 * 60 + 30, pair % 24 * 60};
            struct instant from = instant_add(at(days[day]), MINUTES(pair * 7 % 1440));
            struct instant wanted = from;
            while (quiet_hours_cover_instant(quiet, &zone, wanted)) {
                wanted = instant_add(wanted, MINUTES(1));
            }
            struct instant out = INSTANT_NONE;
            assert_true(quiet_hours_end(quiet, &zone, from, &out));
            assert_int_equal(out.us, wanted.us);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cover),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_whole_day_never_ends),
        cmocka_unit_test(test_first_free_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
