#include "service/sink_round.h"

#include "channel/sink_dialect.h"
#include "service/engine.h"
#include "service/sinks.h"
#include "store/events.h"
#include "store/sinks.h"

#include <assert.h>

/* Longer than a round can take: one request of Airtable's, or ten posts. */
static const struct duration lease = SECONDS_INIT(150);

struct sink_round {
    struct work work; /* First: the executor sees only this. */
    struct arena *arena;
    const struct site *site;
    struct sink sink; /* As it was when the round began. */
    struct id timer;
    const struct sink_dialect *dialect;
    struct sink_address address;
    bool is_letter;                 /* The one event is a dead letter that is told once more. */
    struct sink_dead_letter letter; /* That one. */
    struct id until;                /* Where the sink has got to when all of them arrived. */
    struct list events;
    size_t confirmed; /* So many of the first ones arrived. */
    size_t asked;     /* How many the last request held. */
    struct sink_verdict verdict;
};

static struct sink_standing standing_of(const struct sink *sink)
{
    return (struct sink_standing){sink->failures, sink->suspects, sink->refused};
}

/* --- The timer --- */

/* When the sink may be asked: not while it is left alone, and not faster than its base allows, of
 * which it has its share and no more: the others come in between. */
static enum err may_ask_at(struct op *op, const struct sink *sink, struct instant *out)
{
    *out = instant_max(op->now, sink->retry_at);
    int pace_ms = sink_dialect_of((enum sink_kind)sink->kind)->pace_ms;
    if (pace_ms > 0) {
        struct instant asked_at = INSTANT_NONE;
        int64_t shares = 0;
        TRY(sinks_asked_at(op->db, sink->base, &asked_at));
        TRY(sinks_sharing(op->db, sink->base, &shares));
        *out = instant_max(*out, instant_add(asked_at, MILLISECONDS(pace_ms)));
        *out = instant_max(*out, instant_add(sink->asked_at, MILLISECONDS(pace_ms * shares)));
    }
    return OK;
}

static enum err has_anything(struct op *op, const struct sink *sink, bool *out)
{
    struct sink_dead_letter letter = {0};
    struct id end = ID_NONE;
    enum err err = dead_letters_again(op->db, op->arena, sink->id, &letter);
    *out = err == OK;
    if (err != E_NOT_FOUND) {
        return err;
    }
    TRY(sink_batch_end(op->db, sink->taken_id, 1, &end));
    *out = id_is_set(end);
    return OK;
}

/* It has been told everything, and is past what is not for it. */
static enum err fall_asleep(struct op *op, struct sink *sink)
{
    struct id last = ID_NONE;
    TRY(events_last(op->db, &last));
    if (last.value > sink->taken_id.value) {
        sink->taken_id = last;
    }
    sink->is_asleep = true;
    return db_update(op->db, TABLE_sinks, op->arena, sink);
}

enum err tell_sink(struct op *op, struct timer *timer)
{
    struct sink sink = {0};
    struct instant at = INSTANT_NONE;
    bool has_more = false;
    enum err err = db_get(op->db, TABLE_sinks, timer->subject_id, op->arena, &sink);
    if (err == E_NOT_FOUND || (err == OK && !sink_is_told(&sink))) {
        return OK;
    }
    TRY(err);
    TRY(may_ask_at(op, &sink, &at));
    if (instant_before(op->now, at)) {
        timer_run_again(op, timer, at);
        return OK;
    }
    TRY(has_anything(op, &sink, &has_more));
    if (!has_more) {
        return fall_asleep(op, &sink);
    }
    sink.asked_at = op->now;
    TRY(db_update(op->db, TABLE_sinks, op->arena, &sink));
    timer_hold(op, timer, instant_add(op->now, lease));
    op_effect(op, (struct effect){.kind = EFFECT_SINK, .id = sink.id, .other = timer->id});
    return OK;
}

/* --- The round --- */

