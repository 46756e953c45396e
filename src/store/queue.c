#include "store/queue.h"

#include "store/job_counts.h"
#include "store/timers.h"

#include <assert.h>

static struct value kind_value(enum timer_kind kind)
{
    return value_enum(&timer_kind_names, (int)kind);
}

enum err queue_states_get(struct db *db, struct arena *arena, enum timer_kind kind,
                          struct queue_state *out)
{
    return db_one(db, S_queue_state_of, (struct db_into){TABLE_queue_states, arena}, out,
                  PARAMS(kind_value(kind)));
}

enum err queue_states_all(struct db *db, struct arena *arena, struct list *out)
{
    return db_all(db, S_queue_states_all, (struct db_into){TABLE_queue_states, arena}, out,
                  NO_PARAMS);
}

enum err queue_states_put(struct db *db, struct arena *arena, const struct queue_state *state)
{
    enum err err = db_insert_new(db, TABLE_queue_states, arena, state);
    return err == E_DUPLICATE ? db_update(db, TABLE_queue_states, arena, state) : err;
}

static enum err take_due(void *context, const struct value *columns)
{
    struct queue_due *due = context;
    due->count = columns[0].number;
    due->oldest = due->count == 0 ? INSTANT_NONE : instant_from_ms(columns[1].number);
    return OK;
}

enum err queue_due_of(struct db *db, enum timer_kind kind, struct instant now,
                      struct queue_due *out)
{
    *out = (struct queue_due){0};
    enum statement which = kind == timer_kind_SCHEDULED_CALL ? S_queue_calls_due : S_queue_rows_due;
    return db_each(db, which, out, take_due, PARAMS(kind_value(kind), value_time(now)));
}

static enum err take_subjects(void *context, const struct value *columns)
{
    struct queue_subjects *subjects = context;
    subjects->waiting = columns[0].number;
    subjects->due.count = columns[1].number;
    if (subjects->due.count > 0) {
        subjects->due.oldest = instant_from_ms(columns[2].number);
    }
    return OK;
}

enum err queue_subjects_of(struct db *db, enum timer_kind kind, struct instant now, bool has_rows,
                           struct queue_subjects *out)
{
    *out = (struct queue_subjects){0};
    enum statement which = kind == timer_kind_ALERT  ? S_queue_alerts
                           : kind == timer_kind_STEP ? S_queue_steps
                                                     : S_queue_checks;
    assert(timer_is_subject(kind) && kind != timer_kind_SCHEDULED_CALL);
    return db_each(db, which, out, take_subjects, PARAMS(value_time(now), value_int(has_rows)));
}

/* What a row must be so that its job is in a state; paused -1 where that does not matter. */
struct row_filter {
    enum timer_state state;
    int64_t due_from;
    int64_t due_until;
    int64_t paused;
};

static struct row_filter filter_of(const struct job_page *page)
{
    static const enum timer_state states[job_state_COUNT] = {
        [job_state_waiting] = timer_state_PENDING,     [job_state_delayed] = timer_state_PENDING,
        [job_state_paused] = timer_state_PENDING,      [job_state_active] = timer_state_ACTIVE,
        [job_state_completed] = timer_state_COMPLETED, [job_state_failed] = timer_state_FAILED,
        [job_state_cancelled] = timer_state_CANCELLED,
    };
    bool is_paused = page->state == job_state_paused;
    bool is_due = is_paused || page->state == job_state_waiting;
    int64_t now_ms = instant_ms(page->now);
    return (struct row_filter){
        .state = states[page->state],
        .due_from = page->state == job_state_delayed ? now_ms + 1 : 0,
        .due_until = is_due ? now_ms : INT64_MAX,
        .paused = is_due ? is_paused : -1,
    };
}

struct job_scan {
    struct instant now;
    int64_t limit;
    struct arena *arena;
    struct job *jobs;
    size_t count;
};

static struct instant instant_in(const struct value *column)
{
    return column->type == VALUE_INT ? instant_from_ms(column->number) : INSTANT_NONE;
}

static enum job_state job_state_of(struct instant now, const struct value *columns)
{
    static const struct {
        struct str name;
        enum job_state state;
    } words[] = {{STR_INIT("ACTIVE"), job_state_active},
                 {STR_INIT("COMPLETED"), job_state_completed},
                 {STR_INIT("FAILED"), job_state_failed},
                 {STR_INIT("CANCELLED"), job_state_cancelled}};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (str_equal(words[i].name, columns[5].text)) {
            return words[i].state;
        }
    }
    if (columns[3].number > instant_ms(now)) {
        return job_state_delayed;
    }
    return columns[12].number != 0 ? job_state_paused : job_state_waiting;
}

