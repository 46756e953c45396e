/* The ladders of drills of one person, which come built in and are not listed. O8. */
#include "domain/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_way_a_minute_apart(void **state)
{
    (void)state;
    struct policy_rules rules;
    struct policy_rung rungs[POLICY_RUNGS_MAX];
    assert_true(policy_built_in(STR("drill-person"), &rules));
    assert_int_equal(rules.step_count, 3);
    assert_int_equal(rules.steps[0].type, step_type_EMAIL);
    assert_int_equal(rules.steps[1].type, step_type_MESSAGE);
    assert_int_equal(rules.steps[2].type, step_type_CALL);
    assert_int_equal(policy_check(&rules, NULL), OK);
    assert_int_equal(policy_rungs(&rules, rungs), 3);
    assert_int_equal(rungs[0].after.us, 0);
    assert_int_equal(rungs[2].after.us, SECONDS(120).us);
}

static void the_ways_that_were_chosen(void **state)
{
    (void)state;
    struct policy_rules rules;
    assert_true(policy_built_in(STR("drill-person:CALL+SMS"), &rules));
    assert_int_equal(rules.step_count, 2);
    assert_int_equal(rules.steps[0].type, step_type_CALL);
    assert_int_equal(rules.steps[1].type, step_type_SMS);
}

static void nothing_else(void **state)
{
    (void)state;
    struct policy_rules rules;
    static const char *const wrong[] = {
        "drill-person:",     "drill-person:FAX",
        "drill-person:SMS+", "drill-person:REPEAT_CALL",
        "drill-personal",    "drill",
        "drill-person:sms",  "drill-person:SMS+SMS+SMS+SMS+SMS+SMS+SMS"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        assert_false(policy_built_in(str_from(wrong[i]), &rules));
        assert_int_equal(rules.step_count, 0);
    }
    assert_true(policy_built_in(STR("drill-person:SMS+SMS+SMS+SMS+SMS+SMS"), &rules));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_a_minute_apart),
        cmocka_unit_test(the_ways_that_were_chosen),
        cmocka_unit_test(nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
