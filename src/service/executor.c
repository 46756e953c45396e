#include "service/executor_internal.h"

#include "base/memory.h"
#include "service/due_heap.h"
#include "service/engine.h"
#include "service/pacer.h"
#include "service/queue.h"
#include "store/settings.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* So often a batch is done again. */
enum { REPEATS_MAX = 3 };

static const struct duration probe_every = SECONDS_INIT(1);
/* What was told to readers is not looked for again so soon. */
static const struct duration look_anew = {1000};
/* A clock that is steered may go back by less. */
static const struct duration steered_max = SECONDS_INIT(1);

struct instant executor_now(const struct executor *executor)
{
    return executor->site->clock.now(executor->site->clock.context);
}

enum err executor_new(const struct executor_config *config, struct executor **out,
                      struct problem *problem)
{
    struct executor *executor = memory_new(sizeof *executor);
    executor->site = config->site;
    executor->db = config->db;
    executor->cluster = config->cluster;
    executor->sync = config->sync;
    executor->sinks = config->sinks;
    executor->events = config->events;
    executor->due = config->due;
    executor->scratch = arena_new();
    executor->courier = courier_new(config->site, config->wire, config->in_flight_max);
    executor->writer.courier = executor->courier;
    executor->pacer = pacer_new(config->site, executor->courier);
    db_run_ahead(config->db);
    *out = executor;
    return db_flush_apart(config->db, problem);
}

void executor_free(struct executor **executor)
{
    if (*executor == NULL) {
        return;
    }
    while ((*executor)->waiting != NULL) {
        struct work *work = (*executor)->waiting;
        (*executor)->waiting = work->next;
        work->done(work, E_UNAVAILABLE, &work->problem);
    }
    due_heap_free(&(*executor)->timers);
    queue_gate_free(&(*executor)->gate);
    writer_free(&(*executor)->writer);
    pacer_free(&(*executor)->pacer);
    courier_free(&(*executor)->courier);
    arena_free(&(*executor)->scratch);
    free((*executor)->held_back.items);
    free((*executor)->ended);
    free(*executor);
    *executor = NULL;
}

struct courier *executor_courier(struct executor *executor)
{
    return executor->courier;
}

size_t executor_pending_timers(const struct executor *executor)
{
    struct pacer_counts calls = pacer_count(executor->pacer);
    return executor->timers.count + executor->gate.held.count +
           (size_t)(calls.waiting + calls.paused);
}

void executor_stop_claiming(struct executor *executor)
{
    executor->is_stopping = true;
}

struct op executor_op(struct executor *executor, struct arena *arena, struct problem *problem)
{
    return op_started((struct op){
        .now = executor_now(executor),
        .arena = arena == NULL ? executor->scratch : arena,
        .db = executor->db,
        .site = executor->site,
        .writer = &executor->writer,
        .actor = {.name = STR("engine"), .scope = key_scope_ADMIN},
        .problem = problem,
        .keeps_way_back = executor->is_careful,
    });
}

void executor_publish(struct executor *executor)
{
    struct stats *stats = executor->site->stats;
    struct instant now = executor_now(executor);
    executor->published_at = now;
    const struct due_entry *first = due_heap_peek(&executor->timers);
    atomic_store_explicit(&stats->oldest_due_ms, first == NULL ? 0 : first->due_ms,
                          memory_order_relaxed);
    atomic_store_explicit(&stats->pending_timers, (int64_t)executor->timers.count,
                          memory_order_relaxed);
    atomic_store_explicit(&stats->queued_messages, (int64_t)courier_queued(executor->courier),
                          memory_order_relaxed);
    struct queue_look due = queue_look_for_due(&executor->timers, instant_ms(now));
    queue_gate_publish(&executor->gate, &executor->writer.queue, &due, stats);
    struct pacer_counts calls = pacer_count(executor->pacer);
    atomic_store_explicit(&stats->calls_waiting, calls.waiting, memory_order_relaxed);
    atomic_store_explicit(&stats->calls_paused, calls.paused, memory_order_relaxed);
    atomic_store_explicit(&stats->calls_again, calls.again, memory_order_relaxed);
    atomic_store_explicit(&stats->calls_active, calls.active, memory_order_relaxed);
    atomic_store_explicit(&stats->store_is_broken, executor->is_broken, memory_order_relaxed);
}

