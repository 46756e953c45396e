#include "service/dispatch_asks.h"
#include "service/engine.h"
#include "service/operator.h"
#include "store/dispatches.h"

static const struct duration late_from = SECONDS_INIT(1);
static const struct duration pause_least = SECONDS_INIT(60);

static const struct followups *followups_of(const struct op *op, const struct dispatch *dispatch)
{
    return &op->site->followups[dispatch->level];
}

/* When this attempt is followed by the next one, or by the next technician. Settings that became
 * shorter meanwhile must not make it a burst. */
static struct instant next_after(const struct op *op, const struct dispatch *dispatch)
{
    struct instant planned =
        instant_add(dispatch->turn_started_at,
                    followups_wait(followups_of(op, dispatch), dispatch->turn_attempts));
    return instant_before(op->now, planned) ? planned : instant_add(op->now, pause_least);
}

/* The number of an attempt that reached nobody is given to the next one. */
static enum err make_attempt(struct op *op, struct dispatch_case *dispatch,
                             const struct dispatch_technician *technician, struct str why,
                             bool *asked)
{
    struct dispatch *row = &dispatch->row;
    struct user user = {0};
    struct dispatch_ask ask = {row, technician, &user, why};
    enum err err = db_get(op->db, TABLE_users, technician->user_id, op->arena, &user);
    if (err != E_NOT_FOUND) {
        TRY(err);
    }
    row->attempt++;
    row->turn_attempts++;
    row->next_at = next_after(op, row);
    TRY(dispatch_ask(op, &ask, asked));
    if (!*asked) {
        row->attempt--;
        row->turn_attempts--;
    }
    return OK;
}

static enum err set_outcome(struct op *op, struct dispatch_technician *technician,
                            enum technician_outcome outcome)
{
    technician->outcome = (int)outcome;
    if (outcome == technician_outcome_ASKED) {
        technician->asked_at = op->now;
    }
    return db_update(op->db, TABLE_dispatch_technicians, op->arena, technician);
}

static enum err tell_operator(struct op *op, const struct dispatch_case *dispatch)
{
    const struct dispatch *row = &dispatch->row;
    return operator_tell(
        op, &(struct operator_note){
                .key = arena_printf(op->arena, "dispatch:%.*s", STR_FMT(row->call_id)),
                .title = arena_printf(op->arena, "nobody has taken dispatch %.*s",
                                      STR_FMT(row->call_id)),
                .text = arena_printf(op->arena,
                                     "%zu technicians were asked in %lld attempts about a %s "
                                     "dispatch, and none has taken it. The caller still waits. See "
                                     "/api/dispatch/%.*s for what happened, and reach somebody by "
                                     "hand: whoever accepts there still gets it.",
                                     dispatch->count, (long long)row->attempt,
                                     enum_name(&urgency_names, row->level), STR_FMT(row->call_id)),
                .subject = row->id,
                .subject_type = subject_type_DISPATCH});
}

static enum err exhaust(struct op *op, struct dispatch_case *dispatch)
{
    struct dispatch *row = &dispatch->row;
    enum dispatch_state before = (enum dispatch_state)row->state;
    enum dispatch_state to = dispatch_state_NONE;
    TRY(dispatch_step(before, dispatch_move_exhaust, &to, op->problem));
    row->state = (int)to;
    row->position = 0;
    row->next_at = INSTANT_NONE;
    row->exhausted_at = row->updated_at = op->now;
    TRY(db_update(op->db, TABLE_dispatches, op->arena, row));
    TRY(dispatch_tell(op, row,
                      &(struct dispatch_fact){.kind = dispatch_event_kind_EXHAUSTED,
                                              .method = dispatch_method_ENGINE,
                                              .result = STR("no technician is left"),
                                              .before = before}));
    return tell_operator(op, dispatch);
}

