/* JSON of others as lines for people, and the member of a body that takes it. */
#include "model/json.h"
#include "model/json_lines.h"
#include "model/records.h"

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

static struct str lines_of(struct arena *arena, const char *json, const struct json_lines *how)
{
    const struct json_node *tree = NULL;
    struct buf out = {.arena = arena};
    assert_int_equal(json_tree_read(arena, str_from(json), &tree), OK);
    json_add_lines(&out, STR(""), tree, how);
    return buf_str(&out);
}

static void test_names_are_dotted(void **state)
{
    const struct json_lines how = {.max = 1000};
    struct str lines =
        lines_of(*state, "{\"a\":1,\"b\":{\"c\":[true,\"x\\ny\"]},\"d\":null,\"e\":\"\"}", &how);
    assert_true(str_equal_text(lines, "a: 1\nb.c.0: true\nb.c.1: x y\n"));
    assert_true(str_equal_text(lines_of(*state, "\"x\"", &how), "x\n"));
    assert_int_equal(lines_of(*state, "{}", &how).len, 0);
}

static void test_what_was_used_is_left_out(void **state)
{
    const struct json_node *tree = NULL;
    struct buf out = {.arena = *state};
    assert_int_equal(json_tree_read(*state, STR("{\"a\":1,\"b\":2}"), &tree), OK);
    struct json_nodes used = {.items = {json_tree_member(tree, "a")}, .count = 1};
    json_add_lines(&out, STR("of"), tree, &(struct json_lines){1000, &used});
    assert_true(str_equal_text(buf_str(&out), "of.b: 2\n"));
}

static void test_it_ends_at_its_limit(void **state)
{
    struct str lines = lines_of(*state, "[1,2,3,4,5]", &(struct json_lines){.max = 6});
    assert_true(str_equal_text(lines, "0: 1\n1: 2\n"));
}

/* {"title":"x","details":{"a":"…","b":"…",…}} whose lines have `bytes` bytes in all. */
static struct str body_of(struct arena *arena, size_t bytes)
{
    struct buf out = {.arena = arena};
    size_t made = 0;
    buf_add_text(&out, "{\"title\":\"x\",\"details\":{");
    for (char name = 'a'; made < bytes; name++) {
        size_t left = bytes - made;
        size_t value = left > 1008 ? 1000 : left - 3;
        buf_printf(&out, "%s\"%c\":\"", made == 0 ? "" : ",", name);
        for (size_t i = 0; i < value; i++) {
            buf_add_byte(&out, 'v');
        }
        buf_add_byte(&out, '"');
        made += value + 3 + (left > 1008 ? 1 : 0);
    }
    buf_add_text(&out, "}}");
    return buf_str(&out);
}

static enum err read_incident(struct arena *arena, struct str body, struct incident *out,
                              struct problem *problem)
{
    struct json_context context = {.arena = arena, .problem = problem};
    return record_from_json(&context, &incident_record, body, out, NULL);
}

static void test_too_many_lines_are_refused(void **state)
{
    struct incident incident = {0};
    struct problem problem = {0};
    assert_int_equal(read_incident(*state, body_of(*state, 10000), &incident, &problem), OK);
    assert_int_equal(incident.details.len, 10000);
    assert_int_equal(read_incident(*state, body_of(*state, 10001), &incident, &problem), E_INVALID);
    assert_string_equal(problem.field, "details");
    assert_int_equal(read_incident(*state, body_of(*state, 25000), &incident, &problem), E_INVALID);
}

/* Another text of the same record takes a string only. */
static void test_only_where_it_is_said(void **state)
{
    struct incident incident = {0};
    struct problem problem = {0};
    assert_int_equal(read_incident(*state, STR("{\"title\":{\"a\":1}}"), &incident, &problem),
                     E_INVALID);
    assert_string_equal(problem.field, "title");
    assert_int_equal(
        read_incident(*state, STR("{\"title\":\"x\",\"details\":[]}"), &incident, &problem), OK);
    assert_false(str_is_set(incident.details));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names_are_dotted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_was_used_is_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_it_ends_at_its_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many_lines_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_where_it_is_said, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
