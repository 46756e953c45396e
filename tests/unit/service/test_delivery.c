/* What becomes of a message that was taken: news in any order and by any id, what follows a
 * failure, addresses that are not used any more, silent providers. V1, V2, V3, V8, P4; protocols.md
 * 0.1-0.3. */
#include "op_fixture.h"
#include "service/engine.h"
#include "service/message_internal.h"
#include "service/messages.h"
#include "service/people.h"
#include "service/suppressions.h"
#include "store/delivery.h"
#include "store/meetings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct message add_message(struct op_fixture *f, enum channel channel)
{
    struct list alerts = {0};
    assert_int_equal(alerts_of_meeting(f->store->db, f->store->arena, f->meeting.id, &alerts), OK);
    struct alert alert = store_alert(f->store, &f->meeting, 1 + (int)alerts.count);
    struct message message = store_message(f->store, &f->meeting, alert.id);
    alert.channel = message.channel = (int)channel;
    alert.status = alert_status_SENDING;
    alert.message_id = message.id;
    message.provider = STR("twilio");
    message.state = message_state_SENDING;
    message.claimed_at = f->now;
    store_insert(f->store, TABLE_alerts, &alert);
    store_insert(f->store, TABLE_messages, &message);
    return message;
}

static struct message reload(struct op_fixture *f, struct id id)
{
    struct message message = {0};
    assert_int_equal(db_get(f->store->db, TABLE_messages, id, f->store->arena, &message), OK);
    return message;
}

static struct alert alert_of(struct op_fixture *f, const struct message *message)
{
    struct alert alert = {0};
    assert_int_equal(db_get(f->store->db, TABLE_alerts, message->step_id, f->store->arena, &alert),
                     OK);
    return alert;
}

static void settle(struct op_fixture *f, struct id id, const struct verdict *verdict)
{
    struct message message = reload(f, id);
    assert_int_equal(message_settle_send(&f->op, &message, verdict), OK);
}

static void accept_as(struct op_fixture *f, struct id id, const char *provider_id)
{
    struct verdict taken = {.kind = VERDICT_ACCEPTED, .provider_id = str_from(provider_id)};
    settle(f, id, &taken);
}

static struct provider_news news_of(enum message_state state, enum receipt_level level)
{
    return (struct provider_news){.kind = NEWS_STATE,
                                  .provider_id = STR("SM1"),
                                  .state = state,
                                  .level = level,
                                  .sequence = -1,
                                  .cost_micros = -1,
                                  .duration_seconds = -1};
}

static void tell(struct op_fixture *f, const struct provider_news *news)
{
    assert_int_equal(message_take_news(&f->op, &provider_twilio, news, message_source_CALLBACK),
                     OK);
}

/* The attempt that follows, and whether its receiver can tell that it is the same message. */
static bool next_is_the_same(struct op_fixture *f, struct id *id, bool is_repeat)
{
    struct message before = reload(f, *id);
    assert_int_equal(message_next_attempt(&f->op, &before, is_repeat, before.provider), OK);
    struct list attempts = {0};
    assert_int_equal(messages_of_step(f->store->db, f->store->arena, &before, &attempts), OK);
    const struct message *next = (const struct message *)attempts.items + attempts.count - 1;
    assert_false(id_equal(next->id, before.id));
    *id = next->id;
    return id_equal(next->wire_id, before.wire_id);
}

/* Protocols 0.1, 4: where a receiver drops a second copy, a repeat looks like the first; where the
 * provider can be asked, each attempt has an id of its own, by which its news finds it. */
static void test_who_sees_the_same_id_again(void **state)
{
    static const struct {
        enum channel channel;
        bool same_when_repeated;
        bool same_when_retried;
    } rows[] = {
        {channel_EMAIL, true, false},
        {channel_WEBHOOK, true, true},
        {channel_SMS, false, false},
        {channel_CALL, false, false},
    };
    struct op_fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct id id = add_message(f, rows[i].channel).id;
        assert_int_equal(next_is_the_same(f, &id, false), rows[i].same_when_retried);
        assert_int_equal(next_is_the_same(f, &id, true), rows[i].same_when_repeated);
        /* What becomes of the repeat says nothing of the first one, which may still be there. */
        assert_int_equal(next_is_the_same(f, &id, true), rows[i].same_when_repeated);
    }
}

