/* Nodes that share a database, on a real server: turns, leases, shards, and what they tell each
 * other. Leases end because a test says so in their rows, so that nothing has to be waited for. */
#include "lib/store_fixture.h"
#include "service/cluster.h"
#include "store/db_news.h"
#include "store/timers.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum {
    LEASE_MS = 60000,
    TURN_MAX_MS = 200,
    NODES_IN_TEST = 3,
    HEARD_MAX = 16,
    PATIENCE_MS = 10000
};

static int64_t clock_ms;

static int64_t fake_clock(void)
{
    return clock_ms;
}

struct test_node {
    struct store_fixture *store;
    struct db *db;
    struct cluster *cluster;
    struct site site;
    struct writer writer;
    struct problem problem;
    struct op op;
    struct cluster_news news;
    struct effect heard[HEARD_MAX];
    int heard_count;
};

struct nodes {
    struct store_fixture *store;
    struct test_node items[NODES_IN_TEST];
};

static void open_node(struct store_fixture *f, struct test_node *node)
{
    struct db_config config = {.driver = f->driver,
                               .path = f->path,
                               .turn_max = MILLISECONDS(TURN_MAX_MS),
                               .seal = f->seal,
                               .log = &f->log};
    node->store = f;
    assert_int_equal(db_open(&config, &node->db, &f->problem), OK);
    assert_int_equal(db_execute(node->db, db_dialect(node->db)->let_in, &f->problem), OK);
    node->cluster = cluster_new(&(struct cluster_config){MILLISECONDS(LEASE_MS), STR("127.0.0.1:1"),
                                                         STR("test"), fake_clock});
    node->op = (struct op){.now = store_time(0),
                           .arena = f->arena,
                           .db = node->db,
                           .site = &node->site,
                           .writer = &node->writer,
                           .actor = {.name = STR("test"), .scope = key_scope_ADMIN},
                           .problem = &node->problem};
}

static int set_up(void **state)
{
    struct nodes *nodes = test_calloc(1, sizeof *nodes);
    *state = nodes;
    store_set_up_postgres((void **)&nodes->store);
    clock_ms = 1000000;
    for (int i = 0; nodes->store->db != NULL && i < NODES_IN_TEST; i++) {
        open_node(nodes->store, &nodes->items[i]);
    }
    return 0;
}

static int tear_down(void **state)
{
    struct nodes *nodes = *state;
    void *store = nodes->store;
    for (int i = 0; i < NODES_IN_TEST; i++) {
        writer_free(&nodes->items[i].writer);
        cluster_free(&nodes->items[i].cluster);
        db_close(&nodes->items[i].db);
    }
    test_free(nodes);
    return store_tear_down(&store);
}

/* Skips the test where there is no server. */
static struct test_node *nodes_of(void **state)
{
    struct nodes *nodes = *state;
    void *store = nodes->store;
    (void)store_of(&store);
    return nodes->items;
}

static void enter(struct test_node *node)
{
    assert_int_equal(db_begin(node->db), OK);
    assert_int_equal(cluster_enter(node->cluster, &node->op, &node->news), OK);
    if (node->news.is_first) {
        assert_int_equal(writer_begin(&node->writer, node->db), OK);
    }
}

static void leave(struct test_node *node)
{
    assert_int_equal(cluster_leave(node->cluster, &node->op, false), OK);
    assert_int_equal(db_commit(node->db), OK);
    cluster_committed(node->cluster);
    node->writer.effects.count = 0;
}

static void turn(struct test_node *node)
{
    enter(node);
    leave(node);
}

#define bits(set) __builtin_popcountll(set)

static void take_effect(void *context, const struct effect *effect)
{
    struct test_node *node = context;
    assert_in_range(node->heard_count, 0, HEARD_MAX - 1);
    node->heard[node->heard_count++] = *effect;
}

static int hear(struct test_node *node)
{
    node->heard_count = 0;
    assert_int_equal(cluster_hear(node->cluster, &node->op, node, take_effect), OK);
    return node->heard_count;
}

/* What others have told since comes with the answer to any statement. */
static int hear_after_question(struct test_node *node)
{
    int64_t ignored = 0;
    assert_int_equal(db_number(node->db, S_users_count, &ignored, NO_PARAMS), OK);
    return hear(node);
}

/* A timer of this node's, or of another's. */
static struct id timer_of(const struct test_node *node, bool is_own)
{
    struct id id = {4096};
    while (cluster_has_timer(node->cluster, timer_kind_CLEAN, id) != is_own) {
        id.value++;
    }
    return id;
}

