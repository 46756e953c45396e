#include "domain/policy.h"

#include "model/record.h"

#include <assert.h>
#include <string.h>

enum built_in { BUILT_IN_default, BUILT_IN_missed_meeting };

static const char *const built_in_names[POLICIES_BUILT_IN] = {"default", "missed-meeting"};

static const struct {
    enum built_in policy;
    int level;
    enum step_origin since;
    int seconds;
    enum step_type type;
} built_in_steps[] = {
#define RUNG(policy, level, origin, seconds, type) \
    {BUILT_IN_##policy, level, step_origin_##origin, seconds, step_type_##type},
#include "domain/ladders.def"
#undef RUNG
};

const char *policy_built_in_name(int index)
{
    assert(index >= 0 && index < POLICIES_BUILT_IN);
    return built_in_names[index];
}

static bool add_drill_step(struct str word, struct policy_rules *out)
{
    int type = 0;
    bool is_known = enum_parse(&step_type_names, word, &type) == OK;
    if (!is_known || type == step_type_REPEAT_CALL || out->step_count == DRILL_STEPS_MAX) {
        return false;
    }
    out->steps[out->step_count] = (struct policy_step){
        .after = SECONDS(out->step_count == 0 ? 0 : 60),
        .since = step_origin_PREVIOUS,
        .type = (enum step_type)type,
        .targets = {{.kind = target_kind_PERSON}},
        .target_count = 1,
        .times = 1,
    };
    out->step_count++;
    return true;
}

/* "drill-person", or with the ways that were chosen: "drill-person:CALL+SMS". No policy that is
 * kept can have a name with a colon. */
static bool drill_policy(struct str name, struct policy_rules *out)
{
    struct str word = STR_NONE;
    struct str ways = STR("EMAIL+MESSAGE+CALL");
    struct str plain = STR("drill-person");
    struct str chosen = STR("drill-person:");
    if (str_starts(name, chosen)) {
        ways = str_slice(name, chosen.len, name.len);
    } else if (!str_equal(name, plain)) {
        return false;
    }
    while (str_split(&ways, '+', &word)) {
        if (!add_drill_step(word, out)) {
            *out = (struct policy_rules){0};
            return false;
        }
    }
    return out->step_count > 0;
}

bool policy_built_in(struct str name, struct policy_rules *out)
{
    *out = (struct policy_rules){0};
    for (size_t i = 0; i < ARRAY_LENGTH(built_in_steps); i++) {
        if (str_equal_text(name, built_in_names[built_in_steps[i].policy])) {
            assert(out->step_count < POLICY_STEPS_MAX);
            assert(built_in_steps[i].level == out->step_count + 1);
            out->steps[out->step_count++] = (struct policy_step){
                .after = SECONDS(built_in_steps[i].seconds),
                .since = built_in_steps[i].since,
                .type = built_in_steps[i].type,
                .targets = {{.kind = target_kind_PERSON}},
                .target_count = 1,
                .times = 1,
            };
        }
    }
    return out->step_count > 0 || drill_policy(name, out);
}

/* When a step is due for the first time, counted from the start of the round. */
static struct duration first_due(const struct policy_step *step, struct duration before)
{
    return step->since == step_origin_START ? step->after
                                            : (struct duration){before.us + step->after.us};
}

/* The rungs of one step, the earliest first: every target each time. */
static int step_rungs(const struct policy_step *step, int level, struct duration first,
                      struct policy_rung *out)
{
    int count = 0;
    for (int time = 0; time < step->times; time++) {
        for (int target = 0; target < step->target_count; target++) {
            out[count++] = (struct policy_rung){
                .level = level,
                .target = target,
                .time = time,
                .after = {first.us + time * step->every.us},
            };
        }
    }
    return count;
}

/* Steps come by level, and within one by time and target: a sort that keeps the order of what is
 * due at one instant is all that is needed. Levels that repeat overlap those after them, mostly a
 * little, which is what insertion is quick at. */
static void sort_by_due(struct policy_rung *rungs, int count)
{
    for (int i = 1; i < count; i++) {
        struct policy_rung rung = rungs[i];
        int at = i;
        for (; at > 0 && rungs[at - 1].after.us > rung.after.us; at--) {
            rungs[at] = rungs[at - 1];
        }
        rungs[at] = rung;
    }
}

static int count_rungs(const struct policy_rules *rules)
{
    int count = 0;
    for (int i = 0; i < rules->step_count; i++) {
        count += rules->steps[i].times * rules->steps[i].target_count;
    }
    return count;
}

int policy_rungs(const struct policy_rules *rules, struct policy_rung out[static POLICY_RUNGS_MAX])
{
    assert(rules->step_count >= 0 && rules->step_count <= POLICY_STEPS_MAX);
    assert(count_rungs(rules) <= POLICY_RUNGS_MAX);
    int count = 0;
    struct duration due = {0};
    for (int i = 0; i < rules->step_count; i++) {
        assert(rules->steps[i].times >= 1 && rules->steps[i].target_count <= POLICY_TARGETS_MAX);
        due = first_due(&rules->steps[i], due);
        count += step_rungs(&rules->steps[i], i + 1, due, out + count);
    }
    sort_by_due(out, count);
    return count;
}

struct duration policy_length(const struct policy_rules *rules)
{
    struct duration longest = {0};
    struct duration due = {0};
    for (int i = 0; i < rules->step_count; i++) {
        const struct policy_step *step = &rules->steps[i];
        due = first_due(step, due);
        int64_t last = due.us + (step->times - 1) * step->every.us;
        longest.us = last > longest.us ? last : longest.us;
    }
    return longest;
}

/* The path of a member as the JSON has it; what does not fit is cut off. */
struct member_path {
    char text[64];
    size_t len;
};

static void path_add(struct member_path *path, const char *text)
{
    size_t len = strlen(text);
    size_t room = sizeof path->text - 1 - path->len;
    len = len < room ? len : room;
    memcpy(path->text + path->len, text, len);
    path->len += len;
    path->text[path->len] = '\0';
}

static void path_add_item(struct member_path *path, const char *list, int index)
{
    assert(index >= 0 && index < 100);
    char digits[3] = {(char)('0' + index / 10), (char)('0' + index % 10), '\0'};
    path_add(path, list);
    path_add(path, "[");
    path_add(path, index < 10 ? digits + 1 : digits);
    path_add(path, "]");
}

struct place {
    int step;
    int target; /* -1: the step itself. */
    struct problem *problem;
};

static enum err wrong(const struct place *at, const char *member, const char *advice)
{
    struct member_path path = {.len = 0};
    path_add_item(&path, "steps", at->step);
    if (at->target >= 0) {
        path_add_item(&path, ".targets", at->target);
    }
    path_add(&path, member);
    return problem_set(at->problem, E_INVALID, path.text, "%s", advice);
}

static bool target_has_id(const struct policy_target *target)
{
    return target->kind == target_kind_USER || target->kind == target_kind_SCHEDULE;
}

static enum err check_target(const struct policy_step *step, const struct place *at)
{
    const struct policy_target *target = &step->targets[at->target];
    if (target_has_id(target) != id_is_set(target->id)) {
        return wrong(at, ".id",
                     target_has_id(target) ? "is required for a USER or a SCHEDULE"
                                           : "is for a USER or a SCHEDULE only");
    }
    bool is_contact = target->kind == target_kind_EMERGENCY_CONTACT;
    if (is_contact && step->type == step_type_IN_APP) {
        return wrong(at, ".type", "an emergency contact cannot be reached inside Tocsin");
    }
    if (step->type == step_type_REPEAT_CALL && target->kind != target_kind_PERSON) {
        return wrong(at, ".type", "must be PERSON for a REPEAT_CALL, which knows their contact");
    }
    for (int i = 0; i < at->target; i++) {
        const struct policy_target *other = &step->targets[i];
        bool is_known = !id_equal(target->id, ID_UNKNOWN); /* Else it may be anybody. */
        if (is_known && other->kind == target->kind && id_equal(other->id, target->id)) {
            return wrong(at, "", "stands twice in this step");
        }
    }
    return OK;
}

static enum err check_step(const struct policy_step *step, int index, struct problem *problem)
{
    struct place at = {.step = index, .target = -1, .problem = problem};
    assert(step->times >= 1 && step->times <= POLICY_TIMES_MAX && step->after.us >= 0);
    if (step->target_count < 1 || step->target_count > POLICY_TARGETS_MAX) {
        return wrong(&at, ".targets", "must have 1 to 10 items");
    }
    if (step->times > 1 && step->every.us <= 0) {
        return wrong(&at, ".repeat.everyMinutes", "is required where times is more than 1");
    }
    for (at.target = 0; at.target < step->target_count; at.target++) {
        TRY(check_target(step, &at));
    }
    return OK;
}

enum err policy_check(const struct policy_rules *rules, struct problem *problem)
{
    if (rules->step_count < 1 || rules->step_count > POLICY_STEPS_MAX) {
        return problem_set(problem, E_INVALID, "steps", "must have 1 to %d items",
                           POLICY_STEPS_MAX);
    }
    for (int i = 0; i < rules->step_count; i++) {
        TRY(check_step(&rules->steps[i], i, problem));
    }
    int count = count_rungs(rules);
    if (count > POLICY_RUNGS_MAX) {
        return problem_set(problem, E_INVALID, "steps",
                           "come to %d messages a round with their targets and repeats; at most "
                           "%d are allowed",
                           count, POLICY_RUNGS_MAX);
    }
    if (rules->repeats > 0 && rules->repeat_after.us <= 0) {
        return problem_set(problem, E_INVALID, "repeatLadder.afterMinutes",
                           "is required where times is not 0");
    }
    if (rules->lease.us > 0 && rules->lease_answer.us <= 0) {
        return problem_set(problem, E_INVALID, "acknowledgementLease.answerMinutes",
                           "must be at least 1");
    }
    if (rules->lease.us == 0 && rules->lease_answer.us > 0) {
        return problem_set(problem, E_INVALID, "acknowledgementLease.minutes",
                           "is required where answerMinutes is given");
    }
    return OK;
}
