/* The queue of due calls: order, ageing, rounds, buckets, pauses; and a hundred thousand random
 * operations beside a model that looks through everything each time. */
#include "domain/fair_queue.h"

#include "base/memory.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct fair_memory memory = {memory_grow, free};

static struct instant seconds(int64_t n)
{
    return (struct instant){(1000000 + n) * 1000000};
}

static struct fair_entry entry(int64_t due_seconds, int64_t id, int32_t priority)
{
    return (struct fair_entry){
        .due_ms = instant_ms(seconds(due_seconds)), .id = id, .priority = priority};
}

static int64_t take(struct fair_queue *queue, int64_t at_second)
{
    struct fair_entry taken;
    return fair_queue_take(queue, seconds(at_second), &taken, NULL) ? taken.id : 0;
}

static int64_t ready_second(struct fair_queue *queue, int64_t now)
{
    struct instant out = INSTANT_NONE;
    return fair_queue_ready_at(queue, seconds(now), &out) ? (out.us - seconds(0).us) / 1000000 : -1;
}

/* Low goes when nothing more urgent was due within the 270 s after it. */
static void test_ageing(void **state)
{
    (void)state;
    struct fair_queue queue = fair_queue_new(memory);
    int32_t group = fair_group_open(&queue, NULL, 0);
    fair_queue_push(&queue, group, entry(0, 1, 10));
    fair_queue_push(&queue, group, entry(270, 2, 1));
    fair_queue_push(&queue, group, entry(269, 3, 1));
    fair_queue_push(&queue, group, entry(271, 4, 1));
    fair_queue_push(&queue, group, entry(150, 5, 5));
    fair_queue_push(&queue, group, entry(149, 6, 5));
    fair_queue_push(&queue, group, entry(270, 7, 1));
    static const int64_t wanted[] = {3, 6, 2, 7, 5, 1, 4};
    /* 2, 7, 5 and 1 have the deadline 270: by priority, then by id. 6 and 3 have 269. */
    for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
        assert_int_equal(take(&queue, 1000), wanted[i]);
    }
    assert_int_equal(take(&queue, 1000), 0);
    assert_int_equal(ready_second(&queue, 1000), -1);
    fair_queue_free(&queue);
}

/* A backlog of one group, due long ago, lets each other group have its turn. */
static void test_rounds(void **state)
{
    (void)state;
    struct fair_queue queue = fair_queue_new(memory);
    int32_t crowd = fair_group_open(&queue, NULL, 0);
    int32_t two = fair_group_open(&queue, NULL, 0);
    for (int64_t i = 0; i < 100; i++) {
        fair_queue_push(&queue, crowd, entry(i, 1000 + i, 1));
    }
    for (int i = 0; i < 50; i++) {
        assert_int_equal(take(&queue, 500), 1000 + i);
    }
    fair_queue_push(&queue, two, entry(499, 1, 10));
    fair_queue_push(&queue, two, entry(500, 2, 10));
    /* It joins the round that is under way, and has gained none by having been away. */
    assert_int_equal(take(&queue, 500), 1);
    assert_int_equal(take(&queue, 500), 1050);
    assert_int_equal(take(&queue, 500), 2);
    assert_int_equal(take(&queue, 500), 1051);
    assert_int_equal(take(&queue, 500), 1052);
    fair_queue_free(&queue);
}

static void test_buckets(void **state)
{
    (void)state;
    struct fair_queue queue = fair_queue_new(memory);
    struct bucket agent = fair_bucket(60);
    struct bucket slow = fair_bucket(7); /* Not a whole number of calls a second. */
    struct bucket free_of_limit = fair_bucket(0);
    struct bucket *const first_buckets[] = {&agent, NULL, &free_of_limit};
    struct bucket *const second_buckets[] = {&agent, &slow};
    int32_t first = fair_group_open(&queue, first_buckets, 3);
    int32_t second = fair_group_open(&queue, second_buckets, 2);
    for (int64_t i = 0; i < 3; i++) {
        fair_queue_push(&queue, first, entry(10, 10 + i, 1));
        fair_queue_push(&queue, second, entry(0, 20 + i, 1));
    }
    assert_int_equal(take(&queue, 100), 20);
    assert_int_equal(take(&queue, 100), 0); /* They share the agent. */
    assert_int_equal(ready_second(&queue, 100), 101);
    assert_int_equal(take(&queue, 101), 10);
    assert_int_equal(take(&queue, 102), 11);
    assert_int_equal(take(&queue, 103), 12);
    assert_int_equal(ready_second(&queue, 104), 108); /* 60 / 7 s after the first. */
    struct instant exact = INSTANT_NONE;
    assert_true(fair_queue_ready_at(&queue, seconds(104), &exact));
    assert_int_equal(exact.us, seconds(100).us + 60 * 1000000 / 7);
    struct fair_entry taken;
    struct instant just_before = {exact.us - 1};
    assert_false(fair_queue_take(&queue, just_before, &taken, NULL));
    assert_true(fair_queue_take(&queue, exact, &taken, NULL));
    /* The limit is lifted. */
    slow.rate_milli = 0;
    agent.rate_milli = 0;
    fair_queue_recheck(&queue);
    assert_true(fair_queue_take(&queue, exact, &taken, NULL));
    assert_int_equal(queue.waiting, 0);
    fair_queue_free(&queue);
}

