/* Lint: what each question says on both sides of its limit (E8). */
#include "domain/lint.h"

#include "lib/tzif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct policy_step step_of(enum step_type type, int after_seconds)
{
    return (struct policy_step){
        .after = SECONDS(after_seconds),
        .since = step_origin_PREVIOUS,
        .type = type,
        .targets = {{.kind = target_kind_PERSON}},
        .target_count = 1,
        .times = 1,
    };
}

static void test_one_way(void **state)
{
    (void)state;
    enum wanted way = WANTED_EMAIL;
    struct policy_rules rules = {.step_count = 1, .steps = {step_of(step_type_CALL, 0)}};
    assert_true(lint_has_one_way(&rules, &way));
    assert_int_equal(way, WANTED_CALL);
    rules.steps[rules.step_count++] = step_of(step_type_REPEAT_CALL, 60);
    assert_true(lint_has_one_way(&rules, &way));
    rules.steps[rules.step_count++] = step_of(step_type_EMAIL, 60);
    assert_false(lint_has_one_way(&rules, &way));
    assert_true(policy_built_in(STR("default"), &rules));
    assert_false(lint_has_one_way(&rules, &way));
    assert_true(policy_built_in(STR("missed-meeting"), &rules));
    assert_false(lint_has_one_way(&rules, &way));
}

static void test_outlasts(void **state)
{
    (void)state;
    struct policy_rules rules;
    assert_true(policy_built_in(STR("missed-meeting"), &rules));
    assert_true(lint_climb(&rules).us == MINUTES(10).us);
    assert_false(lint_outlasts(&rules, MINUTES(5), MINUTES(15)));
    assert_true(lint_outlasts(&rules, MINUTES(5), MINUTES(14)));
    assert_false(lint_outlasts(&rules, MINUTES(5), LINT_MEETING));
    rules.repeats = 2;
    rules.repeat_after = MINUTES(13);
    assert_true(lint_climb(&rules).us == MINUTES(10 + 2 * 23).us);
    assert_false(lint_outlasts(&rules, MINUTES(4), LINT_MEETING));
    assert_true(lint_outlasts(&rules, MINUTES(5), LINT_MEETING));
}

static void test_most_calls(void **state)
{
    (void)state;
    struct policy_rules rules = {.step_count = 3};
    rules.steps[0] = step_of(step_type_EMAIL, 0);
    rules.steps[1] = step_of(step_type_CALL, 300);
    rules.steps[2] = step_of(step_type_CALL, 0); /* At the same instant as the one before. */
    rules.steps[2].targets[0] = (struct policy_target){target_kind_USER, {7}};
    rules.steps[2].targets[1] = (struct policy_target){target_kind_SCHEDULE, {8}};
    rules.steps[2].target_count = 2;
    struct lint_burst burst = lint_most_calls(&rules, 214);
    assert_int_equal(burst.calls, 216);
    assert_int_equal(burst.step, 1);
    rules.steps[2].after = SECONDS(1);
    burst = lint_most_calls(&rules, 214);
    assert_int_equal(burst.calls, 214);
    assert_int_equal(burst.step, 1);
    burst = lint_most_calls(&rules, 1);
    assert_int_equal(burst.calls, 2);
    assert_int_equal(burst.step, 2);
    rules.step_count = 1;
    assert_int_equal(lint_most_calls(&rules, 214).calls, 0);
}

static void test_time_of_calls(void **state)
{
    (void)state;
    assert_true(lint_calls_time(214, 1000).us == SECONDS(214).us);
    assert_true(lint_calls_time(214, 2000).us == SECONDS(107).us);
    assert_true(lint_calls_time(5, 2500).us == SECONDS(2).us);
    assert_true(lint_calls_time(1000000, 0).us == 0);
    assert_true(lint_calls_time(0, 1000).us == 0);
    assert_false(lint_calls_time(60, 1000).us > LINT_CALLS_MAX.us);
    assert_true(lint_calls_time(61, 1000).us > LINT_CALLS_MAX.us);
}

