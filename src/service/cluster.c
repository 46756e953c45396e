#include "service/cluster.h"

#include "base/memory.h"
#include "store/db_news.h"

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
};

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
static int shard_of(const struct effect *effect)
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
    int shard = shard_of(effect);
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

bool cluster_may_send(const struct cluster *cluster)
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

/* One that was away for too long comes back under its number, with nothing. */
static enum err take_place(struct cluster *cluster, struct op *op, struct node_leases *leases)
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
    }
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

/* Everybody has an equal part of the timers: what is too much here becomes anybody's, what is
 * anybody's is taken. Whatever goes out stays where it is, since requests are under way there. */
static enum err take_part(struct cluster *cluster, struct op *op, const struct node_leases *leases,
                          struct node_map *map)
{
    int rank = rank_of(leases, cluster->node);
    int part = TIMER_SHARDS / leases->count + (rank < TIMER_SHARDS % leases->count ? 1 : 0);
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
    news->lost = cluster->held & ~held;
    news->gained = held & ~cluster->held;
    cluster->held = held;
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
    TRY(take_place(cluster, op, &leases));
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
    writer->ids.last = turn->last_id > writer->ids.last ? turn->last_id : writer->ids.last;
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
    TRY(nodes_map(op->db, &map));
    for (int shard = 1; shard < NODE_SHARDS; shard++) {
        if (map.holders[shard] == cluster->node) {
            TRY(nodes_give(op->db, shard, 0));
        }
    }
    return OK;
}

/* --- News ---
 *
 *   TURN PIECE                            the server leaves out what is told twice, word by word
 *   T KIND ID AT PRIORITY TAG PROVIDER    what is to be done; "-" for no provider
 *   E ID                                  the newest event
 *   C                                     states or receipts of messages have changed
 *   M                                     nodes or shards have changed */

/* A server takes less than 8,000 bytes in one piece. */
enum { NEWS_BYTES_MAX = 7000, EFFECT_WORDS = 7 };

static enum err tell_piece(struct op *op, struct buf *text)
{
    enum err err = db_tell(op->db, buf_str(text));
    buf_clear(text);
    return err;
}

static void begin_piece(struct cluster *cluster, struct buf *text)
{
    if (text->len == 0) {
        buf_printf(text, "%lld %d\n", (long long)cluster->turn.number, cluster->pieces++);
    }
}

static enum err tell_effects(struct cluster *cluster, struct op *op, struct buf *text)
{
    const struct effects *effects = &op->writer->effects;
    for (size_t i = 0; i < effects->count; i++) {
        const struct effect *effect = &effects->items[i];
        if (cluster_has_effect(cluster, effect)) {
            continue;
        }
        begin_piece(cluster, text);
        buf_printf(text, "T %d %lld %lld %d %d %s\n", (int)effect->kind,
                   (long long)effect->id.value, (long long)effect->at.us, effect->priority,
                   effect->tag, effect->inbox == NULL ? "-" : effect->inbox->name);
        if (text->len > NEWS_BYTES_MAX) {
            TRY(tell_piece(op, text));
        }
    }
    return OK;
}

static enum err tell_all(struct cluster *cluster, struct op *op)
{
    struct buf text = {.arena = op->arena};
    int64_t last_event = op->writer->last_event.value;
    TRY(tell_effects(cluster, op, &text));
    if (last_event != cluster->last_event_before) {
        begin_piece(cluster, &text);
        buf_printf(&text, "E %lld\n", (long long)last_event);
    }
    if (op->writer->message_changes != cluster->message_changes_before) {
        begin_piece(cluster, &text);
        buf_add_text(&text, "C\n");
    }
    if (cluster->has_changed_map) {
        begin_piece(cluster, &text);
        buf_add_text(&text, "M\n");
    }
    return text.len == 0 ? OK : tell_piece(op, &text);
}

enum err cluster_leave(struct cluster *cluster, struct op *op, bool has_changed_memory)
{
    struct node_turn *turn = &cluster->turn;
    turn->node = cluster->node;
    turn->last_id = op->writer->ids.last;
    turn->last_event = op->writer->last_event.value;
    turn->chain = op->writer->chain;
    turn->memory += has_changed_memory;
    cluster->known_memory = turn->memory;
    if (cluster->others > 0) {
        TRY(tell_all(cluster, op));
    }
    return nodes_end_turn(op->db, turn);
}

struct hearing {
    struct cluster *cluster;
    struct op *op;
    void *context;
    void (*each)(void *context, const struct effect *effect);
};

/* False for a line that is none of ours: what cannot be read is left out. */
static bool read_effect(struct str line, struct effect *out)
{
    struct str words[EFFECT_WORDS];
    int64_t numbers[EFFECT_WORDS] = {0};
    int count = 0;
    while (count < EFFECT_WORDS && str_split(&line, ' ', &words[count])) {
        count++;
    }
    for (int i = 1; i < EFFECT_WORDS - 1; i++) {
        if (count != EFFECT_WORDS || str_to_int(words[i], &numbers[i]) != OK) {
            return false;
        }
    }
    bool is_kind = numbers[1] >= EFFECT_TIMER && numbers[1] <= EFFECT_ACTIVE;
    bool is_tag = numbers[5] >= 0 && numbers[5] < timer_kind_COUNT;
    *out = (struct effect){.kind = (enum effect_kind)numbers[1],
                           .id = {numbers[2]},
                           .at = {numbers[3]},
                           .priority = (int)numbers[4],
                           .tag = (int)numbers[5],
                           .inbox = provider_find(words[6])};
    return is_kind && is_tag;
}

static void hear_effect(const struct hearing *hearing, int64_t turn, struct str line)
{
    const struct cluster *cluster = hearing->cluster;
    struct effect effect = {.kind = EFFECT_TIMER};
    if (!read_effect(line, &effect)) {
        return;
    }
    int shard = shard_of(&effect);
    bool is_new = shard >= 0 && turn > cluster->read_turns[shard];
    if (is_new && cluster_has_effect(cluster, &effect)) {
        hearing->each(hearing->context, &effect);
    }
}

static void hear_text(void *context, struct str text)
{
    const struct hearing *hearing = context;
    struct writer *writer = hearing->op->writer;
    struct str line = STR_NONE;
    int64_t turn = 0;
    int64_t event = 0;
    struct str number = STR_NONE;
    if (!str_split(&text, '\n', &line) || !str_split(&line, ' ', &number) ||
        str_to_int(number, &turn) != OK) {
        return;
    }
    while (str_split(&text, '\n', &line)) {
        if (str_starts(line, STR("T "))) {
            hear_effect(hearing, turn, line);
        } else if (str_starts(line, STR("M"))) {
            hearing->cluster->look_ms = 0;
        } else if (str_starts(line, STR("C"))) {
            writer->message_changes++;
        } else if (str_starts(line, STR("E ")) &&
                   str_to_int(str_slice(line, 2, line.len), &event) == OK &&
                   event > writer->last_event.value) {
            writer->last_event = (struct id){event};
        }
    }
}

enum err cluster_hear(struct cluster *cluster, struct op *op, void *context,
                      void (*each)(void *context, const struct effect *effect))
{
    struct hearing hearing = {cluster, op, context, each};
    return db_hear(op->db, &hearing, hear_text);
}
