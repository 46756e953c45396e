/* What the codecs take for granted about every record of src/model/records.def. */
#include "model/formats.h"
#include "model/openapi.h"
#include "model/records.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Says which field is at fault, since there are hundreds. */
static void expect(bool holds, const struct record *record, const struct field *field,
                   const char *rule)
{
    if (!holds) {
        fail_msg("%s.%s: %s", record->name, field->json, rule);
    }
}

static void for_each_field(void (*check)(const struct record *record, const struct field *field))
{
    const struct record *const *all = NULL;
    size_t count = records_all(&all);
    assert_true(count > 0);
    for (size_t r = 0; r < count; r++) {
        assert_in_range(all[r]->field_count, 1, RECORD_FIELDS_MAX);
        for (size_t i = 0; i < all[r]->field_count; i++) {
            check(all[r], &all[r]->fields[i]);
        }
    }
}

static void check_detail(const struct record *record, const struct field *field)
{
    bool nests = field->type == FIELD_LIST || field->type == FIELD_RECORD;
    expect((field->detail.names != NULL) == (field->type == FIELD_ENUM), record, field, "NAMES");
    expect((field->detail.items != NULL) == nests, record, field, "ITEMS");
    expect(field->detail.format == NULL || field->type == FIELD_TEXT, record, field, "FORMAT");
    expect(field->min <= field->max, record, field, "min is at most max");
    expect(strlen(field->doc) > 0, record, field, "is documented");
}

static void check_flags(const struct record *record, const struct field *field)
{
    unsigned text_only = F_SEALED | F_PHONE;
    expect((field->flags & text_only) == 0 || field->type == FIELD_TEXT, record, field,
           "is no TEXT");
    expect((field->flags & F_DEFAULT_TRUE) == 0 || field->type == FIELD_BOOL, record, field,
           "F_DEFAULT_TRUE is for BOOL");
    expect((field->flags & F_SHOW_EMPTY) == 0 || field->type == FIELD_LIST, record, field,
           "F_SHOW_EMPTY is for LIST");
    expect(field->type != FIELD_BYTES || (field->flags & F_HIDDEN) != 0, record, field,
           "BYTES are hidden");
}

/* A fallback must satisfy its own field, and belongs to a nested object. */
static void check_fallback(const struct record *record, const struct field *field)
{
    if (field->detail.fallback != NULL) {
        struct str text = str_from(field->detail.fallback);
        expect(field->detail.format->is_valid(text), record, field, "its fallback is invalid");
        expect(strchr(field->json, '.') != NULL, record, field, "is in no object");
    }
}

static void check_unique(const struct record *record, const struct field *field)
{
    for (const struct field *other = record->fields; other < field; other++) {
        expect(strcmp(other->column, field->column) != 0, record, field,
               "its column is not unique");
        /* A query and a body are two places. */
        bool is_beside = (other->flags & F_QUERY) == (field->flags & F_QUERY);
        expect(!is_beside || strcmp(other->json, field->json) != 0, record, field,
               "its name is not unique");
    }
}

static size_t object_length(const struct field *field)
{
    const char *dot = strchr(field->json, '.');
    return dot == NULL ? 0 : (size_t)(dot - field->json);
}

static bool is_in_object_of(const struct field *field, const struct field *other)
{
    size_t len = object_length(field);
    return len == object_length(other) && strncmp(field->json, other->json, len) == 0;
}

/* One level, together, and no name that is an object and a member. */
static void check_nesting(const struct record *record, const struct field *field)
{
    size_t len = object_length(field);
    if (len == 0) {
        return;
    }
    expect(strchr(field->json + len + 1, '.') == NULL, record, field, "is nested twice");
    bool is_first = field == record->fields || !is_in_object_of(field, field - 1);
    for (const struct field *other = record->fields; other < field; other++) {
        expect(!is_first || !is_in_object_of(field, other), record, field,
               "is apart from its object");
    }
    for (size_t i = 0; i < record->field_count; i++) {
        const char *json = record->fields[i].json;
        bool is_same = strlen(json) == len && strncmp(json, field->json, len) == 0;
        expect(!is_same, record, field, "is in an object that is a member too");
    }
}

static void test_details(void **state)
{
    (void)state;
    for_each_field(check_detail);
    for_each_field(check_flags);
    for_each_field(check_fallback);
}

static void test_names(void **state)
{
    (void)state;
    for_each_field(check_unique);
    for_each_field(check_nesting);
}

static void test_schemas_are_json(void **state)
{
    (void)state;
    const struct record *const *all = NULL;
    size_t count = records_all(&all);
    for (size_t r = 0; r < count; r++) {
        for (int use = SCHEMA_ANSWER; use <= SCHEMA_PARTIAL_INPUT; use++) {
            struct buf out = {0};
            json_error_t error;
            openapi_record_schema(&out, all[r], (enum schema_use)use);
            json_t *schema = json_loads(buf_str(&out).ptr, JSON_REJECT_DUPLICATES, &error);
            if (schema == NULL) {
                fail_msg("%s: %s", all[r]->name, error.text);
            }
            json_decref(schema);
            buf_free(&out);
        }
        for (size_t other = 0; other < r; other++) {
            assert_string_not_equal(all[r]->name, all[other]->name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_details),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_schemas_are_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