static void plan(struct test_node *node, struct id id)
{
    op_effect(&node->op, (struct effect){.kind = EFFECT_TIMER,
                                         .id = id,
                                         .at = store_time(5),
                                         .priority = 7,
                                         .tag = timer_kind_CLEAN});
}

static void end_lease(struct test_node *nodes, int node)
{
    store_execute(nodes->store, "UPDATE nodes SET lease_until=1 WHERE id=%d", node);
}

/* Both have their part of the timers, the first one sends. */
static void join_two(struct test_node *nodes)
{
    turn(&nodes[0]);
    turn(&nodes[1]);
    turn(&nodes[0]);
    turn(&nodes[1]);
}

static void test_shards_are_shared(void **state)
{
    struct test_node *nodes = nodes_of(state);
    enter(&nodes[0]);
    assert_true(nodes[0].news.is_first);
    assert_int_equal(bits(nodes[0].news.gained), NODE_SHARDS);
    leave(&nodes[0]);
    turn(&nodes[1]);
    assert_int_equal(bits(nodes[1].news.gained), 0);
    enter(&nodes[0]);
    assert_int_equal(bits(nodes[0].news.lost), 31);
    assert_int_equal(bits(nodes[0].news.gained), 0);
    assert_true(cluster_sends(nodes[0].cluster));
    leave(&nodes[0]);
    turn(&nodes[1]);
    assert_int_equal(bits(nodes[1].news.gained), 31);
    assert_false(cluster_sends(nodes[1].cluster));
    for (int64_t i = 1; i < 1000; i++) {
        struct id id = {i * 4099};
        assert_int_not_equal(cluster_has_timer(nodes[0].cluster, timer_kind_ALERT, id),
                             cluster_has_timer(nodes[1].cluster, timer_kind_ALERT, id));
        assert_true(cluster_has_timer(nodes[0].cluster, timer_kind_SCHEDULED_CALL, id));
    }
}

static void write_something(struct test_node *node, int64_t *last)
{
    enter(node);
    struct id id = op_new_id(&node->op);
    assert_true(id.value > *last);
    *last = id.value;
    assert_int_equal(op_audit(&node->op, (struct audit_entry){.action = "test.done",
                                                              .subject_type = subject_type_SYSTEM,
                                                              .subject = id}),
                     OK);
    leave(node);
}

/* Two processes write as if they were one. */
static void test_writers_follow_each_other(void **state)
{
    struct test_node *nodes = nodes_of(state);
    struct problem problem = {0};
    int64_t checked = 0;
    int64_t last = 0;
    join_two(nodes);
    nodes[1].op.now = store_time(-10); /* Its clock is behind. */
    for (int i = 0; i < 20; i++) {
        write_something(&nodes[i / 3 % 2], &last);
    }
    assert_int_equal(audit_verify(nodes[0].db, &checked, &problem), OK);
    assert_int_equal(checked, 20);
    write_something(&nodes[1], &last);
    turn(&nodes[0]);
    assert_true(nodes[0].news.is_foreign);
    turn(&nodes[0]);
    assert_false(nodes[0].news.is_foreign);
}

static void test_what_is_paused_is_told(void **state)
{
    struct test_node *nodes = nodes_of(state);
    join_two(nodes);
    enter(&nodes[1]);
    assert_int_equal(cluster_leave(nodes[1].cluster, &nodes[1].op, true), OK);
    assert_int_equal(db_commit(nodes[1].db), OK);
    turn(&nodes[0]);
    assert_true(nodes[0].news.is_memory);
    turn(&nodes[1]);
    assert_false(nodes[1].news.is_memory);
}

static void test_a_lease_ends(void **state)
{
    struct test_node *nodes = nodes_of(state);
    join_two(nodes);
    end_lease(nodes, 1);
    turn(&nodes[1]);
    assert_false(cluster_sends(nodes[1].cluster)); /* It does not look before it is time. */
    clock_ms += LEASE_MS;
    turn(&nodes[1]);
    assert_int_equal(bits(nodes[1].news.gained), NODE_SHARDS - 31);
    assert_true(cluster_sends(nodes[1].cluster));
    /* The one that was away learns of it in its next turn, before it can do anything. */
    enter(&nodes[0]);
    assert_int_equal(bits(nodes[0].news.lost), NODE_SHARDS - 31);
    assert_false(cluster_sends(nodes[0].cluster));
    leave(&nodes[0]);
    turn(&nodes[1]);
    turn(&nodes[0]);
    assert_int_equal(bits(nodes[0].news.gained), 32);
    assert_false(cluster_sends(nodes[0].cluster));
}

