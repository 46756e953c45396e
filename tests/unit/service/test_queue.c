/* The queue as people hold it: what a pause keeps and lets go, what a job that failed is tried
 * again with, and counts that are the rows', whatever is undone. */
#include "op_fixture.h"
#include "service/engine.h"
#include "service/queue.h"
#include "store/job_counts.h"
#include "store/meetings.h"
#include "store/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct due_entry entry_of(enum timer_kind kind, int64_t due_ms, int64_t id)
{
    return (struct due_entry){.due_ms = due_ms, .id = id, .priority = 5, .tag = (int32_t)kind};
}

static void test_a_gate_holds_and_lets_go(void **state)
{
    (void)state;
    struct queue_gate gate = {0};
    struct due_heap timers = {0};
    struct queue_memory memory = {.paused = UINT64_C(1) << timer_kind_ALERT};
    assert_true(queue_gate_holds(&gate, &memory, entry_of(timer_kind_ALERT, 30, 3)));
    assert_true(queue_gate_holds(&gate, &memory, entry_of(timer_kind_ALERT, 10, 1)));
    assert_true(queue_gate_holds(&gate, &memory, entry_of(timer_kind_ALERT, 20, 2)));
    assert_false(queue_gate_holds(&gate, &memory, entry_of(timer_kind_STEP, 10, 4)));
    queue_gate_open(&gate, &memory, &timers);
    assert_int_equal(timers.count, 0);
    memory.paused = UINT64_C(1) << timer_kind_STEP;
    queue_gate_open(&gate, &memory, &timers);
    assert_int_equal(gate.held.count, 0);
    for (int64_t id = 1; id <= 3; id++) {
        assert_int_equal(due_heap_pop(&timers).id, id);
    }
    queue_gate_free(&gate);
    due_heap_free(&timers);
}

static void test_one_kind_stays_held(void **state)
{
    (void)state;
    struct queue_gate gate = {0};
    struct due_heap timers = {0};
    uint64_t alerts = UINT64_C(1) << timer_kind_ALERT;
    struct queue_memory memory = {.paused = alerts | UINT64_C(1) << timer_kind_POLL};
    assert_true(queue_gate_holds(&gate, &memory, entry_of(timer_kind_ALERT, 10, 1)));
    assert_true(queue_gate_holds(&gate, &memory, entry_of(timer_kind_POLL, 10, 2)));
    memory.paused = alerts;
    queue_gate_open(&gate, &memory, &timers);
    assert_int_equal(timers.count, 1);
    assert_int_equal(timers.items[0].id, 2);
    assert_int_equal(gate.held.count, 1);
    queue_gate_free(&gate);
    due_heap_free(&timers);
}

/* A scheduled call waits in its pacer. */
static void test_calls_are_not_held_here(void **state)
{
    (void)state;
    struct queue_gate gate = {0};
    struct queue_memory memory = {.paused = ~UINT64_C(0)};
    assert_false(queue_gate_holds(&gate, &memory, entry_of(timer_kind_SCHEDULED_CALL, 10, 1)));
    memory = (struct queue_memory){.drained_until = {7}};
    assert_true(queue_is_drained(&memory, (struct id){7}));
    assert_false(queue_is_drained(&memory, (struct id){8}));
}

static void test_kinds_that_are_due(void **state)
{
    (void)state;
    struct due_heap timers = {0};
    due_heap_push(&timers, entry_of(timer_kind_ALERT, 10, 1));
    due_heap_push(&timers, entry_of(timer_kind_POLL, 11, 2));
    assert_int_equal(queue_look_for_due(&timers, 9).kinds, 0);
    assert_int_equal(queue_look_for_due(&timers, 10).kinds, UINT64_C(1) << timer_kind_ALERT);
    assert_int_equal(queue_look_for_due(&timers, 11).kinds,
                     UINT64_C(1) << timer_kind_ALERT | UINT64_C(1) << timer_kind_POLL);
    due_heap_push(&timers, entry_of(timer_kind_SCHEDULED_CALL, 10, 3));
    due_heap_push(&timers, entry_of(timer_kind_SCHEDULED_CALL, 12, 4));
    assert_int_equal(queue_look_for_due(&timers, 9).calls, 0);
    assert_int_equal(queue_look_for_due(&timers, 11).calls, 1);
    assert_int_equal(queue_look_for_due(&timers, 12).calls, 2);
    due_heap_free(&timers);
}

static struct queue_kind look(struct op_fixture *f, enum timer_kind kind)
{
    struct queue_kind out = {0};
    assert_int_equal(queue_look_at(&f->op, kind, &out), OK);
    return out;
}

static void assert_whole(struct op_fixture *f)
{
    int64_t wrong = -1;
    assert_int_equal(job_counts_wrong(f->op.db, &wrong), OK);
    assert_int_equal(wrong, 0);
}

