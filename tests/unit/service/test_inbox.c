/* Answers fetched from providers that cannot call us: only while somebody's answer is awaited. V10.
 */
#include "op_fixture.h"
#include "service/engine.h"
#include "service/inbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A text about the meeting that Twilio took. */
static struct message add_text(struct op_fixture *f)
{
    struct message text = store_message(f->store, &f->meeting, ID_NONE);
    struct provider_settings *settings = &f->site.provider_settings;
    settings->twilio.base_url = STR("https://api.twilio.com");
    settings->twilio.account_sid = STR("AC00000000000000000000000000000001");
    settings->twilio.auth_token = STR("token");
    settings->twilio.from_number = STR("+15005550006");
    text.provider = STR("twilio");
    text.state = message_state_SENT;
    text.claimed_at = text.sent_at = f->now;
    store_insert(f->store, TABLE_messages, &text);
    return text;
}

static size_t questions(const struct op_fixture *f)
{
    size_t count = 0;
    for (size_t i = 0; i < f->writer.effects.count; i++) {
        const struct effect *effect = &f->writer.effects.items[i];
        count += effect->kind == EFFECT_FIND && effect->inbox == &provider_twilio ? 1 : 0;
    }
    return count;
}

static struct timer waiting_timer_of(struct op_fixture *f)
{
    struct timer timer = {0};
    assert_int_equal(
        timers_of_subject(f->store->db, f->store->arena, timer_kind_INBOX, (struct id){1}, &timer),
        OK);
    return timer;
}

static void test_asked_while_an_answer_is_awaited(void **state)
{
    struct op_fixture *f = *state;
    struct message text = add_text(f);
    assert_int_equal(inbox_expect(&f->op, &text), OK);
    assert_int_equal(inbox_expect(&f->op, &text), OK);
    assert_int_equal(count_effects(f, EFFECT_TIMER), 1);
    struct timer timer = waiting_timer_of(f);
    timer.state = timer_state_COMPLETED;
    assert_int_equal(read_inboxes(&f->op, &timer), OK);
    assert_int_equal(questions(f), 1);
    assert_int_equal(timer.state, timer_state_PENDING);
    f->meeting.checkin_status = checkin_status_JOINED;
    assert_int_equal(db_update(f->store->db, TABLE_meetings, f->store->arena, &f->meeting), OK);
    timer.state = timer_state_COMPLETED;
    assert_int_equal(read_inboxes(&f->op, &timer), OK);
    assert_int_equal(questions(f), 1);
    assert_int_equal(timer.state, timer_state_COMPLETED);
}

static void test_not_asked_for_what_is_a_day_old(void **state)
{
    struct op_fixture *f = *state;
    struct timer timer = {.state = timer_state_COMPLETED};
    add_text(f);
    f->op.now = f->now = instant_add(f->now, HOURS(25));
    assert_int_equal(read_inboxes(&f->op, &timer), OK);
    assert_int_equal(questions(f), 0);
    assert_int_equal(timer.state, timer_state_COMPLETED);
}

static void test_not_asked_where_the_provider_can_call_us(void **state)
{
    struct op_fixture *f = *state;
    struct message text = add_text(f);
    f->site.provider_settings.public_url = STR("https://tocsin.example");
    assert_int_equal(inbox_expect(&f->op, &text), OK);
    f->site.provider_settings.public_url = STR_NONE;
    text.provider = STR("mock");
    assert_int_equal(inbox_expect(&f->op, &text), OK);
    assert_int_equal(count_effects(f, EFFECT_TIMER), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, op_set_up, op_tear_down)
    const struct CMUnitTest tests[] = {
        T(test_asked_while_an_answer_is_awaited),
        T(test_not_asked_for_what_is_a_day_old),
        T(test_not_asked_where_the_provider_can_call_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
