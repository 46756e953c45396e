/* Timers: what a start scans, the states of a row, and that no change starts from the wrong one. */
#include "store/timers.h"

#include "lib/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { SEEN_MAX = 16 };

struct seen {
    struct waiting_timer timers[SEEN_MAX];
    size_t count;
};

static void take_down(void *context, const struct waiting_timer *timer)
{
    struct seen *seen = context;
    assert_true(seen->count < SEEN_MAX);
    seen->timers[seen->count++] = *timer;
}

static struct seen scan(struct store_fixture *f)
{
    struct seen seen = {0};
    assert_int_equal(timers_each_waiting(f->db, &seen, take_down), OK);
    return seen;
}

static const struct waiting_timer *find(const struct seen *seen, struct id id)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (id_equal(seen->timers[i].id, id)) {
            return &seen->timers[i];
        }
    }
    return NULL;
}

static struct timer insert_timer(struct store_fixture *f, enum timer_kind kind, int due_minute)
{
    struct timer timer = store_timer(f, kind, store_new_id(f), due_minute);
    store_insert(f, TABLE_timers, &timer);
    return timer;
}

static struct timer get(struct store_fixture *f, struct id id)
{
    struct timer timer = {0};
    assert_int_equal(db_get(f->db, TABLE_timers, id, f->arena, &timer), OK);
    return timer;
}

static void test_scan_of_waiting(void **state)
{
    struct store_fixture *f = *state;
    assert_int_equal(scan(f).count, 0);
    struct timer pending = insert_timer(f, timer_kind_ALERT, 5);
    struct timer leased = insert_timer(f, timer_kind_STEP, -5);
    struct timer done = insert_timer(f, timer_kind_STEP, 1);
    struct timer failed = insert_timer(f, timer_kind_STEP, 1);
    struct timer cancelled = insert_timer(f, timer_kind_STEP, 1);
    assert_int_equal(timers_lease(f->db, leased.id, store_time(0), store_time(2)), OK);
    assert_int_equal(timers_complete(f->db, done.id, store_time(0)), OK);
    failed.ended_at = store_time(1);
    assert_int_equal(timers_give_up(f->db, &failed), OK);
    assert_int_equal(timers_cancel(f->db, timer_kind_STEP, cancelled.subject_id, store_time(0)),
                     OK);
    struct seen seen = scan(f);
    assert_int_equal(seen.count, 2);
    const struct waiting_timer *first = find(&seen, pending.id);
    const struct waiting_timer *second = find(&seen, leased.id);
    assert_non_null(first);
    assert_non_null(second);
    assert_false(first->is_active);
    assert_true(first->due_at.us == store_time(5).us && first->priority == 5);
    assert_true(second->is_active);
    assert_true(second->due_at.us == store_time(2).us);
}

static void test_life_of_a_timer(void **state)
{
    struct store_fixture *f = *state;
    struct timer timer = insert_timer(f, timer_kind_MESSAGE_RETRY, 0);
    assert_int_equal(timers_lease(f->db, timer.id, store_time(0), store_time(1)), OK);
    timer = get(f, timer.id);
    assert_int_equal(timer.state, timer_state_ACTIVE);
    assert_true(timer.lease_until.us == store_time(1).us);
    assert_true(timer.started_at.us == store_time(0).us);
    /* A lease may be taken over once its worker is dead; that is counted. */
    assert_int_equal(timers_lease(f->db, timer.id, store_time(2), store_time(3)), OK);
    assert_int_equal(timers_count_stall(f->db, timer.id), OK);
    timer.due_at = store_time(9);
    timer.attempts = 2;
    timer.error = STR("timed out");
    assert_int_equal(timers_again(f->db, &timer), OK);
    timer = get(f, timer.id);
    assert_int_equal(timer.state, timer_state_PENDING);
    assert_true(timer.due_at.us == store_time(9).us);
    assert_int_equal(timer.attempts, 2);
    assert_int_equal(timer.stalled, 1);
    assert_false(instant_is_set(timer.lease_until));
    store_assert_text(timer.error, "timed out");
    timer.attempts = 3;
    timer.ended_at = store_time(10);
    assert_int_equal(timers_give_up(f->db, &timer), OK);
    timer = get(f, timer.id);
    assert_int_equal(timer.state, timer_state_FAILED);
    assert_true(timer.ended_at.us == store_time(10).us);
}

