#include "service/cluster_internal.h"

#include "base/memory.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Of a lease, in tenths: what the row says, so that others have taken over within the whole of it;
 * and how long requests may leave, which ends before the row does. */
enum { TENTHS = 10, LEASE_TENTHS = 9, SEND_TENTHS = 8 };
/* A node looks at the leases so often within one, and this soon after the end of another's. */
enum { LOOKS_PER_LEASE = 3, AFTER_LEASE_MS = 10 };
enum { SENDING_SHARD = 0, TIMER_SHARDS = NODE_SHARDS - 1 };

static_assert(NODE_SHARDS == 64, "a set of shards is one word");

struct cluster *cluster_new(const struct cluster_config *config)
{
    struct cluster *cluster = memory_new(sizeof *cluster);
    cluster->config = *config;
    return cluster;
}

void cluster_free(struct cluster **cluster)
{
    free(*cluster);
    *cluster = NULL;
}

static uint64_t bit_of(int shard)
{
    return UINT64_C(1) << shard;
}

static int shard_of_timer(enum timer_kind kind, struct id id)
{
    if (kind == timer_kind_SCHEDULED_CALL) {
        return SENDING_SHARD; /* All calls go by one pace. */
    }
    uint64_t mixed = (uint64_t)id.value * UINT64_C(0x9e3779b97f4a7c15);
    return 1 + (int)((mixed >> 32) % TIMER_SHARDS);
}

/* -1 for what is done where it was decided. */
int cluster_shard_of(const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_TIMER:
        return shard_of_timer((enum timer_kind)effect->tag, effect->id);
    case EFFECT_SEND:
    case EFFECT_FIND:
    case EFFECT_CANCEL:
    case EFFECT_PACE:
    case EFFECT_CALL_GONE:
    case EFFECT_ACTIVE:
        return SENDING_SHARD;
    case EFFECT_SYNC:
    case EFFECT_SINK:
    case EFFECT_PING:
        break;
    }
    return -1;
}

uint64_t cluster_shard_bit(enum timer_kind kind, struct id id)
{
    return bit_of(shard_of_timer(kind, id));
}

bool cluster_has_timer(const struct cluster *cluster, enum timer_kind kind, struct id id)
{
    return (cluster->held & cluster_shard_bit(kind, id)) != 0;
}

bool cluster_has_effect(const struct cluster *cluster, const struct effect *effect)
{
    int shard = cluster_shard_of(effect);
    return shard < 0 || (cluster->held & bit_of(shard)) != 0;
}

bool cluster_sends(const struct cluster *cluster)
{
    return (cluster->held & CLUSTER_SENDING) != 0;
}

bool cluster_is_due(const struct cluster *cluster)
{
    return cluster_due_in_ms(cluster) == 0;
}

int64_t cluster_due_in_ms(const struct cluster *cluster)
{
    int64_t left = cluster->look_ms - cluster->config.monotonic_ms();
    return left < 0 ? 0 : left;
}

int64_t cluster_tenure(const struct cluster *cluster)
{
    return atomic_load(&cluster->tenure);
}

bool cluster_may_send(const struct cluster *cluster, int64_t tenure)
{
    return tenure == atomic_load(&cluster->tenure) && cluster_is_alive(cluster);
}

bool cluster_is_alive(const struct cluster *cluster)
{
    return cluster->config.monotonic_ms() < atomic_load(&cluster->deadline_ms);
}

void cluster_forget(struct cluster *cluster)
{
    cluster->is_known = false;
    cluster->held = 0;
    cluster->look_ms = 0;
}

void cluster_committed(struct cluster *cluster)
{
    if (cluster->next_deadline_ms != 0) {
        atomic_store(&cluster->deadline_ms, cluster->next_deadline_ms);
        cluster->next_deadline_ms = 0;
    }
}

static int64_t tenths(const struct cluster *cluster, int tenths)
{
    return duration_ms(cluster->config.lease) * tenths / TENTHS;
}

/* --- Leases --- */

/* Those that live; whoever does not is removed. */
static enum err remove_dead(struct cluster *cluster, struct op *op, struct node_leases *leases)
{
    int count = 0;
    for (int i = 0; i < leases->count; i++) {
        int64_t node = leases->items[i].node;
        if (node != cluster->node && leases->items[i].lease_ms <= cluster->turn.now_ms) {
            op_log(op, LOG_WARN, LOG_WORKER, "node %lld is gone: its work goes on elsewhere",
                   (long long)node);
            TRY(nodes_remove(op->db, node));
            cluster->has_changed_map = true;
            continue;
        }
        leases->items[count++] = leases->items[i];
    }
    leases->count = count;
    return OK;
}

