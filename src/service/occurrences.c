#include "service/occurrences.h"

#include "service/call_outcomes.h"
#include "service/callable.h"
#include "service/campaigns.h"
#include "service/scheduled_calls.h"
#include "store/callees.h"
#include "store/people.h"
#include "store/series.h"

/* Reasons for which a call has failed, and for which the next one would. */
static const char *const final_failures[] = {"do_not_call",     "opted_out",
                                             "invalid_number",  "consent_withdrawn",
                                             "blocked_prefix",  "failed:invalid_number",
                                             "failed:opted_out"};

enum err scheduled_call_end_series(struct op *op, struct scheduled_call *call, const char *why)
{
    if (!str_is_set(call->recurrence) || str_is_set(call->series_ended)) {
        return OK;
    }
    call->series_ended = str_from(why);
    TRY(series_end_at(op->db, call->id, call->series_ended));
    return scheduled_call_audit(op, &(struct call_change){.action = "CALL_SERIES_ENDED",
                                                          .after = call,
                                                          .reason = call->series_ended});
}

enum err scheduled_call_owner_is_gone(struct op *op, struct str user, bool *out)
{
    struct id person = scheduled_call_person(op, user);
    *out = false;
    return id_is_set(person) ? users_is_removed(op->db, person, out) : OK;
}

enum err scheduled_call_called_off(struct op *op, const struct scheduled_call *call,
                                   const char **why)
{
    struct campaign campaign = {0};
    bool is_removed = false;
    *why = NULL;
    if (id_is_set(call->campaign_id)) {
        TRY(db_get(op->db, TABLE_campaigns, call->campaign_id, op->arena, &campaign));
        *why = campaign.state == campaign_state_CANCELLED ? "campaign_cancelled" : NULL;
    }
    if (*why != NULL) {
        return OK;
    }
    TRY(scheduled_call_owner_is_gone(op, call->user_id, &is_removed));
    *why = is_removed ? "person_removed" : NULL;
    return OK;
}

struct id scheduled_call_since(const struct scheduled_call *call)
{
    return call->renewed_id.value > call->id.value ? call->renewed_id : call->id;
}

bool scheduled_call_is_drained(const struct op *op, const struct scheduled_call *call)
{
    return scheduled_call_since(call).value <= op->writer->queue.drained_last.value;
}

/* What says nothing about the day of the next call: a consent may come, and calls may be switched
 * on again. */
static bool can_change(enum call_bar bar)
{
    return bar == CALL_MAY || bar == CALL_CONSENT_MISSING || bar == CALL_SWITCHED_OFF;
}

/* Of a number that may not be called any more the next call could only fail. */
static enum err look_at_number(struct op *op, const struct scheduled_call *call, const char **why)
{
    struct call_permission permission = {.bar = CALL_MAY};
    for (size_t i = 0; i < ARRAY_LENGTH(final_failures); i++) {
        struct str reason = str_from(final_failures[i]);
        if (call->status == call_status_failed && str_equal(call->failure_reason, reason)) {
            size_t after = str_find_byte(reason, ':', 0);
            *why = after < reason.len ? final_failures[i] + after + 1 : final_failures[i];
            return OK;
        }
    }
    struct lookup number = phone_lookup(op->db, op->arena, call->phone, STR_NONE);
    if (callees_may_know(op->db, &number)) {
        TRY(callable_ask_number(op, call, &permission));
    }
    *why = can_change(permission.bar) ? NULL : permission.reason;
    return OK;
}

/* Why nothing follows, whatever the series says; NULL where something may. */
static enum err look_for_end(struct op *op, const struct scheduled_call *call, const char **why)
{
    struct agent_entry agent = {0};
    TRY(db_get(op->db, TABLE_agents, call->agent_id, op->arena, &agent));
    if (instant_is_set(agent.archived_at)) {
        *why = "agent_archived";
        return OK;
    }
    TRY(scheduled_call_called_off(op, call, why));
    if (*why == NULL && scheduled_call_is_drained(op, call)) {
        *why = "queue_drained";
    }
    return *why == NULL ? look_at_number(op, call, why) : OK;
}

static struct scheduled_call occurrence_after(const struct scheduled_call *call,
                                              const struct chain_call *next)
{
    struct duration keeps = instant_since(call->expires_at, call->nominal_for);
    return (struct scheduled_call){
        .phone = call->phone,
        .agent_id = call->agent_id,
        .user_id = call->user_id,
        .campaign_id = call->campaign_id,
        .status = call_status_pending,
        .priority = call->priority,
        .nominal_for = next->occurrence.at,
        .scheduled_for = next->opening.at,
        .timezone = call->timezone,
        .has_timezone = call->has_timezone,
        .hours = call->hours,
        .recurrence = call->recurrence,
        .parent_id = id_is_set(call->parent_id) ? call->parent_id : call->id,
        .previous_id = call->id,
        .occurrence_number = next->occurrence.number,
        .place = next->occurrence.place,
        .expires_at = instant_is_set(call->expires_at)
                          ? instant_min(instant_add(next->occurrence.at, keeps), INSTANT_YEARS_END)
                          : INSTANT_NONE,
        .metadata = call->metadata,
    };
}

