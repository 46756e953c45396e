/* Policies: when each row is due, what comes built in, and both sides of each limit (E1). */
#include "domain/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct due_row {
    int level;
    int target;
    int time;
    int seconds;
};

static void check_rungs(const struct policy_rules *rules, const struct due_row *rows, int count)
{
    static struct policy_rung rungs[POLICY_RUNGS_MAX];
    assert_int_equal(policy_rungs(rules, rungs), count);
    for (int i = 0; i < count; i++) {
        assert_int_equal(rungs[i].level, rows[i].level);
        assert_int_equal(rungs[i].target, rows[i].target);
        assert_int_equal(rungs[i].time, rows[i].time);
        assert_int_equal(duration_seconds(rungs[i].after), rows[i].seconds);
    }
    assert_int_equal(duration_seconds(policy_length(rules)),
                     count == 0 ? 0 : rows[count - 1].seconds);
}

/* One step for the person, `after` seconds after the one before. */
static struct policy_step step_of(enum step_type type, int after)
{
    return (struct policy_step){
        .after = SECONDS(after),
        .since = step_origin_PREVIOUS,
        .type = type,
        .targets = {{.kind = target_kind_PERSON}},
        .target_count = 1,
        .times = 1,
    };
}

static void test_built_in_default(void **state)
{
    (void)state;
    static const struct due_row rows[] = {{1, 0, 0, 300}, {2, 0, 0, 1200}, {3, 0, 0, 4800}};
    static const enum step_type types[] = {step_type_IN_APP, step_type_EMAIL, step_type_MESSAGE};
    static const int after[] = {5, 15, 60};
    struct policy_rules rules;
    assert_true(policy_built_in(STR("default"), &rules));
    assert_int_equal(rules.step_count, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rules.steps[i].type, types[i]);
        assert_int_equal(rules.steps[i].since, step_origin_PREVIOUS);
        assert_true(rules.steps[i].after.us == MINUTES(after[i]).us);
        assert_int_equal(rules.steps[i].target_count, 1);
        assert_int_equal(rules.steps[i].targets[0].kind, target_kind_PERSON);
        assert_int_equal(rules.steps[i].times, 1);
        assert_false(rules.steps[i].overrides_quiet_hours);
    }
    assert_int_equal(rules.repeats, 0);
    assert_true(rules.lease.us == 0);
    check_rungs(&rules, rows, 3);
    assert_int_equal(policy_check(&rules, NULL), OK);
}

static void test_built_in_missed_meeting(void **state)
{
    (void)state;
    static const struct due_row rows[] = {
        {1, 0, 0, 0}, {2, 0, 0, 120}, {3, 0, 0, 300}, {4, 0, 0, 600}};
    static const enum step_type types[] = {step_type_EMAIL, step_type_MESSAGE, step_type_CALL,
                                           step_type_REPEAT_CALL};
    struct policy_rules rules;
    assert_true(policy_built_in(STR("missed-meeting"), &rules));
    for (int i = 0; i < 4; i++) {
        assert_int_equal(rules.steps[i].type, types[i]);
        assert_int_equal(rules.steps[i].since, step_origin_START);
    }
    check_rungs(&rules, rows, 4);
    assert_int_equal(policy_check(&rules, NULL), OK);
}

static void test_names_that_are_not_built_in(void **state)
{
    (void)state;
    struct policy_rules rules;
    assert_false(policy_built_in(STR("Default"), &rules));
    assert_false(policy_built_in(STR("missed_meeting"), &rules));
    assert_false(policy_built_in(STR("default "), &rules));
    assert_false(policy_built_in(STR(""), &rules));
    assert_false(policy_built_in(STR_NONE, &rules));
    assert_int_equal(rules.step_count, 0);
}

/* A step that repeats does not hold back the next one, which counts from when it was due first;
 * what falls due at one instant stands by level, time and target. */
static void test_repeats_and_targets(void **state)
{
    (void)state;
    struct policy_rules rules = {.step_count = 3};
    rules.steps[0] = step_of(step_type_CALL, 60);
    rules.steps[0].times = 3;
    rules.steps[0].every = SECONDS(120);
    rules.steps[0].targets[1] = (struct policy_target){.kind = target_kind_EMERGENCY_CONTACT};
    rules.steps[0].target_count = 2;
    rules.steps[1] = step_of(step_type_EMAIL, 120);
    rules.steps[2] = step_of(step_type_SMS, 30);
    rules.steps[2].since = step_origin_START;
    static const struct due_row rows[] = {
        {3, 0, 0, 30},  {1, 0, 0, 60},  {1, 1, 0, 60},  {1, 0, 1, 180},
        {1, 1, 1, 180}, {2, 0, 0, 180}, {1, 0, 2, 300}, {1, 1, 2, 300},
    };
    check_rungs(&rules, rows, 8);
    assert_int_equal(policy_check(&rules, NULL), OK);
}

/* START moves what comes after it too. */
static void test_previous_after_start(void **state)
{
    (void)state;
    struct policy_rules rules = {.step_count = 3};
    rules.steps[0] = step_of(step_type_EMAIL, 600);
    rules.steps[1] = step_of(step_type_SMS, 60);
    rules.steps[1].since = step_origin_START;
    rules.steps[2] = step_of(step_type_CALL, 30);
    static const struct due_row rows[] = {{2, 0, 0, 60}, {3, 0, 0, 90}, {1, 0, 0, 600}};
    check_rungs(&rules, rows, 3);
}

