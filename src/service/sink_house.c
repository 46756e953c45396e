#include "service/engine.h"
#include "service/sinks.h"
#include "store/events.h"
#include "store/sinks.h"

/* A run removes so many at most, so that nothing waits for it; the next follows soon. */
enum { FORGET_MAX = 10000 };
static const struct duration forget_every = SECONDS_INIT(1);

bool sink_is_told(const struct sink *sink)
{
    return sink->enabled && sink->state != sink_state_PAUSED;
}

/* --- Timers --- */

static enum err arm(struct op *op, struct id sink)
{
    return timer_arm(op, (struct timer_request){timer_kind_SINK, sink, op->now, PRIORITY_LOW});
}

struct sleepers {
    struct id ids[SINKS_MAX + 2]; /* Those of the environment may come on top. */
    size_t count;
};

static enum err take_sleeper(void *context, struct id sink)
{
    struct sleepers *sleepers = context;
    if (sleepers->count < sizeof sleepers->ids / sizeof sleepers->ids[0]) {
        sleepers->ids[sleepers->count++] = sink;
    }
    return OK;
}

enum err sinks_wake_all(struct op *op)
{
    struct sleepers sleepers = {.count = 0};
    TRY(sinks_each_asleep(op->db, &sleepers, take_sleeper));
    for (size_t i = 0; i < sleepers.count; i++) {
        TRY(sinks_wake(op->db, sleepers.ids[i]));
        TRY(arm(op, sleepers.ids[i]));
    }
    return OK;
}

enum err sink_rouse(struct op *op, const struct sink *sink)
{
    struct timer timer = {0};
    enum err err = timers_of_subject(op->db, op->arena, timer_kind_SINK, sink->id, &timer);
    if (err == E_NOT_FOUND) {
        return arm(op, sink->id);
    }
    TRY(err);
    if (timer.state == timer_state_ACTIVE) {
        return OK;
    }
    timer_run_again(op, &timer, op->now);
    return timers_again(op->db, &timer);
}

/* --- The environment --- */

static bool is_like(const struct sink *a, const struct sink *b)
{
    return str_equal(a->base, b->base) && str_equal(a->base_table, b->base_table) &&
           str_equal(a->token, b->token) && str_equal(a->url, b->url) &&
           str_equal(a->secret, b->secret) && a->enabled == b->enabled;
}

static enum err audit_own(struct op *op, const char *action, const struct sink *sink)
{
    return op_audit(op, (struct audit_entry){.action = action,
                                             .subject_type = subject_type_INTEGRATION,
                                             .subject = sink->id,
                                             .after = op_record_text(op, &sink_record, sink),
                                             .reason = STR("as the environment says")});
}

static enum err add_own(struct op *op, const struct sink *wanted)
{
    struct sink sink = *wanted;
    if (!sink.enabled) {
        return OK;
    }
    sink.id = op_new_id(op);
    sink.state = sink_state_OK;
    sink.is_own = true;
    sink.created_at = sink.updated_at = op->now;
    TRY(events_last(op->db, &sink.taken_id));
    TRY(db_insert(op->db, TABLE_sinks, op->arena, &sink));
    return audit_own(op, "SINK_ADDED", &sink);
}

static enum err change_own(struct op *op, const struct sink *known, const struct sink *wanted)
{
    struct sink sink = *known;
    sink.enabled = wanted->enabled;
    if (wanted->enabled) { /* Without settings it keeps those that it had, and is told nothing. */
        sink.base = wanted->base;
        sink.base_table = wanted->base_table;
        sink.token = wanted->token;
        sink.url = wanted->url;
        sink.secret = wanted->secret;
        sink.host = wanted->host;
    }
    if (is_like(known, &sink)) {
        return OK;
    }
    sink.failures = sink.refused = sink.suspects = 0;
    sink.retry_at = INSTANT_NONE;
    sink.updated_at = op->now;
    TRY(db_update(op->db, TABLE_sinks, op->arena, &sink));
    return audit_own(op, "SINK_CHANGED", &sink);
}

static enum err settle_own(struct op *op, const struct list *known, const struct sink *wanted)
{
    for (size_t i = 0; i < known->count; i++) {
        const struct sink *sink = &((const struct sink *)known->items)[i];
        if (sink->is_own && sink->kind == wanted->kind) {
            return change_own(op, sink, wanted);
        }
    }
    return add_own(op, wanted);
}

