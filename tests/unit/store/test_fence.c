/* Operations in one transaction: which of them keep a way back, and what becomes of those that do
 * not. */
#include "lib/store_fixture.h"
#include "store/people.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct id put(struct store_fixture *f, const char *name)
{
    struct user user = store_user(f, name, "+34600111222");
    store_insert(f, TABLE_users, &user);
    return user.id;
}

static bool has(struct store_fixture *f, struct id id)
{
    struct user user = {0};
    return users_get(f->db, f->arena, id, &user) == OK;
}

static void test_undone_alone(void **state)
{
    struct store_fixture *f = *state;
    assert_int_equal(db_begin(f->db), OK);
    db_savepoint(f->db);
    struct id first = put(f, "Ana");
    assert_int_equal(db_release(f->db), OK);
    db_savepoint(f->db);
    struct id second = put(f, "Bo");
    assert_int_equal(db_undo(f->db), OK);
    assert_int_equal(db_commit(f->db), OK);
    assert_true(has(f, first));
    assert_false(has(f, second));
}

/* What wrote before it decided has a way back already, and keeps it. */
static void test_decided_too_late(void **state)
{
    struct store_fixture *f = *state;
    assert_int_equal(db_begin(f->db), OK);
    db_savepoint(f->db);
    struct id before = put(f, "Ana");
    db_decided(f->db);
    struct id after = put(f, "Bo");
    assert_int_equal(db_undo(f->db), OK);
    assert_int_equal(db_commit(f->db), OK);
    assert_false(has(f, before));
    assert_false(has(f, after));
}

static void test_decided_without_a_write(void **state)
{
    struct store_fixture *f = *state;
    assert_int_equal(db_begin(f->db), OK);
    struct id earlier = put(f, "Ana");
    db_savepoint(f->db);
    db_decided(f->db);
    assert_int_equal(db_undo(f->db), OK);
    assert_int_equal(db_commit(f->db), OK);
    assert_true(has(f, earlier));
}

static void test_decided(void **state)
{
    struct store_fixture *f = *state;
    assert_int_equal(db_begin(f->db), OK);
    db_savepoint(f->db);
    db_decided(f->db);
    struct id first = put(f, "Ana");
    assert_int_equal(db_release(f->db), OK);
    db_savepoint(f->db);
    db_decided(f->db);
    struct id second = put(f, "Bo");
    assert_int_equal(db_undo(f->db), E_CONFLICT);
    /* The next operation starts anew. */
    db_savepoint(f->db);
    struct id third = put(f, "Cy");
    assert_int_equal(db_undo(f->db), OK);
    assert_false(has(f, third));
    db_rollback(f->db);
    assert_false(has(f, first));
    assert_false(has(f, second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_undone_alone, store_set_up_memory, store_tear_down),
        cmocka_unit_test_setup_teardown(test_decided_too_late, store_set_up_memory,
                                        store_tear_down),
        cmocka_unit_test_setup_teardown(test_decided_without_a_write, store_set_up_memory,
                                        store_tear_down),
        cmocka_unit_test_setup_teardown(test_decided, store_set_up_memory, store_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
