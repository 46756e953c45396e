#include "store/sinks.h"

static struct db_into sinks_into(struct arena *arena)
{
    return (struct db_into){TABLE_sinks, arena};
}

enum err sinks_page(struct db *db, struct arena *arena, struct id after, int64_t limit,
                    struct list *out)
{
    return db_all(db, S_sinks_page, sinks_into(arena), out,
                  PARAMS(value_int(after.value), value_int(limit)));
}

enum err sinks_in_state(struct db *db, enum sink_state state, int64_t *out)
{
    return db_number(db, S_sinks_in_state, out, PARAMS(value_enum(&sink_state_names, (int)state)));
}

enum err sinks_count(struct db *db, int64_t *out)
{
    return db_number(db, S_sinks_count, out, NO_PARAMS);
}

struct sleepers {
    void *context;
    enum err (*each)(void *context, struct id sink);
};

static enum err take_sleeper(void *context, const struct value *columns)
{
    struct sleepers *sleepers = context;
    return sleepers->each(sleepers->context, (struct id){columns[0].number});
}

enum err sinks_each_asleep(struct db *db, void *context,
                           enum err (*each)(void *context, struct id sink))
{
    struct sleepers sleepers = {context, each};
    return db_each(db, S_sinks_asleep, &sleepers, take_sleeper, NO_PARAMS);
}

enum err sinks_wake(struct db *db, struct id sink)
{
    return db_run(db, S_sink_wake, PARAMS(value_id(sink)));
}

enum err sinks_asked_at(struct db *db, struct str base, struct instant *out)
{
    int64_t ms = 0;
    TRY(db_number(db, S_sink_asked_at, &ms, PARAMS(value_text(base))));
    *out = instant_from_ms(ms);
    return OK;
}

enum err sinks_sharing(struct db *db, struct str base, int64_t *out)
{
    return db_number(db, S_sinks_sharing, out, PARAMS(value_text(base)));
}

enum err sinks_hold_base(struct db *db, struct str base, struct instant until)
{
    return db_run(db, S_sinks_hold_base, PARAMS(value_text(base), value_time(until)));
}

enum err sinks_needed(struct db *db, struct id fallback, struct id *out)
{
    return db_number(db, S_sinks_needed, &out->value, PARAMS(value_int(fallback.value)));
}

enum err sinks_remove(struct db *db, struct id sink)
{
    TRY(db_run(db, S_dead_letters_remove_all, PARAMS(value_id(sink))));
    return db_run(db, S_sink_remove, PARAMS(value_id(sink)));
}

/* The same words as in the statements. */
bool event_is_for_sinks(enum event_kind kind)
{
    return kind != event_kind_NOTIFICATION_ADDED && kind != event_kind_NOTIFICATION_SEEN &&
           kind != event_kind_MEETING_CHANGED;
}

enum err sink_batch_end(struct db *db, struct id after, int64_t most, struct id *out)
{
    return db_number(db, S_events_for_sinks_end, &out->value,
                     PARAMS(value_int(after.value), value_int(most)));
}

enum err sink_batch_read(struct db *db, struct arena *arena, struct id after, struct id until,
                         struct list *out)
{
    return db_all(db, S_events_for_sinks, (struct db_into){TABLE_events, arena}, out,
                  PARAMS(value_int(after.value), value_int(until.value)));
}

enum err sink_waiting_count(struct db *db, struct id after, int64_t *out)
{
    return db_number(db, S_events_for_sinks_count, out, PARAMS(value_int(after.value)));
}

enum err events_forget(struct db *db, struct id until, int64_t most, int64_t *removed)
{
    return db_change(db, S_events_forget, removed, PARAMS(value_int(until.value), value_int(most)));
}

static struct db_into letters_into(struct arena *arena)
{
    return (struct db_into){TABLE_sink_dead_letters, arena};
}

enum err dead_letters_of_event(struct db *db, struct arena *arena, struct id event, struct id sink,
                               struct sink_dead_letter *out)
{
    return db_one(db, S_dead_letter_of, letters_into(arena), out,
                  PARAMS(value_id(event), value_id(sink)));
}

enum err dead_letters_again(struct db *db, struct arena *arena, struct id sink,
                            struct sink_dead_letter *out)
{
    return db_one(db, S_dead_letter_again, letters_into(arena), out, PARAMS(value_id(sink)));
}

enum err dead_letters_page(struct db *db, struct arena *arena, const struct dead_letter_page *page,
                           struct list *out)
{
    return db_all(
        db, S_dead_letters_page, letters_into(arena), out,
        PARAMS(value_id(page->sink), value_int(page->after.value), value_int(page->limit)));
}

enum err dead_letters_count(struct db *db, struct id sink, int64_t *out)
{
    return db_number(db, S_dead_letters_count, out, PARAMS(value_id(sink)));
}

enum err dead_letters_repeat(struct db *db, struct id sink)
{
    return db_run(db, S_dead_letters_repeat, PARAMS(value_id(sink)));
}

enum err dead_letters_remove(struct db *db, struct id id)
{
    return db_run(db, S_dead_letter_remove, PARAMS(value_id(id)));
}

enum err dead_letters_forget(struct db *db, struct instant before)
{
    return db_run(db, S_dead_letters_forget, PARAMS(value_time(before)));
}