static enum err insert_occurrence(struct op *op, const struct scheduled_call *call,
                                  const struct chain_call *next, struct id *id)
{
    struct scheduled_call following = occurrence_after(call, next);
    struct str left_out = STR_NONE;
    TRY(scheduled_call_insert(op, &following));
    TRY(campaign_reach(op, following.campaign_id, following.scheduled_for));
    *id = following.id;
    if (next->occurrence.skipped > 0) {
        left_out = arena_printf(op->arena,
                                next->occurrence.skipped == 1
                                    ? "%lld occurrence before it was over, or fell on its day"
                                    : "%lld occurrences before it were over, or fell on its day",
                                (long long)next->occurrence.skipped);
    }
    return scheduled_call_audit(
        op,
        &(struct call_change){.action = "CALL_SCHEDULED", .after = &following, .reason = left_out});
}

static const char *end_word(enum series_step step, const struct call_series *series,
                            const struct series_place *place)
{
    switch (step) {
    case SERIES_ALL_DONE:
        return series->occurrences_max > 0 && place->number >= series->occurrences_max
                   ? "max_occurrences"
                   : "rule_over";
    case SERIES_PAST_END:
        return "end_date";
    case SERIES_NEVER_OPEN:
        return "no_hours";
    case SERIES_RULE_OVER:
    case SERIES_FOUND:
        break;
    }
    return "rule_over";
}

/* What the series says of a call: its next one, or in `why` the reason that there is none. */
struct following {
    struct chain_call next;
    const char *why;
    bool has_collided; /* The call was moved to the day of the next one, or beyond. */
};

static enum err find_following(struct op *op, const struct scheduled_call *call, struct instant ran,
                               struct following *out)
{
    const struct zone *zone = zoneinfo_find(op->site->zones, call->timezone);
    struct series_read read = {0};
    struct call_guards guards = {0};
    TRY(zone == NULL ? E_CORRUPT : OK);
    TRY(call_series_read(op, call->recurrence, zone, &read));
    TRY(callable_guards(op, call, &guards));
    struct call_chain chain = {&read.series, zone, &guards.hours};
    struct series_place place = {.number = call->occurrence_number,
                                 .place = call->place,
                                 .nominal = call->nominal_for,
                                 .ran = ran};
    enum series_step step = call_chain_next(&chain, &place, op->now, &out->next);
    out->why = step == SERIES_FOUND ? NULL : end_word(step, &read.series, &place);
    out->has_collided = step == SERIES_FOUND &&
                        call_chain_reaches(&chain, call->scheduled_for, out->next.opening.at);
    return OK;
}

/* The one that is there already, made when this one was moved past it. */
static enum err find_next(struct op *op, const struct scheduled_call *call, struct id *out)
{
    struct id first = id_is_set(call->parent_id) ? call->parent_id : call->id;
    return series_call(op->db, first, call->occurrence_number + 1, out);
}

/* What damage keeps from being known ends the series, and never keeps the call itself from ending.
 */
static enum err look_ahead(struct op *op, const struct scheduled_call *call, struct following *out)
{
    enum err err = look_for_end(op, call, &out->why);
    if (err == OK && out->why == NULL) {
        err = find_following(op, call, call->scheduled_for, out);
    }
    if (call_err_is_damage(err)) {
        op_log(op, LOG_ERROR, LOG_CALL, "a series cannot be read, and ends");
        out->why = "unreadable";
        return OK;
    }
    return err;
}

enum err scheduled_call_follow(struct op *op, struct scheduled_call *call, struct id *next)
{
    struct following following = {.why = NULL};
    *next = ID_NONE;
    if (!str_is_set(call->recurrence) || str_is_set(call->series_ended)) {
        return OK;
    }
    TRY(find_next(op, call, next));
    if (id_is_set(*next)) {
        return OK;
    }
    TRY(look_ahead(op, call, &following));
    return following.why == NULL ? insert_occurrence(op, call, &following.next, next)
                                 : scheduled_call_end_series(op, call, following.why);
}

enum err scheduled_call_follow_early(struct op *op, const struct scheduled_call *call,
                                     struct id *next)
{
    struct following following = {.why = NULL};
    *next = ID_NONE;
    if (!str_is_set(call->recurrence) || str_is_set(call->series_ended)) {
        return OK;
    }
    TRY(find_next(op, call, next));
    if (id_is_set(*next)) {
        return OK;
    }
    /* Noted when the call itself has ended (scheduled_call_follow). */
    TRY(look_for_end(op, call, &following.why));
    if (following.why != NULL) {
        return OK;
    }
    TRY(find_following(op, call, INSTANT_NONE, &following));
    return following.has_collided ? insert_occurrence(op, call, &following.next, next) : OK;
}
