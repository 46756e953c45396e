#include "service/executor_internal.h"

#include "service/call_counts.h"
#include "service/engine.h"
#include "service/queue.h"
#include "store/timers.h"

enum { TIMERS_PER_BATCH = 256, CLAIMS_PER_BATCH = 1024, CALLS_PER_BATCH = 256 };

/* Timers that arm many more, as the begin of a ladder does, leave others their turn sooner. */
enum { EFFECTS_PER_BATCH = 2048 };

static struct writer_mark enter(struct executor *executor)
{
    db_savepoint(executor->db);
    return writer_enter(&executor->writer);
}

static enum err leave(struct executor *executor, const struct writer_mark *mark, enum err err)
{
    if (err == OK) {
        return db_release(executor->db);
    }
    writer_go_back(&executor->writer, mark);
    enum err undone = db_undo(executor->db);
    if (undone == E_CONFLICT && err != E_UNAVAILABLE) {
        log_write(executor->site->log, LOG_ERROR, LOG_STORE, STR_NONE,
                  "an operation failed after it had decided (%s): its batch is undone",
                  err_code(err));
        executor->is_careful = true;
    }
    return undone == OK ? OK : E_UNAVAILABLE;
}

/* Runs one piece of work in its fence. What is returned is the store's health; what the work said
 * is in work->err. */
static enum err run_work(struct executor *executor, struct work *work)
{
    struct op op = executor_op(executor, work->arena, &work->problem);
    op.actor = work->actor;
    op.request = work->request;
    struct writer_mark mark = enter(executor);
    work->problem = (struct problem){0};
    work->err = work->run(work, &op);
    if (work->err == E_UNAVAILABLE || work->err == E_CORRUPT) {
        log_write(executor->site->log, LOG_ERROR, LOG_STORE, work->request,
                  "an operation failed: %s", err_code(work->err));
    }
    TRY(leave(executor, &mark, work->err));
    return work->err == E_UNAVAILABLE ? E_UNAVAILABLE : OK;
}

struct due_run {
    struct instant at; /* When it was found due and left the order: a clock that was set back since
                          must not lose it. */
    const struct due_entry *call; /* One that goes to the pacer; NULL for what runs. */
};

/* What did not work is tried again later, or given up (engine_count_failure). */
static enum err run_timer(struct executor *executor, struct timer_key key,
                          const struct due_run *run)
{
    struct problem problem = {0};
    struct op op = executor_op(executor, NULL, &problem);
    op.now = instant_max(op.now, run->at);
    struct writer_mark mark = enter(executor);
    enum err err =
        run->call != NULL ? pacer_expect(executor->pacer, &op, run->call) : engine_run(&op, key);
    TRY(leave(executor, &mark, err));
    if (err == OK || err == E_UNAVAILABLE) {
        return err;
    }
    mark = enter(executor);
    enum err counted = engine_count_failure(&op, key, err);
    TRY(leave(executor, &mark, counted));
    return counted == E_UNAVAILABLE ? E_UNAVAILABLE : OK;
}

/* What is its own timer goes by its kind, all else by its row. */
static struct timer_key key_of(struct due_entry entry)
{
    enum timer_kind kind = (enum timer_kind)entry.tag;
    return (struct timer_key){timer_is_subject(kind) ? kind : timer_kind_NONE, {entry.id}};
}

static bool is_due(const struct executor *executor, struct instant now)
{
    const struct due_entry *first = due_heap_peek(&executor->timers);
    return first != NULL && first->due_ms <= instant_ms(now);
}

static enum err run_one(struct executor *executor, struct instant now,
                        const struct due_entry *entry)
{
    /* A call waits for its turn in the pacer, which lets it begin (run_calls). */
    bool is_call = entry->tag == timer_kind_SCHEDULED_CALL;
    struct due_run run = {now, is_call ? entry : NULL};
    executor->writer.is_early = false;
    TRY(run_timer(executor, key_of(*entry), &run));
    if (!is_call) {
        executor_note_end(executor, entry);
    }
    return OK;
}

/* Of checks that are due one after another those that have nothing to do, nearly all, end by one
 * statement, and count as if each had run. */
static enum err end_idle(struct executor *executor, struct instant now,
                         const struct due_entry *entries, struct checks *checks)
{
    struct problem problem = {0};
    struct op op = executor_op(executor, NULL, &problem);
    op.now = instant_max(op.now, now);
    for (size_t i = 0; i < checks->count; i++) {
        checks->ids[i] = (struct id){entries[i].id};
    }
    struct writer_mark mark = enter(executor);
    enum err err = engine_end_idle(&op, entries, checks);
    TRY(leave(executor, &mark, err));
    executor->writer.is_early = false;
    for (size_t i = 0; i < checks->count; i++) {
        checks->is_ended[i] &= err == OK; /* Else each is tried by itself. */
        if (checks->is_ended[i]) {
            executor_note_end(executor, &entries[i]);
        }
    }
    return err == E_UNAVAILABLE ? err : OK;
}

