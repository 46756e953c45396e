/* store/nodes: several nodes on one database: turns to write, leases, shards.
 *
 * A transaction that writes takes its turn first: it changes the one row of `cluster`, which makes
 * it wait for the one before, so that all of them follow each other as if one process made them.
 * The row hands on what each writer goes on from. Leases are in the time of the database, never in
 * a node's own. All of it inside of a transaction. Errors as store/db. */
#ifndef TOCSIN_STORE_NODES_H
#define TOCSIN_STORE_NODES_H

#include "store/audit.h"

/* Shard 0 is whatever goes out; the others share the timers. */
enum { NODE_SHARDS = 64 };

struct node_turn {
    int64_t number;
    int64_t node; /* Whose turn it was last. */
    int64_t last_id;
    int64_t last_event;
    struct audit_chain chain;
    int64_t map;    /* Counts changes of nodes and shards. */
    int64_t memory; /* Counts changes of what is paused (service/queue) or known of callees. */
    int64_t now_ms; /* Of the database. */
};

NODISCARD enum err nodes_take_turn(struct db *db, struct node_turn *out);
/* What the next one goes on from. */
NODISCARD enum err nodes_end_turn(struct db *db, const struct node_turn *turn);

struct node {
    int64_t id;
    struct str address;
    struct str version;
    int64_t started_ms;
    int64_t lease_ms; /* Until when. */
};
/* As struct node_view, for people; outside of any turn. */
NODISCARD enum err nodes_shown(struct db *db, struct arena *arena, struct list *out);
/* Takes a number that no node had before. */
NODISCARD enum err nodes_add(struct db *db, struct node *node);
/* The same under the number that it has. */
NODISCARD enum err nodes_add_again(struct db *db, const struct node *node);
NODISCARD enum err nodes_renew(struct db *db, int64_t node, int64_t lease_ms);
/* It only waits for what is under way. */
NODISCARD enum err nodes_leave(struct db *db, int64_t node);
/* Its shards are nobody's from then on. */
NODISCARD enum err nodes_remove(struct db *db, int64_t node);

enum { NODES_MAX = 64 };
struct node_leases {
    int count;
    struct {
        int64_t node;
        int64_t lease_ms;
        bool is_leaving; /* It takes no timers any more. */
    } items[NODES_MAX];
};
/* In the order of their numbers; E_CONFLICT where there are more than NODES_MAX. */
NODISCARD enum err nodes_leases(struct db *db, struct node_leases *out);

/* Who holds each shard; 0 for nobody. */
struct node_map {
    int64_t holders[NODE_SHARDS];
};
NODISCARD enum err nodes_map(struct db *db, struct node_map *out);
NODISCARD enum err nodes_give(struct db *db, int shard, int64_t node);

#endif
