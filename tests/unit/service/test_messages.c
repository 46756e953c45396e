/* A message between its provider and the person's answer: whoever comes first, nothing is lost and
 * nothing is done twice. K4, K5, K6, C2. */
#include "op_fixture.h"
#include "service/checkins.h"
#include "service/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct verdict taken = {.kind = VERDICT_ACCEPTED,
                                     .provider_id = STR_INIT("MOCK-CALL-1")};

/* A call about the meeting on its way to the provider, with the alert behind it. */
static struct message add_call(struct op_fixture *f)
{
    struct alert alert = store_alert(f->store, &f->meeting, 3);
    struct message call = store_message(f->store, &f->meeting, alert.id);
    alert.channel = call.channel = channel_CALL;
    alert.status = alert_status_SENDING;
    alert.message_id = call.id;
    call.state = message_state_SENDING;
    call.claimed_at = f->now;
    store_insert(f->store, TABLE_alerts, &alert);
    store_insert(f->store, TABLE_messages, &call);
    return call;
}

static struct message reload(struct op_fixture *f, struct id id)
{
    struct message message = {0};
    assert_int_equal(db_get(f->store->db, TABLE_messages, id, f->store->arena, &message), OK);
    return message;
}

static void settle(struct op_fixture *f, struct id id, const struct verdict *verdict)
{
    struct message message = reload(f, id);
    assert_int_equal(message_settle_send(&f->op, &message, verdict), OK);
}

static void assert_call_logs(struct op_fixture *f, size_t count, const char *last_status)
{
    struct list logs = {0};
    assert_int_equal(call_logs_of_meeting(f->store->db, f->store->arena, f->meeting.id, &logs), OK);
    assert_int_equal(logs.count, count);
    store_assert_text(((const struct call_log *)logs.items)[count - 1].status, last_status);
}

static void test_news_before_the_answer_do_not_stop_the_call(void **state)
{
    struct op_fixture *f = *state;
    struct message call = add_call(f);
    struct provider_news picked_up = {.kind = NEWS_STATE,
                                      .attempt = op_id_text(&f->op, call.id),
                                      .provider_id = STR("MOCK-CALL-1"),
                                      .state = message_state_ANSWERED,
                                      .level = receipt_level_HUMAN};
    assert_int_equal(message_take_news(&f->op, &provider_mock, &picked_up, message_source_CALLBACK),
                     OK);
    settle(f, call.id, &taken);
    call = reload(f, call.id);
    assert_int_equal(call.state, message_state_ANSWERED);
    store_assert_text(call.provider_id, "MOCK-CALL-1");
    assert_int_equal(count_effects(f, EFFECT_CANCEL), 0);
    assert_call_logs(f, 1, "initiated");
    assert_int_equal(count_events(f, "ALERT_DELIVERED"), 1);
}

static void test_call_cancelled_while_it_is_placed_is_stopped_there(void **state)
{
    struct op_fixture *f = *state;
    struct message call = add_call(f);
    assert_int_equal(messages_stop_subject(&f->op, f->meeting.id, "joined"), OK);
    assert_int_equal(count_effects(f, EFFECT_CANCEL), 0);
    settle(f, call.id, &taken);
    assert_int_equal(reload(f, call.id).state, message_state_CANCELLED);
    assert_int_equal(count_effects(f, EFFECT_CANCEL), 1);
    assert_call_logs(f, 1, "initiated");
}

static void test_refusal_of_a_cancelled_call_is_not_tried_again(void **state)
{
    struct op_fixture *f = *state;
    static const struct verdict refused = {.kind = VERDICT_NOT_SENT,
                                           .error = STR_INIT("connection refused"),
                                           .category = failure_category_network};
    struct message call = add_call(f);
    assert_int_equal(messages_stop_subject(&f->op, f->meeting.id, "joined"), OK);
    settle(f, call.id, &refused);
    assert_int_equal(count_effects(f, EFFECT_TIMER), 0);
    assert_call_logs(f, 1, "failed");
}

static void test_key_counts_although_the_call_was_cancelled(void **state)
{
    struct op_fixture *f = *state;
    struct message call = add_call(f);
    struct meeting meeting = {0};
    assert_int_equal(messages_stop_subject(&f->op, f->meeting.id, "stopped too late"), OK);
    assert_int_equal(take_key(&f->op, call.id, '1'), OK);
    assert_int_equal(db_get(f->store->db, TABLE_meetings, f->meeting.id, f->store->arena, &meeting),
                     OK);
    assert_int_equal(meeting.checkin_status, checkin_status_JOINED);
}

static void test_key_comes_before_the_pick_up_is_known(void **state)
{
    struct op_fixture *f = *state;
    struct message call = add_call(f);
    assert_int_equal(take_key(&f->op, call.id, '1'), OK);
    call = reload(f, call.id);
    assert_int_equal(call.state, message_state_ANSWERED);
    assert_int_equal(call.receipt_level, receipt_level_CONFIRMED);
}

static void test_unknown_fate_leaves_a_row_for_each_attempt(void **state)
{
    struct op_fixture *f = *state;
    struct list messages = {0};
    int64_t total = 0;
    struct message call = add_call(f);
    struct message_page page = {.subject = f->meeting.id, .limit = 10};
    assert_int_equal(message_repeat(&f->op, &call), OK);
    assert_call_logs(f, 1, "failed");
    assert_int_equal(messages_page(f->store->db, f->store->arena, &page, &messages, &total), OK);
    assert_int_equal(total, 2);
    struct message again = ((const struct message *)messages.items)[1];
    assert_true(again.is_repeat);
    assert_int_equal(messages_claim(f->store->db, again.id, f->now, STR("mock")), OK);
    again = reload(f, again.id);
    assert_int_equal(message_repeat(&f->op, &again), OK);
    assert_call_logs(f, 2, "failed");
    /* Nobody knows of either call: a text goes out for the same stage. */
    assert_int_equal(count_events(f, "ALERT_FAILED"), 0);
    assert_int_equal(count_events(f, "ALERT_GOES_ON"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_news_before_the_answer_do_not_stop_the_call, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_call_cancelled_while_it_is_placed_is_stopped_there,
                                        op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_refusal_of_a_cancelled_call_is_not_tried_again,
                                        op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_key_counts_although_the_call_was_cancelled, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_key_comes_before_the_pick_up_is_known, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_unknown_fate_leaves_a_row_for_each_attempt, op_set_up,
                                        op_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
