#include "service/scheduled_calls.h"

#include "service/callable.h"
#include "service/campaigns.h"
#include "service/engine.h"
#include "service/events.h"
#include "service/occurrences.h"
#include "service/pacer.h"
#include "store/callees.h"

#include <assert.h>

static const struct {
    enum call_priority word;
    int64_t rank;
} priorities[] = {
    {call_priority_high, PRIORITY_HIGH},
    {call_priority_medium, PRIORITY_MEDIUM},
    {call_priority_low, PRIORITY_LOW},
};

static int64_t rank_of(int word)
{
    for (size_t i = 0; i < ARRAY_LENGTH(priorities); i++) {
        if ((int)priorities[i].word == word) {
            return priorities[i].rank;
        }
    }
    return PRIORITY_MEDIUM;
}

enum call_priority scheduled_call_priority(int64_t rank)
{
    for (size_t i = 0; i < ARRAY_LENGTH(priorities); i++) {
        if (priorities[i].rank == rank) {
            return priorities[i].word;
        }
    }
    return call_priority_medium;
}

enum err scheduled_call_agent(struct op *op, struct id id, const struct agent **out)
{
    enum err err = agent_in_force(op, id, out);
    return agent_named(op, err, *out);
}

enum err scheduled_call_may_change(struct op *op, struct str user)
{
    return op_may_change(op, scheduled_call_person(op, user));
}

struct id scheduled_call_person(const struct op *op, struct str user)
{
    struct id id = ID_NONE;
    bool is_one = user.len == ID_TEXT_BYTES && id_parse(op->site->id_key, user, &id) == OK;
    return is_one ? id : ID_NONE;
}

/* When it is due: at the first instant from `from` on that the row's hours allow. E_INVALID where
 * there is none. */
static enum err move_into_hours(const struct call_guards *guards, struct instant from,
                                struct instant *out)
{
    struct call_opening opening = {.at = from};
    TRY(call_hours_next(&guards->hours, from, &opening));
    *out = opening.at;
    return OK;
}

static enum err plan_hours(struct op *op, const struct call_order *order,
                           struct scheduled_call *out, struct call_guards *guards)
{
    struct remembered_hours hours = {0};
    const struct hours_input *given = order->input->business_hours;
    TRY(order->memory == NULL ? hours_cache_resolve(op, given, out->timezone, &hours)
                              : call_memory_hours(op, order->memory, given, out->timezone, &hours));
    *guards = *hours.guards;
    guards->hours.business = &guards->business;
    out->hours = hours.text;
    return OK;
}

enum err scheduled_call_check_expiry(struct op *op, struct instant expires_at,
                                     struct instant due_at)
{
    char text[INSTANT_TEXT_MAX];
    return !instant_is_set(expires_at) || instant_before(due_at, expires_at)
               ? OK
               : op_fail(op, E_INVALID, "expiresAt",
                         "must be after %s, the time at which the call is due",
                         instant_format(due_at, text).ptr);
}

static enum err plan_times(struct op *op, const struct call_order *order,
                           struct scheduled_call *out)
{
    const struct schedule_call_input *given = order->input;
    const struct zone *zone = NULL;
    struct call_time time = {0};
    struct call_guards guards = {0};
    out->timezone = given->timezone;
    out->has_timezone = str_is_set(given->timezone);
    TRY(call_zone(op, &out->timezone, &zone));
    TRY(call_time_parse(op, given->scheduled_for, zone, &time));
    out->nominal_for = out->scheduled_for = time.at;
    TRY(given->respects_hours ? plan_hours(op, order, out, &guards)
                              : call_hours_disregard(op, given->business_hours));
    callable_add_legal(op, out, &guards);
    if (move_into_hours(&guards, time.at, &out->scheduled_for) != OK) {
        return callable_refuse_hours(op, out, &guards, given->business_hours != NULL);
    }
    out->expires_at = given->expires_at;
    TRY(scheduled_call_check_expiry(op, out->expires_at, out->scheduled_for));
    return given->recurring == NULL
               ? OK
               : call_series_resolve(op, given->recurring, zone, &time, &out->recurrence);
}

/* A number that may not be called at all is refused before it is kept. That calls are switched off
 * says nothing about the day on which this one is due. */
static enum err check_number(struct op *op, const struct scheduled_call *call)
{
    struct call_permission permission = {.bar = CALL_MAY};
    struct lookup number = phone_lookup(op->db, op->arena, call->phone, call->phone_hash);
    if (!op->site->needs_consent && !callees_may_know(op->db, &number) &&
        !callable_is_blocked(op, call)) {
        return OK;
    }
    TRY(callable_ask_number(op, call, &permission));
    return permission.bar == CALL_MAY || permission.bar == CALL_SWITCHED_OFF
               ? OK
               : op_fail(op, E_OPERATION, "phoneNumber", "%s", permission.words);
}

/* An owner may be anybody, but a person who was removed is not called any more. */
static enum err check_owner(struct op *op, struct str user)
{
    bool is_removed = false;
    TRY(scheduled_call_owner_is_gone(op, user, &is_removed));
    return is_removed ? op_fail(op, E_OPERATION, "userId", "this person was removed") : OK;
}