static size_t count_transitions(struct op_fixture *f, struct id id)
{
    struct list events = {0};
    assert_int_equal(message_events_of(f->store->db, f->store->arena, id, &events), OK);
    return events.count;
}

static struct list attempts_of(struct op_fixture *f, const struct message *message)
{
    struct list attempts = {0};
    assert_int_equal(messages_of_step(f->store->db, f->store->arena, message, &attempts), OK);
    return attempts;
}

static void test_news_by_the_providers_id(void **state)
{
    struct op_fixture *f = *state;
    struct message sms = add_message(f, channel_SMS);
    accept_as(f, sms.id, "SM1");
    struct provider_news left = news_of(message_state_SENT, receipt_level_LEFT);
    struct provider_news arrived = news_of(message_state_DELIVERED, receipt_level_REACHED);
    arrived.cost_micros = 7500;
    arrived.currency = STR("USD");
    arrived.provider_state = STR("delivered");
    tell(f, &left);
    assert_int_equal(reload(f, sms.id).state, message_state_SENT);
    assert_int_equal(reload(f, sms.id).receipt_level, receipt_level_LEFT);
    tell(f, &arrived);
    tell(f, &arrived);
    tell(f, &left);
    sms = reload(f, sms.id);
    assert_int_equal(sms.state, message_state_DELIVERED);
    assert_int_equal(sms.receipt_level, receipt_level_REACHED);
    assert_int_equal(sms.cost_micros, 7500);
    store_assert_text(sms.currency, "USD");
    store_assert_text(sms.provider_state, "delivered");
    assert_int_equal(count_transitions(f, sms.id), 3); /* Accepted, left, arrived. */
}

/* Protocols 0.2: the callback overtakes the create answer, and carries no id of ours. */
static void test_early_news_waits_for_its_id(void **state)
{
    struct op_fixture *f = *state;
    struct message sms = add_message(f, channel_SMS);
    struct provider_news arrived = news_of(message_state_DELIVERED, receipt_level_REACHED);
    tell(f, &arrived);
    assert_int_equal(reload(f, sms.id).state, message_state_SENDING);
    accept_as(f, sms.id, "SM1");
    assert_int_equal(reload(f, sms.id).state, message_state_DELIVERED);
    struct early_query query = {.provider = STR("twilio"), .provider_id = STR("SM1")};
    struct list kept = {0};
    assert_int_equal(early_news_of(f->store->db, f->store->arena, &query, &kept), OK);
    assert_int_equal(kept.count, 0);
}

/* Some news came by the provider's id alone and was kept; what follows brings our id too, before
 * the answer, and says less. */
static void test_early_news_then_news_that_overtakes(void **state)
{
    struct op_fixture *f = *state;
    struct message sms = add_message(f, channel_SMS);
    struct provider_news arrived = news_of(message_state_DELIVERED, receipt_level_REACHED);
    struct provider_news left = news_of(message_state_SENT, receipt_level_LEFT);
    tell(f, &arrived);
    left.attempt = op_id_text(&f->op, sms.id);
    tell(f, &left);
    assert_int_equal(reload(f, sms.id).state, message_state_DELIVERED);
    assert_int_equal(reload(f, sms.id).receipt_level, receipt_level_REACHED);
    accept_as(f, sms.id, "SM1");
    assert_int_equal(reload(f, sms.id).state, message_state_DELIVERED);
}

static void test_early_news_is_forgotten(void **state)
{
    struct op_fixture *f = *state;
    struct message sms = add_message(f, channel_SMS);
    struct provider_news arrived = news_of(message_state_DELIVERED, receipt_level_REACHED);
    tell(f, &arrived);
    f->op.now = instant_add(f->op.now, MINUTES(11));
    accept_as(f, sms.id, "SM1");
    assert_int_equal(reload(f, sms.id).state, message_state_SENT);
}