static void check_that_nothing_moves(struct store_fixture *f, struct id id)
{
    struct timer timer = get(f, id);
    int was = timer.state;
    timer.ended_at = store_time(5);
    assert_int_equal(timers_complete(f->db, id, store_time(1)), E_CONFLICT);
    assert_int_equal(timers_lease(f->db, id, store_time(1), store_time(2)), E_CONFLICT);
    assert_int_equal(timers_again(f->db, &timer), E_CONFLICT);
    assert_int_equal(timers_give_up(f->db, &timer), E_CONFLICT);
    assert_int_equal(
        timers_cancel(f->db, (enum timer_kind)timer.kind, timer.subject_id, store_time(1)), OK);
    assert_int_equal(get(f, id).state, was);
}

static void test_ended_timers_stay(void **state)
{
    struct store_fixture *f = *state;
    struct timer done = insert_timer(f, timer_kind_ALERT, 0);
    assert_int_equal(timers_complete(f->db, done.id, store_time(0)), OK);
    check_that_nothing_moves(f, done.id);
    struct timer cancelled = insert_timer(f, timer_kind_ALERT, 0);
    assert_int_equal(timers_cancel(f->db, timer_kind_ALERT, cancelled.subject_id, store_time(0)),
                     OK);
    assert_int_equal(get(f, cancelled.id).state, timer_state_CANCELLED);
    check_that_nothing_moves(f, cancelled.id);
    struct timer failed = insert_timer(f, timer_kind_ALERT, 0);
    failed.ended_at = store_time(0);
    assert_int_equal(timers_give_up(f->db, &failed), OK);
    check_that_nothing_moves(f, failed.id);
    assert_int_equal(timers_complete(f->db, store_new_id(f), store_time(0)), E_CONFLICT);
    assert_int_equal(timers_count_stall(f->db, store_new_id(f)), E_CONFLICT);
}

static void test_waits_anew(void **state)
{
    struct store_fixture *f = *state;
    struct timer timer = insert_timer(f, timer_kind_ALERT, 5);
    assert_true(id_equal(timer.id, timer.subject_id));
    assert_int_equal(timers_complete(f->db, timer.id, store_time(5)), OK);
    timer.due_at = store_time(9);
    timer.priority = 1;
    assert_int_equal(timers_add(f->db, f->arena, &timer), OK);
    struct timer again = get(f, timer.id);
    assert_int_equal(again.state, timer_state_PENDING);
    assert_true(again.due_at.us == store_time(9).us && again.priority == 1);
    assert_false(instant_is_set(again.ended_at));
    /* The id of an alert's timer is that of no other kind. */
    timer.kind = timer_kind_STEP;
    assert_int_equal(timers_add(f->db, f->arena, &timer), E_CONFLICT);
}

static void test_by_subject(void **state)
{
    struct store_fixture *f = *state;
    struct timer timer = insert_timer(f, timer_kind_CALENDAR_SYNC, 3);
    struct timer found = {0};
    insert_timer(f, timer_kind_CALENDAR_SYNC, 4);
    assert_int_equal(
        timers_of_subject(f->db, f->arena, timer_kind_CALENDAR_SYNC, timer.subject_id, &found), OK);
    assert_true(id_equal(found.id, timer.id));
    assert_int_equal(timers_of_subject(f->db, f->arena, timer_kind_ALERT, timer.subject_id, &found),
                     E_NOT_FOUND);
    assert_int_equal(timers_cancel(f->db, timer_kind_ALERT, timer.subject_id, store_time(0)), OK);
    assert_int_equal(get(f, timer.id).state, timer_state_PENDING);
    assert_int_equal(timers_complete(f->db, timer.id, store_time(0)), OK);
    assert_int_equal(
        timers_of_subject(f->db, f->arena, timer_kind_CALENDAR_SYNC, timer.subject_id, &found),
        E_NOT_FOUND);
}

