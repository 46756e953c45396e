/* A batch that the store does not take: nothing has changed, callers hear of it, and what must not
 * be lost is done later, in its order. Architecture.md, rules 1 and 7. */
#include "op_fixture.h"
#include "service/cluster.h"
#include "service/engine.h"
#include "service/events.h"
#include "service/executor.h"
#include "service/sync.h"
#include "store/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PIECES = 4 };

struct piece {
    struct work work; /* First: the executor sees only this. */
    struct bench *bench;
    int number;
    int runs;
    int ends;
    enum err end;
};

struct bench {
    struct op_fixture *fixture;
    struct executor *executor;
    bool is_full; /* The disk. */
    int order[2 * PIECES];
    int ran;
    struct piece pieces[PIECES];
};

static enum err run_piece(struct work *work, struct op *op)
{
    struct piece *piece = (struct piece *)work;
    (void)op;
    piece->runs++;
    piece->bench->order[piece->bench->ran++] = piece->number;
    return piece->bench->is_full && piece->number == PIECES - 1 ? E_UNAVAILABLE : OK;
}

static void end_piece(struct work *work, enum err err, const struct problem *problem)
{
    struct piece *piece = (struct piece *)work;
    (void)problem;
    piece->ends++;
    piece->end = err;
}

static void submit_nothing(void *context, uint64_t ticket, const struct wire_request *request)
{
    (void)context;
    (void)ticket;
    (void)request;
    fail_msg("nothing was to be sent");
}

static void sync_nothing(void *context, struct op *op, const struct effect *effect)
{
    (void)context;
    (void)op;
    (void)effect;
    fail_msg("nothing was to be read");
}

static struct work *chain(struct bench *bench)
{
    struct work *first = NULL;
    for (int i = PIECES - 1; i >= 0; i--) {
        struct piece *piece = &bench->pieces[i];
        *piece = (struct piece){.work = {.next = first,
                                         .is_sticky = i < PIECES - 1,
                                         .run = run_piece,
                                         .done = end_piece},
                                .bench = bench,
                                .number = i};
        first = &piece->work;
    }
    return first;
}

static void test_sticky_work_waits_in_its_order(void **state)
{
    struct op_fixture *f = *state;
    struct bench bench = {.fixture = f, .is_full = true};
    struct executor_config config = {.site = &f->site,
                                     .db = f->store->db,
                                     .wire = {NULL, submit_nothing},
                                     .sync = {NULL, sync_nothing},
                                     .in_flight_max = 4};
    assert_int_equal(executor_new(&config, &bench.executor, &f->problem), OK);
    assert_int_equal(executor_recover(bench.executor), OK);

    assert_true(executor_turn(bench.executor, chain(&bench)));
    assert_true(atomic_load(&f->stats.store_is_broken));
    assert_int_equal(bench.pieces[PIECES - 1].end, E_UNAVAILABLE);
    assert_int_equal(bench.pieces[PIECES - 1].ends, 1);
    assert_int_equal(bench.pieces[0].ends, 0);

    bench.is_full = false;
    bench.ran = 0;
    assert_false(executor_turn(bench.executor, NULL));
    f->now = instant_add(f->now, SECONDS(1));
    assert_true(executor_turn(bench.executor, NULL));
    assert_false(atomic_load(&f->stats.store_is_broken));
    assert_int_equal(bench.ran, PIECES - 1);
    for (int i = 0; i < PIECES - 1; i++) {
        assert_int_equal(bench.order[i], i);
        assert_int_equal(bench.pieces[i].ends, 1);
        assert_int_equal(bench.pieces[i].end, OK);
    }
    executor_free(&bench.executor);
}

static int64_t stopped_clock(void)
{
    return 1000000;
}

/* While its store is away a node among others does nothing but look whether it is back: the look at
 * the leases, which is due at once then, has to wait for that. */