/* What the pacer cannot read now it goes on with; the call or the campaign is read again before
 * anything begins. */
static void note_call(struct executor *executor, struct op *op, const struct effect *effect)
{
    enum err err = pacer_heard(executor->pacer, op, effect);
    if (err != OK) {
        op_log(op, LOG_ERROR, LOG_QUEUE, "a pace cannot be read: %s", err_code(err));
    }
}

void executor_let_go_one(struct executor *executor, const struct effect *effect)
{
    struct problem problem = {0};
    struct op op = executor_op(executor, NULL, &problem);
    switch (effect->kind) {
    case EFFECT_TIMER:
        due_heap_push(&executor->timers, (struct due_entry){.due_ms = instant_ms(effect->at),
                                                            .id = effect->id.value,
                                                            .priority = effect->priority,
                                                            .tag = effect->tag});
        executor_note_timer(executor, effect);
        break;
    case EFFECT_SEND:
    case EFFECT_FIND:
    case EFFECT_CANCEL:
        courier_expect(executor->courier, effect);
        break;
    case EFFECT_SYNC:
        executor->sync.begin(executor->sync.context, &op, effect);
        break;
    case EFFECT_SINK:
    case EFFECT_PING:
        assert(executor->sinks.begin != NULL);
        executor->sinks.begin(executor->sinks.context, &op, effect);
        break;
    case EFFECT_PACE:
    case EFFECT_CALL_GONE:
    case EFFECT_ACTIVE:
        note_call(executor, &op, effect);
        break;
    }
}

/* What leaves this machine without a claim. */
static bool is_for_others(const struct effect *effect)
{
    return effect->kind == EFFECT_SYNC || effect->kind == EFFECT_SINK ||
           effect->kind == EFFECT_PING;
}

/* What is in the shards of others was told to them with the commit. */
static void let_go(struct executor *executor)
{
    struct effects effects = executor->writer.effects;
    executor_tell_ended(executor);
    for (size_t i = 0; i < effects.count; i++) {
        if (!executor_has_effect(executor, &effects.items[i])) {
            executor_tell_timer(executor, &effects.items[i]);
        } else if (is_for_others(&effects.items[i])) {
            executor_hold_back(executor, &effects.items[i]);
        } else {
            executor_let_go_one(executor, &effects.items[i]);
        }
    }
    executor->writer.effects.count = 0;
    executor_tell_shards(executor, false);
}

static void finish(struct work *work, enum err err)
{
    while (work != NULL) {
        struct work *next = work->next;
        work->done(work, err == OK ? work->err : err, &work->problem);
        work = next;
    }
}

/* What callers are told: nothing was changed, unless nobody knows. */
static enum err tell_refused(struct problem *problem, enum err why)
{
    return why == E_TIMEOUT
               ? problem_set(problem, E_TIMEOUT, NULL,
                             "the store was lost while it took this change: look whether it was "
                             "made before asking again")
               : problem_set(problem, E_UNAVAILABLE, NULL,
                             "the store cannot take changes now; nothing was changed");
}

/* The store did not take it: callers are told, sticky work waits, behind what waits already. */
static void refuse(struct executor *executor, struct work *list, enum err why)
{
    struct work **last = &executor->waiting;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    while (list != NULL) {
        struct work *work = list;
        list = list->next;
        work->next = NULL;
        if (work->is_sticky) {
            /* In their order: a key counts only after the pick-up. */
            *last = work;
            last = &work->next;
            continue;
        }
        finish(work, tell_refused(&work->problem, why));
    }
}

/* Nothing of the batch was done. Memory is behind the rows, or ahead of them, until it is read
 * again (executor_recover). */
static void undo(struct executor *executor)
{
    atomic_fetch_add(&executor->site->stats->metrics.store_refusals, 1);
    db_rollback(executor->db);
    courier_drop_claims(executor->courier);
    if (executor->cluster != NULL) {
        cluster_forget(executor->cluster);
    }
    writer_forget(&executor->writer);
    executor->ended_count = 0;
}

