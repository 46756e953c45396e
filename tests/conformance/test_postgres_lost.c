/* What is lost on the way to a real PostgreSQL, and what nobody may believe because of it: turns of
 * those that stall, news between two connections, and the number of a transaction that a server
 * which crashed gives to another. */
#include "store/db_news.h"
#include "store/people.h"
#include "store/settings.h"

#include "lib/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { TURN_MAX_MS = 200, ROWS_AHEAD = 20 };

static struct db *open_at(struct store_fixture *f, const char *path, struct duration turn_max)
{
    struct db_config config = {
        .driver = f->driver, .path = path, .turn_max = turn_max, .seal = f->seal, .log = &f->log};
    struct db *db = NULL;
    assert_int_equal(db_open(&config, &db, &f->problem), OK);
    return db;
}

static struct db *open_shared(struct store_fixture *f)
{
    struct db *db = open_at(f, f->path, MILLISECONDS(TURN_MAX_MS));
    assert_int_equal(db_execute(db, db_dialect(db)->let_in, &f->problem), OK);
    return db;
}

/* Whoever is silent in the midst of its turn loses it, also with rows that it has sent ahead: a
 * server that waits for the end of a round does not look at the clock. Long rows leave sooner. */
static void lose_turn(struct store_fixture *f, int rows, size_t bytes)
{
    char *long_text = test_malloc(bytes);
    memset(long_text, 'x', bytes);
    struct db *stalled = open_shared(f);
    struct db *next = open_shared(f);
    struct str text = STR_NONE;
    db_run_ahead(stalled);
    assert_int_equal(settings_put(f->db, STR("turn"), STR("0")), OK);
    assert_int_equal(db_begin(stalled), OK);
    for (int i = 0; i < rows; i++) {
        struct str value = i == 0 ? STR("1") : (struct str){long_text, bytes};
        assert_int_equal(settings_put(stalled, STR("turn"), value), OK);
    }
    store_execute(f, "DO $$ BEGIN FOR i IN 1..500 LOOP "
                     "EXIT WHEN EXISTS (SELECT 1 FROM pg_stat_activity WHERE "
                     "state='idle in transaction' AND application_name=current_schema()); "
                     "PERFORM pg_sleep(0.002); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$");
    assert_int_equal(db_begin(next), OK);
    assert_int_equal(settings_put(next, STR("turn"), STR("2")), OK); /* Waits for its turn. */
    assert_int_equal(db_commit(next), OK);
    assert_int_equal(db_commit(stalled), E_UNAVAILABLE);
    db_rollback(stalled);
    assert_int_equal(settings_get(f->db, f->arena, STR("turn"), &text), OK);
    store_assert_text(text, "2");
    db_close(&stalled);
    db_close(&next);
    test_free(long_text);
}

static void test_a_turn_with_rows_sent_ahead_is_taken_away(void **state)
{
    struct store_fixture *f = store_of(state);
    lose_turn(f, ROWS_AHEAD, 1);
    lose_turn(f, 6, 3000);
    lose_turn(f, 2, 20000);
}

static void hear_nothing(void *context, struct str text)
{
    (void)context;
    fail_msg("nobody told anything, and \"%.*s\" was heard", STR_FMT(text));
}

/* What is only asked goes on by another connection without a word; what the others told between the
 * two, nobody has heard. */
static void test_a_connection_that_is_opened_again(void **state)
{
    struct store_fixture *f = store_of(state);
    struct db *db = open_shared(f);
    struct str text = STR_NONE;
    assert_int_equal(settings_get(db, f->arena, STR("x"), &text), E_NOT_FOUND);
    store_execute(f, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                     "WHERE pid<>pg_backend_pid() AND application_name=current_schema()");
    assert_int_equal(settings_get(db, f->arena, STR("x"), &text), E_NOT_FOUND);
    assert_int_equal(db_hear(db, NULL, hear_nothing), E_UNAVAILABLE);
    assert_int_equal(db_hear(db, NULL, hear_nothing), OK);
    db_close(&db);
}

/* By this one a function of the test's own goes before the server's. */
static struct db *open_lied_to(struct store_fixture *f, char path[static 2 * STORE_PATH_MAX])
{
    const char *rest = strstr(f->path, "&application_name");
    snprintf(path, (size_t)2 * STORE_PATH_MAX, "%.*s%%2Cpg_catalog%s", (int)(rest - f->path),
             f->path, rest);
    return open_at(f, path, MILLISECONDS(0));
}

/* A COMMIT of a new person loses its connection and keeps nothing, and all are said to be kept. */
static void break_commits(struct store_fixture *f)
{
    store_execute(f, "CREATE FUNCTION pg_xact_status(xid8) RETURNS text LANGUAGE sql AS "
                     "$$ SELECT 'committed' $$");
    store_execute(f, "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                     "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); "
                     "RETURN NULL; END $$");
    store_execute(f, "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON users DEFERRABLE INITIALLY "
                     "DEFERRED FOR EACH ROW EXECUTE FUNCTION die()");
}

/* A server that crashed before the number of a transaction was on its disk gives it once more. Here
 * it says of all numbers that they were kept. */