enum err scheduled_call_plan(struct op *op, const struct call_order *order,
                             struct scheduled_call *out)
{
    const struct schedule_call_input *given = order->input;
    const struct agent *agent = order->agent;
    *out = (struct scheduled_call){
        .phone = given->phone,
        .phone_hash = phone_hash_of(op->db, op->arena, given->phone),
        .agent_id = given->agent_id,
        .user_id = given->user_id,
        .campaign_id = order->campaign,
        .status = call_status_pending,
        .priority = rank_of(given->priority),
        .occurrence_number = 1,
        .place = 1,
        .metadata = given->metadata,
    };
    TRY(check_owner(op, given->user_id));
    TRY(plan_times(op, order, out));
    if (agent == NULL) {
        TRY(scheduled_call_agent(op, given->agent_id, &agent));
    }
    TRY(agent_check_metadata(op, agent, given->metadata));
    return check_number(op, out);
}

enum err scheduled_call_arm(struct op *op, const struct scheduled_call *call)
{
    return timer_arm(op, (struct timer_request){.kind = timer_kind_SCHEDULED_CALL,
                                                .subject = call->id,
                                                .due_at = instant_is_set(call->next_run)
                                                              ? call->next_run
                                                              : call->scheduled_for,
                                                .priority = (int)call->priority});
}

enum err scheduled_call_disarm(struct op *op, const struct scheduled_call *call)
{
    pace_call_gone(op, call->id);
    return timers_cancel(op->db, timer_kind_SCHEDULED_CALL, call->id, op->now);
}

enum err scheduled_call_insert(struct op *op, struct scheduled_call *call)
{
    call->id = op_new_id(op);
    call->created_at = call->updated_at = op->now;
    call->shelf = call_shelf_take(&op->writer->call_shelf);
    TRY(scheduled_calls_add(op->db, op->arena, call));
    call_counts_move(op, call, call_status_NONE);
    return scheduled_call_arm(op, call);
}

static struct str facts_of(const struct op *op, const struct scheduled_call *call)
{
    struct call_facts facts = {
        .id = call->id,
        .status = call->status,
        .phone = call->phone,
        .user_id = call->user_id,
        .agent_id = call->agent_id,
        .campaign_id = call->campaign_id,
        .scheduled_for = call->scheduled_for,
        .parent_id = call->parent_id,
        .occurrence_number = call->occurrence_number > 1 ? call->occurrence_number : 0,
        .attempt = call->attempt,
        .outcome = call->outcome,
        .next_run = call->next_run,
        .failure_reason = call->failure_reason,
    };
    return op_record_text(op, &call_facts_record, &facts);
}

enum err scheduled_call_audit(struct op *op, const struct call_change *change)
{
    return op_audit(op,
                    (struct audit_entry){
                        .action = change->action,
                        .subject_type = subject_type_SCHEDULED_CALL,
                        .subject = change->after->id,
                        .user = scheduled_call_person(op, change->after->user_id),
                        .before = change->before == NULL ? STR_NONE : facts_of(op, change->before),
                        .after = facts_of(op, change->after),
                        .reason = change->reason,
                    });
}

enum err scheduled_call_tell(struct op *op, enum event_kind kind, const struct scheduled_call *call)
{
    return event_tell(op, &(struct event_facts){
                              .kind = kind,
                              .subject_type = subject_type_SCHEDULED_CALL,
                              .subject = call->id,
                              .user = scheduled_call_person(op, call->user_id),
                              .data = facts_of(op, call),
                          });
}

enum err scheduled_call_end_pending(struct op *op, struct scheduled_call *call,
                                    const struct call_ending *ending)
{
    struct scheduled_call before = *call;
    struct id next = ID_NONE;
    assert(call->status == call_status_pending);
    TRY(scheduled_call_cancel(op->db, call->id, op->now));
    TRY(scheduled_call_disarm(op, call));
    call->status = call_status_cancelled;
    call->cancelled_at = call->ended_at = call->updated_at = op->now;
    call_counts_move(op, call, call_status_pending);
    TRY(scheduled_call_audit(op, &(struct call_change){.action = "CALL_CANCELLED",
                                                       .before = &before,
                                                       .after = call,
                                                       .reason = str_from(ending->why)}));
    TRY(scheduled_call_tell(op, event_kind_SCHEDULED_CALL_CANCELLED, call));
    return ending->goes_on ? scheduled_call_follow(op, call, &next)
                           : scheduled_call_end_series(op, call, ending->why);
}

enum err scheduled_call_set_time(struct op *op, struct scheduled_call *call, struct instant at,
                                 struct id *next)
{
    struct scheduled_call before = *call;
    struct call_guards guards = {0};
    assert(call->status == call_status_pending);
    TRY(callable_guards(op, call, &guards));
    if (move_into_hours(&guards, at, &call->scheduled_for) != OK) {
        return callable_refuse_hours(op, call, &guards, true);
    }
    if (instant_is_set(call->expires_at) &&
        !instant_before(call->scheduled_for, call->expires_at)) {
        char text[INSTANT_TEXT_MAX];
        return op_fail(op, E_INVALID, "scheduledFor", "must be before %s, when the call expires",
                       instant_format(call->expires_at, text).ptr);
    }
    /* The series goes on from where it would have been. */
    call->nominal_for = str_is_set(call->recurrence) ? call->nominal_for : at;
    call->is_late = false;
    call->updated_at = op->now;
    TRY(scheduled_call_move(op->db, call));
    TRY(scheduled_call_disarm(op, call));
    TRY(scheduled_call_arm(op, call));
    TRY(scheduled_call_audit(
        op, &(struct call_change){.action = "CALL_MOVED", .before = &before, .after = call}));
    TRY(scheduled_call_tell(op, event_kind_SCHEDULED_CALL_MOVED, call));
    TRY(campaign_reach(op, call->campaign_id, call->scheduled_for));
    return scheduled_call_follow_early(op, call, next);
}
