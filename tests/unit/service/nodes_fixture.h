/* Nodes that share a database, on a real server. Leases end because a test says so in their rows,
 * so that nothing has to be waited for. */
#ifndef TOCSIN_TESTS_UNIT_SERVICE_NODES_FIXTURE_H
#define TOCSIN_TESTS_UNIT_SERVICE_NODES_FIXTURE_H

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

static inline int64_t fake_clock(void)
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

static inline void open_node(struct store_fixture *f, struct test_node *node)
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

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
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
static inline struct test_node *nodes_of(void **state)
{
    struct nodes *nodes = *state;
    void *store = nodes->store;
    (void)store_of(&store);
    return nodes->items;
}

static inline void enter(struct test_node *node)
{
    assert_int_equal(db_begin(node->db), OK);
    assert_int_equal(cluster_enter(node->cluster, &node->op, &node->news), OK);
    if (node->news.is_first) {
        assert_int_equal(writer_begin(&node->writer, node->db), OK);
    }
}

static inline void leave(struct test_node *node)
{
    assert_int_equal(cluster_leave(node->cluster, &node->op, MEMORY_SAME), OK);
    assert_int_equal(db_commit(node->db), OK);
    cluster_committed(node->cluster);
    node->writer.effects.count = 0;
}

static inline void turn(struct test_node *node)
{
    enter(node);
    leave(node);
}

#define bits(set) __builtin_popcountll(set)

/* Both have their part of the timers, the first one sends. */
static inline void join_two(struct test_node *nodes)
{
    turn(&nodes[0]);
    turn(&nodes[1]);
    turn(&nodes[0]);
    turn(&nodes[1]);
}

static inline void end_lease(struct test_node *nodes, int node)
{
    store_execute(nodes->store, "UPDATE nodes SET lease_until=1 WHERE id=%d", node);
}

#define NODE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
