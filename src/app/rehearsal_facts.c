#include "app/rehearsal_internal.h"

#include "model/records.h"
#include "service/lint.h"
#include "service/lint_checks.h"
#include "service/people.h"
#include "service/policies.h"
#include "service/policy_rules.h"
#include "service/sync.h"
#include "store/policies.h"

#include <stdio.h>

static const struct str missed_meeting = STR_INIT("missed-meeting");

static bool has_store(const struct rehearsal *rehearsal)
{
    return rehearsal->facts->db != NULL;
}

static enum err policy_by_name(struct rehearsal *rehearsal, struct op *op, struct str name)
{
    struct policy_list_input wanted = {.name = name, .limit = 1};
    struct policy_list found = {0};
    struct op looking = has_store(rehearsal) ? *rehearsal->facts : *op;
    looking.actor.scope = key_scope_ADMIN;
    TRY(list_policies(&looking, &wanted, &found));
    if (found.policies.count == 0) {
        return op_fail(op, E_NOT_FOUND, NULL, "there is no policy %.*s", STR_FMT(name));
    }
    rehearsal->policy = *(const struct policy *)found.policies.items;
    return OK;
}

/* A problem with a member of the order's own policy or person. */
static enum err inside(struct op *op, enum err err, const char *member)
{
    char field[sizeof op->problem->field];
    if (err != OK) {
        snprintf(field, sizeof field, "%s", op->problem->field);
        snprintf(op->problem->field, sizeof op->problem->field, "%s%s%.40s", member,
                 field[0] == '\0' ? "" : ".", field);
    }
    return err;
}

static enum err find_policy(struct rehearsal *rehearsal, struct op *op)
{
    const struct policy *given = rehearsal->input->policy;
    struct policy_get_input in_force = {0};
    if (given != NULL) {
        rehearsal->policy = *given;
        rehearsal->policy.id = ID_NONE;
        rehearsal->policy.version = 0;
        return inside(op, policy_form_check(op->arena, given, &rehearsal->ladder, op->problem),
                      "policy");
    }
    if (str_is_set(rehearsal->order->policy)) {
        TRY(policy_by_name(rehearsal, op, rehearsal->order->policy));
    } else {
        struct op looking = *rehearsal->facts;
        looking.problem = op->problem;
        TRY(get_policy(&looking, &in_force, &rehearsal->policy));
    }
    rehearsal->ladder = policy_ladder_of(&rehearsal->policy);
    return OK;
}

static enum err take_person(struct rehearsal *rehearsal, struct op *op)
{
    const struct simulate_input *input = rehearsal->input;
    struct user user = {0};
    if (input->user != NULL && id_is_set(input->user_id)) {
        return op_fail(op, E_INVALID, "user", "must not be given together with userId");
    }
    if (input->user != NULL) {
        TRY(inside(op, create_user(op, input->user, &user), "user"));
        rehearsal_add_person(rehearsal, &user);
        rehearsal->person = user.id;
        return OK;
    }
    enum err err = rehearsal_copy_person(rehearsal, op, input->user_id);
    if (err == E_NOT_FOUND) {
        return op_fail(op, E_INVALID, "userId", "must be a person who is known");
    }
    rehearsal->person = input->user_id;
    return err;
}

static enum err copy_targets(struct rehearsal *rehearsal, struct op *op)
{
    struct policy_rules rules = {0};
    policy_ladder_rules(&rehearsal->ladder, &rules);
    TRY(rehearsal_copy_if_known(rehearsal, op, rehearsal->policy.owner_id));
    for (int i = 0; i < rules.step_count; i++) {
        const struct policy_step *step = &rules.steps[i];
        for (int j = 0; j < step->target_count; j++) {
            const struct policy_target *target = &step->targets[j];
            TRY(target->kind == target_kind_USER
                    ? rehearsal_copy_if_known(rehearsal, op, target->id)
                    : OK);
            TRY(target->kind == target_kind_SCHEDULE
                    ? rehearsal_copy_schedule(rehearsal, op, target->id)
                    : OK);
        }
    }
    return OK;
}

/* What comes built in needs no row. What follows a missed meeting is the policy of that name, so
 * that the one to be rehearsed is called so for a meeting day. */
static enum err put_policy(struct rehearsal *rehearsal, struct op *op)
{
    const struct policy *policy = &rehearsal->policy;
    bool is_meeting_day = rehearsal->input->meetings.count > 0;
    rehearsal->policy_name = is_meeting_day ? missed_meeting : policy->name;
    if (policy->is_built_in && str_equal(policy->name, rehearsal->policy_name)) {
        return OK;
    }
    if (rehearsal->input->policy != NULL) {
        TRY(inside(op, policy_names_check(op, policy, &rehearsal->ladder), "policy"));
    }
    struct policy_version version = {
        .id = op_new_id(op),
        .policy_id = op_new_id(op),
        .number = 1,
        .owner_id = policy->owner_id,
        .ladder = policy_ladder_write(op->arena, op->site->id_key, &rehearsal->ladder),
        .created_at = op->now,
        .created_by = op->actor.name,
    };
    struct policy_entry entry = {.id = version.policy_id,
                                 .name = rehearsal->policy_name,
                                 .version_id = version.id,
                                 .created_at = op->now};
    TRY(db_insert(op->db, TABLE_policy_versions, op->arena, &version));
    return db_insert(op->db, TABLE_policies, op->arena, &entry);
}