static enum err take_job(void *context, const struct value *columns)
{
    struct job_scan *scan = context;
    int kind = timer_kind_NONE;
    TRY(enum_parse(&timer_kind_names, columns[1].text, &kind) == OK ? OK : E_CORRUPT);
    assert((int64_t)scan->count < scan->limit);
    scan->jobs[scan->count++] = (struct job){
        .id = {columns[0].number},
        .kind = kind,
        .subject_id = {columns[2].type == VALUE_INT ? columns[2].number : 0},
        .state = (int)job_state_of(scan->now, columns),
        .due_at = instant_in(&columns[3]),
        .priority = columns[4].number,
        .attempts = columns[6].number,
        .stalled = columns[7].number,
        .lease_until = instant_in(&columns[8]),
        .started_at = instant_in(&columns[9]),
        .ended_at = instant_in(&columns[10]),
        .error =
            columns[11].type == VALUE_TEXT ? arena_str(scan->arena, columns[11].text) : STR_NONE,
    };
    return OK;
}

enum err queue_jobs_page(struct db *db, struct arena *arena, const struct job_page *page,
                         struct list *out)
{
    struct row_filter filter = filter_of(page);
    struct job_scan scan = {page->now, page->limit, arena,
                            ARENA_NEW_ARRAY(arena, struct job, page->limit), 0};
    struct value state = filter.state == timer_state_NONE
                             ? value_text(STR(""))
                             : value_enum(&timer_state_names, (int)filter.state);
    struct value kind =
        page->kind == timer_kind_NONE ? value_text(STR("")) : kind_value(page->kind);
    TRY(db_each(db, S_queue_jobs, &scan, take_job,
                PARAMS(value_int(page->after.value), kind, state, value_int(filter.due_from),
                       value_int(filter.due_until), value_int(page->limit),
                       value_int(filter.paused))));
    *out = (struct list){scan.jobs, scan.count};
    return OK;
}

enum err queue_jobs_due(struct db *db, struct arena *arena, const struct job_due_page *page,
                        struct list *out)
{
    struct job_scan scan = {page->now, page->limit, arena,
                            ARENA_NEW_ARRAY(arena, struct job, page->limit), 0};
    struct value kind =
        page->kind == timer_kind_NONE ? value_text(STR("")) : kind_value(page->kind);
    int64_t until = instant_is_set(page->due_until) ? instant_ms(page->due_until) : INT64_MAX;
    TRY(db_each(db, S_queue_jobs_due, &scan, take_job,
                PARAMS(value_int(page->after_due_ms), value_int(page->after.value), kind,
                       value_int(instant_ms(page->due_from)), value_int(until),
                       value_int(page->each), value_int(page->limit))));
    *out = (struct list){scan.jobs, scan.count};
    return OK;
}

static enum err take_swept(void *context, const struct value *columns)
{
    struct job_counts *swept = context;
    int kind = timer_kind_NONE;
    int state = timer_state_NONE;
    if (enum_parse(&timer_kind_names, columns[0].text, &kind) != OK ||
        enum_parse(&timer_state_names, columns[1].text, &state) != OK) {
        return E_CORRUPT;
    }
    swept->of[kind][job_counter_of((enum timer_state)state)] = columns[2].number;
    return OK;
}

static void count_swept(struct db *db, const struct job_counts *swept)
{
    for (int kind = timer_kind_NONE + 1; kind < timer_kind_COUNT; kind++) {
        for (int i = 0; i < JOB_COUNTERS; i++) {
            if (swept->of[kind][i] > 0) {
                job_counts_add(db, (enum timer_kind)kind, (enum job_counter)i, -swept->of[kind][i]);
            }
        }
    }
}

enum err queue_sweep(struct db *db, const struct job_sweep *sweep, int64_t *removed)
{
    int64_t up_to = INT64_MAX;
    struct job_counts swept = {0};
    *removed = 0;
    assert(sweep->limit > 0);
    if (sweep->keep > 0) {
        enum err err =
            db_number(db, S_queue_oldest_finished, &up_to, PARAMS(value_int(sweep->keep)));
        if (err == E_NOT_FOUND) {
            return OK;
        }
        TRY(err);
    }
    struct params params =
        PARAMS(value_int(up_to), value_time(sweep->before), value_int(sweep->limit));
    TRY(db_each(db, sweep->is_failed ? S_queue_old_failed : S_queue_old_finished, &swept,
                take_swept, params));
    TRY(db_change(db, sweep->is_failed ? S_queue_sweep_failed : S_queue_sweep_finished, removed,
                  params));
    count_swept(db, &swept);
    return OK;
}

enum err queue_calls_ended_after(struct db *db, enum call_status status, struct instant after,
                                 int64_t *out)
{
    return db_number(db, S_queue_calls_after, out,
                     PARAMS(value_enum(&call_status_names, (int)status), value_time(after)));
}
