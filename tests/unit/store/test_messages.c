/* The outbox: states only move forward, once per step, target and attempt, and two calls at most.
 */
#include "store/messages.h"
#include "store/providers.h"

#include "lib/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct meeting insert_meeting(struct store_fixture *f)
{
    struct meeting meeting = store_meeting(f, store_new_id(f), "standup", 30);
    store_insert(f, TABLE_meetings, &meeting);
    return meeting;
}

static struct message insert_message(struct store_fixture *f, const struct meeting *meeting)
{
    struct message message = store_message(f, meeting, store_new_id(f));
    store_insert_message(f, &message);
    return message;
}

static struct message get(struct store_fixture *f, struct id id)
{
    struct message message = {0};
    assert_int_equal(db_get(f->db, TABLE_messages, id, f->arena, &message), OK);
    assert_false(str_is_set(message.text)); /* Its texts stand apart. */
    assert_int_equal(messages_body(f->db, f->arena, &message), OK);
    return message;
}

static enum err fail_it(struct store_fixture *f, struct id id)
{
    struct message message = {.id = id,
                              .ended_at = store_time(3),
                              .error = STR("refused"),
                              .category = failure_category_auth};
    return messages_failed(f->db, &message);
}

static enum err end_it(struct store_fixture *f, struct id id, enum message_state end)
{
    struct message message = {.id = id,
                              .state = (int)end,
                              .receipt_level = receipt_level_REACHED,
                              .delivered_at = store_time(4)};
    return messages_receipt(f->db, &message);
}

static void test_forward(void **state)
{
    struct store_fixture *f = *state;
    struct meeting meeting = insert_meeting(f);
    struct message message = insert_message(f, &meeting);
    assert_int_equal(messages_sent(f->db, message.id, store_time(1), STR("SM1")), E_CONFLICT);
    assert_int_equal(end_it(f, message.id, message_state_DELIVERED), E_CONFLICT);
    assert_int_equal(messages_claim(f->db, message.id, store_time(1), STR("other")), OK);
    assert_int_equal(messages_claim(f->db, message.id, store_time(1), STR("mock")), E_CONFLICT);
    message = get(f, message.id);
    assert_int_equal(message.state, message_state_SENDING);
    assert_true(message.claimed_at.us == store_time(1).us);
    store_assert_text(message.provider, "other");
    assert_int_equal(messages_sent(f->db, message.id, store_time(2), STR("SM1")), OK);
    assert_int_equal(messages_sent(f->db, message.id, store_time(2), STR("SM2")), E_CONFLICT);
    assert_int_equal(fail_it(f, message.id), E_CONFLICT);
    message = get(f, message.id);
    assert_int_equal(message.state, message_state_SENT);
    assert_int_equal(message.receipt_level, receipt_level_ACCEPTED);
    store_assert_text(message.provider_id, "SM1");
    assert_int_equal(end_it(f, message.id, message_state_DELIVERED), OK);
    message = get(f, message.id);
    assert_int_equal(message.state, message_state_DELIVERED);
    assert_true(message.delivered_at.us == store_time(4).us);
    store_assert_text(message.text, "Your meeting starts soon.");
}

static void check_that_nothing_moves(struct store_fixture *f, struct id id)
{
    struct message was = get(f, id);
    assert_int_equal(messages_claim(f->db, id, store_time(5), STR("mock")), E_CONFLICT);
    assert_int_equal(messages_sent(f->db, id, store_time(5), STR("SM9")), E_CONFLICT);
    assert_int_equal(fail_it(f, id), E_CONFLICT);
    assert_int_equal(messages_cancel(f->db, id, store_time(5), STR("answered")), E_CONFLICT);
    for (int end = message_state_QUEUED; end < message_state_COUNT; end++) {
        if (end != was.state) {
            assert_int_equal(end_it(f, id, (enum message_state)end), E_CONFLICT);
        }
    }
    assert_int_equal(get(f, id).state, was.state);
}

