/* Recurring calls: wall clocks across DST, month ends, ends of a series, rules, what was missed,
 * and previews. Chains of three years in many zones are tests/counterparty/call_series_oracle.py.
 */
#include "domain/call_series.h"

#include "lib/tzif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A call that is number n and place n. */
#define PLACE(n, instant) \
    (&(struct series_place){.number = (n), .place = (n), .nominal = (instant)})

static struct call_series every(enum call_frequency frequency, int32_t interval,
                                struct civil anchor)
{
    return (struct call_series){.anchor = anchor, .frequency = frequency, .interval = interval};
}

/* Walks from the anchor, nothing missed, and compares; returns how it ended. */
static enum series_step assert_chain(const struct call_series *series, const struct zone *zone,
                                     const char *const *wanted, size_t count)
{
    struct call_occurrence occurrence = call_series_first(series, zone);
    enum series_step step = SERIES_FOUND;
    size_t i = 0;
    for (; i < count && step == SERIES_FOUND; i++) {
        char got[INSTANT_TEXT_MAX];
        struct str text = instant_format(occurrence.at, got);
        if (!str_equal_text(text, wanted[i])) {
            fail_msg("occurrence %zu: %.*s, not %s", i + 1, STR_FMT(text), wanted[i]);
        }
        assert_int_equal(occurrence.number, i + 1);
        assert_int_equal(occurrence.place, i + 1);
        assert_int_equal(occurrence.skipped, 0);
        step = call_series_next(series, zone, PLACE(occurrence.place, occurrence.at), occurrence.at,
                                &occurrence);
    }
    assert_int_equal(i, count);
    return step;
}

static void test_wall_clock_is_kept(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone berlin = zone_of(&file);
    static const char *const days[] = {"2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z",
                                       "2026-03-30T07:00:00Z"};
    struct call_series daily = every(call_frequency_daily, 1, (struct civil){2026, 3, 28, 9, 0, 0});
    assert_int_equal(assert_chain(&daily, &berlin, days, 3), SERIES_FOUND);
    static const char *const weeks[] = {"2026-10-18T07:00:00Z", "2026-11-01T08:00:00Z",
                                        "2026-11-15T08:00:00Z"};
    struct call_series weekly =
        every(call_frequency_weekly, 2, (struct civil){2026, 10, 18, 9, 0, 0});
    assert_int_equal(assert_chain(&weekly, &berlin, weeks, 3), SERIES_FOUND);
}

static void test_month_ends(void **state)
{
    (void)state;
    struct zone utc = zone_utc();
    static const char *const months[] = {"2027-12-31T09:00:00Z", "2028-01-31T09:00:00Z",
                                         "2028-02-29T09:00:00Z", "2028-03-31T09:00:00Z",
                                         "2028-04-30T09:00:00Z", "2028-05-31T09:00:00Z"};
    struct call_series monthly =
        every(call_frequency_monthly, 1, (struct civil){2027, 12, 31, 9, 0, 0});
    assert_int_equal(assert_chain(&monthly, &utc, months, 6), SERIES_FOUND);
    static const char *const years[] = {"2028-02-29T09:00:00Z", "2029-02-28T09:00:00Z",
                                        "2030-02-28T09:00:00Z", "2031-02-28T09:00:00Z",
                                        "2032-02-29T09:00:00Z"};
    struct call_series yearly =
        every(call_frequency_monthly, 12, (struct civil){2028, 2, 29, 9, 0, 0});
    assert_int_equal(assert_chain(&yearly, &utc, years, 5), SERIES_FOUND);
}

