/* JSON of others: what is there is found, what is not is absent, and nothing is too odd. */
#include "model/json_tree.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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
    return 0;
}

static const struct json_node *read(struct arena *arena, const char *text)
{
    const struct json_node *root = NULL;
    return json_tree_read(arena, str_from(text), &root) == OK ? root : NULL;
}

static void test_kinds(void **state)
{
    const struct json_node *root =
        read(*state, "{\"i\":21211,\"t\":\"a\\u00e9\\n\",\"r\":-0.2,\"b\":true,\"n\":null,"
                     "\"a\":[1,[]],\"o\":{\"x\":\"7\"},\"u\":\"a\\u0000b\",\"i\":21212}");
    assert_non_null(root);
    int64_t number = 0;
    assert_true(json_tree_int(root, "i", &number) && number == 21212);
    assert_true(str_equal_text(json_tree_text(root, "i"), "21212"));
    assert_true(str_equal_text(json_tree_text(root, "t"), "a\xC3\xA9\n"));
    assert_true(str_equal_text(json_tree_text(root, "r"), "-0.2"));
    assert_true(str_equal_text(json_tree_member(root, "b")->text, "true"));
    assert_int_equal(json_tree_text(root, "u").len, 3);
    assert_int_equal(json_tree_member(root, "n")->kind, JSON_KIND_NULL);
    assert_int_equal(json_tree_member(root, "a")->count, 2);
    const struct json_node *object = json_tree_member(root, "o");
    assert_true(json_tree_int(object, "x", &number) && number == 7);
}

static void test_absent(void **state)
{
    const struct json_node *root = read(*state, "{\"t\":\"x\",\"b\":true,\"r\":1.5,\"a\":[1]}");
    int64_t number = 5;
    static const char *const names[] = {"b", "a", "none", ""};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        assert_false(str_is_set(json_tree_text(root, names[i])));
    }
    assert_false(json_tree_int(root, "t", &number));
    assert_false(json_tree_int(root, "r", &number));
    assert_false(json_tree_int(NULL, "r", &number));
    assert_null(json_tree_member(NULL, "t"));
    assert_null(json_tree_member(json_tree_member(root, "t"), "t"));
    assert_non_null(json_tree_item(json_tree_member(root, "a"), 0));
    assert_null(json_tree_item(json_tree_member(root, "a"), 1));
    assert_null(json_tree_item(root, 0));
    assert_null(json_tree_item(NULL, 0));
}

static void test_refused(void **state)
{
    static const char *const texts[] = {"",          " ",     "{",    "<html>",
                                        "{\"a\":}",  "{} {}", "\xFF", "\"\xC3\"",
                                        "{\"a\" 1}", "[1,]",  "nul",  "1e999"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        assert_null(read(*state, texts[i]));
    }
    const struct json_node *root = NULL;
    assert_int_equal(json_tree_read(*state, STR_NONE, &root), E_INVALID);
    assert_non_null(read(*state, "7"));
    assert_non_null(read(*state, "[]"));
}

static void test_nesting(void **state)
{
    for (int depth = JSON_TREE_NESTING_MAX; depth <= JSON_TREE_NESTING_MAX + 1; depth++) {
        struct buf text = {.arena = *state};
        for (int i = 0; i < depth; i++) {
            buf_add_byte(&text, '[');
        }
        buf_add_byte(&text, '1');
        for (int i = 0; i < depth; i++) {
            buf_add_byte(&text, ']');
        }
        const struct json_node *root = NULL;
        assert_int_equal(json_tree_read(*state, buf_str(&text), &root),
                         depth <= JSON_TREE_NESTING_MAX ? OK : E_INVALID);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kinds),
        TEST(test_absent),
        TEST(test_refused),
        TEST(test_nesting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