/* Writes what was decided, with its timer. */
static enum err await(struct op *op, struct dispatch *row)
{
    row->updated_at = op->now;
    TRY(db_update(op->db, TABLE_dispatches, op->arena, row));
    return timer_arm(
        op, (struct timer_request){timer_kind_DISPATCH, row->id, row->next_at, PRIORITY_HIGH});
}

static struct dispatch_technician *next_waiting(struct dispatch_case *dispatch)
{
    for (size_t i = 0; i < dispatch->count; i++) {
        if (dispatch->technicians[i].outcome == technician_outcome_WAITING) {
            return &dispatch->technicians[i];
        }
    }
    return NULL;
}

enum err dispatch_pass_on(struct op *op, struct dispatch_case *dispatch, struct str why)
{
    struct dispatch *row = &dispatch->row;
    bool asked = false;
    while (!asked) {
        struct dispatch_technician *technician = next_waiting(dispatch);
        if (technician == NULL) {
            return exhaust(op, dispatch);
        }
        row->position = technician->position;
        row->turn_attempts = 0;
        row->turn_started_at = op->now;
        TRY(make_attempt(op, dispatch, technician, why, &asked));
        TRY(set_outcome(op, technician,
                        asked ? technician_outcome_ASKED : technician_outcome_UNREACHABLE));
    }
    return await(op, row);
}

static enum err leave_unanswered(struct op *op, struct dispatch_case *dispatch,
                                 struct dispatch_technician *technician)
{
    TRY(set_outcome(op, technician, technician_outcome_NO_ANSWER));
    return dispatch_tell(op, &dispatch->row,
                         &(struct dispatch_fact){.kind = dispatch_event_kind_NO_ANSWER,
                                                 .method = dispatch_method_ENGINE,
                                                 .technician = technician,
                                                 .result = STR("no answer to the last follow-up")});
}

enum err dispatch_go_on(struct op *op, struct dispatch_case *dispatch, struct str why)
{
    struct dispatch *row = &dispatch->row;
    struct dispatch_technician *technician = dispatch_current(dispatch);
    bool asked = false;
    if (technician == NULL) {
        return dispatch_pass_on(op, dispatch, why);
    }
    if (!followups_has_more(followups_of(op, row), row->turn_attempts)) {
        TRY(leave_unanswered(op, dispatch, technician));
        return dispatch_pass_on(op, dispatch, why);
    }
    TRY(make_attempt(op, dispatch, technician, why, &asked));
    if (asked) {
        return await(op, row);
    }
    TRY(set_outcome(op, technician, technician_outcome_UNREACHABLE));
    return dispatch_pass_on(op, dispatch, why);
}

/* What comes behind a late attempt moves by as much, so that nothing comes in a burst (D5). */
static enum err note_lateness(struct op *op, struct dispatch_case *dispatch, struct str *why)
{
    struct dispatch *row = &dispatch->row;
    struct duration late = instant_since(op->now, row->next_at);
    if (late.us < late_from.us) {
        return OK;
    }
    long long seconds = (long long)duration_seconds(late);
    *why = arena_printf(op->arena, "late %lld s", seconds);
    row->turn_started_at = instant_add(row->turn_started_at, late);
    op_log(op, LOG_WARN, LOG_RECOVERY, "dispatch %.*s goes on %lld s late", STR_FMT(row->call_id),
           seconds);
    return dispatch_tell(op, row,
                         &(struct dispatch_fact){.kind = dispatch_event_kind_RECOVERED,
                                                 .method = dispatch_method_ENGINE,
                                                 .technician = dispatch_current(dispatch),
                                                 .result = *why});
}

enum err go_on_dispatch(struct op *op, struct timer *timer)
{
    struct dispatch_case dispatch = {0};
    struct str why = STR_NONE;
    TRY(dispatch_load(op, timer->subject_id, &dispatch));
    bool is_due = dispatch.row.state == dispatch_state_DISPATCHING &&
                  !instant_before(op->now, dispatch.row.next_at);
    if (!is_due) {
        return OK;
    }
    TRY(note_lateness(op, &dispatch, &why));
    return dispatch_go_on(op, &dispatch, why);
}
