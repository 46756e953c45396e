#include "service/engine.h"

#include "service/idempotency.h"
#include "service/keys.h"
#include "service/queue.h"
#include "service/sinks.h"
#include "store/delivery.h"

#include <assert.h>

static enum err (*const functions[timer_kind_COUNT])(struct op *op, struct timer *timer) = {
#define TIMER(kind, function) [timer_kind_##kind] = function,
#include "service/timers.def"
#undef TIMER
};

static void expect(struct op *op, const struct timer *timer, struct instant at)
{
    op_effect(op, (struct effect){.kind = EFFECT_TIMER,
                                  .id = timer->id,
                                  .at = at,
                                  .priority = (int)timer->priority,
                                  .tag = timer->kind});
}

enum err timer_arm(struct op *op, struct timer_request request)
{
    bool is_subject = timer_is_subject(request.kind);
    struct timer timer = {
        .id = is_subject ? request.subject : op_new_id(op),
        .kind = request.kind,
        .subject_id = request.subject,
        .due_at = request.due_at,
        .priority = request.priority,
        .state = timer_state_PENDING,
    };
    expect(op, &timer, timer.due_at);
    return is_subject ? OK : timers_add(op->db, op->arena, &timer);
}

void timer_run_again(struct op *op, struct timer *timer, struct instant due_at)
{
    timer->state = timer_state_PENDING;
    timer->due_at = due_at;
    timer->attempts = 0;
    timer->error = STR_NONE;
    expect(op, timer, due_at);
}

void timer_hold(struct op *op, struct timer *timer, struct instant lease_until)
{
    timer->state = timer_state_ACTIVE;
    timer->lease_until = lease_until;
    expect(op, timer, lease_until);
}

/* Where what it was for has ended meanwhile, there is nothing left to be tried. */
enum err timer_retry(struct op *op, struct timer *timer)
{
    enum timer_kind kind = (enum timer_kind)timer->kind;
    struct timer waiting = {0};
    bool has_row = false;
    assert(timer->state == timer_state_FAILED);
    if (timer_is_subject(kind)) {
        enum err err =
            timers_get(op->db, op->arena, (struct timer_key){kind, timer->id}, &waiting, &has_row);
        TRY(err == E_NOT_FOUND ? op_fail(op, E_OPERATION, NULL, "what this job was for has ended")
                               : err);
    }
    TRY(timers_revive(op->db, timer, op->now));
    timer->state = timer_state_PENDING;
    timer->due_at = op->now;
    timer->attempts = 0;
    timer->ended_at = INSTANT_NONE;
    expect(op, timer, op->now);
    /* Those of before the start are not in it. */
    if (atomic_load(&op->site->stats->timers_quarantined) > 0) {
        atomic_fetch_sub(&op->site->stats->timers_quarantined, 1);
    }
    return OK;
}

/* A subject that was planned after its time (a stage found late) is late from then on. */
static void note_lateness(const struct op *op, const struct timer *timer)
{
    struct instant due_at = timer_is_subject((enum timer_kind)timer->kind)
                                ? instant_max(timer->due_at, id_instant(timer->id))
                                : timer->due_at;
    int64_t late_ms = duration_ms(instant_since(op->now, due_at));
    struct stats *stats = op->site->stats;
    atomic_fetch_add(&stats->timers_fired, 1);
    atomic_fetch_add(&stats->fired[timer->kind], 1);
    if (timer->kind == timer_kind_SCHEDULED_CALL) {
        return; /* Its time came when the pacer got it; what it waited there is its pace. */
    }
    histogram_add(&stats->metrics.lateness, instant_since(op->now, due_at));
    if (late_ms > atomic_load(&stats->lateness_max_ms)) {
        atomic_store(&stats->lateness_max_ms, late_ms);
    }
    if (late_ms > atomic_load(&stats->late_max_ms[timer->kind])) {
        atomic_store(&stats->late_max_ms[timer->kind], late_ms);
    }
    if (late_ms > 1000) {
        op_log(op, LOG_WARN, LOG_WORKER, "%s timer ran %lld ms late",
               enum_name(&timer_kind_names, timer->kind), (long long)late_ms);
    }
}

static enum err settle(struct op *op, const struct timer *timer)
{
    switch ((enum timer_state)timer->state) {
    case timer_state_COMPLETED:
        return timers_complete(op->db, timer->id, op->now);
    case timer_state_PENDING:
        return timers_again(op->db, timer);
    case timer_state_ACTIVE:
        return timers_lease(op->db, timer->id, op->now, timer->lease_until);
    case timer_state_NONE:
    case timer_state_FAILED:
    case timer_state_CANCELLED:
    case timer_state_COUNT:
        break;
    }
    assert(!"a handler leaves a timer completed, pending or held");
    return E_INTERNAL;
}

static bool waits(const struct timer *timer)
{
    return timer->state == timer_state_PENDING || timer->state == timer_state_ACTIVE;
}

