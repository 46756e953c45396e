#include "service/call_counts.h"
#include "service/call_outcomes.h"
#include "service/callable.h"
#include "service/occurrences.h"
#include "service/queue.h"
#include "service/scheduled_calls.h"
#include "store/call_runs.h"
#include "store/campaigns.h"

/* Failures that another attempt does not mend. What forbids the number, and may be lifted, is asked
 * anew. */
static const struct {
    const char *reason;
    const char *words;
} final_reasons[] = {
    {"campaign_cancelled", "its campaign was cancelled"},
    {"person_removed", "its owner was removed"},
    {"cancelled", "its owner has cancelled it"},
    {"expired", "its time is over"},
    {"unreadable", "its data cannot be read"},
    {"blocked_prefix", "numbers that begin like this one are blocked (BLOCKED_PREFIXES)"},
    {"failed:invalid_number", "the provider says that there is no such number"},
    {"failed:opted_out", "the owner of this number does not want to be called"},
};

static enum err refuse(struct op *op, const char *words)
{
    return op_fail(op, E_OPERATION, NULL, "this call cannot be tried again: %s", words);
}

/* Why not, by what the call is. */
static enum err check_call(struct op *op, const struct scheduled_call *call)
{
    struct agent_entry agent = {0};
    const char *called_off = NULL;
    if (call->status != call_status_failed) {
        return op_fail(op, E_OPERATION, NULL,
                       "only a job that failed is tried again; this call is %s",
                       enum_name(&call_status_names, call->status));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(final_reasons); i++) {
        if (str_equal_text(call->failure_reason, final_reasons[i].reason)) {
            return refuse(op, final_reasons[i].words);
        }
    }
    if (instant_is_set(call->expires_at) && !instant_before(op->now, call->expires_at)) {
        return refuse(op, "its time is over");
    }
    TRY(db_get(op->db, TABLE_agents, call->agent_id, op->arena, &agent));
    if (instant_is_set(agent.archived_at)) {
        return refuse(op, "its agent was archived");
    }
    TRY(scheduled_call_called_off(op, call, &called_off));
    return called_off == NULL ? OK : refuse(op, called_off);
}

static enum err revive(struct op *op, struct scheduled_call *call, struct instant at)
{
    struct scheduled_call before = *call;
    call->status = call_status_processing;
    call->next_run = at;
    call->failed_at = call->ended_at = INSTANT_NONE;
    call->failure_reason = STR_NONE;
    call->updated_at = op->now;
    call->renewed_id = op_new_id(op);
    TRY(call_runs_revive(op->db, call));
    call_counts_move(op, call, call_status_failed);
    TRY(call_counts_reopen(op, &before));
    TRY(scheduled_call_arm(op, call));
    return scheduled_call_audit(op, &(struct call_change){.action = "CALL_REVIVED",
                                                          .before = &before,
                                                          .after = call,
                                                          .reason = before.failure_reason});
}

/* The kind is, or the call's campaign. */
static enum err read_pause(struct op *op, const struct scheduled_call *call, bool *is_paused)
{
    struct campaign campaign = {0};
    *is_paused = queue_is_paused(&op->writer->queue, timer_kind_SCHEDULED_CALL);
    if (!*is_paused && id_is_set(call->campaign_id)) {
        TRY(campaigns_get(op->db, op->arena, call->campaign_id, &campaign));
        *is_paused = campaign.state == campaign_state_PAUSED;
    }
    return OK;
}

enum err retry_scheduled_call(struct op *op, struct id id, struct job *job)
{
    struct scheduled_call call = {0};
    bool is_paused = false;
    struct call_permission permission = {0};
    enum err err = scheduled_calls_get(op->db, op->arena, id, &call);
    TRY(err == E_CORRUPT ? refuse(op, "its data cannot be read") : op_not_found(op, err, "job"));
    TRY(check_call(op, &call));
    TRY(callable_ask(op, &call, op->now, &permission));
    if (permission.bar != CALL_MAY && permission.bar != CALL_OUTSIDE_HOURS) {
        return refuse(op, permission.words);
    }
    struct instant at = permission.bar == CALL_MAY ? op->now : permission.opening.at;
    TRY(revive(op, &call, at));
    TRY(read_pause(op, &call, &is_paused));
    *job = (struct job){
        .id = id,
        .kind = timer_kind_SCHEDULED_CALL,
        .subject_id = id,
        .state = permission.bar == CALL_OUTSIDE_HOURS ? job_state_delayed
                 : is_paused                          ? job_state_paused
                                                      : job_state_waiting,
        .due_at = at,
        .priority = call.priority,
        .attempts = call.attempt,
    };
    return OK;
}
