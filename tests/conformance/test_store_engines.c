/* Where SQLite and PostgreSQL would differ if nobody looked: every statement of the store, numbers,
 * texts, order, snapshots; and what a server's connection can do that a file cannot. */
#include "store/messages.h"
#include "store/people.h"
#include "store/settings.h"
#include "store/transfer.h"

#include "lib/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_statements(void **state)
{
    struct store_fixture *f = store_of(state);
    assert_int_equal(db_prepare_all(f->db), OK);
    assert_int_equal(f->complaints, 0);
}

static struct user put_user(struct store_fixture *f, const char *name)
{
    struct user user = store_user(f, name, "+34600111222");
    assert_int_equal(users_put(f->db, f->arena, &user), OK);
    return user;
}

/* SQLite keeps any bytes as a text. A refusal before anything is sent costs its statement and not
 * the transaction. */
static void test_texts_that_are_none(void **state)
{
    struct store_fixture *f = store_of(state);
    static const struct str texts[] = {STR_INIT("a\0b"), STR_INIT("\xff"),
                                       STR_INIT("\xed\xa0\x80")};
    struct str kept = STR_NONE;
    assert_int_equal(db_begin(f->db), OK);
    assert_int_equal(settings_put(f->db, STR("kept"), STR("ñ")), OK);
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        assert_int_equal(settings_put(f->db, STR("refused"), texts[i]), E_INVALID);
        assert_int_equal(settings_get(f->db, f->arena, texts[i], &kept), E_INVALID);
    }
    assert_int_equal(db_commit(f->db), OK);
    assert_int_equal(settings_get(f->db, f->arena, STR("kept"), &kept), OK);
    store_assert_text(kept, "ñ");
}

static struct value ask(struct store_fixture *f, const char *sql, struct value param)
{
    struct driver_config config = {.path = f->path};
    struct driver_connection *connection = NULL;
    struct driver_statement *statement = NULL;
    struct value value = {.type = VALUE_NULL};
    bool has_row = false;
    if (f->driver->open(&config, &connection, &f->problem) != OK ||
        f->driver->prepare(connection, str_from(sql), &statement, &f->problem) != OK) {
        fail_msg("%s: %s", sql, f->problem.message);
    }
    assert_int_equal(f->driver->start(statement, &param, 1), OK);
    assert_int_equal(f->driver->step(statement, &value, 1, &has_row), OK);
    assert_true(has_row);
    value.text = arena_str(f->arena, value.text);
    f->driver->finish(statement);
    f->driver->forget(&statement);
    f->driver->close(&connection);
    return value;
}

/* Sums, truth and short literals are numbers of 64 bits like any other; a parameter beside a short
 * literal is no shorter for it. */
static void test_numbers(void **state)
{
    struct store_fixture *f = store_of(state);
    static const struct {
        const char *sql;
        int64_t param;
        int64_t number;
    } cases[] = {
        {"SELECT ?1+0", INT64_MAX, INT64_MAX},
        {"SELECT CASE WHEN ?1=0 THEN 1 ELSE 2 END", INT64_C(1) << 40, 2},
        {"SELECT coalesce(sum(n), 0) FROM (SELECT CAST(?1 AS BIGINT) AS n) AS one",
         INT64_C(1234567890123456789), INT64_C(1234567890123456789)},
        {"SELECT coalesce(sum(n), 0) FROM (SELECT CAST(?1 AS BIGINT) AS n) AS one", -100000000,
         -100000000},
        {"SELECT coalesce(sum(n), 0) FROM (SELECT CAST(?1 AS BIGINT) AS n) AS one", 0, 0},
        {"SELECT coalesce(sum(n), 0) FROM (SELECT CAST(?1 AS BIGINT) AS n) AS one", 40000, 40000},
        {"SELECT EXISTS (SELECT 1 WHERE ?1=1)", 1, 1},
        {"SELECT EXISTS (SELECT 1 WHERE ?1=1)", 0, 0},
        {"SELECT CAST(?1 AS BIGINT)/2", -7, -3},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct value value = ask(f, cases[i].sql, value_int(cases[i].param));
        assert_int_equal(value.type, VALUE_INT);
        assert_true(value.number == cases[i].number);
    }
}