/* Plivo names a call once by its request and then by itself: the later name stays. */
static void test_id_that_changes_is_taken_over(void **state)
{
    struct op_fixture *f = *state;
    struct message call = add_message(f, channel_CALL);
    struct provider_news rings = news_of(message_state_SENT, receipt_level_LEFT);
    rings.attempt = op_id_text(&f->op, call.id);
    rings.provider_id = STR("call-uuid");
    tell(f, &rings);
    accept_as(f, call.id, "request-uuid");
    store_assert_text(reload(f, call.id).provider_id, "call-uuid");
    struct provider_news answered = news_of(message_state_ANSWERED, receipt_level_REACHED);
    answered.provider_id = STR("call-uuid");
    tell(f, &answered);
    assert_int_equal(reload(f, call.id).state, message_state_ANSWERED);
}

/* V8: a machine is no human, whichever is told first, and a key proves the person all the same. */
static void test_voicemail_is_not_reached(void **state)
{
    struct op_fixture *f = *state;
    struct message call = add_message(f, channel_CALL);
    accept_as(f, call.id, "SM1");
    struct provider_news answered = news_of(message_state_ANSWERED, receipt_level_REACHED);
    tell(f, &answered);
    answered.is_machine = true;
    tell(f, &answered);
    call = reload(f, call.id);
    store_assert_text(call.error, "voicemail");
    assert_int_equal(call.receipt_level, receipt_level_REACHED);
    assert_int_equal(message_confirm(&f->op, &call, STR("key 1")), OK);
    call = reload(f, call.id);
    assert_int_equal(call.receipt_level, receipt_level_CONFIRMED);
    assert_false(str_is_set(call.error));
}

static void test_undelivered_goes_on_by_email(void **state)
{
    struct op_fixture *f = *state;
    struct message sms = add_message(f, channel_SMS);
    accept_as(f, sms.id, "SM1");
    struct provider_news lost = news_of(message_state_UNDELIVERED, receipt_level_LEFT);
    lost.category = failure_category_carrier_rejected;
    lost.class = failure_class_ELSEWHERE;
    lost.code = STR("30007");
    tell(f, &lost);
    tell(f, &lost);
    struct list attempts = attempts_of(f, &sms);
    const struct message *items = attempts.items;
    assert_int_equal(attempts.count, 2);
    assert_int_equal(items[0].state, message_state_UNDELIVERED);
    store_assert_text(items[0].code, "30007");
    assert_int_equal(items[1].channel, channel_EMAIL);
    assert_int_equal(items[1].attempt, 2);
    struct alert alert = alert_of(f, &sms);
    assert_int_equal(alert.status, alert_status_DELIVERED);
    assert_int_equal(alert.channel, channel_EMAIL);
    store_assert_text(alert.reason, "sms_undelivered:carrier_rejected");
    assert_int_equal(count_events(f, "ALERT_GOES_ON"), 1);
}

static void test_undelivered_that_may_work_is_tried_once_more(void **state)
{
    struct op_fixture *f = *state;
    struct message sms = add_message(f, channel_SMS);
    struct timer timer = {0};
    accept_as(f, sms.id, "SM1");
    struct provider_news lost = news_of(message_state_UNDELIVERED, receipt_level_LEFT);
    lost.category = failure_category_unreachable;
    lost.class = failure_class_AGAIN;
    tell(f, &lost);
    assert_int_equal(attempts_of(f, &sms).count, 1);
    assert_int_equal(
        timers_of_subject(f->store->db, f->store->arena, timer_kind_MESSAGE_RETRY, sms.id, &timer),
        OK);
    assert_int_equal(retry_message(&f->op, &timer), OK);
    struct message again = ((const struct message *)attempts_of(f, &sms).items)[1];
    assert_int_equal(again.channel, channel_SMS);
    assert_int_equal(message_claimed(&f->op, &again), OK);
    accept_as(f, again.id, "SM2");
    lost.provider_id = STR("SM2");
    tell(f, &lost);
    assert_int_equal(((const struct message *)attempts_of(f, &sms).items)[2].channel,
                     channel_EMAIL);
}

