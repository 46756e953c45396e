/* O9: what counts as a canary that arrived, and when a ping goes out. */
#include "op_fixture.h"
#include "service/engine.h"
#include "service/watch.h"
#include "store/messages.h"
#include "store/providers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fate {
    enum channel channel;
    enum message_state state;
    const char *provider_id;
    bool is_told; /* The operators hear that it did not arrive. */
};

static void add_message(struct op_fixture *f, const struct fate *fate, struct id canary)
{
    struct message message = {
        .id = op_new_id(&f->op),
        .subject_type = subject_type_SYSTEM,
        .subject_id = canary,
        .user_id = f->user.id,
        .target = message_target_PERSON,
        .channel = (int)fate->channel,
        .provider = STR("somebody"),
        .recipient = STR("+14155550101"),
        .text = STR("A test"),
        .state = (int)fate->state,
        .attempt = 1,
        .created_at = f->op.now,
        .due_at = f->op.now,
        .claimed_at = f->op.now,
        .sent_at = f->op.now,
        .delivered_at = f->op.now,
        .provider_id = str_from(fate->provider_id),
    };
    message.wire_id = message.id;
    assert_int_equal(messages_add(f->store->db, f->store->arena, &message), OK);
}

static bool was_told(struct op_fixture *f)
{
    bool is_new = false;
    assert_int_equal(operator_notes_add(f->store->db, STR("canary"), f->op.now,
                                        instant_sub(f->op.now, DAYS(7)), &is_new),
                     OK);
    return !is_new;
}

static void test_what_has_arrived(void **state)
{
    static const struct fate fates[] = {
        {channel_SMS, message_state_DELIVERED, "SM1", false},
        {channel_CALL, message_state_ANSWERED, "CA1", false},
        {channel_SMS, message_state_SENT, "SM2", true},
        {channel_CALL, message_state_BUSY, "CA2", true},
        {channel_EMAIL, message_state_SENT, "250 queued", false},
        {channel_EMAIL, message_state_SENT, "TEST-1", true},
        {channel_EMAIL, message_state_UNDELIVERED, "250 queued", true},
        {channel_SMS, message_state_CANCELLED, "SM3", true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(fates); i++) {
        void *own = NULL;
        assert_int_equal(op_set_up(&own), 0);
        struct op_fixture *f = own;
        struct id canary = op_new_id(&f->op);
        struct timer timer = {.kind = timer_kind_CANARY, .subject_id = canary};
        f->site.watch.canary_every = HOURS(24);
        add_message(f, &fates[i], canary);
        f->op.now = instant_add(f->op.now, MINUTES(15));
        assert_int_equal(run_canary(&f->op, &timer), OK);
        if (was_told(f) != fates[i].is_told) {
            fail_msg("row %zu: told is %d", i, !fates[i].is_told);
        }
        op_tear_down(&own);
    }
}

/* Ten seconds late is late; and nothing goes out without a URL. */
static void test_when_a_ping_goes_out(void **state)
{
    struct op_fixture *f = *state;
    struct timer timer = {.kind = timer_kind_PING,
                          .subject_id = whole_house_watched,
                          .due_at = instant_sub(f->op.now, MILLISECONDS(9999))};
    f->site.watch.ping_every = SECONDS(60);
    assert_int_equal(send_ping(&f->op, &timer), OK);
    assert_int_equal(count_effects(f, EFFECT_PING), 0);
    f->site.watch.ping_url = STR("https://watch.example/");
    assert_int_equal(send_ping(&f->op, &timer), OK);
    assert_int_equal(count_effects(f, EFFECT_PING), 1);
    assert_true(timer.due_at.us == instant_add(f->op.now, SECONDS(60)).us);
    timer.due_at = instant_sub(f->op.now, SECONDS(10));
    assert_int_equal(send_ping(&f->op, &timer), OK);
    assert_int_equal(count_effects(f, EFFECT_PING), 1);
    assert_true(timer.due_at.us == instant_add(f->op.now, SECONDS(5)).us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_has_arrived),
        cmocka_unit_test_setup_teardown(test_when_a_ping_goes_out, op_set_up, op_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
