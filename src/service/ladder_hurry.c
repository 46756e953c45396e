#include "service/engine.h"
#include "service/incidents.h"
#include "service/ladder.h"
#include "service/operator.h"
#include "service/person.h"
#include "service/policies.h"
#include "service/trail.h"
#include "service/wording.h"
#include "store/incidents.h"
#include "store/messages.h"
#include "store/people.h"
#include "store/providers.h"

static const struct duration told_once_for = SECONDS_INIT(7 * 86400);

static bool is_waiting(const struct step *step)
{
    return step->status == step_status_PENDING && !id_is_set(step->message_id);
}

/* The rows of the present round. */
struct ladder_rows {
    const struct incident *incident;
    const struct step *steps;
    size_t count;
};

static enum err read_round(struct op *op, const struct incident *incident, struct ladder_rows *out)
{
    struct list all = {0};
    TRY(steps_of_incident(op->db, op->arena, incident->id, &all));
    const struct step *steps = all.items;
    size_t first = 0;
    while (first < all.count && steps[first].round < incident->round) {
        first++;
    }
    *out = (struct ladder_rows){incident, steps + first, all.count - first};
    return OK;
}

static enum err bring_forward(struct op *op, const struct incident *incident,
                              const struct step *waiting, struct duration by, struct str reason)
{
    struct step step = *waiting;
    if (!instant_before(op->now, step.scheduled_at)) {
        return OK;
    }
    step.scheduled_at = instant_max(op->now, instant_sub(step.scheduled_at, by));
    step.reason = arena_printf(op->arena, "brought_forward:%.*s", STR_FMT(reason));
    TRY(steps_hurry(op->db, &step));
    TRY(timers_cancel(op->db, timer_kind_STEP, step.id, op->now));
    TRY(timer_arm(
        op, (struct timer_request){timer_kind_STEP, step.id, step.scheduled_at, PRIORITY_HIGH}));
    return audit_step(
        op, &(struct step_change){&step, incident->user_id, "BROUGHT_FORWARD", step.reason});
}

/* Every target of a level, for the first time that still waits; its other times follow at the same
 * distance. */
static enum err bring_level_forward(struct op *op, const struct ladder_rows *rows, int64_t level,
                                    struct str reason)
{
    struct duration by = {-1};
    for (size_t i = 0; i < rows->count; i++) {
        const struct step *step = &rows->steps[i];
        if (step->level != level || !is_waiting(step)) {
            continue;
        }
        by = by.us < 0 ? instant_since(step->scheduled_at, op->now) : by;
        TRY(by.us <= 0 ? OK : bring_forward(op, rows->incident, step, by, reason));
        by.us = by.us < 0 ? 0 : by.us;
    }
    return OK;
}

/* The lowest level above `level` that has a row to come; 0 for none. */
static int64_t next_level(const struct ladder_rows *rows, int64_t level)
{
    int64_t lowest = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct step *step = &rows->steps[i];
        bool is_above = step->level > level && is_waiting(step);
        lowest = is_above && (lowest == 0 || step->level < lowest) ? step->level : lowest;
    }
    return lowest;
}

static bool has_begun_above(const struct ladder_rows *rows, int64_t level)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->steps[i].level > level && id_is_set(rows->steps[i].message_id)) {
            return true;
        }
    }
    return false;
}

/* The level above does not wait, unless it, or one above it, has begun. */
static enum err hurry_above(struct op *op, const struct ladder_rows *rows, int64_t level,
                            struct str reason)
{
    int64_t next = next_level(rows, level);
    bool has_begun = has_begun_above(rows, level);
    return next == 0 || has_begun ? OK : bring_level_forward(op, rows, next, reason);
}

static bool is_climbing(const struct incident *incident)
{
    return incident_is_climbing((enum incident_state)incident->state,
                                instant_is_set(incident->lease_lapsed_at));
}

