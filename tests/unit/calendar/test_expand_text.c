#include "expand_fixture.h"

static void test_window_has_both_sides(void **state)
{
    const char *lines = EVENT("DTSTART:20260105T090000Z\nDTEND:20260105T100000Z\n");
    const char *there = "2026-01-05T09:00:00Z 2026-01-05T10:00:00Z a\n";
    check(state, lines, "2026-01-05T09:59:59Z", "2026-01-06T00:00:00Z", there);
    check(state, lines, "2026-01-05T10:00:00Z", "2026-01-06T00:00:00Z", "");
    check(state, lines, "2026-01-01T00:00:00Z", "2026-01-05T09:00:01Z", there);
    check(state, lines, "2026-01-01T00:00:00Z", "2026-01-05T09:00:00Z", "");
    const char *point = EVENT("DTSTART:20260105T090000Z\n");
    check(state, point, "2026-01-05T09:00:00Z", "2026-01-06T00:00:00Z",
          "2026-01-05T09:00:00Z 2026-01-05T09:00:00Z a\n");
    check(state, point, "2026-01-05T09:00:01Z", "2026-01-06T00:00:00Z", "");
}

static void test_a_long_instance_reaches_into_the_window(void **state)
{
    check(state, EVENT("DTSTART:20251101T000000Z\nDURATION:P25D\nRRULE:FREQ=MONTHLY\n"),
          "2026-01-20T00:00:00Z", "2026-01-21T00:00:00Z",
          "2026-01-01T00:00:00Z 2026-01-26T00:00:00Z a/20260101T000000Z\n");
}

static void test_old_series_without_end_is_not_walked(void **state)
{
    check(state, EVENT("DTSTART;TZID=Europe/Berlin:19700105T090000\nRRULE:FREQ=WEEKLY\n"),
          "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z",
          "2026-01-05T08:00:00Z 2026-01-05T08:00:00Z a/20260105T080000Z\n");
}

static void test_unknown_zone_leaves_the_event_out_with_a_warning(void **state)
{
    struct fixture *fixture = *state;
    struct expand_result result =
        expand(fixture,
               EVENT("DTSTART;TZID=Mars/Base:20260105T090000\n") "BEGIN:VEVENT\nUID:b\nDTSTART:"
                                                                 "20260105T090000Z\n"
                                                                 "END:VEVENT\n",
               JANUARY);
    assert_occurrences(fixture, result, "2026-01-05T09:00:00Z 2026-01-05T09:00:00Z b\n");
    assert_int_equal(result.warning_count, 1);
    assert_text(result.warnings[0].message,
                "TZID \"Mars/Base\" is not known: the event is left out");
}

