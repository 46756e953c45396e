/* The queue before the due index: order, its bound, and that nobody waits or sleeps over anything.
 */
#include "app/due_queue.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { THREADS = 2, PER_THREAD = 20000 };

static int begin(void **state)
{
    struct due_queue *queue = NULL;
    struct problem problem = {0};
    assert_int_equal(due_queue_new(&queue, &problem), OK);
    *state = queue;
    return 0;
}

static int finish(void **state)
{
    struct due_queue *queue = *state;
    due_queue_free(&queue);
    assert_null(queue);
    return 0;
}

static struct due_note note_of(int64_t id)
{
    return (struct due_note){DUE_PUT, {1, timer_kind_STEP, {id}, id}};
}

static bool is_awake(const struct due_queue *queue)
{
    struct pollfd fd = {.fd = due_queue_fd(queue), .events = POLLIN};
    return poll(&fd, 1, 0) == 1;
}

static void test_order_and_wake(void **state)
{
    struct due_queue *queue = *state;
    struct due_batch batch;
    assert_false(is_awake(queue));
    for (int round = 0; round < 3; round++) {
        for (int64_t id = 1; id <= 5; id++) {
            struct due_note note = note_of(id + round * 10);
            due_queue_add(queue, &note);
        }
        assert_true(is_awake(queue));
        due_queue_take(queue, &batch);
        assert_false(is_awake(queue));
        assert_int_equal(batch.count, 5);
        assert_int_equal(batch.left_out, 0);
        assert_false(batch.has_shards);
        for (int64_t i = 0; i < 5; i++) {
            assert_int_equal(batch.notes[i].item.id.value, i + 1 + round * 10);
        }
    }
    due_queue_take(queue, &batch);
    assert_int_equal(batch.count, 0);
}

static void test_what_does_not_fit(void **state)
{
    struct due_queue *queue = *state;
    struct due_batch batch;
    for (int64_t id = 1; id <= DUE_QUEUE_MAX + 7; id++) {
        struct due_note note = note_of(id);
        due_queue_add(queue, &note);
    }
    due_queue_take(queue, &batch);
    assert_int_equal(batch.count, DUE_QUEUE_MAX);
    assert_int_equal(batch.left_out, 7);
    assert_int_equal(batch.notes[DUE_QUEUE_MAX - 1].item.id.value, DUE_QUEUE_MAX);
    struct due_note more = note_of(99);
    due_queue_add(queue, &more);
    due_queue_take(queue, &batch);
    assert_int_equal(batch.count, 1);
    assert_int_equal(batch.left_out, 0);
}

/* The newest word on the shards counts, once. */
static void test_shards(void **state)
{
    struct due_queue *queue = *state;
    struct due_batch batch;
    due_queue_hold(queue, 5);
    due_queue_hold(queue, 9);
    assert_true(is_awake(queue));
    due_queue_take(queue, &batch);
    assert_true(batch.has_shards);
    assert_int_equal(batch.shards, 9);
    due_queue_take(queue, &batch);
    assert_false(batch.has_shards);
}

static void *add_many(void *context)
{
    struct due_queue *queue = context;
    for (int64_t id = 1; id <= PER_THREAD; id++) {
        struct due_note note = note_of(id);
        due_queue_add(queue, &note);
    }
    return NULL;
}

/* Whatever was added is taken or counted as left out, by a taker that sleeps in between. */
static void test_threads(void **state)
{
    struct due_queue *queue = *state;
    pthread_t threads[THREADS];
    int64_t seen = 0;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, queue), 0);
    }
    while (seen < THREADS * PER_THREAD) {
        struct pollfd fd = {.fd = due_queue_fd(queue), .events = POLLIN};
        struct due_batch batch;
        assert_int_equal(poll(&fd, 1, 10000), 1);
        due_queue_take(queue, &batch);
        seen += (int64_t)batch.count + batch.left_out;
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(seen, THREADS * PER_THREAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order_and_wake, begin, finish),
        cmocka_unit_test_setup_teardown(test_what_does_not_fit, begin, finish),
        cmocka_unit_test_setup_teardown(test_shards, begin, finish),
        cmocka_unit_test_setup_teardown(test_threads, begin, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