/* Of a heartbeat that is not there, so that it cannot run. */
static struct timer arm(struct op_fixture *f, enum timer_kind kind)
{
    struct timer timer = {0};
    struct id subject = op_new_id(&f->op);
    assert_int_equal(timer_arm(&f->op, (struct timer_request){kind, subject, f->now, 5}), OK);
    assert_int_equal(timers_of_subject(f->op.db, f->op.arena, kind, subject, &timer), OK);
    return timer;
}

static void give_up(struct op_fixture *f, const struct timer *timer)
{
    for (int i = 0; i <= f->site.retry_attempts; i++) {
        struct timer_key key = {.id = timer->id};
        assert_int_equal(engine_count_failure(&f->op, key, E_INTERNAL), OK);
    }
}

static void test_counts_follow_the_rows(void **state)
{
    struct op_fixture *f = *state;
    assert_int_equal(db_begin(f->op.db), OK);
    struct timer timer = arm(f, timer_kind_HEARTBEAT);
    struct timer other = arm(f, timer_kind_HEARTBEAT);
    assert_int_equal(look(f, timer_kind_HEARTBEAT).waiting, 2);
    assert_int_equal(timers_lease(f->op.db, timer.id, f->now, instant_add(f->now, SECONDS(9))), OK);
    assert_int_equal(timers_count_stall(f->op.db, timer.id), OK);
    assert_int_equal(db_commit(f->op.db), OK);
    assert_whole(f);
    struct queue_kind now = look(f, timer_kind_HEARTBEAT);
    assert_int_equal(now.waiting, 1);
    assert_int_equal(now.active, 1);
    assert_int_equal(now.stalled, 1);
    assert_int_equal(now.oldest_due.us, f->now.us);
    assert_int_equal(db_begin(f->op.db), OK);
    assert_int_equal(timers_complete(f->op.db, timer.id, f->now), OK);
    assert_int_equal(timers_cancel(f->op.db, timer_kind_HEARTBEAT, other.subject_id, f->now), OK);
    assert_int_equal(db_commit(f->op.db), OK);
    assert_whole(f);
    now = look(f, timer_kind_HEARTBEAT);
    assert_int_equal(now.waiting + now.delayed + now.active, 0);
    assert_int_equal(now.completed, 1);
    assert_int_equal(now.cancelled, 1);
}

static void test_what_is_undone_is_not_counted(void **state)
{
    struct op_fixture *f = *state;
    assert_int_equal(db_begin(f->op.db), OK);
    arm(f, timer_kind_HEARTBEAT);
    assert_int_equal(db_release(f->op.db), OK);
    db_savepoint(f->op.db);
    arm(f, timer_kind_HEARTBEAT);
    assert_int_equal(look(f, timer_kind_HEARTBEAT).waiting, 2);
    assert_int_equal(db_undo(f->op.db), OK);
    assert_int_equal(look(f, timer_kind_HEARTBEAT).waiting, 1);
    assert_int_equal(db_commit(f->op.db), OK);
    assert_whole(f);
    assert_int_equal(db_begin(f->op.db), OK);
    arm(f, timer_kind_HEARTBEAT);
    db_rollback(f->op.db);
    assert_int_equal(look(f, timer_kind_HEARTBEAT).waiting, 1);
    assert_whole(f);
}

static void test_a_failed_job_is_tried_again_once(void **state)
{
    struct op_fixture *f = *state;
    struct job job = {0};
    struct timer timer = {0};
    assert_int_equal(db_begin(f->op.db), OK);
    timer = arm(f, timer_kind_HEARTBEAT);
    f->op.path_id = timer.id;
    assert_int_equal(retry_job(&f->op, NULL, &job), E_OPERATION);
    give_up(f, &timer);
    assert_int_equal(look(f, timer_kind_HEARTBEAT).failed, 1);
    assert_int_equal(f->stats.timers_quarantined, 1);
    size_t before = count_effects(f, EFFECT_TIMER);
    assert_int_equal(retry_job(&f->op, NULL, &job), OK);
    assert_int_equal(job.state, job_state_waiting);
    assert_int_equal(job.attempts, 0);
    assert_int_equal(count_effects(f, EFFECT_TIMER), before + 1);
    assert_int_equal(count_events(f, "JOB_RETRIED"), 1);
    assert_int_equal(f->stats.timers_quarantined, 0);
    assert_int_equal(retry_job(&f->op, NULL, &job), E_OPERATION);
    assert_int_equal(db_get(f->op.db, TABLE_timers, timer.id, f->op.arena, &timer), OK);
    assert_int_equal(timer.state, timer_state_PENDING);
    assert_int_equal(timer.attempts, 0);
    assert_int_equal(db_commit(f->op.db), OK);
    assert_whole(f);
    f->op.path_id = op_new_id(&f->op);
    assert_int_equal(retry_job(&f->op, NULL, &job), E_NOT_FOUND);
    f->op.actor.scope = key_scope_READER;
    assert_int_equal(retry_job(&f->op, NULL, &job), E_FORBIDDEN);
}

