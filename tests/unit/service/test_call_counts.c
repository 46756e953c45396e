/* Counters of scheduled calls: a batch's journal, merged; and a check that finds what is wrong. */
#include "op_fixture.h"

#include "service/scheduled_calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void add(struct call_deltas *deltas, enum count_scope scope, int64_t id, int64_t delta)
{
    call_deltas_add(deltas, &(struct call_delta){scope, id, "pending", delta});
}

static void test_merge(void **state)
{
    (void)state;
    struct call_deltas deltas = {0};
    for (int64_t i = 0; i < 1000; i++) {
        add(&deltas, count_scope_USER, i % 20, 1);
        add(&deltas, count_scope_ALL, 0, 1);
        add(&deltas, count_scope_AGENT, i % 2, i % 4 < 2 ? 1 : -1);
    }
    call_deltas_merge(&deltas);
    /* Those of the two agents came to nothing. */
    assert_int_equal(deltas.count, 21);
    assert_int_equal(deltas.items[0].scope, count_scope_ALL);
    assert_int_equal(deltas.items[0].delta, 1000);
    for (size_t i = 1; i < deltas.count; i++) {
        assert_int_equal(deltas.items[i].scope_id, (int64_t)i - 1);
        assert_int_equal(deltas.items[i].delta, 50);
    }
    call_deltas_free(&deltas);
}

/* What a refused operation adds is cut off; what an earlier one added is not touched by it. */
static void test_fence(void **state)
{
    (void)state;
    struct call_deltas deltas = {0};
    add(&deltas, count_scope_ALL, 0, 1);
    size_t before = deltas.fenced = deltas.count;
    add(&deltas, count_scope_ALL, 0, 1);
    add(&deltas, count_scope_ALL, 0, 1);
    assert_int_equal(deltas.count, 2);
    deltas.count = before;
    call_deltas_merge(&deltas);
    assert_int_equal(deltas.count, 1);
    assert_int_equal(deltas.items[0].delta, 1);
    call_deltas_free(&deltas);
}

static struct scheduled_call call_of(struct op_fixture *f, const char *user)
{
    struct scheduled_call call = {.phone = STR("+14155550101"),
                                  .agent_id = {7},
                                  .user_id = str_from(user),
                                  .campaign_id = {9},
                                  .status = call_status_pending,
                                  .priority = 5,
                                  .nominal_for = instant_add(f->now, HOURS(1)),
                                  .scheduled_for = instant_add(f->now, HOURS(1)),
                                  .timezone = STR("UTC"),
                                  .occurrence_number = 1,
                                  .place = 1};
    assert_int_equal(scheduled_call_insert(&f->op, &call), OK);
    return call;
}

static void write(struct op_fixture *f)
{
    assert_int_equal(call_counts_write(f->store->db, &f->writer.call_deltas), OK);
    assert_int_equal(f->writer.call_deltas.count, 0);
}

static void check_wrong(struct op_fixture *f, bool is_wrong)
{
    int64_t each = -1;
    int64_t at_once = -1;
    assert_int_equal(call_counts_check(&f->op, &each), OK);
    assert_int_equal(call_counts_wrong(f->store->db, &at_once), OK);
    assert_int_equal(each > 0, is_wrong);
    assert_int_equal(at_once > 0, is_wrong);
}

static void test_counted(void **state)
{
    struct op_fixture *f = *state;
    struct call_tally tally = {0};
    struct scheduled_call first = call_of(f, "u1");
    call_of(f, "u1");
    call_of(f, "u2");
    check_wrong(f, true); /* Not written yet. */
    write(f);
    check_wrong(f, false);
    struct call_ending ending = {.why = "cancelled"};
    assert_int_equal(scheduled_call_end_pending(&f->op, &first, &ending), OK);
    write(f);
    check_wrong(f, false);
    assert_int_equal(call_counts_read(f->store->db, count_scope_USER,
                                      call_counts_owner(&f->site, STR("u1")), &tally),
                     OK);
    assert_int_equal(tally.total, 2);
    assert_int_equal(tally.pending, 1);
    assert_int_equal(tally.cancelled, 1);
    assert_int_equal(call_counts_read(f->store->db, count_scope_CAMPAIGN, 9, &tally), OK);
    assert_int_equal(tally.total, 3);
    f->now = instant_add(f->now, HOURS(1));
    /* Twice is refused: the row is not pending any more. */
    first.status = call_status_pending;
    assert_int_equal(scheduled_call_end_pending(&f->op, &first, &ending), E_CONFLICT);
}

static void test_check_finds(void **state)
{
    struct op_fixture *f = *state;
    call_of(f, "u1");
    write(f);
    check_wrong(f, false);
    static const char *const edits[] = {
        "UPDATE call_counts SET count=2 WHERE scope='ALL'",
        "UPDATE call_counts SET count=1 WHERE scope='ALL'; UPDATE call_counts SET scope_id=8 WHERE "
        "scope='AGENT'",
        "UPDATE call_counts SET scope_id=7 WHERE scope='AGENT'; INSERT INTO call_counts VALUES "
        "('CAMPAIGN', 1, 'failed', 1)",
        "DELETE FROM call_counts WHERE scope='CAMPAIGN'",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(edits); i++) {
        store_execute(f->store, "%s", edits[i]);
        check_wrong(f, true);
    }
    store_execute(f->store, "INSERT INTO call_counts VALUES ('CAMPAIGN', 9, 'pending', 1)");
    check_wrong(f, false);
}

/* A counter that was damaged, and is less than the rows, keeps no batch from being written: alerts
 * would wait for it. It is shown as 0, and the check finds it. */
static void test_below_nothing(void **state)
{
    struct op_fixture *f = *state;
    struct call_tally tally = {0};
    add(&f->writer.call_deltas, count_scope_ALL, 0, -1);
    add(&f->writer.call_deltas, count_scope_AGENT, 7, -1);
    write(f);
    add(&f->writer.call_deltas, count_scope_ALL, 0, -1);
    write(f);
    assert_int_equal(call_counts_read(f->store->db, count_scope_ALL, 0, &tally), OK);
    assert_int_equal(tally.pending, 0);
    assert_int_equal(tally.total, 0);
    check_wrong(f, true);
}

static void test_outcomes(void **state)
{
    struct op_fixture *f = *state;
    struct list rows = {0};
    call_counts_attempt(&f->op, call_outcome_busy, 1);
    call_counts_attempt(&f->op, call_outcome_busy, 2);
    call_counts_attempt(&f->op, call_outcome_busy, 1);
    call_counts_attempt(&f->op, call_outcome_answered, 2);
    write(f);
    assert_int_equal(call_counts_outcomes(f->store->db, f->store->arena, &rows), OK);
    assert_int_equal(rows.count, 3);
    const struct call_count *counts = rows.items;
    assert_true(str_equal_text(counts[1].status, "busy"));
    assert_int_equal(counts[1].scope_id, 1);
    assert_int_equal(counts[1].count, 2);
    check_wrong(f, false); /* Attempts are not counted twice by the check of calls. */
}

#define WITH_OP(test) cmocka_unit_test_setup_teardown(test, op_set_up, op_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge), cmocka_unit_test(test_fence), WITH_OP(test_counted),
        WITH_OP(test_check_finds),    WITH_OP(test_below_nothing),  WITH_OP(test_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
