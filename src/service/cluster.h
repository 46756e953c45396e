/* service/cluster: this node among those that share a database (requirements N1, N3).
 *
 * All transactions that write follow each other (store/nodes), so whatever one process may assume
 * holds for all nodes together; what a node keeps in memory of the writer's it reads again where
 * another wrote in between. Work that time or the outside brings is divided by shards: 0 is all
 * that goes out (messages, questions to providers, the pace of calls), the others share the timers
 * by their ids. Who holds a shard stands in a row; a node reads of a change at the begin of its
 * turn, in the transaction, so that it never writes for what it has lost. A node whose lease has
 * ended is removed by any other. It may live on (stopped, cut off): cluster_may_send is what its
 * requests ask before they leave, and its next turn tells it that it lost all. What it gets back
 * then, be it at once, it reads anew, and what it was about to send stays: that was of another
 * tenure.
 *
 * An operation may run anywhere. What it leaves to be done in the shard of another node is told to
 * that node with the commit; a node that takes a shard reads its rows in the same turn, and what
 * was told of earlier turns is left out. So nothing is told twice and nothing gets lost but with
 * the connection, after which all is read again.
 * Threads: the executor's, but for cluster_may_send and cluster_is_alive. Owner: cluster_free. */
#ifndef TOCSIN_SERVICE_CLUSTER_H
#define TOCSIN_SERVICE_CLUSTER_H

#include "service/op.h"
#include "store/nodes.h"

struct cluster_config {
    struct duration lease; /* Within it the work of a node that is gone goes on elsewhere. */
    struct str address;
    struct str version;
    int64_t (*monotonic_ms)(void);
};

struct cluster;

struct cluster *cluster_new(const struct cluster_config *config);
void cluster_free(struct cluster **cluster);

/* A turn begins. The first one after cluster_forget takes its place among the nodes: then all that
 * is held counts as gained. */
struct cluster_news {
    bool is_first;
    bool is_foreign; /* Somebody else has written since this node's last turn. */
    bool is_memory;  /* And changed what is paused, or known of callees. */
    uint64_t lost;   /* Shards, a bit each. */
    uint64_t gained; /* These may be lost ones, which were with others in between. */
};
NODISCARD enum err cluster_enter(struct cluster *cluster, struct op *op, struct cluster_news *news);
/* And ends, before its commit: tells the others what they are to do. What is remembered of the rows
 * the others read in their next turn, or take one for. */
enum cluster_memory { MEMORY_SAME, MEMORY_CHANGED, MEMORY_WANTED };
NODISCARD enum err cluster_leave(struct cluster *cluster, struct op *op,
                                 enum cluster_memory memory);
/* It is durable. */
void cluster_committed(struct cluster *cluster);
/* It is not, or something may have been missed: the next turn is a first one. */
void cluster_forget(struct cluster *cluster);
/* In a turn, the last one: shards are anybody's. `keeps_sending`: requests are still under way,
 * and shard 0 stays until the lease is over. */
NODISCARD enum err cluster_quit(struct cluster *cluster, struct op *op, bool keeps_sending);

/* The shard of a timer, as a bit; and that of whatever goes out. */
uint64_t cluster_shard_bit(enum timer_kind kind, struct id id);
#define CLUSTER_SENDING UINT64_C(1)

/* A timer, or what is to be done for an effect, is this node's. */
bool cluster_has_timer(const struct cluster *cluster, enum timer_kind kind, struct id id);
bool cluster_has_effect(const struct cluster *cluster, const struct effect *effect);
bool cluster_sends(const struct cluster *cluster);

/* A look at the leases is due, and in how many milliseconds it will be. */
bool cluster_is_due(const struct cluster *cluster);
int64_t cluster_due_in_ms(const struct cluster *cluster);
/* Reads what the others told: `each` gets what is to be done here. E_UNAVAILABLE where the
 * connection was lost. The newest event that was told of is the writer's then. */
NODISCARD enum err cluster_hear(struct cluster *cluster, struct op *op, void *context,
                                void (*each)(void *context, const struct effect *effect));

/* The use case GET /nodes. */
NODISCARD enum err list_nodes(struct op *op, const void *input, void *output);

/* The time for which this node sends without a break, as a number. */
int64_t cluster_tenure(const struct cluster *cluster);
/* Whether a request of that tenure may still leave; whether anything may. Any thread. */
bool cluster_may_send(const struct cluster *cluster, int64_t tenure);
bool cluster_is_alive(const struct cluster *cluster);

#endif
