#include "domain/dispatch.h"

#include "domain/life.h"

#include <assert.h>

static const struct life_edge edges[] = {
#define EDGE(from, move, to) {dispatch_state_##from, dispatch_move_##move, dispatch_state_##to},
#include "domain/dispatch.fsm.def"
#undef EDGE
};

static const struct life life = {"a dispatch", &dispatch_state_names, edges, ARRAY_LENGTH(edges)};

enum dispatch_state dispatch_move_target(enum dispatch_move move)
{
    return (enum dispatch_state)life_target(&life, (int)move);
}

enum err dispatch_step(enum dispatch_state from, enum dispatch_move move, enum dispatch_state *to,
                       struct problem *problem)
{
    int next = (int)*to;
    enum err err = life_step(&life, (int)from, (int)move, &next, problem);
    *to = (enum dispatch_state)next;
    return err;
}

bool dispatch_waits(enum dispatch_state state)
{
    return state == dispatch_state_DISPATCHING || state == dispatch_state_EXHAUSTED;
}

bool dispatch_is_over(enum dispatch_state state)
{
    return state == dispatch_state_CANCELLED || state == dispatch_state_COMPLETED;
}

bool urgency_calls(enum urgency level)
{
    static const bool calls[urgency_COUNT] = {
#define URGENCY(level, calls) [urgency_##level] = calls,
#include "domain/urgency.def"
#undef URGENCY
    };
    assert(level > urgency_NONE && level < urgency_COUNT);
    return calls[level];
}

enum err followups_parse(struct str text, struct followups *out, struct problem *problem)
{
    struct str rest = text;
    struct str word = STR_NONE;
    int64_t before = 0;
    *out = (struct followups){.count = 0};
    while (str_split(&rest, ',', &word)) {
        int64_t minutes = 0;
        if (out->count == FOLLOWUPS_MAX) {
            return problem_set(problem, E_INVALID, NULL, "must have at most %d minutes",
                               FOLLOWUPS_MAX);
        }
        if (str_to_int(str_trim(word), &minutes) != OK || minutes < 1 ||
            minutes > FOLLOWUP_MINUTES_MAX) {
            return problem_set(problem, E_INVALID, NULL,
                               "must be minutes from 1 to %d with commas between them, such as "
                               "2,5,10",
                               FOLLOWUP_MINUTES_MAX);
        }
        if (minutes <= before) {
            return problem_set(problem, E_INVALID, NULL, "must be growing: %lld comes after %lld",
                               (long long)minutes, (long long)before);
        }
        before = minutes;
        out->minutes[out->count++] = minutes;
    }
    return out->count > 0
               ? OK
               : problem_set(problem, E_INVALID, NULL, "must have at least one number of minutes");
}

bool followups_has_more(const struct followups *followups, int64_t made)
{
    assert(made >= 1 && followups->count > 0);
    return made <= (int64_t)followups->count;
}

struct duration followups_wait(const struct followups *followups, int64_t made)
{
    if (followups_has_more(followups, made)) {
        return MINUTES(followups->minutes[made - 1]);
    }
    return MINUTES(followups->minutes[followups->count - 1] + followups->minutes[0]);
}
