/* Migrations: once, never backwards, never changed; and what the schema says of words and secrets
 * is what the records say. */
#include "store/migrate.h"

#include "lib/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_runs_once(void **state)
{
    struct store_fixture *f = *state;
    int ran = -1;
    int have = -1;
    int want = -1;
    assert_int_equal(migrate_status(f->db, &have, &want, &f->problem), OK);
    assert_int_equal(have, 0);
    assert_true(want >= 1);
    assert_int_equal(migrate_up(f->db, &ran, &f->problem), OK);
    assert_int_equal(ran, want);
    assert_int_equal(migrate_up(f->db, &ran, &f->problem), OK);
    assert_int_equal(ran, 0);
    assert_int_equal(migrate_up(f->db, NULL, NULL), OK);
    /* Also by another process that comes later, and for one that may only read. */
    struct db *other = store_open(f, false);
    assert_int_equal(migrate_up(other, &ran, &f->problem), OK);
    assert_int_equal(ran, 0);
    db_close(&other);
    struct db *reader = store_open(f, true);
    assert_int_equal(migrate_status(reader, &have, &want, &f->problem), OK);
    assert_int_equal(have, want);
    db_close(&reader);
}

static void test_newer_schema(void **state)
{
    struct store_fixture *f = *state;
    int ran = -1;
    assert_int_equal(migrate_up(f->db, NULL, &f->problem), OK);
    store_execute(f, "INSERT INTO schema_migrations (number, checksum) VALUES (9999, 'x')");
    assert_int_equal(migrate_up(f->db, &ran, &f->problem), E_CONFLICT);
    assert_int_equal(ran, 0);
    assert_non_null(strstr(f->problem.message, "9999"));
}

static void test_changed_text(void **state)
{
    struct store_fixture *f = *state;
    int have = 0;
    int want = 0;
    assert_int_equal(migrate_up(f->db, NULL, &f->problem), OK);
    store_execute(f, "UPDATE schema_migrations SET checksum = 'x' WHERE number = 1");
    assert_int_equal(migrate_up(f->db, NULL, &f->problem), E_CONFLICT);
    assert_non_null(strstr(f->problem.message, "migration 1 was changed"));
    assert_int_equal(migrate_status(f->db, &have, &want, &f->problem), E_CONFLICT);
}

/* A step that fails in its middle leaves nothing behind and can run again. */
static void test_step_is_whole(void **state)
{
    struct store_fixture *f = *state;
    store_execute(f, "CREATE TABLE meetings (in_the_way TEXT)");
    int ran = -1;
    assert_int_not_equal(migrate_up(f->db, &ran, &f->problem), OK);
    assert_int_equal(ran, 0);
    assert_non_null(strstr(f->problem.message, "meetings"));
    assert_int_not_equal(db_execute(f->db, "SELECT * FROM users", &f->problem), OK);
    store_execute(f, "DROP TABLE meetings");
    assert_int_equal(migrate_up(f->db, &ran, &f->problem), OK);
    assert_true(ran >= 1);
}

/* The text that the engine keeps of each table is what the migrations made of it. */
static struct str schema_of(struct store_fixture *f, const char *table)
{
    struct driver_config config = {.path = f->path, .is_read_only = true};
    struct driver_connection *connection = NULL;
    struct driver_statement *statement = NULL;
    struct value name = value_text(str_from(table));
    struct value column = {0};
    bool has_row = false;
    assert_int_equal(driver_sqlite.open(&config, &connection, &f->problem), OK);
    assert_int_equal(driver_sqlite.prepare(connection,
                                           STR("SELECT sql FROM sqlite_master "
                                               "WHERE type='table' AND name=?1"),
                                           &statement, &f->problem),
                     OK);
    assert_int_equal(driver_sqlite.start(statement, &name, 1), OK);
    assert_int_equal(driver_sqlite.step(statement, &column, 1, &has_row), OK);
    struct str sql = has_row ? arena_str(f->arena, column.text) : STR_NONE;
    driver_sqlite.finish(statement);
    driver_sqlite.forget(&statement);
    driver_sqlite.close(&connection);
    if (!str_is_set(sql)) {
        fail_msg("there is no table %s", table);
    }
    return sql;
}

/* "status TEXT NOT NULL CHECK (…)," of a column, up to the next one: its words on one line. */
static struct str definition_of(struct store_fixture *f, struct str sql, const char *column)
{
    struct str rest = sql;
    struct str line = STR_NONE;
    struct buf out = {.arena = f->arena};
    bool is_inside = false;
    while (str_split(&rest, '\n', &line)) {
        struct str text = str_trim(line);
        size_t end = str_find_byte(text, ' ', 0);
        /* A line that goes on with the words of a CHECK begins with a quote. */
        bool is_more = text.len > 0 && text.ptr[0] == '\'';
        is_inside = is_more ? is_inside : str_equal_text(str_slice(text, 0, end), column);
        if (is_inside) {
            buf_add(&out, text);
            buf_add_byte(&out, ' ');
        }
    }
    if (out.len == 0) {
        fail_msg("there is no column %s in %.*s", column, STR_FMT(sql));
    }
    return buf_str(&out);
}

