/* What follows what an event sink answered (requirement D7): waits, halving, dead letters. */
#include "domain/sink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct sink_decision after(struct sink_standing standing, enum sink_outcome outcome,
                                  int confirmed, int asked)
{
    struct sink_report report = {.outcome = outcome, .confirmed = confirmed, .asked = asked};
    return sink_decide(&standing, &report);
}

static void test_success_forgets_what_was(void **state)
{
    (void)state;
    struct sink_standing standing = {.failures = 4, .suspects = 0, .refused = 3};
    struct sink_decision decision = after(standing, SINK_TAKEN, 10, 10);
    assert_int_equal(decision.standing.failures, 0);
    assert_int_equal(decision.standing.refused, 0);
    assert_int_equal(decision.wait.us, 0);
    assert_false(decision.drops_next || decision.is_failing || decision.is_paused);
    assert_false(decision.needs_operator);
}

static void test_waits_double_to_five_minutes(void **state)
{
    (void)state;
    static const int64_t seconds[] = {2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300};
    struct sink_standing standing = {0};
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        struct sink_decision decision = after(standing, SINK_LATER, 0, 10);
        assert_int_equal(decision.wait.us, SECONDS(seconds[i]).us);
        assert_true(decision.is_failing);
        assert_false(decision.drops_next);
        assert_int_equal(decision.needs_operator, i + 1 >= SINK_FAILURES_TOLD);
        standing = decision.standing;
    }
}

static void test_a_longer_wait_that_is_asked_for_counts(void **state)
{
    (void)state;
    struct sink_standing standing = {0};
    struct sink_report report = {.outcome = SINK_LATER, .asked = 1, .retry_after_seconds = 90};
    assert_int_equal(sink_decide(&standing, &report).wait.us, SECONDS(90).us);
    report.retry_after_seconds = 1;
    assert_int_equal(sink_decide(&standing, &report).wait.us, SECONDS(2).us);
    report.retry_after_seconds = INT64_MAX;
    assert_int_equal(sink_decide(&standing, &report).wait.us, SECONDS(3600).us);
    report = (struct sink_report){.outcome = SINK_LIMITED, .asked = 10};
    assert_int_equal(sink_decide(&standing, &report).wait.us, SECONDS(30).us);
    report.retry_after_seconds = 45;
    assert_int_equal(sink_decide(&standing, &report).wait.us, SECONDS(45).us);
}

static void test_closed_tells_an_operator_at_once(void **state)
{
    (void)state;
    struct sink_decision decision = after((struct sink_standing){0}, SINK_CLOSED, 0, 10);
    assert_true(decision.needs_operator && decision.is_failing);
    assert_int_equal(decision.wait.us, SECONDS(300).us);
    assert_false(decision.drops_next || decision.is_paused);
}

static void test_gone_pauses(void **state)
{
    (void)state;
    struct sink_decision decision = after((struct sink_standing){0}, SINK_GONE, 0, 1);
    assert_true(decision.is_paused && decision.needs_operator);
    assert_false(decision.drops_next);
}

/* Every place of a bad one among ten: nine arrive, one is put aside, in a handful of requests. */
static void test_halving_finds_the_bad_one(void **state)
{
    (void)state;
    for (int bad = 0; bad < 10; bad++) {
        struct sink_standing standing = {0};
        int at = 0, dropped = -1, arrived = 0, requests = 0;
        while (at < 10) {
            int size = sink_batch(&standing, 10);
            size = size < 10 - at ? size : 10 - at;
            bool has_bad = at <= bad && bad < at + size;
            struct sink_decision decision =
                after(standing, has_bad ? SINK_BAD : SINK_TAKEN, has_bad ? 0 : size, size);
            requests++;
            assert_int_equal(decision.wait.us, 0);
            if (decision.drops_next) {
                assert_int_equal(dropped, -1);
                assert_int_equal(size, 1);
                dropped = at++;
            } else if (!has_bad) {
                arrived += size;
                at += size;
            }
            standing = decision.standing;
        }
        assert_int_equal(dropped, bad);
        assert_int_equal(arrived, 9);
        assert_true(requests <= 10);
        assert_int_equal(standing.suspects, 0);
    }
}

static void test_what_is_said_yes_to_and_not_shown_is_put_aside_in_the_end(void **state)
{
    (void)state;
    struct sink_standing standing = {0};
    for (int i = 1; i < SINK_TRIES_MAX; i++) {
        struct sink_decision decision = after(standing, SINK_TAKEN, 0, 3);
        assert_false(decision.drops_next);
        assert_true(decision.wait.us > 0);
        standing = decision.standing;
    }
    assert_true(after(standing, SINK_TAKEN, 0, 3).drops_next);
    struct sink_decision partly = after(standing, SINK_TAKEN, 2, 3);
    assert_false(partly.drops_next || partly.is_failing);
    assert_int_equal(partly.standing.failures, 0);
}

static void test_one_refused_after_another_casts_doubt_on_the_sink(void **state)
{
    (void)state;
    struct sink_standing standing = {0};
    for (int i = 1; i < SINK_REFUSED_MAX; i++) {
        struct sink_decision decision = after(standing, SINK_BAD, 0, 1);
        assert_true(decision.drops_next);
        assert_false(decision.needs_operator);
        assert_int_equal(decision.wait.us, 0);
        standing = decision.standing;
    }
    struct sink_decision decision = after(standing, SINK_BAD, 0, 1);
    assert_true(decision.drops_next && decision.needs_operator && decision.is_failing);
    assert_int_equal(decision.wait.us, SECONDS(300).us);
}

static void test_posts_that_are_refused_get_five_tries(void **state)
{
    (void)state;
    struct sink_standing standing = {0};
    for (int i = 1; i < SINK_TRIES_MAX; i++) {
        struct sink_decision decision = after(standing, SINK_REFUSED, 0, 1);
        assert_false(decision.drops_next);
        standing = decision.standing;
    }
    struct sink_decision decision = after(standing, SINK_REFUSED, 0, 1);
    assert_true(decision.drops_next);
    assert_int_equal(decision.standing.failures, 0);
    /* One that arrives before counts them anew. */
    assert_false(after(standing, SINK_REFUSED, 1, 1).drops_next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_success_forgets_what_was),
        cmocka_unit_test(test_waits_double_to_five_minutes),
        cmocka_unit_test(test_a_longer_wait_that_is_asked_for_counts),
        cmocka_unit_test(test_closed_tells_an_operator_at_once),
        cmocka_unit_test(test_gone_pauses),
        cmocka_unit_test(test_halving_finds_the_bad_one),
        cmocka_unit_test(test_what_is_said_yes_to_and_not_shown_is_put_aside_in_the_end),
        cmocka_unit_test(test_one_refused_after_another_casts_doubt_on_the_sink),
        cmocka_unit_test(test_posts_that_are_refused_get_five_tries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
