#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    struct arena *arena = *state;
    arena_free(&arena);
    assert_null(arena);
    arena_free(&arena);
    return 0;
}

static bool is_zero(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Pieces of many sizes are zeroed, aligned and apart, also after the memory was used before. */
static void test_pieces(void **state)
{
    for (int round = 0; round < 3; round++) {
        char *pieces[200];
        for (size_t i = 0; i < ARRAY_LENGTH(pieces); i++) {
            size_t size = i * 37 % 6000;
            pieces[i] = arena_alloc(*state, size);
            assert_int_equal((uintptr_t)pieces[i] % 16, 0);
            assert_true(is_zero(pieces[i], size));
            memset(pieces[i], (int)i | 1, size);
        }
        for (size_t i = 0; i < ARRAY_LENGTH(pieces); i++) {
            size_t size = i * 37 % 6000;
            assert_true(size == 0 || (pieces[i][0] == (char)((int)i | 1) &&
                                      pieces[i][size - 1] == (char)((int)i | 1)));
        }
        arena_reset(*state);
    }
}

static void test_reset_keeps_one_block(void **state)
{
    struct arena *arena = *state;
    assert_int_equal(arena_bytes(arena), 0);
    arena_alloc(arena, 100);
    size_t one = arena_bytes(arena);
    assert_true(one > 0);
    for (int i = 0; i < 100; i++) {
        arena_alloc(arena, 1000);
    }
    arena_alloc(arena, 1000000);
    assert_true(arena_bytes(arena) > 1100000);
    arena_reset(arena);
    assert_int_equal(arena_bytes(arena), one);
    arena_alloc(arena, 100);
    assert_int_equal(arena_bytes(arena), one);
    arena_reset(arena);
    arena_reset(arena);
    assert_int_equal(arena_bytes(arena), one);
}

static void test_arrays(void **state)
{
    int64_t *numbers = ARENA_NEW_ARRAY(*state, int64_t, 1000);
    assert_true(is_zero((const char *)numbers, 1000 * sizeof *numbers));
    assert_non_null(ARENA_NEW(*state, struct str));
    assert_non_null(arena_alloc_array(*state, 0, 8));
}

static void test_texts(void **state)
{
    struct str copy = arena_str(*state, STR("a\0b"));
    assert_int_equal(copy.len, 3);
    assert_memory_equal(copy.ptr, "a\0b", 4);
    assert_false(str_is_set(arena_str(*state, STR_NONE)));
    assert_true(str_is_set(arena_str(*state, STR(""))));
    assert_string_equal(arena_cstr(*state, str_slice(STR("abcdef"), 1, 3)), "bc");
    assert_null(arena_cstr(*state, STR_NONE));
    struct str text = arena_printf(*state, "%s-%d", "x", 42);
    assert_int_equal(text.len, 4);
    assert_string_equal(text.ptr, "x-42");
    assert_int_equal(arena_printf(*state, "%50000d", 1).len, 50000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pieces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reset_keeps_one_block, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_arrays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_texts, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