static void test_requests_leave_within_the_lease(void **state)
{
    struct test_node *nodes = nodes_of(state);
    enter(&nodes[0]);
    assert_false(cluster_may_send(nodes[0].cluster)); /* Not before it is durable. */
    leave(&nodes[0]);
    assert_true(cluster_may_send(nodes[0].cluster));
    clock_ms += LEASE_MS * 8 / 10 - 1;
    assert_true(cluster_may_send(nodes[0].cluster));
    clock_ms += 1;
    assert_false(cluster_may_send(nodes[0].cluster));
    turn(&nodes[0]);
    assert_true(cluster_may_send(nodes[0].cluster));
}

static void test_effects_go_to_their_node(void **state)
{
    struct test_node *nodes = nodes_of(state);
    join_two(nodes);
    (void)hear_after_question(&nodes[0]);
    (void)hear_after_question(&nodes[1]);
    struct id own = timer_of(&nodes[1], true);
    struct id other = timer_of(&nodes[1], false);
    enter(&nodes[1]);
    plan(&nodes[1], own);
    plan(&nodes[1], other);
    op_effect(&nodes[1].op,
              (struct effect){.kind = EFFECT_FIND, .inbox = provider_find(STR("twilio"))});
    op_effect(&nodes[1].op, (struct effect){.kind = EFFECT_ACTIVE, .priority = -1});
    op_effect(&nodes[1].op, (struct effect){.kind = EFFECT_PING});
    nodes[1].writer.last_event = (struct id){77};
    leave(&nodes[1]);
    assert_int_equal(hear_after_question(&nodes[0]), 3);
    const struct effect *timer = &nodes[0].heard[0];
    assert_int_equal(timer->kind, EFFECT_TIMER);
    assert_true(id_equal(timer->id, other));
    assert_true(timer->at.us == store_time(5).us);
    assert_int_equal(timer->priority, 7);
    assert_int_equal(timer->tag, timer_kind_CLEAN);
    assert_ptr_equal(nodes[0].heard[1].inbox, provider_find(STR("twilio")));
    assert_int_equal(nodes[0].heard[2].kind, EFFECT_ACTIVE);
    assert_int_equal(nodes[0].heard[2].priority, -1);
    assert_true(nodes[0].writer.last_event.value == 77);
    assert_int_equal(hear_after_question(&nodes[0]), 0);
    assert_int_equal(hear_after_question(&nodes[1]), 0);
}

static void count_effect(void *context, const struct effect *effect)
{
    assert_int_equal(effect->priority, 7);
    ++*(int *)context;
}

/* More than one piece of news can hold, and all the same: an attempt less, and another one less. */
static void test_many_effects(void **state)
{
    struct test_node *nodes = nodes_of(state);
    enum { MANY = 3000 };
    int heard = 0;
    join_two(nodes);
    struct id other = timer_of(&nodes[1], false);
    enter(&nodes[1]);
    for (int i = 0; i < MANY; i++) {
        plan(&nodes[1], other);
    }
    leave(&nodes[1]);
    struct pollfd ear = {.fd = db_ear(nodes[0].db), .events = POLLIN};
    while (heard < MANY && poll(&ear, 1, PATIENCE_MS) == 1) {
        assert_int_equal(cluster_hear(nodes[0].cluster, &nodes[0].op, &heard, count_effect), OK);
    }
    assert_int_equal(heard, MANY);
}

static void test_what_is_undone_is_not_told(void **state)
{
    struct test_node *nodes = nodes_of(state);
    join_two(nodes);
    struct id other = timer_of(&nodes[1], false);
    (void)hear_after_question(&nodes[0]);
    enter(&nodes[1]);
    plan(&nodes[1], other);
    assert_int_equal(cluster_leave(nodes[1].cluster, &nodes[1].op, false), OK);
    db_rollback(nodes[1].db);
    cluster_forget(nodes[1].cluster);
    nodes[1].writer.effects.count = 0;
    assert_int_equal(hear_after_question(&nodes[0]), 0);
    /* All that it holds is gained again. */
    turn(&nodes[1]);
    assert_true(nodes[1].news.is_first);
    assert_int_equal(bits(nodes[1].news.gained), 31);
}

/* What was told before a shard's rows were read is in what was read. */
static void test_old_news(void **state)
{
    struct test_node *nodes = nodes_of(state);
    join_two(nodes);
    struct id own = timer_of(&nodes[1], true);
    turn(&nodes[2]);
    (void)hear_after_question(&nodes[2]);
    /* The second node gives up a part to the third, which has not taken it yet. */
    turn(&nodes[1]);
    while (cluster_has_timer(nodes[1].cluster, timer_kind_CLEAN, own)) {
        own.value++;
        assert_true(own.value < 100000);
    }
    (void)hear_after_question(&nodes[2]);
    enter(&nodes[0]);
    plan(&nodes[0], own);
    leave(&nodes[0]);
    turn(&nodes[2]);
    turn(&nodes[0]);
    turn(&nodes[2]);
    assert_int_equal(hear(&nodes[2]), 0);
}

