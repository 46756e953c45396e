/* domain/policy: a ladder as data: its steps, whom each reaches, what comes after the last one
 * (requirements E1, E7).
 *
 * Pure. A step is due `after` the moment the step before was first due (or after the start of the
 * ladder); each of its targets is reached on its own, so that one that fails stops none of the
 * others. A step with times > 1 does the same again every `every` until somebody answers. After the
 * last step the whole ladder runs again, `repeats` times, each round beginning `repeat_after` after
 * the one before it ended. A lease is how long an acknowledgement holds (0 for ever); then the
 * person is asked again, and after `lease_answer` without a word the ladder goes on.
 * Errors: E_INVALID names the member as the JSON has it ("steps[2].targets[0].id"). */
#ifndef TOCSIN_DOMAIN_POLICY_H
#define TOCSIN_DOMAIN_POLICY_H

#include "domain/plan.h"
#include "model/id.h"

enum {
    POLICY_STEPS_MAX = 20,
    POLICY_TARGETS_MAX = 10,
    POLICY_TIMES_MAX = 30,
    POLICY_RUNGS_MAX = 600,
    DRILL_STEPS_MAX = 6
};

struct policy_target {
    enum target_kind kind;
    struct id id; /* USER and SCHEDULE. */
};

struct policy_step {
    struct duration after;
    enum step_origin since;
    enum step_type type;
    struct policy_target targets[POLICY_TARGETS_MAX];
    int target_count;
    int times; /* At least 1. */
    struct duration every;
    bool overrides_quiet_hours;
};

struct policy_rules {
    struct policy_step steps[POLICY_STEPS_MAX];
    int step_count;
    int repeats;
    struct duration repeat_after;
    struct duration lease; /* 0: an acknowledgement holds until the end. */
    struct duration lease_answer;
};

/* One row of a ladder: level 1, 2, 3 … is the step, target and time count from 0. */
struct policy_rung {
    int level;
    int target;
    int time;
    struct duration after; /* From the start of this round of the ladder. */
};

/* Every row of one round, the earliest first, those of one instant by level, time and target. */
int policy_rungs(const struct policy_rules *rules, struct policy_rung out[static POLICY_RUNGS_MAX]);
/* How long a round lasts: when its last row is due. */
struct duration policy_length(const struct policy_rules *rules);
/* "default", "missed-meeting" and those of drills of one person, which are not listed:
 * "drill-person" and "drill-person:CALL+SMS"; false for a name that does not come built in. */
bool policy_built_in(struct str name, struct policy_rules *out);
enum { POLICIES_BUILT_IN = 2 };
/* Their names, from 0 on. */
const char *policy_built_in_name(int index);
/* The first thing that is wrong beyond what the records' own limits catch. */
NODISCARD enum err policy_check(const struct policy_rules *rules, struct problem *problem);

#endif
