#include "store/series.h"

enum err series_end_at(struct db *db, struct id call, struct str reason)
{
    return db_run(db, S_call_series_end, PARAMS(value_id(call), value_text(reason)));
}

enum err series_call(struct db *db, struct id first, int64_t number, struct id *out)
{
    int64_t found = 0;
    enum err err =
        db_number(db, S_call_of_series, &found, PARAMS(value_id(first), value_int(number)));
    *out = (struct id){found};
    return err == E_NOT_FOUND ? OK : err;
}

static enum err take_id(void *context, const struct value *columns)
{
    struct call_ids *ids = context;
    if (ids->count < ids->max) {
        ids->items[ids->count++] = (struct id){columns[0].number};
    }
    return OK;
}

enum err series_waiting(struct db *db, struct id first, struct id other, struct call_ids *out)
{
    out->count = 0;
    return db_each(db, S_calls_of_series_waiting, out, take_id,
                   PARAMS(value_id(first), value_id(other)));
}

enum err series_open(struct db *db, struct id first, struct id other, struct call_ids *out)
{
    out->count = 0;
    return db_each(db, S_calls_of_series_open, out, take_id,
                   PARAMS(value_id(first), value_id(other)));
}

/* An owner is a text as it was given, in which an id may have been written with capitals. */
enum err owner_waiting(struct db *db, struct arena *arena, struct str user, struct call_ids *out)
{
    struct buf capitals = {.arena = arena};
    for (size_t i = 0; i < user.len; i++) {
        char c = user.ptr[i];
        buf_add_byte(&capitals, c >= 'a' && c <= 'f' ? (char)(c - 'a' + 'A') : c);
    }
    out->count = 0;
    return db_each(
        db, S_calls_of_owner_waiting, out, take_id,
        PARAMS(value_text(user), value_text(buf_str(&capitals)), value_int((int64_t)out->max)));
}

enum err drain_waiting(struct db *db, struct id until, struct call_ids *out)
{
    out->count = 0;
    return db_each(db, S_calls_to_drain, out, take_id,
                   PARAMS(value_id(until), value_int((int64_t)out->max)));
}