/* "column = 'ONE' OR column = 'TWO'", as a CHECK has them. */
static struct str words_of(struct store_fixture *f, const struct field *field,
                           const char *const *subset)
{
    const struct enum_names *names = field->detail.names;
    struct buf out = {.arena = f->arena};
    for (int i = 1; subset == NULL ? i < names->count : subset[i - 1] != NULL; i++) {
        const char *word = subset == NULL ? names->names[i] : subset[i - 1];
        buf_printf(&out, "%s%s = '%s'", i == 1 ? "" : " OR ", field->column, word);
    }
    return buf_str(&out);
}

/* Columns that may not have all the words of their enum. */
static const struct {
    enum table table;
    const char *column;
    const char *words[8];
} subsets[] = {{TABLE_users, "preferred_channel", {"SMS", "WHATSAPP"}}};

static const char *const *subset_of(enum table table, const char *column)
{
    for (size_t i = 0; i < ARRAY_LENGTH(subsets); i++) {
        if (subsets[i].table == table && strcmp(subsets[i].column, column) == 0) {
            return subsets[i].words;
        }
    }
    return NULL;
}

static void check_enum(struct store_fixture *f, enum table table, const struct field *field)
{
    struct str definition = definition_of(f, schema_of(f, db_table_name(table)), field->column);
    struct str words = words_of(f, field, subset_of(table, field->column));
    struct str check = arena_printf(f->arena, "CHECK ((%.*s))", STR_FMT(words));
    if (!str_contains(definition, check)) {
        fail_msg("%s.%s: expected %.*s in %.*s", db_table_name(table), field->column,
                 STR_FMT(check), STR_FMT(definition));
    }
}

static void test_words_of_checks(void **state)
{
    struct store_fixture *f = *state;
    int checked = 0;
    assert_int_equal(migrate_up(f->db, NULL, &f->problem), OK);
    for (int table = 0; table < TABLE_COUNT; table++) {
        const struct record *record = db_table_record((enum table)table);
        for (size_t i = 0; i < record->field_count; i++) {
            const struct field *field = &record->fields[i];
            if (field->type == FIELD_ENUM && field_is_stored(field)) {
                check_enum(f, (enum table)table, field);
                checked++;
            }
        }
    }
    assert_true(checked >= 20);
    /* Tables without a record of their own. */
    struct str target = definition_of(f, schema_of(f, "call_slots"), "target");
    assert_true(str_contains(target, STR("(target = 'PERSON' OR target = 'EMERGENCY_CONTACT')")));
}

/* A sealed value is bytes, and nothing else of a record is. */
static void test_types_of_columns(void **state)
{
    struct store_fixture *f = *state;
    assert_int_equal(migrate_up(f->db, NULL, &f->problem), OK);
    for (int table = 0; table < TABLE_COUNT; table++) {
        const struct record *record = db_table_record((enum table)table);
        struct str sql = schema_of(f, db_table_name((enum table)table));
        for (size_t i = 0; i < record->field_count; i++) {
            const struct field *field = &record->fields[i];
            if (!field_is_stored(field)) {
                continue;
            }
            bool is_bytes = field->type == FIELD_BYTES || (field->flags & F_SEALED) != 0;
            bool is_text = !is_bytes && (field->type == FIELD_TEXT || field->type == FIELD_ENUM);
            const char *type = is_bytes ? " BLOB" : is_text ? " TEXT" : " INTEGER";
            struct str definition = definition_of(f, sql, field->column);
            if (!str_contains(definition, str_from(type))) {
                fail_msg("%s.%s is not%s: %.*s", db_table_name((enum table)table), field->column,
                         type, STR_FMT(definition));
            }
        }
    }
}

/* Every statement of every table fits the schema. */
static void test_every_table_can_be_asked(void **state)
{
    struct store_fixture *f = *state;
    assert_int_equal(migrate_up(f->db, NULL, &f->problem), OK);
    for (int table = 0; table < TABLE_COUNT; table++) {
        void *out = arena_alloc(f->arena, db_table_record((enum table)table)->size);
        assert_int_equal(db_get(f->db, (enum table)table, (struct id){1}, f->arena, out),
                         E_NOT_FOUND);
    }
    assert_int_equal(f->complaints, 0);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, store_set_up_empty, store_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(test_runs_once),
        WITH_STORE(test_newer_schema),
        WITH_STORE(test_changed_text),
        WITH_STORE(test_step_is_whole),
        WITH_STORE(test_words_of_checks),
        WITH_STORE(test_types_of_columns),
        WITH_STORE(test_every_table_can_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
