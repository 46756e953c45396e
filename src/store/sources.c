#include "store/sources.h"

enum err integrations_get(struct db *db, struct arena *arena, struct id id, struct integration *out)
{
    TRY(db_get(db, TABLE_integrations, id, arena, out));
    return instant_is_set(out->deleted_at) ? E_NOT_FOUND : OK;
}

enum err integrations_by_key(struct db *db, struct arena *arena, struct str key,
                             struct integration *out)
{
    return db_one(db, S_integrations_by_key, (struct db_into){TABLE_integrations, arena}, out,
                  PARAMS(value_bytes(secret_hash(arena, key))));
}

enum err integrations_page(struct db *db, struct arena *arena, struct id after, int64_t limit,
                           struct list *out)
{
    return db_all(db, S_integrations_page, (struct db_into){TABLE_integrations, arena}, out,
                  PARAMS(value_int(after.value), value_int(limit)));
}

enum err integrations_count(struct db *db, int64_t *out)
{
    return db_number(db, S_integrations_count, out, NO_PARAMS);
}

enum err integrations_heard(struct db *db, const struct integration_news *news)
{
    return db_run(db, S_integration_heard,
                  PARAMS(value_id(news->id), value_time(news->at), value_int(news->received),
                         value_int(news->opened), value_int(news->resolved)));
}

enum err source_alerts_of(struct db *db, struct arena *arena, struct id integration,
                          struct str fingerprint, struct source_alert *out)
{
    return db_one(db, S_source_alert_of, (struct db_into){TABLE_source_alerts, arena}, out,
                  PARAMS(value_id(integration), value_text(fingerprint)));
}

enum err source_alerts_place(struct db *db, struct id after, int64_t rows, struct id *out)
{
    *out = ID_NONE;
    enum err err = db_number(db, S_source_alert_at_place, &out->value,
                             PARAMS(value_int(after.value), value_int(rows - 1)));
    return err == E_NOT_FOUND ? OK : err;
}

enum err source_alerts_forget(struct db *db, struct id after, struct id until,
                              struct instant before)
{
    return db_run(db, S_source_alerts_forget,
                  PARAMS(value_int(after.value), value_int(until.value), value_time(before)));
}

enum err heartbeats_get(struct db *db, struct arena *arena, struct id id, struct heartbeat *out)
{
    TRY(db_get(db, TABLE_heartbeats, id, arena, out));
    return instant_is_set(out->deleted_at) ? E_NOT_FOUND : OK;
}

enum err heartbeats_by_token(struct db *db, struct arena *arena, struct str token,
                             struct heartbeat *out)
{
    return db_one(db, S_heartbeats_by_token, (struct db_into){TABLE_heartbeats, arena}, out,
                  PARAMS(value_bytes(secret_hash(arena, token))));
}

enum err heartbeats_page(struct db *db, struct arena *arena, struct id after, int64_t limit,
                         struct list *out)
{
    return db_all(db, S_heartbeats_page, (struct db_into){TABLE_heartbeats, arena}, out,
                  PARAMS(value_int(after.value), value_int(limit)));
}

enum err heartbeats_count(struct db *db, int64_t *out)
{
    return db_number(db, S_heartbeats_count, out, NO_PARAMS);
}

enum err heartbeats_beat(struct db *db, struct id id, struct instant at)
{
    return db_move(db, S_heartbeat_beats, PARAMS(value_id(id), value_time(at)));
}

enum err windows_until(struct db *db, struct id source, struct instant at, struct instant *out)
{
    int64_t until_ms = 0;
    *out = INSTANT_NONE;
    TRY(db_number(db, S_maintenance_until, &until_ms, PARAMS(value_time(at), value_id(source))));
    *out = instant_from_ms(until_ms);
    return OK;
}

enum err windows_page(struct db *db, struct arena *arena, const struct window_page *page,
                      struct list *out, int64_t *total)
{
    struct str state =
        page->state == 0 ? STR("") : str_from(enum_name(&window_state_names, page->state));
    int64_t before = id_is_set(page->before) ? page->before.value : INT64_MAX;
    TRY(db_number(db, S_windows_count, total, PARAMS(value_text(state), value_time(page->now))));
    return db_all(db, S_windows_page, (struct db_into){TABLE_maintenance_windows, arena}, out,
                  PARAMS(value_int(before), value_text(state), value_time(page->now),
                         value_int(page->limit)));
}

enum err incidents_released(struct db *db, struct arena *arena, struct instant now, int64_t limit,
                            struct list *out)
{
    return db_all(db, S_incidents_released, (struct db_into){TABLE_incidents, arena}, out,
                  PARAMS(value_time(now), value_int(limit)));
}

enum err incidents_held_shorter(struct db *db, struct arena *arena, struct instant now,
                                int64_t limit, struct list *out)
{
    return db_all(db, S_incidents_held_shorter, (struct db_into){TABLE_incidents, arena}, out,
                  PARAMS(value_time(now), value_int(limit)));
}