static struct alert add_alert(struct op_fixture *f, int stage)
{
    struct alert alert = store_alert(f->store, &f->meeting, stage);
    alert.due_at = f->now;
    alert.valid_until = instant_add(f->now, MINUTES(5));
    store_insert(f->store, TABLE_alerts, &alert);
    return alert;
}

static void test_an_alert_that_failed(void **state)
{
    struct op_fixture *f = *state;
    struct job job = {0};
    int64_t cancelled = 0;
    assert_int_equal(db_begin(f->op.db), OK);
    struct alert alert = add_alert(f, 1);
    struct timer_key key = {timer_kind_ALERT, alert.id};
    assert_int_equal(look(f, timer_kind_ALERT).waiting, 1);
    for (int i = 0; i <= f->site.retry_attempts; i++) {
        assert_int_equal(engine_count_failure(&f->op, key, E_INTERNAL), OK);
    }
    struct queue_kind now = look(f, timer_kind_ALERT);
    assert_int_equal(now.waiting + now.delayed, 0);
    assert_int_equal(now.failed, 1);
    f->op.path_id = alert.id;
    assert_int_equal(retry_job(&f->op, NULL, &job), OK);
    assert_int_equal(look(f, timer_kind_ALERT).waiting, 1);
    assert_int_equal(engine_run(&f->op, key), OK);
    now = look(f, timer_kind_ALERT);
    assert_int_equal(now.waiting + now.failed, 0);
    assert_int_equal(now.completed, 1);
    /* And one whose meeting was called off meanwhile. */
    alert = add_alert(f, 2);
    key.id = alert.id;
    for (int i = 0; i <= f->site.retry_attempts; i++) {
        assert_int_equal(engine_count_failure(&f->op, key, E_INTERNAL), OK);
    }
    assert_int_equal(alerts_cancel_pending(f->op.db, f->meeting.id, STR("x"), &cancelled), OK);
    f->op.path_id = alert.id;
    assert_int_equal(retry_job(&f->op, NULL, &job), E_OPERATION);
    assert_int_equal(db_commit(f->op.db), OK);
    assert_whole(f);
}

static void test_who_may_hold_what(void **state)
{
    struct op_fixture *f = *state;
    struct queue_change change = {0};
    assert_int_equal(db_begin(f->op.db), OK);
    f->op.actor.scope = key_scope_OPERATOR;
    f->op.path_text = STR("ALERT");
    assert_int_equal(pause_queue(&f->op, NULL, &change), E_FORBIDDEN);
    f->op.path_text = STR("SCHEDULED_CALL");
    assert_int_equal(pause_queue(&f->op, NULL, &change), OK);
    assert_true(queue_is_paused(&f->writer.queue, timer_kind_SCHEDULED_CALL));
    assert_int_equal(count_events(f, "QUEUE_PAUSED"), 1);
    f->op.actor.scope = key_scope_READER;
    assert_int_equal(resume_queue(&f->op, NULL, &change), E_FORBIDDEN);
    f->op.actor.scope = key_scope_ADMIN;
    f->op.path_text = STR("STEP");
    assert_int_equal(drain_queue(&f->op, NULL, &change), E_OPERATION);
    assert_int_equal(pause_queue(&f->op, NULL, &change), OK);
    f->op.path_text = STR("step");
    assert_int_equal(pause_queue(&f->op, NULL, &change), E_NOT_FOUND);
    assert_int_equal(db_commit(f->op.db), OK);
    /* A start reads it again. */
    f->writer.queue = (struct queue_memory){0};
    assert_int_equal(queue_recover(&f->op), OK);
    assert_true(queue_is_paused(&f->writer.queue, timer_kind_SCHEDULED_CALL));
    assert_true(queue_is_paused(&f->writer.queue, timer_kind_STEP));
    assert_false(queue_is_paused(&f->writer.queue, timer_kind_ALERT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_gate_holds_and_lets_go),
        cmocka_unit_test(test_one_kind_stays_held),
        cmocka_unit_test(test_calls_are_not_held_here),
        cmocka_unit_test(test_kinds_that_are_due),
        cmocka_unit_test_setup_teardown(test_counts_follow_the_rows, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_undone_is_not_counted, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_a_failed_job_is_tried_again_once, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_an_alert_that_failed, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_who_may_hold_what, op_set_up, op_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