/* 02:30 does not exist on 29 March, and comes twice on 25 October. */
static void test_gap_and_fold(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone berlin = zone_of(&file);
    struct call_series spring =
        every(call_frequency_daily, 1, (struct civil){2026, 3, 28, 2, 30, 0});
    struct call_occurrence next;
    struct call_occurrence first = call_series_first(&spring, &berlin);
    assert_int_equal(first.fit, ZONE_UNIQUE);
    assert_int_equal(call_series_next(&spring, &berlin, PLACE(1, first.at), first.at, &next),
                     SERIES_FOUND);
    assert_int_equal(next.fit, ZONE_GAP);
    assert_int_equal(next.at.us, at("2026-03-29T01:30:00Z").us);
    assert_true(civil_equal(next.wall, (struct civil){2026, 3, 29, 2, 30, 0}));
    assert_true(civil_equal(next.runs, (struct civil){2026, 3, 29, 3, 30, 0}));
    static const char *const autumn_days[] = {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"};
    struct call_series autumn =
        every(call_frequency_daily, 1, (struct civil){2026, 10, 25, 2, 30, 0});
    assert_int_equal(assert_chain(&autumn, &berlin, autumn_days, 2), SERIES_FOUND);
}

/* The 30th comes to the same instant as the 31st: it is called once. */
static void test_a_date_that_does_not_exist(void **state)
{
    (void)state;
    struct tzif file = apia_file();
    struct zone apia = zone_of(&file);
    struct call_series daily =
        every(call_frequency_daily, 1, (struct civil){2011, 12, 29, 9, 0, 0});
    struct call_occurrence next;
    struct instant first = at("2011-12-29T19:00:00Z");
    assert_int_equal(call_series_first(&daily, &apia).at.us, first.us);
    assert_int_equal(call_series_next(&daily, &apia, PLACE(1, first), first, &next), SERIES_FOUND);
    assert_int_equal(next.number, 2);
    assert_int_equal(next.fit, ZONE_GAP);
    assert_int_equal(next.at.us, at("2011-12-30T19:00:00Z").us);
    assert_int_equal(call_series_next(&daily, &apia, PLACE(2, next.at), next.at, &next),
                     SERIES_FOUND);
    assert_int_equal(next.number, 3);
    assert_int_equal(next.place, 4);
    assert_int_equal(next.skipped, 0);
    assert_int_equal(next.at.us, at("2011-12-31T19:00:00Z").us);
}

static void test_ends(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone berlin = zone_of(&file);
    static const char *const days[] = {"2026-01-05T23:30:00Z", "2026-01-06T23:30:00Z",
                                       "2026-01-07T23:30:00Z"};
    /* Half an hour after midnight in Berlin: by local date these are the 6th, 7th and 8th. */
    const struct call_series plain =
        every(call_frequency_daily, 1, (struct civil){2026, 1, 6, 0, 30, 0});
    struct call_series series = plain;
    series.occurrences_max = 3;
    assert_int_equal(assert_chain(&series, &berlin, days, 3), SERIES_ALL_DONE);
    series = plain;
    series.has_end_date = true;
    series.end_date = (struct date){2026, 1, 8};
    assert_int_equal(assert_chain(&series, &berlin, days, 3), SERIES_PAST_END);
    series.end_date = (struct date){2026, 1, 7};
    assert_int_equal(assert_chain(&series, &berlin, days, 2), SERIES_PAST_END);
    series = plain;
    series.end_at = at("2026-01-07T23:30:00Z");
    assert_int_equal(assert_chain(&series, &berlin, days, 3), SERIES_PAST_END);
    series.end_at.us--;
    assert_int_equal(assert_chain(&series, &berlin, days, 2), SERIES_PAST_END);
    struct call_series last = every(call_frequency_monthly, 6, (struct civil){9999, 5, 1, 0, 0, 0});
    static const char *const final[] = {"9999-04-30T22:00:00Z", "9999-10-31T23:00:00Z"};
    assert_int_equal(assert_chain(&last, &berlin, final, 2), SERIES_RULE_OVER);
}

/* The server was down, or a call took long: what is over is skipped, and counted. */
static void test_what_was_missed(void **state)
{
    (void)state;
    struct zone utc = zone_utc();
    struct call_series series = every(call_frequency_daily, 1, (struct civil){2026, 1, 1, 9, 0, 0});
    struct instant first = at("2026-01-01T09:00:00Z");
    struct call_occurrence next;
    struct instant now = at("2026-01-11T08:59:59.999Z");
    assert_int_equal(call_series_next(&series, &utc, PLACE(1, first), now, &next), SERIES_FOUND);
    assert_int_equal(next.number, 2);
    assert_int_equal(next.place, 11);
    assert_int_equal(next.skipped, 9);
    assert_int_equal(next.at.us, at("2026-01-11T09:00:00Z").us);
    now = at("2026-01-11T09:00:00Z");
    assert_int_equal(call_series_next(&series, &utc, PLACE(1, first), now, &next), SERIES_FOUND);
    assert_int_equal(next.number, 2);
    assert_int_equal(next.place, 12);
    assert_int_equal(next.skipped, 10);
    /* A limit of calls counts those that were made; COUNT the times of the rule. */
    series.occurrences_max = 2;
    assert_int_equal(call_series_next(&series, &utc, PLACE(1, first), now, &next), SERIES_FOUND);
    series.occurrences_max = 1;
    assert_int_equal(call_series_next(&series, &utc, PLACE(1, first), now, &next), SERIES_ALL_DONE);
    series.occurrences_max = 0;
    series.places_max = 12;
    assert_int_equal(call_series_next(&series, &utc, PLACE(1, first), now, &next), SERIES_FOUND);
    series.places_max = 11;
    assert_int_equal(call_series_next(&series, &utc, PLACE(1, first), now, &next), SERIES_ALL_DONE);
    assert_int_equal(next.place, 12);
    /* It was rescheduled to a later day than the next ones. */
    series.places_max = 0;
    struct instant moved = at("2026-01-04T12:00:00Z");
    assert_int_equal(call_series_next(&series, &utc, PLACE(1, moved), first, &next), SERIES_FOUND);
    assert_int_equal(next.at.us, at("2026-01-05T09:00:00Z").us);
    assert_int_equal(next.number, 2);
    assert_int_equal(next.place, 5);
}

static struct call_series ruled(const char *text, struct civil anchor, const struct zone *zone,
                                struct recurrence_rule *rule)
{
    struct call_series series = {.anchor = anchor};
    struct problem problem;
    assert_int_equal(recurrence_parse(str_from(text), rule, &problem), OK);
    assert_int_equal(call_series_use_rule(&series, rule, zone, &problem), OK);
    return series;
}

static void test_rules(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone berlin = zone_of(&file);
    struct recurrence_rule rule;
    struct civil anchor = {2026, 1, 31, 9, 0, 0};
    static const char *const months[] = {"2026-01-31T08:00:00Z", "2026-03-31T07:00:00Z",
                                         "2026-05-31T07:00:00Z"};
    struct call_series series = ruled("FREQ=MONTHLY;COUNT=3", anchor, &berlin, &rule);
    assert_int_equal(assert_chain(&series, &berlin, months, 3), SERIES_ALL_DONE);
    /* The smaller of the two limits. */
    series = ruled("FREQ=MONTHLY;COUNT=3", anchor, &berlin, &rule);
    series.occurrences_max = 2;
    assert_int_equal(assert_chain(&series, &berlin, months, 2), SERIES_ALL_DONE);
    struct call_series limited = {.anchor = anchor, .occurrences_max = 2};
    assert_int_equal(recurrence_parse(STR("FREQ=MONTHLY;COUNT=3"), &rule, NULL), OK);
    assert_int_equal(call_series_use_rule(&limited, &rule, &berlin, NULL), OK);
    assert_int_equal(limited.occurrences_max, 2);
    assert_int_equal(limited.places_max, 3);
    /* UNTIL in UTC and in local time, inclusive. */
    series = ruled("FREQ=MONTHLY;UNTIL=20260331T070000Z", anchor, &berlin, &rule);
    assert_int_equal(assert_chain(&series, &berlin, months, 2), SERIES_RULE_OVER);
    series = ruled("FREQ=MONTHLY;UNTIL=20260331T065959Z", anchor, &berlin, &rule);
    assert_int_equal(assert_chain(&series, &berlin, months, 1), SERIES_RULE_OVER);
    series = ruled("FREQ=MONTHLY;UNTIL=20260331T090000", anchor, &berlin, &rule);
    assert_int_equal(assert_chain(&series, &berlin, months, 2), SERIES_RULE_OVER);
    /* A zone ahead of UTC has the year 10000 by then. */
    series = ruled("FREQ=MONTHLY;UNTIL=99991231T233000Z", anchor, &berlin, &rule);
    assert_int_equal(assert_chain(&series, &berlin, months, 3), SERIES_FOUND);
    series.has_end_date = true;
    series.end_date = (struct date){2026, 5, 30};
    assert_int_equal(assert_chain(&series, &berlin, months, 2), SERIES_PAST_END);
    /* The anchor comes first even where the rule does not name it: a Saturday. */
    static const char *const mondays[] = {"2026-01-31T08:00:00Z", "2026-02-02T08:00:00Z",
                                          "2026-02-09T08:00:00Z"};
    series = ruled("FREQ=WEEKLY;BYDAY=MO;COUNT=3", anchor, &berlin, &rule);
    assert_int_equal(assert_chain(&series, &berlin, mondays, 3), SERIES_ALL_DONE);
}

/* 02:00 and 02:30 are called at 03:00 and 03:30; what the rule names there is passed over. */
static void test_a_rule_across_a_gap(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone berlin = zone_of(&file);
    struct recurrence_rule rule;
    struct civil anchor = {2026, 3, 29, 1, 30, 0};
    struct call_series series =
        ruled("FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=0,30;COUNT=7", anchor, &berlin, &rule);
    static const struct {
        int64_t place;
        const char *at;
        enum zone_fit fit;
    } rows[] = {{1, "2026-03-29T00:30:00Z", ZONE_UNIQUE},
                {2, "2026-03-29T01:00:00Z", ZONE_GAP},
                {3, "2026-03-29T01:30:00Z", ZONE_GAP},
                {6, "2026-03-29T23:00:00Z", ZONE_UNIQUE},
                {7, "2026-03-29T23:30:00Z", ZONE_UNIQUE}};
    struct call_occurrence next = call_series_first(&series, &berlin);
    enum series_step step = SERIES_FOUND;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_int_equal(step, SERIES_FOUND);
        assert_int_equal(next.number, i + 1);
        assert_int_equal(next.place, rows[i].place);
        assert_int_equal(next.at.us, at(rows[i].at).us);
        assert_int_equal(next.fit, rows[i].fit);
        struct series_place after = {
            .number = next.number, .place = next.place, .nominal = next.at};
        step = call_series_next(&series, &berlin, &after, next.at, &next);
    }
    assert_int_equal(step, SERIES_ALL_DONE);
}

