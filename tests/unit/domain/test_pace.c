/* How fast messages may leave, and in which order. V9. */
#include "domain/fair_queue.h"
#include "domain/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct instant at_ms(int64_t ms)
{
    return instant_add((struct instant){INT64_C(1767603600000000)}, MILLISECONDS(ms));
}

static void test_no_limit(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    bucket_take(&bucket, 1000, at_ms(0));
    assert_int_equal(bucket_ready_at(&bucket, at_ms(0)).us, at_ms(0).us);
}

static void test_units_take_their_time(void **state)
{
    (void)state;
    struct bucket bucket = {.rate_milli = 2000};
    assert_int_equal(bucket_ready_at(&bucket, at_ms(0)).us, at_ms(0).us);
    bucket_take(&bucket, 3, at_ms(0));
    assert_int_equal(bucket_ready_at(&bucket, at_ms(0)).us, at_ms(1500).us);
    assert_int_equal(bucket_ready_at(&bucket, at_ms(1499)).us, at_ms(1500).us);
    assert_int_equal(bucket_ready_at(&bucket, at_ms(1600)).us, at_ms(1600).us);
    /* Time that nobody used is not saved up. */
    bucket_take(&bucket, 1, at_ms(60000));
    assert_int_equal(bucket_ready_at(&bucket, at_ms(60000)).us, at_ms(60500).us);
}

static void test_clock_steps_back(void **state)
{
    (void)state;
    struct bucket bucket = {.rate_milli = 1000};
    bucket_take(&bucket, 1, at_ms(3600000));
    /* By less than the wait: it is waited once more at most. */
    assert_int_equal(bucket_ready_at(&bucket, at_ms(3599500)).us, at_ms(3600500).us);
    /* By more: nobody knows, and nothing waits for an hour. */
    assert_int_equal(bucket_ready_at(&bucket, at_ms(0)).us, at_ms(0).us);
    bucket_take(&bucket, 1, at_ms(0));
    assert_int_equal(bucket_ready_at(&bucket, at_ms(100)).us, at_ms(1000).us);
}

/* A pace that is changed holds for what waits already. */
static void test_another_pace(void **state)
{
    (void)state;
    enum { CALL_UNITS = 60 };
    struct bucket bucket = fair_bucket(1);
    fair_bucket_change(&bucket, 2);
    assert_int_equal(bucket_ready_at(&bucket, at_ms(0)).us, at_ms(0).us);
    bucket_take(&bucket, CALL_UNITS, at_ms(0));
    assert_int_equal(bucket_ready_at(&bucket, at_ms(0)).us, at_ms(30000).us);
    fair_bucket_change(&bucket, 6);
    assert_int_equal(bucket_ready_at(&bucket, at_ms(5000)).us, at_ms(10000).us);
    fair_bucket_change(&bucket, 1);
    assert_int_equal(bucket_ready_at(&bucket, at_ms(5000)).us, at_ms(60000).us);
    fair_bucket_change(&bucket, 0);
    assert_int_equal(bucket_ready_at(&bucket, at_ms(5000)).us, at_ms(5000).us);
}

static void test_order(void **state)
{
    (void)state;
    assert_int_equal(lane_rank_of(true, 10), RANK_FIRST);
    assert_int_equal(lane_rank_of(false, 1), RANK_HIGH);
    assert_int_equal(lane_rank_of(false, 5), RANK_MEDIUM);
    assert_int_equal(lane_rank_of(false, 10), RANK_LOW);
    assert_true(lane_key(RANK_FIRST, 1000000) < lane_key(RANK_HIGH, 0));
    assert_true(lane_key(RANK_HIGH, 4) < lane_key(RANK_HIGH, 5));
    assert_int_equal(lane_key_round(lane_key(RANK_LOW, 77)), 77);
}

static void test_rounds(void **state)
{
    (void)state;
    assert_int_equal(round_of_next(0, -1), 0);
    assert_int_equal(round_of_next(0, 0), 1);
    assert_int_equal(round_of_next(9, 3), 9);   /* Who comes back late has lost no place, */
    assert_int_equal(round_of_next(9, 20), 21); /* and who had many waits behind the others. */
}

static void test_rates(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t milli;
    } sound[] = {{"0", 0}, {"1", 1000}, {"0.5", 500}, {"2.25", 2250}, {"0.001", 1}, {"80", 80000}};
    static const char *const bad[] = {"", ".", "1.", ".5", "-1", "1.2345", "x", "1e3", "1000001"};
    for (size_t i = 0; i < ARRAY_LENGTH(sound); i++) {
        int64_t rate = -1;
        assert_int_equal(pace_rate_parse(str_from(sound[i].text), &rate), OK);
        assert_int_equal(rate, sound[i].milli);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        int64_t rate = -1;
        assert_int_equal(pace_rate_parse(str_from(bad[i]), &rate), E_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_limit),         cmocka_unit_test(test_units_take_their_time),
        cmocka_unit_test(test_clock_steps_back), cmocka_unit_test(test_order),
        cmocka_unit_test(test_rounds),           cmocka_unit_test(test_rates),
        cmocka_unit_test(test_another_pace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