static void test_a_node_without_its_store_rests(void **state)
{
    struct op_fixture *f = *state;
    struct bench bench = {.fixture = f, .is_full = true};
    struct cluster *cluster = cluster_new(
        &(struct cluster_config){SECONDS(15), STR("127.0.0.1"), STR("test"), stopped_clock});
    struct executor_config config = {.site = &f->site,
                                     .db = f->store->db,
                                     .cluster = cluster,
                                     .wire = {NULL, submit_nothing},
                                     .sync = {NULL, sync_nothing},
                                     .in_flight_max = 4};
    struct instant next = INSTANT_NONE;
    if (f->store->driver->hear == NULL) {
        cluster_free(&cluster);
        skip();
    }
    assert_int_equal(executor_new(&config, &bench.executor, &f->problem), OK);
    assert_int_equal(executor_recover(bench.executor), OK);
    assert_true(executor_turn(bench.executor, chain(&bench)));
    assert_true(atomic_load(&f->stats.store_is_broken));
    assert_true(executor_next(bench.executor, &next));
    assert_int_equal(instant_since(next, f->now).us, 1000000);

    bench.is_full = false;
    f->now = instant_add(f->now, SECONDS(1));
    assert_true(executor_turn(bench.executor, NULL));
    assert_false(atomic_load(&f->stats.store_is_broken));
    assert_true(executor_next(bench.executor, &next));
    assert_int_equal(instant_since(next, f->now).us, 5000000);
    executor_free(&bench.executor);
    cluster_free(&cluster);
}

static void count_end(struct sync_wait *wait)
{
    ++*(int *)wait->context;
}

static void test_wait_that_ends_before_it_begins(void **state)
{
    (void)state;
    int ends = 0;
    struct sync_wait wait = {.pending = 1};
    sync_give_up(&wait, E_CORRUPT);
    wait.context = &ends;
    wait.done = count_end;
    sync_wait_begin(&wait);
    assert_int_equal(ends, 1);
    assert_true(wait.error[0] != '\0');
}

/* What a batch tells, and when it may be heard. */
struct listening {
    struct work work; /* First: the executor sees only this. */
    struct op_fixture *fixture;
    enum err err;
    int64_t heard_before; /* When the operation ran. */
    int64_t heard;        /* When listeners were told. */
    int tells;
};

static enum err run_telling(struct work *work, struct op *op)
{
    struct listening *listening = (struct listening *)work;
    struct event_facts facts = {.kind = event_kind_INCIDENT_OPENED,
                                .subject_type = subject_type_INCIDENT,
                                .data = STR("{}")};
    assert_int_equal(event_tell(op, &facts), OK);
    assert_int_equal(event_tell(op, &facts), OK);
    listening->heard_before = atomic_load(&op->site->stats->last_event);
    return listening->err;
}

static void end_telling(struct work *work, enum err err, const struct problem *problem)
{
    struct listening *listening = (struct listening *)work;
    (void)problem;
    assert_int_equal(err, listening->err);
    assert_int_equal(listening->tells, 1); /* Whoever is answered has been told, too. */
}

static void hear(void *context)
{
    struct listening *listening = context;
    listening->tells++;
    listening->heard = atomic_load(&listening->fixture->stats.last_event);
}

static void test_events_are_heard_when_they_are_durable(void **state)
{
    struct op_fixture *f = *state;
    struct executor *executor = NULL;
    struct listening listening = {.work = {.run = run_telling, .done = end_telling}, .fixture = f};
    struct executor_config config = {.site = &f->site,
                                     .db = f->store->db,
                                     .wire = {NULL, submit_nothing},
                                     .sync = {NULL, sync_nothing},
                                     .events = {&listening, hear},
                                     .in_flight_max = 4};
    struct id newest = ID_NONE;
    assert_int_equal(executor_new(&config, &executor, &f->problem), OK);
    assert_int_equal(executor_recover(executor), OK);
    atomic_store(&f->stats.listeners, 1);
    assert_true(executor_turn(executor, &listening.work));
    assert_int_equal(listening.heard_before, 0);
    assert_int_equal(events_last(f->store->db, &newest), OK);
    assert_true(id_is_set(newest));
    assert_int_equal(listening.heard, newest.value);

    /* Without news nobody is woken, and a restart knows what was told. */
    executor_turn(executor, NULL);
    assert_int_equal(listening.tells, 1);
    atomic_store(&f->stats.last_event, 0);
    assert_int_equal(executor_recover(executor), OK);
    assert_int_equal(atomic_load(&f->stats.last_event), newest.value);
    executor_free(&executor);
}

static void end_refused(struct work *work, enum err err, const struct problem *problem)
{
    (void)work;
    (void)problem;
    assert_int_equal(err, E_NOT_FOUND);
}

