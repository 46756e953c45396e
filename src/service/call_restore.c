#include "service/call_counts.h"
#include "service/callable.h"
#include "service/campaigns.h"
#include "service/occurrences.h"
#include "service/scheduled_calls.h"

static enum err refuse(struct op *op, const char *words)
{
    return op_fail(op, E_OPERATION, NULL, "this cancellation cannot be taken back: %s", words);
}

/* A series went on, or ended, without the call: what follows it is not undone by one row. */
static enum err check_call(struct op *op, const struct scheduled_call *call)
{
    const struct agent *agent = NULL;
    const char *called_off = NULL;
    struct call_permission permission = {.bar = CALL_MAY};
    if (call->status != call_status_cancelled) {
        return op_fail(op, E_OPERATION, NULL,
                       "only a call that was cancelled is restored; it is %s",
                       enum_name(&call_status_names, call->status));
    }
    if (str_is_set(call->recurrence)) {
        return refuse(op, "the call is one of a series, which has gone on or ended without it");
    }
    if (!instant_before(op->now, call->scheduled_for)) {
        return refuse(op, "its time is over");
    }
    TRY(scheduled_call_called_off(op, call, &called_off));
    if (called_off != NULL) {
        return refuse(op, called_off);
    }
    TRY(scheduled_call_agent(op, call->agent_id, &agent));
    TRY(callable_ask_number(op, call, &permission));
    return permission.bar == CALL_MAY || permission.bar == CALL_SWITCHED_OFF
               ? OK
               : refuse(op, permission.words);
}

static enum err load_own(struct op *op, struct str user, struct scheduled_call *out)
{
    TRY(scheduled_call_may_change(op, user));
    enum err err = scheduled_calls_get(op->db, op->arena, op->path_id, out);
    bool is_theirs = err == OK && str_equal(out->user_id, user);
    return is_theirs || (err != OK && err != E_NOT_FOUND)
               ? err
               : op_fail(op, E_CALL_NOT_FOUND, NULL, "there is no such scheduled call");
}

enum err restore_scheduled_call(struct op *op, const void *input, void *output)
{
    const struct restore_call_input *given = input;
    struct scheduled_call_receipt *out = output;
    struct scheduled_call call = {0};
    TRY(load_own(op, given->user_id, &call));
    TRY(check_call(op, &call));
    struct scheduled_call before = call;
    call.status = call_status_pending;
    call.cancelled_at = call.ended_at = INSTANT_NONE;
    call.updated_at = op->now;
    call.renewed_id = op_new_id(op);
    TRY(scheduled_call_uncancel(op->db, &call));
    call_counts_move(op, &call, call_status_cancelled);
    TRY(call_counts_reopen(op, &before));
    TRY(scheduled_call_arm(op, &call));
    TRY(scheduled_call_audit(
        op, &(struct call_change){.action = "CALL_RESTORED", .before = &before, .after = &call}));
    TRY(scheduled_call_tell(op, event_kind_SCHEDULED_CALL_RESTORED, &call));
    TRY(campaign_reach(op, call.campaign_id, call.scheduled_for));
    *out = (struct scheduled_call_receipt){.id = call.id,
                                           .status = call.status,
                                           .scheduled_for = call.scheduled_for,
                                           .message = STR("The call is scheduled again.")};
    return OK;
}