/* Whether the row is still waiting for this very instant: an entry in memory may be older than its
 * row. */
static bool is_due(const struct op *op, const struct timer *timer)
{
    if (timer->state == timer_state_PENDING) {
        return instant_ms(timer->due_at) <= instant_ms(op->now);
    }
    return timer->state == timer_state_ACTIVE &&
           instant_ms(timer->lease_until) <= instant_ms(op->now);
}

/* Of a subject that is its own timer nothing is written where its own row says that it has ended.
 */
static enum err settle_subject(struct op *op, const struct timer *timer)
{
    if (timer->state != timer_state_COMPLETED) {
        return timers_remember(op->db, op->arena, timer);
    }
    timers_count_run(op->db, (enum timer_kind)timer->kind);
    return OK;
}

enum err engine_run(struct op *op, struct timer_key key)
{
    struct timer timer = {0};
    bool has_row = false;
    enum err err = timers_get(op->db, op->arena, key, &timer, &has_row);
    if (err == E_NOT_FOUND || (err == OK && !is_due(op, &timer))) {
        op->writer->is_early = err == OK && waits(&timer);
        return OK;
    }
    TRY(err);
    if (timer.state == timer_state_ACTIVE) {
        op_log(op, LOG_WARN, LOG_QUEUE, "%s timer stalled: its worker did not end within its lease",
               enum_name(&timer_kind_names, timer.kind));
        TRY(timers_count_stall(op->db, timer.id));
    }
    note_lateness(op, &timer);
    timer.state = timer_state_COMPLETED;
    timer.lease_until = INSTANT_NONE;
    assert(functions[timer.kind] != NULL);
    if (has_row && timer.kind == timer_kind_SCHEDULED_CALL) {
        /* First, since a call that ends or waits again forgets what was remembered of it. */
        TRY(settle(op, &timer));
        return functions[timer.kind](op, &timer);
    }
    TRY(functions[timer.kind](op, &timer));
    return has_row ? settle(op, &timer) : settle_subject(op, &timer);
}

enum err engine_end_idle(struct op *op, const struct due_entry *entries, struct checks *checks)
{
    op_decided(op);
    TRY(meetings_joined_checked(op->db, op->now, checks));
    for (size_t i = 0; i < checks->count; i++) {
        if (checks->is_ended[i]) {
            note_lateness(op, &(struct timer){.id = checks->ids[i],
                                              .kind = timer_kind_MISSED_CHECK,
                                              .due_at = instant_from_ms(entries[i].due_ms)});
            timers_count_run(op->db, timer_kind_MISSED_CHECK);
        }
    }
    return OK;
}

static enum err give_up(struct op *op, struct timer *timer, bool has_row, enum err why)
{
    timer->state = timer_state_FAILED;
    timer->ended_at = op->now;
    atomic_fetch_add(&op->site->stats->timers_quarantined, 1);
    op_log(op, LOG_ERROR, LOG_QUEUE, "%s timer gave up after %lld attempts: %s",
           enum_name(&timer_kind_names, timer->kind), (long long)timer->attempts, err_code(why));
    return has_row ? timers_give_up(op->db, timer) : timers_remember(op->db, op->arena, timer);
}

enum err engine_count_failure(struct op *op, struct timer_key key, enum err why)
{
    struct timer timer = {0};
    bool has_row = false;
    TRY(timers_get(op->db, op->arena, key, &timer, &has_row));
    timer.attempts++;
    timer.error = arena_printf(op->arena, "%s: %s", err_code(why), op->problem->message);
    if (timer.attempts > op->site->retry_attempts) {
        return give_up(op, &timer, has_row, why);
    }
    timer.due_at = instant_add(op->now, backoff(op->site->retry_first, (int)timer.attempts));
    expect(op, &timer, timer.due_at);
    op_log(op, LOG_WARN, LOG_QUEUE, "%s timer failed (%s) and is tried again",
           enum_name(&timer_kind_names, timer.kind), err_code(why));
    return has_row ? timers_again(op->db, &timer) : timers_remember(op->db, op->arena, &timer);
}

enum err clean_timers(struct op *op, struct timer *timer)
{
    bool is_done = true;
    bool has_no_keys = true;
    bool has_more = false;
    if (id_is_set(timer->subject_id)) {
        return events_clean_on(op, timer);
    }
    TRY(queue_forget_old(op, &has_more));
    TRY(early_news_forget(op->db, instant_sub(op->now, MINUTES(10))));
    TRY(events_clean(op));
    TRY(idempotency_clean(op, &is_done));
    TRY(keys_clean(op, &has_no_keys));
    bool has_rest = has_more || !is_done || !has_no_keys;
    timer_run_again(op, timer, instant_add(op->now, has_rest ? SECONDS(1) : HOURS(1)));
    return OK;
}