struct event_pile {
    struct sync_event *items;
    size_t count;
};

static enum err add_meeting(struct rehearsal *rehearsal, struct op *op, size_t index,
                            struct event_pile *events)
{
    const struct simulated_meeting *meeting =
        &((const struct simulated_meeting *)rehearsal->input->meetings.items)[index];
    struct duration length = HOURS(1);
    char field[32];
    struct rehearsed_times times = {
        .first = meeting->starts_at, .rule = meeting->repeat, .field = field};
    snprintf(field, sizeof field, "meetings[%zu].repeat", index);
    TRY(rehearsal_times(rehearsal, op, &times));
    if (instant_is_set(meeting->ends_at)) {
        length = instant_since(meeting->ends_at, meeting->starts_at);
    }
    for (size_t i = 0; i < times.count; i++) {
        if (events->count == REHEARSAL_TIMES_MAX) {
            return op_fail(op, E_TOO_LARGE, field, "there are more than %d meetings",
                           REHEARSAL_TIMES_MAX);
        }
        events->items[events->count++] = (struct sync_event){
            .external_id = arena_printf(op->arena, "meeting-%zu-%zu", index + 1, i + 1),
            .title = meeting->title,
            .starts_at = times.items[i],
            .ends_at = instant_add(times.items[i], length),
            .join_url = meeting->join_url,
        };
    }
    return OK;
}

/* As a caller pushes them. */
static enum err push_meetings(struct rehearsal *rehearsal, struct op *op)
{
    struct sync_result ignored = {0};
    struct sync_input calendar = {.user_id = rehearsal->person};
    struct event_pile events = {0};
    size_t count = rehearsal->input->meetings.count;
    if (count == 0) {
        return OK;
    }
    if (!id_is_set(rehearsal->person)) {
        return op_fail(op, E_INVALID, "user", "must say whose meetings they are");
    }
    events.items = ARENA_NEW_ARRAY(op->arena, struct sync_event, REHEARSAL_TIMES_MAX);
    for (size_t i = 0; i < count; i++) {
        TRY(add_meeting(rehearsal, op, i, &events));
    }
    calendar.events = (struct list){events.items, events.count};
    op->given = (struct presence){UINT64_C(1) << record_field_index(&sync_input_record, "events")};
    return sync_calendars(op, &calendar, &ignored);
}

/* Without meetings something happens all the same. */
static enum err plan_incidents(struct rehearsal *rehearsal, struct op *op)
{
    const struct simulated_incident *incident = rehearsal->input->incident;
    struct rehearsed_times times = {.first = rehearsal->start, .field = "incident.repeat"};
    if (incident == NULL && rehearsal->input->meetings.count > 0) {
        return OK;
    }
    if (incident != NULL) {
        times.first = instant_is_set(incident->at) ? incident->at : rehearsal->start;
        times.rule = incident->repeat;
    }
    if (instant_before(times.first, rehearsal->start)) {
        return op_fail(op, E_INVALID, "incident.at", "must not be before the start");
    }
    TRY(rehearsal_times(rehearsal, op, &times));
    rehearsal->incidents = times.items;
    rehearsal->incident_count = times.count;
    return OK;
}

static size_t add_findings(struct lint_finding *into, size_t count, const struct list *from)
{
    for (size_t i = 0; i < from->count; i++) {
        into[count++] = ((const struct lint_finding *)from->items)[i];
    }
    return count;
}

/* Of the policy by what the whole store says, where there is one; of the person with the meetings
 * that are rehearsed. */
static enum err collect_findings(struct rehearsal *rehearsal, struct op *op)
{
    struct lint_finding *all =
        ARENA_NEW_ARRAY(op->arena, struct lint_finding, 2 * LINT_FINDINGS_MAX);
    bool is_saved = has_store(rehearsal) && rehearsal->input->policy == NULL;
    struct op looking = is_saved ? *rehearsal->facts : *op;
    struct policy shown = rehearsal->policy;
    struct lint_report report = {0};
    shown.steps = rehearsal->ladder.steps;
    shown.again = rehearsal->ladder.again;
    shown.lease = rehearsal->ladder.lease;
    TRY(lint_policy_view(&looking, &shown));
    size_t count = add_findings(all, 0, &shown.findings);
    const struct user *person = rehearsal_person(rehearsal, rehearsal->person);
    if (person != NULL) {
        TRY(lint_user(op, person, &report));
        struct list found = {report.findings, report.count};
        count = add_findings(all, count, &found);
    }
    rehearsal->findings = (struct list){all, count};
    return OK;
}

enum err rehearsal_set_up(struct rehearsal *rehearsal, struct op *op)
{
    TRY(rehearsal_begin_ids(rehearsal, op));
    TRY(find_policy(rehearsal, op));
    TRY(take_person(rehearsal, op));
    TRY(copy_targets(rehearsal, op));
    TRY(put_policy(rehearsal, op));
    TRY(push_meetings(rehearsal, op));
    TRY(plan_incidents(rehearsal, op));
    TRY(rehearsal_cast(rehearsal, op));
    return collect_findings(rehearsal, op);
}
