#include "expand_fixture.h"

#define DAILY_MASTER                                                       \
    EVENT("DTSTART;TZID=America/New_York:20260105T090000\nDURATION:PT1H\n" \
          "RRULE:FREQ=DAILY;COUNT=3\n")

static void test_override_replaces_and_keeps_identity(void **state)
{
    check(state,
          DAILY_MASTER EVENT("RECURRENCE-ID;TZID=America/New_York:20260106T090000\n"
                             "DTSTART;TZID=America/New_York:20260106T150000\nDURATION:PT2H\n"),
          JANUARY,
          "2026-01-05T14:00:00Z 2026-01-05T15:00:00Z a/20260105T140000Z\n"
          "2026-01-06T20:00:00Z 2026-01-06T22:00:00Z a/20260106T140000Z\n"
          "2026-01-07T14:00:00Z 2026-01-07T15:00:00Z a/20260107T140000Z\n");
}

static void test_override_names_its_instance_in_any_form(void **state)
{
    static const char *const forms[] = {
        "RECURRENCE-ID:20260106T140000Z\n",
        "RECURRENCE-ID:20260106T090000\n",
        "RECURRENCE-ID;VALUE=DATE:20260106\n",
        "RECURRENCE-ID;TZID=Europe/Berlin:20260106T150000\n",
        "RECURRENCE-ID;TZID=\"Eastern Standard Time\":20260106T090000\n",
        "RECURRENCE-ID;TZID=Mars/Base:20260106T090000\n"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
        struct str lines = arena_printf(
            fixture->arena, "%sBEGIN:VEVENT\nUID:a\n%sDTSTART:20260106T200000Z\nEND:VEVENT\n",
            DAILY_MASTER, forms[i]);
        check(state, lines.ptr, "2026-01-06T00:00:00Z", "2026-01-07T00:00:00Z",
              "2026-01-06T20:00:00Z 2026-01-06T20:00:00Z a/20260106T140000Z\n");
    }
}

static void test_override_moves_into_and_out_of_the_window(void **state)
{
    const char *lines =
        DAILY_MASTER EVENT("RECURRENCE-ID:20260105T140000Z\nDTSTART:20260120T090000Z\n");
    check(state, lines, "2026-01-20T00:00:00Z", "2026-01-21T00:00:00Z",
          "2026-01-20T09:00:00Z 2026-01-20T09:00:00Z a/20260105T140000Z\n");
    check(state, lines, "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z", "");
}

static void test_override_of_a_day(void **state)
{
    check(state,
          EVENT("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;COUNT=2\n")
              EVENT("RECURRENCE-ID;VALUE=DATE:20260106\nDTSTART:20260106T120000Z\n"),
          JANUARY,
          "2026-01-04T23:00:00Z 2026-01-05T23:00:00Z a/20260105 day\n"
          "2026-01-06T12:00:00Z 2026-01-06T12:00:00Z a/20260106\n");
}

static void test_override_without_a_master_is_an_event(void **state)
{
    check(state, EVENT("RECURRENCE-ID:20260106T140000Z\nDTSTART:20260106T150000Z\n"), JANUARY,
          "2026-01-06T15:00:00Z 2026-01-06T15:00:00Z a/20260106T140000Z\n");
    check(state, EVENT("RECURRENCE-ID;VALUE=DATE:20260106\nDTSTART;VALUE=DATE:20260108\n"), JANUARY,
          "2026-01-07T23:00:00Z 2026-01-08T23:00:00Z a/20260106 day\n");
}

static void test_override_that_no_rule_names_is_kept(void **state)
{
    check(state, DAILY_MASTER EVENT("RECURRENCE-ID:20260120T140000Z\nDTSTART:20260120T150000Z\n"),
          "2026-01-07T00:00:00Z", "2026-02-01T00:00:00Z",
          "2026-01-07T14:00:00Z 2026-01-07T15:00:00Z a/20260107T140000Z\n"
          "2026-01-20T15:00:00Z 2026-01-20T15:00:00Z a/20260120T140000Z\n");
}

