/* RFC 6901: its own examples, and what leads nowhere. */
#include "model/json_pointer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Section 5 of the RFC, with an object below. */
static const char document[] = "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,"
                               "\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8,"
                               "\"o\":{\"p\":[{\"q\":\"r\"}]}}";

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

static const struct json_node *find(void **state, const char *pointer)
{
    const struct json_node *root = NULL;
    assert_int_equal(json_tree_read(*state, str_from(document), &root), OK);
    return json_pointer_find(root, str_from(pointer));
}

static void test_examples(void **state)
{
    static const struct {
        const char *pointer;
        const char *text;
    } examples[] = {
        {"/foo/0", "bar"}, {"/", "0"},     {"/a~1b", "1"},    {"/c%d", "2"},
        {"/e^f", "3"},     {"/g|h", "4"},  {"/i\\j", "5"},    {"/k\"l", "6"},
        {"/ ", "7"},       {"/m~0n", "8"}, {"/o/p/0/q", "r"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(examples); i++) {
        const struct json_node *node = find(state, examples[i].pointer);
        assert_non_null(node);
        assert_true(str_equal_text(node->text, examples[i].text));
    }
    assert_int_equal(find(state, "")->kind, JSON_KIND_OBJECT);
    assert_int_equal(find(state, "/foo")->count, 2);
}

static void test_nowhere(void **state)
{
    static const char *const pointers[] = {
        "/no",  "/foo/2", "/foo/-", "/foo/00", "/foo/01", "/foo/+1", "/foo/",           "/foo/0/x",
        "/o/q", "foo",    "foo/0",  "/m~n",    "/m~2n",   "/m~",     "/foo/0000000000", "/foo/1x",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(pointers); i++) {
        assert_null(find(state, pointers[i]));
    }
}

static void test_validity(void **state)
{
    (void)state;
    assert_true(json_pointer_is_valid(STR("")));
    assert_true(json_pointer_is_valid(STR("/")));
    assert_true(json_pointer_is_valid(STR("/a~0~1b")));
    assert_false(json_pointer_is_valid(STR("a")));
    assert_false(json_pointer_is_valid(STR("/~")));
    assert_false(json_pointer_is_valid(STR("/~2")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_examples, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nowhere, set_up, tear_down),
        cmocka_unit_test(test_validity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