static int rank_of(const struct node_leases *leases, int64_t node)
{
    for (int i = 0; i < leases->count; i++) {
        if (leases->items[i].node == node) {
            return i;
        }
    }
    return -1;
}

/* What it held may have been with others since, also what is nobody's by now; and what it was about
 * to send is theirs. */
static void lose_all(struct cluster *cluster, struct cluster_news *news)
{
    news->lost = cluster->held;
    cluster->held = 0;
    cluster->is_sender = false;
    atomic_fetch_add(&cluster->tenure, 1);
}

/* One that was away for too long comes back under its number, with nothing. */
static enum err take_place(struct cluster *cluster, struct op *op, struct node_leases *leases,
                           struct cluster_news *news)
{
    struct node node = {
        .id = cluster->node,
        .address = cluster->config.address,
        .version = cluster->config.version,
        .started_ms = instant_ms(op->now),
        .lease_ms = cluster->turn.now_ms + tenths(cluster, LEASE_TENTHS),
    };
    if (cluster->node != 0 && rank_of(leases, cluster->node) >= 0) {
        return nodes_renew(op->db, cluster->node, node.lease_ms);
    }
    if (leases->count == NODES_MAX) {
        return op_fail(op, E_CONFLICT, NULL, "there are %d nodes already", NODES_MAX);
    }
    cluster->has_changed_map = true;
    if (cluster->node == 0) {
        TRY(nodes_add(op->db, &node));
        cluster->node = node.id;
        op_log(op, LOG_INFO, LOG_WORKER, "this is node %lld", (long long)node.id);
    } else {
        op_log(op, LOG_WARN, LOG_WORKER,
               "node %lld, this one, was silent for longer than its lease: its work went to others",
               (long long)cluster->node);
        TRY(nodes_add_again(op->db, &node));
        lose_all(cluster, news);
    }
    leases->items[leases->count].is_leaving = false;
    leases->items[leases->count].node = node.id;
    leases->items[leases->count++].lease_ms = node.lease_ms;
    return OK;
}

/* --- Shards --- */

static enum err give(struct cluster *cluster, struct op *op, struct node_map *map, int shard,
                     int64_t node)
{
    map->holders[shard] = node;
    cluster->has_changed_map = true;
    return nodes_give(op->db, shard, node);
}

/* Those who stay have equal parts. */
static int part_of(const struct node_leases *leases, int64_t node)
{
    int staying = 0;
    int rank = 0;
    for (int i = 0; i < leases->count; i++) {
        rank = leases->items[i].node == node ? staying : rank;
        staying += leases->items[i].is_leaving ? 0 : 1;
    }
    return staying == 0 ? 0 : TIMER_SHARDS / staying + (rank < TIMER_SHARDS % staying ? 1 : 0);
}

/* Everybody has an equal part of the timers: what is too much here becomes anybody's, what is
 * anybody's is taken. Whatever goes out stays where it is, since requests are under way there. */
static enum err take_part(struct cluster *cluster, struct op *op, const struct node_leases *leases,
                          struct node_map *map)
{
    int part = part_of(leases, cluster->node);
    int mine = 0;
    for (int shard = 1; shard < NODE_SHARDS; shard++) {
        if (map->holders[shard] == cluster->node && ++mine > part) {
            TRY(give(cluster, op, map, shard, 0));
        }
    }
    for (int shard = 0; shard < NODE_SHARDS; shard++) {
        bool is_free = rank_of(leases, map->holders[shard]) < 0;
        if (is_free && (shard == SENDING_SHARD || mine < part)) {
            TRY(give(cluster, op, map, shard, cluster->node));
            mine += shard != SENDING_SHARD;
        }
    }
    return OK;
}

static void take_map(struct cluster *cluster, const struct node_map *map, struct cluster_news *news)
{
    uint64_t held = 0;
    for (int shard = 0; shard < NODE_SHARDS; shard++) {
        bool is_own = map->holders[shard] == cluster->node;
        held |= is_own ? bit_of(shard) : 0;
        if (is_own && (cluster->held & bit_of(shard)) == 0) {
            cluster->read_turns[shard] = cluster->turn.number;
        }
    }
    news->lost |= cluster->held & ~held;
    news->gained = held & ~cluster->held;
    cluster->held = held;
    if (cluster->is_sender && !cluster_sends(cluster)) {
        atomic_fetch_add(&cluster->tenure, 1);
    }
    cluster->is_sender = cluster_sends(cluster);
}

