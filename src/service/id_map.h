/* service/id_map: a small number kept for each of many ids, such as where a call waits.
 *
 * Open addressing, 16 bytes a place, at most two thirds full; every step is O(1). Owner: whoever
 * made it (zeroed it is empty); free with id_map_free. */
#ifndef TOCSIN_SERVICE_ID_MAP_H
#define TOCSIN_SERVICE_ID_MAP_H

#include "model/id.h"

#include <stddef.h>

struct id_map {
    struct id_place *places;
    size_t cap; /* A power of two, or 0. */
    size_t count;
};

/* The id is set. What it had before is replaced. */
void id_map_put(struct id_map *map, struct id id, int32_t value);
bool id_map_has(const struct id_map *map, struct id id);
/* False where it is not there; `value` may be NULL. */
bool id_map_remove(struct id_map *map, struct id id, int32_t *value);
void id_map_clear(struct id_map *map);
void id_map_free(struct id_map *map);

#endif
