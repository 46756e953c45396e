#include "service/call_outcomes.h"

#include "domain/call_retry.h"
#include "domain/retry.h"
#include "service/call_start.h"
#include "service/call_voice.h"
#include "service/callable.h"
#include "service/campaigns.h"
#include "service/messages.h"
#include "service/occurrences.h"
#include "service/pacer.h"
#include "service/scheduled_calls.h"
#include "store/call_runs.h"

/* How an attempt ended. */
struct call_end {
    enum call_outcome outcome;
    enum failure_category category;
    enum failure_class class;
    struct instant tried_at;
    struct duration asked_for;
    bool is_test; /* It was built and checked, and nobody was called. */
};

static enum err tell_change(struct op *op, const struct scheduled_call *before,
                            const struct scheduled_call *call, const char *action,
                            struct str reason)
{
    return scheduled_call_audit(
        op,
        &(struct call_change){.action = action, .before = before, .after = call, .reason = reason});
}

/* Completed or failed, as `call` says; `before` is what it was. */
static enum err end_call(struct op *op, const struct scheduled_call *before,
                         struct scheduled_call *call)
{
    bool is_done = call->status == call_status_completed;
    bool was_active = before->status == call_status_processing && !instant_is_set(before->next_run);
    struct id next = ID_NONE;
    call->ended_at = call->updated_at = op->now;
    *(is_done ? &call->completed_at : &call->failed_at) = op->now;
    call->processed_at = instant_is_set(call->processed_at) ? call->processed_at : op->now;
    call->next_run = INSTANT_NONE;
    TRY(call_runs_end(op->db, call));
    call_counts_move(op, call, (enum call_status)before->status);
    if (was_active) {
        pace_count_active(op, -1);
    } else {
        TRY(scheduled_call_disarm(op, call));
    }
    TRY(tell_change(op, before, call, is_done ? "CALL_COMPLETED" : "CALL_FAILED",
                    call->failure_reason));
    TRY(scheduled_call_tell(
        op, is_done ? event_kind_SCHEDULED_CALL_COMPLETED : event_kind_SCHEDULED_CALL_FAILED,
        call));
    return scheduled_call_follow(op, call, &next);
}

static enum err fail(struct op *op, struct scheduled_call *call, struct str reason)
{
    struct scheduled_call before = *call;
    call->status = call_status_failed;
    call->failure_reason = reason;
    op_log(op, LOG_INFO, LOG_CALL, "a scheduled call failed: %.*s", STR_FMT(reason));
    return end_call(op, &before, call);
}

/* "no_answer", "failed:invalid_number" */
static struct str reason_of(struct op *op, const struct call_end *end)
{
    const char *outcome = enum_name(&call_outcome_names, (int)end->outcome);
    if (end->outcome != call_outcome_failed || end->category == failure_category_NONE) {
        return str_from(outcome);
    }
    return arena_printf(op->arena, "%s:%s", outcome,
                        enum_name(&failure_category_names, (int)end->category));
}

/* The next attempt waits for its time. */
static enum err wait_until(struct op *op, struct scheduled_call *call, struct instant at)
{
    bool was_active = call->status == call_status_processing && !instant_is_set(call->next_run);
    if (call->status == call_status_pending) {
        call->status = call_status_processing;
        call_counts_move(op, call, call_status_pending);
    }
    call->next_run = at;
    call->updated_at = op->now;
    call->processed_at = instant_is_set(call->processed_at) ? call->processed_at : op->now;
    TRY(call_runs_again(op->db, call));
    if (was_active) {
        pace_count_active(op, -1);
    }
    return scheduled_call_arm(op, call);
}

/* "busy; next attempt at 2026-01-05T10:10:00Z" */
static enum err try_again(struct op *op, struct scheduled_call *call, struct instant at)
{
    char text[INSTANT_TEXT_MAX];
    struct scheduled_call before = *call;
    TRY(wait_until(op, call, at));
    return tell_change(op, &before, call, "CALL_RETRY",
                       arena_printf(op->arena, "%s; next attempt at %s",
                                    enum_name(&call_outcome_names, call->outcome),
                                    instant_format(at, text).ptr));
}

static enum call_retry_step decide(struct op *op, const struct scheduled_call *call,
                                   const struct call_end *end, const struct call_guards *guards,
                                   struct instant *at)
{
    struct call_retry_facts facts = {
        .outcome = end->outcome,
        .category = end->category,
        .class = end->class,
        .attempt = (int)call->attempt,
        .tried_at = end->tried_at,
        .now = op->now,
        .asked_for = end->asked_for,
    };
    return call_retry_decide(&op->site->rules.call_retries, &facts, &guards->hours,
                             op_zone(op, call->timezone), at);
}

/* Why a call under way is not made again, whatever the rules say; NULL where it may be. Whoever
 * ends calls that wait has passed this one. */
