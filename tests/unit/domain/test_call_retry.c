/* What follows an attempt that reached nobody: each row of the table on both sides of its limit,
 * the failures that are final, the hours, and other times of day. */
#include "domain/call_retry.h"

#include "lib/tzif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct business_window office[] = {{540, 1020, MONDAY_TO_FRIDAY}};
static const struct business_window mornings[] = {{480, 720, EVERY_DAY}};
static const struct business_window nights[] = {{0, 720, EVERY_DAY}};
static const struct business_window only_nights[] = {{1320, 360, EVERY_DAY}};

/* By UTC; without hours where there are no windows. */
static enum call_retry_step decide(const struct call_retry_facts *facts,
                                   const struct business_window *windows, struct instant *out)
{
    struct call_retry_table table;
    struct zone utc = zone_utc();
    struct business_hours business = {windows, 1, NULL, 0};
    struct call_hours hours = {.business = windows == NULL ? NULL : &business,
                               .business_zone = &utc};
    call_retry_default(&table);
    *out = INSTANT_NONE;
    return call_retry_decide(&table, facts, &hours, &utc, out);
}

static struct call_retry_facts facts_at(enum call_outcome outcome, int attempt, const char *when)
{
    return (struct call_retry_facts){
        .outcome = outcome, .attempt = attempt, .tried_at = at(when), .now = at(when)};
}