static void break_down(struct executor *executor, struct work *list, enum err why)
{
    if (!executor->is_broken) {
        log_write(executor->site->log, LOG_ERROR, LOG_STORE, STR_NONE,
                  "the store does not take changes; they are refused until it does");
    }
    undo(executor);
    executor->is_broken = true;
    executor->probe_at = instant_add(executor_now(executor), probe_every);
    refuse(executor, list, why);
    executor_publish(executor);
}

static enum err probe(struct executor *executor)
{
    char text[INSTANT_TEXT_MAX];
    struct str value = instant_format(executor_now(executor), text);
    TRY(db_begin(executor->db));
    enum err err = settings_probe(executor->db, value);
    return err == OK ? db_commit(executor->db) : err;
}

/* The clock may have been set back meanwhile: never later than a whole wait from now. */
static struct instant next_probe(const struct executor *executor)
{
    return instant_min(executor->probe_at, instant_add(executor_now(executor), probe_every));
}

/* True when the store takes changes again; then memory is read from the rows. */
static bool heal(struct executor *executor)
{
    executor->probe_at = next_probe(executor);
    if (instant_before(executor_now(executor), executor->probe_at)) {
        return false;
    }
    executor->probe_at = instant_add(executor_now(executor), probe_every);
    if (probe(executor) != OK) {
        db_rollback(executor->db);
        return false;
    }
    if (executor_recover(executor) != OK) {
        return false;
    }
    executor->is_broken = false;
    executor_publish(executor);
    log_write(executor->site->log, LOG_WARN, LOG_STORE, STR_NONE, "the store takes changes again");
    return true;
}

static struct work *prepend_waiting(struct executor *executor, struct work *list)
{
    struct work *first = executor->waiting;
    struct work *last = first;
    if (first == NULL) {
        return list;
    }
    while (last->next != NULL) {
        last = last->next;
    }
    last->next = list;
    executor->waiting = NULL;
    return first;
}

bool executor_has_work(const struct executor *executor, const struct work *list)
{
    const struct due_entry *first = due_heap_peek(&executor->timers);
    bool is_due = first != NULL && first->due_ms <= instant_ms(executor_now(executor));
    bool is_call_due = !executor->is_stopping &&
                       !queue_is_paused(&executor->writer.queue, timer_kind_SCHEDULED_CALL) &&
                       pacer_is_hungry(executor->pacer, executor_now(executor));
    bool is_look_due = executor->cluster != NULL && cluster_is_due(executor->cluster);
    return list != NULL || is_due || is_call_due || is_look_due ||
           (!executor->is_stopping && courier_is_hungry(executor->courier, executor_now(executor)));
}

/* `commit_at` is when its commit begins. */
static enum err run_turn(struct executor *executor, struct work *list, bool *did,
                         struct instant *commit_at)
{
    struct problem problem = {0};
    struct op op = executor_op(executor, NULL, &problem);
    struct cluster_news news = {0};
    TRY(db_begin(executor->db));
    TRY(executor_enter(executor, &op, &news));
    TRY(executor_run(executor, list, did));
    TRY(executor_leave(executor, &op));
    *commit_at = executor_now(executor);
    TRY(db_commit(executor->db));
    if (executor->cluster != NULL) {
        cluster_committed(executor->cluster);
    }
    return OK;
}

/* What was refused for what others did at the same time is done again, all of the batch from its
 * beginning. */
static enum err run_until_taken(struct executor *executor, struct work *list, bool *did,
                                struct instant *commit_at)
{
    enum err err = run_turn(executor, list, did, commit_at);
    for (int i = 0; i < REPEATS_MAX && err == E_UNAVAILABLE && db_was_conflict(executor->db); i++) {
        log_write(executor->site->log, LOG_WARN, LOG_STORE, STR_NONE,
                  "the store refused a batch for what others did meanwhile; it is done again");
        undo(executor);
        err = executor_recover(executor);
        if (err == OK) {
            arena_reset(executor->scratch);
            err = run_turn(executor, list, did, commit_at);
        }
    }
    return err;
}

