#include "service/maintenance.h"

#include "service/engine.h"
#include "service/incidents.h"
#include "store/sources.h"

/* Released, or held longer, in one operation; more of them follow at once, so that others have
 * their turn. */
enum { RELEASED_MAX = 500, HELD_MAX = 500 };

enum err maintenance_covers(struct op *op, struct id source, struct instant *until)
{
    return windows_until(op->db, source, op->now, until);
}

static void show_state(const struct op *op, struct maintenance_window *window)
{
    bool is_over = instant_is_set(window->ended_at) || !instant_before(op->now, window->ends_at);
    window->state = is_over                                      ? window_state_ENDED
                    : instant_before(op->now, window->starts_at) ? window_state_PLANNED
                                                                 : window_state_ACTIVE;
}

static enum err audit_window(struct op *op, const char *action,
                             const struct maintenance_window *window)
{
    return op_audit(op, (struct audit_entry){
                            .action = action,
                            .subject_type = subject_type_INTEGRATION,
                            .subject = window->id,
                            .after = op_record_text(op, &maintenance_window_record, window),
                        });
}

static enum err check_source(struct op *op, struct id source)
{
    struct integration integration = {0};
    struct heartbeat heartbeat = {0};
    enum err err = integrations_get(op->db, op->arena, source, &integration);
    if (err == E_NOT_FOUND) {
        err = heartbeats_get(op->db, op->arena, source, &heartbeat);
    }
    return err == E_NOT_FOUND
               ? op_fail(op, E_INVALID, "source", "must be the id of an integration or heartbeat")
               : err;
}

static enum err check_times(struct op *op, struct maintenance_window *window)
{
    if (!instant_is_set(window->starts_at)) {
        window->starts_at = op->now;
    }
    if ((window->minutes > 0) == instant_is_set(window->ends_at)) {
        return op_fail(op, E_INVALID, "endsAt", "give either endsAt or minutes");
    }
    if (window->minutes > 0) {
        window->ends_at = instant_add(window->starts_at, MINUTES(window->minutes));
    }
    if (instant_ms(window->ends_at) <= instant_ms(instant_max(window->starts_at, op->now))) {
        return op_fail(op, E_INVALID, "endsAt", "must be after startsAt, and to come");
    }
    return OK;
}

/* For a window or an incident. */
static enum err arm(struct op *op, struct id subject, struct instant at)
{
    return timer_arm(op, (struct timer_request){.kind = timer_kind_MAINTENANCE,
                                                .subject = subject,
                                                .due_at = at,
                                                .priority = PRIORITY_MEDIUM});
}

static enum err audit_held(struct op *op, const struct incident *incident, struct instant before)
{
    char old[INSTANT_TEXT_MAX];
    char new[INSTANT_TEXT_MAX];
    bool is_held = instant_is_set(incident->held_until);
    struct str until =
        is_held ? arena_str(op->arena, instant_format(incident->held_until, new)) : STR_NONE;
    return op_audit(
        op,
        (struct audit_entry){
            .action = is_held ? "INCIDENT_HELD" : "INCIDENT_RELEASED",
            .subject_type = subject_type_INCIDENT,
            .subject = incident->id,
            .user = incident->user_id,
            .before = arena_str(op->arena, instant_format(before, old)),
            .after = until,
            .reason = is_held ? arena_printf(op->arena, "a maintenance window holds it until %.*s",
                                             STR_FMT(until))
                              : STR("no maintenance window holds it any longer"),
        });
}

/* Those that wait learn the end of the window that holds them now; *has_more where others are left.
 */
static enum err hold_longer(struct op *op, bool *has_more)
{
    struct list held = {0};
    TRY(incidents_held_shorter(op->db, op->arena, op->now, HELD_MAX, &held));
    for (size_t i = 0; i < held.count; i++) {
        struct incident incident = ((const struct incident *)held.items)[i];
        struct instant before = incident.held_until;
        TRY(maintenance_covers(op, incident.source_id, &incident.held_until));
        TRY(db_update(op->db, TABLE_incidents, op->arena, &incident));
        TRY(audit_held(op, &incident, before));
    }
    *has_more = held.count == HELD_MAX;
    return OK;
}

enum err create_window(struct op *op, const void *input, void *output)
{
    bool has_more = false;
    struct maintenance_window *window = output;
    *window = *(const struct maintenance_window *)input;
    TRY(op_may_change(op, ID_NONE));
    TRY(check_times(op, window));
    TRY(id_is_set(window->source_id) ? check_source(op, window->source_id) : OK);
    window->id = op_new_id(op);
    window->created_by = op->actor.name;
    window->created_at = op->now;
    TRY(db_insert(op->db, TABLE_maintenance_windows, op->arena, window));
    TRY(arm(op, window->id, window->ends_at));
    TRY(hold_longer(op, &has_more));
    if (has_more) {
        TRY(arm(op, window->id, op->now));
    }
    show_state(op, window);
    return audit_window(op, "MAINTENANCE_CREATED", window);
}

