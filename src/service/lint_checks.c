#include "service/lint_checks.h"

#include "domain/lint.h"
#include "domain/quiet_hours.h"
#include "service/oncall.h"
#include "service/oncall_plan.h"
#include "service/person.h"
#include "service/policy_rules.h"
#include "store/meetings.h"
#include "store/people.h"

#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_MAX = 400 };

static struct lint_report report_on(struct op *op, enum subject_type type, struct id subject)
{
    return (struct lint_report){
        .type = type,
        .subject = subject,
        .findings = ARENA_NEW_ARRAY(op->arena, struct lint_finding, LINT_FINDINGS_MAX)};
}

static void PRINTF_LIKE(5, 6) add(struct op *op, struct lint_report *report, enum lint_code code,
                                  struct str member, const char *format, ...)
{
    char text[MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (report->count < LINT_FINDINGS_MAX) {
        report->findings[report->count++] = (struct lint_finding){
            .subject_type = (int)report->type,
            .subject_id = report->subject,
            .code = (int)code,
            .member = member,
            .message = arena_str(op->arena, str_from(text)),
            .found_at = op->now,
        };
    }
}

/* Somebody of whom nothing is known can be reached by whatever is switched on. */
static struct reach anybody(void)
{
    return (struct reach){
        .has_email = true, .has_phone = true, .has_whatsapp = true, .takes_calls = true};
}

static struct reach_limits limits_of(struct op *op)
{
    struct reach_limits limits = person_limits(op);
    limits.calls_left = 1;
    return limits;
}

/* One target of one step. */
struct aim {
    const struct policy_step *step;
    const struct policy_target *target;
    struct str member; /* "steps[1].targets[0]" */
};

static bool wants_call(const struct policy_step *step)
{
    return wanted_of_step(step->type) == WANTED_CALL;
}

static void judge_quiet_hours(struct op *op, const struct aim *aim, const struct user *user,
                              struct lint_report *out)
{
    if (wants_call(aim->step) && !aim->step->overrides_quiet_hours && user->call_opt_in &&
        str_is_set(user->quiet_start)) {
        add(op, out, lint_code_CALL_IN_QUIET_HOURS, aim->member,
            "from %.*s to %.*s this call becomes a text: those are the person's quiet hours; "
            "overrideQuietHours would let it ring",
            STR_FMT(user->quiet_start), STR_FMT(user->quiet_end));
    }
}

static void judge_reach(struct op *op, const struct aim *aim, const struct reach *reach,
                        struct lint_report *out)
{
    struct reach at_rest = *reach;
    struct reach_limits limits = limits_of(op);
    at_rest.is_quiet = false;
    struct reach_choice choice = reach_choose(wanted_of_step(aim->step->type), &at_rest, &limits);
    if (choice.outcome != REACH_SEND) {
        add(op, out, lint_code_NOBODY_REACHABLE, aim->member, "%s reaches nobody here: %s",
            enum_name(&step_type_names, (int)aim->step->type),
            choice.reason == NULL ? "no channel is left" : choice.reason);
    }
}

static enum err judge_user(struct op *op, const struct aim *aim, struct id id,
                           struct lint_report *out)
{
    struct user user = {0};
    struct reach reach = {0};
    enum err err = users_get(op->db, op->arena, id, &user);
    if (err == E_NOT_FOUND) {
        add(op, out, lint_code_NOBODY_REACHABLE, aim->member, "this person was removed");
        return OK;
    }
    TRY(err);
    TRY(person_reach(op, &user, &reach));
    judge_reach(op, aim, &reach, out);
    judge_quiet_hours(op, aim, &user, out);
    return OK;
}

static enum err judge_schedule(struct op *op, const struct aim *aim, struct lint_report *out)
{
    struct id person = ID_NONE;
    enum err err = oncall_person(op, aim->target->id, op->now, &person);
    if (err == E_NOT_FOUND) {
        add(op, out, lint_code_NOBODY_REACHABLE, aim->member, "this schedule was removed");
        return OK;
    }
    TRY(err);
    if (!id_is_set(person)) {
        add(op, out, lint_code_NOBODY_REACHABLE, aim->member,
            "nobody is on call in this schedule at present");
        return OK;
    }
    return judge_user(op, aim, person, out);
}

static enum err judge_target(struct op *op, const struct aim *aim, struct lint_report *out)
{
    struct reach unknown = anybody();
    switch (aim->target->kind) {
    case target_kind_USER:
        return judge_user(op, aim, aim->target->id, out);
    case target_kind_SCHEDULE:
        return judge_schedule(op, aim, out);
    case target_kind_PERSON:
    case target_kind_EMERGENCY_CONTACT:
        judge_reach(op, aim, &unknown, out);
        return OK;
    case target_kind_NONE:
    case target_kind_COUNT:
        break;
    }
    return E_INTERNAL;
}

/* The pace of the provider that calls go through first, in thousandths a second; 0 for none. */
static int64_t call_pace(const struct site *site)
{
    const struct provider_list *list = &site->delivery.lists[channel_CALL];
    for (size_t i = 0; list->count > 0 && i < site->delivery.pace_count; i++) {
        const struct provider_pace *pace = &site->delivery.paces[i];
        if (pace->provider == list->items[0] && pace->channel == channel_CALL) {
            return pace->rate_milli;
        }
    }
    return 0;
}

static enum err judge_pace(struct op *op, const struct policy_rules *rules, struct lint_report *out)
{
    int64_t people = 0;
    int64_t pace = call_pace(op->site);
    if (pace == 0) {
        return OK;
    }
    TRY(db_number(op->db, S_users_callable, &people, NO_PARAMS));
    struct lint_burst burst = lint_most_calls(rules, people);
    struct duration time = lint_calls_time(burst.calls, pace);
    if (time.us > LINT_CALLS_MAX.us) {
        add(op, out, lint_code_CALLS_OVER_PACE, arena_printf(op->arena, "steps[%d]", burst.step),
            "this ladder needs %lld s for %lld people at %g call/s, should it reach all of them "
            "at once; the last of them wait that long",
            (long long)duration_seconds(time), (long long)burst.calls, (double)pace / 1000);
    }
    return OK;
}

static void judge_shape(struct op *op, const struct policy *policy,
                        const struct policy_rules *rules, struct lint_report *out)
{
    enum wanted way = WANTED_EMAIL;
    bool is_of_meetings = str_equal(policy->name, STR("missed-meeting"));
    if (lint_has_one_way(rules, &way)) {
        add(op, out, lint_code_ONE_CHANNEL_ONLY, STR("steps"),
            "every step goes by %s; when that fails, nothing else is tried",
            enum_name(&step_type_names, (int)rules->steps[0].type));
    }
    if (is_of_meetings && lint_outlasts(rules, op->site->grace, LINT_MEETING)) {
        struct duration whole = {op->site->grace.us + lint_climb(rules).us};
        add(op, out, lint_code_LADDER_LONGER_THAN_MEETING, STR("steps"),
            "with the grace period it climbs until %lld minutes after the start, when a meeting of "
            "%lld minutes is over",
            (long long)duration_seconds(whole) / 60,
            (long long)duration_seconds(LINT_MEETING) / 60);
    }
}

enum err lint_policy(struct op *op, const struct policy *policy, struct lint_report *out)
{
    struct policy_rules rules;
    struct policy_ladder ladder = policy_ladder_of(policy);
    policy_ladder_rules(&ladder, &rules);
    *out = report_on(op, subject_type_POLICY, policy->id);
    for (int i = 0; i < rules.step_count; i++) {
        for (int j = 0; j < rules.steps[i].target_count; j++) {
            struct aim aim = {
                .step = &rules.steps[i],
                .target = &rules.steps[i].targets[j],
                .member = arena_printf(op->arena, "steps[%d].targets[%d]", i, j),
            };
            TRY(judge_target(op, &aim, out));
        }
    }
    judge_shape(op, policy, &rules, out);
    return judge_pace(op, &rules, out);
}

/* When the first stage by phone before a meeting is due; false where there is none. */
static bool call_before(const struct op *op, const struct meeting *meeting, struct instant *out)
{
    const struct rules *rules = &op->site->rules;
    for (size_t i = 0; i < rules->stage_count; i++) {
        if (rules->stages[i].wanted == WANTED_CALL) {
            *out = instant_sub(meeting->starts_at, rules->stages[i].due_before);
            return true;
        }
    }
    return false;
}

static bool takes_place(const struct meeting *meeting)
{
    return meeting->status == meeting_status_SCHEDULED ||
           meeting->status == meeting_status_TENTATIVE;
}

static enum err judge_meetings(struct op *op, const struct user *user, struct quiet_hours hours,
                               struct lint_report *out)
{
    struct list meetings = {0};
    struct instant first = INSTANT_NONE;
    char text[INSTANT_TEXT_MAX];
    size_t count = 0;
    const struct zone *zone = op_zone(op, user->timezone);
    TRY(meetings_ahead(op->db, op->arena, user->id, op->now, &meetings));
    for (size_t i = 0; i < meetings.count; i++) {
        const struct meeting *meeting = &((const struct meeting *)meetings.items)[i];
        struct instant at = INSTANT_NONE;
        if (takes_place(meeting) && call_before(op, meeting, &at) &&
            quiet_hours_cover_instant(hours, zone, at)) {
            first = count == 0 ? at : instant_min(first, at);
            count++;
        }
    }
    if (count > 0) {
        add(op, out, lint_code_CALL_IN_QUIET_HOURS, STR("quietHours"),
            "%zu of the meetings ahead have their call inside the quiet hours, the first at %.*s; "
            "it becomes a text",
            count, STR_FMT(instant_format(first, text)));
    }
    return OK;
}

static enum err judge_person_quiet(struct op *op, const struct user *user, struct lint_report *out)
{
    struct quiet_hours hours;
    bool has_calls = user->call_opt_in && str_is_set(user->phone) && op->site->features.call;
    if (!has_calls || !person_quiet_hours(user, &hours)) {
        return OK;
    }
    if (hours.start == hours.end) {
        add(op, out, lint_code_CALL_IN_QUIET_HOURS, STR("quietHours"),
            "they last all day: no critical call ever rings; set callOptIn to false if that is "
            "what is meant");
        return OK;
    }
    return judge_meetings(op, user, hours, out);
}

enum err lint_user(struct op *op, const struct user *user, struct lint_report *out)
{
    struct reach reach = {0};
    struct reach_limits limits = limits_of(op);
    *out = report_on(op, subject_type_USER, user->id);
    TRY(person_reach(op, user, &reach));
    int ways = lint_ways(&reach, &limits);
    if (ways == 0) {
        add(op, out, lint_code_NOBODY_REACHABLE, STR_NONE,
            "nothing leaves Tocsin for this person: no address, or none that may be used");
    } else if (ways == 1) {
        add(op, out, lint_code_ONE_CHANNEL_ONLY, STR_NONE,
            "one channel only reaches this person; when it fails, nothing else is tried");
    }
    return judge_person_quiet(op, user, out);
}

/* What is wrong with one layer: `index` counts from 0, as the JSON has it. */
static void judge_layer(struct op *op, const struct oncall_plan *plan, size_t index,
                        struct lint_report *out)
{
    const struct oncall_layer *layer = &plan->rules.layers[index];
    struct lint_span year = {op->now, instant_add(op->now, DAYS(366))};
    struct instant at = INSTANT_NONE;
    char text[INSTANT_TEXT_MAX];
    for (size_t i = 0; i < layer->member_count; i++) {
        if (layer->members[i].is_removed) {
            add(op, out, lint_code_NOBODY_REACHABLE,
                arena_printf(op->arena, "layers[%zu].members[%zu]", index, i),
                "this person was removed; on their turn the rule below decides");
        }
    }
    if (lint_handoff_in_gap(layer, plan->rules.zone, year, &at)) {
        add(op, out, lint_code_HANDOFF_IN_GAP,
            arena_printf(op->arena, "layers[%zu].rotation.handoffTime", index),
            "clocks are put forward over %02d:%02d; that day the handoff is at %.*s",
            layer->handoff_minute / 60, layer->handoff_minute % 60,
            STR_FMT(instant_format(at, text)));
    }
}

enum err lint_schedule(struct op *op, struct id schedule, struct lint_report *out)
{
    struct oncall_plan plan;
    *out = report_on(op, subject_type_SCHEDULE, schedule);
    TRY(oncall_plan_load(op, schedule, op->now, op->now, &plan));
    TRY(oncall_plan_mark_removed(op, &plan));
    for (size_t i = 0; i < plan.rules.layer_count; i++) {
        judge_layer(op, &plan, i, out);
    }
    return OK;
}
