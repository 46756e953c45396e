#include "model/rows.h"

#include "model/enums.h"
#include "test_records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { COLUMNS = 14 };

static struct value null_value(void)
{
    return (struct value){.type = VALUE_NULL};
}

/* Turns "Ana" into "<people.name.77>Ana", and opens only what carries the same place. */
static struct str fake_prefix(struct arena *arena, struct seal_place where)
{
    return arena_printf(arena, "<%s.%s.%d>", where.table, where.column, (int)where.row.value);
}

static struct str fake_seal(void *context, struct arena *arena, struct seal_place where,
                            struct str plain)
{
    (void)context;
    return arena_printf(arena, "%s%.*s", fake_prefix(arena, where).ptr, STR_FMT(plain));
}

static enum err fake_open(void *context, struct arena *arena, struct seal_place where,
                          struct str sealed, struct str *plain)
{
    (void)context;
    struct str prefix = fake_prefix(arena, where);
    if (!str_starts(sealed, prefix)) {
        return E_CORRUPT;
    }
    *plain = str_slice(sealed, prefix.len, sealed.len);
    return OK;
}

static const struct sealer sealer = {.seal = fake_seal, .open = fake_open};

static const struct person sample = {.id = {77},
                                     .name = STR_INIT("Ana"),
                                     .age = 40,
                                     .score = -1,
                                     .is_active = true,
                                     .seen_at = {1767603600123000},
                                     .colour = colour_DARK_BLUE,
                                     .manager_id = {78},
                                     .quiet_start = STR_INIT(""),
                                     .notes = STR_INIT("é"),
                                     .phone_hash = STR_INIT("\xff\0\x01")};

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

static size_t column_of(const char *name)
{
    size_t column = 0;
    for (size_t i = 0; strcmp(person_record.fields[i].column, name) != 0; i++) {
        column += field_is_stored(&person_record.fields[i]);
    }
    return column;
}

static void test_columns(void **state)
{
    struct buf out = {.arena = *state};
    record_columns(&out, &person_record);
    assert_string_equal(buf_str(&out).ptr,
                        "id, name, phone, age, score, is_active, seen_at, colour, manager_id, "
                        "quiet_start, quiet_end, notes, phone_hash, created_at");
    assert_int_equal(record_column_count(&person_record), COLUMNS);
}

static void test_round_trip(void **state)
{
    struct value values[COLUMNS + 1];
    values[COLUMNS] = value_int(4711);
    record_to_values(&(struct row_context){"people", &sealer, *state, ROW_WHOLE}, &person_record,
                     &sample, values);
    assert_int_equal(values[COLUMNS].number, 4711);
    assert_int_equal(values[0].number, 77);
    assert_int_equal(values[1].type, VALUE_BYTES);
    assert_true(str_equal_text(values[1].text, "<people.name.77>Ana"));
    assert_int_equal(values[column_of("phone")].type, VALUE_NULL);
    assert_int_equal(values[column_of("seen_at")].number, 1767603600123);
    assert_true(str_equal_text(values[column_of("colour")].text, "DARK_BLUE"));
    assert_ptr_equal(values[column_of("notes")].text.ptr, sample.notes.ptr);
    struct person back;
    memset(&back, 0x5a, sizeof back);
    assert_int_equal(record_from_values(&(struct row_context){"people", &sealer, *state, ROW_WHOLE},
                                        &person_record, values, &back),
                     OK);
    assert_int_equal(back.id.value, 77);
    assert_true(str_equal(back.name, sample.name));
    struct person brief;
    assert_int_equal(record_from_values(&(struct row_context){"people", &sealer, *state, ROW_BRIEF},
                                        &person_record, values, &brief),
                     OK);
    assert_false(str_is_set(brief.name)); /* F_LONG */
    assert_int_equal(brief.id.value, 77);
    assert_true(str_equal(brief.notes, sample.notes));
    assert_false(str_is_set(back.phone));
    assert_int_equal(back.age, 40);
    assert_int_equal(back.score, -1);
    assert_true(back.is_active);
    assert_true(back.seen_at.us == sample.seen_at.us);
    assert_int_equal(back.colour, colour_DARK_BLUE);
    assert_int_equal(back.manager_id.value, 78);
    assert_true(str_is_set(back.quiet_start) && back.quiet_start.len == 0);
    assert_true(str_equal(back.notes, sample.notes));
    assert_true(back.notes.ptr != sample.notes.ptr);
    assert_true(str_equal(back.phone_hash, sample.phone_hash));
    assert_false(instant_is_set(back.created_at));
    assert_int_equal(back.guests.count, 0);
    assert_null(back.badge);
}

