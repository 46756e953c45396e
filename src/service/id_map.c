#include "service/id_map.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 };

struct id_place {
    int64_t id; /* 0 for a free one. */
    int32_t value;
};

/* Ids grow with time, so that their low bits alone would be close together. */
static size_t home_of(const struct id_map *map, int64_t id)
{
    return (size_t)((uint64_t)id * 0x9E3779B97F4A7C15u >> 20) & (map->cap - 1);
}

/* Where the id is, or the free place where it would be. */
static size_t find(const struct id_map *map, int64_t id)
{
    size_t at = home_of(map, id);
    while (map->places[at].id != 0 && map->places[at].id != id) {
        at = (at + 1) & (map->cap - 1);
    }
    return at;
}

static void grow(struct id_map *map)
{
    struct id_map grown = {.cap = map->cap == 0 ? FIRST_CAP : map->cap * 2, .count = map->count};
    grown.places = memory_new_array(grown.cap, sizeof *grown.places);
    for (size_t i = 0; i < map->cap; i++) {
        if (map->places[i].id != 0) {
            grown.places[find(&grown, map->places[i].id)] = map->places[i];
        }
    }
    free(map->places);
    *map = grown;
}

void id_map_put(struct id_map *map, struct id id, int32_t value)
{
    assert(id_is_set(id));
    if ((map->count + 1) * 3 > map->cap * 2) {
        grow(map);
    }
    size_t at = find(map, id.value);
    map->count += map->places[at].id == 0 ? 1 : 0;
    map->places[at] = (struct id_place){id.value, value};
}

bool id_map_has(const struct id_map *map, struct id id)
{
    return map->count > 0 && map->places[find(map, id.value)].id != 0;
}

bool id_map_remove(struct id_map *map, struct id id, int32_t *value)
{
    if (!id_map_has(map, id)) {
        return false;
    }
    size_t hole = find(map, id.value);
    if (value != NULL) {
        *value = map->places[hole].value;
    }
    /* Whoever stands behind the hole and was to stand before it moves up. */
    for (size_t at = (hole + 1) & (map->cap - 1); map->places[at].id != 0;
         at = (at + 1) & (map->cap - 1)) {
        size_t wanted = home_of(map, map->places[at].id);
        bool may_move = ((at - wanted) & (map->cap - 1)) >= ((at - hole) & (map->cap - 1));
        if (may_move) {
            map->places[hole] = map->places[at];
            hole = at;
        }
    }
    map->places[hole] = (struct id_place){0};
    map->count--;
    return true;
}

void id_map_clear(struct id_map *map)
{
    if (map->cap > 0) {
        memset(map->places, 0, map->cap * sizeof *map->places);
    }
    map->count = 0;
}

void id_map_free(struct id_map *map)
{
    free(map->places);
    *map = (struct id_map){0};
}