/* Texts are compared by their bytes, whatever the server's language: capitals first, ñ last. */
static void test_order(void **state)
{
    struct store_fixture *f = store_of(state);
    static const char *const names[] = {"b", "ñ", "B", "a"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        assert_int_equal(settings_put(f->db, str_from(names[i]), STR("order")), OK);
    }
    static const char sql[] = "SELECT min(name) FROM settings WHERE value='order' AND name>?1";
    static const char *const in_order[] = {"B", "a", "b", "ñ"};
    const char *last = "";
    for (size_t i = 0; i < ARRAY_LENGTH(in_order); i++) {
        store_assert_text(ask(f, sql, value_text(str_from(last))).text, in_order[i]);
        last = in_order[i];
    }
}

static void test_snapshot(void **state)
{
    struct store_fixture *f = store_of(state);
    struct user user = {0};
    struct db *reader = store_open(f, true);
    assert_int_equal(db_execute(reader, "BEGIN DEFERRED", &f->problem), OK);
    struct user before = store_user(f, "Ana", "+34600111222");
    assert_int_equal(users_get(reader, f->arena, before.id, &user), E_NOT_FOUND);
    struct user after = put_user(f, "Bo");
    assert_int_equal(users_get(reader, f->arena, after.id, &user), E_NOT_FOUND);
    db_rollback(reader);
    assert_int_equal(users_get(reader, f->arena, after.id, &user), OK);
    assert_int_equal(db_begin_read(reader), OK);
    assert_int_equal(users_get(reader, f->arena, before.id, &user), E_NOT_FOUND);
    assert_int_equal(users_put(f->db, f->arena, &before), OK);
    assert_int_equal(users_get(reader, f->arena, before.id, &user), E_NOT_FOUND);
    db_end_read(reader);
    assert_int_equal(db_begin_read(reader), OK);
    assert_int_equal(users_get(reader, f->arena, before.id, &user), OK);
    db_end_read(reader);
    /* One that asks nothing leaves nothing behind. */
    assert_int_equal(db_begin_read(reader), OK);
    db_end_read(reader);
    assert_int_equal(db_begin_read(reader), OK);
    db_end_read(reader);
    db_close(&reader);
}

static void test_settings(void **state)
{
    struct store_fixture *f = store_of(state);
    struct str text = STR_NONE;
    struct hash_key key = {0};
    struct hash_key again = {0};
    assert_int_equal(settings_get(f->db, f->arena, STR("a"), &text), E_NOT_FOUND);
    assert_int_equal(settings_put(f->db, STR("a"), STR("1")), OK);
    assert_int_equal(settings_put(f->db, STR("a"), STR("2")), OK);
    assert_int_equal(settings_get(f->db, f->arena, STR("a"), &text), OK);
    store_assert_text(text, "2");
    assert_int_equal(settings_id_key(f->db, f->arena, &key), OK);
    assert_int_equal(settings_id_key(f->db, f->arena, &again), OK);
    assert_true(key.low == again.low && key.high == again.high && key.low != 0);
    int64_t highest = -1;
    assert_int_equal(settings_highest_id(f->db, &highest), OK);
    assert_int_equal(highest, 0);
    struct user user = put_user(f, "Ana");
    assert_int_equal(settings_highest_id(f->db, &highest), OK);
    assert_true(highest == user.id.value);
    assert_int_equal(settings_probe(f->db, STR("now")), OK);
    assert_int_equal(settings_probe(f->db, STR("then")), OK);
}

