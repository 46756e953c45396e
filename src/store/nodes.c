#include "store/nodes.h"

#include <assert.h>
#include <string.h>

struct turn_into {
    struct node_turn *turn;
    bool is_found;
};

static enum err take_turn(void *context, const struct value *columns)
{
    struct turn_into *into = context;
    struct node_turn *turn = into->turn;
    into->is_found = true;
    *turn = (struct node_turn){
        .number = columns[0].number,
        .node = columns[1].number,
        .last_id = columns[2].number,
        .last_event = columns[3].number,
        .chain = {.seq = columns[4].number},
        .map = columns[6].number,
        .memory = columns[7].number,
        .now_ms = columns[8].number,
    };
    struct str hash = columns[5].text;
    if (hash.len >= sizeof turn->chain.hash) {
        return E_CORRUPT;
    }
    memcpy(turn->chain.hash, hash.ptr, hash.len);
    return OK;
}

enum err nodes_take_turn(struct db *db, struct node_turn *out)
{
    struct turn_into into = {.turn = out};
    TRY(db_each(db, S_node_turn_take, &into, take_turn, NO_PARAMS));
    return into.is_found ? OK : E_CORRUPT;
}

enum err nodes_end_turn(struct db *db, const struct node_turn *turn)
{
    return db_move(db, S_node_turn_end,
                   PARAMS(value_int(turn->node), value_int(turn->last_id),
                          value_int(turn->last_event), value_int(turn->chain.seq),
                          value_text(str_from(turn->chain.hash)), value_int(turn->map),
                          value_int(turn->memory)));
}

enum err nodes_add_again(struct db *db, const struct node *node)
{
    return db_run(db, S_node_add,
                  PARAMS(value_int(node->id), value_text(node->address), value_text(node->version),
                         value_int(node->started_ms), value_int(node->lease_ms)));
}

enum err nodes_add(struct db *db, struct node *node)
{
    TRY(db_number(db, S_node_number, &node->id, NO_PARAMS));
    return nodes_add_again(db, node);
}

enum err nodes_renew(struct db *db, int64_t node, int64_t lease_ms)
{
    return db_move(db, S_node_renew, PARAMS(value_int(node), value_int(lease_ms)));
}

enum err nodes_leave(struct db *db, int64_t node)
{
    return db_move(db, S_node_leave, PARAMS(value_int(node)));
}

enum err nodes_remove(struct db *db, int64_t node)
{
    TRY(db_run(db, S_node_shards_free, PARAMS(value_int(node))));
    return db_run(db, S_node_remove, PARAMS(value_int(node)));
}

static enum err take_lease(void *context, const struct value *columns)
{
    struct node_leases *leases = context;
    if (leases->count == NODES_MAX) {
        return E_CONFLICT;
    }
    leases->items[leases->count].node = columns[0].number;
    leases->items[leases->count].lease_ms = columns[1].number;
    leases->items[leases->count].is_leaving = columns[2].number != 0;
    leases->count++;
    return OK;
}

enum err nodes_leases(struct db *db, struct node_leases *out)
{
    out->count = 0;
    return db_each(db, S_nodes_all, out, take_lease, NO_PARAMS);
}

static enum err take_shard(void *context, const struct value *columns)
{
    struct node_map *map = context;
    int64_t shard = columns[0].number;
    if (shard >= 0 && shard < NODE_SHARDS) {
        map->holders[shard] = columns[1].number;
    }
    return OK;
}

enum err nodes_map(struct db *db, struct node_map *out)
{
    *out = (struct node_map){{0}};
    return db_each(db, S_node_shards_all, out, take_shard, NO_PARAMS);
}

enum err nodes_give(struct db *db, int shard, int64_t node)
{
    assert(shard >= 0 && shard < NODE_SHARDS);
    return db_move(db, S_node_shard_give, PARAMS(value_int(shard), value_int(node)));
}

struct shown {
    struct arena *arena;
    struct node_view *views;
    size_t count;
};

static enum err take_view(void *context, const struct value *columns)
{
    struct shown *shown = context;
    if (shown->count == NODES_MAX) {
        return OK;
    }
    shown->views[shown->count++] = (struct node_view){
        .id = columns[0].number,
        .address = arena_str(shown->arena, columns[1].text),
        .version = arena_str(shown->arena, columns[2].text),
        .started_at = instant_from_ms(columns[3].number),
        .lease_ms = columns[4].number - columns[7].number,
        .timer_shards = columns[5].number,
        .is_sending = columns[6].number > 0,
    };
    return OK;
}

enum err nodes_shown(struct db *db, struct arena *arena, struct list *out)
{
    struct shown shown = {arena, ARENA_NEW_ARRAY(arena, struct node_view, NODES_MAX), 0};
    TRY(db_each(db, S_nodes_shown, &shown, take_view, NO_PARAMS));
    *out = (struct list){shown.views, shown.count};
    return OK;
}
