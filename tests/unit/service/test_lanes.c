/* Messages that wait: their order, their pace, their places. V9. */
#include "service/lanes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { LANE_MAX = 4 };

static const struct site paced = {
    .delivery = {.paces = {{&provider_mock, channel_CALL, 1000}}, .pace_count = 1}};

static struct instant at(int64_t seconds)
{
    return instant_add((struct instant){INT64_C(1767603600000000)}, SECONDS(seconds));
}

static struct lane_entry entry(int64_t message, int64_t user, enum lane_rank rank)
{
    return (struct lane_entry){{message}, {user}, rank, 1};
}

static void push(struct lanes *lanes, int lane, int64_t message, int64_t user, enum lane_rank rank)
{
    struct lane_entry one = entry(message, user, rank);
    lane_push(lanes, lane, &one);
}

static int calls_of(struct lanes *lanes)
{
    return lanes_find(lanes, &(struct lane_address){&provider_mock, channel_CALL, STR_NONE});
}

static void test_addresses(void **state)
{
    (void)state;
    struct lanes *lanes = lanes_new(&paced, LANE_MAX);
    struct lane_address text = {&provider_mock, channel_SMS, STR_NONE};
    struct lane_address number = {&provider_mock, channel_SMS, STR("+15005550006")};
    assert_int_equal(calls_of(lanes), calls_of(lanes));
    assert_int_not_equal(calls_of(lanes), lanes_find(lanes, &text));
    assert_int_not_equal(lanes_find(lanes, &number), lanes_find(lanes, &text));
    assert_int_equal(lanes_find(lanes, &number), lanes_find(lanes, &number));
    /* However many numbers there are, each has a lane. */
    for (int i = 0; i < 1000; i++) {
        char digits[8] = {'+', (char)('0' + i / 100), (char)('0' + i / 10 % 10),
                          (char)('0' + i % 10), '\0'};
        struct lane_address one = {&provider_mock, channel_SMS, str_from(digits)};
        assert_true(lanes_find(lanes, &one) >= 0);
    }
    lanes_free(&lanes);
    assert_null(lanes);
}

/* What a provider's host would not take yet stays in its lane, where it can still be called off. */
static void test_lanes_share_a_host(void **state)
{
    (void)state;
    struct lanes *lanes = lanes_new(&(struct site){0}, LANE_MAX);
    int calls = lanes_find(lanes, &(struct lane_address){&provider_twilio, channel_CALL, STR_NONE});
    int texts = lanes_find(lanes, &(struct lane_address){&provider_twilio, channel_SMS, STR_NONE});
    int others = lanes_find(lanes, &(struct lane_address){&provider_plivo, channel_SMS, STR_NONE});
    lanes_limit(lanes, 3);
    push(lanes, calls, 1, 1, RANK_HIGH);
    push(lanes, others, 2, 1, RANK_HIGH);
    for (int i = 0; i < 3; i++) {
        assert_true(lane_is_free(lanes, texts, at(0)));
        lane_begin(lanes, texts, 1, at(0));
    }
    assert_false(lane_is_free(lanes, texts, at(0)));
    assert_int_equal(lanes_pick(lanes, at(0)), others);
    assert_int_equal(lane_pop(lanes, others).message.value, 2);
    assert_int_equal(lanes_pick(lanes, at(0)), -1);
    struct instant next = INSTANT_NONE;
    assert_false(lanes_next(lanes, at(0), &next));
    lane_end(lanes, texts);
    assert_int_equal(lanes_pick(lanes, at(0)), calls);
    lanes_free(&lanes);
}

/* One person's flood of a thousand, then two others: they are second and third. */
static void test_nobody_is_starved(void **state)
{
    (void)state;
    struct lanes *lanes = lanes_new(&paced, LANE_MAX);
    int lane = calls_of(lanes);
    for (int i = 0; i < 1000; i++) {
        push(lanes, lane, 100 + i, 1, RANK_HIGH);
    }
    push(lanes, lane, 5000, 2, RANK_HIGH);
    push(lanes, lane, 5001, 3, RANK_HIGH);
    assert_int_equal(lane_pop(lanes, lane).message.value, 100);
    assert_int_equal(lane_pop(lanes, lane).message.value, 5000);
    assert_int_equal(lane_pop(lanes, lane).message.value, 5001);
    assert_int_equal(lane_pop(lanes, lane).message.value, 101);
    /* Who comes back has a turn in this round, not after the flood. */
    push(lanes, lane, 6000, 2, RANK_HIGH);
    assert_int_equal(lane_pop(lanes, lane).message.value, 6000);
    assert_int_equal(lane_pop(lanes, lane).message.value, 102);
    assert_int_equal(lanes_waiting(lanes), 997);
    lanes_free(&lanes);
}

