/* What somebody tells in Redis: looked at once, a little later, by the row alone, for what is held
 * here, and at a bounded pace. */
#include "app/redis_hints.h"
#include "lib/store_fixture.h"
#include "service/due_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { WAIT_MS = 50, MOST_PER_SECOND = 200, MANY = 250 };

static int64_t clock_ms; /* What the hints take for the time. */

static int64_t monotonic_ms(void)
{
    return clock_ms;
}

struct bench {
    struct store_fixture *f;
    struct redis_hints *hints;
    struct stats stats;
    _Atomic bool must_stop;
    int wakes;
    int64_t last_due_ms;
    int taken;
};

static void count_wake(void *context)
{
    struct bench *b = context;
    b->wakes++;
}

static void take(void *context, const struct due_item *item)
{
    struct bench *b = context;
    b->taken++;
    b->last_due_ms = item->due_ms;
}

static void open_bench(struct bench *b, void **state)
{
    b->f = store_of(state);
    clock_ms = 1000000;
    struct redis_hints_config config = {.reader = b->f->db,
                                        .stats = &b->stats,
                                        .must_stop = &b->must_stop,
                                        .monotonic_ms = monotonic_ms,
                                        .context = b,
                                        .wake = count_wake};
    b->hints = redis_hints_new(&config);
}

static struct due_item put_timer(struct bench *b)
{
    struct timer timer = store_timer(b->f, timer_kind_CLEAN, ID_NONE, 10);
    store_insert(b->f, TABLE_timers, &timer);
    return (struct due_item){due_shard(timer_kind_CLEAN, timer.id), timer_kind_CLEAN, timer.id,
                             instant_ms(timer.due_at)};
}

static void tell(struct bench *b, const struct due_item *item, uint64_t held)
{
    char line[DUE_LINE_MAX];
    redis_hints_hear(b->hints, held, due_line(item, line));
}

static int look(struct bench *b)
{
    clock_ms += WAIT_MS;
    redis_hints_look(b->hints);
    b->taken = 0;
    redis_hints_take(b->hints, b, take);
    return b->taken;
}

/* The row says when, whatever was told. */
static void test_the_row_decides(void **state)
{
    struct bench b = {.wakes = 0};
    open_bench(&b, state);
    struct due_item item = put_timer(&b);
    struct due_item told = item;
    told.due_ms = 5;
    tell(&b, &told, UINT64_MAX);
    redis_hints_look(b.hints);
    redis_hints_take(b.hints, &b, take);
    assert_int_equal(b.taken, 0);
    assert_int_equal(redis_hints_next_ms(b.hints), clock_ms + WAIT_MS);
    assert_int_equal(look(&b), 1);
    assert_int_equal(b.last_due_ms, item.due_ms);
    assert_int_equal(b.wakes, 1);
    assert_int_equal(atomic_load(&b.stats.redis_wakes), 1);
    assert_true(redis_hints_next_ms(b.hints) == INT64_MAX);
    assert_int_equal(look(&b), 0);

    struct due_item nobody = {0, timer_kind_STEP, {77}, 5};
    tell(&b, &nobody, UINT64_MAX);
    assert_int_equal(look(&b), 0);
    assert_int_equal(b.wakes, 1);
    redis_hints_free(&b.hints);
}

static void test_what_is_left_alone(void **state)
{
    struct bench b = {.wakes = 0};
    open_bench(&b, state);
    struct due_item item = put_timer(&b);
    struct due_note note = {DUE_PUT, item};
    struct due_batch batch = {.notes = &note, .count = 1};
    tell(&b, &item, ~(UINT64_C(1) << item.shard)); /* Another node's. */
    redis_hints_hear(b.hints, UINT64_MAX, STR("garbage\n\nCLEAN:1\nCLEAN:1 x\n"));
    assert_true(redis_hints_next_ms(b.hints) == INT64_MAX);
    tell(&b, &item, UINT64_MAX); /* The executor heard of it by itself, after all; */
    redis_hints_note(b.hints, &batch);
    assert_int_equal(look(&b), 0);
    tell(&b, &item, UINT64_MAX); /* or before. */
    assert_true(redis_hints_next_ms(b.hints) == INT64_MAX);

    struct due_item other = put_timer(&b);
    atomic_store(&b.must_stop, true);
    tell(&b, &other, UINT64_MAX);
    assert_int_equal(look(&b), 0);
    assert_int_equal(b.wakes, 0);
    redis_hints_free(&b.hints);
}

static void test_pace(void **state)
{
    struct bench b = {.wakes = 0};
    open_bench(&b, state);
    struct due_item item = put_timer(&b);
    for (int i = 0; i < MANY; i++) {
        redis_hints_give(b.hints, &item);
    }
    redis_hints_take(b.hints, &b, take);
    assert_int_equal(b.taken, MOST_PER_SECOND);
    for (int i = 0; i < 2 * MANY; i++) {
        tell(&b, &item, UINT64_MAX);
    }
    assert_int_equal(look(&b), 0); /* The second is not over. */
    clock_ms += 1000;
    tell(&b, &item, UINT64_MAX);
    assert_int_equal(look(&b), 1);
    redis_hints_free(&b.hints);
}

#define ON_STORE(test) cmocka_unit_test_setup_teardown(test, store_set_up_memory, store_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STORE(test_the_row_decides),
        ON_STORE(test_what_is_left_alone),
        ON_STORE(test_pace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
