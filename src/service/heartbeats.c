#include "service/heartbeats.h"

#include "service/engine.h"
#include "service/incidents.h"
#include "service/integrations.h"
#include "store/sources.h"

#include <assert.h>

enum { GRACE_SECONDS = 60 };

static struct duration period_of(const struct heartbeat *heartbeat)
{
    return SECONDS(heartbeat->every_seconds + heartbeat->grace_seconds);
}

/* When it is late unless it comes before. */
static struct instant due_of(const struct op *op, const struct heartbeat *heartbeat)
{
    struct duration period = period_of(heartbeat);
    struct instant from = instant_max(heartbeat->last_beat_at, heartbeat->counts_from);
    struct instant due = instant_add(from, period);
    struct instant back = instant_from_ms(atomic_load(&op->site->stats->taking_changes_since_ms));
    if (!instant_before(from, back)) {
        return due;
    }
    return instant_max(due, instant_add(back, period.us < HOURS(1).us ? period : HOURS(1)));
}

static void show_due(const struct op *op, struct heartbeat *heartbeat)
{
    heartbeat->due_at =
        heartbeat->state == heartbeat_state_OK ? due_of(op, heartbeat) : INSTANT_NONE;
}

static enum err arm(struct op *op, const struct heartbeat *heartbeat)
{
    TRY(timers_cancel(op->db, timer_kind_HEARTBEAT, heartbeat->id, op->now));
    return timer_arm(op, (struct timer_request){.kind = timer_kind_HEARTBEAT,
                                                .subject = heartbeat->id,
                                                .due_at = due_of(op, heartbeat),
                                                .priority = PRIORITY_HIGH});
}

static enum err audit(struct op *op, const char *action, const struct heartbeat *before,
                      const struct heartbeat *after)
{
    const struct heartbeat *any = after != NULL ? after : before;
    assert(any != NULL);
    return op_audit(
        op, (struct audit_entry){
                .action = action,
                .subject_type = subject_type_INTEGRATION,
                .subject = any->id,
                .user = any->user_id,
                .before = before != NULL ? op_record_text(op, &heartbeat_record, before) : STR_NONE,
                .after = after != NULL ? op_record_text(op, &heartbeat_record, after) : STR_NONE,
            });
}

static enum err check(struct op *op, const struct heartbeat *heartbeat)
{
    if (!str_is_set(heartbeat->name)) {
        return op_fail(op, E_INVALID, "name", "must not be null");
    }
    return check_reporting(op, heartbeat->user_id, heartbeat->policy);
}

static enum err load(struct op *op, struct heartbeat *out)
{
    TRY(op_not_found(op, heartbeats_get(op->db, op->arena, op->path_id, out), "heartbeat"));
    show_due(op, out);
    return OK;
}

static void show_token(const struct op *op, struct heartbeat *heartbeat, struct str token)
{
    heartbeat->token = token;
    heartbeat->url = source_key_url(op, "/heartbeats/*", token);
}

enum err create_heartbeat(struct op *op, const void *input, void *output)
{
    struct heartbeat *heartbeat = output;
    *heartbeat = *(const struct heartbeat *)input;
    TRY(op_may_change(op, ID_NONE));
    if (!presence_has(op->given, record_field_index(&heartbeat_record, "grace_seconds"))) {
        heartbeat->grace_seconds = GRACE_SECONDS;
    }
    heartbeat->severity = heartbeat->severity == 0 ? severity_HIGH : heartbeat->severity;
    heartbeat->state = heartbeat_state_WAITING;
    TRY(check(op, heartbeat));
    struct str token = make_source_key(op, "hb_", &heartbeat->token_hash);
    heartbeat->id = op_new_id(op);
    heartbeat->created_at = heartbeat->updated_at = op->now;
    TRY(db_insert(op->db, TABLE_heartbeats, op->arena, heartbeat));
    TRY(audit(op, "HEARTBEAT_CREATED", NULL, heartbeat));
    show_token(op, heartbeat, token);
    return OK;
}

enum err list_heartbeats(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct heartbeat_list *out = output;
    struct id after = ID_NONE;
    int64_t limit = page_limit(wanted->limit);
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &after));
    TRY(heartbeats_page(op->db, op->arena, after, limit + 1, &out->heartbeats));
    TRY(heartbeats_count(op->db, &out->total));
    bool has_more = page_trim(op, &out->heartbeats, limit);
    size_t count = out->heartbeats.count;
    struct heartbeat *shown = ARENA_NEW_ARRAY(op->arena, struct heartbeat, count);
    for (size_t i = 0; i < count; i++) {
        shown[i] = ((const struct heartbeat *)out->heartbeats.items)[i];
        show_due(op, &shown[i]);
    }
    out->heartbeats.items = shown;
    out->cursor = has_more ? op_cursor_text(op, shown[count - 1].id) : STR_NONE;
    return OK;
}

