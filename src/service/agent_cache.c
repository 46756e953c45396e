#include "service/agent_cache.h"

const struct agent *agent_cache_find(const struct agent_cache *cache, struct id id)
{
    for (size_t i = 0; i < AGENTS_CACHED; i++) {
        if (id_is_set(id) && id_equal(cache->agents[i].id, id)) {
            return &cache->agents[i];
        }
    }
    return NULL;
}

static struct list copy_placeholders(struct arena *arena, const struct list *list)
{
    const struct agent_placeholder *from = list->items;
    struct agent_placeholder *items =
        ARENA_NEW_ARRAY(arena, struct agent_placeholder, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        items[i] = from[i];
        items[i].name = arena_str(arena, from[i].name);
    }
    return (struct list){items, list->count};
}

void agent_cache_keep(struct agent_cache *cache, const struct agent *agent)
{
    size_t at = cache->next;
    cache->next = (at + 1) % AGENTS_CACHED;
    arena_free(&cache->arenas[at]);
    cache->arenas[at] = arena_new();
    struct agent *kept = &cache->agents[at];
    *kept = *agent;
    for (size_t i = 0; i < agent_record.field_count; i++) {
        const struct field *field = &agent_record.fields[i];
        if (field->type == FIELD_TEXT) {
            struct str *text = record_member(kept, field);
            *text = arena_str(cache->arenas[at], *text);
        }
    }
    kept->placeholders = copy_placeholders(cache->arenas[at], &agent->placeholders);
}

void agent_cache_forget(struct agent_cache *cache, struct id id)
{
    for (size_t i = 0; i < AGENTS_CACHED; i++) {
        if (id_equal(cache->agents[i].id, id)) {
            cache->agents[i] = (struct agent){0};
            arena_free(&cache->arenas[i]);
        }
    }
}

void agent_cache_free(struct agent_cache *cache)
{
    for (size_t i = 0; i < AGENTS_CACHED; i++) {
        arena_free(&cache->arenas[i]);
    }
    *cache = (struct agent_cache){0};
}