/* The clock is set back by an hour: the buckets go with it, and so does what they held. */
static void test_clock_set_back(void **state)
{
    (void)state;
    struct fair_queue queue = fair_queue_new(memory);
    struct bucket agent = fair_bucket(1);
    struct bucket *const buckets[] = {&agent};
    int32_t group = fair_group_open(&queue, buckets, 1);
    fair_queue_push(&queue, group, entry(0, 1, 1));
    fair_queue_push(&queue, group, entry(0, 2, 1));
    assert_int_equal(take(&queue, 3600), 1);
    assert_int_equal(ready_second(&queue, 3601), 3660);
    assert_int_equal(ready_second(&queue, 0), 60);
    assert_int_equal(take(&queue, 59), 0);
    assert_int_equal(take(&queue, 120), 2);
    fair_queue_free(&queue);
}

static void test_pause_and_close(void **state)
{
    (void)state;
    struct fair_queue queue = fair_queue_new(memory);
    int32_t first = fair_group_open(&queue, NULL, 0);
    int32_t second = fair_group_open(&queue, NULL, 0);
    fair_queue_push(&queue, first, entry(0, 1, 1));
    fair_queue_push(&queue, second, entry(0, 2, 1));
    fair_group_pause(&queue, first, true);
    fair_group_pause(&queue, first, true);
    assert_int_equal(queue.paused, 1);
    fair_queue_push(&queue, first, entry(0, 3, 1));
    assert_int_equal(queue.paused, 2);
    assert_int_equal(queue.waiting, 3);
    assert_int_equal(fair_group_waiting(&queue, first), 2);
    assert_int_equal(take(&queue, 10), 2);
    assert_int_equal(take(&queue, 10), 0);
    assert_int_equal(ready_second(&queue, 10), -1);
    fair_group_pause(&queue, first, false);
    assert_int_equal(queue.paused, 0);
    assert_int_equal(take(&queue, 10), 1);
    fair_group_pause(&queue, first, true);
    assert_int_equal(fair_group_close(&queue, first), 1);
    assert_int_equal(queue.waiting, 0);
    assert_int_equal(queue.paused, 0);
    /* The number is given again, to a group that is not paused and has nothing. */
    assert_int_equal(fair_group_open(&queue, NULL, 0), first);
    assert_int_equal(fair_group_waiting(&queue, first), 0);
    fair_queue_push(&queue, first, entry(0, 4, 1));
    assert_int_equal(take(&queue, 10), 4);
    fair_queue_free(&queue);
}

/* The model: arrays that are looked through. */

enum { MODEL_GROUPS = 12, MODEL_ENTRIES = 600, MODEL_BUCKETS = 5, OPERATIONS = 100000 };

struct model_group {
    bool is_open;
    bool is_paused;
    int64_t round;
    size_t bucket_count;
    size_t buckets[FAIR_BUCKETS_MAX];
};

struct model {
    struct model_group groups[MODEL_GROUPS];
    struct bucket buckets[MODEL_BUCKETS];
    int64_t round;
    size_t count;
    int32_t group_of[MODEL_ENTRIES];
    struct fair_entry entries[MODEL_ENTRIES];
};

static int64_t model_deadline(const struct fair_entry *e)
{
    return e->due_ms + (e->priority - 1) * 30000;
}

static bool model_before(const struct fair_entry *a, const struct fair_entry *b)
{
    if (model_deadline(a) != model_deadline(b)) {
        return model_deadline(a) < model_deadline(b);
    }
    return a->priority < b->priority || (a->priority == b->priority && a->id < b->id);
}

static size_t model_first(const struct model *model, int32_t group)
{
    size_t best = MODEL_ENTRIES;
    for (size_t i = 0; i < model->count; i++) {
        bool is_better =
            best == MODEL_ENTRIES || model_before(&model->entries[i], &model->entries[best]);
        if (model->group_of[i] == group && is_better) {
            best = i;
        }
    }
    return best;
}

static struct instant model_ready_at(const struct model *model, int32_t group, struct instant now)
{
    struct instant ready = now;
    for (size_t i = 0; i < model->groups[group].bucket_count; i++) {
        const struct bucket *bucket = &model->buckets[model->groups[group].buckets[i]];
        ready = instant_max(ready, bucket_ready_at(bucket, now));
    }
    return ready;
}