static void test_own_rules_of_an_unknown_zone(void **state)
{
    struct fixture *fixture = *state;
    struct expand_result result =
        expand(fixture,
               "BEGIN:VTIMEZONE\nTZID:Custom\nBEGIN:STANDARD\nDTSTART:16011028T030000\n"
               "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n"
               "END:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010325T020000\n"
               "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n"
               "END:DAYLIGHT\nEND:VTIMEZONE\n" EVENT(
                   "DTSTART;TZID=Custom:20260328T090000\nRRULE:FREQ=DAILY;COUNT=2\n"),
               "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
    assert_occurrences(fixture, result,
                       "2026-03-28T08:00:00Z 2026-03-28T08:00:00Z a/20260328T080000Z\n"
                       "2026-03-29T07:00:00Z 2026-03-29T07:00:00Z a/20260329T070000Z\n");
    assert_text(result.occurrences[0].timezone, "Europe/Berlin");
    assert_int_equal(result.warning_count, 0);
}

static void test_known_zone_beats_the_file(void **state)
{
    check(state,
          "BEGIN:VTIMEZONE\nTZID:America/New_York\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
          "TZOFFSETFROM:+0000\nTZOFFSETTO:+0000\nEND:STANDARD\nEND:VTIMEZONE\n" EVENT(
              "DTSTART;TZID=America/New_York:20260105T090000\n"),
          JANUARY, "2026-01-05T14:00:00Z 2026-01-05T14:00:00Z a\n");
}

static void test_bad_lines_cost_only_themselves(void **state)
{
    struct fixture *fixture = *state;
    struct expand_result result =
        expand(fixture,
               EVENT("this is no line\nDTSTART:20260105T090000Z\nDTEND:rubbish\nRRULE:FREQ=NEVER\n"
                     "RDATE:nonsense\nEXDATE:20260230T090000Z\nDURATION:-PT1H\nSEQUENCE:x\n"
                     "BEGIN:VALARM\nTRIGGER:-PT5M\nDTSTART:19990101T000000Z\nEND:VALARM\n"),
               JANUARY);
    assert_occurrences(fixture, result,
                       "2026-01-05T09:00:00Z 2026-01-05T09:00:00Z a/20260105T090000Z\n");
    assert_true(result.warning_count >= 5);
}

static void test_blanks_in_a_rule_are_read_as_meant(void **state)
{
    check(state, EVENT("DTSTART:20260105T090000Z\nRRULE:FREQ=WEEKLY;BYDAY=MO, TU;COUNT=2\n"),
          JANUARY,
          "2026-01-05T09:00:00Z 2026-01-05T09:00:00Z a/20260105T090000Z\n"
          "2026-01-06T09:00:00Z 2026-01-06T09:00:00Z a/20260106T090000Z\n");
}

static void test_text_as_it_comes(void **state)
{
    struct fixture *fixture = *state;
    static const char text[] =
        "\xEF\xBB\xBF\r\nbegin:vcalendar\r\nBEGIN:VEVENT\rUID:a\r\nDTSTART:2026\r\n 0105T09\r\n"
        "\t0000Z\r\nSUMMARY:One\0 two\r\nDESCRIPTION:x\r\nEND:VEVENT\r\nBEGIN:VEVENT\nUID:b\n"
        "DTSTART:20260106T090000Z\nEND:VEVENT\n";
    struct expand_result result =
        expand_window(fixture, (struct str){text, sizeof text - 1}, JANUARY);
    assert_occurrences(fixture, result,
                       "2026-01-05T09:00:00Z 2026-01-05T09:00:00Z a\n"
                       "2026-01-06T09:00:00Z 2026-01-06T09:00:00Z b\n");
    assert_text(result.occurrences[0].title, "One two");
    assert_int_equal(result.warning_count, 1);
}

static void test_an_event_without_uid_keeps_its_name(void **state)
{
    struct fixture *fixture = *state;
    const char *lines = "BEGIN:VEVENT\nDTSTART:20260105T090000Z\nSUMMARY:x\nEND:VEVENT\n";
    struct expand_result one = expand(fixture, lines, JANUARY);
    struct expand_result two = expand(fixture, lines, JANUARY);
    assert_int_equal(one.occurrence_count, 1);
    assert_true(one.occurrences[0].external_id.len > 0);
    assert_true(str_equal(one.occurrences[0].external_id, two.occurrences[0].external_id));
}

static void test_what_is_no_calendar_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char *const texts[] = {
        "", "<html></html>", "BEGIN:VEVENT\nEND:VEVENT\n", "\xFF\xFE",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:cut\nDTSTART:20260105T090000Z\n"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct expand_request request = {.text = str_from(texts[i]),
                                         .from = instant_of("2026-01-01T00:00:00Z"),
                                         .to = instant_of("2026-02-01T00:00:00Z"),
                                         .zones = &fixture->zones};
        struct expand_result result;
        struct problem problem = {0};
        assert_int_equal(calendar_expand(fixture->arena, &request, &result, &problem), E_INVALID);
        assert_true(problem.message[0] != '\0');
    }
}

static enum err expand_repeated(struct fixture *fixture, const char *part, size_t times,
                                struct expand_result *out)
{
    struct buf text = {.arena = fixture->arena};
    buf_add_text(&text, "BEGIN:VCALENDAR\n");
    for (size_t i = 0; i < times; i++) {
        buf_printf(&text, "BEGIN:VEVENT\nUID:%zu\n%sEND:VEVENT\n", i, part);
    }
    buf_add_text(&text, "END:VCALENDAR\n");
    struct expand_request request = {.text = buf_str(&text),
                                     .from = instant_of("2026-01-01T00:00:00Z"),
                                     .to = instant_of("2026-02-01T00:00:00Z"),
                                     .zones = &fixture->zones};
    struct problem problem = {0};
    return calendar_expand(fixture->arena, &request, out, &problem);
}