static enum err look_for_cancellation(struct op *op, const struct scheduled_call *call,
                                      const char **over)
{
    TRY(scheduled_call_called_off(op, call, over));
    if (*over == NULL && scheduled_call_is_drained(op, call)) {
        *over = "queue_drained";
    }
    if (*over == NULL && str_equal_text(call->series_ended, "cancelled")) {
        *over = "cancelled";
    }
    return OK;
}

/* The hours of another attempt; or why there is none, whatever the table of retries says. */
static enum err look_for_another(struct op *op, const struct scheduled_call *call,
                                 const char **over, struct call_guards *out)
{
    enum err err = look_for_cancellation(op, call, over);
    err = err == OK && *over == NULL ? callable_guards(op, call, out) : err;
    if (call_err_is_damage(err)) {
        *over = "unreadable";
        return OK;
    }
    return err;
}

static enum err attempt_over(struct op *op, struct scheduled_call *call, const struct call_end *end)
{
    struct call_guards guards = {0};
    struct instant at = INSTANT_NONE;
    struct scheduled_call before = *call;
    const char *over = NULL;
    if (!end->is_test) {
        call_counts_attempt(op, end->outcome, call->attempt);
        call->outcome = (int)end->outcome;
    }
    if (end->outcome == call_outcome_answered) {
        call->status = call_status_completed;
        return end_call(op, &before, call);
    }
    TRY(look_for_another(op, call, &over, &guards));
    if (over != NULL) {
        return fail(op, call, str_from(over));
    }
    enum call_retry_step step = decide(op, call, end, &guards, &at);
    bool expires = step == CALL_RETRY_AGAIN && instant_is_set(call->expires_at) &&
                   instant_before(call->expires_at, at);
    if (expires) {
        return fail(op, call, reason_of(op, end));
    }
    return step == CALL_RETRY_AGAIN      ? try_again(op, call, at)
           : step == CALL_RETRY_NO_HOURS ? fail(op, call, STR("no_hours"))
                                         : fail(op, call, reason_of(op, end));
}

enum err call_is_unreadable(struct op *op, struct id id)
{
    struct scheduled_call *call = ARENA_NEW(op->arena, struct scheduled_call);
    TRY(call_runs_bare(op->db, op->arena, id, call));
    if (call->status != call_status_pending && call->status != call_status_processing) {
        return OK;
    }
    op_log(op, LOG_ERROR, LOG_CALL, "a scheduled call cannot be read, and is given up");
    TRY(scheduled_call_end_series(op, call, "unreadable"));
    return fail(op, call, STR("unreadable"));
}

/* The call whose attempt under way is this message; NULL where it is another's, or over. */
static enum err call_of(struct op *op, const struct message *message, struct scheduled_call **out)
{
    struct scheduled_call *call = NULL;
    *out = NULL;
    enum err err = call_in_hand(op, message->subject_id, &call);
    if (err == E_CORRUPT) {
        return call_is_unreadable(op, message->subject_id);
    }
    if (err != OK) {
        return err == E_NOT_FOUND ? OK : err;
    }
    bool is_its = call->status == call_status_processing && !instant_is_set(call->next_run) &&
                  id_equal(call->message_id, message->id);
    *out = is_its ? call : NULL;
    return OK;
}

/* As call_message_stale, of a call whose attempt this is. */
static enum err look_at_rules(struct op *op, const struct scheduled_call *call, const char **reason)
{
    struct call_permission permission = {0};
    struct agent agent = {0};
    TRY(scheduled_call_called_off(op, call, reason));
    if (*reason != NULL) {
        return OK;
    }
    TRY(callable_ask(op, call, op->now, &permission));
    *reason = permission.bar == CALL_OUTSIDE_HOURS ? "outside_hours" : permission.reason;
    if (*reason == NULL) {
        TRY(call_agent_of(op, call, &agent));
        *reason = str_is_set(agent.script) ? NULL : "unreadable";
    }
    return OK;
}

enum err call_message_stale(struct op *op, const struct message *message, const char **reason)
{
    struct scheduled_call *call = NULL;
    TRY(call_of(op, message, &call));
    if (call == NULL) {
        *reason = "call_over";
        return OK;
    }
    enum err err = look_at_rules(op, call, reason);
    if (call_err_is_damage(err)) {
        *reason = "unreadable";
        return OK;
    }
    return err;
}

static struct instant tried_at(const struct message *message)
{
    return instant_is_set(message->claimed_at) ? message->claimed_at : message->created_at;
}

static struct call_end failure_of(const struct message *message, struct duration asked_for)
{
    struct call_end end = {
        .outcome = call_outcome_failed,
        .category = (enum failure_category)message->category,
        .class = (enum failure_class)message->failure_class,
        .tried_at = tried_at(message),
        .asked_for = asked_for,
    };
    end.outcome = end.category == failure_category_busy           ? call_outcome_busy
                  : end.category == failure_category_no_answer    ? call_outcome_no_answer
                  : end.category == failure_category_rate_limited ? call_outcome_rate_limited
                                                                  : end.outcome;
    return end;
}

