#include "store/events.h"

static struct db_into events_into(struct arena *arena)
{
    return (struct db_into){TABLE_events, arena};
}

enum err events_after(struct db *db, struct arena *arena, const struct event_reading *reading,
                      struct list *out)
{
    return db_all(db, S_events_after, events_into(arena), out,
                  PARAMS(value_int(reading->after.value), value_int(reading->user.value),
                         value_int(reading->limit)));
}

enum err events_until(struct db *db, struct arena *arena, const struct event_reading *reading,
                      struct id *until, struct list *out)
{
    struct value after = value_int(reading->after.value);
    enum err err = db_number(db, S_event_at_place, &until->value,
                             PARAMS(after, value_int(until->value), value_int(reading->limit - 1)));
    if (err != OK && err != E_NOT_FOUND) {
        return err;
    }
    return db_all(db, S_events_until, events_into(arena), out,
                  PARAMS(after, value_int(until->value), value_int(reading->user.value)));
}

enum err events_last(struct db *db, struct id *out)
{
    *out = ID_NONE;
    return db_number(db, S_event_last, &out->value, NO_PARAMS);
}

enum err events_page(struct db *db, struct arena *arena, const struct event_page *page,
                     struct list *out, int64_t *total)
{
    struct value user = value_int(page->reading.user.value);
    struct value subject = value_int(page->subject.value);
    struct value kind =
        value_text(page->kind == 0 ? STR("") : str_from(enum_name(&event_kind_names, page->kind)));
    TRY(db_number(db, S_events_count, total, PARAMS(user, subject, kind)));
    return db_all(db, S_events_page, events_into(arena), out,
                  PARAMS(value_int(page->reading.after.value), user, subject, kind,
                         value_int(page->reading.limit)));
}