/* One that is silent in the middle of its turn loses it, with all that it had done in it. */
static void test_a_turn_is_taken_away(void **state)
{
    struct test_node *nodes = nodes_of(state);
    int64_t last = 0;
    int64_t ignored = 0;
    join_two(nodes);
    enter(&nodes[0]);
    nodes[0].writer.ids.last = INT64_C(1) << 59;
    assert_int_equal(db_run(nodes[0].db, S_setting_put,
                            PARAMS(value_text(STR("stalled")), value_text(STR("yes")))),
                     OK);
    write_something(&nodes[1], &last); /* Waits for the server to take it away. */
    enum err err = cluster_leave(nodes[0].cluster, &nodes[0].op, false);
    if (err == OK) {
        err = db_commit(nodes[0].db);
    }
    assert_int_equal(err, E_UNAVAILABLE);
    db_rollback(nodes[0].db);
    assert_int_equal(
        db_number(nodes[1].db, S_setting_read, &ignored, PARAMS(value_text(STR("stalled")))),
        E_NOT_FOUND);
}

static void test_one_quits(void **state)
{
    struct test_node *nodes = nodes_of(state);
    join_two(nodes);
    enter(&nodes[0]);
    assert_int_equal(cluster_quit(nodes[0].cluster, &nodes[0].op, false), OK);
    leave(&nodes[0]);
    (void)hear_after_question(&nodes[1]);
    assert_true(cluster_is_due(nodes[1].cluster)); /* It was told. */
    turn(&nodes[1]);
    assert_int_equal(bits(nodes[1].news.gained), NODE_SHARDS - 31);
}

static void test_one_quits_while_it_sends(void **state)
{
    struct test_node *nodes = nodes_of(state);
    join_two(nodes);
    enter(&nodes[0]);
    assert_int_equal(cluster_quit(nodes[0].cluster, &nodes[0].op, true), OK);
    leave(&nodes[0]);
    turn(&nodes[1]);
    assert_false(cluster_sends(nodes[1].cluster));
    clock_ms += LEASE_MS;
    end_lease(nodes, 1);
    turn(&nodes[1]);
    assert_true(cluster_sends(nodes[1].cluster));
    for (int64_t i = 1; i < 1000; i++) {
        assert_true(cluster_has_timer(nodes[1].cluster, timer_kind_ALERT, (struct id){i}));
    }
}

static void test_sharing_and_being_alone(void **state)
{
    struct test_node *nodes = nodes_of(state);
    struct store_fixture *f = nodes[0].store;
    struct db_config config = {
        .driver = f->driver, .path = f->path, .is_alone = true, .seal = f->seal, .log = &f->log};
    struct db *db = NULL;
    assert_int_equal(db_open(&config, &db, &f->problem), E_CONFLICT);
    for (int i = 0; i < NODES_IN_TEST; i++) {
        db_close(&nodes[i].db);
    }
    assert_int_equal(db_open(&config, &db, &f->problem), OK);
    db_close(&db);
}

/* A connection that was lost is said to be, and makes a node read all anew. */
static void test_a_lost_connection(void **state)
{
    struct test_node *nodes = nodes_of(state);
    join_two(nodes);
    store_execute(nodes[0].store, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                                  "pid<>pg_backend_pid() AND application_name=current_schema()");
    struct pollfd ear = {.fd = db_ear(nodes[1].db), .events = POLLIN};
    enum err err = OK;
    while (err == OK && poll(&ear, 1, PATIENCE_MS) == 1) {
        err = cluster_hear(nodes[1].cluster, &nodes[1].op, &nodes[1], take_effect);
    }
    assert_int_equal(err, E_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define NODE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        NODE_TEST(test_shards_are_shared),
        NODE_TEST(test_writers_follow_each_other),
        NODE_TEST(test_what_is_paused_is_told),
        NODE_TEST(test_a_lease_ends),
        NODE_TEST(test_requests_leave_within_the_lease),
        NODE_TEST(test_effects_go_to_their_node),
        NODE_TEST(test_many_effects),
        NODE_TEST(test_what_is_undone_is_not_told),
        NODE_TEST(test_old_news),
        NODE_TEST(test_a_turn_is_taken_away),
        NODE_TEST(test_one_quits),
        NODE_TEST(test_one_quits_while_it_sends),
        NODE_TEST(test_sharing_and_being_alone),
        NODE_TEST(test_a_lost_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