/* The round in which a group's next call goes: the one after its last, but none that is over. */
static int64_t model_round(const struct model *model, int32_t group)
{
    int64_t round = model->groups[group].round;
    return round > model->round ? round : model->round;
}

/* The group that goes next, or -1; *ready_at is when the next one may go, where one may. */
static int32_t model_next(const struct model *model, struct instant now, struct instant *ready_at)
{
    int32_t best = -1;
    size_t best_first = MODEL_ENTRIES;
    *ready_at = INSTANT_NONE;
    for (int32_t group = 0; group < MODEL_GROUPS; group++) {
        size_t first = model_first(model, group);
        if (!model->groups[group].is_open || model->groups[group].is_paused ||
            first == MODEL_ENTRIES) {
            continue;
        }
        struct instant ready = model_ready_at(model, group, now);
        bool is_sooner = !instant_is_set(*ready_at) || instant_before(ready, *ready_at);
        *ready_at = is_sooner ? ready : *ready_at;
        int64_t ahead = best < 0 ? -1 : model_round(model, group) - model_round(model, best);
        bool is_before = ahead < 0 || (ahead == 0 && model_before(&model->entries[first],
                                                                  &model->entries[best_first]));
        if (!instant_before(now, ready) && is_before) {
            best = group;
            best_first = first;
        }
    }
    return best;
}

static void model_remove(struct model *model, size_t at)
{
    model->count--;
    model->entries[at] = model->entries[model->count];
    model->group_of[at] = model->group_of[model->count];
}

static struct fair_entry model_take(struct model *model, int32_t group, struct instant now)
{
    size_t first = model_first(model, group);
    struct fair_entry taken = model->entries[first];
    model_remove(model, first);
    model->round = model_round(model, group);
    model->groups[group].round = model->round + 1;
    for (size_t i = 0; i < model->groups[group].bucket_count; i++) {
        bucket_take(&model->buckets[model->groups[group].buckets[i]], 60, now);
    }
    return taken;
}

/* Both, and what they were asked last. */
struct pair {
    struct rng rng;
    struct model model;
    struct fair_queue queue;
    struct bucket buckets[MODEL_BUCKETS];
    struct instant now;
    int64_t last_id;
    size_t taken;
    size_t refused;
};

static int32_t any_group(struct pair *pair)
{
    return (int32_t)rng_below(&pair->rng, MODEL_GROUPS);
}

static void open_group(struct pair *pair, int32_t group)
{
    struct bucket *buckets[FAIR_BUCKETS_MAX] = {NULL};
    struct model_group opened = {.is_open = true};
    opened.bucket_count = rng_below(&pair->rng, FAIR_BUCKETS_MAX + 1);
    size_t first = rng_below(&pair->rng, MODEL_BUCKETS);
    for (size_t i = 0; i < opened.bucket_count; i++) {
        /* Three in a row, so that none is taken from twice. */
        opened.buckets[i] = (first + i) % MODEL_BUCKETS;
        buckets[i] = &pair->buckets[opened.buckets[i]];
    }
    pair->model.groups[group] = opened;
    assert_int_equal(fair_group_open(&pair->queue, buckets, opened.bucket_count), group);
}

static void do_push(struct pair *pair)
{
    static const int32_t priorities[] = {1, 5, 10};
    struct model *model = &pair->model;
    int32_t group = any_group(pair);
    if (model->count == MODEL_ENTRIES) {
        return;
    }
    struct fair_entry pushed = {.id = ++pair->last_id,
                                .due_ms =
                                    instant_ms(pair->now) - rng_between(&pair->rng, 0, 9) * 30000,
                                .priority = priorities[rng_below(&pair->rng, 3)],
                                .tag = group};
    model->group_of[model->count] = group;
    model->entries[model->count++] = pushed;
    fair_queue_push(&pair->queue, group, pushed);
}

/* The queue looks at the clock when it is asked, and sets back what was taken from in the future.
 */
static void look_at_clock(struct pair *pair)
{
    struct instant now = pair->now;
    for (size_t i = 0; i < MODEL_BUCKETS; i++) {
        struct bucket *bucket = &pair->model.buckets[i];
        if (instant_before(now, bucket->taken_at)) {
            bucket->free_at.us -= bucket->taken_at.us - now.us;
            bucket->taken_at = now;
        }
    }
}

