/* O9: what nothing moves any more is told as lost, and what a timer still moves is not. */
#include "op_fixture.h"
#include "service/engine.h"
#include "service/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct verify_report verify(struct op_fixture *f)
{
    struct verify_input wanted = {0};
    struct verify_report report = {0};
    assert_int_equal(show_verify(&f->op, &wanted, &report), OK);
    return report;
}

static void arm(struct op_fixture *f, enum timer_kind kind, struct id subject)
{
    /* The counters of jobs are written with the commit. */
    assert_int_equal(db_begin(f->store->db), OK);
    assert_int_equal(timer_arm(&f->op, (struct timer_request){kind, subject, f->op.now, 5}), OK);
    assert_int_equal(db_commit(f->store->db), OK);
}

static void test_a_dispatch_that_no_timer_moves(void **state)
{
    struct op_fixture *f = *state;
    struct instant due = instant_sub(f->op.now, MINUTES(5));
    struct dispatch dispatch = {
        .id = op_new_id(&f->op),
        .call_id = STR("call-1"),
        .caller_phone = STR("+14155550900"),
        .level = urgency_NORMAL,
        .issue_summary = STR("Water"),
        .state = dispatch_state_DISPATCHING,
        .position = 1,
        .turn_started_at = due,
        .next_at = due,
        .created_at = due,
        .updated_at = due,
    };
    assert_int_equal(db_insert(f->store->db, TABLE_dispatches, f->store->arena, &dispatch), OK);
    struct verify_report report = verify(f);
    assert_int_equal(report.dispatches_stuck, 1);
    assert_int_equal(report.lost, 1);
    assert_false(report.is_whole);
    arm(f, timer_kind_DISPATCH, dispatch.id);
    report = verify(f);
    assert_int_equal(report.dispatches_stuck, 0);
    assert_int_equal(report.lost, 0);
    assert_true(report.is_whole);
}

static void test_a_stage_that_nothing_will_send(void **state)
{
    struct op_fixture *f = *state;
    struct instant due = instant_sub(f->op.now, MINUTES(5));
    struct alert alert = {
        .id = op_new_id(&f->op),
        .meeting_id = f->meeting.id,
        .user_id = f->user.id,
        .generation = 1,
        .stage = 1,
        .alert_type = STR("MEETING_UPCOMING_EMAIL"),
        .channel = channel_EMAIL,
        .status = alert_status_PENDING,
        .due_at = due,
        .valid_until = f->op.now,
    };
    assert_int_equal(db_insert(f->store->db, TABLE_alerts, f->store->arena, &alert), OK);
    struct verify_report report = verify(f);
    const struct verify_group *alerts = report.groups.items;
    assert_int_equal(alerts->due, 1);
    assert_int_equal(alerts->lost, 0);
    assert_int_equal(alerts->under_way, 1); /* It is its own timer. */
    assert_true(report.is_whole);
    struct timer given_up = {.id = alert.id,
                             .kind = timer_kind_ALERT,
                             .subject_id = alert.id,
                             .due_at = due,
                             .priority = PRIORITY_MEDIUM,
                             .state = timer_state_FAILED,
                             .attempts = 4,
                             .ended_at = f->op.now,
                             .error = STR("poisoned")};
    assert_int_equal(timers_remember(f->store->db, f->store->arena, &given_up), OK);
    report = verify(f);
    alerts = report.groups.items;
    assert_int_equal(alerts->lost, 1);
    assert_int_equal(alerts->under_way, 0);
    assert_false(report.is_whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_dispatch_that_no_timer_moves, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_a_stage_that_nothing_will_send, op_set_up,
                                        op_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
