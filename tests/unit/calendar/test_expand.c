#include "expand_fixture.h"

static void test_four_forms_of_start(void **state)
{
    check(
        state,
        EVENT("DTSTART:20260105T090000Z\nDTEND:20260105T100000Z\n") "BEGIN:VEVENT\nUID:b\nDTSTART;"
                                                                    "TZID=America/"
                                                                    "New_York:"
                                                                    "20260105T090000\nDURATION:"
                                                                    "PT30M\n"
                                                                    "END:VEVENT\n"
                                                                    "BEGIN:VEVENT\nUID:c\nDTSTART:"
                                                                    "20260105T090000\nEND:VEVENT\n"
                                                                    "BEGIN:VEVENT\nUID:d\nDTSTART;"
                                                                    "VALUE=DATE:20260105\nEND:"
                                                                    "VEVENT\n",
        JANUARY,
        "2026-01-04T23:00:00Z 2026-01-05T23:00:00Z d day\n"
        "2026-01-05T08:00:00Z 2026-01-05T08:00:00Z c\n"
        "2026-01-05T09:00:00Z 2026-01-05T10:00:00Z a\n"
        "2026-01-05T14:00:00Z 2026-01-05T14:30:00Z b\n");
}

static void test_floating_times_are_in_the_calendar_zone_first(void **state)
{
    struct fixture *fixture = *state;
    struct expand_result result =
        expand(fixture, "X-WR-TIMEZONE:Asia/Tokyo\n" EVENT("DTSTART:20260105T090000\n"), JANUARY);
    assert_occurrences(fixture, result, "2026-01-05T00:00:00Z 2026-01-05T00:00:00Z a\n");
    assert_text(result.occurrences[0].timezone, "Asia/Tokyo");
}

static void test_fields_of_an_occurrence(void **state)
{
    struct fixture *fixture = *state;
    struct expand_result result =
        expand(fixture,
               EVENT("DTSTART;TZID=Eastern Standard Time:20260105T090000\nSEQUENCE:3\n"
                     "SUMMARY:Caf\xC3\xA9\\, at \\n nine \xFF!\nDTSTAMP:20260101T000000Z\n"
                     "LAST-MODIFIED:20260102T000000Z\nLOCATION:https://zoom.us/j/1\n"
                     "ATTENDEE;PARTSTAT=DECLINED:MAILTO:Me@Example.org\nTRANSP:TRANSPARENT\n"),
               JANUARY);
    assert_int_equal(result.occurrence_count, 1);
    assert_int_equal(result.event_count, 1);
    const struct occurrence *occurrence = &result.occurrences[0];
    assert_text(occurrence->title, "Caf\xC3\xA9, at   nine \xEF\xBF\xBD!");
    assert_text(occurrence->timezone, "America/New_York");
    assert_text(occurrence->join_url, "https://zoom.us/j/1");
    assert_instant(occurrence->modified_at, "2026-01-02T00:00:00Z");
    assert_int_equal(occurrence->sequence, 3);
    assert_true(occurrence->is_declined && occurrence->is_transparent);
    assert_false(occurrence->is_cancelled || occurrence->is_all_day);
}

static void test_busy_status_free_is_transparent(void **state)
{
    check(state, EVENT("DTSTART:20260105T090000Z\nX-MICROSOFT-CDO-BUSYSTATUS:FREE\n"), JANUARY,
          "2026-01-05T09:00:00Z 2026-01-05T09:00:00Z a free\n");
    check(state, EVENT("DTSTART:20260105T090000Z\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\n"), JANUARY,
          "2026-01-05T09:00:00Z 2026-01-05T09:00:00Z a\n");
}

static void test_rule_keeps_wall_time_across_dst(void **state)
{
    check(state,
          EVENT("DTSTART;TZID=Europe/Berlin:20260326T090000\nDTEND;TZID=Europe/Berlin:"
                "20260326T100000\nRRULE:FREQ=DAILY;COUNT=5\n"),
          "2026-03-27T00:00:00Z", "2026-04-15T00:00:00Z",
          "2026-03-27T08:00:00Z 2026-03-27T09:00:00Z a/20260327T080000Z\n"
          "2026-03-28T08:00:00Z 2026-03-28T09:00:00Z a/20260328T080000Z\n"
          "2026-03-29T07:00:00Z 2026-03-29T08:00:00Z a/20260329T070000Z\n"
          "2026-03-30T07:00:00Z 2026-03-30T08:00:00Z a/20260330T070000Z\n");
}