static void test_no_steps(void **state)
{
    (void)state;
    struct policy_rules rules = {.step_count = 0};
    check_rungs(&rules, NULL, 0);
}

static void expect_problem(const struct policy_rules *rules, const char *field)
{
    struct problem problem = {0};
    assert_int_equal(policy_check(rules, &problem), E_INVALID);
    assert_string_equal(problem.field, field);
    assert_true(problem.message[0] != '\0');
}

static void test_most_rungs(void **state)
{
    (void)state;
    struct policy_rules rules = {.step_count = 20};
    static struct policy_rung rungs[POLICY_RUNGS_MAX];
    for (int i = 0; i < 20; i++) {
        rules.steps[i] = step_of(step_type_CALL, 1);
        rules.steps[i].times = 30;
        rules.steps[i].every = SECONDS(1);
    }
    assert_int_equal(policy_check(&rules, NULL), OK);
    assert_int_equal(policy_rungs(&rules, rungs), POLICY_RUNGS_MAX);
    for (int i = 1; i < POLICY_RUNGS_MAX; i++) {
        assert_true(rungs[i - 1].after.us <= rungs[i].after.us);
        if (rungs[i - 1].after.us == rungs[i].after.us) {
            assert_true(rungs[i - 1].level < rungs[i].level);
        }
    }
    assert_int_equal(duration_seconds(policy_length(&rules)), 20 + 29);
    rules.steps[19].targets[1].kind = target_kind_EMERGENCY_CONTACT;
    rules.steps[19].target_count = 2;
    expect_problem(&rules, "steps");
}

static void test_counts(void **state)
{
    (void)state;
    struct policy_rules rules = {.step_count = 0};
    expect_problem(&rules, "steps");
    rules.step_count = 1;
    rules.steps[0] = step_of(step_type_EMAIL, 0);
    assert_int_equal(policy_check(&rules, NULL), OK);
    rules.steps[0].target_count = 0;
    expect_problem(&rules, "steps[0].targets");
    rules.steps[0].target_count = 1;
    rules.steps[0].times = 2;
    expect_problem(&rules, "steps[0].repeat.everyMinutes");
    rules.steps[0].every = SECONDS(60);
    assert_int_equal(policy_check(&rules, NULL), OK);
}

static void test_targets(void **state)
{
    (void)state;
    struct policy_rules rules = {.step_count = 12};
    for (int i = 0; i < 12; i++) {
        rules.steps[i] = step_of(step_type_EMAIL, 1);
    }
    struct policy_step *step = &rules.steps[11];
    step->target_count = 3;
    step->targets[1] = (struct policy_target){target_kind_USER, {7}};
    step->targets[2] = (struct policy_target){target_kind_USER, {8}};
    assert_int_equal(policy_check(&rules, NULL), OK);
    step->targets[2] = (struct policy_target){target_kind_SCHEDULE, {7}};
    assert_int_equal(policy_check(&rules, NULL), OK);
    step->targets[2].kind = target_kind_USER;
    expect_problem(&rules, "steps[11].targets[2]"); /* The same person twice. */
    step->targets[2].id = ID_NONE;
    expect_problem(&rules, "steps[11].targets[2].id");
    step->targets[2].kind = target_kind_SCHEDULE;
    expect_problem(&rules, "steps[11].targets[2].id");
    step->targets[2].kind = target_kind_EMERGENCY_CONTACT;
    assert_int_equal(policy_check(&rules, NULL), OK);
    step->type = step_type_IN_APP;
    expect_problem(&rules, "steps[11].targets[2].type");
    step->target_count = 1;
    step->targets[0].id = (struct id){9};
    expect_problem(&rules, "steps[11].targets[0].id");
    step->targets[0] = (struct policy_target){target_kind_USER, {7}};
    step->type = step_type_REPEAT_CALL;
    expect_problem(&rules, "steps[11].targets[0].type");
}

static void test_ladder_and_lease(void **state)
{
    (void)state;
    struct policy_rules rules = {.step_count = 1, .steps = {step_of(step_type_EMAIL, 0)}};
    rules.repeats = 1;
    expect_problem(&rules, "repeatLadder.afterMinutes");
    rules.repeat_after = MINUTES(1);
    assert_int_equal(policy_check(&rules, NULL), OK);
    rules.lease = MINUTES(30);
    expect_problem(&rules, "acknowledgementLease.answerMinutes");
    rules.lease_answer = MINUTES(5);
    assert_int_equal(policy_check(&rules, NULL), OK);
    rules.lease = (struct duration){0};
    expect_problem(&rules, "acknowledgementLease.minutes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_built_in_default),
        cmocka_unit_test(test_built_in_missed_meeting),
        cmocka_unit_test(test_names_that_are_not_built_in),
        cmocka_unit_test(test_repeats_and_targets),
        cmocka_unit_test(test_previous_after_start),
        cmocka_unit_test(test_no_steps),
        cmocka_unit_test(test_most_rungs),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_ladder_and_lease),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