/* Nothing of the row will reach anybody any more. */
static enum err is_hopeless(struct op *op, const struct step *step, bool *out)
{
    struct message message = {0};
    struct user user = {0};
    *out = step->status == step_status_FAILED || step->status == step_status_SKIPPED ||
           step->status == step_status_CANCELLED;
    if (step->status != step_status_EXECUTED || !id_is_set(step->message_id)) {
        return OK;
    }
    TRY(db_get(op->db, TABLE_messages, step->message_id, op->arena, &message));
    *out = message.state == message_state_UNDELIVERED || message.state == message_state_FAILED ||
           message.state == message_state_NO_ANSWER || message.state == message_state_BUSY ||
           message.state == message_state_CANCELLED;
    if (*out) {
        return OK;
    }
    enum err err = users_get(op->db, op->arena, step->user_id, &user);
    *out = err == E_NOT_FOUND; /* They were removed. */
    return *out ? OK : err;
}

/* Whether no row of the same level and time can reach anybody any more. */
static enum err is_level_hopeless(struct op *op, const struct ladder_rows *rows,
                                  const struct step *like, bool *out)
{
    *out = true;
    for (size_t i = 0; i < rows->count && *out; i++) {
        const struct step *step = &rows->steps[i];
        bool is_beside = step->level == like->level && step->time_index == like->time_index &&
                         !id_equal(step->id, like->id);
        if (is_beside) {
            TRY(is_hopeless(op, step, out));
        }
    }
    return OK;
}

enum err ladder_hurry_after(struct op *op, struct id step_id, struct str reason)
{
    struct step step = {0};
    struct incident incident = {0};
    struct ladder_rows rows = {0};
    bool is_lost = false;
    TRY(db_get(op->db, TABLE_steps, step_id, op->arena, &step));
    TRY(db_get(op->db, TABLE_incidents, step.incident_id, op->arena, &incident));
    if (!is_climbing(&incident) || step.round != incident.round) {
        return OK;
    }
    TRY(read_round(op, &incident, &rows));
    TRY(is_level_hopeless(op, &rows, &step, &is_lost));
    return is_lost ? hurry_above(op, &rows, step.level, reason) : OK;
}

enum err ladders_person_removed(struct op *op, struct id user)
{
    struct list asking = {0};
    TRY(steps_asking(op->db, op->arena, user, &asking));
    for (size_t i = 0; i < asking.count; i++) {
        const struct step *step = list_item(&asking, &step_record, i);
        TRY(messages_stop_person(op, step->incident_id, user, "person_removed"));
        TRY(ladder_hurry_after(op, step->id, STR("person_removed")));
    }
    return OK;
}

static bool asks_the_same(const struct step *one, const struct step *other)
{
    return one->level == other->level && one->target_index == other->target_index;
}

static bool asks_same_person(const struct step *one, const struct step *other)
{
    bool is_known = id_is_set(one->user_id) && id_equal(one->user_id, other->user_id);
    return asks_the_same(one, other) || (is_known && one->target == other->target);
}

/* The rows that would ask like this one. */
static enum err stop_asking(struct op *op, const struct ladder_rows *rows, const struct step *like,
                            bool (*is_like)(const struct step *, const struct step *),
                            struct str reason)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct step *step = &rows->steps[i];
        if (!is_like(step, like) || !is_waiting(step)) {
            continue;
        }
        TRY(steps_cancel(op->db, step->id, reason));
        TRY(audit_step(op,
                       &(struct step_change){step, rows->incident->user_id, "CANCELLED", reason}));
    }
    return OK;
}

enum err ladder_pass_on(struct op *op, const struct incident *incident, struct id step_id,
                        struct str reason)
{
    struct step step = {0};
    struct ladder_rows rows = {0};
    if (!is_climbing(incident)) {
        return OK;
    }
    TRY(read_round(op, incident, &rows));
    if (id_is_set(step_id)) {
        TRY(db_get(op->db, TABLE_steps, step_id, op->arena, &step));
    }
    bool is_of_round = id_is_set(step_id) && step.round == incident->round;
    if (is_of_round) {
        TRY(stop_asking(op, &rows, &step, asks_same_person, reason));
        TRY(read_round(op, incident, &rows));
    }
    TRY(hurry_above(op, &rows, is_of_round ? step.level : 0, reason));
    return ladder_row_ended(op, incident->id);
}

