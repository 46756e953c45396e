#include "service/drills.h"
#include "store/drills.h"
#include "store/incidents.h"
#include "store/people.h"

/* How long something took in whole seconds, never none: 0 is not shown. */
static int64_t seconds_between(struct instant from, struct instant to)
{
    int64_t seconds = instant_since(to, from).us / 1000000;
    return seconds < 1 ? 1 : seconds;
}

static enum err name_of(struct op *op, const struct step *step, struct str *out)
{
    struct user user = {0};
    *out = STR_NONE;
    if (!id_is_set(step->user_id)) {
        return OK;
    }
    enum err err = db_get(op->db, TABLE_users, step->user_id, op->arena, &user);
    bool is_contact = step->target == message_target_EMERGENCY_CONTACT;
    *out = is_contact ? user.emergency_name : user.name;
    return err == E_NOT_FOUND ? OK : err;
}

static enum err add_message(struct op *op, struct id id, struct drill_step *out)
{
    struct message message = {0};
    enum err err = db_get_brief(op->db, TABLE_messages, id, op->arena, &message);
    if (err == E_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    TRY(messages_confirmed_at(op->db, id, &out->confirmed_at));
    out->provider = message.provider;
    out->state = message.state;
    out->receipt_level = message.receipt_level;
    out->sent_at = message.sent_at;
    out->reason = str_is_set(out->reason) ? out->reason : message.error;
    if (instant_is_set(out->confirmed_at)) {
        struct instant from =
            instant_is_set(message.sent_at) ? message.sent_at : message.created_at;
        out->seconds_to_confirm = seconds_between(from, out->confirmed_at);
    }
    return OK;
}

static enum err describe(struct op *op, const struct step *step, struct drill_step *out)
{
    *out = (struct drill_step){
        .step_id = step->id,
        .level = step->level,
        .user_id = step->user_id,
        .target = step->target,
        .channel = step->channel,
        .status = step->status,
        .reason = str_is_set(step->error_message) ? step->error_message : step->reason,
        .scheduled_at = step->scheduled_at,
    };
    TRY(name_of(op, step, &out->name));
    return id_is_set(step->message_id) ? add_message(op, step->message_id, out) : OK;
}

static bool is_same_person(const struct drill_step *a, const struct drill_step *b)
{
    return id_equal(a->user_id, b->user_id) && a->target == b->target;
}

/* Of each person the first step stands for all. */
static bool is_first(const struct drill_step *steps, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (is_same_person(&steps[i], &steps[at])) {
            return false;
        }
    }
    return true;
}

static bool has_confirmed(const struct list *steps, const struct drill_step *of)
{
    for (size_t i = 0; i < steps->count; i++) {
        const struct drill_step *step = &((const struct drill_step *)steps->items)[i];
        if (instant_is_set(step->confirmed_at) && is_same_person(step, of)) {
            return true;
        }
    }
    return false;
}

static void find_silent(struct op *op, struct drill_report *out)
{
    const struct drill_step *steps = out->steps.items;
    struct drill_person *silent = ARENA_NEW_ARRAY(op->arena, struct drill_person, out->steps.count);
    size_t count = 0;
    for (size_t i = 0; i < out->steps.count; i++) {
        const struct drill_step *step = &steps[i];
        bool is_silent =
            id_is_set(step->user_id) && is_first(steps, i) && !has_confirmed(&out->steps, step);
        if (is_silent) {
            silent[count++] = (struct drill_person){step->user_id, step->name, step->target};
        }
    }
    out->never = (struct list){silent, count};
}

static void sum_up(const struct drill *drill, struct drill_report *out)
{
    for (size_t i = 0; i < out->steps.count; i++) {
        const struct drill_step *step = &((const struct drill_step *)out->steps.items)[i];
        bool is_confirmed = instant_is_set(step->confirmed_at);
        out->sent += step->state != message_state_NONE ? 1 : 0;
        out->confirmed += is_confirmed ? 1 : 0;
        bool is_earlier =
            is_confirmed && (!instant_is_set(out->first_confirmed_at) ||
                             instant_before(step->confirmed_at, out->first_confirmed_at));
        if (is_earlier) {
            out->first_confirmed_at = step->confirmed_at;
            out->first_seconds = seconds_between(drill->started_at, step->confirmed_at);
        }
    }
}

static enum err read_steps(struct op *op, struct id incident, struct list *out)
{
    struct list steps = {0};
    TRY(steps_of_incident(op->db, op->arena, incident, &steps));
    struct drill_step *shown = ARENA_NEW_ARRAY(op->arena, struct drill_step, steps.count);
    for (size_t i = 0; i < steps.count; i++) {
        TRY(describe(op, &((const struct step *)steps.items)[i], &shown[i]));
    }
    *out = (struct list){shown, steps.count};
    return OK;
}

enum err get_drill(struct op *op, const void *input, void *output)
{
    (void)input;
    struct drill_report *out = output;
    struct drill *drill = ARENA_NEW(op->arena, struct drill);
    struct incident incident = {0};
    TRY(op_not_found(op, db_get(op->db, TABLE_drills, op->path_id, op->arena, drill), "drill"));
    /* The ladder of a policy is about many, whom a person's own key has nothing to do with. */
    bool is_of_one = str_starts(drill->policy, STR("drill-person"));
    TRY(op_may_read(op, is_of_one ? drill->user_id : ID_NONE));
    TRY(db_get(op->db, TABLE_incidents, drill->incident_id, op->arena, &incident));
    out->drill = drill;
    out->state = incident.state;
    TRY(read_steps(op, drill->incident_id, &out->steps));
    TRY(drills_failures(op->db, op->arena, drill->incident_id, &out->failures));
    sum_up(drill, out);
    find_silent(op, out);
    return OK;
}
