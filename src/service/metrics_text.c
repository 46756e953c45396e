#include "service/metrics_text.h"

#include "service/degraded.h"
#include "service/providers.h"
#include "service/queue.h"
#include "service/retention.h"
#include "service/status.h"
#include "store/providers.h"

#include <assert.h>

enum { TEXT_BYTES = 32 * 1024 };

static const char *const method_names[] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS", [HTTP_OTHER] = "OTHER"};

/* What the samples are made of: read once, before the first line. */
struct facts {
    struct health health;
    struct queue_view queue;
};

static void add_family(struct buf *out, enum metric metric)
{
    const struct metric_family *family = metric_family(metric);
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->doc, family->name,
               family->type);
}

static void add_sample(struct buf *out, enum metric metric, const char *labels, int64_t value)
{
    const char *name = metric_family(metric)->name;
    if (labels[0] == '\0') {
        buf_printf(out, "%s %lld\n", name, (long long)value);
    } else {
        buf_printf(out, "%s{%s} %lld\n", name, labels, (long long)value);
    }
}

static void add_number(struct buf *out, enum metric metric, int64_t value)
{
    add_family(out, metric);
    add_sample(out, metric, "", value);
}

static void add_seconds(struct buf *out, enum metric metric, int64_t us)
{
    add_family(out, metric);
    buf_printf(out, "%s %lld.%06lld\n", metric_family(metric)->name, (long long)(us / 1000000),
               (long long)(us % 1000000));
}

static bool histogram_is_empty(const struct histogram *histogram)
{
    int64_t all = 0;
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        all += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
    }
    return all == 0;
}

/* Buckets add up: each counts what is at most its bound. */
static void add_histogram(struct buf *out, enum metric metric, const char *labels,
                          const struct histogram *histogram)
{
    const char *name = metric_family(metric)->name;
    const char *comma = labels[0] == '\0' ? "" : ",";
    int64_t total = 0;
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        total += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
        if (i < HISTOGRAM_BOUNDS) {
            long long bound = histogram_bound(i);
            buf_printf(out, "%s_bucket{%s%sle=\"%lld.%06lld\"} %lld\n", name, labels, comma,
                       bound / 1000000, bound % 1000000, (long long)total);
        }
    }
    long long sum = atomic_load_explicit(&histogram->sum_us, memory_order_relaxed);
    const char *open = labels[0] == '\0' ? "" : "{";
    const char *close = labels[0] == '\0' ? "" : "}";
    buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %lld\n", name, labels, comma, (long long)total);
    buf_printf(out, "%s_sum%s%s%s %lld.%06lld\n", name, open, labels, close, sum / 1000000,
               sum % 1000000);
    buf_printf(out, "%s_count%s%s%s %lld\n", name, open, labels, close, (long long)total);
}

static void add_timers(struct op *op, struct buf *out)
{
    struct stats *stats = op->site->stats;
    int64_t oldest_ms = atomic_load(&stats->oldest_due_ms);
    int64_t late_ms = oldest_ms == 0 ? 0 : instant_ms(op->now) - oldest_ms;
    add_number(out, METRIC_tocsin_timers_pending, atomic_load(&stats->pending_timers));
    add_seconds(out, METRIC_tocsin_oldest_due_seconds, late_ms > 0 ? late_ms * 1000 : 0);
    add_family(out, METRIC_tocsin_timers_fired_total);
    for (int kind = timer_kind_NONE + 1; kind < timer_kind_COUNT; kind++) {
        struct str labels =
            arena_printf(op->arena, "kind=\"%s\"", enum_name(&timer_kind_names, kind));
        add_sample(out, METRIC_tocsin_timers_fired_total, labels.ptr,
                   atomic_load(&stats->fired[kind]));
    }
    add_family(out, METRIC_tocsin_timer_lateness_seconds);
    add_histogram(out, METRIC_tocsin_timer_lateness_seconds, "", &stats->metrics.lateness);
    add_number(out, METRIC_tocsin_timers_quarantined, atomic_load(&stats->timers_quarantined));
}

