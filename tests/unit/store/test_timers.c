/* Timers: what a start scans, the states of a row, and that no change starts from the wrong one. */
#include "store/incidents.h"
#include "store/meetings.h"
#include "store/queue.h"
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
        if (id_equal(seen->timers[i].key.id, id)) {
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
    struct timer pending = insert_timer(f, timer_kind_POLL, 5);
    struct timer leased = insert_timer(f, timer_kind_SINK, -5);
    struct timer done = insert_timer(f, timer_kind_SINK, 1);
    struct timer failed = insert_timer(f, timer_kind_SINK, 1);
    struct timer cancelled = insert_timer(f, timer_kind_SINK, 1);
    assert_int_equal(timers_lease(f->db, leased.id, store_time(0), store_time(2)), OK);
    assert_int_equal(timers_complete(f->db, done.id, store_time(0)), OK);
    failed.ended_at = store_time(1);
    assert_int_equal(timers_give_up(f->db, &failed), OK);
    assert_int_equal(timers_cancel(f->db, timer_kind_SINK, cancelled.subject_id, store_time(0)),
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
    struct timer done = insert_timer(f, timer_kind_LEASE, 0);
    assert_int_equal(timers_complete(f->db, done.id, store_time(0)), OK);
    check_that_nothing_moves(f, done.id);
    struct timer cancelled = insert_timer(f, timer_kind_LEASE, 0);
    assert_int_equal(timers_cancel(f->db, timer_kind_LEASE, cancelled.subject_id, store_time(0)),
                     OK);
    assert_int_equal(get(f, cancelled.id).state, timer_state_CANCELLED);
    check_that_nothing_moves(f, cancelled.id);
    struct timer failed = insert_timer(f, timer_kind_LEASE, 0);
    failed.ended_at = store_time(0);
    assert_int_equal(timers_give_up(f->db, &failed), OK);
    check_that_nothing_moves(f, failed.id);
    assert_int_equal(timers_complete(f->db, store_new_id(f), store_time(0)), E_CONFLICT);
    assert_int_equal(timers_count_stall(f->db, store_new_id(f)), E_CONFLICT);
}

static struct alert insert_alert(struct store_fixture *f, int stage)
{
    struct meeting meeting = store_meeting(f, store_new_id(f), "standup", 30);
    struct alert alert = store_alert(f, &meeting, stage);
    store_insert(f, TABLE_alerts, &alert);
    return alert;
}

static struct timer_key key_of(const struct alert *alert)
{
    return (struct timer_key){timer_kind_ALERT, alert->id};
}

static void test_a_subject_is_its_own_timer(void **state)
{
    struct store_fixture *f = *state;
    struct timer timer = {0};
    bool has_row = true;
    struct alert alert = insert_alert(f, 1);
    assert_int_equal(timers_get(f->db, f->arena, key_of(&alert), &timer, &has_row), OK);
    assert_false(has_row);
    assert_true(id_equal(timer.id, alert.id) && id_equal(timer.subject_id, alert.id));
    assert_int_equal(timer.kind, timer_kind_ALERT);
    assert_int_equal(timer.state, timer_state_PENDING);
    assert_true(timer.due_at.us == alert.due_at.us);
    struct seen seen = scan(f);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.timers[0].key.kind, timer_kind_ALERT);
    assert_true(id_equal(seen.timers[0].key.id, alert.id));
    assert_true(seen.timers[0].due_at.us == alert.due_at.us);
    assert_int_equal(alerts_skip(f->db, alert.id, store_time(1), STR("late")), OK);
    assert_int_equal(timers_get(f->db, f->arena, key_of(&alert), &timer, &has_row), E_NOT_FOUND);
    assert_int_equal(scan(f).count, 0);
}

static void test_calls_go_first(void **state)
{
    struct store_fixture *f = *state;
    struct meeting meeting = store_meeting(f, store_new_id(f), "standup", 30);
    struct alert call = store_alert(f, &meeting, 1);
    struct alert text = store_alert(f, &meeting, 2);
    call.channel = channel_CALL;
    text.channel = channel_SMS;
    store_insert(f, TABLE_alerts, &call);
    store_insert(f, TABLE_alerts, &text);
    struct seen seen = scan(f);
    assert_int_equal(seen.count, 2);
    assert_int_equal(find(&seen, call.id)->priority, 1);
    assert_int_equal(find(&seen, text.id)->priority, 5);
}

