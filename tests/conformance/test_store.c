/* What a storage engine owes the store: one suite, run on SQLite in a file and in memory and on
 * PostgreSQL, through the driver's vtable and through the db above it. */
#include "store/audit.h"
#include "store/meetings.h"
#include "store/people.h"
#include "store/settings.h"

#include "lib/places.h"
#include "lib/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check_vtable(const struct driver *driver)
{
    assert_non_null(driver->dialect);
    assert_true(driver->open != NULL && driver->close != NULL && driver->execute != NULL);
    assert_true(driver->prepare != NULL && driver->start != NULL && driver->step != NULL);
    assert_true(driver->finish != NULL && driver->forget != NULL);
    assert_true(driver->flush_apart != NULL && driver->flush != NULL);
}

static void test_vtables_are_complete(void **state)
{
    (void)state;
    check_vtable(&driver_sqlite);
    check_vtable(&driver_postgres);
}

static struct driver_connection *connect_to(struct store_fixture *f)
{
    struct driver_config config = {.path = f->path};
    struct driver_connection *connection = NULL;
    assert_int_equal(f->driver->open(&config, &connection, &f->problem), OK);
    return connection;
}

static struct driver_statement *prepare(struct store_fixture *f,
                                        struct driver_connection *connection, const char *sql)
{
    struct driver_statement *statement = NULL;
    if (f->driver->prepare(connection, str_from(sql), &statement, &f->problem) != OK) {
        fail_msg("%s: %s", sql, f->problem.message);
    }
    return statement;
}

struct run {
    const struct driver *driver;
    struct driver_statement *statement;
};

static enum err run(struct run with, struct params params, int64_t *changed)
{
    const struct driver *driver = with.driver;
    struct driver_statement *statement = with.statement;
    bool has_row = true;
    enum err err = driver->start(statement, params.values, params.count);
    if (err == OK) {
        err = driver->step(statement, NULL, 0, &has_row);
        assert_false(has_row);
    }
    *changed = driver->finish(statement);
    return err;
}

