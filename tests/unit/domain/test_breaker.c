/* The breaker of a provider: what opens it, when one message may try, what closes it. V6, V7. */
#include "domain/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct instant at(int64_t seconds)
{
    return instant_add((struct instant){INT64_C(1767603600000000)}, SECONDS(seconds));
}

static void fail_times(struct breaker *breaker, int times)
{
    for (int i = 0; i < times; i++) {
        breaker_take(breaker, BREAKER_FAILS, at(0));
    }
}

static void test_three_in_a_row_open(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    fail_times(&breaker, 2);
    assert_true(breaker_lets_through(&breaker, at(0)));
    assert_int_equal(breaker_take(&breaker, BREAKER_FAILS, at(0)), BREAKER_OPENED);
    assert_int_equal(breaker.state, breaker_state_OPEN);
    assert_false(breaker_lets_through(&breaker, at(29)));
    assert_true(breaker_lets_through(&breaker, at(30)));
}

static void test_a_success_between_starts_again(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    fail_times(&breaker, 2);
    assert_int_equal(breaker_take(&breaker, BREAKER_WORKS, at(0)), BREAKER_SAME);
    fail_times(&breaker, 2);
    assert_int_equal(breaker.failures, 2);
    assert_true(breaker_lets_through(&breaker, at(0)));
}

static void test_rate_limits_neither_count_nor_forgive(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    fail_times(&breaker, 2);
    assert_int_equal(breaker_take(&breaker, BREAKER_BUSY, at(0)), BREAKER_SAME);
    assert_int_equal(breaker.failures, 2);
    assert_int_equal(breaker_take(&breaker, BREAKER_FAILS, at(0)), BREAKER_OPENED);
}

static void test_one_auth_failure_opens(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    assert_int_equal(breaker_take(&breaker, BREAKER_AUTH, at(0)), BREAKER_OPENED);
    assert_false(breaker_lets_through(&breaker, at(1)));
}

static void test_one_tries(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    assert_false(breaker_try(&breaker, at(0)));
    fail_times(&breaker, 3);
    assert_true(breaker_try(&breaker, at(30)));
    assert_int_equal(breaker.state, breaker_state_HALF_OPEN);
    assert_false(breaker_lets_through(&breaker, at(31)));
    assert_true(breaker_lets_through(&breaker, at(150))); /* Nobody heard of the first. */
    assert_int_equal(breaker_take(&breaker, BREAKER_WORKS, at(31)), BREAKER_CLOSED);
    assert_int_equal(breaker.failures, 0);
    assert_true(breaker_lets_through(&breaker, at(31)));
}

static void test_no_wait_lasts_longer_than_it_was(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    fail_times(&breaker, 3);
    assert_false(breaker_lets_through(&breaker, at(0)));
    assert_true(breaker_lets_through(&breaker, at(-3600)));
    assert_true(breaker_try(&breaker, at(-3600)));
    assert_false(breaker_lets_through(&breaker, at(-3599)));
    assert_true(breaker_lets_through(&breaker, at(-3480)));
    assert_true(breaker_lets_through(&breaker, at(-7200)));
}

static void test_waits_double_to_ten_minutes(void **state)
{
    (void)state;
    static const int64_t waits[] = {30, 60, 120, 240, 480, 600, 600, 600};
    struct breaker breaker = {0};
    int64_t now = 0;
    fail_times(&breaker, 3);
    struct instant opened = breaker.opened_at;
    for (size_t i = 0; i < ARRAY_LENGTH(waits); i++) {
        assert_false(breaker_lets_through(&breaker, at(now + waits[i] - 1)));
        now += waits[i];
        assert_true(breaker_try(&breaker, at(now)));
        assert_int_equal(breaker_take(&breaker, BREAKER_FAILS, at(now)), BREAKER_SAME);
        assert_int_equal(breaker.opened_at.us, opened.us);
    }
}

static void test_late_ends_do_not_prolong(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    fail_times(&breaker, 3);
    struct instant retry = breaker.retry_at;
    assert_int_equal(breaker_take(&breaker, BREAKER_FAILS, at(5)), BREAKER_SAME);
    assert_int_equal(breaker.retry_at.us, retry.us);
}

static void test_what_categories_say(void **state)
{
    (void)state;
    assert_int_equal(breaker_news_of(failure_category_NONE), BREAKER_WORKS);
    assert_int_equal(breaker_news_of(failure_category_invalid_number), BREAKER_WORKS);
    assert_int_equal(breaker_news_of(failure_category_opted_out), BREAKER_WORKS);
    assert_int_equal(breaker_news_of(failure_category_network), BREAKER_FAILS);
    assert_int_equal(breaker_news_of(failure_category_timeout), BREAKER_FAILS);
    assert_int_equal(breaker_news_of(failure_category_provider_error), BREAKER_FAILS);
    assert_int_equal(breaker_news_of(failure_category_auth), BREAKER_AUTH);
    assert_int_equal(breaker_news_of(failure_category_rate_limited), BREAKER_BUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_in_a_row_open),
        cmocka_unit_test(test_a_success_between_starts_again),
        cmocka_unit_test(test_rate_limits_neither_count_nor_forgive),
        cmocka_unit_test(test_one_auth_failure_opens),
        cmocka_unit_test(test_one_tries),
        cmocka_unit_test(test_no_wait_lasts_longer_than_it_was),
        cmocka_unit_test(test_waits_double_to_ten_minutes),
        cmocka_unit_test(test_late_ends_do_not_prolong),
        cmocka_unit_test(test_what_categories_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