static void test_cancelled_instances_and_events_are_told(void **state)
{
    check(state,
          DAILY_MASTER EVENT("RECURRENCE-ID:20260106T140000Z\nDTSTART:20260106T140000Z\n"
                             "STATUS:CANCELLED\n"),
          "2026-01-06T00:00:00Z", "2026-01-08T00:00:00Z",
          "2026-01-06T14:00:00Z 2026-01-06T14:00:00Z a/20260106T140000Z cancelled\n"
          "2026-01-07T14:00:00Z 2026-01-07T15:00:00Z a/20260107T140000Z\n");
    check(state, EVENT("DTSTART:20260105T090000Z\nSTATUS:cancelled\n"), JANUARY,
          "2026-01-05T09:00:00Z 2026-01-05T09:00:00Z a cancelled\n");
    check(state, "METHOD:CANCEL\n" EVENT("DTSTART:20260105T090000Z\n"), JANUARY,
          "2026-01-05T09:00:00Z 2026-01-05T09:00:00Z a cancelled\n");
}

static void test_the_newer_of_two_versions_counts(void **state)
{
    check(state,
          EVENT("DTSTART:20260106T090000Z\nSEQUENCE:2\nDTSTAMP:20250101T000000Z\n")
              EVENT("DTSTART:20260105T090000Z\nSEQUENCE:1\nDTSTAMP:20260101T000000Z\n"),
          JANUARY, "2026-01-06T09:00:00Z 2026-01-06T09:00:00Z a\n");
    check(state,
          EVENT("DTSTART:20260106T090000Z\nDTSTAMP:20260102T000000Z\n")
              EVENT("DTSTART:20260105T090000Z\nDTSTAMP:20260101T000000Z\n"),
          JANUARY, "2026-01-06T09:00:00Z 2026-01-06T09:00:00Z a\n");
    check(
        state,
        DAILY_MASTER EVENT("RECURRENCE-ID:20260106T140000Z\nDTSTART:20260106T170000Z\nSEQUENCE:5\n")
            EVENT("RECURRENCE-ID;TZID=America/New_York:20260106T090000\n"
                  "DTSTART:20260106T160000Z\nSEQUENCE:4\n"),
        "2026-01-06T00:00:00Z", "2026-01-07T00:00:00Z",
        "2026-01-06T17:00:00Z 2026-01-06T17:00:00Z a/20260106T140000Z\n");
}

static void test_this_and_future_changes_one_and_warns(void **state)
{
    struct fixture *fixture = *state;
    struct expand_result result =
        expand(fixture,
               DAILY_MASTER EVENT("RECURRENCE-ID;RANGE=THISANDFUTURE:20260106T140000Z\n"
                                  "DTSTART:20260106T150000Z\n"),
               "2026-01-06T00:00:00Z", "2026-01-08T00:00:00Z");
    assert_occurrences(fixture, result,
                       "2026-01-06T15:00:00Z 2026-01-06T15:00:00Z a/20260106T140000Z\n"
                       "2026-01-07T14:00:00Z 2026-01-07T15:00:00Z a/20260107T140000Z\n");
    assert_int_equal(result.warning_count, 1);
    assert_text(result.warnings[0].uid, "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
        TEST(test_override_replaces_and_keeps_identity),
        TEST(test_override_names_its_instance_in_any_form),
        TEST(test_override_moves_into_and_out_of_the_window),
        TEST(test_override_of_a_day),
        TEST(test_override_without_a_master_is_an_event),
        TEST(test_override_that_no_rule_names_is_kept),
        TEST(test_cancelled_instances_and_events_are_told),
        TEST(test_the_newer_of_two_versions_counts),
        TEST(test_this_and_future_changes_one_and_warns),
#undef TEST
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