enum err get_heartbeat(struct op *op, const void *input, void *output)
{
    (void)input;
    TRY(op_may_read(op, ID_NONE));
    return load(op, output);
}

static enum err write(struct op *op, struct heartbeat *heartbeat)
{
    heartbeat->updated_at = op->now;
    show_due(op, heartbeat);
    return db_update(op->db, TABLE_heartbeats, op->arena, heartbeat);
}

enum err change_heartbeat(struct op *op, const void *input, void *output)
{
    struct heartbeat *heartbeat = output;
    struct heartbeat before = {0};
    TRY(op_may_change(op, ID_NONE));
    TRY(load(op, &before));
    *heartbeat = before;
    record_merge(&heartbeat_record, op->given, input, heartbeat);
    TRY(check(op, heartbeat));
    TRY(write(op, heartbeat));
    TRY(heartbeat->state == heartbeat_state_OK ? arm(op, heartbeat) : OK);
    return audit(op, "HEARTBEAT_CHANGED", &before, heartbeat);
}

/* What it was late for is over for another reason than a beat. */
static enum err end_incident(struct op *op, const struct heartbeat *heartbeat,
                             enum incident_event event, struct str reason)
{
    struct incident incident = {0};
    if (heartbeat->state != heartbeat_state_MISSED || !id_is_set(heartbeat->incident_id)) {
        return OK;
    }
    TRY(db_get(op->db, TABLE_incidents, heartbeat->incident_id, op->arena, &incident));
    bool is_open = incident_is_open((enum incident_state)incident.state);
    return is_open ? move_incident(op, &incident, event, reason) : OK;
}

enum err delete_heartbeat(struct op *op, const void *input, void *output)
{
    (void)input;
    struct heartbeat heartbeat = {0};
    TRY(op_may_change(op, ID_NONE));
    TRY(load(op, &heartbeat));
    TRY(end_incident(op, &heartbeat, incident_event_cancel, STR("its heartbeat was removed")));
    TRY(timers_cancel(op->db, timer_kind_HEARTBEAT, heartbeat.id, op->now));
    heartbeat.deleted_at = op->now;
    TRY(write(op, &heartbeat));
    TRY(audit(op, "HEARTBEAT_REMOVED", &heartbeat, NULL));
    *(struct removed *)output = (struct removed){.id = heartbeat.id, .deleted = true};
    return OK;
}

enum err rotate_heartbeat(struct op *op, const void *input, void *output)
{
    (void)input;
    struct heartbeat *heartbeat = output;
    TRY(op_may_change(op, ID_NONE));
    TRY(load(op, heartbeat));
    struct str token = make_source_key(op, "hb_", &heartbeat->token_hash);
    TRY(write(op, heartbeat));
    TRY(audit(op, "HEARTBEAT_ROTATED", NULL, heartbeat));
    show_token(op, heartbeat, token);
    return OK;
}

enum err pause_heartbeat(struct op *op, const void *input, void *output)
{
    (void)input;
    struct heartbeat *heartbeat = output;
    TRY(op_may_change(op, ID_NONE));
    TRY(load(op, heartbeat));
    if (heartbeat->state == heartbeat_state_PAUSED) {
        return OK;
    }
    struct heartbeat before = *heartbeat;
    TRY(end_incident(op, heartbeat, incident_event_cancel, STR("its heartbeat was paused")));
    TRY(timers_cancel(op->db, timer_kind_HEARTBEAT, heartbeat->id, op->now));
    heartbeat->state = heartbeat_state_PAUSED;
    TRY(write(op, heartbeat));
    return audit(op, "HEARTBEAT_PAUSED", &before, heartbeat);
}

/* One that has ever come is waited for again from now on; another one's first beat is awaited. */
enum err resume_heartbeat(struct op *op, const void *input, void *output)
{
    (void)input;
    struct heartbeat *heartbeat = output;
    TRY(op_may_change(op, ID_NONE));
    TRY(load(op, heartbeat));
    if (heartbeat->state != heartbeat_state_PAUSED) {
        return OK;
    }
    struct heartbeat before = *heartbeat;
    bool has_come = instant_is_set(heartbeat->last_beat_at);
    heartbeat->state = has_come ? heartbeat_state_OK : heartbeat_state_WAITING;
    heartbeat->counts_from = op->now;
    TRY(write(op, heartbeat));
    TRY(has_come ? arm(op, heartbeat) : OK);
    return audit(op, "HEARTBEAT_RESUMED", &before, heartbeat);
}