static void add_jobs(struct op *op, struct buf *out, const struct facts *facts)
{
    const struct queue_kind *kinds = facts->queue.kinds.items;
    add_family(out, METRIC_tocsin_jobs);
    for (size_t i = 0; i < facts->queue.kinds.count; i++) {
        const struct {
            const char *state;
            int64_t count;
        } counts[] = {{"waiting", kinds[i].waiting},
                      {"delayed", kinds[i].delayed},
                      {"paused", kinds[i].paused},
                      {"active", kinds[i].active},
                      {"failed", kinds[i].failed}};
        for (size_t j = 0; j < ARRAY_LENGTH(counts); j++) {
            struct str labels =
                arena_printf(op->arena, "kind=\"%s\",state=\"%s\"",
                             enum_name(&timer_kind_names, kinds[i].kind), counts[j].state);
            add_sample(out, METRIC_tocsin_jobs, labels.ptr, counts[j].count);
        }
    }
    add_number(out, METRIC_tocsin_messages_waiting, atomic_load(&op->site->stats->queued_messages));
    add_number(out, METRIC_tocsin_calls_paced, atomic_load(&op->site->stats->calls_waiting));
}

static const char *outcome_name(int outcome)
{
    return outcome == SEND_ACCEPTED       ? "accepted"
           : outcome == SEND_FATE_UNKNOWN ? "fate_unknown"
                                          : enum_name(&failure_category_names, outcome);
}

static struct str send_labels(struct op *op, size_t provider, int channel)
{
    const struct provider *const *all = NULL;
    (void)providers_all(&all);
    return arena_printf(op->arena, "channel=\"%s\",provider=\"%s\"",
                        enum_name(&channel_names, channel), all[provider]->name);
}

/* A channel that is used shows its zeros from the start, so that a rate sees the first one. */
static void add_outcomes(struct op *op, struct buf *out, size_t provider, int channel)
{
    const struct provider *const *all = NULL;
    (void)providers_all(&all);
    bool is_used = (provider_channels(op->site, all[provider]) >> channel & 1) != 0;
    for (int outcome = 0; outcome < SEND_OUTCOMES; outcome++) {
        int64_t sends = atomic_load(&op->site->stats->metrics.sends[provider][channel][outcome]);
        if (sends > 0 || (is_used && outcome >= SEND_ACCEPTED)) {
            struct str labels =
                arena_printf(op->arena, "%.*s,outcome=\"%s\"",
                             STR_FMT(send_labels(op, provider, channel)), outcome_name(outcome));
            add_sample(out, METRIC_tocsin_sends_total, labels.ptr, sends);
        }
    }
}

static void add_sends(struct op *op, struct buf *out)
{
    const struct provider *const *all = NULL;
    size_t count = providers_all(&all);
    add_family(out, METRIC_tocsin_sends_total);
    for (size_t i = 0; i < count; i++) {
        for (int channel = channel_IN_APP; channel < channel_COUNT; channel++) {
            add_outcomes(op, out, i, channel);
        }
    }
}

static void add_provider_times(struct op *op, struct buf *out)
{
    const struct provider *const *all = NULL;
    size_t count = providers_all(&all);
    struct metrics *metrics = &op->site->stats->metrics;
    add_family(out, METRIC_tocsin_provider_seconds);
    for (size_t i = 0; i < count; i++) {
        for (int channel = channel_IN_APP; channel < channel_COUNT; channel++) {
            const struct histogram *times = &metrics->provider[i][channel];
            if (!histogram_is_empty(times)) {
                add_histogram(out, METRIC_tocsin_provider_seconds, send_labels(op, i, channel).ptr,
                              times);
            }
        }
    }
}

static enum err add_circuits(struct op *op, struct buf *out)
{
    const struct provider *const *all = NULL;
    size_t count = providers_all(&all);
    add_family(out, METRIC_tocsin_circuit_state);
    for (size_t i = 0; i < count; i++) {
        struct provider_state state = {.breaker = breaker_state_CLOSED};
        enum err err = provider_states_get(op->db, op->arena, str_from(all[i]->name), &state);
        if (err != OK && err != E_NOT_FOUND) {
            return err;
        }
        if (provider_channels(op->site, all[i]) == 0) {
            continue;
        }
        for (int which = breaker_state_NONE + 1; which < breaker_state_COUNT; which++) {
            struct str labels = arena_printf(op->arena, "provider=\"%s\",state=\"%s\"",
                                             all[i]->name, enum_name(&breaker_state_names, which));
            add_sample(out, METRIC_tocsin_circuit_state, labels.ptr, state.breaker == which);
        }
    }
    return OK;
}