static void test_gap_moves_one_instance_and_no_other(void **state)
{
    check(state, EVENT("DTSTART;TZID=America/New_York:20260307T023000\nRRULE:FREQ=DAILY;COUNT=3\n"),
          "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z",
          "2026-03-07T07:30:00Z 2026-03-07T07:30:00Z a/20260307T073000Z\n"
          "2026-03-08T07:30:00Z 2026-03-08T07:30:00Z a/20260308T073000Z\n"
          "2026-03-09T06:30:00Z 2026-03-09T06:30:00Z a/20260309T063000Z\n");
}

static void test_fold_is_the_first_of_two(void **state)
{
    check(state, EVENT("DTSTART;TZID=America/New_York:20261031T013000\nRRULE:FREQ=DAILY;COUNT=3\n"),
          "2026-10-01T00:00:00Z", "2026-12-01T00:00:00Z",
          "2026-10-31T05:30:00Z 2026-10-31T05:30:00Z a/20261031T053000Z\n"
          "2026-11-01T05:30:00Z 2026-11-01T05:30:00Z a/20261101T053000Z\n"
          "2026-11-02T06:30:00Z 2026-11-02T06:30:00Z a/20261102T063000Z\n");
}

static void test_dtend_is_exact_and_duration_nominal(void **state)
{
    const char *exact = EVENT("DTSTART;TZID=Europe/Berlin:20260327T120000\n"
                              "DTEND;TZID=Europe/Berlin:20260328T120000\n"
                              "RRULE:FREQ=DAILY;COUNT=2\n");
    const char *nominal = EVENT("DTSTART;TZID=Europe/Berlin:20260327T120000\nDURATION:P1D\n"
                                "RRULE:FREQ=DAILY;COUNT=2\n");
    const char *hours = EVENT("DTSTART;TZID=Europe/Berlin:20260327T120000\nDURATION:PT24H\n"
                              "RRULE:FREQ=DAILY;COUNT=2\n");
    const char *as_exact = "2026-03-27T11:00:00Z 2026-03-28T11:00:00Z a/20260327T110000Z\n"
                           "2026-03-28T11:00:00Z 2026-03-29T11:00:00Z a/20260328T110000Z\n";
    check(state, exact, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", as_exact);
    check(state, nominal, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z",
          "2026-03-27T11:00:00Z 2026-03-28T11:00:00Z a/20260327T110000Z\n"
          "2026-03-28T11:00:00Z 2026-03-29T10:00:00Z a/20260328T110000Z\n");
    check(state, hours, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", as_exact);
}

static void test_days_are_local_and_end_exclusively(void **state)
{
    check(state,
          EVENT("DTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260330\n"
                "RRULE:FREQ=WEEKLY;UNTIL=20260404\n"),
          "2026-03-01T00:00:00Z", "2026-05-01T00:00:00Z",
          "2026-03-27T23:00:00Z 2026-03-29T22:00:00Z a/20260328 day\n"
          "2026-04-03T22:00:00Z 2026-04-05T22:00:00Z a/20260404 day\n");
    check(state, EVENT("DTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260105\n"), JANUARY,
          "2026-01-04T23:00:00Z 2026-01-05T23:00:00Z a day\n");
    check(state, EVENT("DTSTART;VALUE=DATE:20260105\nDURATION:P2D\n"), JANUARY,
          "2026-01-04T23:00:00Z 2026-01-06T23:00:00Z a day\n");
}

static void test_a_day_may_begin_at_one(void **state)
{
    check(state, "X-WR-TIMEZONE:Africa/Cairo\n" EVENT("DTSTART;VALUE=DATE:20260424\n"),
          "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z",
          "2026-04-23T22:00:00Z 2026-04-24T21:00:00Z a day\n");
}

static void test_until_in_utc_is_meant_in_the_zone_of_dtstart(void **state)
{
    /* 20:00 in New York on the 6th is 01:00Z on the 7th: UNTIL includes it to the second. */
    check(state,
          EVENT("DTSTART;TZID=America/New_York:20260105T200000\n"
                "RRULE:FREQ=DAILY;UNTIL=20260107T010000Z\n"),
          JANUARY,
          "2026-01-06T01:00:00Z 2026-01-06T01:00:00Z a/20260106T010000Z\n"
          "2026-01-07T01:00:00Z 2026-01-07T01:00:00Z a/20260107T010000Z\n");
    check(state,
          EVENT("DTSTART;TZID=America/New_York:20260105T200000\n"
                "RRULE:FREQ=DAILY;UNTIL=20260107T005959Z\n"),
          JANUARY, "2026-01-06T01:00:00Z 2026-01-06T01:00:00Z a/20260106T010000Z\n");
}

static void test_until_as_a_date_is_midnight_at_its_start(void **state)
{
    check(state, EVENT("DTSTART:20260105T190000Z\nRRULE:FREQ=DAILY;UNTIL=20260107\n"), JANUARY,
          "2026-01-05T19:00:00Z 2026-01-05T19:00:00Z a/20260105T190000Z\n"
          "2026-01-06T19:00:00Z 2026-01-06T19:00:00Z a/20260106T190000Z\n");
}

static void test_until_with_a_time_for_whole_days(void **state)
{
    check(state, EVENT("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;UNTIL=20260106T000000Z\n"),
          JANUARY,
          "2026-01-04T23:00:00Z 2026-01-05T23:00:00Z a/20260105 day\n"
          "2026-01-05T23:00:00Z 2026-01-06T23:00:00Z a/20260106 day\n");
}

static void test_until_for_ever(void **state)
{
    check(state,
          EVENT("DTSTART;TZID=America/New_York:20200105T090000\n"
                "RRULE:FREQ=YEARLY;UNTIL=99991231T235959Z\n"),
          JANUARY, "2026-01-05T14:00:00Z 2026-01-05T14:00:00Z a/20260105T140000Z\n");
}

static void test_start_outside_its_rule_counts(void **state)
{
    check(state, EVENT("DTSTART:20260106T090000Z\nRRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=2\n"), JANUARY,
          "2026-01-06T09:00:00Z 2026-01-06T09:00:00Z a/20260106T090000Z\n"
          "2026-01-12T09:00:00Z 2026-01-12T09:00:00Z a/20260112T090000Z\n"
          "2026-01-19T09:00:00Z 2026-01-19T09:00:00Z a/20260119T090000Z\n");
}

static void test_every_second_sunday_from_a_monday(void **state)
{
    check(state, EVENT("DTSTART:20260105T090000Z\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;COUNT=2\n"),
          JANUARY,
          "2026-01-05T09:00:00Z 2026-01-05T09:00:00Z a/20260105T090000Z\n"
          "2026-01-11T09:00:00Z 2026-01-11T09:00:00Z a/20260111T090000Z\n"
          "2026-01-25T09:00:00Z 2026-01-25T09:00:00Z a/20260125T090000Z\n");
}

static void test_rdate_in_a_zone_as_period_and_twice(void **state)
{
    check(state,
          EVENT("DTSTART;TZID=America/New_York:20260105T090000\nDURATION:PT1H\n"
                "RRULE:FREQ=DAILY;COUNT=2\n"
                "RDATE;TZID=America/New_York:20260106T090000,20260110T090000\n"
                "RDATE;TZID=Europe/Berlin;VALUE=PERIOD:20260112T090000/PT2H\n"
                "RDATE;VALUE=PERIOD:20260113T090000Z/20260113T120000Z\n"
                "RDATE;VALUE=DATE:20260115\n"),
          JANUARY,
          "2026-01-05T14:00:00Z 2026-01-05T15:00:00Z a/20260105T140000Z\n"
          "2026-01-06T14:00:00Z 2026-01-06T15:00:00Z a/20260106T140000Z\n"
          "2026-01-10T14:00:00Z 2026-01-10T15:00:00Z a/20260110T140000Z\n"
          "2026-01-12T08:00:00Z 2026-01-12T10:00:00Z a/20260112T080000Z\n"
          "2026-01-13T09:00:00Z 2026-01-13T12:00:00Z a/20260113T090000Z\n"
          "2026-01-15T14:00:00Z 2026-01-15T15:00:00Z a/20260115T140000Z\n");
}

static void test_rdate_alone_makes_a_series(void **state)
{
    check(state, EVENT("DTSTART;VALUE=DATE:20260105\nRDATE;VALUE=DATE:20260107\n"), JANUARY,
          "2026-01-04T23:00:00Z 2026-01-05T23:00:00Z a/20260105 day\n"
          "2026-01-06T23:00:00Z 2026-01-07T23:00:00Z a/20260107 day\n");
}

static void test_exdate_forms(void **state)
{
    check(state,
          EVENT("DTSTART;TZID=America/New_York:20260105T190000\nRRULE:FREQ=DAILY;COUNT=6\n"
                "EXDATE;TZID=America/New_York:20260105T190000\n"
                "EXDATE:20260107T000000Z\n"
                "EXDATE:20260107T190000\n"
                "EXDATE;TZID=Europe/Berlin:20260109T010000\n"
                "EXDATE;TZID=America/New_York:20260109T180000\n"),
          JANUARY,
          "2026-01-10T00:00:00Z 2026-01-10T00:00:00Z a/20260110T000000Z\n"
          "2026-01-11T00:00:00Z 2026-01-11T00:00:00Z a/20260111T000000Z\n");
}

static void test_exdate_as_a_date_takes_the_local_day(void **state)
{
    /* 19:00 in New York on the 6th is the 7th in UTC. */
    check(state,
          EVENT("DTSTART;TZID=America/New_York:20260105T190000\nRRULE:FREQ=DAILY;COUNT=3\n"
                "EXDATE;VALUE=DATE:20260106\n"),
          JANUARY,
          "2026-01-06T00:00:00Z 2026-01-06T00:00:00Z a/20260106T000000Z\n"
          "2026-01-08T00:00:00Z 2026-01-08T00:00:00Z a/20260108T000000Z\n");
    check(state,
          EVENT("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;COUNT=3\n"
                "EXDATE;VALUE=DATE:20260106,20260107\n"),
          JANUARY, "2026-01-04T23:00:00Z 2026-01-05T23:00:00Z a/20260105 day\n");
}

static void test_exrule(void **state)
{
    check(state,
          EVENT("DTSTART:20260105T090000Z\nRRULE:FREQ=DAILY;COUNT=4\n"
                "EXRULE:FREQ=DAILY;INTERVAL=2\n"),
          JANUARY,
          "2026-01-06T09:00:00Z 2026-01-06T09:00:00Z a/20260106T090000Z\n"
          "2026-01-08T09:00:00Z 2026-01-08T09:00:00Z a/20260108T090000Z\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
        TEST(test_four_forms_of_start),
        TEST(test_floating_times_are_in_the_calendar_zone_first),
        TEST(test_fields_of_an_occurrence),
        TEST(test_busy_status_free_is_transparent),
        TEST(test_rule_keeps_wall_time_across_dst),
        TEST(test_gap_moves_one_instance_and_no_other),
        TEST(test_fold_is_the_first_of_two),
        TEST(test_dtend_is_exact_and_duration_nominal),
        TEST(test_days_are_local_and_end_exclusively),
        TEST(test_a_day_may_begin_at_one),
        TEST(test_until_in_utc_is_meant_in_the_zone_of_dtstart),
        TEST(test_until_as_a_date_is_midnight_at_its_start),
        TEST(test_until_with_a_time_for_whole_days),
        TEST(test_until_for_ever),
        TEST(test_start_outside_its_rule_counts),
        TEST(test_every_second_sunday_from_a_monday),
        TEST(test_rdate_in_a_zone_as_period_and_twice),
        TEST(test_rdate_alone_makes_a_series),
        TEST(test_exdate_forms),
        TEST(test_exdate_as_a_date_takes_the_local_day),
        TEST(test_exrule),
#undef TEST
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
