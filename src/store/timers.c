#include "store/timers.h"

struct scan {
    void *context;
    void (*each)(void *context, const struct waiting_timer *timer);
};

static enum err take_waiting(void *context, const struct value *columns)
{
    struct scan *scan = context;
    bool is_active = columns[3].type == VALUE_INT;
    struct waiting_timer timer = {
        .id = {columns[0].number},
        .due_at = instant_from_ms(is_active ? columns[3].number : columns[1].number),
        .priority = (int)columns[2].number,
        .is_active = is_active,
    };
    scan->each(scan->context, &timer);
    return OK;
}

enum err timers_each_waiting(struct db *db, void *context,
                             void (*each)(void *context, const struct waiting_timer *timer))
{
    struct scan scan = {.context = context, .each = each};
    return db_each(db, S_timers_waiting, &scan, take_waiting, NO_PARAMS);
}

enum err timers_complete(struct db *db, struct id id, struct instant now)
{
    return db_move(db, S_timer_complete, PARAMS(value_id(id), value_time(now)));
}

enum err timers_lease(struct db *db, struct id id, struct instant now, struct instant until)
{
    return db_move(db, S_timer_lease, PARAMS(value_id(id), value_time(now), value_time(until)));
}

enum err timers_count_stall(struct db *db, struct id id)
{
    return db_move(db, S_timer_stalled, PARAMS(value_id(id)));
}

enum err timers_again(struct db *db, const struct timer *timer)
{
    return db_move(db, S_timer_again,
                   PARAMS(value_id(timer->id), value_time(timer->due_at),
                          value_int(timer->attempts), value_text(timer->error)));
}

enum err timers_give_up(struct db *db, const struct timer *timer)
{
    return db_move(db, S_timer_failed,
                   PARAMS(value_id(timer->id), value_time(timer->ended_at),
                          value_int(timer->attempts), value_text(timer->error)));
}

static struct value kind_value(enum timer_kind kind)
{
    return value_text(str_from(enum_name(&timer_kind_names, (int)kind)));
}

bool timer_has_id_of_subject(enum timer_kind kind)
{
    return kind == timer_kind_ALERT || kind == timer_kind_STEP;
}

enum err timers_add(struct db *db, struct arena *arena, const struct timer *timer)
{
    enum err err = db_insert(db, TABLE_timers, arena, timer);
    if (err != E_DUPLICATE) {
        return err;
    }
    return db_move(db, S_timer_anew,
                   PARAMS(value_id(timer->id), value_time(timer->due_at),
                          value_int(timer->priority), kind_value((enum timer_kind)timer->kind)));
}

enum err timers_cancel(struct db *db, enum timer_kind kind, struct id subject, struct instant now)
{
    return db_run(db, timer_has_id_of_subject(kind) ? S_timer_cancel_id : S_timers_cancel_subject,
                  PARAMS(value_id(subject), value_time(now), kind_value(kind)));
}

enum err timers_of_subject(struct db *db, struct arena *arena, enum timer_kind kind,
                           struct id subject, struct timer *out)
{
    return db_one(db, timer_has_id_of_subject(kind) ? S_timer_by_id : S_timer_of_subject,
                  (struct db_into){TABLE_timers, arena}, out,
                  PARAMS(value_id(subject), kind_value(kind)));
}

enum err timers_retrying(struct db *db, int64_t *out)
{
    return db_number(db, S_timers_retrying, out, NO_PARAMS);
}

enum err timers_clean(struct db *db, struct instant before, int64_t *removed)
{
    int64_t id_limit = instant_ms(before) << ID_COUNTER_BITS;
    return db_change(db, S_timers_clean, removed, PARAMS(value_int(id_limit), value_time(before)));
}