static void test_corrupt_rows(void **state)
{
    const struct {
        const char *column;
        struct value value;
    } rows[] = {
        {"id", null_value()},
        {"id", value_int(0)},
        {"id", value_int(-1)},
        {"id", value_int((int64_t)1 << 60)},
        {"id", value_text(STR("77"))},
        {"name", value_text(STR("Ana"))},
        {"name", value_bytes(STR("Ana"))},
        {"name", value_bytes(STR("<people.name.78>Ana"))},
        {"name", value_bytes(STR("<people.phone.77>Ana"))},
        {"name", value_bytes(STR("<agents.name.77>Ana"))},
        {"name", value_int(1)},
        {"age", null_value()},
        {"age", value_text(STR("40"))},
        {"is_active", null_value()},
        {"is_active", value_int(2)},
        {"seen_at", value_int(0)},
        {"seen_at", value_int(INT64_MAX)},
        {"seen_at", value_int(INT64_MIN)},
        {"seen_at", value_text(STR("2026-01-05T09:00:00Z"))},
        {"colour", value_text(STR("BLACK"))},
        {"colour", value_text(STR(""))},
        {"colour", value_int(1)},
        {"notes", value_bytes(STR("n"))},
        {"notes", value_text(STR("\xff"))},
        {"phone_hash", value_text(STR("h"))},
        {"phone_hash", value_int(1)},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct value values[COLUMNS];
        struct person back;
        record_to_values(&(struct row_context){"people", &sealer, *state, ROW_WHOLE},
                         &person_record, &sample, values);
        values[column_of(rows[i].column)] = rows[i].value;
        enum err err =
            record_from_values(&(struct row_context){"people", &sealer, *state, ROW_WHOLE},
                               &person_record, values, &back);
        if (err != E_CORRUPT) {
            fail_msg("row %zu, column %s: %d", i, rows[i].column, err);
        }
    }
}

static void test_record_without_id(void **state)
{
    struct guest guest = {.name = STR("Bo"), .colour = 99};
    struct guest back;
    struct value values[4];
    record_to_values(&(struct row_context){"guests", NULL, *state, ROW_WHOLE}, &guest_record,
                     &guest, values);
    assert_int_equal(values[2].type, VALUE_NULL);
    assert_int_equal(record_from_values(&(struct row_context){"guests", NULL, *state, ROW_WHOLE},
                                        &guest_record, values, &back),
                     OK);
    assert_true(str_equal_text(back.name, "Bo"));
    assert_int_equal(back.colour, 0);
}

static void test_enum_names(void **state)
{
    (void)state;
    int value = 7;
    assert_null(enum_name(&colour_names, 0));
    assert_null(enum_name(&colour_names, -1));
    assert_null(enum_name(&colour_names, colour_COUNT));
    assert_string_equal(enum_name(&colour_names, colour_GREEN), "GREEN");
    assert_int_equal(enum_parse(&colour_names, STR("GREEN"), &value), OK);
    assert_int_equal(value, colour_GREEN);
    assert_int_equal(enum_parse(&colour_names, STR("green"), &value), E_INVALID);
    assert_int_equal(enum_parse(&colour_names, STR_NONE, &value), E_INVALID);
    assert_int_equal(enum_parse(&colour_names, STR(""), &value), E_INVALID);
    assert_int_equal(value, colour_GREEN);
}

/* Every closed set of enums.def goes there and back, and every value has a meaning. */
static void test_all_enums(void **state)
{
    (void)state;
    const struct enum_doc *docs = NULL;
    size_t count = enum_docs(&docs);
    assert_true(count > 10);
    for (size_t i = 0; i < count; i++) {
        for (int value = 1; value < docs[i].names->count; value++) {
            int back = 0;
            struct str name = str_from(enum_name(docs[i].names, value));
            assert_int_equal(enum_parse(docs[i].names, name, &back), OK);
            assert_int_equal(back, value);
            assert_true(strlen(docs[i].meanings[value]) > 0);
        }
    }
}

static void test_field_index(void **state)
{
    (void)state;
    assert_int_equal(record_field_index(&person_record, "id"), 0);
    assert_int_equal(record_field_index(&person_record, "quiet_start"), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_columns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_corrupt_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_record_without_id, set_up, tear_down),
        cmocka_unit_test(test_enum_names),
        cmocka_unit_test(test_all_enums),
        cmocka_unit_test(test_field_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
