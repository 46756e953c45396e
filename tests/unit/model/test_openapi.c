#include "model/openapi.h"

#include "test_records.h"

#include <jansson.h>
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
    return 0;
}

static void assert_schema(struct arena *arena, const struct record *record, enum schema_use use,
                          const char *expected)
{
    struct buf out = {.arena = arena};
    openapi_record_schema(&out, record, use);
    assert_string_equal(buf_str(&out).ptr, expected);
}

#define REF "#/components/schemas/"

static void test_exact_input(void **state)
{
    assert_schema(
        *state, &guest_record, SCHEMA_INPUT,
        "{\"type\":\"object\",\"description\":\"Somebody who comes along.\",\"properties\":{"
        "\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":20,"
        "\"description\":\"How the guest is called.\"},"
        "\"comesAt\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\","
        "\"description\":\"When.\"},"
        "\"colour\":{\"$ref\":\"" REF "Colour\",\"description\":\"Of the ticket.\"},"
        "\"phone\":{\"type\":\"string\",\"format\":\"e164\","
        "\"pattern\":\"^\\\\+[1-9][0-9]{6,14}$\",\"description\":\"E.164.\"}},"
        "\"required\":[\"name\"],\"additionalProperties\":false}");
}

static void test_exact_answer(void **state)
{
    assert_schema(
        *state, &guest_record, SCHEMA_ANSWER,
        "{\"type\":\"object\",\"description\":\"Somebody who comes along.\",\"properties\":{"
        "\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":20,"
        "\"description\":\"How the guest is called.\"},"
        "\"comesAt\":{\"type\":\"string\",\"format\":\"date-time\",\"description\":\"When.\"},"
        "\"colour\":{\"$ref\":\"" REF "Colour\",\"description\":\"Of the ticket.\"},"
        "\"phone\":{\"type\":\"string\",\"description\":\"E.164.\"}},\"required\":[\"name\"]}");
}

static void test_exact_nested(void **state)
{
    static const char head[] =
        "{\"type\":\"object\",\"description\":\"A body whose nested object is required.\","
        "\"properties\":{\"contact\":{\"type\":\"object\",\"properties\":{"
        "\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":20,\"description\":\"Who.\"},"
        "\"floor\":{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":0,\"maximum\":99,"
        "\"description\":\"Where.\"}}";
    static const char middle[] =
        "\"billing\":{\"type\":[\"object\",\"null\"],\"properties\":{"
        "\"name\":{\"type\":[\"string\",\"null\"],\"minLength\":1,\"maxLength\":20,"
        "\"description\":\"Who pays.\"},"
        "\"note\":{\"type\":[\"string\",\"null\"],\"description\":\"How.\"}}";
    struct buf expected = {.arena = *state};
    buf_printf(&expected,
               "%s,\"required\":[\"name\"],\"additionalProperties\":false},%s,"
               "\"required\":[\"name\"],\"additionalProperties\":false}},"
               "\"required\":[\"contact\"],\"additionalProperties\":false}",
               head, middle);
    assert_schema(*state, &order_record, SCHEMA_INPUT, buf_str(&expected).ptr);
    buf_clear(&expected);
    buf_printf(&expected,
               "%s,\"additionalProperties\":false},%s,\"additionalProperties\":false}},"
               "\"additionalProperties\":false}",
               head, middle);
    assert_schema(*state, &order_record, SCHEMA_PARTIAL_INPUT, buf_str(&expected).ptr);
}

static json_t *load(struct arena *arena, const struct record *record, enum schema_use use)
{
    struct buf out = {.arena = arena};
    openapi_record_schema(&out, record, use);
    json_error_t error;
    json_t *root = json_loads(buf_str(&out).ptr, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        fail_msg("%s: %s", error.text, buf_str(&out).ptr);
    }
    return root;
}

static json_t *property(json_t *schema, const char *name)
{
    return json_object_get(json_object_get(schema, "properties"), name);
}

