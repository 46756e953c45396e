#include "store/job_counts.h"

#include "store/db_internal.h"

#include <assert.h>

enum job_counter job_counter_of(enum timer_state state)
{
    static const enum job_counter counters[timer_state_COUNT] = {
        [timer_state_PENDING] = JOBS_PENDING,     [timer_state_ACTIVE] = JOBS_ACTIVE,
        [timer_state_COMPLETED] = JOBS_COMPLETED, [timer_state_FAILED] = JOBS_FAILED,
        [timer_state_CANCELLED] = JOBS_CANCELLED,
    };
    assert(state != timer_state_NONE && state < timer_state_COUNT);
    return counters[state];
}

void job_counts_add(struct db *db, enum timer_kind kind, enum job_counter which, int64_t delta)
{
    assert(kind != timer_kind_NONE && which < JOB_COUNTERS);
    db->jobs.of[kind][which] += delta;
    db->jobs.kinds |= UINT64_C(1) << kind;
}

static struct value kind_value(int kind)
{
    return value_enum(&timer_kind_names, kind);
}

static enum err write_kind(struct db *db, int kind)
{
    const int64_t *of = db->jobs.of[kind];
    struct value values[] = {kind_value(kind),           value_int(of[JOBS_PENDING]),
                             value_int(of[JOBS_ACTIVE]), value_int(of[JOBS_COMPLETED]),
                             value_int(of[JOBS_FAILED]), value_int(of[JOBS_CANCELLED]),
                             value_int(of[JOBS_STALLED])};
    return db_run(db, S_job_counts_add, (struct params){values, ARRAY_LENGTH(values)});
}

static bool is_zero(const int64_t *of)
{
    for (int i = 0; i < JOB_COUNTERS; i++) {
        if (of[i] != 0) {
            return false;
        }
    }
    return true;
}

enum err job_counts_write(struct db *db)
{
    uint64_t kinds = db->jobs.kinds;
    for (int kind = 0; kinds != 0 && kind < timer_kind_COUNT; kind++) {
        if ((kinds >> kind & 1) != 0 && !is_zero(db->jobs.of[kind])) {
            TRY(write_kind(db, kind));
        }
    }
    if (kinds != 0) {
        db->jobs = (struct job_counts){0};
    }
    return OK;
}

static enum err take_counts(void *context, const struct value *columns)
{
    struct job_counts *counts = context;
    int kind = timer_kind_NONE;
    if (enum_parse(&timer_kind_names, columns[0].text, &kind) != OK) {
        return OK; /* A kind that there is no more. */
    }
    for (int i = 0; i < JOB_COUNTERS; i++) {
        counts->of[kind][i] += columns[1 + i].number;
    }
    counts->kinds |= UINT64_C(1) << kind;
    return OK;
}

enum err job_counts_read(struct db *db, struct job_counts *out)
{
    *out = db->jobs;
    return db_each(db, S_job_counts_all, out, take_counts, NO_PARAMS);
}

enum err job_counts_wrong(struct db *db, int64_t *out)
{
    return db_number(db, S_job_counts_wrong, out, NO_PARAMS);
}
