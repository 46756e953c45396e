#include "service/scheduled_calls.h"

#include "service/callable.h"
#include "service/engine.h"
#include "service/events.h"
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
    TRY(agent_in_force(op, id, out));
    return instant_is_set((*out)->archived_at)
               ? op_fail(op, E_AGENT_NOT_FOUND, "agentId", "the agent was archived")
               : OK;
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
    if (given->respects_hours) {
        TRY(plan_hours(op, order, out, &guards));
    }
    callable_add_legal(op, out, &guards);
    if (move_into_hours(&guards, time.at, &out->scheduled_for) != OK) {
        return callable_refuse_hours(op, out, &guards, given->business_hours != NULL);
    }
    return given->recurring == NULL
               ? OK
               : call_series_resolve(op, given->recurring, zone, &time, &out->recurrence);
}

/* A number that may not be called at all is refused before it is kept. That calls are switched off
 * says nothing about the day on which this one is due. */
static enum err check_number(struct op *op, const struct scheduled_call *call)
{
    struct call_permission permission = {.bar = CALL_MAY};
    if (!op->site->needs_consent && !callees_may_know(op->db, call->phone_hash) &&
        !callable_is_blocked(op, call)) {
        return OK;
    }
    TRY(callable_ask_number(op, call, &permission));
    return permission.bar == CALL_MAY || permission.bar == CALL_SWITCHED_OFF
               ? OK
               : op_fail(op, E_OPERATION, "phoneNumber", "%s", permission.words);
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
        .metadata = given->metadata,
    };
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

/* Nothing new begins with an agent that was archived, or in a campaign that was cancelled. */
static enum err may_go_on(struct op *op, const struct scheduled_call *call, bool *out)
{
    struct agent_entry agent = {0};
    struct campaign campaign = {0};
    TRY(db_get(op->db, TABLE_agents, call->agent_id, op->arena, &agent));
    *out = !instant_is_set(agent.archived_at);
    if (id_is_set(call->campaign_id)) {
        TRY(db_get(op->db, TABLE_campaigns, call->campaign_id, op->arena, &campaign));
        *out = *out && campaign.state != campaign_state_CANCELLED;
    }
    return OK;
}

static struct scheduled_call occurrence_after(const struct scheduled_call *call,
                                              const struct call_occurrence *occurrence)
{
    return (struct scheduled_call){
        .phone = call->phone,
        .agent_id = call->agent_id,
        .user_id = call->user_id,
        .campaign_id = call->campaign_id,
        .status = call_status_pending,
        .priority = call->priority,
        .nominal_for = occurrence->at,
        .scheduled_for = occurrence->at,
        .timezone = call->timezone,
        .has_timezone = call->has_timezone,
        .hours = call->hours,
        .recurrence = call->recurrence,
        .parent_id = id_is_set(call->parent_id) ? call->parent_id : call->id,
        .previous_id = call->id,
        .occurrence_number = occurrence->number,
        .metadata = call->metadata,
    };
}

static enum err insert_occurrence(struct op *op, const struct scheduled_call *call,
                                  const struct call_occurrence *occurrence, struct id *next)
{
    struct call_guards guards = {0};
    struct scheduled_call following = occurrence_after(call, occurrence);
    struct str skipped = STR_NONE;
    TRY(callable_guards(op, call, &guards));
    enum err err = move_into_hours(&guards, occurrence->at, &following.scheduled_for);
    if (err != OK) {
        /* Its holidays leave no day in the year ahead: the series is over. */
        op_log(op, LOG_WARN, LOG_QUEUE, "a series of calls ended: its hours do not open any more");
        return OK;
    }
    TRY(scheduled_call_insert(op, &following));
    *next = following.id;
    if (occurrence->skipped > 0) {
        skipped = arena_printf(op->arena, "%lld occurrences before it were over",
                               (long long)occurrence->skipped);
    }
    return scheduled_call_audit(
        op,
        &(struct call_change){.action = "CALL_SCHEDULED", .after = &following, .reason = skipped});
}

enum err scheduled_call_follow(struct op *op, const struct scheduled_call *call, struct id *next)
{
    const struct zone *zone = zoneinfo_find(op->site->zones, call->timezone);
    struct series_read read = {0};
    struct call_occurrence occurrence = {0};
    bool goes_on = false;
    *next = ID_NONE;
    if (!str_is_set(call->recurrence)) {
        return OK;
    }
    TRY(zone == NULL ? E_CORRUPT : OK);
    TRY(call_series_read(op, call->recurrence, zone, &read));
    TRY(may_go_on(op, call, &goes_on));
    struct series_place place = {call->occurrence_number, call->nominal_for};
    if (!goes_on ||
        call_series_next(&read.series, zone, place, op->now, &occurrence) != SERIES_FOUND) {
        return OK;
    }
    return insert_occurrence(op, call, &occurrence, next);
}

enum err scheduled_call_end_pending(struct op *op, struct scheduled_call *call, bool goes_on,
                                    struct id *next)
{
    struct scheduled_call before = *call;
    *next = ID_NONE;
    assert(call->status == call_status_pending);
    TRY(scheduled_call_cancel(op->db, call->id, op->now));
    TRY(scheduled_call_disarm(op, call));
    call->status = call_status_cancelled;
    call->cancelled_at = call->ended_at = call->updated_at = op->now;
    call_counts_move(op, call, call_status_pending);
    TRY(scheduled_call_audit(
        op, &(struct call_change){.action = "CALL_CANCELLED", .before = &before, .after = call}));
    TRY(scheduled_call_tell(op, event_kind_SCHEDULED_CALL_CANCELLED, call));
    return goes_on ? scheduled_call_follow(op, call, next) : OK;
}

enum err scheduled_call_set_time(struct op *op, struct scheduled_call *call, struct instant at)
{
    struct scheduled_call before = *call;
    struct call_guards guards = {0};
    assert(call->status == call_status_pending);
    TRY(callable_guards(op, call, &guards));
    if (move_into_hours(&guards, at, &call->scheduled_for) != OK) {
        return callable_refuse_hours(op, call, &guards, true);
    }
    /* The series goes on from where it would have been. */
    call->nominal_for = str_is_set(call->recurrence) ? call->nominal_for : at;
    call->updated_at = op->now;
    TRY(scheduled_call_move(op->db, call));
    TRY(scheduled_call_disarm(op, call));
    TRY(scheduled_call_arm(op, call));
    TRY(scheduled_call_audit(
        op, &(struct call_change){.action = "CALL_MOVED", .before = &before, .after = call}));
    return scheduled_call_tell(op, event_kind_SCHEDULED_CALL_MOVED, call);
}
