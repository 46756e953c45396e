/* Who may be called and when: each bar alone, both sides of legal hours, zones of a country. */
#include "op_fixture.h"

#include "service/callable.h"
#include "service/consents.h"
#include "service/do_not_call.h"
#include "service/holidays.h"
#include "service/suppressions.h"
#include "store/callees.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct instant at(const char *text)
{
    struct instant out = INSTANT_NONE;
    assert_int_equal(instant_parse(str_from(text), &out), OK);
    return out;
}

static struct scheduled_call call_to(const char *phone, const char *zone)
{
    return (struct scheduled_call){.phone = str_from(phone),
                                   .timezone = str_from(zone == NULL ? "UTC" : zone),
                                   .has_timezone = zone != NULL};
}

static void check_number(struct op_fixture *f, const char *phone, enum call_bar bar,
                         const char *reason)
{
    struct scheduled_call call = call_to(phone, "UTC");
    struct call_permission permission = {.bar = CALL_NEVER_OPEN};
    assert_int_equal(callable_ask(&f->op, &call, f->now, &permission), OK);
    assert_int_equal(permission.bar, bar);
    if (reason == NULL) {
        assert_null(permission.reason);
        assert_int_equal(permission.opening.at.us, f->now.us);
    } else {
        assert_string_equal(permission.reason, reason);
        assert_non_null(permission.words);
    }
}

static void set_legal(struct op_fixture *f, const char *general, const char *by_country)
{
    struct problem problem = {0};
    assert_int_equal(
        legal_hours_parse(str_from(general), str_from(by_country), &f->site.legal_hours, &problem),
        OK);
}

/* `opens` NULL: it may be called then. */
static void check_time(struct op_fixture *f, const struct scheduled_call *call, const char *when,
                       const char *opens)
{
    struct call_permission permission = {.bar = CALL_NEVER_OPEN};
    assert_int_equal(callable_ask(&f->op, call, at(when), &permission), OK);
    assert_int_equal(permission.bar, opens == NULL ? CALL_MAY : CALL_OUTSIDE_HOURS);
    char text[INSTANT_TEXT_MAX];
    struct str got = instant_format(permission.opening.at, text);
    assert_string_equal(got.ptr, opens == NULL ? when : opens);
}

static void test_do_not_call(void **state)
{
    struct op_fixture *f = *state;
    struct opt_out request = {.phone = STR("+14155550101"), .source = consent_source_KEY};
    struct do_not_call row = {0};
    struct do_not_call again = {0};
    bool is_known = true;
    check_number(f, "+14155550101", CALL_MAY, NULL);
    assert_int_equal(do_not_call_add(&f->op, &request, &row, &is_known), OK);
    assert_false(is_known);
    check_number(f, "+14155550101", CALL_ON_DO_NOT_CALL, "do_not_call");
    check_number(f, "+14155550102", CALL_MAY, NULL);
    assert_int_equal(do_not_call_add(&f->op, &request, &again, &is_known), OK);
    assert_true(is_known);
    assert_int_equal(again.id.value, row.id.value);
    assert_int_equal(count_events(f, "DO_NOT_CALL_ADDED"), 1);
    /* START ends what STOP began, not what was said on the telephone. */
    assert_int_equal(do_not_call_heard_start(&f->op, request.phone), OK);
    check_number(f, "+14155550101", CALL_ON_DO_NOT_CALL, "do_not_call");
    f->op.path_id = row.id;
    struct removed removed = {0};
    assert_int_equal(lift_do_not_call(&f->op, NULL, &removed), OK);
    check_number(f, "+14155550101", CALL_MAY, NULL);
    /* Again on the list, as another row. */
    request.source = consent_source_REPLY;
    assert_int_equal(do_not_call_add(&f->op, &request, &again, &is_known), OK);
    assert_false(is_known);
    assert_int_not_equal(again.id.value, row.id.value);
    assert_int_equal(do_not_call_heard_start(&f->op, request.phone), OK);
    check_number(f, "+14155550101", CALL_MAY, NULL);
    assert_int_equal(count_events(f, "DO_NOT_CALL_LIFTED"), 2);
}

static void test_suppressions(void **state)
{
    struct op_fixture *f = *state;
    struct suppress_request request = {.channel = channel_SMS,
                                       .address = STR("+14155550101"),
                                       .category = failure_category_opted_out,
                                       .provider = STR("mock"),
                                       .code = STR("STOP")};
    assert_int_equal(suppress(&f->op, &request), OK);
    check_number(f, "+14155550101", CALL_MAY, NULL);
    request.channel = channel_CALL;
    assert_int_equal(suppress(&f->op, &request), OK);
    check_number(f, "+14155550101", CALL_OPTED_OUT, "opted_out");
    request.address = STR("+14155550102");
    request.category = failure_category_invalid_number;
    assert_int_equal(suppress(&f->op, &request), OK);
    check_number(f, "+14155550102", CALL_INVALID_NUMBER, "invalid_number");
    assert_int_equal(suppression_lift(&f->op, channel_CALL, request.address, LIFT_HEARD), OK);
    check_number(f, "+14155550102", CALL_MAY, NULL);
}