/* An export leaves nothing out: it names every table of the schema, with each of its columns. */
static void test_transfer_names_all(void **state)
{
    struct store_fixture *f = store_of(state);
    struct value tables =
        ask(f,
            "SELECT count(*) FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite%' AND "
            "name NOT IN ('schema_migrations', 'cluster', 'nodes', 'node_shards') AND ?1=1",
            value_int(1));
    assert_int_equal(tables.number, transfer_table_count());
    for (size_t i = 0; i < transfer_table_count(); i++) {
        struct str columns = transfer_table_columns(i, f->arena);
        struct str column = STR_NONE;
        int64_t known = 0;
        int64_t count = 0;
        while (str_split(&columns, ',', &column)) {
            struct str sql =
                arena_printf(f->arena, "SELECT count(*) FROM pragma_table_info('%s') WHERE name=?1",
                             transfer_table_name(i));
            known += ask(f, sql.ptr, value_text(str_trim(column))).number;
            count++;
        }
        struct str all =
            arena_printf(f->arena, "SELECT count(*) FROM pragma_table_info('%s') WHERE ?1=1",
                         transfer_table_name(i));
        if (known != count || count != ask(f, all.ptr, value_int(1)).number) {
            fail_msg("%s has other columns than an export takes", transfer_table_name(i));
        }
    }
}

/* What a way back leads out of: a refusal in the middle of an operation. */
static void test_refusal_inside(void **state)
{
    struct store_fixture *f = store_of(state);
    struct user user = put_user(f, "Ana");
    struct user half = store_user(f, "Bo", "+34600111223");
    half.quiet_start = STR("22:00");
    assert_int_equal(db_begin(f->db), OK);
    db_savepoint(f->db);
    struct user first = put_user(f, "Cy");
    assert_int_equal(db_release(f->db), OK);
    db_savepoint(f->db);
    struct user second = put_user(f, "Di");
    assert_int_equal(users_put(f->db, f->arena, &half), E_INVALID);
    assert_int_equal(db_undo(f->db), OK);
    db_savepoint(f->db);
    assert_int_equal(users_get(f->db, f->arena, user.id, &user), OK);
    assert_int_equal(db_undo(f->db), OK);
    assert_int_equal(db_commit(f->db), OK);
    assert_int_equal(users_get(f->db, f->arena, first.id, &user), OK);
    assert_int_equal(users_get(f->db, f->arena, second.id, &user), E_NOT_FOUND);
}

static struct db *open_alone(struct store_fixture *f, enum err expected)
{
    struct db_config config = {
        .driver = f->driver, .path = f->path, .is_alone = true, .seal = f->seal, .log = &f->log};
    struct db *db = NULL;
    assert_int_equal(db_open(&config, &db, &f->problem), expected);
    return db;
}

static void test_one_writes(void **state)
{
    struct store_fixture *f = store_of(state);
    struct db *first = open_alone(f, OK);
    open_alone(f, E_CONFLICT);
    store_assert_text(str_from(f->problem.message), "another process is using this database");
    db_close(&first);
    struct db *second = open_alone(f, OK);
    db_close(&second);
}

/* Ends every other connection of the fixture's store, as a restart of the server does. */
static void cut_off(struct store_fixture *f, int connections)
{
    struct value ended = ask(f,
                             "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
                             " WHERE application_name=?1 AND pid<>pg_backend_pid()",
                             value_text(str_from(f->schema)));
    assert_int_equal(ended.number, connections);
}

static void test_lost_connection(void **state)
{
    struct store_fixture *f = store_of(state);
    struct user user = put_user(f, "Ana");
    struct user read = {0};
    assert_int_equal(users_get(f->db, f->arena, user.id, &read), OK);
    cut_off(f, 1);
    /* What only asks does not notice: it connects and prepares again. */
    assert_int_equal(users_get(f->db, f->arena, user.id, &read), OK);
    cut_off(f, 1);
    struct user early = store_user(f, "Ed", "+34600111225");
    assert_int_equal(users_put(f->db, f->arena, &early), E_UNAVAILABLE);
    assert_int_equal(users_put(f->db, f->arena, &early), OK);
    /* A transaction ends with its connection, and nothing of it goes on without it. */
    assert_int_equal(db_begin(f->db), OK);
    db_savepoint(f->db);
    struct user lost = put_user(f, "Bo");
    cut_off(f, 1);
    assert_int_equal(users_get(f->db, f->arena, user.id, &read), E_UNAVAILABLE);
    struct user later = store_user(f, "Cy", "+34600111224");
    assert_int_equal(users_put(f->db, f->arena, &later), E_UNAVAILABLE);
    assert_int_equal(db_release(f->db), E_UNAVAILABLE);
    assert_int_equal(db_commit(f->db), E_UNAVAILABLE);
    assert_int_equal(db_begin(f->db), OK);
    assert_int_equal(users_get(f->db, f->arena, lost.id, &read), E_NOT_FOUND);
    struct user kept = put_user(f, "Di");
    assert_int_equal(db_commit(f->db), OK);
    assert_int_equal(users_get(f->db, f->arena, kept.id, &read), OK);
}

