/* What nodes that share a database tell each other. */
#include "nodes_fixture.h"

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

static void test_what_is_paused_is_told(void **state)
{
    struct test_node *nodes = nodes_of(state);
    join_two(nodes);
    (void)hear_after_question(&nodes[0]);
    turn(&nodes[0]);
    const enum cluster_memory changes[] = {MEMORY_CHANGED, MEMORY_WANTED};
    for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
        enter(&nodes[1]);
        assert_int_equal(cluster_leave(nodes[1].cluster, &nodes[1].op, changes[i]), OK);
        assert_int_equal(db_commit(nodes[1].db), OK);
        (void)hear_after_question(&nodes[0]);
        assert_int_equal(cluster_is_due(nodes[0].cluster), changes[i] == MEMORY_WANTED);
        turn(&nodes[0]);
        assert_true(nodes[0].news.is_memory);
        turn(&nodes[1]);
        assert_false(nodes[1].news.is_memory);
    }
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
    (void)hear_after_question(&nodes[1]);
    turn(&nodes[1]);
    assert_false(cluster_sends(nodes[1].cluster));
    assert_int_equal(bits(nodes[1].news.gained), NODE_SHARDS - 1 - 31); /* At once. */
    clock_ms += LEASE_MS;
    end_lease(nodes, 1);
    turn(&nodes[1]);
    assert_true(cluster_sends(nodes[1].cluster));
    for (int64_t i = 1; i < 1000; i++) {
        assert_true(cluster_has_timer(nodes[1].cluster, timer_kind_ALERT, (struct id){i}));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NODE_TEST(test_what_is_paused_is_told),
        NODE_TEST(test_effects_go_to_their_node),
        NODE_TEST(test_many_effects),
        NODE_TEST(test_what_is_undone_is_not_told),
        NODE_TEST(test_old_news),
        NODE_TEST(test_one_quits),
        NODE_TEST(test_one_quits_while_it_sends),
        NODE_TEST(test_a_lost_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