static void test_limits_have_both_sides(void **state)
{
    struct fixture *fixture = *state;
    struct expand_result result;
    assert_int_equal(expand_repeated(fixture, "", 50000 - 1, &result), OK);
    assert_int_equal(expand_repeated(fixture, "", 50000, &result), E_TOO_LARGE);
    char *large = arena_alloc(fixture->arena, 10 * 1024 * 1024 + 2);
    memset(large, '\n', 10 * 1024 * 1024 + 1);
    memcpy(large, "BEGIN:VCALENDAR", 15);
    struct expand_request request = {.text = {large, 10 * 1024 * 1024},
                                     .from = instant_of("2026-01-01T00:00:00Z"),
                                     .to = instant_of("2026-02-01T00:00:00Z"),
                                     .zones = &fixture->zones};
    struct problem problem = {0};
    assert_int_equal(calendar_expand(fixture->arena, &request, &result, &problem), OK);
    request.text.len++;
    assert_int_equal(calendar_expand(fixture->arena, &request, &result, &problem), E_TOO_LARGE);
}

static void test_hostile_rules_end(void **state)
{
    struct fixture *fixture = *state;
    struct expand_result result;
    assert_int_equal(
        expand_repeated(fixture, "DTSTART:20260101T000000Z\nRRULE:FREQ=SECONDLY\n", 1, &result),
        OK);
    assert_int_equal(result.occurrence_count, 10000);
    assert_int_equal(result.warning_count, 1);
    assert_int_equal(expand_repeated(fixture,
                                     "DTSTART:20260101T000000Z\n"
                                     "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30\n",
                                     1000, &result),
                     OK);
    assert_int_equal(result.occurrence_count, 1000);
    assert_int_equal(expand_repeated(fixture,
                                     "DTSTART:19700101T000000Z\n"
                                     "RRULE:FREQ=SECONDLY;COUNT=2000000000\n",
                                     1000, &result),
                     OK);
    assert_true(result.warning_count > 0);
    assert_int_equal(
        expand_repeated(fixture, "DTSTART:20260101T000000Z\nRRULE:FREQ=MINUTELY\n", 20, &result),
        OK);
    assert_int_equal(result.occurrence_count, 100000);
}

static void test_fingerprint_ignores_what_changes_at_each_fetch(void **state)
{
    (void)state;
    uint64_t one =
        calendar_fingerprint(STR("BEGIN:VCALENDAR\r\nPRODID:x\r\nDTSTAMP:1\r\nUID:a\r\n"));
    assert_true(one != 0);
    assert_true(one == calendar_fingerprint(STR("BEGIN:VCALENDAR\nUID:a\nLAST-MODIFIED;X=1:2\n")));
    assert_true(one != calendar_fingerprint(STR("BEGIN:VCALENDAR\nUID:b\n")));
    assert_true(one != calendar_fingerprint(STR("UID:a\nBEGIN:VCALENDAR\n")));
    assert_true(one != calendar_fingerprint(STR("BEGIN:VCALENDAR\nUID:a\nDTSTAMPED:1\n")));
    assert_true(calendar_fingerprint(STR("")) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
        TEST(test_window_has_both_sides),
        TEST(test_a_long_instance_reaches_into_the_window),
        TEST(test_old_series_without_end_is_not_walked),
        TEST(test_unknown_zone_leaves_the_event_out_with_a_warning),
        TEST(test_own_rules_of_an_unknown_zone),
        TEST(test_known_zone_beats_the_file),
        TEST(test_bad_lines_cost_only_themselves),
        TEST(test_blanks_in_a_rule_are_read_as_meant),
        TEST(test_text_as_it_comes),
        TEST(test_an_event_without_uid_keeps_its_name),
        TEST(test_what_is_no_calendar_is_refused),
        TEST(test_limits_have_both_sides),
        TEST(test_hostile_rules_end),
        TEST(test_fingerprint_ignores_what_changes_at_each_fetch),
#undef TEST
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