/* A read of one moment that has not begun to ask goes on by another connection; one that has asked
 * something does not, since that would be another moment. */
static void test_lost_reader(void **state)
{
    struct store_fixture *f = store_of(state);
    struct user user = put_user(f, "Ana");
    struct user read = {0};
    struct db *reader = store_open(f, true);
    assert_int_equal(db_begin_read(reader), OK);
    assert_int_equal(users_get(reader, f->arena, user.id, &read), OK);
    db_end_read(reader);
    assert_int_equal(users_get(f->db, f->arena, user.id, &read), OK);
    cut_off(f, 2);
    /* One that has yet to be prepared, and, after the next cut, one that is. */
    struct str text = STR_NONE;
    assert_int_equal(db_begin_read(reader), OK);
    assert_int_equal(settings_get(reader, f->arena, STR("a"), &text), E_NOT_FOUND);
    assert_int_equal(users_get(reader, f->arena, user.id, &read), OK);
    db_end_read(reader);
    assert_int_equal(users_get(f->db, f->arena, user.id, &read), OK);
    cut_off(f, 2);
    assert_int_equal(db_begin_read(reader), OK);
    assert_int_equal(users_get(reader, f->arena, user.id, &read), OK);
    struct user later = store_user(f, "Bo", "+34600111226");
    assert_int_equal(users_put(f->db, f->arena, &later), E_UNAVAILABLE);
    assert_int_equal(users_put(f->db, f->arena, &later), OK);
    assert_int_equal(users_get(reader, f->arena, later.id, &read), E_NOT_FOUND);
    cut_off(f, 2);
    assert_int_equal(users_get(reader, f->arena, user.id, &read), E_UNAVAILABLE);
    assert_int_equal(users_get(reader, f->arena, user.id, &read), E_UNAVAILABLE);
    db_end_read(reader);
    assert_int_equal(db_begin_read(reader), OK);
    assert_int_equal(users_get(reader, f->arena, later.id, &read), OK);
    db_end_read(reader);
    db_close(&reader);
}

/* The server dies over the COMMIT: whether it was kept is read back. */
static void test_lost_commit(void **state)
{
    struct store_fixture *f = store_of(state);
    struct user read = {0};
    store_execute(f, "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                     "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); "
                     "RETURN NULL; END $$");
    store_execute(f, "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON users DEFERRABLE INITIALLY "
                     "DEFERRED FOR EACH ROW EXECUTE FUNCTION die()");
    assert_int_equal(db_begin(f->db), OK);
    struct user lost = put_user(f, "Ana");
    assert_int_equal(db_commit(f->db), E_UNAVAILABLE);
    assert_int_equal(users_get(f->db, f->arena, lost.id, &read), E_NOT_FOUND);
    store_execute(f, "DROP TRIGGER die ON users");
    assert_int_equal(db_begin(f->db), OK);
    struct user kept = put_user(f, "Bo");
    assert_int_equal(db_commit(f->db), OK);
    assert_int_equal(users_get(f->db, f->arena, kept.id, &read), OK);
}

/* The first row is told twice, or one that is not there is changed, or one is not as it should be.
 */
static void spoil(struct store_fixture *f, int how, struct user *first)
{
    struct user user = store_user(f, "Bo", "+34600111223");
    user.id = first->id;
    user.quiet_start = how == 2 ? STR("22:00") : STR_NONE;
    user.id.value += how > 0;
    assert_int_equal(how == 1 ? db_update(f->db, TABLE_users, f->arena, &user)
                              : db_insert(f->db, TABLE_users, f->arena, &user),
                     OK);
}

/* What was sent ahead and did not do what it should costs the transaction, whatever comes next:
 * another write, a question, or the COMMIT alone. */