static enum err run_checks(struct executor *executor, struct instant now,
                           const struct due_entry *first, int *ran)
{
    struct due_entry entries[CHECKS_TOGETHER] = {*first};
    struct checks checks = {.count = 1};
    while (checks.count < CHECKS_TOGETHER && is_due(executor, now) &&
           due_heap_peek(&executor->timers)->tag == first->tag) {
        entries[checks.count++] = due_heap_pop(&executor->timers);
    }
    if (checks.count > 1) {
        TRY(end_idle(executor, now, entries, &checks));
    }
    for (size_t i = 0; i < checks.count; i++) {
        if (!checks.is_ended[i]) {
            TRY(run_one(executor, now, &entries[i]));
        }
    }
    *ran += (int)checks.count;
    return OK;
}

static enum err run_due(struct executor *executor, bool *did)
{
    struct instant now = executor_now(executor);
    queue_gate_open(&executor->gate, &executor->writer.queue, &executor->timers);
    size_t most = executor->writer.effects.count + EFFECTS_PER_BATCH;
    int ran = 0;
    while (ran < TIMERS_PER_BATCH && executor->writer.effects.count < most &&
           is_due(executor, now)) {
        struct due_entry entry = due_heap_pop(&executor->timers);
        *did = true;
        if (queue_gate_holds(&executor->gate, &executor->writer.queue, entry)) {
            ran++;
        } else if (entry.tag == timer_kind_MISSED_CHECK) {
            TRY(run_checks(executor, now, &entry, &ran));
        } else {
            TRY(run_one(executor, now, &entry));
            ran++;
        }
    }
    return OK;
}

/* What does not begin after all costs no pace. */
static enum err run_calls(struct executor *executor, bool *did)
{
    struct due_entry entry = {0};
    pacer_hold(executor->pacer,
               queue_is_paused(&executor->writer.queue, timer_kind_SCHEDULED_CALL));
    for (int i = 0; i < CALLS_PER_BATCH && !executor->is_stopping &&
                    pacer_is_hungry(executor->pacer, executor_now(executor)) &&
                    pacer_take(executor->pacer, executor_now(executor), &entry);
         i++) {
        struct due_run run = {instant_from_ms(entry.due_ms), NULL};
        executor->writer.has_begun_call = false;
        executor->writer.is_early = false;
        *did = true;
        TRY(run_timer(executor, key_of(entry), &run));
        executor_note_end(executor, &entry);
        if (!executor->writer.has_begun_call) {
            pacer_give_back(executor->pacer);
        }
    }
    return OK;
}

/* What this batch queues is claimed in it, so that one commit and one flush come before it leaves.
 * Of a batch that is undone nothing stays: recovery reads the order from the rows. */
static void expect_sends(struct executor *executor)
{
    struct effects *effects = &executor->writer.effects;
    size_t kept = 0;
    for (size_t i = 0; i < effects->count; i++) {
        const struct effect *effect = &effects->items[i];
        if (effect->kind == EFFECT_SEND && executor_has_effect(executor, effect)) {
            courier_expect(executor->courier, effect);
        } else {
            effects->items[kept++] = *effect;
        }
    }
    effects->count = kept;
}

static enum err run_claims(struct executor *executor, bool *did)
{
    for (int i = 0; i < CLAIMS_PER_BATCH && !executor->is_stopping &&
                    courier_is_hungry(executor->courier, executor_now(executor));
         i++) {
        struct problem problem = {0};
        struct op op = executor_op(executor, NULL, &problem);
        *did = true;
        struct writer_mark mark = enter(executor);
        enum err err = courier_claim(executor->courier, &op);
        TRY(leave(executor, &mark, err));
        if (err == E_UNAVAILABLE) {
            return err;
        }
        if (err != OK) {
            op_log(&op, LOG_ERROR, LOG_WORKER, "a message cannot be taken up: %s %s", err_code(err),
                   problem.message);
        }
    }
    return OK;
}

enum err executor_run(struct executor *executor, struct work *list, bool *did)
{
    for (struct work *work = list; work != NULL; work = work->next) {
        *did = true;
        TRY(run_work(executor, work));
    }
    TRY(run_due(executor, did));
    TRY(run_calls(executor, did));
    expect_sends(executor);
    TRY(run_claims(executor, did));
    return call_counts_write(executor->db, &executor->writer.call_deltas);
}
