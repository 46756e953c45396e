#include "service/sources.h"

#include "service/incidents.h"
#include "service/integrations.h"
#include "store/incidents.h"
#include "store/sources.h"

enum { REMEMBERED_DAYS = 30, ALERTS_A_TURN = 2000 };

/* What one message may begin in its own operation, in ladders and in rows of these; the ladders of
 * what it reports beyond begin by timers that are due at once. */
enum { LADDERS_AT_ONCE = 100, ROWS_AT_ONCE = 1000 };

/* So late a report may come. */
static const struct duration late_for = SECONDS_INIT(300);

/* What is to be done about one report. */
struct decision {
    enum source_action action;
    struct incident incident; /* Where it concerns one that is there; its id is unset otherwise. */
    struct source_alert alert;
    bool writes_alert;
    bool begins_later; /* The ladder of what it opens. */
};

/* The ladders that a message has begun so far. */
struct ladders_begun {
    int64_t ladders;
    int64_t rows;
};

enum err prepare_source(struct op *op, const void *input, const void **out)
{
    const struct source_visit *visit = input;
    struct source_batch *batch = ARENA_NEW(op->arena, struct source_batch);
    struct source_body body = {
        .kind = visit->kind, .mapping = visit->integration.mapping, .text = visit->body};
    TRY(source_read(&body, op->arena, batch, op->problem));
    *out = batch;
    return OK;
}

static bool is_unfinished(const struct incident *incident)
{
    return incident_is_open((enum incident_state)incident->state);
}

static enum err find_open(struct op *op, struct id source, struct str key, struct incident *out)
{
    *out = (struct incident){0};
    enum err err = str_is_set(key) ? incident_of_dedup_key(op, source, key, out) : E_NOT_FOUND;
    if (err == E_NOT_FOUND) {
        *out = (struct incident){0};
        return OK;
    }
    return err;
}

/* Whether a repeating alert that fires is an occurrence that the row does not know. One that ended
 * may fire again with the time at which it began first, as when Alertmanager did not hear of it for
 * a while; what comes soon after the end may have been on its way. */
static bool is_new_occurrence(const struct op *op, const struct source_report *report,
                              const struct source_alert *alert)
{
    bool both = instant_is_set(report->starts_at) && instant_is_set(alert->starts_at);
    if (both) {
        bool is_same = alert->starts_at.us == report->starts_at.us;
        bool fires_again = is_same && alert->signal == alert_signal_RESOLVED &&
                           !instant_before(op->now, instant_add(alert->updated_at, late_for));
        return fires_again || instant_before(alert->starts_at, report->starts_at);
    }
    return alert->signal != alert_signal_FIRING;
}

/* Whether "resolved" is about the occurrence of the row, or a later one, and not one before it. */
static bool is_end_of(const struct source_report *report, const struct source_alert *alert)
{
    bool both = instant_is_set(report->starts_at) && instant_is_set(alert->starts_at);
    return !both || !instant_before(report->starts_at, alert->starts_at) ||
           instant_before(alert->starts_at, report->ends_at);
}

static void keep_alert(const struct source_report *report, struct decision *out)
{
    out->writes_alert = true;
    out->alert.signal = (int)report->signal;
    out->alert.starts_at = instant_max(out->alert.starts_at, report->starts_at);
}

static enum err decide_repeating(struct op *op, const struct integration *integration,
                                 const struct source_report *report, struct decision *out)
{
    enum err err =
        source_alerts_of(op->db, op->arena, integration->id, report->dedup_key, &out->alert);
    bool is_known = err == OK;
    out->action = source_action_UNCHANGED;
    if (err == E_NOT_FOUND) {
        out->alert = (struct source_alert){.integration_id = integration->id,
                                           .fingerprint = report->dedup_key};
        err = OK;
    }
    TRY(err);
    if (report->signal == alert_signal_FIRING) {
        if (is_known && !is_new_occurrence(op, report, &out->alert)) {
            out->writes_alert =
                !instant_before(op->now, instant_add(out->alert.updated_at, DAYS(1)));
            return OK;
        }
        keep_alert(report, out);
        TRY(find_open(op, integration->id, report->dedup_key, &out->incident));
        out->action = id_is_set(out->incident.id) ? source_action_JOINED : source_action_OPENED;
        return OK;
    }
    if (is_known && !is_end_of(report, &out->alert)) {
        return OK;
    }
    bool was_firing = is_known && out->alert.signal == alert_signal_FIRING;
    keep_alert(report, out);
    if (!was_firing || !id_is_set(out->alert.incident_id)) {
        return OK;
    }
    err = db_get(op->db, TABLE_incidents, out->alert.incident_id, op->arena, &out->incident);
    if (err == E_NOT_FOUND) {
        return OK; /* It was ended by hand long ago, and is archived. */
    }
    TRY(err);
    out->action = is_unfinished(&out->incident) ? source_action_RESOLVED : source_action_UNCHANGED;
    return OK;
}