static void test_ahead_spoilt(void **state)
{
    struct store_fixture *f = store_of(state);
    struct user read = {0};
    struct str text = STR_NONE;
    db_run_ahead(f->db);
    struct user first = store_user(f, "Ana", "+34600111222");
    assert_int_equal(db_begin(f->db), OK);
    assert_int_equal(db_insert(f->db, TABLE_users, f->arena, &first), OK);
    assert_int_equal(db_commit(f->db), OK);
    for (int how = 0; how < 3; how++) {
        struct db *db = f->db;
        f->db = store_open(f, false);
        db_run_ahead(f->db);
        assert_int_equal(db_begin(f->db), OK);
        assert_int_equal(settings_put(f->db, STR("lost"), STR("x")), OK);
        spoil(f, how, &first);
        assert_int_equal(settings_put(f->db, STR("lost"), STR("y")), OK);
        if (how < 2) {
            int complaints = f->complaints;
            assert_int_equal(settings_get(f->db, f->arena, STR("lost"), &text), E_UNAVAILABLE);
            assert_int_equal(f->complaints, complaints + 1);
            assert_int_equal(settings_put(f->db, STR("lost"), STR("z")), E_UNAVAILABLE);
        }
        assert_int_equal(db_commit(f->db), E_UNAVAILABLE);
        db_rollback(f->db);
        /* From now on each is waited for. */
        assert_int_equal(db_begin(f->db), OK);
        assert_int_equal(settings_get(f->db, f->arena, STR("lost"), &text), E_NOT_FOUND);
        db_savepoint(f->db);
        assert_int_equal(db_insert(f->db, TABLE_users, f->arena, &first), E_DUPLICATE);
        assert_int_equal(db_undo(f->db), OK);
        struct user kept = put_user(f, "Cy");
        assert_int_equal(db_commit(f->db), OK);
        assert_int_equal(users_get(f->db, f->arena, kept.id, &read), OK);
        db_close(&f->db);
        f->db = db;
    }
}

/* More than is sent before answers are taken; operations that are undone in between. */
static void test_ahead(void **state)
{
    enum { OPERATIONS = 300 };
    struct store_fixture *f = store_of(state);
    struct user read = {0};
    struct user again = {0};
    struct user users[OPERATIONS];
    db_run_ahead(f->db);
    assert_int_equal(db_begin(f->db), OK);
    for (int i = 0; i < OPERATIONS; i++) {
        db_savepoint(f->db);
        users[i] = put_user(f, "Ana");
        again = users[i];
        assert_int_equal(db_update(f->db, TABLE_users, f->arena, &again), OK);
        if (i % 10 == 1) {
            again = users[1];
            assert_int_equal(db_insert_new(f->db, TABLE_users, f->arena, &again), E_DUPLICATE);
        }
        assert_int_equal(i % 3 == 0 ? db_undo(f->db) : db_release(f->db), OK);
    }
    assert_int_equal(db_commit(f->db), OK);
    for (int i = 0; i < OPERATIONS; i++) {
        assert_int_equal(users_get(f->db, f->arena, users[i].id, &read),
                         i % 3 == 0 ? E_NOT_FOUND : OK);
    }
}

#define ON_SERVER(test)                                                         \
    {                                                                           \
#test " (postgres)", test, store_set_up_postgres, store_tear_down, NULL \
    }
#define ON_BOTH(test) \
    {#test " (file)", test, store_set_up_file, store_tear_down, NULL}, ON_SERVER(test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_statements),
        ON_SERVER(test_texts_that_are_none),
        ON_BOTH(test_numbers),
        ON_BOTH(test_order),
        ON_BOTH(test_snapshot),
        ON_BOTH(test_refusal_inside),
        ON_BOTH(test_settings),
        ON_SERVER(test_one_writes),
        ON_SERVER(test_lost_connection),
        ON_SERVER(test_lost_reader),
        ON_SERVER(test_lost_commit),
        ON_SERVER(test_ahead_spoilt),
        ON_BOTH(test_ahead),
        {"test_transfer_names_all", test_transfer_names_all, store_set_up_file, store_tear_down,
         NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
