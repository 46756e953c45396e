#include "store/timers.h"

#include "store/job_counts.h"

#include <assert.h>

/* The subjects that are their own timers: what finds all that wait, and one of them. Each gives id,
 * due time and priority; the second also whether there is a row in `timers`, which hardly ever is,
 * so that it is looked for by one statement less. */
static const struct subject {
    bool is_known;
    enum statement all;
    enum statement one;
} subjects[timer_kind_COUNT] = {
    [timer_kind_ALERT] = {true, S_alerts_waiting, S_alert_waiting},
    [timer_kind_STEP] = {true, S_steps_waiting, S_step_waiting},
    [timer_kind_MISSED_CHECK] = {true, S_meetings_unchecked, S_meeting_unchecked},
    [timer_kind_SCHEDULED_CALL] = {true, S_calls_waiting, S_call_waiting},
};

const char *const timers_indexes[] = {
    "scheduled_calls_waiting",
    "alerts_waiting",
    "meetings_unchecked",
    "steps_waiting",
    "timers_waiting",
    "scheduled_calls_again",
    NULL,
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
    int kind = (int)scan->kind;
    bool is_active = scan->kind == timer_kind_NONE && columns[3].type == VALUE_INT;
    if (scan->kind == timer_kind_NONE) {
        TRY(enum_parse(&timer_kind_names, columns[4].text, &kind));
    }
    struct waiting_timer timer = {
        .key = {scan->kind, {columns[0].number}},
        .due_at = instant_from_ms(is_active ? columns[3].number : columns[1].number),
        .priority = (int)columns[2].number,
        .kind = (enum timer_kind)kind,
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

struct given_up {
    void *context;
    void (*each)(void *context, enum timer_kind kind, struct id id);
};

static enum err take_given_up(void *context, const struct value *columns)
{
    const struct given_up *given_up = context;
    int kind = 0;
    TRY(enum_parse(&timer_kind_names, columns[1].text, &kind));
    given_up->each(given_up->context, (enum timer_kind)kind, (struct id){columns[0].number});
    return OK;
}

enum err timers_each_given_up(struct db *db, void *context,
                              void (*each)(void *context, enum timer_kind kind, struct id id))
{
    struct given_up given_up = {context, each};
    return db_each(db, S_timers_given_up, &given_up, take_given_up, NO_PARAMS);
}

struct subject_row {
    struct timer timer;
    bool may_be_remembered;
};

static enum err take_subject(void *context, const struct value *columns)
{
    struct subject_row *row = context;
    row->timer.id = row->timer.subject_id = (struct id){columns[0].number};
    row->timer.due_at = instant_from_ms(columns[1].number);
    row->timer.priority = columns[2].number;
    row->may_be_remembered = columns[3].number != 0;
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
    struct subject_row subject = {.timer = {.kind = (int)key.kind, .state = timer_state_PENDING}};
    *has_row = true;
    if (key.kind == timer_kind_NONE) {
        return db_get(db, TABLE_timers, key.id, arena, out);
    }
    assert(timer_is_subject(key.kind));
    TRY(db_each(db, subjects[key.kind].one, &subject, take_subject, PARAMS(value_id(key.id))));
    if (!id_is_set(subject.timer.id)) {
        return E_NOT_FOUND;
    }
    enum err err =
        subject.may_be_remembered ? db_get(db, TABLE_timers, key.id, arena, out) : E_NOT_FOUND;
    if (err == OK && holds_back(out)) {
        return OK;
    }
    *has_row = false;
    *out = subject.timer;
    return err == E_NOT_FOUND ? OK : err;
}

static struct value kind_value(enum timer_kind kind)
{
    return value_text(str_from(enum_name(&timer_kind_names, (int)kind)));
}

/* What a row was before it is changed, for what is counted. */
struct was {
    int kind;
    int state; /* NONE where there is no row. */
};

static enum err take_was(void *context, const struct value *columns)
{
    struct was *was = context;
    bool is_read = enum_parse(&timer_kind_names, columns[0].text, &was->kind) == OK &&
                   enum_parse(&timer_state_names, columns[1].text, &was->state) == OK;
    return is_read ? OK : E_CORRUPT;
}

static enum err look_back(struct db *db, struct id id, struct was *out)
{
    *out = (struct was){0};
    return db_each(db, S_timer_state_of, out, take_was, PARAMS(value_id(id)));
}

static void count_row(struct db *db, int kind, int state, int64_t delta)
{
    job_counts_add(db, (enum timer_kind)kind, job_counter_of((enum timer_state)state), delta);
}

static void count_change(struct db *db, const struct was *was, enum timer_state now)
{
    if (was->state != timer_state_NONE) {
        count_row(db, was->kind, was->state, -1);
    }
    count_row(db, was->kind, now, 1);
}

/* Changes one row, which then is in `state`. E_CONFLICT where it was not in one that the change
 * starts from. */
static enum err change(struct db *db, enum statement which, enum timer_state state,
                       struct params params)
{
    struct was was = {0};
    TRY(look_back(db, (struct id){params.values[0].number}, &was));
    TRY(db_move(db, which, params));
    count_change(db, &was, state);
    return OK;
}

enum err timers_add(struct db *db, struct arena *arena, const struct timer *timer)
{
    TRY(db_insert(db, TABLE_timers, arena, timer));
    count_row(db, timer->kind, timer->state, 1);
    return OK;
}

enum err timers_remember(struct db *db, struct arena *arena, const struct timer *timer)
{
    struct was was = {0};
    TRY(look_back(db, timer->id, &was));
    TRY(was.state == timer_state_NONE ? db_insert(db, TABLE_timers, arena, timer)
                                      : db_update(db, TABLE_timers, arena, timer));
    was.kind = timer->kind;
    count_change(db, &was, (enum timer_state)timer->state);
    return OK;
}

void timers_count_run(struct db *db, enum timer_kind kind)
{
    assert(timer_is_subject(kind));
    job_counts_add(db, kind, JOBS_COMPLETED, 1);
}

enum err timers_complete(struct db *db, struct id id, struct instant now)
{
    return change(db, S_timer_complete, timer_state_COMPLETED,
                  PARAMS(value_id(id), value_time(now)));
}

enum err timers_lease(struct db *db, struct id id, struct instant now, struct instant until)
{
    return change(db, S_timer_lease, timer_state_ACTIVE,
                  PARAMS(value_id(id), value_time(now), value_time(until)));
}

enum err timers_count_stall(struct db *db, struct id id)
{
    struct was was = {0};
    TRY(look_back(db, id, &was));
    TRY(db_move(db, S_timer_stalled, PARAMS(value_id(id))));
    job_counts_add(db, (enum timer_kind)was.kind, JOBS_STALLED, 1);
    return OK;
}

enum err timers_again(struct db *db, const struct timer *timer)
{
    return change(db, S_timer_again, timer_state_PENDING,
                  PARAMS(value_id(timer->id), value_time(timer->due_at), value_int(timer->attempts),
                         value_text(timer->error)));
}

enum err timers_give_up(struct db *db, const struct timer *timer)
{
    return change(db, S_timer_failed, timer_state_FAILED,
                  PARAMS(value_id(timer->id), value_time(timer->ended_at),
                         value_int(timer->attempts), value_text(timer->error)));
}

enum err timers_revive(struct db *db, const struct timer *timer, struct instant now)
{
    return change(db, S_timer_revive, timer_state_PENDING,
                  PARAMS(value_id(timer->id), value_time(now)));
}

static enum err forget(struct db *db, enum timer_kind kind, struct id subject)
{
    struct was was = {0};
    TRY(look_back(db, subject, &was));
    if (was.kind != (int)kind) {
        return OK;
    }
    TRY(db_run(db, S_timer_forget, PARAMS(value_id(subject), kind_value(kind))));
    count_row(db, was.kind, was.state, -1);
    return OK;
}

static enum err take_cancelled(void *context, const struct value *columns)
{
    struct was was = {0};
    struct job_counts *found = context;
    TRY(take_was(&was, columns));
    found->of[was.kind][job_counter_of((enum timer_state)was.state)]++;
    return OK;
}

enum err timers_cancel(struct db *db, enum timer_kind kind, struct id subject, struct instant now)
{
    struct job_counts found = {0};
    if (timer_is_subject(kind)) {
        return forget(db, kind, subject);
    }
    TRY(db_each(db, S_timers_open_of_subject, &found, take_cancelled,
                PARAMS(value_id(subject), kind_value(kind))));
    int64_t pending = found.of[kind][JOBS_PENDING];
    int64_t active = found.of[kind][JOBS_ACTIVE];
    if (pending + active == 0) {
        return OK;
    }
    TRY(db_run(db, S_timers_cancel_subject,
               PARAMS(value_id(subject), value_time(now), kind_value(kind))));
    job_counts_add(db, kind, JOBS_PENDING, -pending);
    job_counts_add(db, kind, JOBS_ACTIVE, -active);
    job_counts_add(db, kind, JOBS_CANCELLED, pending + active);
    return OK;
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
