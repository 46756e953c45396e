#include "store/timers.h"

#include <assert.h>

/* The subjects that are their own timers: what finds all that wait, and one of them. Each gives id,
 * due time and priority. */
static const struct subject {
    bool is_known;
    enum statement all;
    enum statement one;
} subjects[timer_kind_COUNT] = {
    [timer_kind_ALERT] = {true, S_alerts_waiting, S_alert_waiting},
    [timer_kind_STEP] = {true, S_steps_waiting, S_step_waiting},
    [timer_kind_MISSED_CHECK] = {true, S_meetings_unchecked, S_meeting_unchecked},
};

bool timer_is_subject(enum timer_kind kind)
{
    return subjects[kind].is_known;
}

struct scan {
    enum timer_kind kind; /* NONE for rows of `timers`. */
    void *context;
    void (*each)(void *context, const struct waiting_timer *timer);
};

static enum err take_waiting(void *context, const struct value *columns)
{
    struct scan *scan = context;
    bool is_active = scan->kind == timer_kind_NONE && columns[3].type == VALUE_INT;
    struct waiting_timer timer = {
        .key = {scan->kind, {columns[0].number}},
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
    struct scan scan = {timer_kind_NONE, context, each};
    TRY(db_each(db, S_timers_waiting, &scan, take_waiting, NO_PARAMS));
    for (int kind = 0; kind < timer_kind_COUNT; kind++) {
        if (subjects[kind].is_known) {
            scan.kind = (enum timer_kind)kind;
            TRY(db_each(db, subjects[kind].all, &scan, take_waiting, NO_PARAMS));
        }
    }
    return OK;
}

static enum err take_subject(void *context, const struct value *columns)
{
    struct timer *timer = context;
    timer->id = timer->subject_id = (struct id){columns[0].number};
    timer->due_at = instant_from_ms(columns[1].number);
    timer->priority = columns[2].number;
    return OK;
}

static bool holds_back(const struct timer *row)
{
    return row->state == timer_state_PENDING || row->state == timer_state_ACTIVE ||
           row->state == timer_state_FAILED;
}

enum err timers_get(struct db *db, struct arena *arena, struct timer_key key, struct timer *out,
                    bool *has_row)
{
    struct timer subject = {.kind = (int)key.kind, .state = timer_state_PENDING};
    *has_row = true;
    if (key.kind == timer_kind_NONE) {
        return db_get(db, TABLE_timers, key.id, arena, out);
    }
    assert(timer_is_subject(key.kind));
    TRY(db_each(db, subjects[key.kind].one, &subject, take_subject, PARAMS(value_id(key.id))));
    if (!id_is_set(subject.id)) {
        return E_NOT_FOUND;
    }
    enum err err = db_get(db, TABLE_timers, key.id, arena, out);
    if (err == OK && holds_back(out)) {
        return OK;
    }
    *has_row = false;
    *out = subject;
    return err == E_NOT_FOUND ? OK : err;
}

enum err timers_remember(struct db *db, struct arena *arena, const struct timer *timer)
{
    enum err err = db_insert(db, TABLE_timers, arena, timer);
    return err == E_DUPLICATE ? db_update(db, TABLE_timers, arena, timer) : err;
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

enum err timers_cancel(struct db *db, enum timer_kind kind, struct id subject, struct instant now)
{
    return timer_is_subject(kind)
               ? db_run(db, S_timer_forget, PARAMS(value_id(subject), kind_value(kind)))
               : db_run(db, S_timers_cancel_subject,
                        PARAMS(value_id(subject), value_time(now), kind_value(kind)));
}

enum err timers_of_subject(struct db *db, struct arena *arena, enum timer_kind kind,
                           struct id subject, struct timer *out)
{
    return db_one(db, S_timer_of_subject, (struct db_into){TABLE_timers, arena}, out,
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