static void add_delivery(struct op *op, struct buf *out, const struct facts *facts)
{
    const struct health *health = &facts->health;
    add_number(out, METRIC_tocsin_consecutive_failures, health->consecutive_failures);
    add_number(out, METRIC_tocsin_messages_retrying, health->active_retries);
    add_number(out, METRIC_tocsin_messages_undelivered, health->undelivered_last_hour);
    add_number(out, METRIC_tocsin_receipts_overdue, health->callback_overdue);
    add_number(out, METRIC_tocsin_hooks_refused_total,
               atomic_load(&op->site->stats->hooks_refused));
    add_number(out, METRIC_tocsin_dispatches_pending, health->pending_dispatches);
    add_number(out, METRIC_tocsin_dispatches_exhausted, health->exhausted_dispatches);
}

static void add_surroundings(struct op *op, struct buf *out, const struct facts *facts)
{
    const struct health *health = &facts->health;
    struct metrics *metrics = &op->site->stats->metrics;
    add_family(out, METRIC_tocsin_calendar_syncs_total);
    add_sample(out, METRIC_tocsin_calendar_syncs_total, "outcome=\"ok\"",
               atomic_load(&metrics->syncs_ok));
    add_sample(out, METRIC_tocsin_calendar_syncs_total, "outcome=\"failed\"",
               atomic_load(&metrics->syncs_failed));
    add_number(out, METRIC_tocsin_calendars_failing, health->failing_calendars);
    add_family(out, METRIC_tocsin_sinks);
    add_sample(out, METRIC_tocsin_sinks, "state=\"failing\"", health->failing_sinks);
    add_sample(out, METRIC_tocsin_sinks, "state=\"paused\"", health->paused_sinks);
    add_number(out, METRIC_tocsin_ping_failing_seconds, health->ping_failing_seconds);
}

static enum err add_retention(struct op *op, struct buf *out, const struct facts *facts)
{
    struct retention_view view = {0};
    int64_t rows = 0;
    TRY(retention_state(op, &view));
    TRY(db_number(op->db, S_archives_rows, &rows, NO_PARAMS));
    add_seconds(out, METRIC_tocsin_retention_sweep_seconds, view.swept_at.us);
    add_number(out, METRIC_tocsin_retention_failing_seconds,
               facts->health.retention_failing_seconds);
    add_number(out, METRIC_tocsin_retention_waiting, view.waiting);
    add_number(out, METRIC_tocsin_archived_rows, rows);
    return OK;
}

static void add_redis(struct op *op, struct buf *out)
{
    struct stats *stats = op->site->stats;
    add_number(out, METRIC_tocsin_redis_up, atomic_load(&stats->redis_is_well));
    add_number(out, METRIC_tocsin_redis_away_seconds, redis_away_seconds(op));
    add_number(out, METRIC_tocsin_redis_repairs_total, atomic_load(&stats->redis_repairs));
    add_number(out, METRIC_tocsin_redis_left_out_total, atomic_load(&stats->redis_left_out));
    add_number(out, METRIC_tocsin_redis_wakes_total, atomic_load(&stats->redis_wakes));
}

static void add_http(struct op *op, struct buf *out)
{
    struct stats *stats = op->site->stats;
    add_family(out, METRIC_tocsin_http_request_seconds);
    for (size_t method = 0; method < ARRAY_LENGTH(method_names); method++) {
        for (int class = 0; class < HTTP_CLASSES; class ++) {
            const struct histogram *times = &stats->metrics.http[method][class];
            if (!histogram_is_empty(times)) {
                struct str labels = arena_printf(op->arena, "method=\"%s\",code=\"%dxx\"",
                                                 method_names[method], class);
                add_histogram(out, METRIC_tocsin_http_request_seconds, labels.ptr, times);
            }
        }
    }
    add_number(out, METRIC_tocsin_http_refused_total, atomic_load(&stats->metrics.http_refused));
    add_number(out, METRIC_tocsin_event_streams, atomic_load(&stats->listeners));
    add_number(out, METRIC_tocsin_certificate_ends_seconds,
               atomic_load(&stats->tls_ends_ms) / 1000);
}

