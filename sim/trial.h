/* sim/trial: a whole life in a process of its own, so that one that dies of an assertion can be
 * told of, lived again and shrunk as well as one that breaks an invariant.
 *
 * Threads: one. Errors: none; a machine that cannot fork ends the program. */
#ifndef TOCSIN_SIM_TRIAL_H
#define TOCSIN_SIM_TRIAL_H

#include "sim/life.h"

#include <sys/types.h>

struct trial_order {
    uint64_t seed;
    struct duration until;
    struct zoneinfo *zones;
    const struct moves *moves; /* All where its `kept` is NULL. */
    bool is_telling;           /* The story, as it happens, and the server's log at the end. */
    bool is_silent;            /* Nothing at all is printed. */
    bool lives_twice;          /* And must come to the same trace. */
    const char *script_path;   /* Where the scenario goes; NULL for nowhere. */
};

/* What became of it: holds, or `failure`. */
struct trial {
    bool holds;
    int64_t steps;
    int64_t lines; /* Of the mock network. */
    int64_t facts; /* Of providers. */
    int64_t crashes;
    uint64_t trace;
    char failure[LIFE_FAILURE_MAX];
};

struct trial_child {
    pid_t process; /* 0 for none. */
    int pipe;
};

struct trial_child trial_begin(const struct trial_order *order);
/* Of a child that has ended with this status (waitpid). */
struct trial trial_end(struct trial_child *child, int status);
struct trial trial_run(const struct trial_order *order);
/* Whether this scenario ends with the sentence. */
bool trial_scenario_fails(const char *path, struct zoneinfo *zones, const char *sentence);

#endif
