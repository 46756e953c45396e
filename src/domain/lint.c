#include "domain/lint.h"

#include <assert.h>

bool lint_has_one_way(const struct policy_rules *rules, enum wanted *out)
{
    assert(rules->step_count > 0);
    *out = wanted_of_step(rules->steps[0].type);
    for (int i = 1; i < rules->step_count; i++) {
        if (wanted_of_step(rules->steps[i].type) != *out) {
            return false;
        }
    }
    return true;
}

struct duration lint_climb(const struct policy_rules *rules)
{
    struct duration round = policy_length(rules);
    return (struct duration){round.us + rules->repeats * (round.us + rules->repeat_after.us)};
}

bool lint_outlasts(const struct policy_rules *rules, struct duration grace, struct duration meeting)
{
    return grace.us + lint_climb(rules).us > meeting.us;
}

static bool is_of_anybody(enum target_kind kind)
{
    return kind == target_kind_PERSON || kind == target_kind_EMERGENCY_CONTACT;
}

static int64_t calls_of(const struct policy_rules *rules, const struct policy_rung *rung,
                        int64_t people)
{
    const struct policy_step *step = &rules->steps[rung->level - 1];
    if (wanted_of_step(step->type) != WANTED_CALL) {
        return 0;
    }
    return is_of_anybody(step->targets[rung->target].kind) ? people : 1;
}

struct lint_burst lint_most_calls(const struct policy_rules *rules, int64_t people)
{
    struct policy_rung rungs[POLICY_RUNGS_MAX];
    int count = policy_rungs(rules, rungs);
    struct lint_burst most = {.calls = 0};
    struct lint_burst now = {.calls = 0};
    for (int i = 0; i < count; i++) {
        int64_t calls = calls_of(rules, &rungs[i], people);
        bool is_same_instant = i > 0 && rungs[i].after.us == rungs[i - 1].after.us;
        if (!is_same_instant) {
            now.calls = 0;
        }
        if (calls > 0 && now.calls == 0) {
            now.step = rungs[i].level - 1;
        }
        now.calls += calls;
        most = now.calls > most.calls ? now : most;
    }
    return most;
}

struct duration lint_calls_time(int64_t calls, int64_t rate_milli)
{
    assert(calls >= 0 && rate_milli >= 0);
    if (rate_milli == 0) {
        return (struct duration){0};
    }
    /* A second has 1000 thousandths of a call and 1000000 microseconds. */
    return MICROSECONDS(calls * 1000 * 1000000 / rate_milli);
}

int lint_ways(const struct reach *reach, const struct reach_limits *limits)
{
    static const enum wanted ways[] = {WANTED_EMAIL, WANTED_MESSAGE, WANTED_CALL};
    bool found[channel_COUNT] = {false};
    int count = 0;
    struct reach at_rest = *reach;
    at_rest.is_quiet = false; /* At some hour of the day, not at this one. */
    for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
        struct reach_choice choice = reach_choose(ways[i], &at_rest, limits);
        bool is_text = choice.channel == channel_SMS || choice.channel == channel_WHATSAPP;
        enum channel way = is_text ? channel_SMS : choice.channel;
        if (choice.outcome == REACH_SEND && !found[way]) {
            found[way] = true;
            count++;
        }
    }
    return count;
}

static bool is_inside(int64_t minute, int64_t from, int64_t to)
{
    int64_t day = from / (24 * 60);
    return (day * 24 * 60 + minute >= from && day * 24 * 60 + minute < to) ||
           ((day + 1) * 24 * 60 + minute >= from && (day + 1) * 24 * 60 + minute < to);
}

/* Whether the wall clock jumps over the minute of the day at `at`. */
static bool is_jumped(const struct zone *zone, struct instant at, int minute)
{
    int64_t second = duration_seconds((struct duration){at.us});
    int64_t from = second + zone_offset_at(zone, instant_sub(at, MICROSECONDS(1)));
    int64_t to = second + zone_offset_at(zone, at);
    return to > from && is_inside(minute, from / 60, to / 60);
}

bool lint_handoff_in_gap(const struct oncall_layer *layer, const struct zone *zone,
                         struct lint_span span, struct instant *out)
{
    struct instant at = span.from;
    if (layer->kind == rotation_kind_HOURLY || layer->member_count < 2) {
        return false;
    }
    while (zone_next_transition(zone, at, &at) && instant_before(at, span.to)) {
        bool is_over = instant_is_set(layer->end) && !instant_before(at, layer->end);
        bool is_under_way = instant_before(layer->start, at) && !is_over;
        /* A handoff whose time the clock jumps over happens at the instant of the jump. */
        if (is_under_way && is_jumped(zone, at, layer->handoff_minute) &&
            oncall_shift_at(layer, zone, at).start.us == at.us) {
            *out = at;
            return true;
        }
    }
    return false;
}