static void test_values(void **state)
{
    struct store_fixture *f = store_of(state);
    const struct driver *driver = f->driver;
    struct driver_connection *connection = connect_to(f);
    struct str tables =
        dialect_text(driver->dialect, f->arena,
                     STR("CREATE TABLE one (n @int, t TEXT, b @bytes); CREATE TABLE two (n @int)"));
    assert_int_equal(driver->execute(connection, tables.ptr, &f->problem), OK);
    struct driver_statement *put =
        prepare(f, connection, "INSERT INTO one (n, t, b) VALUES (?1, ?2, ?3)");
    struct driver_statement *get = prepare(f, connection, "SELECT n, t, b, NULL FROM one");
    struct driver_statement *drop = prepare(f, connection, "DELETE FROM one WHERE n=?1");
    static const struct str bytes = {"\0\xff\0", 3};
    const struct value rows[][3] = {
        {value_int(INT64_MAX), value_text(STR("ñandú 👍")), value_bytes(bytes)},
        {value_int(INT64_MIN), value_text(STR("")), value_bytes(STR(""))},
        {value_int(0), {.type = VALUE_NULL}, {.type = VALUE_NULL}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct value columns[5] = {[4] = value_int(4711)};
        bool has_row = false;
        int64_t changed = 0;
        assert_int_equal(run((struct run){driver, put}, (struct params){rows[i], 3}, &changed), OK);
        assert_int_equal(changed, 1);
        assert_int_equal(driver->start(get, NULL, 0), OK);
        assert_int_equal(driver->step(get, columns, 4, &has_row), OK);
        assert_true(has_row);
        for (size_t j = 0; j < 3; j++) {
            assert_int_equal(columns[j].type, rows[i][j].type);
            assert_true(columns[j].number == rows[i][j].number);
            assert_true(columns[j].type == VALUE_INT ||
                        str_is_set(columns[j].text) == str_is_set(rows[i][j].text));
            assert_true(str_equal(columns[j].text, rows[i][j].text));
        }
        assert_int_equal(columns[3].type, VALUE_NULL);
        assert_int_equal(columns[4].number, 4711);
        assert_int_equal(driver->step(get, columns, 4, &has_row), OK);
        assert_false(has_row);
        driver->finish(get);
        assert_int_equal(run((struct run){driver, drop}, PARAMS(rows[i][0]), &changed), OK);
        assert_int_equal(changed, 1);
        assert_int_equal(run((struct run){driver, drop}, PARAMS(rows[i][0]), &changed), OK);
        assert_int_equal(changed, 0);
    }
    struct driver_statement *statements[] = {put, get, drop};
    for (size_t i = 0; i < ARRAY_LENGTH(statements); i++) {
        driver->forget(&statements[i]);
        assert_null(statements[i]);
        driver->forget(&statements[i]);
    }
    driver->close(&connection);
    assert_null(connection);
    driver->close(&connection);
}

static void test_errors_of_the_engine(void **state)
{
    struct store_fixture *f = store_of(state);
    const struct driver *driver = f->driver;
    struct driver_connection *connection = connect_to(f);
    struct driver_statement *statement = NULL;
    int64_t changed = 0;
    assert_int_equal(driver->execute(connection, "CREATE TABEL one (n)", &f->problem), E_INTERNAL);
    assert_non_null(strstr(f->problem.message, "TABEL"));
    assert_int_equal(
        driver->prepare(connection, STR("SELECT x FROM nowhere"), &statement, &f->problem),
        E_INTERNAL);
    assert_null(statement);
    assert_int_equal(driver->execute(connection,
                                     "CREATE TABLE one (n INTEGER PRIMARY KEY, u TEXT UNIQUE, "
                                     "s TEXT NOT NULL CHECK (s IN ('A', 'B')), UNIQUE (s, u))",
                                     &f->problem),
                     OK);
    statement = prepare(f, connection, "INSERT INTO one (n, u, s) VALUES (?1, ?2, ?3)");
    struct value a = value_text(STR("A"));
    struct value c = value_text(STR("C"));
    struct value null = {.type = VALUE_NULL};
    assert_int_equal(run((struct run){driver, statement}, PARAMS(value_int(1), a, a), &changed),
                     OK);
    assert_int_equal(run((struct run){driver, statement}, PARAMS(value_int(1), c, a), &changed),
                     E_DUPLICATE);
    assert_int_equal(run((struct run){driver, statement}, PARAMS(value_int(2), a, a), &changed),
                     E_DUPLICATE);
    assert_int_equal(run((struct run){driver, statement}, PARAMS(value_int(2), c, c), &changed),
                     E_INVALID);
    assert_int_equal(run((struct run){driver, statement}, PARAMS(value_int(2), c, null), &changed),
                     E_INVALID);
    /* A statement that failed can be used again. */
    assert_int_equal(run((struct run){driver, statement}, PARAMS(value_int(2), c, a), &changed),
                     OK);
    driver->forget(&statement);
    driver->close(&connection);
}

static bool has_user(struct store_fixture *f, struct db *db, struct id id)
{
    struct user user = {0};
    enum err err = users_get(db, f->arena, id, &user);
    assert_true(err == OK || err == E_NOT_FOUND);
    return err == OK;
}

static struct user put_user(struct store_fixture *f, const char *name, const char *phone)
{
    struct user user = store_user(f, name, phone);
    assert_int_equal(users_put(f->db, f->arena, &user), OK);
    return user;
}

static void test_transactions(void **state)
{
    struct store_fixture *f = store_of(state);
    assert_int_equal(db_begin(f->db), OK);
    struct user kept = put_user(f, "Ana", "+34600111222");
    assert_true(has_user(f, f->db, kept.id));
    assert_int_equal(db_commit(f->db), OK);
    assert_int_equal(db_begin(f->db), OK);
    struct user lost = put_user(f, "Bo", "+34600111223");
    assert_true(has_user(f, f->db, lost.id));
    db_rollback(f->db);
    assert_true(has_user(f, f->db, kept.id));
    assert_false(has_user(f, f->db, lost.id));
    /* Nothing is under way: a rollback is no harm, a commit is refused. */
    db_rollback(f->db);
    assert_int_not_equal(db_commit(f->db), OK);
    assert_int_equal(db_begin(f->db), OK);
    assert_int_not_equal(db_begin(f->db), OK);
    assert_int_equal(db_commit(f->db), OK);
}

/* Operations share a transaction; one that is refused takes back its own rows only. */
static void test_fences(void **state)
{
    struct store_fixture *f = store_of(state);
    struct user users[4];
    static const bool is_refused[] = {false, true, true, false};
    assert_int_equal(db_begin(f->db), OK);
    for (int i = 0; i < 4; i++) {
        db_savepoint(f->db);
        users[i] = put_user(f, "Ana", "+34600111222");
        struct user again = users[i];
        assert_int_equal(users_put(f->db, f->arena, &again), E_DUPLICATE);
        assert_int_equal(is_refused[i] ? db_undo(f->db) : db_release(f->db), OK);
    }
    assert_int_equal(db_commit(f->db), OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(has_user(f, f->db, users[i].id), !is_refused[i]);
    }
}

static void test_refusals(void **state)
{
    struct store_fixture *f = store_of(state);
    struct user user = put_user(f, "Ana", "+34600111222");
    assert_int_equal(db_insert(f->db, TABLE_users, f->arena, &user), E_DUPLICATE);
    assert_int_equal(f->complaints, 0);
    struct user half = store_user(f, "Bo", "+34600111223");
    half.quiet_start = STR("22:00");
    assert_int_equal(users_put(f->db, f->arena, &half), E_INVALID);
    half.quiet_end = STR("08:00");
    half.preferred_channel = channel_EMAIL;
    assert_int_equal(users_put(f->db, f->arena, &half), E_INVALID);
    half.preferred_channel = channel_SMS;
    half.name = STR_NONE;
    assert_int_equal(users_put(f->db, f->arena, &half), E_INVALID);
    half.name = STR("Bo");
    assert_int_equal(users_put(f->db, f->arena, &half), OK);
    struct user stranger = store_user(f, "Cy", "+34600111224");
    assert_int_equal(users_change(f->db, f->arena, &stranger), E_NOT_FOUND);
    assert_int_equal(users_get(f->db, f->arena, stranger.id, &user), E_NOT_FOUND);
}

static void test_record_round_trip(void **state)
{
    struct store_fixture *f = store_of(state);
    struct user user = store_user(f, "Ana María 👍", "+34600111222");
    user.email = STR("ana@example.org");
    user.quiet_start = STR("22:00");
    user.quiet_end = STR("08:00");
    user.preferred_channel = channel_WHATSAPP;
    user.call_opt_in = false;
    assert_int_equal(users_put(f->db, f->arena, &user), OK);
    user.email = STR_NONE;
    user.timezone = STR("Europe/Madrid");
    assert_int_equal(users_change(f->db, f->arena, &user), OK);
    struct user found = {0};
    assert_int_equal(users_get(f->db, f->arena, user.id, &found), OK);
    store_assert_text(found.name, "Ana María 👍");
    store_assert_text(found.phone, "+34600111222");
    store_assert_text(found.timezone, "Europe/Madrid");
    assert_false(str_is_set(found.email));
    assert_int_equal(found.preferred_channel, channel_WHATSAPP);
    assert_false(found.call_opt_in);
    assert_true(found.calendar_enabled);
    assert_true(found.created_at.us == user.created_at.us);
    assert_false(instant_is_set(found.deleted_at));
}

static void test_look_up_by_phone(void **state)
{
    struct store_fixture *f = store_of(state);
    struct user ana = put_user(f, "Ana", "+34600111222");
    struct user bo = store_user(f, "Bo", "+34600111223");
    bo.whatsapp = STR("+34600111222");
    assert_int_equal(users_put(f->db, f->arena, &bo), OK);
    struct list list = {0};
    assert_int_equal(users_by_phone(f->db, f->arena, STR("+34600111222"), &list), OK);
    assert_int_equal(list.count, 2);
    assert_int_equal(users_by_phone(f->db, f->arena, STR("+34600111223"), &list), OK);
    assert_int_equal(list.count, 1);
    store_assert_text(((const struct user *)list.items)->name, "Bo");
    assert_int_equal(users_by_phone(f->db, f->arena, STR("+34600111224"), &list), OK);
    assert_int_equal(list.count, 0);
    /* A changed number is found by the new one only, a removed person not at all. */
    ana.phone = STR("+34600111225");
    assert_int_equal(users_change(f->db, f->arena, &ana), OK);
    bo.deleted_at = store_time(0);
    assert_int_equal(users_change(f->db, f->arena, &bo), OK);
    assert_int_equal(users_by_phone(f->db, f->arena, STR("+34600111222"), &list), OK);
    assert_int_equal(list.count, 0);
    assert_int_equal(users_by_phone(f->db, f->arena, STR("+34600111225"), &list), OK);
    assert_int_equal(list.count, 1);
    ana.emergency_phone = STR("+34600111226");
    assert_int_equal(users_change(f->db, f->arena, &ana), OK);
    assert_int_equal(users_by_phone(f->db, f->arena, STR("+34600111226"), &list), OK);
    assert_int_equal(list.count, 0);
    assert_int_equal(users_by_emergency_phone(f->db, f->arena, STR("+34600111226"), &list), OK);
    assert_int_equal(list.count, 1);
    int64_t count = 0;
    assert_int_equal(users_count(f->db, &count), OK);
    assert_int_equal(count, 1);
    assert_false(has_user(f, f->db, bo.id));
}

/* A sealed value opens in its own row only: a row that was moved is left out, and counted. */
static void test_moved_row(void **state)
{
    struct store_fixture *f = store_of(state);
    struct user first = put_user(f, "Ana", "+34600111222");
    struct user moved = put_user(f, "Bo", "+34600111223");
    struct user last = put_user(f, "Cy", "+34600111224");
    struct id other = store_new_id(f);
    store_execute(f, "UPDATE users SET id = %lld WHERE id = %lld", (long long)other.value,
                  (long long)moved.id.value);
    struct user found = {0};
    assert_int_equal(db_corrupt_rows(f->db), 0);
    assert_int_equal(users_get(f->db, f->arena, other, &found), E_CORRUPT);
    assert_int_equal(db_corrupt_rows(f->db), 1);
    assert_true(f->complaints > 0);
    struct list list = {0};
    assert_int_equal(users_page(f->db, f->arena, ID_NONE, 10, &list), OK);
    assert_int_equal(db_corrupt_rows(f->db), 2);
    assert_int_equal(list.count, 2);
    const struct user *users = list.items;
    assert_true(id_equal(users[0].id, first.id) && id_equal(users[1].id, last.id));
    /* Nothing was repaired or removed. */
    int64_t count = 0;
    assert_int_equal(users_count(f->db, &count), OK);
    assert_int_equal(count, 3);
    store_execute(f,
                  "UPDATE users SET phone = (SELECT phone FROM users WHERE id = %lld) "
                  "WHERE id = %lld",
                  (long long)first.id.value, (long long)last.id.value);
    assert_int_equal(users_get(f->db, f->arena, last.id, &found), E_CORRUPT);
}

static void test_reader_sees_what_is_committed(void **state)
{
    struct store_fixture *f = store_of(state);
    struct user first = put_user(f, "Ana", "+34600111222");
    struct db *reader = store_open(f, true);
    assert_true(has_user(f, reader, first.id));
    assert_int_equal(db_begin(f->db), OK);
    struct user second = put_user(f, "Bo", "+34600111223");
    assert_false(has_user(f, reader, second.id));
    assert_int_equal(db_commit(f->db), OK);
    assert_true(has_user(f, reader, second.id));
    assert_int_equal(db_begin(f->db), OK);
    struct user third = put_user(f, "Cy", "+34600111224");
    db_rollback(f->db);
    assert_false(has_user(f, reader, third.id));
    assert_int_equal(users_put(reader, f->arena, &third), E_UNAVAILABLE);
    assert_int_equal(db_execute(reader, "DELETE FROM users", &f->problem), E_UNAVAILABLE);
    assert_true(has_user(f, f->db, first.id));
    db_close(&reader);
    assert_null(reader);
}

static void test_survives_closing(void **state)
{
    struct store_fixture *f = store_of(state);
    struct user user = put_user(f, "Ana", "+34600111222");
    assert_int_equal(db_begin(f->db), OK);
    struct user lost = put_user(f, "Bo", "+34600111223");
    db_close(&f->db);
    f->db = store_open(f, false);
    assert_true(has_user(f, f->db, user.id));
    assert_false(has_user(f, f->db, lost.id));
}

static bool is_in_file(struct store_fixture *f, const char *ending, const char *text)
{
    size_t length = 0;
    char *bytes = file_read(arena_printf(f->arena, "%s%s", f->path, ending).ptr, &length);
    bool is_there = bytes != NULL && str_contains((struct str){bytes, length}, str_from(text));
    free(bytes);
    return is_there;
}

static bool is_on_disk(struct store_fixture *f, const char *text)
{
    return is_in_file(f, "", text) || is_in_file(f, "-wal", text);
}

static void put_secrets(struct store_fixture *f)
{
    struct user user = store_user(f, "Ana Secretname", "+34600111222");
    user.email = STR("secret-address@example.org");
    assert_int_equal(users_put(f->db, f->arena, &user), OK);
    struct meeting meeting = store_meeting(f, user.id, "plain-external-id", 30);
    meeting.title = STR("Secret merger talks");
    meeting.join_url = STR("https://secret-room.example");
    store_insert(f, TABLE_meetings, &meeting);
    struct message message = store_message(f, &meeting, ID_NONE);
    message.text = STR("Secret words of a message");
    store_insert(f, TABLE_messages, &message);
    struct audit_chain chain = {0};
    struct audit_event event = {.at = store_time(0),
                                .actor = STR("plain-actor"),
                                .action = STR("USER_CREATED"),
                                .subject_type = subject_type_USER,
                                .after = STR("{\"name\":\"Secret in the trail\"}")};
    assert_int_equal(audit_append(f->db, f->arena, &chain, &event), OK);
}

static void test_secrets_are_not_on_disk(void **state)
{
    struct store_fixture *f = store_of(state);
    static const char *const secrets[] = {
        "+34600111222",        "600111222",
        "Secretname",          "secret-address",
        "Secret merger",       "merger talks",
        "secret-room",         "Secret words",
        "Secret in the trail", "a key that only this test has",
    };
    put_secrets(f);
    for (int closed = 0; closed < 2; closed++) {
        for (size_t i = 0; i < ARRAY_LENGTH(secrets); i++) {
            if (is_on_disk(f, secrets[i])) {
                fail_msg("\"%s\" can be read in the file", secrets[i]);
            }
        }
        /* What is not sealed is found, so the search does search. */
        assert_true(is_on_disk(f, "plain-external-id"));
        assert_true(is_on_disk(f, "plain-actor"));
        db_close(&f->db);
    }
    assert_true(is_in_file(f, "", "plain-external-id"));
}

static void test_files_that_are_none(void **state)
{
    struct store_fixture *f = store_of(state);
    db_close(&f->db);
    FILE *file = fopen(f->path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 512; i++) {
        fputs("this is no database ", file);
    }
    fclose(file);
    struct db_config config = {.driver = f->driver, .path = f->path, .seal = f->seal};
    assert_int_equal(db_open(&config, &f->db, &f->problem), E_CORRUPT);
    assert_null(f->db);
    config.path = arena_printf(f->arena, "%s/missing/store.db", f->folder).ptr;
    assert_int_equal(db_open(&config, &f->db, &f->problem), E_UNAVAILABLE);
    config.path = f->folder;
    assert_int_equal(db_open(&config, &f->db, &f->problem), E_UNAVAILABLE);
    assert_null(f->db);
}

#define ON_SERVER(test)                                                         \
    {                                                                           \
#test " (postgres)", test, store_set_up_postgres, store_tear_down, NULL \
    }
#define ON_ALL(test)                                                   \
    {#test " (file)", test, store_set_up_file, store_tear_down, NULL}, \
        {#test " (memory)", test, store_set_up_memory, store_tear_down, NULL}, ON_SERVER(test)
#define ON_FILE(test)                                         \
    {                                                         \
#test, test, store_set_up_file, store_tear_down, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vtables_are_complete),
        ON_ALL(test_values),
        ON_ALL(test_errors_of_the_engine),
        ON_ALL(test_transactions),
        ON_ALL(test_fences),
        ON_ALL(test_refusals),
        ON_ALL(test_record_round_trip),
        ON_ALL(test_look_up_by_phone),
        ON_ALL(test_moved_row),
        ON_FILE(test_reader_sees_what_is_committed),
        ON_SERVER(test_reader_sees_what_is_committed),
        ON_FILE(test_survives_closing),
        ON_SERVER(test_survives_closing),
        ON_FILE(test_secrets_are_not_on_disk),
        ON_FILE(test_files_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