/* What memory holds by a clock that was ahead is read from the rows again, and providers are asked
 * for what is on its way. */
static enum err notice_clock(struct executor *executor)
{
    struct instant before = executor->seen_at;
    executor->seen_at = executor_now(executor);
    bool was_set_back =
        instant_is_set(before) && instant_since(before, executor->seen_at).us > steered_max.us;
    if (!was_set_back || executor->is_broken) {
        return OK;
    }
    executor_flush(executor);
    return executor_recover(executor);
}

/* What has become due since the last turn; each look goes through all that is due. */
static void publish_due(struct executor *executor)
{
    int64_t us = instant_since(executor_now(executor), executor->published_at).us;
    if (us < 0 || us >= look_anew.us) {
        executor_publish(executor);
    }
}

bool executor_turn(struct executor *executor, struct work *list)
{
    if (notice_clock(executor) != OK) {
        break_down(executor, NULL, E_UNAVAILABLE);
    }
    if (!executor_hear(executor) && !executor->is_broken) {
        break_down(executor, NULL, E_UNAVAILABLE);
    }
    if (executor->is_broken && !heal(executor)) {
        refuse(executor, list, E_UNAVAILABLE);
        return list != NULL;
    }
    list = prepend_waiting(executor, list);
    if (!executor_has_work(executor, list)) {
        executor_flush(executor);
        return false;
    }
    bool did = false;
    publish_due(executor);
    arena_reset(executor->scratch);
    struct instant began = INSTANT_NONE;
    enum err err = run_until_taken(executor, list, &did, &began);
    if (err != OK) {
        break_down(executor, list, err);
        return true;
    }
    let_go(executor);
    executor_publish(executor);
    executor_make_durable(executor, list);
    histogram_add(&executor->site->stats->metrics.commit,
                  instant_since(executor_now(executor), began));
    courier_release(executor->courier);
    finish(list, OK);
    /* What the others told while this waited for its turn was read with its answer, and nothing
     * will wake anybody for it. */
    return did || executor->cluster != NULL;
}

/* What pace lets go next: a message, or a scheduled call. */
static bool next_paced(const struct executor *executor, struct instant *out)
{
    struct instant now = executor_now(executor);
    struct instant call_at = INSTANT_NONE;
    bool has_message = courier_next(executor->courier, now, out);
    bool has_call = !queue_is_paused(&executor->writer.queue, timer_kind_SCHEDULED_CALL) &&
                    pacer_next(executor->pacer, now, &call_at);
    if (has_call) {
        *out = has_message ? instant_min(*out, call_at) : call_at;
    }
    return has_message || has_call;
}

static bool next_work(const struct executor *executor, struct instant *out)
{
    const struct due_entry *first = due_heap_peek(&executor->timers);
    if (executor->is_broken) {
        *out = next_probe(executor);
        return true;
    }
    struct instant paced_at = INSTANT_NONE;
    bool is_paced = !executor->is_stopping && next_paced(executor, &paced_at);
    if (first == NULL) {
        *out = paced_at;
        return is_paced;
    }
    *out = instant_from_ms(first->due_ms);
    if (is_paced) {
        *out = instant_min(*out, paced_at);
    }
    return true;
}

/* When the leases are to be looked at; false for one node alone. While the store is away nothing
 * is looked at but whether it is back. */
static bool next_look(const struct executor *executor, struct instant *out)
{
    if (executor->cluster == NULL || executor->is_broken) {
        return false;
    }
    *out = instant_add(executor_now(executor), MILLISECONDS(cluster_due_in_ms(executor->cluster)));
    return true;
}

bool executor_next(const struct executor *executor, struct instant *out)
{
    struct instant look_at = INSTANT_NONE;
    bool has_look = next_look(executor, &look_at);
    bool has_work = next_work(executor, out);
    if (has_look) {
        *out = has_work ? instant_min(*out, look_at) : look_at;
    }
    return has_look || has_work;
}

bool executor_is_idle(const struct executor *executor)
{
    return !executor_has_work(executor, NULL) && courier_in_flight(executor->courier) == 0 &&
           executor->waiting == NULL;
}