/* P4: STOP; then the person's number is edited. */
static void test_opted_out_is_not_used_until_an_edit(void **state)
{
    struct op_fixture *f = *state;
    struct message sms = add_message(f, channel_SMS);
    struct verdict stop = {.kind = VERDICT_REFUSED,
                           .error = STR("The person sent STOP."),
                           .category = failure_category_opted_out,
                           .class = failure_class_OPTED_OUT,
                           .code = STR("21610")};
    enum failure_category category = 0;
    settle(f, sms.id, &stop);
    assert_int_equal(suppression_of(&f->op, channel_SMS, sms.recipient, &category), OK);
    assert_int_equal(category, failure_category_opted_out);
    assert_int_equal(suppression_of(&f->op, channel_CALL, sms.recipient, &category), OK);
    assert_int_equal(category, 0);
    assert_int_equal(suppression_lift(&f->op, channel_SMS, sms.recipient, LIFT_START), OK);
    assert_int_equal(suppression_of(&f->op, channel_SMS, sms.recipient, &category), OK);
    assert_int_equal(category, 0);
    assert_int_equal(count_events(f, "ADDRESS_SUPPRESSED"), 1);
    assert_int_equal(count_events(f, "ADDRESS_IN_USE_AGAIN"), 1);
}

/* A request that could not be built is no word of the provider about the number. */
static void test_only_a_provider_may_blame_an_address(void **state)
{
    struct op_fixture *f = *state;
    struct message sms = add_message(f, channel_SMS);
    struct verdict refused = {.kind = VERDICT_REFUSED,
                              .error = STR("There is no number to send from."),
                              .category = failure_category_invalid_number};
    enum failure_category category = 0;
    settle(f, sms.id, &refused);
    assert_int_equal(suppression_of(&f->op, channel_SMS, sms.recipient, &category), OK);
    assert_int_equal(category, 0);
    assert_int_equal(((const struct message *)attempts_of(f, &sms).items)[1].channel,
                     channel_EMAIL);
}

static void test_edit_lifts_an_invalid_number(void **state)
{
    struct op_fixture *f = *state;
    enum failure_category category = 0;
    struct suppress_request request = {.channel = channel_CALL,
                                       .address = f->user.phone,
                                       .user = f->user.id,
                                       .category = failure_category_invalid_number,
                                       .provider = STR("twilio")};
    struct user given = {.phone = f->user.phone};
    struct user changed = {0};
    assert_int_equal(suppress(&f->op, &request), OK);
    assert_int_equal(suppress(&f->op, &request), OK);
    assert_int_equal(suppression_lift(&f->op, channel_CALL, f->user.phone, LIFT_START), OK);
    assert_int_equal(suppression_of(&f->op, channel_CALL, f->user.phone, &category), OK);
    assert_int_equal(category, failure_category_invalid_number);
    f->op.path_id = f->user.id;
    f->op.given.bits = 1ull << record_field_index(&user_record, "phone");
    assert_int_equal(change_user(&f->op, &given, &changed), OK);
    assert_int_equal(suppression_of(&f->op, channel_CALL, f->user.phone, &category), OK);
    assert_int_equal(category, 0);
}

/* Attempts that look alike at the provider: each message has one of its own. */
static void test_found_id_of_another_message_is_not_ours(void **state)
{
    struct op_fixture *f = *state;
    struct message first = add_message(f, channel_SMS);
    accept_as(f, first.id, "SM1");
    struct message second = add_message(f, channel_SMS);
    static const struct str others[] = {STR_INIT("SM2")};
    struct verdict found = {
        .kind = VERDICT_ACCEPTED, .provider_id = STR("SM1"), .others = others, .other_count = 1};
    assert_int_equal(message_settle_find(&f->op, &second, &found), OK);
    store_assert_text(reload(f, second.id).provider_id, "SM2");
    struct message third = add_message(f, channel_SMS);
    struct timer again = {0};
    assert_int_equal(message_settle_find(&f->op, &third, &found), OK);
    assert_int_equal(reload(f, third.id).state, message_state_SENDING);
    assert_int_equal(
        timers_of_subject(f->op.db, f->op.arena, timer_kind_RECONCILE, third.id, &again), OK);
    assert_int_equal(instant_since(again.due_at, third.claimed_at).us, SECONDS(5).us);
    f->op.now = again.due_at;
    assert_int_equal(message_settle_find(&f->op, &third, &found), OK);
    assert_int_equal(reload(f, third.id).state, message_state_FAILED);
    assert_true(((const struct message *)attempts_of(f, &third).items)[1].is_repeat);
}