static void test_ends_stay(void **state)
{
    static const enum message_state ends[] = {message_state_DELIVERED, message_state_UNDELIVERED,
                                              message_state_ANSWERED, message_state_NO_ANSWER,
                                              message_state_BUSY};
    struct store_fixture *f = *state;
    struct meeting meeting = insert_meeting(f);
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
        struct message message = insert_message(f, &meeting);
        assert_int_equal(messages_claim(f->db, message.id, store_time(1), STR("mock")), OK);
        assert_int_equal(messages_sent(f->db, message.id, store_time(2), STR("SM1")), OK);
        assert_int_equal(end_it(f, message.id, ends[i]), OK);
        check_that_nothing_moves(f, message.id);
        /* The same end again only raises the level. */
        assert_int_equal(end_it(f, message.id, ends[i]), OK);
    }
    struct message failed = insert_message(f, &meeting);
    assert_int_equal(fail_it(f, failed.id), OK);
    assert_int_equal(get(f, failed.id).category, failure_category_auth);
    check_that_nothing_moves(f, failed.id);
    struct message cancelled = insert_message(f, &meeting);
    assert_int_equal(messages_cancel(f->db, cancelled.id, store_time(1), STR("answered")), OK);
    store_assert_text(get(f, cancelled.id).error, "answered");
    check_that_nothing_moves(f, cancelled.id);
}

/* What a callback adds never takes away what is known. */
static void test_receipt_keeps_times(void **state)
{
    struct store_fixture *f = *state;
    struct meeting meeting = insert_meeting(f);
    struct message message = insert_message(f, &meeting);
    assert_int_equal(messages_claim(f->db, message.id, store_time(1), STR("mock")), OK);
    assert_int_equal(messages_sent(f->db, message.id, store_time(2), STR("CA1")), OK);
    message = get(f, message.id);
    message.state = message_state_ANSWERED;
    message.receipt_level = receipt_level_REACHED;
    message.delivered_at = store_time(3);
    assert_int_equal(messages_receipt(f->db, &message), OK);
    message.receipt_level = receipt_level_CONFIRMED;
    message.delivered_at = store_time(4);
    message.ended_at = store_time(5);
    message.error = STR_NONE;
    assert_int_equal(messages_receipt(f->db, &message), OK);
    message.ended_at = store_time(6);
    assert_int_equal(messages_receipt(f->db, &message), OK);
    message = get(f, message.id);
    assert_true(message.delivered_at.us == store_time(3).us);
    assert_true(message.ended_at.us == store_time(5).us);
    assert_int_equal(message.receipt_level, receipt_level_CONFIRMED);
}

static void test_once_per_step_target_attempt(void **state)
{
    struct store_fixture *f = *state;
    struct meeting meeting = insert_meeting(f);
    struct message first = insert_message(f, &meeting);
    struct message second = store_message(f, &meeting, first.step_id);
    assert_int_equal(db_insert(f->db, TABLE_messages, f->arena, &second), E_DUPLICATE);
    second.attempt = 2;
    assert_int_equal(db_insert(f->db, TABLE_messages, f->arena, &second), OK);
    struct message third = store_message(f, &meeting, first.step_id);
    third.target = message_target_EMERGENCY_CONTACT;
    assert_int_equal(db_insert(f->db, TABLE_messages, f->arena, &third), OK);
    /* Without a step there is nothing to be once for. */
    struct message loose = store_message(f, &meeting, ID_NONE);
    struct message loose_too = store_message(f, &meeting, ID_NONE);
    assert_int_equal(db_insert(f->db, TABLE_messages, f->arena, &loose), OK);
    assert_int_equal(db_insert(f->db, TABLE_messages, f->arena, &loose_too), OK);
}

static void test_states_need_their_times(void **state)
{
    struct store_fixture *f = *state;
    struct meeting meeting = insert_meeting(f);
    static const enum message_state states[] = {message_state_SENDING,    message_state_SENT,
                                                message_state_DELIVERED,  message_state_ANSWERED,
                                                message_state_NO_ANSWER,  message_state_BUSY,
                                                message_state_UNDELIVERED};
    for (size_t i = 0; i < ARRAY_LENGTH(states); i++) {
        struct message message = store_message(f, &meeting, store_new_id(f));
        message.state = (int)states[i];
        assert_int_equal(db_insert(f->db, TABLE_messages, f->arena, &message), E_INVALID);
    }
    struct message message = store_message(f, &meeting, store_new_id(f));
    message.claimed_at = store_time(1);
    assert_int_equal(db_insert(f->db, TABLE_messages, f->arena, &message), E_INVALID);
    message.claimed_at = INSTANT_NONE;
    message.attempt = 0;
    assert_int_equal(db_insert(f->db, TABLE_messages, f->arena, &message), E_INVALID);
}

static struct call_place place_of(struct store_fixture *f, const struct meeting *meeting)
{
    return (struct call_place){meeting->id, meeting->user_id, message_target_PERSON,
                               store_new_id(f)};
}

