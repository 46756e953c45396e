#include "service/engine.h"
#include "service/events.h"
#include "service/queue.h"
#include "store/queue.h"

/* Removed in one operation. */
enum { SWEPT_AT_ONCE = 2000 };

enum err queue_recover(struct op *op)
{
    struct list states = {0};
    struct queue_memory *memory = &op->writer->queue;
    *memory = (struct queue_memory){0};
    TRY(queue_states_all(op->db, op->arena, &states));
    for (size_t i = 0; i < states.count; i++) {
        const struct queue_state *state = (const struct queue_state *)states.items + i;
        int kind = timer_kind_NONE;
        if (enum_parse(&timer_kind_names, state->kind, &kind) != OK) {
            op_log(op, LOG_WARN, LOG_QUEUE, "there is no kind of job %.*s any more",
                   STR_FMT(state->kind));
            continue;
        }
        memory->paused |= instant_is_set(state->paused_at) ? UINT64_C(1) << kind : 0;
        if (id_is_set(state->drained_until)) {
            memory->drained_until = state->drained_until;
        }
        if (kind == timer_kind_SCHEDULED_CALL) {
            memory->drained_last = state->drained_last;
        }
    }
    return OK;
}

enum err queue_forget_old(struct op *op, bool *more)
{
    const struct site *site = op->site;
    struct job_sweep finished = {.before = instant_sub(op->now, site->finished_keep),
                                 .keep = site->finished_keep_count,
                                 .limit = SWEPT_AT_ONCE};
    struct job_sweep failed = {.before = instant_sub(op->now, site->failed_keep),
                               .limit = SWEPT_AT_ONCE,
                               .is_failed = true};
    int64_t done = 0;
    int64_t given_up = 0;
    TRY(queue_sweep(op->db, &finished, &done));
    TRY(queue_sweep(op->db, &failed, &given_up));
    *more = done == SWEPT_AT_ONCE || given_up == SWEPT_AT_ONCE;
    if (done + given_up > 0) {
        op_log(op, LOG_INFO, LOG_QUEUE, "removed %lld finished jobs and %lld that had failed",
               (long long)done, (long long)given_up);
    }
    return OK;
}

static enum err tell(struct op *op, const struct job *job, struct str error)
{
    struct str after = op_record_text(op, &job_record, job);
    TRY(op_audit(op, (struct audit_entry){.action = "JOB_RETRIED",
                                          .subject_type = subject_type_SYSTEM,
                                          .subject = job->id,
                                          .before = error,
                                          .after = after}));
    return event_tell(op, &(struct event_facts){.kind = event_kind_QUEUE_CHANGED,
                                                .subject_type = subject_type_SYSTEM,
                                                .subject = job->id,
                                                .data = after});
}

enum err retry_job(struct op *op, const void *input, void *output)
{
    (void)input;
    struct job *job = output;
    struct timer timer = {0};
    TRY(op_may_change(op, ID_NONE));
    enum err err = db_get(op->db, TABLE_timers, op->path_id, op->arena, &timer);
    if (err == E_NOT_FOUND) {
        TRY(retry_scheduled_call(op, op->path_id, job));
        return tell(op, job, STR_NONE);
    }
    TRY(err);
    if (timer.state != timer_state_FAILED) {
        return op_fail(op, E_OPERATION, NULL, "only a job that failed is tried again");
    }
    TRY(timer_retry(op, &timer));
    bool is_paused = queue_is_paused(&op->writer->queue, (enum timer_kind)timer.kind);
    *job = (struct job){
        .id = timer.id,
        .kind = timer.kind,
        .subject_id = timer.subject_id,
        .state = is_paused ? job_state_paused : job_state_waiting,
        .due_at = timer.due_at,
        .priority = timer.priority,
        .stalled = timer.stalled,
        .error = timer.error,
    };
    return tell(op, job, timer.error);
}
