#include "service/policy_rules.h"

#include "service/oncall.h"
#include "store/people.h"

#include <assert.h>

enum { LEASE_ANSWER_MINUTES = 5 };

static const struct policy_target_rule the_person = {.type = target_kind_PERSON};

void policy_ladder_complete(struct arena *arena, struct policy_ladder *ladder)
{
    const struct policy_step_rule *given = ladder->steps.items;
    struct policy_step_rule *steps =
        ARENA_NEW_ARRAY(arena, struct policy_step_rule, ladder->steps.count);
    for (size_t i = 0; i < ladder->steps.count; i++) {
        steps[i] = given[i];
        steps[i].since = given[i].since == 0 ? step_origin_PREVIOUS : given[i].since;
        if (given[i].targets.count == 0) {
            steps[i].targets = (struct list){&the_person, 1};
        }
    }
    ladder->steps.items = steps;
    const struct policy_lease_rule *lease = ladder->lease;
    if (lease != NULL && lease->answer_minutes == 0) {
        struct policy_lease_rule *whole = ARENA_NEW(arena, struct policy_lease_rule);
        *whole = (struct policy_lease_rule){lease->minutes, LEASE_ANSWER_MINUTES};
        ladder->lease = whole;
    }
}

static void take_step(const struct policy_step_rule *step, struct policy_step *out)
{
    const struct policy_repeat_rule *repeat = step->repeat;
    const struct policy_target_rule *targets = step->targets.items;
    *out = (struct policy_step){
        .after = SECONDS(step->after * 60 + step->after_seconds),
        .since = (enum step_origin)step->since,
        .type = (enum step_type)step->channel,
        .times = repeat == NULL ? 1 : (int)repeat->times,
        .every = MINUTES(repeat == NULL ? 0 : repeat->every_minutes),
        .overrides_quiet_hours = step->overrides_quiet_hours,
    };
    assert(step->targets.count <= POLICY_TARGETS_MAX);
    for (size_t i = 0; i < step->targets.count; i++) {
        out->targets[i] =
            (struct policy_target){(enum target_kind)targets[i].type, targets[i].target_id};
    }
    out->target_count = (int)step->targets.count;
}

void policy_ladder_rules(const struct policy_ladder *ladder, struct policy_rules *out)
{
    const struct policy_step_rule *steps = ladder->steps.items;
    const struct policy_again_rule *again = ladder->again;
    const struct policy_lease_rule *lease = ladder->lease;
    *out = (struct policy_rules){.step_count = (int)ladder->steps.count};
    assert(ladder->steps.count <= POLICY_STEPS_MAX);
    for (size_t i = 0; i < ladder->steps.count; i++) {
        take_step(&steps[i], &out->steps[i]);
    }
    if (again != NULL) {
        out->repeats = (int)again->times;
        out->repeat_after = MINUTES(again->after_minutes);
    }
    if (lease != NULL) {
        out->lease = MINUTES(lease->minutes);
        out->lease_answer = MINUTES(lease->answer_minutes);
    }
}

static struct policy_step_rule step_rule_of(struct arena *arena, const struct policy_step *step)
{
    struct policy_target_rule *targets =
        ARENA_NEW_ARRAY(arena, struct policy_target_rule, step->target_count);
    struct policy_repeat_rule *repeat = ARENA_NEW(arena, struct policy_repeat_rule);
    for (int i = 0; i < step->target_count; i++) {
        targets[i] = (struct policy_target_rule){(int)step->targets[i].kind, step->targets[i].id};
    }
    *repeat = (struct policy_repeat_rule){step->times, duration_seconds(step->every) / 60};
    return (struct policy_step_rule){
        .after = duration_seconds(step->after) / 60,
        .after_seconds = duration_seconds(step->after) % 60,
        .since = (int)step->since,
        .channel = (int)step->type,
        .targets = {targets, (size_t)step->target_count},
        .repeat = step->times > 1 ? repeat : NULL,
        .overrides_quiet_hours = step->overrides_quiet_hours,
    };
}

struct policy_ladder policy_rules_ladder(struct arena *arena, const struct policy_rules *rules)
{
    struct policy_step_rule *steps =
        ARENA_NEW_ARRAY(arena, struct policy_step_rule, rules->step_count);
    struct policy_again_rule *again = ARENA_NEW(arena, struct policy_again_rule);
    struct policy_lease_rule *lease = ARENA_NEW(arena, struct policy_lease_rule);
    for (int i = 0; i < rules->step_count; i++) {
        steps[i] = step_rule_of(arena, &rules->steps[i]);
    }
    *again = (struct policy_again_rule){rules->repeats, duration_seconds(rules->repeat_after) / 60};
    *lease = (struct policy_lease_rule){duration_seconds(rules->lease) / 60,
                                        duration_seconds(rules->lease_answer) / 60};
    return (struct policy_ladder){
        .steps = {steps, (size_t)rules->step_count},
        .again = rules->repeats > 0 ? again : NULL,
        .lease = rules->lease.us > 0 ? lease : NULL,
    };
}

struct policy_ladder policy_ladder_of(const struct policy *policy)
{
    return (struct policy_ladder){policy->steps, policy->again, policy->lease};
}

enum err policy_form_check(struct arena *arena, const struct policy *policy,
                           struct policy_ladder *ladder, struct problem *problem)
{
    struct policy_rules rules;
    if (text_is_uuid(policy->name)) {
        return problem_set(problem, E_INVALID, "name", "must not look like an id");
    }
    if (str_starts(policy->name, STR("drill-person"))) {
        return problem_set(problem, E_INVALID, "name",
                           "must not begin with drill-person: such ladders come built in");
    }
    *ladder = policy_ladder_of(policy);
    policy_ladder_complete(arena, ladder);
    policy_ladder_rules(ladder, &rules);
    return policy_check(&rules, problem);
}

static enum err check_target(struct op *op, const struct policy_target_rule *target,
                             const char *member)
{
    enum err err = OK;
    struct user user = {0};
    struct id ignored = ID_NONE;
    bool is_schedule = target->type == target_kind_SCHEDULE;
    if (target->type == target_kind_USER) {
        err = users_get(op->db, op->arena, target->target_id, &user);
    } else if (is_schedule) {
        err = oncall_person(op, target->target_id, op->now, &ignored);
    }
    return err == E_NOT_FOUND ? op_fail(op, E_INVALID, member, "names no %s that is known",
                                        is_schedule ? "schedule" : "person")
                              : err;
}

enum err policy_names_check(struct op *op, const struct policy *policy,
                            const struct policy_ladder *ladder)
{
    const struct policy_step_rule *steps = ladder->steps.items;
    if (id_is_set(policy->owner_id)) {
        struct policy_target_rule owner = {target_kind_USER, policy->owner_id};
        TRY(check_target(op, &owner, "ownerId"));
    }
    for (size_t i = 0; i < ladder->steps.count; i++) {
        const struct policy_target_rule *targets = steps[i].targets.items;
        for (size_t j = 0; j < steps[i].targets.count; j++) {
            struct str member = arena_printf(op->arena, "steps[%zu].targets[%zu].id", i, j);
            TRY(check_target(op, &targets[j], member.ptr));
        }
    }
    return OK;
}