static enum err settle_environment(struct op *op, const struct list *known)
{
    const struct sink_settings *settings = &op->site->sinks;
    struct sink airtable = {.kind = sink_kind_AIRTABLE,
                            .name = STR("Airtable (environment)"),
                            .enabled = str_is_set(settings->airtable_key),
                            .base = settings->airtable_base,
                            .base_table = settings->airtable_table,
                            .token = settings->airtable_key};
    struct sink webhook = {.kind = sink_kind_WEBHOOK,
                           .name = STR("Webhook (environment)"),
                           .enabled = str_is_set(settings->webhook_url),
                           .url = settings->webhook_url,
                           .host = settings->webhook_host,
                           .secret = settings->webhook_secret};
    TRY(settle_own(op, known, &airtable));
    return settle_own(op, known, &webhook);
}

enum err sinks_start(struct op *op)
{
    struct list sinks = {0};
    TRY(sinks_page(op->db, op->arena, ID_NONE, SINKS_MAX + 2, &sinks));
    TRY(settle_environment(op, &sinks));
    TRY(sinks_page(op->db, op->arena, ID_NONE, SINKS_MAX + 2, &sinks));
    for (size_t i = 0; i < sinks.count; i++) {
        const struct sink *sink = &((const struct sink *)sinks.items)[i];
        TRY(timers_cancel(op->db, timer_kind_SINK, sink->id, op->now));
        if (sink_is_told(sink)) {
            TRY(sinks_wake(op->db, sink->id));
            TRY(arm(op, sink->id));
        }
    }
    return OK;
}

/* --- Keeping --- */

static struct id id_of_age(const struct op *op, int days)
{
    return (struct id){instant_ms(instant_sub(op->now, DAYS(days))) << ID_COUNTER_BITS};
}

static enum err say_given_up(struct op *op, int64_t removed)
{
    struct operator_note note = {
        .key = STR("events:too-old"),
        .title = STR("Events were removed that an event sink was never told"),
        .text = arena_printf(op->arena,
                             "Events are kept for %d days. A sink that is enabled does not work "
                             "since then: mend it, or disable it; see /api/v1/sinks.",
                             EVENT_DAYS_MAX),
    };
    op_log(op, LOG_WARN, LOG_QUEUE,
           "removed %lld events older than %d days that an event sink was never told",
           (long long)removed, EVENT_DAYS_MAX);
    return operator_tell(op, &note);
}

/* A sink whose timer was quarantined, or whose row was mended by hand, goes on. */
static enum err rouse_lost(struct op *op)
{
    struct list sinks = {0};
    struct timer timer = {0};
    TRY(sinks_page(op->db, op->arena, ID_NONE, SINKS_MAX + 2, &sinks));
    for (size_t i = 0; i < sinks.count; i++) {
        const struct sink *sink = &((const struct sink *)sinks.items)[i];
        enum err err = timers_of_subject(op->db, op->arena, timer_kind_SINK, sink->id, &timer);
        if (err == E_NOT_FOUND && sink_is_told(sink) && !sink->is_asleep) {
            err = arm(op, sink->id);
        }
        if (err != OK && err != E_NOT_FOUND) {
            return err;
        }
    }
    return OK;
}

static enum err forget(struct op *op, struct id until, int64_t *removed)
{
    TRY(events_forget(op->db, until, FORGET_MAX, removed));
    return *removed < FORGET_MAX
               ? OK
               : timer_arm(op, (struct timer_request){timer_kind_CLEAN, until,
                                                      instant_add(op->now, forget_every),
                                                      PRIORITY_LOW});
}

enum err events_clean_on(struct op *op, struct timer *timer)
{
    int64_t removed = 0;
    TRY(events_forget(op->db, timer->subject_id, FORGET_MAX, &removed));
    if (removed == FORGET_MAX) {
        timer_run_again(op, timer, instant_add(op->now, forget_every));
    }
    return OK;
}

enum err events_clean(struct op *op)
{
    struct id day = id_of_age(op, 1);
    struct id month = id_of_age(op, EVENT_DAYS_MAX);
    struct id needed = ID_NONE;
    int64_t removed = 0;
    int64_t given_up = 0;
    TRY(rouse_lost(op));
    TRY(dead_letters_forget(op->db, instant_sub(op->now, DAYS(EVENT_DAYS_MAX))));
    TRY(sinks_needed(op->db, day, &needed));
    if (needed.value > day.value) {
        needed = day;
    }
    TRY(forget(op, needed, &removed));
    if (needed.value < month.value && removed < FORGET_MAX) {
        TRY(forget(op, month, &given_up));
    }
    return given_up > 0 ? say_given_up(op, given_up) : OK;
}