static void say(struct op_fixture *f, enum consent_state state)
{
    struct callee_consent input = {.phone = STR("+14155550101"), .state = (int)state};
    struct callee_consent output = {0};
    assert_int_equal(add_consent(&f->op, &input, &output), OK);
}

static void test_consents(void **state)
{
    struct op_fixture *f = *state;
    say(f, consent_state_WITHDRAWN);
    check_number(f, "+14155550101", CALL_CONSENT_WITHDRAWN, "consent_withdrawn");
    say(f, consent_state_GIVEN);
    check_number(f, "+14155550101", CALL_MAY, NULL);
    f->site.needs_consent = true;
    check_number(f, "+14155550101", CALL_MAY, NULL);
    check_number(f, "+14155550102", CALL_CONSENT_MISSING, "consent_missing");
    say(f, consent_state_WITHDRAWN);
    check_number(f, "+14155550101", CALL_CONSENT_WITHDRAWN, "consent_withdrawn");
    assert_int_equal(count_events(f, "CONSENT_ADDED"), 3);
}

static bool may_know(struct op_fixture *f, const char *phone)
{
    struct lookup number = phone_lookup(f->op.db, f->op.arena, str_from(phone), STR_NONE);
    return callees_may_know(f->op.db, &number);
}

static void bar_three(struct op_fixture *f, const char *listed, const char *consented,
                      const char *suppressed)
{
    struct opt_out request = {.phone = str_from(listed), .source = consent_source_KEY};
    struct callee_consent consent = {.phone = str_from(consented), .state = consent_state_GIVEN};
    struct suppress_request suppression = {.channel = channel_CALL,
                                           .address = str_from(suppressed),
                                           .category = failure_category_opted_out,
                                           .provider = STR("mock"),
                                           .code = STR("STOP")};
    struct do_not_call row = {0};
    struct callee_consent output = {0};
    bool is_known = false;
    assert_int_equal(do_not_call_add(&f->op, &request, &row, &is_known), OK);
    assert_int_equal(add_consent(&f->op, &consent, &output), OK);
    assert_int_equal(suppress(&f->op, &suppression), OK);
}

/* Of whom anything is written down is known to the writer, who looks into the rows for them alone.
 */
static void test_known_numbers(void **state)
{
    struct op_fixture *f = *state;
    bar_three(f, "+14155550101", "+14155550102", "+14155550103");
    assert_true(may_know(f, "+14155550109"));
    assert_int_equal(callees_watch(f->op.db), OK);
    assert_true(may_know(f, "+14155550101"));
    assert_true(may_know(f, "+14155550102"));
    assert_true(may_know(f, "+14155550103"));
    assert_false(may_know(f, "+14155550104"));
    assert_false(may_know(f, "+14155550105"));
    assert_false(may_know(f, "+14155550106"));
    bar_three(f, "+14155550104", "+14155550105", "+14155550106");
    assert_true(may_know(f, "+14155550104"));
    assert_true(may_know(f, "+14155550105"));
    assert_true(may_know(f, "+14155550106"));
    assert_false(may_know(f, "+14155550109"));
}

/* Both sides of both ends, on the callee's wall clock, on either side of DST. */
static void test_legal_hours(void **state)
{
    struct op_fixture *f = *state;
    struct scheduled_call call = call_to("+14155550101", "America/New_York");
    check_time(f, &call, "2026-01-06T03:00:00Z", NULL);
    set_legal(f, "08:00-21:00", "");
    check_time(f, &call, "2026-01-06T12:59:59.999Z", "2026-01-06T13:00:00Z");
    check_time(f, &call, "2026-01-06T13:00:00Z", NULL);
    check_time(f, &call, "2026-01-07T01:59:59.999Z", NULL);
    check_time(f, &call, "2026-01-07T02:00:00Z", "2026-01-07T13:00:00Z");
    check_time(f, &call, "2026-07-06T11:59:59.999Z", "2026-07-06T12:00:00Z");
    check_time(f, &call, "2026-07-06T12:00:00Z", NULL);
}

/* Nobody named a zone: where the callee is, is known by the number, and all its zones must allow.
 * From 18:00 UTC it is 08:00 in Honolulu, until 02:00 UTC it is before 21:00 in New York. */
