/* service/cluster_internal: what the parts of service/cluster share: cluster.c (leases, shards,
 * turns) and cluster_news.c (what nodes tell each other). */
#ifndef TOCSIN_SERVICE_CLUSTER_INTERNAL_H
#define TOCSIN_SERVICE_CLUSTER_INTERNAL_H

#include "service/cluster.h"

struct cluster {
    struct cluster_config config;
    int64_t node;          /* 0 before the first turn. */
    struct node_turn turn; /* The one under way, or the last one. */
    int64_t last_event_before;
    int64_t message_changes_before;
    bool is_known; /* What follows is what the rows said at the end of the last turn. */
    int64_t known_map;
    int64_t known_memory;
    uint64_t held;
    int others; /* Nodes. */
    bool has_changed_map;
    int pieces;                      /* Of what this turn tells. */
    int64_t read_turns[NODE_SHARDS]; /* The turn in which the rows of a shard were read. */
    int64_t look_ms;                 /* Monotonic. */
    int64_t next_deadline_ms;        /* The same; counts once the turn is durable. */
    _Atomic int64_t deadline_ms;
    bool is_sender; /* Of this tenure. */
    _Atomic int64_t tenure;
};

/* -1 for what is done where it was decided. */
int cluster_shard_of(const struct effect *effect);
/* To the others, with the commit; `must_look`: they are to take a turn. */
NODISCARD enum err cluster_tell(struct cluster *cluster, struct op *op, bool must_look);

#endif
