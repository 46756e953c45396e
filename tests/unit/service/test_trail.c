/* E5: every change of an alert and of a step is an event, those too that many rows share. */
#include "op_fixture.h"
#include "service/alerts.h"
#include "service/checkins.h"
#include "service/incidents.h"
#include "service/keys.h"
#include "service/people.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static enum err say(struct op_fixture *f, enum checkin_status status, struct checkin_result *out)
{
    struct checkin_request request = {.meeting = f->meeting.id,
                                      .user = f->user.id,
                                      .status = status,
                                      .source = checkin_source_API};
    return take_checkin(&f->op, &request, out);
}

static void test_each_alert_that_an_answer_cancels(void **state)
{
    struct op_fixture *f = *state;
    struct checkin_result result = {0};
    assert_int_equal(plan_alerts(&f->op, &f->meeting), OK);
    assert_int_equal(say(f, checkin_status_JOINED, &result), OK);
    assert_int_equal(count_events(f, "CHECKIN"), 1);
    assert_int_equal(count_events(f, "ALERT_CANCELLED"), 3);
    /* Once more is no change. */
    assert_int_equal(say(f, checkin_status_JOINED, &result), OK);
    assert_int_equal(count_events(f, "ALERT_CANCELLED"), 3);
}

static void test_each_alert_that_is_found_too_late(void **state)
{
    struct op_fixture *f = *state;
    f->op.now = f->now = store_time(56);
    assert_int_equal(plan_alerts(&f->op, &f->meeting), OK);
    assert_int_equal(count_events(f, "ALERT_SKIPPED"), 1);
}

static void test_each_step_that_leaving_the_ladder_cancels(void **state)
{
    struct op_fixture *f = *state;
    struct checkin_result result = {0};
    struct list events = {0};
    int64_t total = 0;
    assert_int_equal(say(f, checkin_status_MISSED, &result), OK);
    assert_true(result.incident_created);
    assert_int_equal(say(f, checkin_status_JOINED, &result), OK);
    assert_int_equal(count_events(f, "STEP_CANCELLED"), 4);
    /* They concern the person, who may read them. */
    struct audit_page page = {.user = f->user.id, .limit = 100};
    assert_int_equal(audit_page(f->store->db, f->store->arena, &page, &events, &total), OK);
    const struct audit_event *last = &((const struct audit_event *)events.items)[total - 1];
    store_assert_text(last->action, "STEP_CANCELLED");
    store_assert_text(last->before, "level 4 REPEAT_CALL PENDING");
    store_assert_text(last->after, "level 4 REPEAT_CALL CANCELLED");
    store_assert_text(last->reason, "joined");
}

static void test_nobody_misses_what_does_not_take_place(void **state)
{
    struct op_fixture *f = *state;
    struct checkin_result result = {0};
    f->meeting.status = meeting_status_CANCELLED;
    assert_int_equal(db_update(f->store->db, TABLE_meetings, f->store->arena, &f->meeting), OK);
    assert_int_equal(say(f, checkin_status_MISSED, &result), E_CONFLICT);
    assert_int_equal(count_events(f, "INCIDENT_OPENED"), 0);
    assert_int_equal(say(f, checkin_status_JOINED, &result), OK);
}

static void test_key_must_end_in_the_future(void **state)
{
    struct op_fixture *f = *state;
    struct api_key wanted = {.name = STR("phone"), .expires_at = f->now};
    struct api_key made = {0};
    f->op.path_id = f->user.id;
    assert_int_equal(create_user_key(&f->op, &wanted, &made), E_INVALID);
    assert_string_equal(f->problem.field, "expiresAt");
    wanted.expires_at = store_time(1);
    assert_int_equal(create_user_key(&f->op, &wanted, &made), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_alert_that_an_answer_cancels, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_each_alert_that_is_found_too_late, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_each_step_that_leaving_the_ladder_cancels, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_nobody_misses_what_does_not_take_place, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_key_must_end_in_the_future, op_set_up, op_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
