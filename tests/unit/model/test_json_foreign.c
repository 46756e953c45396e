/* An object of the caller's own in one of ours: kept as its JSON text, written as it is. */
#include "model/json.h"
#include "model/openapi.h"
#include "model/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct problem problem;

static enum err read_input(struct arena *arena, const char *text, struct agent_preview_input *out)
{
    struct json_context context = {.arena = arena, .problem = &problem};
    problem = (struct problem){0};
    return record_from_json(&context, &agent_preview_input_record, str_from(text), out, NULL);
}

static void check_kept(const char *given, const char *kept)
{
    struct arena *arena = arena_new();
    struct agent_preview_input input;
    const char *body = arena_printf(arena, "{\"metadata\":%s}", given).ptr;
    assert_int_equal(read_input(arena, body, &input), OK);
    if (!str_equal_text(input.metadata, kept)) {
        fail_msg("<%s> was kept as <%.*s>", given, STR_FMT(input.metadata));
    }
    /* Written and read again it is the same. */
    struct scheduled_call call = {.metadata = input.metadata};
    struct json_context context = {.arena = arena};
    struct buf out = {.arena = arena};
    record_to_json(&context, &out, &scheduled_call_record, &call);
    const char *member = arena_printf(arena, "\"metadata\":%s", kept).ptr;
    assert_non_null(strstr(buf_str(&out).ptr, member));
    arena_free(&arena);
}

static void test_kept_as_it_came(void **state)
{
    (void)state;
    check_kept("{}", "{}");
    check_kept("{ \"b\" : 1, \"a\" : [ true, null ] }", "{\"b\":1,\"a\":[true,null]}");
    check_kept("{\"x\":{\"y\":\"</script>&\\\"\"}}", "{\"x\":{\"y\":\"</script>&\\\"\"}}");
    check_kept("{\"\\u00eb\":\"\\u0007\"}", "{\"\xc3\xab\":\"\\u0007\"}");
    check_kept("{\"n\":[0.1,-2.5e-7,1e300,3.0,0.30000000000000004,-0.0]}",
               "{\"n\":[0.1,-2.5e-07,1e+300,3.0,0.30000000000000004,-0.0]}");
    check_kept("{\"big\":9223372036854775807}", "{\"big\":9223372036854775807}");
}

static void check_refused(const char *body, const char *field)
{
    struct arena *arena = arena_new();
    struct agent_preview_input input;
    assert_int_equal(read_input(arena, body, &input), E_INVALID);
    assert_string_equal(problem.field, field);
    arena_free(&arena);
}

static void test_what_is_no_object_is_refused(void **state)
{
    (void)state;
    check_refused("{\"metadata\":[]}", "metadata");
    check_refused("{\"metadata\":\"{}\"}", "metadata");
    check_refused("{\"metadata\":7}", "metadata");
    check_refused("{\"metadata\":{\"a\":1,\"a\":2}}", "");
    check_refused("{\"metadata\":{\"a\":\"\\u0000\"}}", "");
}

static void test_limit(void **state)
{
    (void)state;
    enum { BYTES_MAX = 16384 };
    struct arena *arena = arena_new();
    struct agent_preview_input input;
    for (int more = 0; more <= 1; more++) {
        struct buf body = {.arena = arena};
        buf_add_text(&body, "{\"metadata\":{\"a\":\"");
        for (int i = 0; i < BYTES_MAX - (int)strlen("{\"a\":\"\"}") + more; i++) {
            buf_add_byte(&body, 'x');
        }
        buf_add_text(&body, "\"}}");
        enum err err = read_input(arena, buf_str(&body).ptr, &input);
        assert_int_equal(err, more == 0 ? OK : E_INVALID);
    }
    assert_string_equal(problem.field, "metadata");
    arena_free(&arena);
}

static void test_schema(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct buf out = {.arena = arena};
    size_t index = record_field_index(&agent_preview_input_record, "metadata");
    openapi_field_schema(&out, &agent_preview_input_record.fields[index], SCHEMA_INPUT);
    assert_non_null(strstr(buf_str(&out).ptr, "\"type\":[\"object\",\"null\"]"));
    assert_null(strstr(buf_str(&out).ptr, "maxLength"));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_as_it_came),
        cmocka_unit_test(test_what_is_no_object_is_refused),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
