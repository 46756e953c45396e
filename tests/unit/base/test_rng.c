#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* What the authors' generator gives from the state 1, 2, 3, 4. */
static void test_reference_sequence(void **state)
{
    (void)state;
    static const uint64_t expected[] = {11520,
                                        0,
                                        1509978240,
                                        1215971899390074240,
                                        1216172134540287360,
                                        607988272756665600,
                                        16172922978634559625U,
                                        8476171486693032832};
    struct rng rng = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_true(rng_next(&rng) == expected[i]);
    }
}

/* What splitmix64 gives for the seed 1234567 becomes the state. */
static void test_seeding(void **state)
{
    (void)state;
    struct rng rng = rng_from_seed(1234567);
    assert_true(rng.state[0] == 6457827717110365317U);
    assert_true(rng.state[1] == 3203168211198807973U);
    assert_true(rng.state[2] == 9817491932198370423U);
    assert_true(rng.state[3] == 4593380528125082431U);
}

static void test_same_seed_same_run(void **state)
{
    (void)state;
    struct rng a = rng_from_seed(7);
    struct rng b = rng_from_seed(7);
    struct rng c = rng_from_seed(8);
    bool differs = false;
    for (int i = 0; i < 100; i++) {
        uint64_t value = rng_next(&a);
        assert_true(value == rng_next(&b));
        differs |= value != rng_next(&c);
    }
    assert_true(differs);
}

static void test_limits(void **state)
{
    (void)state;
    struct rng rng = rng_from_seed(1);
    int counts[6] = {0};
    for (int i = 0; i < 6000; i++) {
        counts[rng_below(&rng, 6)]++;
        int64_t value = rng_between(&rng, -3, 3);
        assert_true(value >= -3 && value <= 3);
        assert_int_equal(rng_below(&rng, 1), 0);
        assert_true(rng_below(&rng, UINT64_MAX) < UINT64_MAX);
    }
    for (int i = 0; i < 6; i++) {
        assert_in_range(counts[i], 850, 1150);
    }
    assert_true(rng_between(&rng, 5, 5) == 5);
    assert_true(rng_between(&rng, INT64_MIN, INT64_MIN) == INT64_MIN);
}

/* The whole range of int64 has 2^64 values, which no uint64 can count. */
static void test_whole_range(void **state)
{
    (void)state;
    struct rng rng = rng_from_seed(2);
    bool is_negative = false;
    bool is_positive = false;
    for (int i = 0; i < 100; i++) {
        int64_t value = rng_between(&rng, INT64_MIN, INT64_MAX);
        is_negative |= value < 0;
        is_positive |= value > 0;
    }
    assert_true(is_negative && is_positive);
}

static void test_chance(void **state)
{
    (void)state;
    struct rng rng = rng_from_seed(3);
    int hits = 0;
    for (int i = 0; i < 10000; i++) {
        assert_false(rng_chance(&rng, 0, 10));
        assert_true(rng_chance(&rng, 10, 10));
        hits += rng_chance(&rng, 1, 4);
    }
    assert_in_range(hits, 2300, 2700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_sequence), cmocka_unit_test(test_seeding),
        cmocka_unit_test(test_same_seed_same_run), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_whole_range),        cmocka_unit_test(test_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