/* What an operation told before it was refused has no row: a stream that named it as its place
 * would be told EVENTS_LOST when it comes back. */
static void test_events_of_a_refused_operation_are_no_place(void **state)
{
    struct op_fixture *f = *state;
    struct executor *executor = NULL;
    struct listening kept = {.work = {.run = run_telling, .done = end_telling}, .fixture = f};
    struct listening refused = {
        .work = {.run = run_telling, .done = end_refused}, .fixture = f, .err = E_NOT_FOUND};
    struct executor_config config = {.site = &f->site,
                                     .db = f->store->db,
                                     .wire = {NULL, submit_nothing},
                                     .sync = {NULL, sync_nothing},
                                     .events = {&kept, hear},
                                     .in_flight_max = 4};
    struct id newest = ID_NONE;
    assert_int_equal(executor_new(&config, &executor, &f->problem), OK);
    assert_int_equal(executor_recover(executor), OK);
    atomic_store(&f->stats.listeners, 1);
    assert_true(executor_turn(executor, &kept.work));
    assert_true(executor_turn(executor, &refused.work));
    assert_int_equal(events_last(f->store->db, &newest), OK);
    assert_int_equal(atomic_load(&f->stats.last_event), newest.value);
    assert_int_equal(kept.tells, 1);
    executor_free(&executor);
}

/* A clock that is set back once it was looked at so many times. */
struct set_back_clock {
    struct instant now;
    int looks;
    int steady_looks;
};

static struct instant look_at_clock(void *context)
{
    struct set_back_clock *clock = context;
    bool is_back = clock->looks++ >= clock->steady_looks;
    return is_back ? instant_sub(clock->now, SECONDS(2)) : clock->now;
}

/* A timer that was found due has left the order, so that it must run, whatever the clock says
 * then: one that looked early was lost until the next start. */
static void test_clock_that_is_set_back_loses_no_timer(void **state)
{
    struct op_fixture *f = *state;
    struct id subject = {77};
    for (int looks = 0; looks < 8; looks++) {
        struct executor *executor = NULL;
        struct timer timer = {0};
        struct set_back_clock clock = {f->now, 0, INT32_MAX};
        struct executor_config config = {.site = &f->site,
                                         .db = f->store->db,
                                         .wire = {NULL, submit_nothing},
                                         .sync = {NULL, sync_nothing},
                                         .in_flight_max = 4};
        assert_int_equal(db_begin(f->store->db), OK);
        assert_int_equal(timer_arm(&f->op, (struct timer_request){timer_kind_PING, subject, f->now,
                                                                  PRIORITY_LOW}),
                         OK);
        assert_int_equal(db_commit(f->store->db), OK);
        f->site.clock = (struct clock_port){&clock, look_at_clock};
        assert_int_equal(executor_new(&config, &executor, &f->problem), OK);
        assert_int_equal(executor_recover(executor), OK);
        clock.looks = 0;
        clock.steady_looks = looks;
        executor_turn(executor, NULL);
        clock.looks = 0;
        clock.steady_looks = INT32_MAX;
        executor_turn(executor, NULL);
        assert_int_equal(
            timers_of_subject(f->store->db, f->store->arena, timer_kind_PING, subject, &timer),
            E_NOT_FOUND);
        executor_free(&executor);
    }
}

/* Only a server's database is shared. */
static int set_up_on_server(void **state)
{
    const char *engine = getenv("TOCSIN_TEST_STORE");
    if (engine != NULL || getenv("TOCSIN_TEST_POSTGRES") == NULL) {
        return op_set_up(state);
    }
    setenv("TOCSIN_TEST_STORE", "postgres", 1);
    int end = op_set_up(state);
    unsetenv("TOCSIN_TEST_STORE");
    return end;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sticky_work_waits_in_its_order, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_a_node_without_its_store_rests, set_up_on_server,
                                        op_tear_down),
        cmocka_unit_test(test_wait_that_ends_before_it_begins),
        cmocka_unit_test_setup_teardown(test_events_are_heard_when_they_are_durable, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_events_of_a_refused_operation_are_no_place, op_set_up,
                                        op_tear_down),
        cmocka_unit_test_setup_teardown(test_clock_that_is_set_back_loses_no_timer, op_set_up,
                                        op_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