enum err call_message_failed(struct op *op, const struct message *message,
                             struct duration asked_for)
{
    struct scheduled_call *call = NULL;
    struct call_end end = failure_of(message, asked_for);
    TRY(call_of(op, message, &call));
    return call == NULL ? OK : attempt_over(op, call, &end);
}

enum err call_message_dropped(struct op *op, const struct message *message, const char *reason)
{
    struct scheduled_call *call = NULL;
    struct call_permission permission = {0};
    const char *over = NULL;
    TRY(call_of(op, message, &call));
    if (call == NULL) {
        return OK;
    }
    enum err err = look_for_cancellation(op, call, &over);
    if (err == OK && over != NULL) {
        return fail(op, call, str_from(over));
    }
    err = err == OK ? callable_ask(op, call, op->now, &permission) : err;
    TRY(call_err_is_damage(err) ? OK : err);
    if (err == OK && permission.bar == CALL_OUTSIDE_HOURS) {
        call->attempt--; /* It was none. */
        return call_wait_for(op, call, &permission.opening);
    }
    return fail(op, call, str_from(reason));
}

/* A machine took it, and the agent wants to be heard by a person. */
static enum err is_for_machine(struct op *op, const struct scheduled_call *call,
                               const struct message *message, bool *out)
{
    struct agent agent = {0};
    *out = false;
    if (str_equal(message->error, STR("voicemail"))) {
        TRY(call_agent_of(op, call, &agent));
        *out = agent.on_machine == machine_action_RETRY;
    }
    return OK;
}

enum err call_message_heard(struct op *op, const struct message *message)
{
    struct scheduled_call *call = NULL;
    struct call_end end = {.outcome = call_outcome_answered, .tried_at = tried_at(message)};
    bool is_again = false;
    bool is_over = instant_is_set(message->ended_at) && message->state != message_state_CANCELLED;
    if (!is_over) {
        return OK;
    }
    TRY(call_of(op, message, &call));
    if (call == NULL) {
        return OK;
    }
    if (message->state == message_state_BUSY || message->state == message_state_NO_ANSWER) {
        end.outcome =
            message->state == message_state_BUSY ? call_outcome_busy : call_outcome_no_answer;
        return attempt_over(op, call, &end);
    }
    end.is_test = message_is_test(message);
    if (message->state == message_state_ANSWERED || end.is_test) {
        TRY(is_for_machine(op, call, message, &is_again));
        end.outcome = is_again ? call_outcome_voicemail : call_outcome_answered;
        return attempt_over(op, call, &end);
    }
    return OK; /* What failed is followed (call_message_failed). */
}

enum err call_message_next(struct op *op, const struct message *message)
{
    struct scheduled_call *call = NULL;
    TRY(call_in_hand(op, message->subject_id, &call));
    call->message_id = message->id;
    return call_runs_message(op->db, call->id, message->id);
}

enum err call_message_silent(struct op *op, const struct message *message)
{
    struct scheduled_call *call = NULL;
    struct call_end end = {.outcome = call_outcome_failed,
                           .category = failure_category_unknown,
                           .tried_at = tried_at(message)};
    TRY(call_of(op, message, &call));
    return call == NULL ? OK : attempt_over(op, call, &end);
}

enum err call_too_dear(struct op *op, struct scheduled_call *call, const char *why)
{
    struct call_log row = {
        .id = op_new_id(op),
        .status = STR("rate_limited"),
        .provider = STR("none"),
        .error = str_from(why),
        .category = failure_category_rate_limited,
        .created_at = op->now,
    };
    TRY(db_insert(op->db, TABLE_call_logs, op->arena, &row));
    if (str_equal_text(STR("blocked_prefix"), why)) {
        return fail(op, call, str_from(why));
    }
    struct call_end end = {.outcome = call_outcome_rate_limited, .tried_at = op->now};
    call->attempt++;
    return attempt_over(op, call, &end);
}

enum err call_wait_for(struct op *op, struct scheduled_call *call,
                       const struct call_opening *opening)
{
    struct scheduled_call before = *call;
    struct str reason = opening->move_count == 0
                            ? STR_NONE
                            : str_from(enum_name(&move_reason_names, opening->moves[0].reason));
    if (call->status == call_status_pending) {
        call->scheduled_for = opening->at;
        call->updated_at = op->now;
        TRY(scheduled_call_move(op->db, call));
        TRY(scheduled_call_arm(op, call));
    } else {
        TRY(wait_until(op, call, opening->at));
    }
    TRY(tell_change(op, &before, call, "CALL_MOVED", reason));
    TRY(campaign_reach(op, call->campaign_id, opening->at));
    return scheduled_call_tell(op, event_kind_SCHEDULED_CALL_MOVED, call);
}

enum err call_give_up(struct op *op, struct scheduled_call *call, struct str reason)
{
    bool is_under_way = call->status == call_status_processing && !instant_is_set(call->next_run);
    op->call = call;
    TRY(fail(op, call, reason));
    return is_under_way ? messages_stop_subject(op, call->id, arena_cstr(op->arena, reason)) : OK;
}
