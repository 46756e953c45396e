/* An answer that cannot be settled although the store takes changes: its message does not stay
 * SENDING for that, nor is it tried for ever. V1, architecture.md rule 1. */
#include "op_fixture.h"
#include "service/executor.h"
#include "service/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { TRIES_ENOUGH = 20 };

struct bench {
    struct op_fixture *fixture;
    struct executor *executor;
    uint64_t ticket; /* Of what was submitted last. */
    int submitted;
    char body[1024]; /* Its form, where it is one. */
};

static void submit(void *context, uint64_t ticket, const struct wire_request *request)
{
    struct bench *bench = context;
    struct str body = request->kind == WIRE_HTTP ? request->http.body : STR("");
    snprintf(bench->body, sizeof bench->body, "%.*s", STR_FMT(body));
    bench->ticket = ticket;
    bench->submitted++;
}

static void sync_nothing(void *context, struct op *op, const struct effect *effect)
{
    (void)context;
    (void)op;
    (void)effect;
    fail_msg("nothing was to be read");
}

static struct message text_to(struct op_fixture *f)
{
    struct message text = store_message(f->store, &f->meeting, ID_NONE);
    text.subject_type = subject_type_USER;
    text.subject_id = f->user.id;
    text.meeting_id = ID_NONE;
    return text;
}

static void open_limited(struct bench *bench, struct op_fixture *f, int per_host, int in_flight)
{
    struct executor_config config = {
        .site = &f->site,
        .db = f->store->db,
        .wire = {.context = bench, .submit = submit, .per_host_max = per_host},
        .sync = {NULL, sync_nothing},
        .in_flight_max = in_flight};
    *bench = (struct bench){.fixture = f};
    assert_int_equal(executor_new(&config, &bench->executor, &f->problem), OK);
    assert_int_equal(executor_recover(bench->executor), OK);
}

static void open_bench(struct bench *bench, struct op_fixture *f)
{
    open_limited(bench, f, 0, 8);
}

/* The message has left; its row is then spoiled, as a failing disk would, and the answer comes. */
static struct message send_spoiled(struct bench *bench)
{
    struct op_fixture *f = bench->fixture;
    struct message text = text_to(f);
    struct message sending = {0};
    struct wire_answer taken = {.outcome = WIRE_ANSWERED, .status = 201, .body = STR("MOCK-1")};
    store_insert_message(f->store, &text);
    assert_int_equal(executor_recover(bench->executor), OK);
    assert_true(executor_turn(bench->executor, NULL));
    assert_int_equal(bench->submitted, 1);
    assert_int_equal(db_get(f->store->db, TABLE_messages, text.id, f->store->arena, &sending), OK);
    assert_int_equal(sending.state, message_state_SENDING);
    store_execute(f->store, "UPDATE messages SET recipient=x'00' WHERE id=%lld",
                  (long long)text.id.value);
    struct courier *courier = executor_courier(bench->executor);
    assert_true(executor_turn(bench->executor, courier_answer(courier, bench->ticket, &taken)));
    assert_false(atomic_load(&f->stats.store_is_broken));
    return sending;
}

static enum message_state state_of(struct bench *bench, struct id id)
{
    struct op_fixture *f = bench->fixture;
    struct message message = {0};
    assert_int_equal(db_get(f->store->db, TABLE_messages, id, f->store->arena, &message), OK);
    return (enum message_state)message.state;
}

static void mend(struct bench *bench, const struct message *message)
{
    struct op_fixture *f = bench->fixture;
    assert_int_equal(db_update(f->store->db, TABLE_messages, f->store->arena, message), OK);
}

static bool move_on(struct bench *bench)
{
    struct instant next = INSTANT_NONE;
    if (!executor_next(bench->executor, &next)) {
        return false;
    }
    bench->fixture->now = instant_max(bench->fixture->now, next);
    executor_turn(bench->executor, NULL);
    return true;
}

static void test_answer_is_settled_once_it_can_be(void **state)
{
    struct bench bench;
    open_bench(&bench, *state);
    struct message text = send_spoiled(&bench);
    assert_true(executor_is_idle(bench.executor));
    assert_true(move_on(&bench));
    mend(&bench, &text);
    assert_int_equal(state_of(&bench, text.id), message_state_SENDING);
    assert_true(move_on(&bench));
    assert_int_equal(state_of(&bench, text.id), message_state_SENT);
    assert_int_equal(bench.submitted, 1);
    assert_false(move_on(&bench));
    executor_free(&bench.executor);
}

