/* Which provider carries what, how an outage is counted, and who is told of it. V6, V7, V11. */
#include "op_fixture.h"
#include "service/operator.h"
#include "service/providers.h"
#include "service/spend.h"
#include "store/messages.h"
#include "store/providers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct verdict failed = {.kind = VERDICT_NOT_SENT,
                                      .category = failure_category_network,
                                      .error = STR_INIT("no connection")};
static const struct verdict taken = {.kind = VERDICT_ACCEPTED, .provider_id = STR_INIT("SM1")};

static void use_two(struct op_fixture *f)
{
    struct delivery_rules *rules = &f->site.delivery;
    rules->lists[channel_SMS] = (struct provider_list){{&provider_twilio, &provider_plivo}, 2};
    rules->routes[0] = (struct provider_route){channel_SMS, {"+91"}, {{&provider_exotel}, 1}};
    rules->route_count = 1;
}

static struct message text_by(struct op_fixture *f, const char *provider)
{
    struct message message = store_message(f->store, &f->meeting, ID_NONE);
    message.channel = channel_SMS;
    message.provider = str_from(provider);
    message.recipient = STR("+34600111222");
    return message;
}

static void note_times(struct op_fixture *f, const struct verdict *verdict, int times)
{
    struct message message = text_by(f, "twilio");
    for (int i = 0; i < times; i++) {
        assert_int_equal(provider_note(&f->op, &message, verdict), OK);
    }
}

static const struct provider *first_for(struct op_fixture *f, const char *number)
{
    const struct provider *provider = NULL;
    assert_int_equal(provider_first(&f->op, channel_SMS, str_from(number), &provider), OK);
    return provider;
}

static struct provider_state state_of(struct op_fixture *f, const char *provider)
{
    struct provider_state state = {0};
    assert_int_equal(provider_states_get(f->op.db, f->op.arena, str_from(provider), &state), OK);
    return state;
}

static int64_t told(struct op_fixture *f)
{
    struct list open = {0};
    int64_t count = 0;
    assert_int_equal(messages_on_their_way(f->op.db, f->op.arena, &open), OK);
    const struct message *messages = open.items;
    for (size_t i = 0; i < open.count; i++) {
        count += messages[i].target == message_target_OPERATOR;
    }
    return count;
}

static void test_lists_and_routes(void **state)
{
    struct op_fixture *f = *state;
    use_two(f);
    assert_ptr_equal(first_for(f, "+34600111222"), &provider_twilio);
    assert_ptr_equal(first_for(f, "+919812345678"), &provider_exotel);
}

static void test_outage(void **state)
{
    struct op_fixture *f = *state;
    struct message message = text_by(f, "twilio");
    const struct provider *next = NULL;
    use_two(f);
    f->site.operator_email = STR("ops@example.com");
    f->site.operator_webhook = STR("https://ops.example/hook");
    f->site.delivery.lists[channel_WEBHOOK] = (struct provider_list){{&provider_webhook}, 1};
    f->site.providers[channel_WEBHOOK] = &provider_webhook;
    note_times(f, &failed, 2);
    assert_int_equal(told(f), 0);
    assert_int_equal(provider_next(&f->op, &message, &next), OK);
    assert_ptr_equal(next, &provider_plivo);
    note_times(f, &failed, 2);
    assert_int_equal(told(f), 2); /* By email and by webhook, once. */
    assert_ptr_equal(first_for(f, "+34600111222"), &provider_plivo);
    struct provider_state row = state_of(f, "twilio");
    assert_int_equal(row.breaker, breaker_state_OPEN);
    assert_true(instant_is_set(row.told_at));
    assert_int_equal(row.last_category, failure_category_network);
    f->op.now = instant_add(f->op.now, SECONDS(31));
    struct instant wait_until = INSTANT_NONE;
    assert_int_equal(provider_try(&f->op, &provider_twilio, &wait_until), OK);
    assert_false(instant_is_set(wait_until));
    assert_int_equal(provider_try(&f->op, &provider_twilio, &wait_until), OK);
    assert_true(instant_is_set(wait_until));
    note_times(f, &taken, 2);
    assert_int_equal(told(f), 4);
    assert_ptr_equal(first_for(f, "+34600111222"), &provider_twilio);
    assert_false(instant_is_set(state_of(f, "twilio").told_at));
}