static enum err load(struct op *op, struct maintenance_window *out)
{
    TRY(op_not_found(op, db_get(op->db, TABLE_maintenance_windows, op->path_id, op->arena, out),
                     "maintenance window"));
    show_state(op, out);
    return OK;
}

enum err get_window(struct op *op, const void *input, void *output)
{
    (void)input;
    TRY(op_may_read(op, ID_NONE));
    return load(op, output);
}

enum err list_windows(struct op *op, const void *input, void *output)
{
    const struct window_list_input *wanted = input;
    struct window_list *out = output;
    struct window_page page = {
        .state = wanted->state, .limit = page_limit(wanted->limit) + 1, .now = op->now};
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &page.before));
    TRY(windows_page(op->db, op->arena, &page, &out->windows, &out->total));
    bool has_more = page_trim(op, &out->windows, page.limit - 1);
    struct maintenance_window *shown =
        ARENA_NEW_ARRAY(op->arena, struct maintenance_window, out->windows.count);
    for (size_t i = 0; i < out->windows.count; i++) {
        shown[i] = ((const struct maintenance_window *)out->windows.items)[i];
        show_state(op, &shown[i]);
    }
    out->windows.items = shown;
    out->cursor = has_more ? op_cursor_text(op, shown[out->windows.count - 1].id) : STR_NONE;
    return OK;
}

/* What waited is released by a timer that is due at once, in as many turns as it takes. */
static enum err end_early(struct op *op, struct maintenance_window *window)
{
    TRY(op_may_change(op, ID_NONE));
    TRY(load(op, window));
    if (window->state == window_state_ENDED) {
        return op_fail(op, E_CONFLICT, NULL, "this maintenance window is over already");
    }
    window->ended_at = op->now;
    show_state(op, window);
    TRY(db_update(op->db, TABLE_maintenance_windows, op->arena, window));
    TRY(timers_cancel(op->db, timer_kind_MAINTENANCE, window->id, op->now));
    TRY(arm(op, window->id, op->now));
    return audit_window(op, "MAINTENANCE_ENDED", window);
}

enum err end_window(struct op *op, const void *input, void *output)
{
    (void)input;
    return end_early(op, output);
}

enum err delete_window(struct op *op, const void *input, void *output)
{
    (void)input;
    struct maintenance_window window = {0};
    TRY(end_early(op, &window));
    *(struct removed *)output = (struct removed){.id = window.id, .deleted = true};
    return OK;
}

/* A timer for each, so that one that cannot be released holds nobody else back. Timers that are due
 * at one instant run in the order in which they were made. */
static enum err release(struct op *op, const struct list *held)
{
    for (size_t i = 0; i < held->count; i++) {
        struct incident incident = ((const struct incident *)held->items)[i];
        struct instant before = incident.held_until;
        incident.held_until = INSTANT_NONE;
        TRY(db_update(op->db, TABLE_incidents, op->arena, &incident));
        TRY(audit_held(op, &incident, before));
        TRY(arm(op, incident.id, op->now));
    }
    return OK;
}

static enum err begin_held_ladder(struct op *op, struct id id)
{
    struct incident incident = {0};
    enum err err = db_get(op->db, TABLE_incidents, id, op->arena, &incident);
    if (err == E_NOT_FOUND || (err == OK && incident.state != incident_state_OPEN)) {
        return OK;
    }
    TRY(err);
    return move_incident(op, &incident, incident_event_escalate,
                         STR("the maintenance window is over"));
}

/* The timer MAINTENANCE: a window is over, in time or before; or it began while more waited than
 * one operation holds longer; or an incident that waited for one is to wait no longer. */
enum err end_maintenance(struct op *op, struct timer *timer)
{
    struct maintenance_window window = {0};
    struct list held = {0};
    bool has_more = false;
    enum err err = db_get(op->db, TABLE_maintenance_windows, timer->subject_id, op->arena, &window);
    if (err == E_NOT_FOUND) {
        return begin_held_ladder(op, timer->subject_id);
    }
    TRY(err);
    bool is_over = instant_is_set(window.ended_at) || !instant_before(op->now, window.ends_at);
    if (is_over && !instant_is_set(window.ended_at)) {
        window.ended_at = window.ends_at;
        TRY(db_update(op->db, TABLE_maintenance_windows, op->arena, &window));
        TRY(audit_window(op, "MAINTENANCE_ENDED", &window));
    }
    TRY(is_over ? incidents_released(op->db, op->arena, op->now, RELEASED_MAX, &held) : OK);
    TRY(release(op, &held));
    if (held.count == RELEASED_MAX) {
        timer_run_again(op, timer, op->now);
        return OK;
    }
    TRY(hold_longer(op, &has_more));
    if (has_more) {
        timer_run_again(op, timer, op->now);
    }
    return OK;
}