static void test_the_last_second(void **state)
{
    (void)state;
    struct zone utc = zone_utc();
    struct recurrence_rule rule;
    struct civil anchor = {9999, 12, 31, 23, 59, 59};
    static const char *const wanted[] = {"9999-12-31T23:59:59Z"};
    struct call_series series = ruled("FREQ=DAILY", anchor, &utc, &rule);
    assert_int_equal(assert_chain(&series, &utc, wanted, 1), SERIES_RULE_OVER);
}

static void test_rules_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err wanted;
    } rows[] = {
        {"FREQ=SECONDLY", E_INVALID},
        {"FREQ=MINUTELY;BYSECOND=0,30", E_INVALID},
        {"FREQ=MINUTELY", OK},
        {"FREQ=MINUTELY;BYSECOND=30", OK},
    };
    struct zone utc = zone_utc();
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct recurrence_rule rule;
        struct call_series series = {.anchor = {2026, 1, 1, 0, 0, 0}};
        struct problem problem = {.err = OK};
        assert_int_equal(recurrence_parse(str_from(rows[i].text), &rule, NULL), OK);
        assert_int_equal(call_series_use_rule(&series, &rule, &utc, &problem), rows[i].wanted);
        assert_string_equal(problem.field, rows[i].wanted == OK ? "" : "recurring.rrule");
    }
}