static int64_t free_slots(struct store_fixture *f, const struct call_place *place)
{
    int64_t left = -1;
    assert_int_equal(call_slots_free(f->db, place->meeting, place->user, place->target, &left), OK);
    return left;
}

static void test_two_calls_and_no_third(void **state)
{
    struct store_fixture *f = *state;
    struct meeting meeting = insert_meeting(f);
    struct call_place first = place_of(f, &meeting);
    struct call_place second = place_of(f, &meeting);
    struct call_place third = place_of(f, &meeting);
    assert_int_equal(free_slots(f, &first), 2);
    assert_int_equal(call_slots_take(f->db, &first), OK);
    assert_int_equal(call_slots_take(f->db, &second), OK);
    assert_int_equal(free_slots(f, &first), 0);
    assert_int_equal(call_slots_take(f->db, &third), E_RATE_LIMITED);
    /* The contact and the next meeting have places of their own. */
    third.target = message_target_EMERGENCY_CONTACT;
    assert_int_equal(call_slots_take(f->db, &third), OK);
    third.meeting = store_new_id(f);
    third.target = message_target_PERSON;
    assert_int_equal(call_slots_take(f->db, &third), OK);
    /* Nor does the table itself hold a third, whoever writes it. */
    for (int slot = 0; slot <= 3; slot++) {
        enum err err = db_execute(
            f->db,
            arena_printf(f->arena, "INSERT INTO call_slots VALUES (%lld, %lld, 'PERSON', %d, 1)",
                         (long long)meeting.id.value, (long long)meeting.user_id.value, slot)
                .ptr,
            &f->problem);
        assert_int_equal(err, slot == 1 || slot == 2 ? E_DUPLICATE : E_INVALID);
    }
    struct value name = value_text(STR("PERSON"));
    int64_t changed = 1;
    assert_int_equal(db_change(f->db, S_slot_take, &changed,
                               PARAMS(value_id(meeting.id), value_id(meeting.user_id), name,
                                      value_id(third.message))),
                     OK);
    assert_int_equal(changed, 0);
}

/* A call that was never placed gives its place back, be it the first of the two. */
static void test_place_given_back(void **state)
{
    struct store_fixture *f = *state;
    struct meeting meeting = insert_meeting(f);
    struct call_place first = place_of(f, &meeting);
    struct call_place second = place_of(f, &meeting);
    struct call_place third = place_of(f, &meeting);
    assert_int_equal(call_slots_take(f->db, &first), OK);
    assert_int_equal(call_slots_take(f->db, &second), OK);
    assert_int_equal(call_slots_give_back(f->db, first.message), OK);
    assert_int_equal(free_slots(f, &first), 1);
    assert_int_equal(call_slots_take(f->db, &third), OK);
    assert_int_equal(call_slots_take(f->db, &first), E_RATE_LIMITED);
}

static void test_what_is_on_its_way(void **state)
{
    struct store_fixture *f = *state;
    struct meeting meeting = insert_meeting(f);
    struct message queued = insert_message(f, &meeting);
    struct message sending = insert_message(f, &meeting);
    struct message sent = insert_message(f, &meeting);
    struct message call = store_message(f, &meeting, store_new_id(f));
    call.channel = channel_CALL;
    store_insert(f, TABLE_messages, &call);
    struct id sent_ids[] = {sending.id, sent.id, call.id};
    for (size_t i = 0; i < ARRAY_LENGTH(sent_ids); i++) {
        assert_int_equal(messages_claim(f->db, sent_ids[i], store_time(1), STR("mock")), OK);
    }
    assert_int_equal(messages_sent(f->db, sent.id, store_time(1), STR("SM1")), OK);
    assert_int_equal(messages_sent(f->db, call.id, store_time(1), STR("CA1")), OK);
    struct list list = {0};
    int64_t count = 0;
    assert_int_equal(messages_on_their_way(f->db, f->arena, &list), OK);
    assert_int_equal(messages_way_count(f->db, &count), OK);
    assert_int_equal(list.count, 2);
    assert_int_equal(count, 2);
    const struct message *messages = list.items;
    assert_true(id_equal(messages[0].id, queued.id) && id_equal(messages[1].id, sending.id));
    /* A call that rings can still be stopped; a text that left cannot. */
    assert_int_equal(messages_open_of_subject(f->db, f->arena, meeting.id, &list), OK);
    assert_int_equal(list.count, 3);
    struct message last = {0};
    /* A call brings no link, and what never left brings nothing. */
    assert_int_equal(messages_last_of_meeting(f->db, f->arena, meeting.id, meeting.user_id, &last),
                     OK);
    assert_true(id_equal(last.id, sent.id));
    assert_int_equal(messages_last_of_meeting(f->db, f->arena, meeting.id, queued.id, &last),
                     E_NOT_FOUND);
    assert_int_equal(messages_unreceipted(f->db, store_time(-120), store_time(0), &count), OK);
    assert_int_equal(count, 2);
    /* One that is over (test mode) owes nothing. */
    assert_int_equal(db_get(f->db, TABLE_messages, sent.id, f->arena, &sent), OK);
    sent.ended_at = store_time(1);
    assert_int_equal(messages_receipt(f->db, &sent), OK);
    assert_int_equal(messages_unreceipted(f->db, store_time(-120), store_time(0), &count), OK);
    assert_int_equal(count, 1);
    /* Whoever took a post, or a mail, owes none: they have no receipts. */
    store_execute(f, "UPDATE messages SET channel='WEBHOOK' WHERE id=%lld",
                  (long long)call.id.value);
    assert_int_equal(messages_unreceipted(f->db, store_time(-120), store_time(0), &count), OK);
    assert_int_equal(count, 0);
    assert_int_equal(messages_failed_since(f->db, store_time(-120), &count), OK);
    assert_int_equal(count, 0);
}