enum err ladder_stop_asking(struct op *op, const struct incident *incident, struct id step_id,
                            struct str reason)
{
    struct step step = {0};
    struct ladder_rows rows = {0};
    if (!is_climbing(incident) || !id_is_set(step_id)) {
        return OK;
    }
    TRY(db_get(op->db, TABLE_steps, step_id, op->arena, &step));
    TRY(read_round(op, incident, &rows));
    TRY(stop_asking(op, &rows, &step, asks_the_same, reason));
    return ladder_row_ended(op, incident->id);
}

enum err ladder_is_asked(struct op *op, const struct incident *incident, const struct step *step,
                         bool *out)
{
    struct ladder_rows rows = {0};
    *out = false;
    TRY(read_round(op, incident, &rows));
    for (size_t i = 0; i < rows.count && !*out; i++) {
        const struct step *other = &rows.steps[i];
        bool is_beside = other->level == step->level && other->time_index == step->time_index &&
                         other->step_type == step->step_type && !id_equal(other->id, step->id);
        *out = is_beside && id_is_set(other->message_id) && other->target == step->target &&
               id_equal(other->user_id, step->user_id);
    }
    return OK;
}

/* In their own notifications where they have no email that is used. */
static enum err write_to_owner(struct op *op, const struct incident *incident,
                               const struct user *owner, struct str reason)
{
    struct reach reach = {0};
    struct id ignored = ID_NONE;
    TRY(person_reach(op, owner, &reach));
    bool can_mail = reach.has_email && reach.suppressed[channel_EMAIL] == failure_category_NONE &&
                    op->site->features.email;
    enum channel channel = can_mail ? channel_EMAIL : channel_IN_APP;
    struct message_plan plan = {
        .subject_type = subject_type_INCIDENT,
        .subject = incident->id,
        .user = owner->id,
        .severity = (enum severity)incident->severity,
        .target = message_target_PERSON,
        .channel = channel,
        .recipient = recipient_of(owner, message_target_PERSON, channel),
        .due_at = op->now,
        .priority = PRIORITY_MEDIUM,
    };
    struct wording wording = {.key = text_key_POLICY_STEP_EMPTY,
                              .user = owner,
                              .title = incident->title,
                              .error = reason};
    TRY(word_message(op, &wording, &plan));
    return message_queue(op, &plan, &ignored);
}

static enum err tell_owner(struct op *op, const struct incident *incident, const struct step *step,
                           struct str reason)
{
    struct policy_in_force policy = {0};
    struct user owner = {0};
    bool is_new = false;
    struct operator_note note = {
        .key = arena_printf(op->arena, "nobody:%lld", (long long)incident->id.value),
        .title = STR("a step of a ladder has nobody to reach"),
        .text = arena_printf(op->arena,
                             "A step of level %lld of the policy %.*s has nobody to reach: %.*s. "
                             "It was skipped, and the rest of the ladder goes on.",
                             (long long)step->level, STR_FMT(incident->policy), STR_FMT(reason)),
        .words = text_key_POLICY_STEP_EMPTY,
        .error = reason,
        .about = incident->title,
        .subject = incident->id,
        .subject_type = subject_type_INCIDENT,
    };
    TRY(policy_of_incident(op, incident, &policy));
    if (!id_is_set(policy.owner)) {
        return operator_tell(op, &note);
    }
    enum err err = users_get(op->db, op->arena, policy.owner, &owner);
    if (err == E_NOT_FOUND) {
        return operator_tell(op, &note);
    }
    TRY(err);
    note.key = arena_printf(op->arena, "%.*s:%lld", STR_FMT(note.key), (long long)step->level);
    TRY(operator_notes_add(op->db, note.key, op->now, instant_sub(op->now, told_once_for),
                           &is_new));
    return is_new ? write_to_owner(op, incident, &owner, reason) : OK;
}

enum err ladder_nobody(struct op *op, const struct incident *incident, const struct step *step,
                       struct str reason)
{
    struct ladder_rows rows = {0};
    bool is_lost = false;
    /* A drill tells of it in its report. */
    if (step->level > 0 && incident->kind != incident_kind_DRILL) {
        TRY(tell_owner(op, incident, step, reason));
    }
    TRY(read_round(op, incident, &rows));
    TRY(is_level_hopeless(op, &rows, step, &is_lost));
    if (is_lost) {
        TRY(hurry_above(op, &rows, step->level, reason));
    }
    return incident_step_skip(op, step, step->user_id, reason);
}
