/* Placeholders: which there are, what fills them, and what must not get through. */
#include "service/agent_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check_fill(const char *text, const char *metadata, const char *expected)
{
    struct arena *arena = arena_new();
    const struct json_node *root = NULL;
    struct buf out = {.arena = arena};
    if (metadata != NULL) {
        assert_int_equal(json_tree_read(arena, str_from(metadata), &root), OK);
    }
    script_fill(&out, str_from(text), root);
    if (!str_equal_text(buf_str(&out), expected)) {
        fail_msg("<%s> with %s: <%.*s>", text, metadata, STR_FMT(buf_str(&out)));
    }
    arena_free(&arena);
}

static void test_fills(void **state)
{
    (void)state;
    check_fill("Hello.", NULL, "Hello.");
    check_fill("Hello {{name}}.", "{\"name\":\"Ann\"}", "Hello Ann.");
    check_fill("Hello {{ name }}.", "{\"name\":\"Ann\"}", "Hello Ann.");
    check_fill("{{a}}{{b}}", "{\"a\":1,\"b\":true}", "1true");
    check_fill("{{a}}", "{\"a\":-0.25}", "-0.25");
    check_fill("Hello {{name|there}}.", NULL, "Hello there.");
    check_fill("Hello {{name|there}}.", "{\"name\":\"Ann\"}", "Hello Ann.");
    check_fill("Hello{{name|}}.", "{}", "Hello.");
    check_fill("{{order.id}}", "{\"order.id\":\"7\",\"order\":{\"id\":\"8\"}}", "7");
}

/* An object, an array, null and an empty text say nothing: the text's own words stand in. */
static void test_what_cannot_be_said(void **state)
{
    (void)state;
    check_fill("{{a|x}}", "{\"a\":null}", "x");
    check_fill("{{a|x}}", "{\"a\":{}}", "x");
    check_fill("{{a|x}}", "{\"a\":[1]}", "x");
    check_fill("{{a|x}}", "{\"a\":\" \"}", "x");
    check_fill("{{a}}!", "{\"A\":\"other\"}", "!");
}

static void test_nothing_is_injected(void **state)
{
    (void)state;
    /* What fills a placeholder is not read for placeholders. */
    check_fill("{{a}}", "{\"a\":\"{{b}}\",\"b\":\"secret\"}", "{{b}}");
    check_fill("{{a}}b}}", "{\"a\":\"{{\",\"b\":\"secret\"}", "{{b}}");
    /* It stays on its line. */
    check_fill("{{a}}", "{\"a\":\"x\\r\\ny\\tz\\u0007\"}", "x  y z ");
    /* Documents escape it, not we. */
    check_fill("{{a}}", "{\"a\":\"<Hangup/>&\\\"\"}", "<Hangup/>&\"");
}

static void check_checked(const char *text, enum err expected)
{
    struct problem problem = {0};
    enum err err = script_check(str_from(text), "script", &problem);
    if (err != expected) {
        fail_msg("<%s> should be %s", text, expected == OK ? "taken" : "refused");
    }
    assert_string_equal(problem.field, expected == OK ? "" : "script");
}

static void test_check(void **state)
{
    (void)state;
    char longest[80] = "{{";
    memset(longest + 2, 'n', 64);
    strncat(longest, "}}", 3);
    check_checked("", OK);
    check_checked("no {placeholder} } }}", OK);
    check_checked("{{a}} {{b|c d}} {{e|}} {{f_1-2.x}}", OK);
    check_checked(longest, OK);
    longest[66] = 'n';
    longest[67] = '}';
    longest[68] = '}';
    longest[69] = '\0';
    check_checked(longest, E_INVALID);
    check_checked("{{a", E_INVALID);
    check_checked("{{a}", E_INVALID);
    check_checked("{{}}", E_INVALID);
    check_checked("{{a b}}", E_INVALID);
    check_checked("{{|x}}", E_INVALID);
    check_checked("{{a}} {{\xc3\xab}}", E_INVALID);
    check_checked("{{{a}}}", E_INVALID);
}

/* Nothing is lost, and every text ends. */
static void test_odd_text_is_literal(void **state)
{
    (void)state;
    check_fill("{{", NULL, "{{");
    check_fill("{{{{", NULL, "{{{{");
    check_fill("a {{b c}} {{d", NULL, "a {{b c}} {{d");
    check_fill("{{{a}}}", "{\"a\":\"x\"}", "{{{a}}}");
}

/* What a look at the text says, and that a reader of the whole says no less. */
static void check_plain(const char *metadata, const char *name, bool expected)
{
    struct arena *arena = arena_new();
    const struct json_node *root = NULL;
    struct str ignored = STR_NONE;
    bool is_plain = script_value_is_plain(str_from(metadata), str_from(name));
    if (is_plain != expected) {
        fail_msg("%s in %s: %d", name, metadata, is_plain);
    }
    assert_int_equal(json_tree_read(arena, str_from(metadata), &root), OK);
    assert_true(!is_plain || script_value(root, str_from(name), &ignored));
    arena_free(&arena);
}

static void test_plain_values(void **state)
{
    (void)state;
    check_plain("{\"a\":\"x\"}", "a", true);
    check_plain("{\"b\":null,\"a\":0}", "a", true);
    check_plain("{\"b\":[\"a\",1],\"a\":true}", "a", true);
    check_plain("{\"aa\":1,\"a\":false}", "a", true);
    check_plain("{\"a\":\"\"}", "a", false);
    check_plain("{\"a\":\" x\"}", "a", false);
    check_plain("{\"a\":\"\\t\"}", "a", false);
    check_plain("{\"a\":null}", "a", false);
    check_plain("{\"a\":[\"x\"]}", "a", false);
    check_plain("{}", "a", false);
    check_plain("{\"A\":1,\"aa\":1}", "a", false);
    /* Members of other objects, and what only looks like a member. */
    check_plain("{\"b\":{\"a\":1}}", "a", false);
    check_plain("{\"b\":[\"a\"],\"c\":\"a\"}", "a", false);
    check_plain("{\"b\":\",\\\"a\\\":1\"}", "a", false);
    check_plain("{\"b,\\\"a\":1}", "a", false);
    check_plain("{\"b\":\"{\",\"a\":1}", "a", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fills),
        cmocka_unit_test(test_what_cannot_be_said),
        cmocka_unit_test(test_nothing_is_injected),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_odd_text_is_literal),
        cmocka_unit_test(test_plain_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
