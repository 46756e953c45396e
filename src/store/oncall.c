#include "store/oncall.h"

#include "model/json.h"

void schedule_layers_write(struct arena *arena, struct hash_key id_key, struct schedule *schedule)
{
    struct json_context context = {.arena = arena, .id_key = id_key};
    struct schedule_layers layers = {.layers = schedule->layers};
    struct buf text = {.arena = arena};
    record_to_json(&context, &text, &schedule_layers_record, &layers);
    schedule->layers_json = buf_str(&text);
}

enum err schedule_layers_read(struct arena *arena, struct hash_key id_key,
                              struct schedule *schedule)
{
    struct json_context context = {.arena = arena, .id_key = id_key};
    struct schedule_layers layers = {0};
    if (record_from_json(&context, &schedule_layers_record, schedule->layers_json, &layers, NULL) !=
        OK) {
        return E_CORRUPT;
    }
    schedule->layers = layers.layers;
    return OK;
}

enum err schedules_get(struct db *db, struct arena *arena, struct hash_key id_key, struct id id,
                       struct schedule *out)
{
    TRY(db_get(db, TABLE_schedules, id, arena, out));
    if (instant_is_set(out->deleted_at)) {
        return E_NOT_FOUND;
    }
    return schedule_layers_read(arena, id_key, out);
}

enum err schedules_by_name(struct db *db, struct arena *arena, struct str name,
                           struct schedule *out)
{
    return db_one(db, S_schedule_by_name, (struct db_into){TABLE_schedules, arena}, out,
                  PARAMS(value_text(name)));
}

enum err schedules_page(struct db *db, struct arena *arena, const struct schedule_page *page,
                        struct list *out)
{
    TRY(db_all(db, S_schedules_page, (struct db_into){TABLE_schedules, arena}, out,
               PARAMS(value_int(page->after.value), value_int(page->limit))));
    struct schedule *schedules = ARENA_NEW_ARRAY(arena, struct schedule, out->count + 1);
    for (size_t i = 0; i < out->count; i++) {
        schedules[i] = ((const struct schedule *)out->items)[i];
        if (schedule_layers_read(arena, page->id_key, &schedules[i]) != OK) {
            schedules[i].layers = (struct list){0};
        }
    }
    out->items = schedules;
    return OK;
}

enum err schedules_count(struct db *db, int64_t *out)
{
    return db_number(db, S_schedules_count, out, NO_PARAMS);
}

enum err schedules_touch(struct db *db, struct id id, struct instant now)
{
    return db_run(db, S_schedule_touch, PARAMS(value_id(id), value_time(now)));
}

enum err overrides_between(struct db *db, struct arena *arena, const struct override_period *period,
                           struct list *out)
{
    return db_all(
        db, S_overrides_between, (struct db_into){TABLE_schedule_overrides, arena}, out,
        PARAMS(value_id(period->schedule), value_time(period->from), value_time(period->to)));
}

enum err overrides_page(struct db *db, struct arena *arena, const struct override_page *page,
                        struct list *out)
{
    return db_all(
        db, S_overrides_page, (struct db_into){TABLE_schedule_overrides, arena}, out,
        PARAMS(value_id(page->schedule), value_int(page->after.value), value_int(page->limit)));
}

enum err overrides_count(struct db *db, struct id schedule, struct instant after, int64_t *out)
{
    return db_number(db, S_overrides_count, out,
                     PARAMS(value_id(schedule), value_int(instant_ms(after))));
}

enum err schedule_feeds_make(struct db *db, struct arena *arena, struct schedule_feed *feed,
                             struct str *secret)
{
    *secret = random_secret(arena, KEY_SECRET_BYTES);
    feed->secret_hash = secret_hash(arena, *secret);
    return db_insert(db, TABLE_schedule_feeds, arena, feed);
}

enum err schedule_feeds_by_secret(struct db *db, struct arena *arena, struct str secret,
                                  struct schedule_feed *out)
{
    return db_one(db, S_feed_by_hash, (struct db_into){TABLE_schedule_feeds, arena}, out,
                  PARAMS(value_bytes(secret_hash(arena, secret))));
}

enum err schedule_feeds_of(struct db *db, struct arena *arena, struct id schedule, struct list *out)
{
    return db_all(db, S_feeds_of_schedule, (struct db_into){TABLE_schedule_feeds, arena}, out,
                  PARAMS(value_id(schedule)));
}

enum err schedule_feeds_revoke(struct db *db, struct id schedule, struct instant now)
{
    return db_run(db, S_feeds_revoke, PARAMS(value_id(schedule), value_time(now)));
}
