#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"

static void test_new_memory_is_zeroed(void **state)
{
    (void)state;
    static const char zeros[64] = {0};
    char *memory = memory_new(sizeof zeros);
    char *array = memory_new_array(8, 8);
    void *nothing = memory_new(0);
    assert_memory_equal(memory, zeros, sizeof zeros);
    assert_memory_equal(array, zeros, sizeof zeros);
    assert_non_null(nothing);
    free(nothing);
    free(array);
    free(memory);
}

static void test_growing_keeps_what_was_there(void **state)
{
    (void)state;
    int *numbers = memory_grow(NULL, 2, sizeof *numbers);
    numbers[0] = 7;
    numbers[1] = 11;
    numbers = memory_grow(numbers, 4096, sizeof *numbers);
    assert_int_equal(numbers[0], 7);
    assert_int_equal(numbers[1], 11);
    free(numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_memory_is_zeroed),
        cmocka_unit_test(test_growing_keeps_what_was_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