static enum err load_letter(struct op *op, struct sink_round *round)
{
    struct event *event = ARENA_NEW(round->arena, struct event);
    TRY(dead_letters_again(op->db, round->arena, round->sink.id, &round->letter));
    round->is_letter = true;
    enum err err = db_get(op->db, TABLE_events, round->letter.event_id, round->arena, event);
    if (err == OK) {
        round->events = (struct list){event, 1};
    }
    return err == E_NOT_FOUND || err == E_CORRUPT ? OK : err; /* Then there is nothing to tell. */
}

static enum err load_events(struct op *op, struct sink_round *round)
{
    struct sink_standing standing = standing_of(&round->sink);
    enum err err = load_letter(op, round);
    if (err != E_NOT_FOUND) {
        return err;
    }
    TRY(sink_batch_end(op->db, round->sink.taken_id, sink_batch(&standing, SINK_EVENTS_MAX),
                       &round->until));
    return sink_batch_read(op->db, round->arena, round->sink.taken_id, round->until,
                           &round->events);
}

static struct sink_address address_of(const struct op *op, const struct sink *sink)
{
    return (struct sink_address){
        .id_key = op->site->id_key,
        .airtable_url = op->site->sinks.airtable_url,
        .base = sink->base,
        .base_table = sink->base_table,
        .token = sink->token,
        .url = sink->url,
        .secret = sink->secret,
        .is_trusted = sink->is_own,
    };
}

enum err sink_round_prepare(struct op *op, const struct effect *effect, struct sink_round **out)
{
    struct arena *arena = arena_new();
    struct sink_round *round = ARENA_NEW(arena, struct sink_round);
    round->arena = arena;
    round->site = op->site;
    round->timer = effect->other;
    enum err err = db_get(op->db, TABLE_sinks, effect->id, arena, &round->sink);
    if (err == OK) {
        round->dialect = sink_dialect_of((enum sink_kind)round->sink.kind);
        round->address = address_of(op, &round->sink);
        err = load_events(op, round);
    }
    if (err != OK) {
        arena_free(&arena);
        return err;
    }
    *out = round;
    return OK;
}

void sink_round_abandon(struct sink_round **round)
{
    if (*round != NULL) {
        struct arena *arena = (*round)->arena;
        arena_free(&arena);
        *round = NULL;
    }
}

static struct sink_events next_events(const struct sink_round *round)
{
    size_t left = round->events.count - round->confirmed;
    size_t most = round->dialect->events_max;
    return (struct sink_events){
        .items = (const struct event *)round->events.items + round->confirmed,
        .count = left < most ? left : most,
        .now = round->site->clock.now(round->site->clock.context),
    };
}

bool sink_round_start(struct sink_round *round, struct wire_request *first)
{
    if (round->confirmed >= round->events.count) {
        return false;
    }
    struct sink_events events = next_events(round);
    round->asked = events.count;
    round->dialect->build(&round->address, &events, round->arena, first);
    return true;
}

bool sink_round_step(struct sink_round *round, const struct wire_answer *answer,
                     struct wire_request *next)
{
    struct sink_events events = next_events(round);
    round->dialect->read(&round->address, &events, answer, round->arena, &round->verdict);
    round->confirmed += (size_t)round->verdict.confirmed;
    bool goes_on =
        round->verdict.outcome == SINK_TAKEN && (size_t)round->verdict.confirmed == events.count;
    return goes_on && sink_round_start(round, next);
}

/* --- What came of it --- */

static const struct event *event_at(const struct sink_round *round, size_t index)
{
    return &((const struct event *)round->events.items)[index];
}

/* Where the sink has got to after the first `count` events of a round. */
static struct id reached(const struct sink_round *round, size_t count)
{
    return count >= round->events.count ? round->until
           : count > 0                  ? event_at(round, count - 1)->id
                                        : round->sink.taken_id;
}

