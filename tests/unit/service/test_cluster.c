/* Nodes that share a database: turns, leases, shards. */
#include "nodes_fixture.h"

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

/* What was with others in between is read anew, though it is back in the very turn that tells of
 * its loss; what was about to leave stays. */
static void test_what_comes_back_at_once(void **state)
{
    struct test_node *nodes = nodes_of(state);
    join_two(nodes);
    int64_t tenure = cluster_tenure(nodes[0].cluster);
    assert_true(cluster_may_send(nodes[0].cluster, tenure));
    end_lease(nodes, 1);
    clock_ms += LEASE_MS;
    turn(&nodes[1]);
    enter(&nodes[1]);
    assert_int_equal(cluster_quit(nodes[1].cluster, &nodes[1].op, false), OK);
    leave(&nodes[1]);
    enter(&nodes[0]);
    assert_int_equal(bits(nodes[0].news.lost), NODE_SHARDS - 31);
    assert_int_equal(bits(nodes[0].news.gained), NODE_SHARDS);
    assert_false(cluster_may_send(nodes[0].cluster, tenure));
    leave(&nodes[0]);
    assert_true(cluster_is_alive(nodes[0].cluster));
    assert_false(cluster_may_send(nodes[0].cluster, tenure));
    assert_true(cluster_may_send(nodes[0].cluster, cluster_tenure(nodes[0].cluster)));
    turn(&nodes[0]);
    assert_int_equal(bits(nodes[0].news.lost | nodes[0].news.gained), 0);
}

/* Its ids go on from the last one of all, though its clock is behind and the newest rows are gone.
 */
static void test_a_first_turn_goes_on_from_the_last_id(void **state)
{
    struct test_node *nodes = nodes_of(state);
    int64_t last = 0;
    write_something(&nodes[0], &last);
    store_execute(nodes->store, "DELETE FROM audit_events");
    nodes[1].op.now = store_time(-1000);
    enter(&nodes[1]);
    assert_true(nodes[1].news.is_first);
    assert_true(op_new_id(&nodes[1].op).value > last);
    leave(&nodes[1]);
}

static void test_requests_leave_within_the_lease(void **state)
{
    struct test_node *nodes = nodes_of(state);
    const struct cluster *cluster = nodes[0].cluster;
    enter(&nodes[0]);
    int64_t tenure = cluster_tenure(cluster);
    assert_false(cluster_may_send(cluster, tenure)); /* Not before it is durable. */
    leave(&nodes[0]);
    assert_true(cluster_may_send(cluster, tenure));
    clock_ms += LEASE_MS * 8 / 10 - 1;
    assert_true(cluster_may_send(cluster, tenure));
    clock_ms += 1;
    assert_false(cluster_may_send(cluster, tenure));
    assert_false(cluster_is_alive(cluster));
    turn(&nodes[0]);
    assert_true(cluster_may_send(cluster, tenure)); /* Late, but nobody else had it. */
    cluster_forget(nodes[0].cluster);
    turn(&nodes[0]);
    assert_true(cluster_may_send(cluster, tenure));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        NODE_TEST(test_shards_are_shared),
        NODE_TEST(test_writers_follow_each_other),
        NODE_TEST(test_a_lease_ends),
        NODE_TEST(test_what_comes_back_at_once),
        NODE_TEST(test_a_first_turn_goes_on_from_the_last_id),
        NODE_TEST(test_requests_leave_within_the_lease),
        NODE_TEST(test_a_turn_is_taken_away),
        NODE_TEST(test_sharing_and_being_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