static enum err decide_event(struct op *op, const struct integration *integration,
                             const struct source_report *report, struct decision *out)
{
    TRY(find_open(op, integration->id, report->dedup_key, &out->incident));
    bool is_there = id_is_set(out->incident.id);
    bool is_free = is_there && out->incident.state != incident_state_ACKNOWLEDGED;
    switch (report->signal) {
    case alert_signal_FIRING:
        out->action = is_there ? source_action_JOINED : source_action_OPENED;
        break;
    case alert_signal_ACKNOWLEDGED:
        out->action = is_free ? source_action_ACKNOWLEDGED : source_action_UNCHANGED;
        break;
    case alert_signal_RESOLVED:
        out->action = is_there ? source_action_RESOLVED : source_action_UNCHANGED;
        break;
    case alert_signal_NONE:
    case alert_signal_IGNORED:
    case alert_signal_COUNT:
        out->action = source_action_IGNORED;
        break;
    }
    return OK;
}

static enum err decide(struct op *op, const struct integration *integration,
                       const struct source_report *report, struct decision *out)
{
    *out = (struct decision){.action = source_action_IGNORED};
    if (report->is_test) {
        out->action = source_action_TEST;
        return OK;
    }
    return report->repeats ? decide_repeating(op, integration, report, out)
                           : decide_event(op, integration, report, out);
}

static enum err open_or_join(struct op *op, const struct integration *integration,
                             const struct source_report *report, struct decision *out)
{
    struct incident_report made = {
        .kind = incident_kind_ALERT,
        .title = report->title,
        .details = report->details,
        .severity = report->severity != severity_NONE ? report->severity
                                                      : (enum severity)integration->severity,
        .user = integration->user_id,
        .policy = integration->policy,
        .dedup_key = report->dedup_key,
        .source = integration->id,
        .escalates = true,
        .begins_later = out->begins_later,
    };
    bool is_joined = false;
    TRY(report_anyway(op, &made, &out->incident, &is_joined));
    out->action = is_joined ? source_action_JOINED : source_action_OPENED;
    out->alert.incident_id = out->incident.id;
    return OK;
}

static enum err write_alert(struct op *op, struct source_alert *alert)
{
    alert->updated_at = op->now;
    if (id_is_set(alert->id)) {
        return db_update(op->db, TABLE_source_alerts, op->arena, alert);
    }
    alert->id = op_new_id(op);
    return db_insert(op->db, TABLE_source_alerts, op->arena, alert);
}

static enum err act(struct op *op, const struct integration *integration,
                    const struct source_report *report, struct decision *decision)
{
    struct str name = integration->name;
    switch (decision->action) {
    case source_action_OPENED:
    case source_action_JOINED:
        TRY(open_or_join(op, integration, report, decision));
        break;
    case source_action_ACKNOWLEDGED:
        TRY(move_incident(op, &decision->incident, incident_event_acknowledge,
                          arena_printf(op->arena, "taken at its source, %.*s", STR_FMT(name))));
        break;
    case source_action_RESOLVED:
        TRY(move_incident(op, &decision->incident, incident_event_resolve,
                          arena_printf(op->arena, "resolved by its source, %.*s", STR_FMT(name))));
        break;
    case source_action_NONE:
    case source_action_UNCHANGED:
    case source_action_TEST:
    case source_action_IGNORED:
    case source_action_COUNT:
        break;
    }
    return decision->writes_alert ? write_alert(op, &decision->alert) : OK;
}

static bool is_storm(const struct ladders_begun *begun)
{
    return begun->ladders >= LADDERS_AT_ONCE || begun->rows >= ROWS_AT_ONCE;
}

static enum err count_ladder(struct op *op, const struct decision *decision,
                             struct ladders_begun *begun)
{
    int64_t rows = 0;
    bool is_begun =
        (decision->action == source_action_OPENED || decision->action == source_action_JOINED) &&
        !decision->begins_later;
    if (!is_begun) {
        return OK;
    }
    TRY(steps_open_count(op->db, decision->incident.id, &rows));
    begun->ladders++;
    begun->rows += rows;
    return OK;
}

static void note(const struct op *op, const struct integration *integration,
                 const struct source_batch *batch, const struct integration_news *news)
{
    bool is_news = news->opened > 0 || news->resolved > 0;
    op_log(op, is_news ? LOG_INFO : LOG_DEBUG, LOG_ESCALATION,
           "%.*s sent %lld alerts: %lld incidents opened, %lld resolved",
           STR_FMT(integration->name), (long long)news->received, (long long)news->opened,
           (long long)news->resolved);
    if (batch->truncated > 0) {
        op_log(op, LOG_WARN, LOG_ESCALATION,
               "%.*s left out %lld alerts (max_alerts): nobody is told of those",
               STR_FMT(integration->name), (long long)batch->truncated);
    }
}

