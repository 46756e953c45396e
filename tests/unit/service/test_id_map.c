/* What is kept for many ids: the same as a plain table says, whatever is put in, taken out and put
 * in again. */
#include "service/id_map.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { IDS = 700, STEPS = 20000 };

static void test_against_table(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct rng rng = rng_from_seed(seed);
        struct id_map map = {0};
        int32_t table[IDS + 1] = {0};
        size_t count = 0;
        for (int i = 0; i < STEPS; i++) {
            int64_t number = rng_between(&rng, 1, IDS);
            struct id id = {number << 20 | 3};
            int32_t value = (int32_t)rng_between(&rng, 1, 1000);
            if (rng_below(&rng, 2) == 0) {
                id_map_put(&map, id, value);
                count += table[number] == 0 ? 1 : 0;
                table[number] = value;
            } else {
                int32_t found = 0;
                assert_int_equal(id_map_remove(&map, id, &found), table[number] != 0);
                assert_int_equal(found, table[number]);
                count -= table[number] != 0 ? 1 : 0;
                table[number] = 0;
            }
            assert_int_equal(map.count, count);
        }
        for (int64_t number = 1; number <= IDS; number++) {
            assert_int_equal(id_map_has(&map, (struct id){number << 20 | 3}), table[number] != 0);
        }
        id_map_clear(&map);
        assert_int_equal(map.count, 0);
        assert_false(id_map_has(&map, (struct id){1 << 20 | 3}));
        id_map_free(&map);
    }
}

static void test_empty(void **state)
{
    (void)state;
    struct id_map map = {0};
    assert_false(id_map_has(&map, (struct id){5}));
    assert_false(id_map_remove(&map, (struct id){5}, NULL));
    id_map_clear(&map);
    id_map_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_table),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