static const char *text_of(json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void test_person_input(void **state)
{
    json_t *schema = load(*state, &person_record, SCHEMA_INPUT);
    assert_null(property(schema, "id"));
    assert_null(property(schema, "notes"));
    assert_null(property(schema, "phoneHash"));
    assert_non_null(property(schema, "secret"));
    assert_true(json_is_true(json_object_get(property(schema, "active"), "default")));
    assert_int_equal(json_array_size(json_object_get(schema, "required")), 1);
    json_t *start = property(property(schema, "quietHours"), "start");
    assert_string_equal(text_of(start, "default"), "22:00");
    json_t *guests = property(schema, "guests");
    assert_string_equal(text_of(json_object_get(guests, "items"), "$ref"), REF "GuestInput");
    assert_int_equal(json_integer_value(json_object_get(guests, "maxItems")), 3);
    assert_null(json_object_get(guests, "minItems"));
    json_t *either = json_object_get(property(schema, "badge"), "anyOf");
    assert_string_equal(text_of(json_array_get(either, 0), "$ref"), REF "BadgeInput");
    assert_null(json_object_get(property(schema, "score"), "minimum"));
    json_decref(schema);
    schema = load(*state, &crate_record, SCHEMA_INPUT);
    json_t *tag = json_object_get(property(schema, "tags"), "items");
    assert_string_equal(text_of(tag, "type"), "integer");
    assert_int_equal(json_integer_value(json_object_get(tag, "maximum")), 9);
    json_decref(schema);
}

static void test_person_answer(void **state)
{
    json_t *schema = load(*state, &person_record, SCHEMA_ANSWER);
    assert_non_null(property(schema, "id"));
    assert_null(property(schema, "secret"));
    assert_null(property(schema, "notes"));
    assert_string_equal(text_of(property(schema, "badge"), "$ref"), REF "Badge");
    assert_string_equal(text_of(property(schema, "phone"), "type"), "string");
    /* name (required in input), age, score, active (always written) and guests (shown when empty).
     */
    assert_int_equal(json_array_size(json_object_get(schema, "required")), 5);
    json_decref(schema);
    schema = load(*state, &person_record, SCHEMA_PARTIAL_INPUT);
    assert_null(json_object_get(schema, "required"));
    assert_null(json_object_get(property(schema, "active"), "default"));
    json_decref(schema);
    json_decref(load(*state, &search_record, SCHEMA_INPUT));
}

static void test_field_schema(void **state)
{
    struct buf out = {.arena = *state};
    openapi_field_schema(&out, &search_record.fields[record_field_index(&search_record, "limit")],
                         SCHEMA_INPUT);
    assert_string_equal(buf_str(&out).ptr,
                        "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":1,\"maximum\":100,"
                        "\"description\":\"How many.\"}");
}

static void test_enum_schema(void **state)
{
    static const char *const meanings[] = {NULL, "Hot.", "Calm.", "\"Deep\"."};
    struct buf out = {.arena = *state};
    openapi_enum_schema(&out, &colour_names, meanings);
    assert_string_equal(buf_str(&out).ptr,
                        "{\"type\":\"string\",\"enum\":[\"RED\",\"GREEN\",\"DARK_BLUE\"],"
                        "\"description\":\"RED: Hot.\\nGREEN: Calm.\\nDARK_BLUE: \\\"Deep\\\".\"}");
    buf_clear(&out);
    openapi_enum_schema(&out, &colour_names, NULL);
    assert_string_equal(buf_str(&out).ptr,
                        "{\"type\":\"string\",\"enum\":[\"RED\",\"GREEN\",\"DARK_BLUE\"]}");
}

static void note_visit(void *context, const struct record *record)
{
    buf_printf(context, "%s ", record->name);
}

static void test_visit(void **state)
{
    struct buf seen = {.arena = *state};
    openapi_visit_records(&person_record, &seen, note_visit);
    assert_string_equal(buf_str(&seen).ptr, "Person Guest Badge ");
}

static const struct record ring;
static const struct field ring_fields[] = {
    {.type = FIELD_LIST, .column = "a", .json = "a", .detail = ITEMS(guest)},
    {.type = FIELD_LIST, .column = "b", .json = "b", .detail = ITEMS(guest)},
    {.type = FIELD_LIST, .column = "c", .json = "c", .detail = {.items = &ring}},
};
static const struct record ring = {"Ring", ring_fields, ARRAY_LENGTH(ring_fields),
                                   3 * sizeof(struct list), "A ring."};

/* A record that two lists nest, or that nests itself, is visited once. */
static void test_visit_once(void **state)
{
    struct buf seen = {.arena = *state};
    openapi_visit_records(&ring, &seen, note_visit);
    assert_string_equal(buf_str(&seen).ptr, "Ring Guest ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_exact_input, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_exact_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_exact_nested, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_person_input, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_person_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_field_schema, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_enum_schema, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_visit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_visit_once, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