static void test_a_number_that_was_given_again(void **state)
{
    struct store_fixture *f = store_of(state);
    char path[2 * STORE_PATH_MAX];
    struct user read = {0};
    struct user user = store_user(f, "Ana", "+34600111222");
    struct db *db = open_lied_to(f, path);
    db_run_ahead(db);
    assert_int_equal(db_begin(db), OK);
    assert_int_equal(settings_put(db, STR("before"), STR("kept")), OK);
    assert_int_equal(db_commit(db), OK);
    break_commits(f);
    int complaints = f->complaints;
    assert_int_equal(db_begin(db), OK);
    assert_int_equal(db_insert(db, TABLE_users, f->arena, &user), OK);
    assert_int_equal(db_commit(db), E_UNAVAILABLE);
    assert_int_equal(f->complaints, complaints + 1);
    assert_int_equal(users_get(f->db, f->arena, user.id, &read), E_NOT_FOUND);
    store_execute(f, "DROP TRIGGER die ON users");
    assert_int_equal(db_begin(db), OK);
    assert_int_equal(db_insert(db, TABLE_users, f->arena, &user), OK);
    assert_int_equal(db_commit(db), OK);
    assert_int_equal(users_get(f->db, f->arena, user.id, &read), OK);
    db_close(&db);
}

/* A first write that is refused takes the question for the number with it: the next one asks again,
 * or nobody could ask for the fate of the COMMIT. */
static void test_a_number_behind_a_refusal(void **state)
{
    struct store_fixture *f = store_of(state);
    char path[2 * STORE_PATH_MAX];
    struct user user = store_user(f, "Ana", "+34600111222");
    struct user half = store_user(f, "Bo", "+34600111223");
    half.quiet_start = STR("22:00");
    struct db *db = open_lied_to(f, path);
    break_commits(f);
    assert_int_equal(db_begin(db), OK);
    db_savepoint(db);
    assert_int_equal(db_insert(db, TABLE_users, f->arena, &half), E_INVALID);
    assert_int_equal(db_undo(db), OK);
    assert_int_equal(db_insert(db, TABLE_users, f->arena, &user), OK);
    assert_int_equal(db_commit(db), OK); /* As the server says. */
    db_close(&db);
}

/* Of two standbys' kind: it cannot know of all transactions, and is asked again until it is no
 * standby any more. */
static void test_a_standby_is_not_believed(void **state)
{
    struct store_fixture *f = store_of(state);
    char path[2 * STORE_PATH_MAX];
    struct user user = store_user(f, "Ana", "+34600111222");
    struct db *db = open_lied_to(f, path);
    break_commits(f);
    store_execute(f, "CREATE SEQUENCE looks");
    store_execute(f, "CREATE FUNCTION pg_is_in_recovery() RETURNS boolean LANGUAGE sql AS "
                     "$$ SELECT nextval('looks') < 3 $$");
    assert_int_equal(db_begin(db), OK);
    assert_int_equal(db_insert(db, TABLE_users, f->arena, &user), OK);
    assert_int_equal(db_commit(db), OK); /* As it says in the end. */
    assert_int_equal(db_begin(db), OK);
    struct str looks = STR_NONE;
    store_execute(f, "INSERT INTO settings (name, value) SELECT 'looks', last_value FROM looks");
    assert_int_equal(settings_get(db, f->arena, STR("looks"), &looks), OK);
    store_assert_text(looks, "3");
    db_rollback(db);
    db_close(&db);
}

static void refuse_people(struct store_fixture *f, const char *how, const char *state)
{
    store_execute(
        f,
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'refused' USING ERRCODE='%s'; END $$",
        state);
    store_execute(f, "DROP TRIGGER IF EXISTS refuse ON users");
    store_execute(f,
                  "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON users DEFERRABLE INITIALLY %s "
                  "FOR EACH ROW EXECUTE FUNCTION refuse()",
                  how);
}

/* What is refused for what others did at the same time is told from all else, wherever it shows. */
static void test_conflicts_are_told(void **state)
{
    static const struct {
        const char *how;
        const char *state;
        bool is_conflict;
    } cases[] = {{"IMMEDIATE", "40001", true},  {"DEFERRED", "40001", true},
                 {"IMMEDIATE", "40P01", true},  {"DEFERRED", "40P01", true},
                 {"IMMEDIATE", "40003", false}, {"DEFERRED", "53100", false}};
    struct store_fixture *f = store_of(state);
    struct user user = store_user(f, "Ana", "+34600111222");
    for (size_t i = 0; i < 2 * ARRAY_LENGTH(cases); i++) {
        size_t which = i % ARRAY_LENGTH(cases);
        refuse_people(f, cases[which].how, cases[which].state);
        if (i == ARRAY_LENGTH(cases)) {
            db_run_ahead(f->db);
        }
        assert_int_equal(db_begin(f->db), OK);
        assert_false(db_was_conflict(f->db));
        enum err err = db_insert(f->db, TABLE_users, f->arena, &user);
        assert_int_equal(err == OK ? db_commit(f->db) : err, E_UNAVAILABLE);
        assert_int_equal(db_was_conflict(f->db), cases[which].is_conflict);
        db_rollback(f->db);
    }
}

#define ON_SERVER(test) \
    cmocka_unit_test_setup_teardown(test, store_set_up_postgres, store_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SERVER(test_a_turn_with_rows_sent_ahead_is_taken_away),
        ON_SERVER(test_a_connection_that_is_opened_again),
        ON_SERVER(test_a_number_that_was_given_again),
        ON_SERVER(test_a_number_behind_a_refusal),
        ON_SERVER(test_a_standby_is_not_believed),
        ON_SERVER(test_conflicts_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
