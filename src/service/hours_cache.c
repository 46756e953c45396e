#include "service/hours_cache.h"

#include "service/call_memory.h"

#include <string.h>

/* A list of flat records. */
static struct list copy_list(struct arena *arena, const struct record *items,
                             const struct list *list);

/* What a record has outside of itself, taken into the arena. Recursion goes as deep as the record,
 * which has lists of flat ones. */
static void keep_members(struct arena *arena, const struct record *record, void *object)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        if (field->type == FIELD_TEXT) {
            struct str *text = record_member(object, field);
            *text = str_is_set(*text) ? arena_str(arena, *text) : *text;
        } else if (field->type == FIELD_LIST) {
            struct list *list = record_member(object, field);
            *list = copy_list(arena, field->detail.items, list);
        }
    }
}

static struct list copy_list(struct arena *arena, const struct record *items,
                             const struct list *list)
{
    char *copies = arena_alloc_array(arena, list->count + 1, items->size);
    for (size_t i = 0; i < list->count; i++) {
        char *copy = copies + i * items->size;
        memcpy(copy, list_item(list, items, i), items->size);
        keep_members(arena, items, copy);
    }
    return (struct list){copies, list->count};
}

static const struct hours_input *copy_given(struct arena *arena, const struct hours_input *given)
{
    struct hours_input *copy = ARENA_NEW(arena, struct hours_input);
    if (given == NULL) {
        return NULL;
    }
    *copy = *given;
    keep_members(arena, &hours_input_record, copy);
    return copy;
}

/* In memory of its own, with the operation's other ways. */
static enum err resolve_into(struct arena *arena, struct op *op, const struct hours_input *given,
                             struct str timezone, struct remembered_hours *out)
{
    struct op apart = *op;
    apart.arena = arena;
    struct call_guards *guards = ARENA_NEW(arena, struct call_guards);
    *out = (struct remembered_hours){.given = copy_given(arena, given),
                                     .timezone = arena_str(arena, timezone),
                                     .guards = guards};
    return call_hours_resolve(&apart, out->given, out->timezone, guards, &out->text);
}

static enum err keep(struct op *op, struct hours_cache *cache, const struct hours_input *given,
                     struct str timezone, struct remembered_hours *out)
{
    struct arena *arena = arena_new();
    struct remembered_hours *kept = ARENA_NEW(arena, struct remembered_hours);
    enum err err = resolve_into(arena, op, given, timezone, kept);
    if (err != OK) {
        arena_free(&arena);
        return err;
    }
    size_t at = cache->next;
    cache->next = (at + 1) % HOURS_CACHED;
    arena_free(&cache->arenas[at]);
    cache->arenas[at] = arena;
    cache->hours[at] = kept;
    *out = *kept;
    return OK;
}

enum err hours_cache_resolve(struct op *op, const struct hours_input *given, struct str timezone,
                             struct remembered_hours *out)
{
    struct hours_cache *cache = op->writer == NULL ? NULL : &op->writer->hours;
    if (cache == NULL || (given != NULL && given->holidays.count > 0)) {
        return call_memory_hours(op, NULL, given, timezone, out);
    }
    for (size_t i = 0; i < HOURS_CACHED; i++) {
        if (cache->hours[i] != NULL && remembered_hours_are(cache->hours[i], given, timezone)) {
            *out = *cache->hours[i];
            return OK;
        }
    }
    return keep(op, cache, given, timezone, out);
}

void hours_cache_free(struct hours_cache *cache)
{
    for (size_t i = 0; i < HOURS_CACHED; i++) {
        arena_free(&cache->arenas[i]);
    }
    *cache = (struct hours_cache){.next = 0};
}
