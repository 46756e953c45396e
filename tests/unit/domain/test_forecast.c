/* When the last of many calls begins: pace, closing, weekends, holidays, and calls that are due
 * later.
 */
#include "domain/forecast.h"

#include "lib/tzif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct business_window office[] = {{540, 1020, MONDAY_TO_FRIDAY}};

static struct instant end_of(const struct call_hours *hours, const struct call_backlog *items,
                             size_t count, int per_minute)
{
    struct instant end = INSTANT_NONE;
    struct duration step = {per_minute == 0 ? 0 : MINUTES(1).us / per_minute};
    assert_int_equal(forecast_end(hours, items, count, step, &end), OK);
    return end;
}

static void test_pace(void **state)
{
    (void)state;
    struct call_hours always = {.business = NULL};
    struct call_backlog one[] = {{at("2026-01-05T10:00:00Z"), 3}};
    assert_int_equal(end_of(&always, one, 1, 1).us, at("2026-01-05T10:02:00Z").us);
    assert_int_equal(end_of(&always, one, 1, 0).us, at("2026-01-05T10:00:00Z").us);
    /* What is due later waits for its time, and for those before it. */
    struct call_backlog two[] = {{at("2026-01-05T10:00:00Z"), 3}, {at("2026-01-05T10:01:00Z"), 2}};
    assert_int_equal(end_of(&always, two, 2, 1).us, at("2026-01-05T10:04:00Z").us);
    two[1].due_at = at("2026-01-05T15:00:00Z");
    assert_int_equal(end_of(&always, two, 2, 1).us, at("2026-01-05T15:01:00Z").us);
    /* More than a day of them. */
    one[0].count = 3001;
    assert_int_equal(end_of(&always, one, 1, 1).us, at("2026-01-07T12:00:00Z").us);
}

static void test_hours(void **state)
{
    (void)state;
    struct zone utc = zone_utc();
    struct business_hours business = {office, 1, NULL, 0};
    struct call_hours hours = {.business = &business, .business_zone = &utc};
    struct call_backlog late[] = {{at("2026-01-05T16:58:00Z"), 4}};
    assert_int_equal(end_of(&hours, late, 1, 1).us, at("2026-01-06T09:01:00Z").us);
    /* 480 minutes a day, Friday and Monday: the last minute of a day, and the one after it. */
    struct call_backlog friday[] = {{at("2026-01-09T09:00:00Z"), 480}};
    assert_int_equal(end_of(&hours, friday, 1, 1).us, at("2026-01-09T16:59:00Z").us);
    friday[0].count++;
    assert_int_equal(end_of(&hours, friday, 1, 1).us, at("2026-01-12T09:00:00Z").us);
    static const struct business_holiday days[] = {{{2026, 1, 12}, 0, 1440},
                                                   {{2026, 1, 13}, 540, 600}};
    business.holidays = days;
    business.holiday_count = 2;
    assert_int_equal(end_of(&hours, friday, 1, 1).us, at("2026-01-13T10:00:00Z").us);
    /* Never open: legal hours are when the office is closed. */
    static const struct business_window evening = {1200, 1260, EVERY_DAY};
    const struct zone *zones[] = {&utc};
    struct legal_guard guard = {.window = &evening, .zones = zones, .zone_count = 1};
    hours.legal = &guard;
    struct instant end;
    assert_int_equal(forecast_end(&hours, friday, 1, MINUTES(1), &end), E_INVALID);
}

static void test_legal_hours(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone berlin = zone_of(&file);
    const struct zone *zones[] = {&berlin};
    static const struct business_window day = {480, 1260, EVERY_DAY};
    struct legal_guard guard = {.window = &day, .zones = zones, .zone_count = 1};
    struct call_hours hours = {.legal = &guard};
    struct call_backlog evening[] = {{at("2026-03-28T19:59:00Z"), 2}};
    /* 21:00 in Berlin; the clocks go forward in the night. */
    assert_int_equal(end_of(&hours, evening, 1, 1).us, at("2026-03-29T06:00:00Z").us);
    assert_int_equal(call_hours_until(&hours, at("2026-03-28T19:00:00Z")).us,
                     at("2026-03-28T20:00:00Z").us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_hours),
        cmocka_unit_test(test_legal_hours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