/* A rule of every minute was asleep for a year: it goes on at the present. */
static void test_a_long_sleep(void **state)
{
    (void)state;
    struct zone utc = zone_utc();
    struct recurrence_rule rule;
    struct civil anchor = {2026, 1, 1, 0, 0, 0};
    struct call_series series = ruled("FREQ=MINUTELY", anchor, &utc, &rule);
    struct call_occurrence next;
    struct instant now = at("2027-01-01T00:00:30Z");
    assert_int_equal(
        call_series_next(&series, &utc, PLACE(1, at("2026-01-01T00:00:00Z")), now, &next),
        SERIES_FOUND);
    assert_int_equal(next.at.us, at("2027-01-01T00:01:00Z").us);
    assert_int_equal(next.skipped, SERIES_SKIPPED_MAX);
    assert_int_equal(next.number, 2);
    assert_int_equal(next.place, SERIES_SKIPPED_MAX + 2);
}

static const struct business_window office[] = {{540, 1020, MONDAY_TO_FRIDAY}};

struct listed {
    int64_t place;
    const char *at;
};

/* The calls of a series in office hours in Berlin, as they follow one another. */
static void assert_listed(const struct call_series *series, const struct listed *wanted,
                          size_t count)
{
    struct tzif file = berlin_file();
    struct zone berlin = zone_of(&file);
    struct business_hours business = {office, 1, NULL, 0};
    struct call_hours hours = {.business = &business, .business_zone = &berlin};
    struct call_chain chain = {series, &berlin, &hours};
    struct chain_call calls[10];
    struct call_occurrence first = call_series_first(series, &berlin);
    int64_t places = 0;
    assert_int_equal(call_chain_list(&chain, &first, 10, calls), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(calls[i].occurrence.number, i + 1);
        assert_int_equal(calls[i].occurrence.place, wanted[i].place);
        assert_int_equal(calls[i].opening.at.us, at(wanted[i].at).us);
        assert_int_equal(calls[i].occurrence.skipped, wanted[i].place - places - 1);
        places = wanted[i].place;
    }
}

