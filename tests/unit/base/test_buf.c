#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void fill(struct buf *buf)
{
    buf_add(buf, STR("a\0b"));
    buf_add(buf, STR_NONE);
    buf_add_text(buf, "cd");
    buf_add_byte(buf, '!');
    buf_add_int(buf, INT64_MIN);
    buf_add_int(buf, 0);
    buf_add_int(buf, INT64_MAX);
    buf_printf(buf, "<%s %03d>", "x", 7);
    buf_printf(buf, "%s", "");
}

static const char filled[] = "a\0bcd!-922337203685477580809223372036854775807<x 007>";

static void test_without_arena(void **state)
{
    (void)state;
    struct buf buf = {0};
    assert_int_equal(buf_str(&buf).len, 0);
    assert_string_equal(buf_str(&buf).ptr, "");
    fill(&buf);
    struct str got = buf_str(&buf);
    assert_int_equal(got.len, sizeof filled - 1);
    assert_memory_equal(got.ptr, filled, sizeof filled);
    buf_clear(&buf);
    assert_int_equal(buf_str(&buf).len, 0);
    buf_free(&buf);
    assert_null(buf.ptr);
    buf_free(&buf);
}

static void test_in_arena(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct buf buf = {.arena = arena};
    for (int i = 0; i < 5000; i++) {
        fill(&buf);
    }
    struct str got = buf_str(&buf);
    assert_int_equal(got.len, 5000 * (sizeof filled - 1));
    for (size_t i = 0; i < 5000; i++) {
        assert_memory_equal(got.ptr + i * (sizeof filled - 1), filled, sizeof filled - 1);
    }
    buf_free(&buf);
    assert_ptr_equal(buf.arena, arena);
    assert_null(buf.ptr);
    arena_free(&arena);
}

static void test_grows_byte_by_byte(void **state)
{
    (void)state;
    struct buf buf = {0};
    for (size_t i = 0; i < 3000; i++) {
        buf_add_byte(&buf, (char)('a' + i % 26));
        assert_int_equal(buf_str(&buf).ptr[i + 1], '\0');
    }
    assert_int_equal(buf.len, 3000);
    assert_int_equal(buf.ptr[2999], 'a' + 2999 % 26);
    buf_free(&buf);
}

static void test_reserve_and_long_format(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_reserve(&buf, 10000);
    assert_true(buf.cap > 10000);
    const char *kept = buf.ptr;
    buf_printf(&buf, "%9999d", 1);
    assert_ptr_equal(buf.ptr, kept);
    assert_int_equal(buf.len, 9999);
    buf_free(&buf);
    buf_printf(&buf, "%9999d", 1);
    assert_int_equal(buf_str(&buf).len, 9999);
    buf_free(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_arena),
        cmocka_unit_test(test_in_arena),
        cmocka_unit_test(test_grows_byte_by_byte),
        cmocka_unit_test(test_reserve_and_long_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