static void do_take(struct pair *pair)
{
    look_at_clock(pair);
    struct instant wanted_at;
    struct instant got_at = INSTANT_NONE;
    struct fair_entry got = {.id = 0};
    int32_t group = -1;
    if (rng_chance(&pair->rng, 1, 3)) {
        (void)model_next(&pair->model, pair->now, &wanted_at);
        bool is_any = fair_queue_ready_at(&pair->queue, pair->now, &got_at);
        assert_int_equal(is_any, instant_is_set(wanted_at));
        assert_int_equal(got_at.us, wanted_at.us);
    }
    int32_t wanted = model_next(&pair->model, pair->now, &wanted_at);
    bool is_taken = fair_queue_take(&pair->queue, pair->now, &got, &group);
    assert_int_equal(is_taken, wanted >= 0);
    pair->taken += is_taken;
    pair->refused += !is_taken && instant_is_set(wanted_at);
    if (is_taken) {
        struct fair_entry first = model_take(&pair->model, wanted, pair->now);
        assert_int_equal(got.id, first.id);
        assert_int_equal(group, wanted);
        assert_int_equal(got.tag, wanted);
    }
}

static void do_pause(struct pair *pair)
{
    int32_t group = any_group(pair);
    bool is_paused = rng_chance(&pair->rng, 1, 3);
    pair->model.groups[group].is_paused = is_paused;
    fair_group_pause(&pair->queue, group, is_paused);
}

static void do_reopen(struct pair *pair)
{
    int32_t group = any_group(pair);
    size_t removed = 0;
    for (size_t i = pair->model.count; i-- > 0;) {
        if (pair->model.group_of[i] == group) {
            model_remove(&pair->model, i);
            removed++;
        }
    }
    assert_int_equal(fair_group_close(&pair->queue, group), removed);
    open_group(pair, group);
}

static void do_rate(struct pair *pair)
{
    static const int64_t rates[] = {0, 1, 7, 60, 600, 6000};
    size_t bucket = rng_below(&pair->rng, MODEL_BUCKETS);
    int64_t rate = fair_bucket(rates[rng_below(&pair->rng, ARRAY_LENGTH(rates))]).rate_milli;
    pair->buckets[bucket].rate_milli = rate;
    pair->model.buckets[bucket].rate_milli = rate;
    fair_queue_recheck(&pair->queue);
}

static void do_time(struct pair *pair)
{
    int64_t step = rng_between(&pair->rng, 0, 2000000);
    bool is_back = rng_chance(&pair->rng, 1, 60);
    pair->now.us += is_back ? -step * 30 : step;
}

static void assert_counts(const struct pair *pair)
{
    size_t paused = 0;
    for (size_t i = 0; i < pair->model.count; i++) {
        paused += pair->model.groups[pair->model.group_of[i]].is_paused;
    }
    assert_int_equal(pair->queue.waiting, pair->model.count);
    assert_int_equal(pair->queue.paused, paused);
    assert_int_equal(pair->queue.open_groups, MODEL_GROUPS);
}

static void test_beside_the_model(void **state)
{
    (void)state;
    static const struct {
        void (*does)(struct pair *pair);
        unsigned weight; /* Of a thousand. */
    } operations[] = {{do_push, 320}, {do_take, 380},  {do_time, 210},
                      {do_pause, 70}, {do_reopen, 10}, {do_rate, 10}};
    struct pair *pair = memory_new(sizeof *pair);
    pair->rng = rng_from_seed(20111230);
    pair->now = seconds(0);
    pair->queue = fair_queue_new(memory);
    for (int32_t group = 0; group < MODEL_GROUPS; group++) {
        open_group(pair, group);
    }
    for (int i = 0; i < OPERATIONS; i++) {
        unsigned chosen = (unsigned)rng_below(&pair->rng, 1000);
        size_t at = 0;
        while (chosen >= operations[at].weight) {
            chosen -= operations[at++].weight;
        }
        operations[at].does(pair);
        assert_counts(pair);
    }
    assert_true(pair->taken > OPERATIONS / 10);
    assert_true(pair->refused > OPERATIONS / 100);
    fair_queue_free(&pair->queue);
    free(pair);
}

/* A burst and its memory: 24 bytes an entry, and nothing is kept of a large one. */
static void test_a_burst(void **state)
{
    (void)state;
    struct fair_queue queue = fair_queue_new(memory);
    int32_t group = fair_group_open(&queue, NULL, 0);
    assert_int_equal(sizeof(struct fair_entry), 24);
    for (int64_t i = 0; i < 50000; i++) {
        fair_queue_push(&queue, group, entry(i * 7919 % 50000, i + 1, 1));
    }
    struct fair_entry before = {.due_ms = 0};
    struct fair_entry taken;
    for (int i = 0; i < 50000; i++) {
        assert_true(fair_queue_take(&queue, seconds(0), &taken, NULL));
        assert_true(before.due_ms < taken.due_ms);
        before = taken;
    }
    assert_false(fair_queue_take(&queue, seconds(0), &taken, NULL));
    fair_queue_free(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ageing),          cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_buckets),         cmocka_unit_test(test_clock_set_back),
        cmocka_unit_test(test_pause_and_close), cmocka_unit_test(test_beside_the_model),
        cmocka_unit_test(test_a_burst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
