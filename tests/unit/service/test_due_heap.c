/* What is due next: any order in, sorted out, and equal times by priority and then by age. */
#include "service/due_heap.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ENTRIES = 5000 };

static int compare(const void *left, const void *right)
{
    const struct due_entry *a = left;
    const struct due_entry *b = right;
    if (a->due_ms != b->due_ms) {
        return a->due_ms < b->due_ms ? -1 : 1;
    }
    if (a->priority != b->priority) {
        return a->priority < b->priority ? -1 : 1;
    }
    return (a->id > b->id) - (a->id < b->id);
}

/* Few times and fewer priorities, so that many are equal; each id is there once. */
static struct due_entry random_entry(struct rng *rng, int64_t id)
{
    return (struct due_entry){
        .due_ms = rng_between(rng, -20, 20),
        .id = id,
        .priority = (int32_t)rng_between(rng, 1, 3),
        .tag = (int32_t)id,
    };
}

static void assert_same(const struct due_entry *a, const struct due_entry *b)
{
    assert_int_equal(compare(a, b), 0);
    assert_int_equal(a->tag, b->tag);
}

static void test_sorts(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct rng rng = rng_from_seed(seed);
        size_t count = (size_t)rng_below(&rng, ENTRIES);
        struct due_entry *entries = test_calloc(count + 1, sizeof *entries);
        struct due_heap heap = {0};
        for (size_t i = 0; i < count; i++) {
            entries[i] = random_entry(&rng, (int64_t)(i * 7919 % 1000003));
            due_heap_push(&heap, entries[i]);
        }
        qsort(entries, count, sizeof *entries, compare);
        for (size_t i = 0; i < count; i++) {
            assert_same(due_heap_peek(&heap), &entries[i]);
            struct due_entry top = due_heap_pop(&heap);
            assert_same(&top, &entries[i]);
        }
        assert_null(due_heap_peek(&heap));
        due_heap_free(&heap);
        test_free(entries);
    }
}

/* Pushes and pops in any mixture, next to a list in which the first is searched for. */
static void test_mixture(void **state)
{
    (void)state;
    enum { HELD_MAX = 300 };
    struct rng rng = rng_from_seed(42);
    struct due_heap heap = {0};
    struct due_entry held[HELD_MAX];
    size_t count = 0;
    for (int64_t turn = 0; turn < 20000; turn++) {
        if (count == 0 || (count < HELD_MAX && rng_chance(&rng, 1, 2))) {
            held[count] = random_entry(&rng, turn);
            due_heap_push(&heap, held[count++]);
            continue;
        }
        size_t first = 0;
        for (size_t i = 1; i < count; i++) {
            first = compare(&held[i], &held[first]) < 0 ? i : first;
        }
        struct due_entry top = due_heap_pop(&heap);
        assert_same(&top, &held[first]);
        held[first] = held[--count];
        assert_int_equal(heap.count, count);
    }
    due_heap_free(&heap);
}

static void test_equal_times(void **state)
{
    (void)state;
    static const struct due_entry entries[] = {
        {.due_ms = 5, .priority = 10, .id = 1}, {.due_ms = 5, .priority = 1, .id = 9},
        {.due_ms = 4, .priority = 10, .id = 8}, {.due_ms = 5, .priority = 1, .id = 3},
        {.due_ms = 5, .priority = 5, .id = 2},
    };
    static const int64_t order[] = {8, 3, 9, 2, 1};
    struct due_heap heap = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(entries); i++) {
        due_heap_push(&heap, entries[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(order); i++) {
        assert_int_equal(due_heap_pop(&heap).id, order[i]);
    }
    due_heap_free(&heap);
}

static void test_clear_and_free(void **state)
{
    (void)state;
    struct due_heap heap = {0};
    assert_null(due_heap_peek(&heap));
    due_heap_push(&heap, (struct due_entry){.due_ms = 1, .id = 1});
    due_heap_clear(&heap);
    assert_null(due_heap_peek(&heap));
    due_heap_push(&heap, (struct due_entry){.due_ms = 2, .id = 2});
    assert_int_equal(due_heap_peek(&heap)->id, 2);
    due_heap_free(&heap);
    assert_null(due_heap_peek(&heap));
    due_heap_push(&heap, (struct due_entry){.due_ms = 3, .id = 3});
    assert_int_equal(due_heap_pop(&heap).id, 3);
    due_heap_free(&heap);
    due_heap_free(&heap);
}

static void count_due(void *context, const struct due_entry *entry)
{
    int64_t *sum = context;
    sum[0]++;
    sum[1] += entry->id;
}

static void test_walks_over_what_is_due(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct rng rng = rng_from_seed(seed);
        size_t count = (size_t)rng_below(&rng, 300);
        int64_t wanted[2] = {0};
        int64_t found[2] = {0};
        struct due_heap heap = {0};
        int64_t now_ms = rng_between(&rng, -22, 22);
        for (size_t i = 0; i < count; i++) {
            struct due_entry entry = random_entry(&rng, (int64_t)i + 1);
            due_heap_push(&heap, entry);
            wanted[0] += entry.due_ms <= now_ms;
            wanted[1] += entry.due_ms <= now_ms ? entry.id : 0;
        }
        due_heap_each_due(&heap, now_ms, found, count_due);
        assert_int_equal(found[0], wanted[0]);
        assert_int_equal(found[1], wanted[1]);
        due_heap_free(&heap);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorts),          cmocka_unit_test(test_walks_over_what_is_due),
        cmocka_unit_test(test_mixture),        cmocka_unit_test(test_equal_times),
        cmocka_unit_test(test_clear_and_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