static enum err put_aside(struct op *op, const struct sink_round *round, struct id event)
{
    struct sink_dead_letter letter = {0};
    enum err err = dead_letters_of_event(op->db, op->arena, event, round->sink.id, &letter);
    bool is_new = err == E_NOT_FOUND;
    if (!is_new) {
        TRY(err);
    }
    letter.at = op->now;
    letter.error = round->verdict.error;
    letter.is_again = false;
    op_log(op, LOG_WARN, LOG_WORKER, "event sink %.*s does not take event %.*s: %.*s",
           STR_FMT(round->sink.name), STR_FMT(op_id_text(op, event)),
           STR_FMT(round->verdict.error));
    if (!is_new) {
        return db_update(op->db, TABLE_sink_dead_letters, op->arena, &letter);
    }
    letter.id = op_new_id(op);
    letter.sink_id = round->sink.id;
    letter.event_id = event;
    return db_insert(op->db, TABLE_sink_dead_letters, op->arena, &letter);
}

/* A dead letter told once more says nothing about the events that wait. */
static enum err apply_letter(struct op *op, const struct sink_round *round,
                             const struct sink_decision *decision, struct sink *sink)
{
    sink->failures = decision->standing.failures;
    if (round->confirmed > 0 || round->events.count == 0) {
        sink->refused = round->confirmed > 0 ? 0 : sink->refused;
        return dead_letters_remove(op->db, round->letter.id);
    }
    return decision->drops_next ? put_aside(op, round, round->letter.event_id) : OK;
}

static enum err apply_events(struct op *op, const struct sink_round *round,
                             const struct sink_decision *decision, struct sink *sink)
{
    size_t done = round->confirmed;
    sink->failures = decision->standing.failures;
    sink->refused = decision->standing.refused;
    if (!id_equal(sink->taken_id, round->sink.taken_id)) {
        sink->suspects = 0; /* It was sent back meanwhile: all of these are told again. */
        return OK;
    }
    sink->suspects = decision->standing.suspects;
    if (decision->drops_next && done < round->events.count) {
        TRY(put_aside(op, round, event_at(round, done)->id));
        done++;
    }
    sink->taken_id = reached(round, done);
    return OK;
}

static void note_state(const struct op *op, const struct sink_round *round,
                       const struct sink_decision *decision, struct sink *sink)
{
    if (sink->state != sink_state_PAUSED) {
        sink->state = decision->is_paused    ? sink_state_PAUSED
                      : decision->is_failing ? sink_state_FAILING
                                             : sink_state_OK;
    }
    if (str_is_set(round->verdict.error)) {
        sink->last_error = round->verdict.error;
        sink->last_error_at = op->now;
    }
    if (round->confirmed > 0) {
        sink->last_success_at = op->now;
    }
    sink->retry_at = decision->wait.us > 0 ? instant_add(op->now, decision->wait) : INSTANT_NONE;
}

static enum err tell_operator(struct op *op, const struct sink_decision *decision,
                              const struct sink *sink)
{
    struct str id = op_id_text(op, sink->id);
    struct operator_note note = {
        .key = arena_printf(op->arena, "sink:%.*s", STR_FMT(id)),
        .subject = sink->id,
        .subject_type = subject_type_INTEGRATION,
    };
    if (decision->needs_operator) {
        note.title =
            arena_printf(op->arena, "The event sink %.*s does not work", STR_FMT(sink->name));
        note.text = arena_printf(
            op->arena, "%.*s %s Its events wait, at most %d days; see /api/v1/sinks/%.*s.",
            STR_FMT(sink->last_error),
            sink->state == sink_state_PAUSED ? "It is paused until it is resumed."
                                             : "It is tried again every few minutes.",
            EVENT_DAYS_MAX, STR_FMT(id));
        return operator_tell(op, &note);
    }
    if (sink->state != sink_state_OK || sink->failures > 0 || sink->refused > 0) {
        return OK;
    }
    note.title = arena_printf(op->arena, "The event sink %.*s works again", STR_FMT(sink->name));
    note.text = STR("It is told what has waited.");
    return operator_recovered(op, &note);
}