static void test_recipients_are_not_the_providers_fault(void **state)
{
    struct op_fixture *f = *state;
    struct verdict invalid = {.kind = VERDICT_REFUSED,
                              .category = failure_category_invalid_number,
                              .error = STR("no such number")};
    struct verdict not_built = failed;
    use_two(f);
    note_times(f, &failed, 2);
    not_built.code = VERDICT_CODE_NOT_BUILT;
    note_times(f, &not_built, 5);
    assert_int_equal(state_of(f, "twilio").failures, 2);
    note_times(f, &invalid, 1);
    assert_int_equal(state_of(f, "twilio").failures, 0);
    note_times(f, &invalid, 5);
    assert_int_equal(state_of(f, "twilio").breaker, breaker_state_CLOSED);
}

static void test_mail_is_down(void **state)
{
    struct op_fixture *f = *state;
    struct message mail = text_by(f, "smtp");
    struct list open = {0};
    f->site.delivery.lists[channel_EMAIL] = (struct provider_list){{&provider_smtp}, 1};
    f->site.operator_email = STR("ops@example.com");
    f->site.operator_phone = STR("+34600999888");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(provider_note(&f->op, &mail, &failed), OK);
    }
    assert_int_equal(messages_on_their_way(f->op.db, f->op.arena, &open), OK);
    assert_int_equal(open.count, 1);
    assert_int_equal(((const struct message *)open.items)[0].channel, channel_SMS);
}

static void test_ours_is_told_once(void **state)
{
    struct op_fixture *f = *state;
    struct verdict ours = {.kind = VERDICT_REFUSED,
                           .category = failure_category_rejected_content,
                           .class = failure_class_OURS,
                           .code = STR("21606"),
                           .error = STR("not our number")};
    use_two(f);
    f->site.operator_email = STR("ops@example.com");
    note_times(f, &ours, 3);
    assert_int_equal(told(f), 1);
    assert_ptr_equal(first_for(f, "+34600111222"), &provider_twilio);
}

static void test_notes(void **state)
{
    struct op_fixture *f = *state;
    struct operator_note note = {.key = STR("k"), .title = STR("T"), .text = STR("Text")};
    f->site.operator_email = STR("ops@example.com");
    assert_int_equal(operator_recovered(&f->op, &note), OK);
    assert_int_equal(told(f), 0);
    assert_int_equal(operator_tell(&f->op, &note), OK);
    assert_int_equal(operator_tell(&f->op, &note), OK);
    assert_int_equal(told(f), 1);
    assert_int_equal(operator_recovered(&f->op, &note), OK);
    assert_int_equal(operator_recovered(&f->op, &note), OK);
    assert_int_equal(told(f), 2);
    assert_int_equal(operator_tell(&f->op, &note), OK);
    assert_int_equal(told(f), 3);
}

static void test_spend(void **state)
{
    struct op_fixture *f = *state;
    const char *reason = "unset";
    struct message_plan plan = {.subject_type = subject_type_MEETING,
                                .subject = f->meeting.id,
                                .user = f->user.id,
                                .target = message_target_PERSON,
                                .channel = channel_SMS,
                                .recipient = STR("+34600111222")};
    f->site.delivery.spend.max_per_person_per_day = 1;
    f->site.operator_email = STR("ops@example.com");
    assert_int_equal(spend_allows(&f->op, &plan, &reason), OK);
    assert_null(reason);
    /* Nothing was queued by it yet: still the first. */
    assert_int_equal(spend_allows(&f->op, &plan, &reason), OK);
    assert_null(reason);
    struct message sent = text_by(f, "twilio");
    store_insert(f->store, TABLE_messages, &sent);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(spend_allows(&f->op, &plan, &reason), OK);
        assert_string_equal(reason, "spend_cap:person");
    }
    assert_int_equal(told(f), 1);
    plan.channel = channel_EMAIL;
    assert_int_equal(spend_allows(&f->op, &plan, &reason), OK);
    assert_null(reason);
    plan.channel = channel_CALL;
    f->op.now = instant_add(f->op.now, DAYS(1));
    assert_int_equal(spend_allows(&f->op, &plan, &reason), OK);
    assert_null(reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lists_and_routes, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_outage, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_recipients_are_not_the_providers_fault, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_mail_is_down, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_ours_is_told_once, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_notes, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_spend, op_set_up, op_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