static void test_what_is_remembered_decides(void **state)
{
    struct store_fixture *f = *state;
    struct timer timer = {0};
    bool has_row = false;
    struct alert alert = insert_alert(f, 1);
    assert_int_equal(timers_get(f->db, f->arena, key_of(&alert), &timer, &has_row), OK);
    timer.attempts = 1;
    timer.due_at = store_time(99);
    assert_int_equal(timers_remember(f->db, f->arena, &timer), OK);
    assert_int_equal(timers_get(f->db, f->arena, key_of(&alert), &timer, &has_row), OK);
    assert_true(has_row && timer.due_at.us == store_time(99).us && timer.attempts == 1);
    /* The start finds both: the earlier comes up, and is told of the later. */
    assert_int_equal(scan(f).count, 2);
    timer.ended_at = store_time(99);
    assert_int_equal(timers_give_up(f->db, &timer), OK);
    assert_int_equal(timers_get(f->db, f->arena, key_of(&alert), &timer, &has_row), OK);
    assert_int_equal(timer.state, timer_state_FAILED);
    /* Another time for it is another chance. */
    assert_int_equal(timers_cancel(f->db, timer_kind_STEP, alert.id, store_time(3)), OK);
    assert_int_equal(get(f, alert.id).state, timer_state_FAILED);
    assert_int_equal(timers_cancel(f->db, timer_kind_ALERT, alert.id, store_time(3)), OK);
    assert_int_equal(timers_get(f->db, f->arena, key_of(&alert), &timer, &has_row), OK);
    assert_false(has_row);
    /* A row that has ended does not hold it back, and is written over. */
    timer.attempts = 1;
    assert_int_equal(timers_remember(f->db, f->arena, &timer), OK);
    assert_int_equal(timers_complete(f->db, timer.id, store_time(4)), OK);
    assert_int_equal(timers_get(f->db, f->arena, key_of(&alert), &timer, &has_row), OK);
    assert_false(has_row);
    assert_int_equal(timers_remember(f->db, f->arena, &timer), OK);
    assert_int_equal(get(f, alert.id).state, timer_state_PENDING);
}

static void test_steps_and_checks(void **state)
{
    struct store_fixture *f = *state;
    struct timer timer = {0};
    bool has_row = true;
    struct meeting meeting = store_meeting(f, store_new_id(f), "standup", 30);
    meeting.check_at = store_time(35);
    store_insert(f, TABLE_meetings, &meeting);
    struct step step = {
        .id = store_new_id(f),
        .incident_id = store_new_id(f),
        .level = 1,
        .step_type = step_type_EMAIL,
        .channel = channel_EMAIL,
        .target_kind = target_kind_PERSON,
        .target = message_target_PERSON,
        .status = step_status_PENDING,
        .scheduled_at = store_time(40),
    };
    store_insert(f, TABLE_steps, &step);
    struct seen seen = scan(f);
    assert_int_equal(seen.count, 2);
    assert_true(find(&seen, meeting.id)->due_at.us == meeting.check_at.us);
    assert_true(find(&seen, step.id)->due_at.us == step.scheduled_at.us);
    assert_int_equal(find(&seen, step.id)->priority, 1);
    /* A step that was taken is pending until its message has ended, and not due any more. */
    step.claimed_at = store_time(1);
    step.message_id = store_new_id(f);
    assert_int_equal(steps_claim(f->db, &step), OK);
    assert_int_equal(meetings_checked(f->db, meeting.id), OK);
    assert_int_equal(scan(f).count, 0);
    struct timer_key keys[] = {{timer_kind_STEP, step.id}, {timer_kind_MISSED_CHECK, meeting.id}};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(timers_get(f->db, f->arena, keys[i], &timer, &has_row), E_NOT_FOUND);
    }
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
    assert_int_equal(timers_of_subject(f->db, f->arena, timer_kind_LEASE, timer.subject_id, &found),
                     E_NOT_FOUND);
    assert_int_equal(timers_cancel(f->db, timer_kind_LEASE, timer.subject_id, store_time(0)), OK);
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
    struct job_sweep sweep = {.before = store_time(1), .limit = 10};
    assert_int_equal(queue_sweep(f->db, &sweep, &count), OK);
    assert_int_equal(count, 0);
    /* The newest one is kept in any case. */
    sweep = (struct job_sweep){.before = store_time(3), .keep = 1, .limit = 10};
    assert_int_equal(queue_sweep(f->db, &sweep, &count), OK);
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
        cmocka_unit_test_setup_teardown(test_a_subject_is_its_own_timer, store_set_up_memory,
                                        store_tear_down),
        cmocka_unit_test_setup_teardown(test_calls_go_first, store_set_up_memory, store_tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_remembered_decides, store_set_up_memory,
                                        store_tear_down),
        cmocka_unit_test_setup_teardown(test_steps_and_checks, store_set_up_memory,
                                        store_tear_down),
        cmocka_unit_test_setup_teardown(test_by_subject, store_set_up_memory, store_tear_down),
        cmocka_unit_test_setup_teardown(test_count_and_clean, store_set_up_memory, store_tear_down),
        cmocka_unit_test_setup_teardown(test_lease_and_state_go_together, store_set_up_memory,
                                        store_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
