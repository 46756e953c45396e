#include "store/calendars.h"

enum err calendars_get(struct db *db, struct arena *arena, struct id id, struct calendar *out)
{
    TRY(db_get(db, TABLE_calendars, id, arena, out));
    return instant_is_set(out->deleted_at) ? E_NOT_FOUND : OK;
}

enum err calendars_of_user(struct db *db, struct arena *arena, struct id user, struct list *out)
{
    return db_all(db, S_calendars_of_user, (struct db_into){TABLE_calendars, arena}, out,
                  PARAMS(value_id(user)));
}

enum err calendars_touch(struct db *db, struct id id, struct instant synced_at)
{
    return db_run(db, S_calendar_touch, PARAMS(value_id(id), value_time(synced_at)));
}

enum err resources_of_calendar(struct db *db, struct arena *arena, struct id calendar,
                               struct list *out)
{
    return db_all(db, S_resources_of_calendar, (struct db_into){TABLE_calendar_resources, arena},
                  out, PARAMS(value_id(calendar)));
}

struct heads_into {
    struct arena *arena;
    struct calendar_resource *items;
    size_t count;
    size_t cap;
};

static enum err take_head(void *context, const struct value *columns)
{
    struct heads_into *heads = context;
    if (heads->count == heads->cap) {
        size_t cap = heads->cap == 0 ? 16 : heads->cap * 2;
        struct calendar_resource *grown =
            ARENA_NEW_ARRAY(heads->arena, struct calendar_resource, cap);
        for (size_t i = 0; i < heads->count; i++) {
            grown[i] = heads->items[i];
        }
        heads->items = grown;
        heads->cap = cap;
    }
    heads->items[heads->count++] = (struct calendar_resource){
        .id = {columns[0].number},
        .href = arena_str(heads->arena, columns[1].text),
        .etag = arena_str(heads->arena, columns[2].text),
    };
    return OK;
}

enum err resources_heads(struct db *db, struct arena *arena, struct id calendar, struct list *out)
{
    struct heads_into heads = {.arena = arena};
    TRY(db_each(db, S_resource_heads, &heads, take_head, PARAMS(value_id(calendar))));
    *out = (struct list){heads.items, heads.count};
    return OK;
}

enum err resources_put(struct db *db, struct arena *arena, struct id fresh,
                       struct calendar_resource *resource)
{
    struct calendar_resource old = {0};
    enum err err =
        db_one(db, S_resource_by_href, (struct db_into){TABLE_calendar_resources, arena}, &old,
               PARAMS(value_id(resource->calendar_id), value_text(resource->href)));
    if (err == E_NOT_FOUND) {
        resource->id = fresh;
        return db_insert(db, TABLE_calendar_resources, arena, resource);
    }
    TRY(err);
    resource->id = old.id;
    return db_update(db, TABLE_calendar_resources, arena, resource);
}

enum err resources_remove(struct db *db, struct id calendar, struct str href)
{
    return db_run(db, S_resource_remove, PARAMS(value_id(calendar), value_text(href)));
}

enum err resources_remove_all(struct db *db, struct id calendar)
{
    return db_run(db, S_resources_remove_all, PARAMS(value_id(calendar)));
}

enum err sources_put(struct db *db, const struct meeting_source *source)
{
    return db_run(
        db, S_source_add,
        PARAMS(value_id(source->calendar), value_id(source->meeting), value_id(source->resource)));
}

enum err sources_remove(struct db *db, struct id calendar, struct id meeting)
{
    return db_run(db, S_source_remove, PARAMS(value_id(calendar), value_id(meeting)));
}

enum err sources_count(struct db *db, struct id meeting, int64_t *out)
{
    return db_number(db, S_source_count, out, PARAMS(value_id(meeting)));
}

enum err sources_resource(struct db *db, struct id calendar, struct id meeting, struct id *out)
{
    *out = ID_NONE;
    enum err err = db_number(db, S_source_resource, &out->value,
                             PARAMS(value_id(calendar), value_id(meeting)));
    return err == E_NOT_FOUND ? OK : err;
}

enum err sources_first(struct db *db, struct id meeting, struct id *out)
{
    TRY(db_number(db, S_source_first, &out->value, PARAMS(value_id(meeting))));
    return id_is_set(*out) ? OK : E_NOT_FOUND;
}
