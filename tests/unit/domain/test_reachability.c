/* The score of a person and a channel, and the median of what it took them to answer. O8. */
#include "domain/reachability.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void nothing_scores_nothing(void **state)
{
    (void)state;
    struct reach_tally tally = {0};
    assert_int_equal(reach_score(&tally), 0);
}

/* Both sides of what counts as reached. */
static void reached_begins_at_the_handset(void **state)
{
    (void)state;
    struct reach_tally tally = {0};
    reach_tally_add(&tally, receipt_level_LEFT, false);
    assert_int_equal(tally.reached, 0);
    assert_int_equal(reach_score(&tally), 0);
    reach_tally_add(&tally, receipt_level_REACHED, false);
    assert_int_equal(tally.reached, 1);
    assert_int_equal(reach_score(&tally), 50);
}

static void an_answer_that_was_asked_for_counts_as_much(void **state)
{
    (void)state;
    struct reach_tally tally = {0};
    reach_tally_add(&tally, receipt_level_HUMAN, true);
    assert_int_equal(tally.confirmed, 0);
    assert_int_equal(reach_score(&tally), 50);
    reach_tally_add(&tally, receipt_level_CONFIRMED, true);
    assert_int_equal(reach_score(&tally), 75);
    reach_tally_add(&tally, receipt_level_NONE, true);
    assert_int_equal(reach_score(&tally), 50);
}

/* A reminder asks nothing: not answering it costs nothing, answering it is worth something. */
static void a_reminder_asks_nothing(void **state)
{
    (void)state;
    struct reach_tally tally = {0};
    reach_tally_add(&tally, receipt_level_REACHED, false);
    assert_int_equal(reach_score(&tally), 100);
    reach_tally_add(&tally, receipt_level_CONFIRMED, false);
    assert_int_equal(tally.asked, 1);
    assert_int_equal(reach_score(&tally), 100);
}

static void the_median_is_the_lower_middle(void **state)
{
    (void)state;
    int64_t seconds[] = {90, 10, 400, 30};
    assert_int_equal(reach_median(seconds, 0), 0);
    assert_int_equal(reach_median(seconds, 4), 30);
    assert_int_equal(seconds[3], 400);
    assert_int_equal(reach_median(seconds, 3), 30);
    assert_int_equal(reach_median(seconds, 1), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_scores_nothing),
        cmocka_unit_test(reached_begins_at_the_handset),
        cmocka_unit_test(an_answer_that_was_asked_for_counts_as_much),
        cmocka_unit_test(a_reminder_asks_nothing),
        cmocka_unit_test(the_median_is_the_lower_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
