/* Stages, ladders and waits: both sides of each limit, and the built-in tables word by word. */
#include "domain/plan.h"
#include "domain/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct instant start = {1767603600000000}; /* 2026-01-05T09:00:00Z */

static void test_built_in_stages(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        int due;
        int valid;
        enum wanted wanted;
    } rows[] = {
        {"MEETING_UPCOMING_EMAIL", 15, 10, WANTED_EMAIL},
        {"MEETING_URGENT_MESSAGE", 5, 2, WANTED_MESSAGE},
        {"MEETING_CRITICAL_CALL", 2, 0, WANTED_CALL},
    };
    struct stage_rule stages[STAGES_MAX];
    assert_int_equal(stages_default(stages), ARRAY_LENGTH(rows));
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_int_equal(stages[i].number, i + 1);
        assert_string_equal(stages[i].alert_type, rows[i].type);
        assert_true(stages[i].due_before.us == MINUTES(rows[i].due).us);
        assert_true(stages[i].valid_before.us == MINUTES(rows[i].valid).us);
        assert_int_equal(stages[i].wanted, rows[i].wanted);
    }
}

static void test_limits_of_stages(void **state)
{
    (void)state;
    struct stage_rule stages[STAGES_MAX];
    size_t count = stages_default(stages);
    for (size_t i = 0; i < count; i++) {
        struct stage_times times = stage_times(&stages[i], start);
        struct duration tick = MICROSECONDS(1);
        assert_true(times.due_at.us == start.us - stages[i].due_before.us);
        assert_true(times.valid_until.us == start.us - stages[i].valid_before.us);
        assert_int_equal(stage_decide(times, instant_sub(times.due_at, tick)), STAGE_WAIT);
        assert_int_equal(stage_decide(times, times.due_at), STAGE_FIRE);
        assert_int_equal(stage_decide(times, instant_sub(times.valid_until, tick)), STAGE_FIRE);
        assert_int_equal(stage_decide(times, times.valid_until), STAGE_TOO_LATE);
        assert_int_equal(stage_decide(times, instant_add(start, DAYS(300))), STAGE_TOO_LATE);
        assert_int_equal(stage_decide(times, instant_sub(start, DAYS(300))), STAGE_WAIT);
    }
}

/* A meeting found 12 minutes ahead gets its email at once, one found 8 minutes ahead does not, and
 * neither loses a later stage (A2). */
static void test_meeting_found_late(void **state)
{
    (void)state;
    static const struct {
        int minutes_before;
        enum stage_action actions[3];
    } rows[] = {
        {16, {STAGE_WAIT, STAGE_WAIT, STAGE_WAIT}},
        {12, {STAGE_FIRE, STAGE_WAIT, STAGE_WAIT}},
        {8, {STAGE_TOO_LATE, STAGE_WAIT, STAGE_WAIT}},
        {4, {STAGE_TOO_LATE, STAGE_FIRE, STAGE_WAIT}},
        {1, {STAGE_TOO_LATE, STAGE_TOO_LATE, STAGE_FIRE}},
        {0, {STAGE_TOO_LATE, STAGE_TOO_LATE, STAGE_TOO_LATE}},
    };
    struct stage_rule stages[STAGES_MAX];
    size_t count = stages_default(stages);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < ARRAY_LENGTH(rows) * 3; i++) {
        struct instant now = instant_sub(start, MINUTES(rows[i / 3].minutes_before));
        struct stage_times times = stage_times(&stages[i % 3], start);
        assert_int_equal(stage_decide(times, now), rows[i / 3].actions[i % 3]);
    }
}

/* A stage without an interval can only be too late or early: it never fires twice by chance. */
static void test_empty_interval(void **state)
{
    (void)state;
    struct stage_rule stage = {.due_before = MINUTES(3), .valid_before = MINUTES(3)};
    struct stage_times times = stage_times(&stage, start);
    assert_int_equal(stage_decide(times, instant_sub(times.due_at, MICROSECONDS(1))), STAGE_WAIT);
    assert_int_equal(stage_decide(times, times.due_at), STAGE_TOO_LATE);
}