/* A long message waits for its turn: what was changed meanwhile counts. */
static enum err check_still_good(struct op *op, const struct integration *before,
                                 const struct integration *now)
{
    if (!now->enabled) {
        return op_fail(op, E_FORBIDDEN, NULL, "this integration is switched off");
    }
    return str_equal(before->key_hash, now->key_hash) && str_equal(before->secret, now->secret)
               ? OK
               : op_fail(op, E_FORBIDDEN, NULL,
                         "the key or the secret of this integration was changed meanwhile");
}

static enum err take(struct op *op, const void *input, void *output)
{
    const struct source_visit *visit = input;
    const struct source_batch *batch = op->prepared != NULL ? op->prepared : visit->batch;
    struct source_result *result = output;
    struct integration integration = {0};
    TRY(op_not_found(op, integrations_get(op->db, op->arena, visit->integration.id, &integration),
                     "integration"));
    TRY(check_still_good(op, &visit->integration, &integration));
    struct integration_news news = {
        .id = integration.id, .at = op->now, .received = (int64_t)batch->count};
    struct ladders_begun begun = {0};
    struct source_outcome *outcomes =
        ARENA_NEW_ARRAY(op->arena, struct source_outcome, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        const struct source_report *report = &batch->items[i];
        struct decision decision;
        TRY(decide(op, &integration, report, &decision));
        decision.begins_later = is_storm(&begun);
        TRY(act(op, &integration, report, &decision));
        TRY(count_ladder(op, &decision, &begun));
        news.opened += decision.action == source_action_OPENED;
        news.resolved += decision.action == source_action_RESOLVED;
        struct id incident =
            id_is_set(decision.incident.id) ? decision.incident.id : decision.alert.incident_id;
        outcomes[i] = (struct source_outcome){.action = (int)decision.action,
                                              .dedup_key = report->dedup_key,
                                              .incident_id = incident};
    }
    *result = (struct source_result){.received = (int64_t)batch->count,
                                     .truncated = batch->truncated,
                                     .outcomes = {outcomes, batch->count}};
    note(op, &integration, batch, &news);
    return integrations_heard(op->db, &news);
}

enum err take_events(struct op *op, const void *input, void *output)
{
    return take(op, input, output);
}

enum err take_alertmanager(struct op *op, const void *input, void *output)
{
    return take(op, input, output);
}

enum err take_grafana(struct op *op, const void *input, void *output)
{
    return take(op, input, output);
}

static enum err preview_kind(struct op *op, const struct source_input *wanted,
                             const struct integration *integration, enum source_kind *out)
{
    int kind = wanted->kind != 0 ? wanted->kind : integration->kind;
    if (kind == source_kind_ANY) {
        return op_fail(op, E_INVALID, "as",
                       "must say how to read it: GENERIC, ALERTMANAGER or GRAFANA");
    }
    *out = (enum source_kind)kind;
    return OK;
}

enum err preview_source(struct op *op, const void *input, void *output)
{
    const struct source_input *wanted = input;
    struct source_result *result = output;
    struct source_visit visit = {.body = wanted->body};
    const void *prepared = NULL;
    TRY(op_may_read(op, ID_NONE));
    TRY(op_not_found(op, integrations_get(op->db, op->arena, op->path_id, &visit.integration),
                     "integration"));
    TRY(integration_open(op, &visit.integration));
    TRY(preview_kind(op, wanted, &visit.integration, &visit.kind));
    TRY(prepare_source(op, &visit, &prepared));
    const struct source_batch *batch = prepared;
    struct source_outcome *outcomes =
        ARENA_NEW_ARRAY(op->arena, struct source_outcome, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        const struct source_report *report = &batch->items[i];
        struct decision decision;
        TRY(decide(op, &visit.integration, report, &decision));
        outcomes[i] = (struct source_outcome){
            .action = (int)decision.action,
            .dedup_key = report->dedup_key,
            .incident_id = decision.incident.id,
            .title = report->title,
            .severity = report->severity != severity_NONE ? (int)report->severity
                                                          : visit.integration.severity,
            .details = report->details,
        };
    }
    *result = (struct source_result){.received = (int64_t)batch->count,
                                     .truncated = batch->truncated,
                                     .outcomes = {outcomes, batch->count}};
    return OK;
}

enum err forget_source_alerts(struct op *op, struct night_walk *walk)
{
    struct instant before = instant_sub(op->now, DAYS(REMEMBERED_DAYS));
    struct id until = ID_NONE;
    TRY(source_alerts_place(op->db, walk->after, ALERTS_A_TURN, &until));
    walk->is_done = !id_is_set(until);
    if (walk->is_done) {
        until = (struct id){INT64_MAX};
    }
    TRY(source_alerts_forget(op->db, walk->after, until, before));
    walk->after = until;
    return OK;
}