static void test_each_row(void **state)
{
    (void)state;
    static const struct {
        enum call_outcome outcome;
        int retries;
        int64_t waits[6];
    } rows[] = {
        {call_outcome_busy, 3, {600, 1200, 2400}},
        {call_outcome_no_answer, 3, {3600, 7200, 14400}},
        {call_outcome_failed, 2, {900, 1800}},
        {call_outcome_rate_limited, 6, {60, 120, 240, 480, 960, 1920}},
        {call_outcome_voicemail, 2, {7200, 7200}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        /* At 10:00 what waits two hours comes to another part of the day by itself. */
        for (int attempt = 1; attempt <= rows[i].retries; attempt++) {
            struct call_retry_facts facts =
                facts_at(rows[i].outcome, attempt, "2026-01-05T10:00:00Z");
            struct instant when;
            assert_int_equal(decide(&facts, NULL, &when), CALL_RETRY_AGAIN);
            struct duration wait = instant_since(when, facts.now);
            assert_int_equal(duration_seconds(wait), rows[i].waits[attempt - 1]);
        }
        struct call_retry_facts facts =
            facts_at(rows[i].outcome, rows[i].retries + 1, "2026-01-05T10:00:00Z");
        struct instant when;
        assert_int_equal(decide(&facts, NULL, &when), CALL_RETRY_SPENT);
        assert_false(instant_is_set(when));
    }
    struct call_retry_facts answered = facts_at(call_outcome_answered, 1, "2026-01-05T10:00:00Z");
    struct instant when;
    assert_int_equal(decide(&answered, NULL, &when), CALL_RETRY_NEEDLESS);
}

/* Only `failed` has a category; what the provider says goes before what the category means. */
static void test_final_failures(void **state)
{
    (void)state;
    static const struct {
        enum call_outcome outcome;
        enum failure_category category;
        enum failure_class class;
        enum call_retry_step wanted;
    } rows[] = {
        {call_outcome_failed, failure_category_NONE, failure_class_NONE, CALL_RETRY_AGAIN},
        {call_outcome_failed, failure_category_network, failure_class_NONE, CALL_RETRY_AGAIN},
        {call_outcome_failed, failure_category_timeout, failure_class_NONE, CALL_RETRY_AGAIN},
        {call_outcome_failed, failure_category_provider_error, failure_class_NONE,
         CALL_RETRY_AGAIN},
        {call_outcome_failed, failure_category_unreachable, failure_class_NONE, CALL_RETRY_AGAIN},
        {call_outcome_failed, failure_category_carrier_rejected, failure_class_NONE,
         CALL_RETRY_AGAIN},
        {call_outcome_failed, failure_category_unknown, failure_class_NONE, CALL_RETRY_AGAIN},
        {call_outcome_failed, failure_category_auth, failure_class_NONE, CALL_RETRY_FINAL},
        {call_outcome_failed, failure_category_invalid_number, failure_class_NONE,
         CALL_RETRY_FINAL},
        {call_outcome_failed, failure_category_opted_out, failure_class_NONE, CALL_RETRY_FINAL},
        {call_outcome_failed, failure_category_rejected_content, failure_class_NONE,
         CALL_RETRY_FINAL},
        {call_outcome_failed, failure_category_unknown, failure_class_RECIPIENT, CALL_RETRY_FINAL},
        {call_outcome_failed, failure_category_auth, failure_class_AGAIN, CALL_RETRY_AGAIN},
        {call_outcome_busy, failure_category_invalid_number, failure_class_NONE, CALL_RETRY_AGAIN},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct call_retry_facts facts = facts_at(rows[i].outcome, 1, "2026-01-05T10:00:00Z");
        struct instant when;
        facts.category = rows[i].category;
        facts.class = rows[i].class;
        assert_int_equal(decide(&facts, NULL, &when), rows[i].wanted);
    }
}

static void test_inside_hours(void **state)
{
    (void)state;
    struct instant when;
    /* A Friday; ten minutes later it is still open, or not. */
    struct call_retry_facts facts = facts_at(call_outcome_busy, 1, "2026-01-09T16:49:59Z");
    assert_int_equal(decide(&facts, office, &when), CALL_RETRY_AGAIN);
    assert_int_equal(when.us, at("2026-01-09T16:59:59Z").us);
    facts = facts_at(call_outcome_busy, 1, "2026-01-09T16:50:00Z");
    assert_int_equal(decide(&facts, office, &when), CALL_RETRY_AGAIN);
    assert_int_equal(when.us, at("2026-01-12T09:00:00Z").us);
}

static void test_never_open(void **state)
{
    (void)state;
    struct call_retry_table table;
    struct zone utc = zone_utc();
    const struct zone *zones[] = {&utc};
    static const struct business_window afternoon = {780, 1080, EVERY_DAY};
    struct legal_guard guard = {.window = &afternoon, .zones = zones, .zone_count = 1};
    struct business_hours business = {mornings, 1, NULL, 0};
    struct call_hours hours = {.business = &business, .business_zone = &utc, .legal = &guard};
    call_retry_default(&table);
    static const enum call_outcome outcomes[] = {call_outcome_busy, call_outcome_voicemail};
    for (size_t i = 0; i < ARRAY_LENGTH(outcomes); i++) {
        struct call_retry_facts facts = facts_at(outcomes[i], 1, "2026-01-05T10:00:00Z");
        struct instant when;
        assert_int_equal(call_retry_decide(&table, &facts, &hours, &utc, &when),
                         CALL_RETRY_NO_HOURS);
    }
}

static void test_waits(void **state)
{
    (void)state;
    struct call_retry_table table;
    struct zone utc = zone_utc();
    struct call_hours hours = {.business = NULL};
    struct instant when;
    call_retry_default(&table);
    table.rules[call_outcome_no_answer].retries = CALL_RETRIES_MAX;
    table.rules[call_outcome_busy].doubles = false;
    /* 1 h, 2 h, 4 h, 8 h, 16 h, then a day at most. */
    static const int64_t hours_waited[] = {1, 2, 4, 8, 16, 24, 24};
    for (int attempt = 1; attempt <= 7; attempt++) {
        struct call_retry_facts facts =
            facts_at(call_outcome_no_answer, attempt, "2026-01-05T10:00:00Z");
        assert_int_equal(call_retry_decide(&table, &facts, &hours, &utc, &when), CALL_RETRY_AGAIN);
        assert_int_equal(instant_since(when, facts.now).us, HOURS(hours_waited[attempt - 1]).us);
    }
    struct call_retry_facts facts = facts_at(call_outcome_busy, 3, "2026-01-05T10:00:00Z");
    assert_int_equal(call_retry_decide(&table, &facts, &hours, &utc, &when), CALL_RETRY_AGAIN);
    assert_int_equal(instant_since(when, facts.now).us, SECONDS(600).us);
    /* Retry-After is kept where it asks for more, and does not shorten what the table says. */
    facts.asked_for = SECONDS(601);
    assert_int_equal(call_retry_decide(&table, &facts, &hours, &utc, &when), CALL_RETRY_AGAIN);
    assert_int_equal(instant_since(when, facts.now).us, SECONDS(601).us);
    facts.asked_for = SECONDS(599);
    assert_int_equal(call_retry_decide(&table, &facts, &hours, &utc, &when), CALL_RETRY_AGAIN);
    assert_int_equal(instant_since(when, facts.now).us, SECONDS(600).us);
}

static void test_another_time_of_day(void **state)
{
    (void)state;
    static const struct {
        const struct business_window *windows;
        const char *tried;
        const char *wanted;
    } rows[] = {
        /* Morning, then afternoon; two hours are the least. */
        {NULL, "2026-01-05T09:00:00Z", "2026-01-05T12:00:00Z"},
        {NULL, "2026-01-05T11:59:59Z", "2026-01-05T13:59:59Z"},
        {NULL, "2026-01-05T12:00:00Z", "2026-01-05T17:00:00Z"},
        {NULL, "2026-01-05T16:59:59Z", "2026-01-05T18:59:59Z"},
        /* Evening, then not at night but in the morning. */
        {NULL, "2026-01-05T17:00:00Z", "2026-01-06T06:00:00Z"},
        {NULL, "2026-01-05T21:00:00Z", "2026-01-06T06:00:00Z"},
        /* At night, then in the morning. */
        {NULL, "2026-01-05T23:00:00Z", "2026-01-06T06:00:00Z"},
        {NULL, "2026-01-05T05:30:00Z", "2026-01-05T07:30:00Z"},
        /* Inside business hours: a Friday afternoon, then Monday morning. */
        {office, "2026-01-09T09:30:00Z", "2026-01-09T12:00:00Z"},
        {office, "2026-01-09T13:00:00Z", "2026-01-12T09:00:00Z"},
        /* Hours that know one part of the day only: another day. */
        {mornings, "2026-01-05T08:30:00Z", "2026-01-06T08:00:00Z"},
        {mornings, "2026-01-05T11:30:00Z", "2026-01-06T08:00:00Z"},
        {nights, "2026-01-05T10:30:00Z", "2026-01-06T06:00:00Z"},
        {only_nights, "2026-01-05T23:00:00Z", "2026-01-06T01:00:00Z"},
        /* Hours that know nothing but the night, and an attempt that was made by day. */
        {only_nights, "2026-01-05T10:00:00Z", "2026-01-05T22:00:00Z"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct call_retry_facts facts = facts_at(call_outcome_voicemail, 1, rows[i].tried);
        struct instant when;
        assert_int_equal(decide(&facts, rows[i].windows, &when), CALL_RETRY_AGAIN);
        char got[INSTANT_TEXT_MAX];
        struct str text = instant_format(when, got);
        if (!str_equal_text(text, rows[i].wanted)) {
            fail_msg("row %zu: %.*s, not %s", i, STR_FMT(text), rows[i].wanted);
        }
    }
}

/* The parts of the day are those of the callee's zone. */
static void test_the_callees_day(void **state)
{
    (void)state;
    struct tzif file = fixed_file(-18000, "FIX5");
    struct zone zone = zone_of(&file);
    struct call_retry_table table;
    struct call_hours hours = {.business = NULL};
    struct instant when;
    call_retry_default(&table);
    /* 14:00Z is 09:00 there; the afternoon begins at 17:00Z. */
    struct call_retry_facts facts = facts_at(call_outcome_voicemail, 1, "2026-01-05T14:00:00Z");
    assert_int_equal(call_retry_decide(&table, &facts, &hours, &zone, &when), CALL_RETRY_AGAIN);
    assert_int_equal(when.us, at("2026-01-05T17:00:00Z").us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_row),        cmocka_unit_test(test_final_failures),
        cmocka_unit_test(test_inside_hours),    cmocka_unit_test(test_never_open),
        cmocka_unit_test(test_waits),           cmocka_unit_test(test_another_time_of_day),
        cmocka_unit_test(test_the_callees_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