struct ladder_row {
    int seconds;
    enum step_type type;
};

static void check_ladder(const char *policy, const struct ladder_row *rows, size_t count)
{
    struct policy_rules rules;
    struct policy_rung rungs[POLICY_RUNGS_MAX];
    assert_int_equal(policy_built_in(str_from(policy), &rules), count > 0);
    if (count == 0) {
        return;
    }
    assert_int_equal(policy_rungs(&rules, rungs), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(rungs[i].level, i + 1);
        assert_true(rungs[i].after.us == SECONDS(rows[i].seconds).us);
        assert_int_equal(rules.steps[i].type, rows[i].type);
    }
}

static void test_ladders(void **state)
{
    (void)state;
    /* E1: offsets from the start; those of `default` are +5, then +15, then +60 minutes. */
    static const struct ladder_row missed_meeting[] = {
        {0, step_type_EMAIL},
        {2 * 60, step_type_MESSAGE},
        {5 * 60, step_type_CALL},
        {10 * 60, step_type_REPEAT_CALL},
    };
    static const struct ladder_row by_default[] = {
        {5 * 60, step_type_IN_APP},
        {(5 + 15) * 60, step_type_EMAIL},
        {(5 + 15 + 60) * 60, step_type_MESSAGE},
    };
    check_ladder("missed-meeting", missed_meeting, ARRAY_LENGTH(missed_meeting));
    check_ladder("default", by_default, ARRAY_LENGTH(by_default));
    check_ladder("missed_meeting", NULL, 0);
    check_ladder("Default", NULL, 0);
    check_ladder("", NULL, 0);
    struct policy_rules rules;
    assert_false(policy_built_in(STR_NONE, &rules));
}

static void test_backoff(void **state)
{
    (void)state;
    static const struct {
        int first_seconds;
        int attempt;
        int seconds;
    } rows[] = {
        {2, 1, 2},       {2, 2, 4},       {2, 3, 8},
        {2, 11, 2048},   {2, 12, 3600},   {2, 2147483647, 3600},
        {1800, 1, 1800}, {1800, 2, 3600}, {1800, 3, 3600},
        {3600, 1, 3600}, {3601, 1, 3600}, {7200, 5, 3600},
        {0, 1, 0},       {0, 40, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct duration wait = backoff(SECONDS(rows[i].first_seconds), rows[i].attempt);
        assert_true(wait.us == SECONDS(rows[i].seconds).us);
    }
}

static void test_what_steps_want(void **state)
{
    (void)state;
    static const struct {
        enum step_type type;
        enum wanted wanted;
        enum channel channel;
    } rows[] = {
        {step_type_IN_APP, WANTED_IN_APP, channel_IN_APP},
        {step_type_EMAIL, WANTED_EMAIL, channel_EMAIL},
        {step_type_MESSAGE, WANTED_MESSAGE, channel_SMS},
        {step_type_SMS, WANTED_SMS, channel_SMS},
        {step_type_WHATSAPP, WANTED_WHATSAPP, channel_WHATSAPP},
        {step_type_CALL, WANTED_CALL, channel_CALL},
        {step_type_REPEAT_CALL, WANTED_CALL, channel_CALL},
    };
    assert_int_equal(ARRAY_LENGTH(rows), step_type_COUNT - 1);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_int_equal(wanted_of_step(rows[i].type), rows[i].wanted);
        assert_int_equal(channel_of_wanted(rows[i].wanted), rows[i].channel);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_built_in_stages),
        cmocka_unit_test(test_limits_of_stages),
        cmocka_unit_test(test_meeting_found_late),
        cmocka_unit_test(test_empty_interval),
        cmocka_unit_test(test_ladders),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_what_steps_want),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