static void test_calls_in_hours(void **state)
{
    (void)state;
    /* Before opening: Monday's own call is made, not those that the weekend pushes there. */
    struct call_series series =
        every(call_frequency_daily, 1, (struct civil){2026, 3, 27, 3, 0, 0});
    series.occurrences_max = 3;
    static const struct listed early[] = {
        {1, "2026-03-27T08:00:00Z"}, {4, "2026-03-30T07:00:00Z"}, {5, "2026-03-31T07:00:00Z"}};
    assert_listed(&series, early, 3);
    /* Inside of them. */
    series.anchor.hour = 11;
    static const struct listed inside[] = {
        {1, "2026-03-27T10:00:00Z"}, {4, "2026-03-30T09:00:00Z"}, {5, "2026-03-31T09:00:00Z"}};
    assert_listed(&series, inside, 3);
    /* After closing: the next morning, and the last of the weekend stands for all of it. */
    series.anchor = (struct civil){2026, 3, 26, 18, 0, 0};
    static const struct listed evening[] = {
        {1, "2026-03-27T08:00:00Z"}, {4, "2026-03-30T07:00:00Z"}, {5, "2026-03-31T07:00:00Z"}};
    assert_listed(&series, evening, 3);
    /* The first was asked for by itself: it goes, and the day's own does not. */
    series.anchor = (struct civil){2026, 3, 28, 11, 0, 0};
    static const struct listed weekend[] = {
        {1, "2026-03-30T07:00:00Z"}, {4, "2026-03-31T09:00:00Z"}, {5, "2026-04-01T09:00:00Z"}};
    assert_listed(&series, weekend, 3);
    /* What nothing follows is not in anybody's way. */
    series.anchor = (struct civil){2026, 3, 27, 11, 0, 0};
    series.has_end_date = true;
    series.end_date = (struct date){2026, 3, 29};
    static const struct listed last[] = {{1, "2026-03-27T10:00:00Z"}, {3, "2026-03-30T07:00:00Z"}};
    assert_listed(&series, last, 2);
    /* Weekly on Saturday is Monday morning. */
    series = every(call_frequency_weekly, 1, (struct civil){2026, 3, 28, 11, 0, 0});
    series.occurrences_max = 2;
    static const struct listed weekly[] = {{1, "2026-03-30T07:00:00Z"},
                                           {2, "2026-04-06T07:00:00Z"}};
    assert_listed(&series, weekly, 2);
}

