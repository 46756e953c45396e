/* What the executor tells an index of due times: after the commit and in its order, nothing of what
 * was refused, and nothing that a hint says is believed before the row was read. */
#include "op_fixture.h"
#include "service/due_list.h"
#include "service/engine.h"
#include "service/executor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { NOTES_MAX = 64 };

struct bench {
    struct op_fixture *f;
    struct executor *executor;
    struct due_note notes[NOTES_MAX];
    size_t count;
    uint64_t held;
    int holds;
};

static void take_note(void *context, const struct due_note *note)
{
    struct bench *b = context;
    assert_true(b->count < NOTES_MAX);
    b->notes[b->count++] = *note;
}

static void take_shards(void *context, uint64_t shards)
{
    struct bench *b = context;
    b->held = shards;
    b->holds++;
}

static void submit_nothing(void *context, uint64_t ticket, const struct wire_request *request)
{
    (void)context;
    (void)ticket;
    (void)request;
}

static void sync_nothing(void *context, struct op *op, const struct effect *effect)
{
    (void)context;
    (void)op;
    (void)effect;
}

static struct bench open_bench(struct op_fixture *f)
{
    return (struct bench){.f = f};
}

static void start(struct bench *b)
{
    struct executor_config config = {.site = &b->f->site,
                                     .db = b->f->store->db,
                                     .wire = {NULL, submit_nothing},
                                     .sync = {NULL, sync_nothing},
                                     .due = {b, take_note, take_shards},
                                     .in_flight_max = 4};
    assert_int_equal(executor_new(&config, &b->executor, &b->f->problem), OK);
    assert_int_equal(executor_recover(b->executor), OK);
}

/* Arms a CLEAN timer of nobody, which runs again an hour after it ran. */
struct arming {
    struct work work;
    struct instant due_at;
    enum err end;
};

static enum err arm(struct work *work, struct op *op)
{
    struct arming *arming = (struct arming *)work;
    TRY(timer_arm(op,
                  (struct timer_request){timer_kind_CLEAN, ID_NONE, arming->due_at, PRIORITY_LOW}));
    return arming->end;
}

static void end(struct work *work, enum err err, const struct problem *problem)
{
    (void)problem;
    work->err = err;
}

static void run_arming(struct bench *b, struct duration after, enum err err)
{
    struct arming arming = {.work = {.arena = b->f->store->arena, .run = arm, .done = end},
                            .due_at = instant_add(b->f->now, after),
                            .end = err};
    b->count = 0;
    assert_true(executor_turn(b->executor, &arming.work));
    assert_int_equal(arming.work.err, err);
}

static void assert_note(const struct due_note *note, enum due_change change, struct instant at)
{
    assert_int_equal(note->change, change);
    assert_int_equal(note->item.kind, timer_kind_CLEAN);
    assert_int_equal(note->item.due_ms, instant_ms(at));
    assert_int_equal(note->item.shard, due_shard(timer_kind_CLEAN, note->item.id));
}

static void test_what_is_armed_and_runs(void **state)
{
    struct bench b = open_bench(*state);
    start(&b);
    assert_int_equal(b.holds, 1);
    assert_true(b.held == UINT64_MAX);
    struct instant due_at = instant_add(b.f->now, SECONDS(10));
    run_arming(&b, SECONDS(10), OK);
    assert_int_equal(b.count, 1);
    assert_note(&b.notes[0], DUE_PUT, due_at);
    struct id id = b.notes[0].item.id;

    b.count = 0;
    b.f->now = due_at;
    assert_true(executor_turn(b.executor, NULL));
    assert_int_equal(b.count, 2);
    assert_note(&b.notes[0], DUE_DROP, due_at);
    assert_note(&b.notes[1], DUE_PUT, instant_add(due_at, HOURS(1)));
    assert_true(id_equal(b.notes[0].item.id, id) && id_equal(b.notes[1].item.id, id));
    executor_free(&b.executor);
}

static void test_what_is_refused(void **state)
{
    struct bench b = open_bench(*state);
    start(&b);
    run_arming(&b, SECONDS(10), E_CONFLICT);
    assert_int_equal(b.count, 0);
    executor_free(&b.executor);
}

static struct due_item only_item(struct bench *b)
{
    struct due_list list = {0};
    assert_int_equal(due_list_read(b->f->store->db, UINT64_MAX, &list), OK);
    assert_int_equal(list.count, 1);
    struct due_item item = list.items[0];
    due_list_free(&list);
    return item;
}