/* V11: what was handed over, by the currency that its provider named; mail is not paid for. */
static void test_costs(void **state)
{
    struct store_fixture *f = *state;
    struct meeting meeting = insert_meeting(f);
    struct message texts[] = {insert_message(f, &meeting), insert_message(f, &meeting),
                              insert_message(f, &meeting), insert_message(f, &meeting)};
    struct list list = {0};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(messages_claim(f->db, texts[i].id, store_time(1), STR("mock")), OK);
    }
    for (size_t i = 0; i < 2; i++) {
        store_execute(f, "UPDATE messages SET cost_micros=7500, currency='USD' WHERE id=%lld",
                      (long long)texts[i].id.value);
    }
    assert_int_equal(messages_costs(f->db, f->arena, meeting.id, &list), OK);
    const struct incident_cost_item *items = list.items;
    assert_int_equal(list.count, 2);
    assert_false(str_is_set(items[0].currency));
    assert_int_equal(items[0].messages, 1);
    store_assert_text(items[1].currency, "USD");
    assert_int_equal(items[1].messages, 2);
    assert_int_equal(items[1].cost_micros, 15000);
}

static void check_page(struct store_fixture *f, struct message_page page, size_t length,
                       int64_t total)
{
    struct list list = {0};
    int64_t in_all = -1;
    assert_int_equal(messages_page(f->db, f->arena, &page, &list, &in_all), OK);
    assert_int_equal(list.count, length);
    assert_int_equal(in_all, total);
}

static void test_pages(void **state)
{
    struct store_fixture *f = *state;
    struct meeting meeting = insert_meeting(f);
    struct message first = insert_message(f, &meeting);
    insert_message(f, &meeting);
    struct message call = store_message(f, &meeting, store_new_id(f));
    call.channel = channel_CALL;
    store_insert(f, TABLE_messages, &call);
    struct id nobody = store_new_id(f);
    check_page(f, (struct message_page){.limit = 10}, 3, 3);
    check_page(f, (struct message_page){.limit = 2}, 2, 3);
    check_page(f, (struct message_page){.limit = 10, .after = first.id}, 2, 3);
    check_page(f, (struct message_page){.limit = 10, .channel = channel_CALL}, 1, 1);
    check_page(f, (struct message_page){.limit = 10, .user = meeting.user_id}, 3, 3);
    check_page(f, (struct message_page){.limit = 10, .user = nobody}, 0, 0);
    check_page(f, (struct message_page){.limit = 1, .subject = meeting.id}, 1, 3);
    check_page(f, (struct message_page){.limit = 9, .subject = meeting.id, .user = nobody}, 0, 0);
    check_page(f,
               (struct message_page){.limit = 9, .user = meeting.user_id, .channel = channel_SMS},
               2, 2);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, store_set_up_memory, store_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(test_forward),
        WITH_STORE(test_ends_stay),
        WITH_STORE(test_receipt_keeps_times),
        WITH_STORE(test_once_per_step_target_attempt),
        WITH_STORE(test_states_need_their_times),
        WITH_STORE(test_two_calls_and_no_third),
        WITH_STORE(test_place_given_back),
        WITH_STORE(test_what_is_on_its_way),
        WITH_STORE(test_costs),
        WITH_STORE(test_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
