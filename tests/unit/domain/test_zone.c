#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "domain/zone.h"
#include "lib/tzif.h"

/* A file without transitions: its footer decides everything. */
static struct tzif tzif_of_footer(const char *footer)
{
    struct tzif_source source = {
        .type_count = 1, .names = "LMT", .names_bytes = 4, .footer = footer};
    return tzif_build(&source);
}

static struct instant instant(const char *text)
{
    struct instant at;
    assert_int_equal(instant_parse(str_from(text), &at), OK);
    return at;
}

/* "2026-03-08T02:30:00", as a wall shows it. */
static struct civil wall(const char *text)
{
    char with_z[40] = "";
    strncat(with_z, text, sizeof with_z - 2);
    strncat(with_z, "Z", 2);
    return civil_from_seconds(instant(with_z).us / 1000000);
}

static void assert_meaning(const struct zone *zone, const char *local, enum zone_fit fit,
                           const char *first, const char *last)
{
    char text[INSTANT_TEXT_MAX];
    enum zone_fit got = ZONE_UNIQUE;
    assert_string_equal(instant_format(zone_to_instant(zone, wall(local), &got), text).ptr, first);
    assert_int_equal(got, fit);
    assert_string_equal(instant_format(zone_to_instant_last(zone, wall(local)), text).ptr, last);
    assert_int_equal(zone_to_instant(zone, wall(local), NULL).us, instant(first).us);
}

static void assert_shown(const struct zone *zone, const char *at, const char *local)
{
    assert_true(civil_equal(zone_to_civil(zone, instant(at)), wall(local)));
}

static void assert_local(const struct zone *zone, struct instant at, int32_t offset, bool is_dst,
                         const char *abbreviation)
{
    struct zone_local local = zone_local_at(zone, at);
    assert_int_equal(local.offset_seconds, offset);
    assert_int_equal(local.is_dst, is_dst);
    assert_string_equal(local.abbreviation, abbreviation);
    assert_int_equal(zone_offset_at(zone, at), offset);
}

static const char NEW_YORK[] = "EST5EDT,M3.2.0,M11.1.0";