static void test_zones_of_country(void **state)
{
    struct op_fixture *f = *state;
    struct scheduled_call us = call_to("+14155550101", NULL);
    struct scheduled_call de = call_to("+4930123456", NULL);
    struct scheduled_call ship = call_to("+870773111632", NULL);
    set_legal(f, "08:00-21:00", "DE=09:00-20:00");
    check_time(f, &us, "2026-01-06T17:59:59.999Z", "2026-01-06T18:00:00Z");
    check_time(f, &us, "2026-01-06T18:00:00Z", NULL);
    check_time(f, &us, "2026-01-07T01:59:59.999Z", NULL);
    check_time(f, &us, "2026-01-07T02:00:00Z", "2026-01-07T18:00:00Z");
    check_time(f, &de, "2026-01-06T07:59:59.999Z", "2026-01-06T08:00:00Z");
    check_time(f, &de, "2026-01-06T18:59:59.999Z", NULL);
    check_time(f, &de, "2026-01-06T19:00:00Z", "2026-01-07T08:00:00Z");
    /* A number of no country is guarded by the zone of the call. */
    check_time(f, &ship, "2026-01-06T07:59:59.999Z", "2026-01-06T08:00:00Z");
    check_time(f, &ship, "2026-01-06T08:00:00Z", NULL);
    /* Hours for one country alone leave the others free. */
    set_legal(f, "", "DE=09:00-20:00");
    check_time(f, &us, "2026-01-06T10:00:00Z", NULL);
    check_time(f, &de, "2026-01-06T06:00:00Z", "2026-01-06T08:00:00Z");
}

static void test_never_open(void **state)
{
    struct op_fixture *f = *state;
    struct scheduled_call call = call_to("+4930123456", "UTC");
    struct call_permission permission = {.bar = CALL_MAY};
    set_legal(f, "08:00-20:00", "");
    call.hours = STR("{\"start\":\"02:00\",\"end\":\"08:00\",\"timezone\":\"UTC\","
                     "\"daysOfWeek\":[0,1,2,3,4,5,6]}");
    assert_int_equal(callable_ask(&f->op, &call, f->now, &permission), OK);
    assert_int_equal(permission.bar, CALL_NEVER_OPEN);
    assert_string_equal(permission.reason, "never_open");
    /* One minute in common is enough. */
    call.hours = STR("{\"start\":\"02:00\",\"end\":\"08:01\",\"timezone\":\"UTC\","
                     "\"daysOfWeek\":[0,1,2,3,4,5,6]}");
    check_time(f, &call, "2026-01-06T02:00:00Z", "2026-01-06T08:00:00Z");
    call.hours = STR("{\"start\":");
    assert_int_equal(callable_ask(&f->op, &call, f->now, &permission), E_CORRUPT);
}

static const char named_hours[] = "{\"start\":\"09:00\",\"end\":\"17:00\",\"timezone\":\"UTC\","
                                  "\"daysOfWeek\":[1,2,3,4,5],\"holidays\":[\"office\"]}";

/* A call keeps the name: days that come later count, and a calendar that was removed keeps its. */
static void test_named_holidays(void **state)
{
    struct op_fixture *f = *state;
    struct scheduled_call call = call_to("+4930123456", "UTC");
    struct holiday_calendar calendar = {.id = {77},
                                        .name = STR("office"),
                                        .days = STR(""),
                                        .status = calendar_status_OK,
                                        .created_at = f->now,
                                        .updated_at = f->now};
    f->op.now = at("2026-01-05T08:00:00Z");
    call.hours = str_from(named_hours);
    struct call_permission permission = {.bar = CALL_MAY};
    assert_int_equal(callable_ask(&f->op, &call, f->op.now, &permission), E_CORRUPT);
    assert_int_equal(db_insert(f->store->db, TABLE_holiday_calendars, f->store->arena, &calendar),
                     OK);
    check_time(f, &call, "2026-01-06T10:00:00Z", NULL);
    calendar.days = STR("2026-01-06,2026-01-07");
    assert_int_equal(db_update(f->store->db, TABLE_holiday_calendars, f->store->arena, &calendar),
                     OK);
    check_time(f, &call, "2026-01-06T10:00:00Z", "2026-01-08T09:00:00Z");
    calendar.archived_at = f->now;
    assert_int_equal(db_update(f->store->db, TABLE_holiday_calendars, f->store->arena, &calendar),
                     OK);
    check_time(f, &call, "2026-01-07T10:00:00Z", "2026-01-08T09:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_do_not_call, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_suppressions, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_consents, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_known_numbers, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_legal_hours, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_zones_of_country, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_never_open, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_named_holidays, op_set_up, op_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