static void add_process(struct op *op, struct buf *out)
{
    struct process_facts facts = {0};
    if (op->site->process == NULL) {
        return;
    }
    op->site->process(&facts);
    add_number(out, METRIC_process_resident_memory_bytes, facts.resident_bytes);
    add_number(out, METRIC_process_open_fds, facts.open_fds);
    add_number(out, METRIC_process_max_fds, facts.max_fds);
    add_seconds(out, METRIC_process_cpu_seconds_total, facts.cpu_us);
    add_seconds(out, METRIC_process_start_time_seconds, facts.started_at.us);
}

static void add_itself(struct op *op, struct buf *out, const struct facts *facts)
{
    struct stats *stats = op->site->stats;
    bool is_broken = atomic_load(&stats->store_is_broken);
    bool is_ready =
        atomic_load(&stats->is_ready) && !atomic_load(&stats->is_stopping) && !is_broken;
    struct str labels =
        arena_printf(op->arena, "version=\"%.*s\",clock=\"%s\"", STR_FMT(op->site->version),
                     op->site->is_virtual ? "virtual" : "real");
    add_family(out, METRIC_tocsin_build_info);
    add_sample(out, METRIC_tocsin_build_info, labels.ptr, 1);
    add_number(out, METRIC_tocsin_ready, is_ready);
    add_number(out, METRIC_tocsin_degraded, !str_equal(facts->health.status, STR("ok")));
    add_number(out, METRIC_tocsin_store_broken, is_broken);
    add_number(out, METRIC_tocsin_store_refusals_total,
               atomic_load(&stats->metrics.store_refusals));
    add_family(out, METRIC_tocsin_commit_seconds);
    add_histogram(out, METRIC_tocsin_commit_seconds, "", &stats->metrics.commit);
}

enum err show_metrics(struct op *op, const void *input, void *output)
{
    struct facts facts = {0};
    struct buf out = {.arena = op->arena};
    TRY(op_may_read(op, ID_NONE));
    TRY(show_health(op, input, &facts.health));
    TRY(show_queue(op, input, &facts.queue));
    buf_reserve(&out, TEXT_BYTES);
    add_itself(op, &out, &facts);
    add_timers(op, &out);
    add_jobs(op, &out, &facts);
    add_sends(op, &out);
    add_provider_times(op, &out);
    TRY(add_circuits(op, &out));
    add_delivery(op, &out, &facts);
    add_surroundings(op, &out, &facts);
    TRY(add_retention(op, &out, &facts));
    add_redis(op, &out);
    add_http(op, &out);
    add_process(op, &out);
    *(struct download_view *)output = (struct download_view){
        .content_type = STR("text/plain; version=0.0.4; charset=utf-8"), .body = buf_str(&out)};
    return OK;
}

void metrics_note_send(const struct site *site, const struct provider *provider,
                       enum channel channel, const struct verdict *verdict, struct duration took)
{
    const struct provider *const *all = NULL;
    size_t count = providers_all(&all);
    struct metrics *metrics = &site->stats->metrics;
    assert(count <= METRIC_PROVIDERS_MAX);
    int outcome = verdict->kind == VERDICT_ACCEPTED            ? SEND_ACCEPTED
                  : verdict->kind == VERDICT_UNKNOWN           ? SEND_FATE_UNKNOWN
                  : verdict->category == failure_category_NONE ? failure_category_unknown
                                                               : (int)verdict->category;
    for (size_t i = 0; i < count; i++) {
        if (all[i] == provider) {
            atomic_fetch_add_explicit(&metrics->sends[i][channel][outcome], 1,
                                      memory_order_relaxed);
            histogram_add(&metrics->provider[i][channel], took);
        }
    }
}
