/* Turns of the queue of due calls that are given back, since what was taken does not begin. */
#include "domain/fair_queue.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct instant now = {1000000000000};

static void push(struct fair_queue *queue, int32_t group, int64_t due_ms, int64_t id)
{
    fair_queue_push(queue, group, (struct fair_entry){.due_ms = due_ms, .id = id, .priority = 1});
}

static int64_t take(struct fair_queue *queue)
{
    struct fair_entry taken;
    return fair_queue_take(queue, now, &taken, NULL) ? taken.id : 0;
}

static struct fair_queue new_queue(void)
{
    return fair_queue_new((struct fair_memory){memory_grow, free});
}

/* Of the first group all but the last are gone when their turns come: it goes on in turn. */
static void test_gone_cost_no_turns(void **state)
{
    (void)state;
    struct fair_queue queue = new_queue();
    int32_t first = fair_group_open(&queue, NULL, 0);
    int32_t second = fair_group_open(&queue, NULL, 0);
    for (int64_t i = 0; i < 4; i++) {
        push(&queue, first, i, 10 + i);
        push(&queue, second, i, 20 + i);
    }
    assert_int_equal(take(&queue), 10);
    assert_int_equal(take(&queue), 20);
    assert_int_equal(take(&queue), 11);
    fair_queue_give_back(&queue, first);
    /* Its next one is of the same round, and due later than the other group's. */
    assert_int_equal(take(&queue), 21);
    assert_int_equal(take(&queue), 12);
    fair_queue_give_back(&queue, first);
    assert_int_equal(take(&queue), 13);
    assert_int_equal(take(&queue), 22);
    assert_int_equal(take(&queue), 23);
    assert_int_equal(take(&queue), 0);
    fair_queue_free(&queue);
}

/* Its last one was taken: what comes later has the turn. */
static void test_empty_group(void **state)
{
    (void)state;
    struct fair_queue queue = new_queue();
    int32_t first = fair_group_open(&queue, NULL, 0);
    int32_t second = fair_group_open(&queue, NULL, 0);
    push(&queue, first, 0, 10);
    assert_int_equal(take(&queue), 10);
    fair_queue_give_back(&queue, first);
    push(&queue, second, 2, 20);
    push(&queue, second, 3, 21);
    push(&queue, first, 4, 11);
    assert_int_equal(take(&queue), 20);
    assert_int_equal(take(&queue), 11);
    assert_int_equal(take(&queue), 21);
    fair_queue_free(&queue);
}

/* A bucket that the other group shares holds both, and is given back with the turn. */
static void test_shared_bucket(void **state)
{
    (void)state;
    struct fair_queue queue = new_queue();
    struct bucket account = fair_bucket(1);
    struct bucket *const buckets[] = {&account};
    int32_t first = fair_group_open(&queue, buckets, 1);
    int32_t second = fair_group_open(&queue, buckets, 1);
    struct instant ready = INSTANT_NONE;
    push(&queue, first, 0, 10);
    push(&queue, first, 1, 11);
    push(&queue, second, 2, 20);
    assert_int_equal(take(&queue), 10);
    assert_true(fair_queue_ready_at(&queue, now, &ready));
    assert_int_equal(ready.us - now.us, MINUTES(1).us);
    account.free_at = now;
    fair_queue_give_back(&queue, first);
    assert_int_equal(take(&queue), 11);
    assert_int_equal(take(&queue), 0);
    fair_queue_free(&queue);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gone_cost_no_turns),
        cmocka_unit_test(test_empty_group),
        cmocka_unit_test(test_shared_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
