/* A message of a source that has waited for its turn is judged by what is in force when it is
 * taken. I4. */
#include "op_fixture.h"
#include "service/sources.h"
#include "store/sources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct integration add_integration(struct op_fixture *f)
{
    struct integration integration = {
        .id = op_new_id(&f->op),
        .name = STR("Checker"),
        .kind = source_kind_ANY,
        .severity = severity_HIGH,
        .enabled = true,
        .secret = STR("a secret of theirs"),
        .key_hash = STR("0123456789abcdef0123456789abcdef"),
        .created_at = f->op.now,
        .updated_at = f->op.now,
    };
    assert_int_equal(db_insert(f->store->db, TABLE_integrations, f->store->arena, &integration),
                     OK);
    return integration;
}

static enum err take(struct op_fixture *f, const struct integration *as_it_was)
{
    struct source_report report = {
        .signal = alert_signal_FIRING, .title = STR("Disk is full"), .dedup_key = STR("disk")};
    struct source_batch batch = {.items = &report, .count = 1};
    struct source_visit visit = {
        .integration = *as_it_was, .kind = source_kind_GENERIC, .batch = &batch};
    struct source_result result = {0};
    *f->op.problem = (struct problem){0};
    return take_events(&f->op, &visit, &result);
}

static void save(struct op_fixture *f, const struct integration *integration)
{
    assert_int_equal(db_update(f->store->db, TABLE_integrations, f->store->arena, integration), OK);
}

static int64_t incidents_so_far(struct op_fixture *f)
{
    return (int64_t)count_events(f, "INCIDENT_OPENED");
}

static void test_one_that_was_switched_off_meanwhile_is_refused(void **state)
{
    struct op_fixture *f = *state;
    struct integration before = add_integration(f);
    struct integration now = before;
    now.enabled = false;
    save(f, &now);
    assert_int_equal(take(f, &before), E_FORBIDDEN);
    assert_int_equal(incidents_so_far(f), 0);
    now.enabled = true;
    now.name = STR("Renamed");
    save(f, &now);
    assert_int_equal(take(f, &before), OK);
    assert_int_equal(incidents_so_far(f), 1);
}

static void test_one_whose_secret_or_key_was_changed_meanwhile_is_refused(void **state)
{
    struct op_fixture *f = *state;
    struct integration before = add_integration(f);
    struct integration now = before;
    now.secret = STR("another secret");
    save(f, &now);
    assert_int_equal(take(f, &before), E_FORBIDDEN);
    now.secret = STR_NONE;
    save(f, &now);
    assert_int_equal(take(f, &before), E_FORBIDDEN);
    now = before;
    now.key_hash = STR("fedcba9876543210fedcba9876543210");
    save(f, &now);
    assert_int_equal(take(f, &before), E_FORBIDDEN);
    assert_int_equal(incidents_so_far(f), 0);
    save(f, &before);
    assert_int_equal(take(f, &before), OK);
    assert_int_equal(incidents_so_far(f), 1);
}

static void test_one_that_was_removed_meanwhile_is_unknown(void **state)
{
    struct op_fixture *f = *state;
    struct integration before = add_integration(f);
    struct integration now = before;
    now.deleted_at = f->op.now;
    save(f, &now);
    assert_int_equal(take(f, &before), E_NOT_FOUND);
    assert_int_equal(incidents_so_far(f), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_that_was_switched_off_meanwhile_is_refused,
                                        op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(
            test_one_whose_secret_or_key_was_changed_meanwhile_is_refused, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_one_that_was_removed_meanwhile_is_unknown, op_set_up,
                                        op_tear_down),
    };
    return cmocka_run_group_tests_name("service/source_taken", tests, NULL, NULL);
}