/* For each footer one time in its gap, one in its fold, and what the gap's instant shows. */
static const struct footer_case {
    const char *footer;
    const char *gap;
    const char *gap_means;
    const char *gap_shows;
    const char *fold;
    const char *fold_first;
    const char *fold_last;
} footer_cases[] = {
    {NEW_YORK, "2026-03-08T02:30:00", "2026-03-08T07:30:00Z", "2026-03-08T03:30:00",
     "2026-11-01T01:30:00", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"},
    /* Dublin: winter is the daylight saving time, one hour behind the standard. */
    {"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-03-29T01:30:00", "2026-03-29T01:30:00Z",
     "2026-03-29T02:30:00", "2026-10-25T01:30:00", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
    /* Lord Howe: half an hour. */
    {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-10-04T02:15:00", "2026-10-03T15:45:00Z",
     "2026-10-04T02:45:00", "2026-04-05T01:45:00", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"},
    /* Chatham: offsets of three quarters of an hour. */
    {"<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45", "2026-09-27T03:00:00", "2026-09-26T14:15:00Z",
     "2026-09-27T04:00:00", "2026-04-05T03:00:00", "2026-04-04T13:15:00Z", "2026-04-04T14:15:00Z"},
    /* Cairo: midnight is missing in spring, and 24:00 ends the summer. */
    {"EET-2EEST,M4.5.5/0,M10.5.4/24", "2026-04-24T00:00:00", "2026-04-23T22:00:00Z",
     "2026-04-24T01:00:00", "2026-10-29T23:30:00", "2026-10-29T20:30:00Z", "2026-10-29T21:30:00Z"},
    /* Nuuk: a negative time, so that the change falls on the day before. */
    {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-28T23:30:00", "2026-03-29T01:30:00Z",
     "2026-03-29T00:30:00", "2026-10-24T23:30:00", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
    /* Gaza: 50 hours after Thursday's midnight is Saturday at 2. */
    {"EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-28T02:30:00", "2026-03-28T00:30:00Z",
     "2026-03-28T03:30:00", "2026-10-24T01:30:00", "2026-10-23T22:30:00Z", "2026-10-23T23:30:00Z"},
    /* Jn never counts 29 February, n does: day 60 is 1 March in both years, 300 is 27 October in
       2028. */
    {"AAA3BBB,J60/0,300/1:00:30", "2028-03-01T00:30:00", "2028-03-01T03:30:00Z",
     "2028-03-01T01:30:00", "2028-10-27T00:30:00", "2028-10-27T02:30:00Z", "2028-10-27T03:30:00Z"},
};

static void test_footers_have_their_gap_and_their_fold(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(footer_cases); i++) {
        const struct footer_case *c = &footer_cases[i];
        struct tzif file = tzif_of_footer(c->footer);
        struct zone zone = zone_of(&file);
        assert_meaning(&zone, c->gap, ZONE_GAP, c->gap_means, c->gap_means);
        assert_shown(&zone, c->gap_means, c->gap_shows);
        assert_meaning(&zone, c->fold, ZONE_FOLD, c->fold_first, c->fold_last);
        assert_shown(&zone, c->fold_first, c->fold);
        assert_shown(&zone, c->fold_last, c->fold);
    }
}

static void test_the_edges_of_gap_and_fold(void **state)
{
    (void)state;
    struct tzif file = tzif_of_footer(NEW_YORK);
    struct zone zone = zone_of(&file);
    assert_meaning(&zone, "2026-03-08T01:59:59", ZONE_UNIQUE, "2026-03-08T06:59:59Z",
                   "2026-03-08T06:59:59Z");
    assert_meaning(&zone, "2026-03-08T02:00:00", ZONE_GAP, "2026-03-08T07:00:00Z",
                   "2026-03-08T07:00:00Z");
    assert_meaning(&zone, "2026-03-08T02:59:59", ZONE_GAP, "2026-03-08T07:59:59Z",
                   "2026-03-08T07:59:59Z");
    assert_meaning(&zone, "2026-03-08T03:00:00", ZONE_UNIQUE, "2026-03-08T07:00:00Z",
                   "2026-03-08T07:00:00Z");
    assert_meaning(&zone, "2026-11-01T00:59:59", ZONE_UNIQUE, "2026-11-01T04:59:59Z",
                   "2026-11-01T04:59:59Z");
    assert_meaning(&zone, "2026-11-01T01:00:00", ZONE_FOLD, "2026-11-01T05:00:00Z",
                   "2026-11-01T06:00:00Z");
    assert_meaning(&zone, "2026-11-01T01:59:59", ZONE_FOLD, "2026-11-01T05:59:59Z",
                   "2026-11-01T06:59:59Z");
    assert_meaning(&zone, "2026-11-01T02:00:00", ZONE_UNIQUE, "2026-11-01T07:00:00Z",
                   "2026-11-01T07:00:00Z");
}

static void test_the_far_future_follows_the_footer(void **state)
{
    (void)state;
    struct tzif file = tzif_of_footer(NEW_YORK);
    struct zone zone = zone_of(&file);
    assert_meaning(&zone, "2399-07-04T12:00:00", ZONE_UNIQUE, "2399-07-04T16:00:00Z",
                   "2399-07-04T16:00:00Z");
    assert_meaning(&zone, "9999-12-31T12:00:00", ZONE_UNIQUE, "9999-12-31T17:00:00Z",
                   "9999-12-31T17:00:00Z");
    assert_local(&zone, instant("2399-07-04T16:00:00Z"), -4 * 3600, true, "EDT");
    assert_local(&zone, instant("2399-12-04T16:00:00Z"), -5 * 3600, false, "EST");
    /* An instant need not lie in the years of a calendar. */
    assert_true(zone_to_civil(&zone, (struct instant){INT64_MAX}).year > 290000);
    assert_true(zone_to_civil(&zone, (struct instant){INT64_MIN}).year < -290000);
}

static void test_dublin_saves_daylight_in_winter(void **state)
{
    (void)state;
    struct tzif file = tzif_of_footer("IST-1GMT0,M10.5.0,M3.5.0/1");
    struct zone zone = zone_of(&file);
    assert_local(&zone, instant("2026-01-15T12:00:00Z"), 0, true, "GMT");
    assert_local(&zone, instant("2026-07-15T12:00:00Z"), 3600, false, "IST");
    assert_local(&zone, instant("2025-12-31T23:59:59Z"), 0, true, "GMT");
    assert_local(&zone, instant("2026-01-01T00:00:00Z"), 0, true, "GMT");
}

static void test_rules_may_reach_over_new_year(void **state)
{
    (void)state;
    struct instant at;
    /* Daylight saving all year, as RFC 9636 3.3.1 writes it: each end coincides with the next
     * start. */
    struct tzif always = tzif_of_footer("EST5EDT,0/0,J365/25");
    struct zone zone = zone_of(&always);
    assert_local(&zone, instant("2027-01-01T04:59:59Z"), -4 * 3600, true, "EDT");
    assert_local(&zone, instant("2027-01-01T05:00:00Z"), -4 * 3600, true, "EDT");
    assert_local(&zone, instant("2026-07-01T00:00:00Z"), -4 * 3600, true, "EDT");
    assert_false(zone_next_transition(&zone, instant("2026-07-01T00:00:00Z"), &at));
    /* The start of 2027 falls on 29 December 2026, the end of 2026 on 5 January 2027. */
    struct tzif early = tzif_of_footer("AAA0BBB,J1/-72,J180");
    zone = zone_of(&early);
    assert_local(&zone, instant("2026-12-28T23:59:59Z"), 0, false, "AAA");
    assert_local(&zone, instant("2026-12-29T00:00:00Z"), 3600, true, "BBB");
    struct tzif late = tzif_of_footer("AAA0BBB,J180,J365/121");
    zone = zone_of(&late);
    assert_local(&zone, instant("2027-01-04T23:59:59Z"), 3600, true, "BBB");
    assert_local(&zone, instant("2027-01-05T00:00:00Z"), 0, false, "AAA");
}

/* America/Sao_Paulo from the end of 2018, with a first type that was in force before any
 * transition. */
static const struct tzif_source SAO_PAULO = {
    .types = {{-11188, 0, 0}, {-10800, 0, 4}, {-7200, 1, 8}},
    .type_count = 3,
    .transitions = {{-1767214412, 1}, {1541300400, 2}, {1550368800, 1}},
    .transition_count = 3,
    .names = "LMT\0-03\0-02",
    .names_bytes = 12,
    .footer = "<-03>3",
};

static void test_a_gap_at_midnight(void **state)
{
    (void)state;
    struct tzif file = tzif_build(&SAO_PAULO);
    struct zone zone = zone_of(&file);
    assert_meaning(&zone, "2018-11-04T00:00:00", ZONE_GAP, "2018-11-04T03:00:00Z",
                   "2018-11-04T03:00:00Z");
    assert_shown(&zone, "2018-11-04T03:00:00Z", "2018-11-04T01:00:00");
    assert_meaning(&zone, "2019-02-16T23:30:00", ZONE_FOLD, "2019-02-17T01:30:00Z",
                   "2019-02-17T02:30:00Z");
    assert_local(&zone, instant("2019-01-01T00:00:00Z"), -7200, true, "-02");
    assert_local(&zone, instant("2040-01-01T00:00:00Z"), -10800, false, "-03");
}

static void test_before_the_first_transition_the_first_type_holds(void **state)
{
    (void)state;
    struct tzif file = tzif_build(&SAO_PAULO);
    struct zone zone = zone_of(&file);
    int64_t first = SAO_PAULO.transitions[0].at;
    assert_local(&zone, (struct instant){first * 1000000 - 1}, -11188, false, "LMT");
    assert_local(&zone, (struct instant){first * 1000000}, -10800, false, "-03");
    assert_local(&zone, (struct instant){INT64_MIN}, -11188, false, "LMT");
    struct civil year_one = {1, 1, 1, 0, 0, 0};
    assert_int_equal(zone_to_instant(&zone, year_one, NULL).us,
                     (civil_to_seconds(year_one) + 11188) * 1000000);
}

static void test_without_a_footer_the_last_type_stays(void **state)
{
    (void)state;
    struct tzif_source source = SAO_PAULO;
    source.footer = "";
    source.transition_count = 2;
    struct tzif file = tzif_build(&source);
    struct zone zone = zone_of(&file);
    assert_local(&zone, instant("2500-01-01T00:00:00Z"), -7200, true, "-02");
    source.transition_count = 0;
    file = tzif_build(&source);
    zone = zone_of(&file);
    assert_local(&zone, instant("2500-01-01T00:00:00Z"), -11188, false, "LMT");
}

static void test_apia_skipped_a_day(void **state)
{
    (void)state;
    struct tzif_source source = {
        .types = {{-36000, 1, 0}, {50400, 1, 4}},
        .type_count = 2,
        .transitions = {{1325239200, 1}},
        .transition_count = 1,
        .names = "-10\0+14",
        .names_bytes = 8,
        .footer = "",
    };
    struct tzif file = tzif_build(&source);
    struct zone zone = zone_of(&file);
    assert_meaning(&zone, "2011-12-29T23:59:59", ZONE_UNIQUE, "2011-12-30T09:59:59Z",
                   "2011-12-30T09:59:59Z");
    assert_meaning(&zone, "2011-12-30T00:00:00", ZONE_GAP, "2011-12-30T10:00:00Z",
                   "2011-12-30T10:00:00Z");
    assert_meaning(&zone, "2011-12-30T12:00:00", ZONE_GAP, "2011-12-30T22:00:00Z",
                   "2011-12-30T22:00:00Z");
    assert_shown(&zone, "2011-12-30T22:00:00Z", "2011-12-31T12:00:00");
    assert_meaning(&zone, "2011-12-31T00:00:00", ZONE_UNIQUE, "2011-12-30T10:00:00Z",
                   "2011-12-30T10:00:00Z");
}

static void test_kathmandu_gained_a_quarter_of_an_hour(void **state)
{
    (void)state;
    struct tzif_source source = {
        .types = {{19800, 0, 0}, {20700, 0, 6}},
        .type_count = 2,
        .transitions = {{504901800, 1}},
        .transition_count = 1,
        .names = "+0530\0+0545",
        .names_bytes = 12,
        .footer = "<+0545>-5:45",
    };
    struct tzif file = tzif_build(&source);
    struct zone zone = zone_of(&file);
    assert_meaning(&zone, "1986-01-01T00:10:00", ZONE_GAP, "1985-12-31T18:40:00Z",
                   "1985-12-31T18:40:00Z");
    assert_shown(&zone, "1985-12-31T18:40:00Z", "1986-01-01T00:25:00");
    assert_meaning(&zone, "2026-01-01T00:00:00", ZONE_UNIQUE, "2025-12-31T18:15:00Z",
                   "2025-12-31T18:15:00Z");
}

static void test_next_transition_passes_over_what_no_clock_shows(void **state)
{
    (void)state;
    struct tzif_source source = SAO_PAULO;
    source.transitions[3] = (struct tzif_transition){1600000000, 1};
    source.transition_count = 4;
    struct tzif file = tzif_build(&source);
    struct zone zone = zone_of(&file);
    struct instant at = {INT64_MIN};
    static const int64_t expected[] = {-1767214412, 1541300400, 1550368800};
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
        assert_true(zone_next_transition(&zone, at, &at));
        assert_int_equal(at.us, expected[i] * 1000000);
    }
    assert_false(zone_next_transition(&zone, at, &at));
    struct tzif rules = tzif_of_footer(NEW_YORK);
    zone = zone_of(&rules);
    assert_true(zone_next_transition(&zone, instant("2026-03-08T06:59:59.999Z"), &at));
    assert_int_equal(at.us, instant("2026-03-08T07:00:00Z").us);
    assert_true(zone_next_transition(&zone, at, &at));
    assert_int_equal(at.us, instant("2026-11-01T06:00:00Z").us);
    assert_true(zone_next_transition(&zone, instant("2400-06-01T00:00:00Z"), &at));
    assert_false(zone_next_transition(&zone, instant("2400-12-01T00:00:00Z"), &at));
}

static void test_utc_needs_no_file(void **state)
{
    (void)state;
    struct zone zone = zone_utc();
    struct instant at;
    assert_local(&zone, instant("2026-07-01T00:00:00Z"), 0, false, "UTC");
    assert_meaning(&zone, "2026-07-01T00:00:00", ZONE_UNIQUE, "2026-07-01T00:00:00Z",
                   "2026-07-01T00:00:00Z");
    assert_false(zone_next_transition(&zone, INSTANT_NONE, &at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_footers_have_their_gap_and_their_fold),
        cmocka_unit_test(test_the_edges_of_gap_and_fold),
        cmocka_unit_test(test_the_far_future_follows_the_footer),
        cmocka_unit_test(test_dublin_saves_daylight_in_winter),
        cmocka_unit_test(test_rules_may_reach_over_new_year),
        cmocka_unit_test(test_a_gap_at_midnight),
        cmocka_unit_test(test_before_the_first_transition_the_first_type_holds),
        cmocka_unit_test(test_without_a_footer_the_last_type_stays),
        cmocka_unit_test(test_apia_skipped_a_day),
        cmocka_unit_test(test_kathmandu_gained_a_quarter_of_an_hour),
        cmocka_unit_test(test_next_transition_passes_over_what_no_clock_shows),
        cmocka_unit_test(test_utc_needs_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