/* A provider that cannot be asked may still call us: a minute is waited, then it is sent once more.
 */
static void test_unknown_fate_waits_for_a_callback(void **state)
{
    struct op_fixture *f = *state;
    struct timer timer = {0};
    struct message call = add_message(f, channel_CALL);
    f->site.provider_settings.public_url = STR("https://tocsin.example");
    assert_int_equal(message_repeat(&f->op, &call), OK);
    assert_int_equal(reload(f, call.id).state, message_state_SENDING);
    assert_int_equal(
        timers_of_subject(f->store->db, f->store->arena, timer_kind_RECONCILE, call.id, &timer),
        OK);
    f->op.now = timer.due_at;
    assert_int_equal(message_repeat(&f->op, &call), OK);
    assert_int_equal(attempts_of(f, &call).count, 2);
}

/* V3: asked after five minutes, then ten and twenty; then the operator is told, once. */
static void test_silence_is_asked_about(void **state)
{
    struct op_fixture *f = *state;
    struct timer timer = {0};
    f->site.public_url = f->site.provider_settings.public_url = STR("https://tocsin.example");
    f->site.provider_settings.twilio.base_url = STR("https://api.twilio.com");
    f->site.provider_settings.twilio.account_sid = STR("AC00000000000000000000000000000001");
    f->site.provider_settings.twilio.auth_token = STR("0123456789abcdef0123456789abcdef");
    struct message sms = add_message(f, channel_SMS);
    accept_as(f, sms.id, "SM00000000000000000000000000000001");
    assert_int_equal(
        timers_of_subject(f->store->db, f->store->arena, timer_kind_POLL, sms.id, &timer), OK);
    for (int i = 0; i < 3; i++) {
        f->op.now = timer.due_at;
        assert_int_equal(poll_message(&f->op, &timer), OK);
        assert_int_equal(reload(f, sms.id).polls, i + 1);
    }
    assert_int_equal(instant_since(timer.due_at, f->now).us, MINUTES(40).us);
    assert_int_equal(count_effects(f, EFFECT_FIND), 3);
    f->op.now = timer.due_at;
    assert_int_equal(poll_message(&f->op, &timer), OK);
    assert_int_equal(count_effects(f, EFFECT_FIND), 3);
    sms = reload(f, sms.id);
    struct provider_news answer = news_of(message_state_DELIVERED, receipt_level_REACHED);
    answer.provider_id = sms.provider_id;
    assert_int_equal(message_take_poll(&f->op, &sms, &(struct provider_news){0}), OK);
    assert_int_equal(message_take_poll(&f->op, &sms, &answer), OK);
    assert_int_equal(reload(f, sms.id).state, message_state_DELIVERED);
    assert_int_equal(count_transitions(f, sms.id), 2);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, op_set_up, op_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_news_by_the_providers_id),
        TEST(test_early_news_waits_for_its_id),
        TEST(test_who_sees_the_same_id_again),
        TEST(test_early_news_then_news_that_overtakes),
        TEST(test_early_news_is_forgotten),
        TEST(test_id_that_changes_is_taken_over),
        TEST(test_voicemail_is_not_reached),
        TEST(test_undelivered_goes_on_by_email),
        TEST(test_undelivered_that_may_work_is_tried_once_more),
        TEST(test_opted_out_is_not_used_until_an_edit),
        TEST(test_only_a_provider_may_blame_an_address),
        TEST(test_edit_lifts_an_invalid_number),
        TEST(test_found_id_of_another_message_is_not_ours),
        TEST(test_unknown_fate_waits_for_a_callback),
        TEST(test_silence_is_asked_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
