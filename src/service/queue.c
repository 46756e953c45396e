#include "service/queue.h"

#include "service/call_counts.h"
#include "service/engine.h"
#include "service/events.h"
#include "service/pacer.h"
#include "store/queue.h"

static enum err find_kind(struct op *op, enum timer_kind *out)
{
    int kind = timer_kind_NONE;
    if (enum_parse(&timer_kind_names, op->path_text, &kind) != OK) {
        return op_fail(op, E_NOT_FOUND, NULL, "there is no such kind of job");
    }
    *out = (enum timer_kind)kind;
    return OK;
}

/* What people create an operator may hold; what the engine itself has to do only an admin. */
static enum err may_hold(struct op *op, enum timer_kind kind)
{
    return kind == timer_kind_SCHEDULED_CALL ? op_may_change(op, ID_NONE) : op_may_administer(op);
}

static enum err read_state(struct op *op, enum timer_kind kind, struct queue_state *out)
{
    enum err err = queue_states_get(op->db, op->arena, kind, out);
    if (err != E_NOT_FOUND) {
        return err;
    }
    *out = (struct queue_state){.kind = str_from(enum_name(&timer_kind_names, (int)kind))};
    return OK;
}

struct decision {
    const char *action;
    enum timer_kind kind;
    const struct queue_state *before;
    const struct queue_state *after;
    int64_t changed;
};

static struct str facts_of(const struct op *op, const struct decision *decision,
                           const struct queue_state *state)
{
    struct queue_change facts = {.kind = (int)decision->kind,
                                 .is_paused = instant_is_set(state->paused_at),
                                 .changed = state == decision->after ? decision->changed : 0};
    return op_record_text(op, &queue_change_record, &facts);
}

/* Writes, audits and tells what was decided. */
static enum err decide(struct op *op, const struct decision *decision, void *output)
{
    struct str after = facts_of(op, decision, decision->after);
    TRY(queue_states_put(op->db, op->arena, decision->after));
    TRY(op_audit(op, (struct audit_entry){
                         .action = decision->action,
                         .subject_type = subject_type_SYSTEM,
                         .before = facts_of(op, decision, decision->before),
                         .after = after,
                     }));
    TRY(event_tell(op, &(struct event_facts){.kind = event_kind_QUEUE_CHANGED,
                                             .subject_type = subject_type_SYSTEM,
                                             .data = after}));
    op_log(op, LOG_WARN, LOG_QUEUE, "%s: %s", decision->action,
           enum_name(&timer_kind_names, (int)decision->kind));
    *(struct queue_change *)output =
        (struct queue_change){.kind = (int)decision->kind,
                              .is_paused = instant_is_set(decision->after->paused_at),
                              .changed = decision->changed};
    return OK;
}

static enum err set_pause(struct op *op, bool is_paused, void *output)
{
    enum timer_kind kind = timer_kind_NONE;
    struct queue_state before = {0};
    struct queue_kind now = {0};
    TRY(find_kind(op, &kind));
    TRY(may_hold(op, kind));
    TRY(read_state(op, kind, &before));
    if (instant_is_set(before.paused_at) == is_paused) {
        return op_fail(op, E_OPERATION, NULL,
                       is_paused ? "it is paused already" : "it is not paused");
    }
    TRY(queue_look_at(op, kind, &now));
    struct queue_state after = before;
    after.paused_at = is_paused ? op->now : INSTANT_NONE;
    after.paused_by = is_paused ? op->actor.name : STR_NONE;
    uint64_t bit = UINT64_C(1) << kind;
    op->writer->queue.paused =
        is_paused ? op->writer->queue.paused | bit : op->writer->queue.paused & ~bit;
    if (kind == timer_kind_SCHEDULED_CALL) {
        pace_changed(op, ID_NONE);
    }
    return decide(op,
                  &(struct decision){is_paused ? "QUEUE_PAUSED" : "QUEUE_RESUMED", kind, &before,
                                     &after, is_paused ? now.waiting : now.paused},
                  output);
}

enum err pause_queue(struct op *op, const void *input, void *output)
{
    (void)input;
    return set_pause(op, true, output);
}

enum err resume_queue(struct op *op, const void *input, void *output)
{
    (void)input;
    return set_pause(op, false, output);
}

/* Drain and clean are for what people create. */
static enum err find_calls(struct op *op, const char *what)
{
    enum timer_kind kind = timer_kind_NONE;
    TRY(find_kind(op, &kind));
    TRY(op_may_change(op, ID_NONE));
    return kind == timer_kind_SCHEDULED_CALL
               ? OK
               : op_fail(op, E_OPERATION, NULL,
                         "only SCHEDULED_CALL is %s: what the engine has to do would be lost; it "
                         "may be paused",
                         what);
}

/* Those that are there now are cancelled, a portion at a time (service/queue_drain); none of them
 * begins from here on. */
enum err drain_queue(struct op *op, const void *input, void *output)
{
    (void)input;
    struct queue_state before = {0};
    struct queue_kind now = {0};
    TRY(find_calls(op, "drained"));
    TRY(read_state(op, timer_kind_SCHEDULED_CALL, &before));
    TRY(queue_look_at(op, timer_kind_SCHEDULED_CALL, &now));
    struct queue_state after = before;
    after.drained_until = after.drained_last = op_new_id(op);
    op->writer->queue.drained_until = after.drained_until;
    op->writer->queue.drained_last = after.drained_last;
    TRY(timer_arm(op, (struct timer_request){.kind = timer_kind_DRAIN,
                                             .subject = after.drained_until,
                                             .due_at = op->now,
                                             .priority = PRIORITY_LOW}));
    return decide(op,
                  &(struct decision){"QUEUE_DRAINED", timer_kind_SCHEDULED_CALL, &before, &after,
                                     now.waiting + now.delayed + now.paused},
                  output);
}

/* What of a counter is not to be shown any more: what ended until `until`. */
static enum err base_of(struct op *op, enum call_status status, int64_t count, struct instant until,
                        int64_t *base)
{
    int64_t newer = 0;
    if (instant_before(until, op->now)) {
        TRY(queue_calls_ended_after(op->db, status, until, &newer));
    }
    int64_t older = count - newer;
    *base = older > *base ? older : *base;
    *base = *base > count && count >= 0 ? count : *base;
    return OK;
}

enum err clean_queue(struct op *op, const void *input, void *output)
{
    const struct queue_clean_input *given = input;
    struct queue_state before = {0};
    struct call_tally tally = {0};
    TRY(find_calls(op, "cleaned"));
    TRY(read_state(op, timer_kind_SCHEDULED_CALL, &before));
    TRY(call_counts_now(op, &tally));
    struct queue_state after = before;
    struct instant until = instant_sub(op->now, HOURS(given->older_hours));
    after.cleaned_at = instant_max(before.cleaned_at, until);
    TRY(base_of(op, call_status_completed, tally.completed, until, &after.completed_base));
    TRY(base_of(op, call_status_failed, tally.failed, until, &after.failed_base));
    TRY(base_of(op, call_status_cancelled, tally.cancelled, until, &after.cancelled_base));
    int64_t changed = after.completed_base - before.completed_base + after.failed_base -
                      before.failed_base + after.cancelled_base - before.cancelled_base;
    return decide(
        op,
        &(struct decision){"QUEUE_CLEANED", timer_kind_SCHEDULED_CALL, &before, &after, changed},
        output);
}
