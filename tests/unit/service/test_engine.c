/* The engine and what is its own timer: nothing is written beside an alert that runs well; attempts
 * that fail are remembered, hold it back, and end in quarantine, also for a start that reads the
 * rows anew. */
#include "op_fixture.h"
#include "service/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void move(struct op_fixture *f, struct duration by)
{
    f->op.now = f->now = instant_add(f->now, by);
}

/* Due now; of the fixture's meeting, or of one that is not there, so that it cannot be fired. */
static struct timer_key add_alert(struct op_fixture *f, bool has_meeting)
{
    struct alert alert = store_alert(f->store, &f->meeting, 1);
    alert.meeting_id = has_meeting ? f->meeting.id : store_new_id(f->store);
    alert.due_at = f->now;
    alert.valid_until = instant_add(f->now, MINUTES(5));
    store_insert(f->store, TABLE_alerts, &alert);
    return (struct timer_key){timer_kind_ALERT, alert.id};
}

static int status_of(struct op_fixture *f, struct id id)
{
    struct alert alert = {0};
    assert_int_equal(db_get(f->store->db, TABLE_alerts, id, f->store->arena, &alert), OK);
    return alert.status;
}

static enum err remembered(struct op_fixture *f, struct id id, struct timer *out)
{
    return db_get(f->store->db, TABLE_timers, id, f->store->arena, out);
}

static void count_one(void *context, const struct waiting_timer *timer)
{
    int *count = context;
    *count += timer->due_at.us != 0;
}

static int count_waiting(struct op_fixture *f)
{
    int count = 0;
    assert_int_equal(timers_each_waiting(f->store->db, &count, count_one), OK);
    return count;
}

static void test_an_alert_needs_no_row(void **state)
{
    struct op_fixture *f = *state;
    struct timer timer = {0};
    struct timer_key key = add_alert(f, true);
    assert_int_equal(count_waiting(f), 1);
    assert_int_equal(engine_run(&f->op, key), OK);
    assert_int_not_equal(status_of(f, key.id), alert_status_PENDING);
    assert_int_equal(remembered(f, key.id, &timer), E_NOT_FOUND);
    assert_int_equal(count_waiting(f), 0);
    assert_int_equal(f->stats.timers_fired, 1);
    /* An entry in memory that is older than the row is dropped. */
    assert_int_equal(engine_run(&f->op, key), OK);
    assert_int_equal(f->stats.timers_fired, 1);
}

static void test_not_before_its_time(void **state)
{
    struct op_fixture *f = *state;
    move(f, SECONDS(60));
    struct timer_key key = add_alert(f, true);
    move(f, SECONDS(-1));
    assert_int_equal(engine_run(&f->op, key), OK);
    assert_int_equal(status_of(f, key.id), alert_status_PENDING);
}

static void test_a_failure_holds_it_back(void **state)
{
    struct op_fixture *f = *state;
    struct timer timer = {0};
    struct timer_key key = add_alert(f, true);
    assert_int_equal(engine_count_failure(&f->op, key, E_INTERNAL), OK);
    assert_int_equal(remembered(f, key.id, &timer), OK);
    assert_int_equal(timer.attempts, 1);
    assert_int_equal(timer.due_at.us, instant_add(f->now, SECONDS(2)).us);
    const struct effect *armed = &f->writer.effects.items[f->writer.effects.count - 1];
    assert_int_equal(armed->kind, EFFECT_TIMER);
    assert_int_equal(armed->at.us, timer.due_at.us);
    move(f, SECONDS(1));
    assert_int_equal(engine_run(&f->op, key), OK);
    assert_int_equal(status_of(f, key.id), alert_status_PENDING);
    move(f, SECONDS(1));
    assert_int_equal(engine_run(&f->op, key), OK);
    assert_int_not_equal(status_of(f, key.id), alert_status_PENDING);
    assert_int_equal(remembered(f, key.id, &timer), OK);
    assert_int_equal(timer.state, timer_state_COMPLETED);
    assert_int_equal(count_waiting(f), 0);
}

static void test_what_cannot_run_is_quarantined(void **state)
{
    struct op_fixture *f = *state;
    struct timer timer = {0};
    struct timer_key key = add_alert(f, false);
    for (int64_t i = 0; i <= f->site.retry_attempts; i++) {
        assert_int_equal(engine_run(&f->op, key), E_NOT_FOUND);
        assert_int_equal(engine_count_failure(&f->op, key, E_NOT_FOUND), OK);
        move(f, MINUTES(1));
    }
    assert_int_equal(f->stats.timers_quarantined, 1);
    assert_int_equal(remembered(f, key.id, &timer), OK);
    assert_int_equal(timer.state, timer_state_FAILED);
    assert_int_equal(timer.attempts, f->site.retry_attempts + 1);
    /* A start finds the alert and leaves it alone, as often as it comes up. */
    assert_int_equal(count_waiting(f), 1);
    int64_t fired = f->stats.timers_fired;
    assert_int_equal(engine_run(&f->op, key), OK);
    assert_int_equal(f->stats.timers_fired, fired);
    assert_int_equal(status_of(f, key.id), alert_status_PENDING);
}

static void test_found_late_is_not_late(void **state)
{
    struct op_fixture *f = *state;
    struct alert alert = store_alert(f->store, &f->meeting, 1);
    move(f, MINUTES(10));
    alert.id = id_next(&f->writer.ids, f->now);
    alert.due_at = instant_sub(f->now, MINUTES(4));
    alert.valid_until = instant_add(f->now, MINUTES(1));
    store_insert(f->store, TABLE_alerts, &alert);
    assert_int_equal(engine_run(&f->op, (struct timer_key){timer_kind_ALERT, alert.id}), OK);
    assert_int_equal(f->stats.timers_fired, 1);
    assert_true(f->stats.lateness_max_ms < 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_alert_needs_no_row, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_not_before_its_time, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_a_failure_holds_it_back, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_what_cannot_run_is_quarantined, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_found_late_is_not_late, op_set_up, op_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
