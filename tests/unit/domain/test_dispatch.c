/* The life of a dispatch: every pair of state and move against a table written out by hand; and
 * when a technician is asked again. */
#include "domain/dispatch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NO_WAY dispatch_state_NONE

/* Requirement D2, read from the requirement and not from the table under test. */
static const enum dispatch_state expected[dispatch_state_COUNT][DISPATCH_MOVE_COUNT] = {
    [dispatch_state_NEW] =
        {
            [dispatch_move_ask] = dispatch_state_DISPATCHING,
            [dispatch_move_accept] = NO_WAY,
            [dispatch_move_exhaust] = NO_WAY,
            [dispatch_move_cancel] = dispatch_state_CANCELLED,
            [dispatch_move_complete] = NO_WAY,
        },
    [dispatch_state_DISPATCHING] =
        {
            [dispatch_move_ask] = dispatch_state_DISPATCHING,
            [dispatch_move_accept] = dispatch_state_ACCEPTED,
            [dispatch_move_exhaust] = dispatch_state_EXHAUSTED,
            [dispatch_move_cancel] = dispatch_state_CANCELLED,
            [dispatch_move_complete] = NO_WAY,
        },
    [dispatch_state_EXHAUSTED] =
        {
            [dispatch_move_ask] = NO_WAY,
            [dispatch_move_accept] = dispatch_state_ACCEPTED,
            [dispatch_move_exhaust] = NO_WAY,
            [dispatch_move_cancel] = dispatch_state_CANCELLED,
            [dispatch_move_complete] = NO_WAY,
        },
    [dispatch_state_ACCEPTED] =
        {
            [dispatch_move_ask] = NO_WAY,
            [dispatch_move_accept] = NO_WAY,
            [dispatch_move_exhaust] = NO_WAY,
            [dispatch_move_cancel] = dispatch_state_CANCELLED,
            [dispatch_move_complete] = dispatch_state_COMPLETED,
        },
    [dispatch_state_CANCELLED] = {NO_WAY, NO_WAY, NO_WAY, NO_WAY, NO_WAY},
    [dispatch_state_COMPLETED] = {NO_WAY, NO_WAY, NO_WAY, NO_WAY, NO_WAY},
};

static void check_refusal(enum dispatch_state from, enum dispatch_move move)
{
    struct problem problem = {0};
    enum dispatch_state to = dispatch_state_NEW;
    assert_int_equal(dispatch_step(from, move, &to, &problem), E_TRANSITION);
    assert_int_equal(to, dispatch_state_NEW);
    assert_int_equal(problem.err, E_TRANSITION);
    assert_string_equal(problem.from, dispatch_state_names.names[from]);
    assert_string_equal(problem.to, dispatch_state_names.names[dispatch_move_target(move)]);
    assert_non_null(strstr(problem.message, problem.from));
    assert_non_null(strstr(problem.message, problem.to));
    assert_int_equal(dispatch_step(from, move, &to, NULL), E_TRANSITION);
}

static void test_all_pairs(void **state)
{
    (void)state;
    int edges = 0;
    for (int from = dispatch_state_NEW; from < dispatch_state_COUNT; from++) {
        for (int move = 0; move < DISPATCH_MOVE_COUNT; move++) {
            enum dispatch_state to = dispatch_state_NONE;
            if (expected[from][move] == NO_WAY) {
                check_refusal((enum dispatch_state)from, (enum dispatch_move)move);
                continue;
            }
            assert_int_equal(
                dispatch_step((enum dispatch_state)from, (enum dispatch_move)move, &to, NULL), OK);
            assert_int_equal(to, expected[from][move]);
            assert_int_equal(to, dispatch_move_target((enum dispatch_move)move));
            edges++;
        }
    }
    assert_int_equal(edges, 10);
}

static void test_what_waits_and_what_is_over(void **state)
{
    (void)state;
    for (int each = dispatch_state_NEW; each < dispatch_state_COUNT; each++) {
        enum dispatch_state ignored = dispatch_state_NONE;
        enum dispatch_state from = (enum dispatch_state)each;
        bool takes_yes = dispatch_step(from, dispatch_move_accept, &ignored, NULL) == OK;
        assert_int_equal(dispatch_waits(from), takes_yes);
        bool has_way_out = false;
        for (int move = 0; move < DISPATCH_MOVE_COUNT; move++) {
            has_way_out |= dispatch_step(from, (enum dispatch_move)move, &ignored, NULL) == OK;
        }
        assert_int_equal(dispatch_is_over(from), !has_way_out);
    }
}

/* D1: by text, and by call too for HIGH and above. */
static void test_who_is_called(void **state)
{
    (void)state;
    assert_false(urgency_calls(urgency_LOW));
    assert_false(urgency_calls(urgency_NORMAL));
    assert_true(urgency_calls(urgency_HIGH));
    assert_true(urgency_calls(urgency_CRITICAL));
}

static void check_minutes(const char *text, const int64_t *minutes, size_t count)
{
    struct followups followups;
    assert_int_equal(followups_parse(str_from(text), &followups, NULL), OK);
    assert_int_equal(followups.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(followups.minutes[i], minutes[i]);
    }
}

static void check_refused(const char *text, const char *says)
{
    struct followups followups;
    struct problem problem = {0};
    assert_int_equal(followups_parse(str_from(text), &followups, &problem), E_INVALID);
    if (strstr(problem.message, says) == NULL) {
        fail_msg("\"%s\" is refused with: %s", text, problem.message);
    }
}

static void test_followups_are_read(void **state)
{
    (void)state;
    check_minutes("2,5,10", (const int64_t[]){2, 5, 10}, 3);
    check_minutes(" 2 , 5 ", (const int64_t[]){2, 5}, 2);
    check_minutes("1", (const int64_t[]){1}, 1);
    check_minutes("1440", (const int64_t[]){1440}, 1);
    check_minutes("1,2,3,4,5,6,7,8,9,10", (const int64_t[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 10);
    check_refused("", "from 1 to 1440");
    check_refused("2,,5", "from 1 to 1440");
    check_refused("2,5,", "from 1 to 1440");
    check_refused("0", "from 1 to 1440");
    check_refused("1441", "from 1 to 1440");
    check_refused("-1", "from 1 to 1440");
    check_refused("2.5", "from 1 to 1440");
    check_refused("two", "such as 2,5,10");
    check_refused("99999999999999999999", "from 1 to 1440");
    check_refused("5,5", "growing: 5 comes after 5");
    check_refused("5,2", "growing: 2 comes after 5");
    check_refused("1,2,3,4,5,6,7,8,9,10,11", "at most 10");
}

/* NORMAL: after 2, 5 and 10 minutes; then the technician has the first wait once more. */
static void test_when_they_follow(void **state)
{
    (void)state;
    struct followups followups;
    assert_int_equal(followups_parse(STR("2,5,10"), &followups, NULL), OK);
    const int64_t minutes[] = {2, 5, 10, 12};
    for (int64_t made = 1; made <= 4; made++) {
        assert_int_equal(followups_has_more(&followups, made), made <= 3);
        assert_int_equal(duration_seconds(followups_wait(&followups, made)),
                         minutes[made - 1] * 60);
    }
    assert_int_equal(duration_seconds(followups_wait(&followups, 9)), 12 * 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_pairs),        cmocka_unit_test(test_what_waits_and_what_is_over),
        cmocka_unit_test(test_who_is_called),    cmocka_unit_test(test_followups_are_read),
        cmocka_unit_test(test_when_they_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