/* More than once a day: only what comes to the time of another one falls away. */
static void test_calls_of_a_day(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone berlin = zone_of(&file);
    struct recurrence_rule rule;
    struct civil anchor = {2026, 3, 27, 8, 30, 0};
    struct call_series series = ruled("FREQ=DAILY;BYHOUR=8,11", anchor, &berlin, &rule);
    series.occurrences_max = 4;
    static const struct listed twice[] = {{1, "2026-03-27T08:00:00Z"},
                                          {2, "2026-03-27T10:30:00Z"},
                                          {7, "2026-03-30T07:00:00Z"},
                                          {8, "2026-03-30T09:30:00Z"}};
    assert_listed(&series, twice, 4);
    series = ruled("FREQ=HOURLY", (struct civil){2026, 3, 20, 15, 0, 0}, &berlin, &rule);
    series.occurrences_max = 3;
    static const struct listed hourly[] = {
        {1, "2026-03-20T14:00:00Z"}, {2, "2026-03-20T15:00:00Z"}, {67, "2026-03-23T08:00:00Z"}};
    assert_listed(&series, hourly, 3);
}

/* No more than asked for, and none where the hours never open. */
static void test_list_limits(void **state)
{
    (void)state;
    static const struct business_window noon = {720, 780, EVERY_DAY};
    static const struct business_window evening[] = {{1200, 1260, EVERY_DAY}};
    struct tzif file = berlin_file();
    struct zone berlin = zone_of(&file);
    const struct zone *zones[] = {&berlin};
    struct legal_guard guard = {.window = &noon, .zones = zones, .zone_count = 1};
    struct business_hours business = {office, 1, NULL, 0};
    struct call_hours hours = {.business = &business, .business_zone = &berlin};
    struct call_series series =
        every(call_frequency_daily, 1, (struct civil){2026, 3, 27, 3, 0, 0});
    struct call_chain chain = {&series, &berlin, &hours};
    struct call_occurrence first = call_series_first(&series, &berlin);
    struct chain_call calls[10];
    assert_int_equal(call_chain_list(&chain, &first, 10, calls), 10);
    assert_int_equal(call_chain_list(&chain, &first, 2, calls), 2);
    assert_int_equal(call_chain_list(&chain, &first, 0, NULL), 0);
    chain.series = NULL;
    assert_int_equal(call_chain_list(&chain, &first, 10, calls), 1);
    assert_int_equal(calls[0].opening.moves[0].reason, move_reason_BEFORE_OPENING);
    chain.series = &series;
    hours.legal = &guard;
    business.windows = evening;
    assert_int_equal(call_chain_list(&chain, &first, 10, calls), 0);
    assert_int_equal(call_chain_next(&chain, PLACE(1, first.at), first.at, calls),
                     SERIES_NEVER_OPEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wall_clock_is_kept),
        cmocka_unit_test(test_month_ends),
        cmocka_unit_test(test_gap_and_fold),
        cmocka_unit_test(test_a_date_that_does_not_exist),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_what_was_missed),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_a_rule_across_a_gap),
        cmocka_unit_test(test_the_last_second),
        cmocka_unit_test(test_rules_refused),
        cmocka_unit_test(test_a_long_sleep),
        cmocka_unit_test(test_calls_in_hours),
        cmocka_unit_test(test_calls_of_a_day),
        cmocka_unit_test(test_list_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