/* The first one, or the first since it was late. */
static enum err come_back(struct op *op, struct heartbeat *heartbeat)
{
    struct heartbeat before = *heartbeat;
    TRY(end_incident(op, heartbeat, incident_event_resolve, STR("the heartbeat came back")));
    heartbeat->state = heartbeat_state_OK;
    heartbeat->last_beat_at = op->now;
    heartbeat->beats++;
    TRY(db_update(op->db, TABLE_heartbeats, op->arena, heartbeat));
    TRY(arm(op, heartbeat));
    op_log(op, LOG_INFO, LOG_ESCALATION, "heartbeat %.*s %s", STR_FMT(heartbeat->name),
           before.state == heartbeat_state_MISSED ? "came back" : "came for the first time");
    return audit(op, before.state == heartbeat_state_MISSED ? "HEARTBEAT_BACK" : "HEARTBEAT_BEGAN",
                 &before, heartbeat);
}

enum err take_beat(struct op *op, const void *input, void *output)
{
    const struct beat_input *beat = input;
    struct beat_view *view = output;
    struct heartbeat heartbeat = {0};
    enum err err = heartbeats_by_token(op->db, op->arena, beat->token, &heartbeat);
    if (err == E_NOT_FOUND) {
        return op_fail(op, E_NOT_FOUND, NULL, "there is no heartbeat with this token");
    }
    TRY(err);
    if (heartbeat.state == heartbeat_state_OK || heartbeat.state == heartbeat_state_PAUSED) {
        op_decided(op);
        bool was_set_back = instant_before(op->now, heartbeat.last_beat_at);
        TRY(heartbeats_beat(op->db, heartbeat.id, op->now));
        heartbeat.last_beat_at = op->now;
        TRY(was_set_back && heartbeat.state == heartbeat_state_OK ? arm(op, &heartbeat) : OK);
    } else {
        TRY(come_back(op, &heartbeat));
    }
    show_due(op, &heartbeat);
    *view = (struct beat_view){.state = heartbeat.state, .due_at = heartbeat.due_at};
    return OK;
}

static struct str details_of(const struct op *op, const struct heartbeat *heartbeat)
{
    char last[INSTANT_TEXT_MAX];
    return arena_printf(op->arena,
                        "It comes every %lld seconds, with %lld more to spare. It last came at "
                        "%.*s.",
                        (long long)heartbeat->every_seconds, (long long)heartbeat->grace_seconds,
                        STR_FMT(instant_format(heartbeat->last_beat_at, last)));
}

static enum err miss(struct op *op, struct heartbeat *heartbeat)
{
    struct heartbeat before = *heartbeat;
    struct incident incident = {0};
    bool is_joined = false;
    struct incident_report report = {
        .kind = incident_kind_HEARTBEAT,
        .title = arena_printf(op->arena, "No heartbeat: %.*s", STR_FMT(heartbeat->name)),
        .details = details_of(op, heartbeat),
        .severity = (enum severity)heartbeat->severity,
        .user = heartbeat->user_id,
        .policy = heartbeat->policy,
        .dedup_key = STR("heartbeat"),
        .source = heartbeat->id,
        .escalates = true,
    };
    TRY(report_anyway(op, &report, &incident, &is_joined));
    heartbeat->state = heartbeat_state_MISSED;
    heartbeat->missed_at = op->now;
    heartbeat->incident_id = incident.id;
    heartbeat->due_at = INSTANT_NONE;
    TRY(db_update(op->db, TABLE_heartbeats, op->arena, heartbeat));
    op_log(op, LOG_WARN, LOG_ESCALATION, "heartbeat %.*s is late", STR_FMT(heartbeat->name));
    return audit(op, "HEARTBEAT_MISSED", &before, heartbeat);
}

/* The timer HEARTBEAT: it may have come since the timer was armed. */
enum err miss_heartbeat(struct op *op, struct timer *timer)
{
    struct heartbeat heartbeat = {0};
    enum err err = heartbeats_get(op->db, op->arena, timer->subject_id, &heartbeat);
    if (err == E_NOT_FOUND || (err == OK && heartbeat.state != heartbeat_state_OK)) {
        return OK;
    }
    TRY(err);
    struct instant due = due_of(op, &heartbeat);
    if (instant_ms(op->now) < instant_ms(due)) {
        timer_run_again(op, timer, due);
        return OK;
    }
    return miss(op, &heartbeat);
}