static void test_ways(void **state)
{
    (void)state;
    static const struct reach_limits all = {true, true, true, true, 1, true};
    struct reach_limits no_calls = all;
    no_calls.call_on = false;
    struct reach reach = {.takes_calls = true};
    assert_int_equal(lint_ways(&reach, &all), 0);
    reach.has_email = true;
    assert_int_equal(lint_ways(&reach, &all), 1);
    reach.has_phone = true;
    assert_int_equal(lint_ways(&reach, &all), 3);
    reach.is_quiet = true; /* Now, not for ever. */
    assert_int_equal(lint_ways(&reach, &all), 3);
    assert_int_equal(lint_ways(&reach, &no_calls), 2);
    reach.takes_calls = false;
    assert_int_equal(lint_ways(&reach, &all), 2);
    reach.suppressed[channel_SMS] = failure_category_opted_out;
    assert_int_equal(lint_ways(&reach, &all), 1);
    reach.suppressed[channel_EMAIL] = failure_category_invalid_number;
    assert_int_equal(lint_ways(&reach, &all), 0);
}

static const struct oncall_member two[] = {{{1}, false}, {{2}, false}};

/* Berlin: 02:00 to 03:00 is left out on 2026-03-29, at 01:00 UTC. */
static void expect_gap(const struct oncall_layer *layer, const char *when)
{
    struct tzif file = berlin_file();
    struct zone zone = zone_of(&file);
    struct instant found = INSTANT_NONE;
    struct lint_span year = {at("2026-01-05T09:00:00Z"), at("2027-01-05T09:00:00Z")};
    assert_int_equal(lint_handoff_in_gap(layer, &zone, year, &found), when != NULL);
    if (when != NULL) {
        assert_true(found.us == at(when).us);
    }
}

static void test_handoff_in_gap(void **state)
{
    (void)state;
    struct oncall_layer layer = {.kind = rotation_kind_DAILY,
                                 .interval = 1,
                                 .handoff_minute = 120,
                                 .start = at("2026-01-01T00:00:00Z"),
                                 .members = two,
                                 .member_count = 2};
    expect_gap(&layer, "2026-03-29T01:00:00Z");
    layer.handoff_minute = 179;
    expect_gap(&layer, "2026-03-29T01:00:00Z");
    layer.handoff_minute = 180; /* The first minute that there is. */
    expect_gap(&layer, NULL);
    layer.handoff_minute = 119;
    expect_gap(&layer, NULL);
    layer.handoff_minute = 150;
    layer.member_count = 1; /* Nothing is handed over. */
    expect_gap(&layer, NULL);
    layer.member_count = 2;
    layer.end = at("2026-03-29T01:00:00Z");
    expect_gap(&layer, NULL);
    layer.end = at("2026-03-29T01:00:01Z");
    expect_gap(&layer, "2026-03-29T01:00:00Z");
    layer.start = at("2026-04-01T00:00:00Z");
    layer.end = INSTANT_NONE;
    expect_gap(&layer, NULL);
}

/* That day is a Sunday; other days of the week are not concerned. */
static void test_weekly_handoff_in_gap(void **state)
{
    (void)state;
    struct oncall_layer layer = {.kind = rotation_kind_WEEKLY,
                                 .interval = 1,
                                 .handoff_minute = 150,
                                 .handoff_day = 0,
                                 .start = at("2026-01-01T00:00:00Z"),
                                 .members = two,
                                 .member_count = 2};
    expect_gap(&layer, "2026-03-29T01:00:00Z");
    layer.handoff_day = 1;
    expect_gap(&layer, NULL);
    layer.kind = rotation_kind_HOURLY;
    expect_gap(&layer, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_way),
        cmocka_unit_test(test_outlasts),
        cmocka_unit_test(test_most_calls),
        cmocka_unit_test(test_time_of_calls),
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_handoff_in_gap),
        cmocka_unit_test(test_weekly_handoff_in_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