static void test_first_messages_first(void **state)
{
    (void)state;
    struct lanes *lanes = lanes_new(&paced, LANE_MAX);
    int lane = calls_of(lanes);
    push(lanes, lane, 1, 1, RANK_LOW);
    push(lanes, lane, 2, 2, RANK_HIGH);
    push(lanes, lane, 3, 1, RANK_FIRST);
    assert_int_equal(lane_pop(lanes, lane).message.value, 3);
    assert_int_equal(lane_pop(lanes, lane).message.value, 2);
    assert_int_equal(lane_pop(lanes, lane).message.value, 1);
    lanes_free(&lanes);
}

static void test_pace(void **state)
{
    (void)state;
    struct lanes *lanes = lanes_new(&paced, LANE_MAX);
    struct instant next = INSTANT_NONE;
    int lane = calls_of(lanes);
    assert_false(lanes_next(lanes, at(0), &next));
    assert_true(lane_is_free(lanes, lane, at(0)));
    lane_begin(lanes, lane, 1, at(0));
    assert_false(lane_is_free(lanes, lane, at(0)));
    push(lanes, lane, 1, 1, RANK_HIGH);
    assert_int_equal(lanes_pick(lanes, at(0)), -1);
    assert_true(lanes_next(lanes, at(0), &next));
    assert_int_equal(next.us, at(1).us);
    assert_int_equal(lanes_pick(lanes, at(1)), lane);
    lanes_free(&lanes);
}

static void test_hold(void **state)
{
    (void)state;
    struct lanes *lanes = lanes_new(&paced, LANE_MAX);
    struct instant next = INSTANT_NONE;
    int lane = calls_of(lanes);
    push(lanes, lane, 1, 1, RANK_HIGH);
    struct lane_ticket ticket = lane_pop(lanes, lane);
    push(lanes, lane, 2, 1, RANK_HIGH);
    lane_put_back(lanes, lane, &ticket);
    lane_hold(lanes, lane, at(30), at(0));
    assert_int_equal(lanes_pick(lanes, at(29)), -1);
    assert_int_equal(lanes_pick(lanes, at(-3600)), lane);
    assert_true(lanes_next(lanes, at(0), &next));
    assert_int_equal(next.us, at(30).us);
    lanes_heard_of(lanes, &provider_mock);
    assert_int_equal(lanes_pick(lanes, at(0)), lane);
    assert_int_equal(lane_pop(lanes, lane).message.value, 1);
    lanes_free(&lanes);
}

/* A provider that does not answer takes no more than its share. */
static void test_under_way(void **state)
{
    (void)state;
    struct lanes *lanes = lanes_new(&(struct site){0}, LANE_MAX);
    struct instant next = INSTANT_NONE;
    int lane = calls_of(lanes);
    for (int i = 0; i < LANE_MAX; i++) {
        assert_true(lane_is_free(lanes, lane, at(0)));
        lane_begin(lanes, lane, 1, at(0));
    }
    push(lanes, lane, 1, 1, RANK_HIGH);
    assert_int_equal(lanes_pick(lanes, at(0)), -1);
    assert_false(lanes_next(lanes, at(0), &next));
    lane_end(lanes, lane);
    assert_int_equal(lanes_pick(lanes, at(0)), lane);
    lanes_free(&lanes);
}

static void test_views(void **state)
{
    (void)state;
    struct lanes *lanes = lanes_new(&paced, LANE_MAX);
    struct lane_view view = {0};
    int lane = calls_of(lanes);
    lane_begin(lanes, lane, 1, at(0));
    for (int64_t i = 1; i <= 5; i++) {
        push(lanes, lane, i, i, RANK_HIGH);
    }
    struct lane_address address = {&provider_mock, channel_CALL, STR_NONE};
    lanes_look(lanes, &address, at(0), &view);
    assert_int_equal(view.waiting, 5);
    assert_int_equal(view.under_way, 1);
    assert_int_equal(view.oldest.value, 1);
    assert_int_equal(view.to_last.us, SECONDS(6).us);
    lanes_clear(lanes);
    assert_int_equal(lanes_waiting(lanes), 0);
    lanes_look(lanes, &address, at(0), &view);
    assert_int_equal(view.waiting, 0);
    lanes_free(&lanes);
}

/* A hundred thousand of as many people: each goes once, and nobody before the one that came first.
 */
static void test_many(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    struct lanes *lanes = lanes_new(&paced, LANE_MAX);
    int lane = calls_of(lanes);
    for (int64_t i = 1; i <= MANY; i++) {
        push(lanes, lane, i, i, RANK_HIGH);
    }
    int64_t sum = 0;
    for (int64_t i = 1; i <= MANY; i++) {
        sum += lane_pop(lanes, lane).message.value;
    }
    assert_int_equal(sum, (int64_t)MANY * (MANY + 1) / 2);
    assert_int_equal(lanes_waiting(lanes), 0);
    lanes_free(&lanes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_lanes_share_a_host),
        cmocka_unit_test(test_nobody_is_starved),
        cmocka_unit_test(test_first_messages_first),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_under_way),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