/* An entry of memory that is earlier than its row takes nothing out of the index. */
static void test_hints(void **state)
{
    struct bench b = open_bench(*state);
    start(&b);
    run_arming(&b, SECONDS(10), OK);
    struct due_item wrong = b.notes[0].item;
    wrong.due_ms = instant_ms(b.f->now);
    int64_t fired = b.f->stats.timers_fired;
    b.count = 0;
    executor_hint(b.executor, &wrong);
    assert_true(executor_turn(b.executor, NULL));
    assert_int_equal(b.f->stats.timers_fired, fired);
    assert_int_equal(b.count, 1); /* What it was told it tells; nothing was dropped. */
    assert_int_equal(b.notes[0].change, DUE_PUT);

    struct due_item nobody = {.kind = timer_kind_CLEAN, .id = {77}, .due_ms = wrong.due_ms};
    nobody.shard = due_shard(nobody.kind, nobody.id);
    executor_hint(b.executor, &nobody);
    assert_true(executor_turn(b.executor, NULL));
    assert_int_equal(b.f->stats.timers_fired, fired);
    assert_int_equal(b.notes[b.count - 1].change, DUE_DROP); /* There is no such timer. */

    /* The same hint again says nothing new. */
    executor_hint(b.executor, &nobody);
    assert_false(executor_turn(b.executor, NULL));
    executor_free(&b.executor);
}

/* A row that no heap knows runs because of a hint, when it is due. */
static void test_a_hint_of_what_is_true(void **state)
{
    struct bench b = open_bench(*state);
    start(&b);
    struct op_fixture *f = b.f;
    assert_int_equal(
        timer_arm(&f->op, (struct timer_request){timer_kind_CLEAN, ID_NONE,
                                                 instant_add(f->now, SECONDS(5)), PRIORITY_LOW}),
        OK);
    struct due_item item = only_item(&b);
    int64_t fired = f->stats.timers_fired;
    f->now = instant_add(f->now, SECONDS(6));
    assert_false(executor_turn(b.executor, NULL));
    executor_hint(b.executor, &item);
    assert_true(executor_turn(b.executor, NULL));
    assert_int_equal(f->stats.timers_fired, fired + 1);
    executor_free(&b.executor);
}

/* What the index is compared with: a timer that was given up does not wait, whatever its own row
 * says, and one that is tried again waits for that. */
static void test_what_waits(void **state)
{
    struct op_fixture *f = *state;
    struct bench b = open_bench(f);
    struct alert alert = store_alert(f->store, &f->meeting, 1);
    struct due_list list = {0};
    alert.due_at = f->now;
    alert.valid_until = instant_add(f->now, MINUTES(5));
    store_insert(f->store, TABLE_alerts, &alert);
    struct timer_key key = {timer_kind_ALERT, alert.id};
    assert_int_equal(only_item(&b).due_ms, instant_ms(f->now));
    assert_int_equal(engine_count_failure(&f->op, key, E_INTERNAL), OK);
    struct due_item item = only_item(&b);
    assert_int_equal(item.kind, timer_kind_ALERT);
    assert_int_equal(item.due_ms, instant_ms(f->now) + 2000);
    struct due_item looked = {.kind = timer_kind_ALERT, .id = alert.id};
    assert_int_equal(due_look(f->store->db, f->store->arena, &looked), OK);
    assert_int_equal(looked.due_ms, item.due_ms);
    assert_int_equal(due_list_read(f->store->db, ~(UINT64_C(1) << item.shard), &list), OK);
    assert_int_equal(list.count, 0);
    due_list_free(&list);
    for (int i = 0; i < f->site.retry_attempts; i++) {
        assert_int_equal(engine_count_failure(&f->op, key, E_INTERNAL), OK);
    }
    assert_int_equal(due_list_read(f->store->db, UINT64_MAX, &list), OK);
    assert_int_equal(list.count, 0);
    due_list_free(&list);
    assert_int_equal(due_look(f->store->db, f->store->arena, &looked), E_NOT_FOUND);
}

#define ON_STORE(test) cmocka_unit_test_setup_teardown(test, op_set_up, op_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STORE(test_what_is_armed_and_runs), ON_STORE(test_what_is_refused), ON_STORE(test_hints),
        ON_STORE(test_a_hint_of_what_is_true), ON_STORE(test_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