static void test_kept_answer_outlives_a_recovery(void **state)
{
    struct bench bench;
    open_bench(&bench, *state);
    struct message text = send_spoiled(&bench);
    mend(&bench, &text);
    assert_int_equal(executor_recover(bench.executor), OK);
    executor_turn(bench.executor, NULL);
    assert_int_equal(bench.submitted, 1); /* It is not asked for: its answer is known. */
    assert_true(move_on(&bench));
    assert_int_equal(state_of(&bench, text.id), message_state_SENT);
    executor_free(&bench.executor);
}

static void test_it_ends(void **state)
{
    struct bench bench;
    open_bench(&bench, *state);
    struct message text = send_spoiled(&bench);
    int tries = 0;
    while (move_on(&bench) && tries < TRIES_ENOUGH) {
        tries++;
    }
    assert_int_equal(tries, 7);
    mend(&bench, &text);
    /* A start asks its provider. */
    assert_int_equal(executor_recover(bench.executor), OK);
    executor_turn(bench.executor, NULL);
    assert_int_equal(bench.submitted, 2);
    executor_free(&bench.executor);
}

static void test_what_is_kept_is_freed_at_the_end(void **state)
{
    struct bench bench;
    open_bench(&bench, *state);
    send_spoiled(&bench);
    executor_free(&bench.executor);
}

static void send_by_twilio(struct bench *bench, struct instant valid_until)
{
    struct op_fixture *f = bench->fixture;
    struct message text = text_to(f);
    text.provider = STR("twilio");
    text.valid_until = valid_until;
    store_insert_message(f->store, &text);
    assert_int_equal(executor_recover(bench->executor), OK);
    assert_true(executor_turn(bench->executor, NULL));
}

/* V9: a page that its provider cannot deliver for half an hour is of no use any more. */
static void test_text_dies_at_its_provider(void **state)
{
    struct op_fixture *f = *state;
    struct bench bench;
    f->site.provider_settings.twilio.account_sid = STR("AC00000000000000000000000000000001");
    f->site.provider_settings.twilio.auth_token = STR("secret");
    f->site.provider_settings.twilio.from_number = STR("+14155550000");
    f->site.delivery.lists[channel_SMS] = (struct provider_list){{&provider_twilio}, 1};
    open_bench(&bench, f);
    send_by_twilio(&bench, INSTANT_NONE);
    assert_non_null(strstr(bench.body, "ValidityPeriod=1800"));
    send_by_twilio(&bench, instant_add(f->now, SECONDS(180)));
    assert_non_null(strstr(bench.body, "ValidityPeriod=180"));
    assert_null(strstr(bench.body, "ValidityPeriod=1800"));
    executor_free(&bench.executor);
}

enum { ASKED = 10, PER_HOST = 8 };

static void insert_unknown(struct op_fixture *f)
{
    struct message text = text_to(f);
    text.state = message_state_SENDING;
    text.claimed_at = store_time(0);
    store_insert_message(f->store, &text);
}

static void insert_ringing(struct op_fixture *f)
{
    struct message call = text_to(f);
    call.id = call.wire_id = id_next(&f->store->ids, f->now); /* Promised just now: it may ring. */
    call.channel = channel_CALL;
    call.state = message_state_CANCELLED;
    call.claimed_at = call.ended_at = store_time(0);
    call.provider_id = STR("MOCK-7");
    store_insert_message(f->store, &call);
}

/* V8: however many are to be asked for, a page and the end of a call do not stand behind them. */
static void test_questions_leave_room(void **state)
{
    struct op_fixture *f = *state;
    struct bench bench;
    struct wire_answer unheard = {.outcome = WIRE_UNKNOWN, .timed_out = true};
    open_limited(&bench, f, PER_HOST, 32);
    for (int i = 0; i < ASKED; i++) {
        insert_unknown(f);
    }
    assert_int_equal(executor_recover(bench.executor), OK);
    assert_true(executor_turn(bench.executor, NULL));
    assert_int_equal(bench.submitted, PER_HOST / 2);
    struct courier *courier = executor_courier(bench.executor);
    assert_true(executor_turn(bench.executor, courier_answer(courier, bench.ticket, &unheard)));
    assert_true(executor_turn(bench.executor, NULL));
    assert_int_equal(bench.submitted, PER_HOST / 2 + 1);
    insert_ringing(f);
    assert_int_equal(executor_recover(bench.executor), OK);
    assert_true(executor_turn(bench.executor, NULL));
    assert_int_equal(bench.submitted, PER_HOST / 2 + 2);
    executor_free(&bench.executor);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, op_set_up, op_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_answer_is_settled_once_it_can_be),
        TEST(test_kept_answer_outlives_a_recovery),
        TEST(test_it_ends),
        TEST(test_what_is_kept_is_freed_at_the_end),
        TEST(test_text_dies_at_its_provider),
        TEST(test_questions_leave_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