/* The timer of the round goes on, whatever came of it; it is gone where the sink was removed. */
static enum err go_on(struct op *op, const struct sink_round *round, struct instant at)
{
    struct timer timer = {.id = round->timer, .kind = timer_kind_SINK, .priority = PRIORITY_LOW};
    timer_run_again(op, &timer, at);
    enum err err = timers_again(op->db, &timer);
    return err == E_CONFLICT ? OK : err;
}

static struct sink_decision decide(const struct sink_round *round, const struct sink *sink)
{
    struct sink_standing standing = standing_of(sink);
    struct sink_report report = {
        .outcome = round->verdict.outcome,
        .confirmed = (int)round->confirmed,
        .asked = (int)round->asked,
        .retry_after_seconds = round->verdict.retry_after_seconds,
    };
    if (round->is_letter) {
        standing.suspects = standing.refused = 0;
    }
    if (round->asked == 0) { /* What there was cannot be read: it is passed over. */
        return (struct sink_decision){.standing = standing};
    }
    return sink_decide(&standing, &report);
}

static enum err apply_round(struct op *op, const struct sink_round *round, struct sink *sink)
{
    struct sink_decision decision = decide(round, sink);
    op_log(op, LOG_DEBUG, LOG_WORKER, "event sink %.*s took %zu of %zu events %.*s",
           STR_FMT(sink->name), round->confirmed, round->events.count,
           STR_FMT(round->verdict.error));
    bool was_in_doubt = sink->refused >= SINK_REFUSED_MAX;
    bool was_failing = sink->state == sink_state_FAILING || was_in_doubt;
    TRY(round->is_letter ? apply_letter(op, round, &decision, sink)
                         : apply_events(op, round, &decision, sink));
    note_state(op, round, &decision, sink);
    if (was_in_doubt && round->confirmed > 0) {
        /* It was the sink and not the events: what was put aside is told once more. */
        TRY(dead_letters_repeat(op->db, sink->id));
    }
    TRY(db_update(op->db, TABLE_sinks, op->arena, sink));
    if (round->verdict.outcome == SINK_LIMITED && str_is_set(sink->base)) {
        TRY(sinks_hold_base(op->db, sink->base, sink->retry_at));
    }
    if (decision.needs_operator || was_failing) {
        TRY(tell_operator(op, &decision, sink));
    }
    return go_on(op, round, instant_max(op->now, sink->retry_at));
}

static enum err apply(struct work *work, struct op *op)
{
    struct sink_round *round = (struct sink_round *)work;
    struct sink sink = {0};
    enum err err = db_get(op->db, TABLE_sinks, round->sink.id, op->arena, &sink);
    if (err == E_NOT_FOUND || (err == OK && sink.asked_at.us != round->sink.asked_at.us)) {
        return OK; /* Gone, or it took so long that another round began. */
    }
    TRY(err);
    bool is_hung_up = atomic_load(&op->site->stats->is_stopping) &&
                      round->verdict.outcome == SINK_LATER && round->confirmed == 0;
    /* It was us who hung up: nothing is known about the sink. */
    return is_hung_up ? go_on(op, round, op->now) : apply_round(op, round, &sink);
}

static void end(struct work *work, enum err err, const struct problem *problem)
{
    struct sink_round *round = (struct sink_round *)work;
    if (err != OK) {
        log_write(round->site->log, LOG_ERROR, LOG_WORKER, STR_NONE,
                  "what an event sink answered could not be applied: %s %s", err_code(err),
                  problem->message);
    }
    sink_round_abandon(&round);
}

struct work *sink_round_finish(struct sink_round *round)
{
    round->work = (struct work){.actor = {.name = STR("engine"), .scope = key_scope_ADMIN},
                                .is_sticky = true,
                                .run = apply,
                                .done = end};
    return &round->work;
}