static void test_count_and_clean(void **state)
{
    struct store_fixture *f = *state;
    int64_t count = -1;
    struct timer early = insert_timer(f, timer_kind_MESSAGE_RETRY, 0);
    struct timer late = insert_timer(f, timer_kind_MESSAGE_RETRY, 0);
    struct timer failed = insert_timer(f, timer_kind_MESSAGE_RETRY, 0);
    struct timer waiting = insert_timer(f, timer_kind_MESSAGE_RETRY, 0);
    assert_int_equal(timers_retrying(f->db, &count), OK);
    assert_int_equal(count, 4);
    assert_int_equal(timers_complete(f->db, early.id, store_time(1)), OK);
    assert_int_equal(timers_complete(f->db, late.id, store_time(2)), OK);
    failed.ended_at = store_time(1);
    assert_int_equal(timers_give_up(f->db, &failed), OK);
    assert_int_equal(timers_retrying(f->db, &count), OK);
    assert_int_equal(count, 1);
    assert_int_equal(timers_clean(f->db, store_time(1), &count), OK);
    assert_int_equal(count, 0);
    assert_int_equal(timers_clean(f->db, store_time(2), &count), OK);
    assert_int_equal(count, 1);
    struct timer gone = {0};
    assert_int_equal(db_get(f->db, TABLE_timers, early.id, f->arena, &gone), E_NOT_FOUND);
    /* What gave up is kept to be looked at, and what waits is not touched. */
    assert_int_equal(get(f, failed.id).state, timer_state_FAILED);
    assert_int_equal(get(f, waiting.id).state, timer_state_PENDING);
    assert_int_equal(get(f, late.id).state, timer_state_COMPLETED);
}

static void test_lease_and_state_go_together(void **state)
{
    struct store_fixture *f = *state;
    struct timer timer = store_timer(f, timer_kind_STEP, store_new_id(f), 0);
    timer.state = timer_state_ACTIVE;
    assert_int_equal(db_insert(f->db, TABLE_timers, f->arena, &timer), E_INVALID);
    timer.state = timer_state_PENDING;
    timer.lease_until = store_time(1);
    assert_int_equal(db_insert(f->db, TABLE_timers, f->arena, &timer), E_INVALID);
    /* What waits is found by its end, which is not there. */
    timer.lease_until = INSTANT_NONE;
    timer.ended_at = store_time(1);
    assert_int_equal(db_insert(f->db, TABLE_timers, f->arena, &timer), E_INVALID);
    timer.ended_at = INSTANT_NONE;
    timer.state = timer_state_COMPLETED;
    assert_int_equal(db_insert(f->db, TABLE_timers, f->arena, &timer), E_INVALID);
    assert_int_equal(scan(f).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_scan_of_waiting, store_set_up_memory, store_tear_down),
        cmocka_unit_test_setup_teardown(test_life_of_a_timer, store_set_up_memory, store_tear_down),
        cmocka_unit_test_setup_teardown(test_ended_timers_stay, store_set_up_memory,
                                        store_tear_down),
        cmocka_unit_test_setup_teardown(test_waits_anew, store_set_up_memory, store_tear_down),
        cmocka_unit_test_setup_teardown(test_by_subject, store_set_up_memory, store_tear_down),
        cmocka_unit_test_setup_teardown(test_count_and_clean, store_set_up_memory, store_tear_down),
        cmocka_unit_test_setup_teardown(test_lease_and_state_go_together, store_set_up_memory,
                                        store_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