static void plan_look(struct cluster *cluster, const struct node_leases *leases, int64_t now_ms)
{
    int64_t after_ms = duration_ms(cluster->config.lease) / LOOKS_PER_LEASE;
    for (int i = 0; i < leases->count; i++) {
        int64_t left_ms = leases->items[i].lease_ms - cluster->turn.now_ms + AFTER_LEASE_MS;
        if (leases->items[i].node != cluster->node && left_ms < after_ms) {
            after_ms = left_ms;
        }
    }
    cluster->look_ms = now_ms + after_ms;
    cluster->others = leases->count - 1;
}

/* `now_ms` was read before the database was asked, so that a deadline that counts from it is never
 * later than the lease. */
static enum err look(struct cluster *cluster, struct op *op, int64_t now_ms,
                     struct cluster_news *news)
{
    struct node_leases leases;
    struct node_map map;
    TRY(nodes_leases(op->db, &leases));
    TRY(remove_dead(cluster, op, &leases));
    TRY(take_place(cluster, op, &leases, news));
    cluster->next_deadline_ms = now_ms + tenths(cluster, SEND_TENTHS);
    plan_look(cluster, &leases, now_ms);
    if (cluster->is_known && cluster->turn.map == cluster->known_map && !cluster->has_changed_map) {
        return OK;
    }
    TRY(nodes_map(op->db, &map));
    TRY(take_part(cluster, op, &leases, &map));
    take_map(cluster, &map, news);
    return OK;
}

/* --- Turns --- */

static void go_on_from(struct cluster *cluster, struct writer *writer)
{
    const struct node_turn *turn = &cluster->turn;
    writer->last_event = (struct id){turn->last_event};
    writer->chain = turn->chain;
}

enum err cluster_enter(struct cluster *cluster, struct op *op, struct cluster_news *news)
{
    int64_t now_ms = cluster->config.monotonic_ms();
    cluster->has_changed_map = false;
    cluster->pieces = 0;
    cluster->next_deadline_ms = 0;
    TRY(nodes_take_turn(op->db, &cluster->turn));
    const struct node_turn *turn = &cluster->turn;
    *news = (struct cluster_news){
        .is_first = !cluster->is_known,
        .is_foreign = cluster->is_known && turn->node != cluster->node,
        .is_memory = cluster->is_known && turn->memory != cluster->known_memory,
    };
    struct id_source *ids = &op->writer->ids;
    ids->last = turn->last_id > ids->last ? turn->last_id : ids->last;
    if (news->is_foreign) {
        go_on_from(cluster, op->writer);
    }
    cluster->last_event_before = op->writer->last_event.value;
    cluster->message_changes_before = op->writer->message_changes;
    if (!cluster->is_known || turn->map != cluster->known_map || now_ms >= cluster->look_ms) {
        TRY(look(cluster, op, now_ms, news));
    }
    cluster->turn.map += cluster->has_changed_map;
    cluster->known_map = cluster->turn.map;
    cluster->known_memory = cluster->turn.memory;
    cluster->is_known = true;
    return OK;
}

enum err cluster_quit(struct cluster *cluster, struct op *op, bool keeps_sending)
{
    struct node_map map;
    cluster->turn.map += !cluster->has_changed_map;
    cluster->has_changed_map = true;
    if (!keeps_sending) {
        return nodes_remove(op->db, cluster->node);
    }
    TRY(nodes_leave(op->db, cluster->node));
    TRY(nodes_map(op->db, &map));
    for (int shard = 1; shard < NODE_SHARDS; shard++) {
        if (map.holders[shard] == cluster->node) {
            TRY(nodes_give(op->db, shard, 0));
        }
    }
    return OK;
}

enum err cluster_leave(struct cluster *cluster, struct op *op, enum cluster_memory memory)
{
    struct node_turn *turn = &cluster->turn;
    turn->node = cluster->node;
    turn->last_id = op->writer->ids.last;
    turn->last_event = op->writer->last_event.value;
    turn->chain = op->writer->chain;
    turn->memory += memory != MEMORY_SAME;
    cluster->known_memory = turn->memory;
    if (cluster->others > 0) {
        TRY(cluster_tell(cluster, op, memory == MEMORY_WANTED));
    }
    return nodes_end_turn(op->db, turn);
}
