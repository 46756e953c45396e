/* What providers say, in every order: states only go forward, the first end stays, levels rise. */
#include "domain/receipt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { LEVELS = receipt_level_COUNT };

/* Written out by hand: how far each state is. */
static const int ranks[message_state_COUNT] = {
    [message_state_QUEUED] = 0,    [message_state_SENDING] = 1,     [message_state_SENT] = 2,
    [message_state_DELIVERED] = 3, [message_state_UNDELIVERED] = 3, [message_state_FAILED] = 3,
    [message_state_ANSWERED] = 3,  [message_state_NO_ANSWER] = 3,   [message_state_BUSY] = 3,
    [message_state_CANCELLED] = 3,
};

static struct receipt receipt_of(int number)
{
    return (struct receipt){(enum message_state)(number / LEVELS + 1),
                            (enum receipt_level)(number % LEVELS)};
}

enum { RECEIPTS = (message_state_COUNT - 1) * LEVELS };

/* Every receipt that may be known meets every piece of news. */
static void test_every_pair(void **state)
{
    (void)state;
    for (int i = 0; i < RECEIPTS * RECEIPTS; i++) {
        struct receipt known = receipt_of(i / RECEIPTS);
        struct receipt news = receipt_of(i % RECEIPTS);
        struct receipt out = {message_state_NONE, receipt_level_NONE};
        bool has_changed = receipt_apply(known, news, &out);
        assert_int_equal(has_changed, out.state != known.state || out.level != known.level);
        assert_true(ranks[out.state] >= ranks[known.state]);
        assert_true(out.level >= known.level);
        assert_true(out.state == known.state || out.state == news.state);
        if (ranks[known.state] == 3) {
            assert_int_equal(out.state, known.state);
        } else if (ranks[news.state] > ranks[known.state]) {
            assert_int_equal(out.state, news.state);
        }
        bool is_about_this = out.state == news.state;
        assert_int_equal(out.level,
                         is_about_this && news.level > known.level ? news.level : known.level);
        struct receipt again;
        assert_false(receipt_apply(out, news, &again));
        assert_true(again.state == out.state && again.level == out.level);
    }
}

static void test_ends(void **state)
{
    (void)state;
    for (int i = message_state_QUEUED; i < message_state_COUNT; i++) {
        assert_int_equal(message_state_is_end((enum message_state)i), ranks[i] == 3);
    }
    assert_false(message_state_is_end(message_state_NONE));
}

static void test_news_of_nothing(void **state)
{
    (void)state;
    struct receipt known = {message_state_SENT, receipt_level_ACCEPTED};
    struct receipt out;
    assert_false(
        receipt_apply(known, (struct receipt){message_state_NONE, receipt_level_CONFIRMED}, &out));
    assert_int_equal(out.level, receipt_level_ACCEPTED);
}

enum { NEWS_MAX = 5 };

struct story {
    struct receipt news[NEWS_MAX];
    size_t count;
};

/* One order of a story: the end is the first that was told, the level the highest about it. */
static void tell(const struct story *story, const size_t order[static NEWS_MAX])
{
    struct receipt known = {message_state_SENDING, receipt_level_NONE};
    enum message_state first_end = message_state_NONE;
    for (size_t i = 0; i < story->count; i++) {
        struct receipt news = story->news[order[i]];
        struct receipt before = known;
        receipt_apply(before, news, &known);
        assert_true(ranks[known.state] >= ranks[before.state] && known.level >= before.level);
        if (first_end == message_state_NONE && ranks[news.state] == 3) {
            first_end = news.state;
        }
        assert_true(first_end == message_state_NONE || known.state == first_end);
    }
    assert_int_equal(known.state, first_end);
    for (size_t i = 0; i < story->count; i++) {
        assert_true(story->news[i].state != first_end || known.level >= story->news[i].level);
    }
}

/* Heap's algorithm, without recursion. */
static int tell_in_all_orders(const struct story *story)
{
    size_t order[NEWS_MAX] = {0, 1, 2, 3, 4};
    size_t turns[NEWS_MAX] = {0};
    int told = 1;
    tell(story, order);
    for (size_t at = 1; at < story->count;) {
        if (turns[at] >= at) {
            turns[at++] = 0;
            continue;
        }
        size_t other = at % 2 == 0 ? 0 : turns[at];
        size_t moved = order[at];
        order[at] = order[other];
        order[other] = moved;
        tell(story, order);
        told++;
        turns[at]++;
        at = 1;
    }
    return told;
}

static void test_every_order(void **state)
{
    (void)state;
    static const struct story text = {{{message_state_SENT, receipt_level_ACCEPTED},
                                       {message_state_SENT, receipt_level_LEFT},
                                       {message_state_DELIVERED, receipt_level_REACHED},
                                       {message_state_DELIVERED, receipt_level_CONFIRMED}},
                                      4};
    static const struct story call = {{{message_state_SENT, receipt_level_ACCEPTED},
                                       {message_state_SENT, receipt_level_LEFT},
                                       {message_state_ANSWERED, receipt_level_REACHED},
                                       {message_state_ANSWERED, receipt_level_HUMAN},
                                       {message_state_ANSWERED, receipt_level_CONFIRMED}},
                                      5};
    static const struct story quarrel = {{{message_state_SENT, receipt_level_ACCEPTED},
                                          {message_state_UNDELIVERED, receipt_level_LEFT},
                                          {message_state_DELIVERED, receipt_level_REACHED},
                                          {message_state_CANCELLED, receipt_level_NONE}},
                                         4};
    assert_int_equal(tell_in_all_orders(&text), 24);
    assert_int_equal(tell_in_all_orders(&call), 120);
    assert_int_equal(tell_in_all_orders(&quarrel), 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_news_of_nothing),
        cmocka_unit_test(test_every_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
