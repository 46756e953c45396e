/* sim/scenario: readable stories in virtual time: one file, one world, one statement a line.
 *
 * The language is the tables scenario.def and scenario_expect.def. A scenario fails at its first
 * wrong expectation, at a statement that is not one, at a request that fails without an expectation
 * of that, and when an invariant does not hold after a step; it says file, line and what was seen.
 * Ownership: everything is the scenario's arena's. Threads: one. */
#ifndef TOCSIN_SIM_SCENARIO_H
#define TOCSIN_SIM_SCENARIO_H

#include "sim/invariants.h"
#include "sim/world.h"

#include <jansson.h>

enum {
    VARIABLES_MAX = 256,
    PEOPLE_MAX = 64,
    PLANNED_MAX = 128,
    SETTINGS_MAX = 48,
    FAILURE_MAX = 2000
};

struct scenario_variable {
    struct str name;
    struct str value;
};

/* A person as the scenario knows it: what `phone ana CALL …` means. */
struct scenario_person {
    struct str name;
    struct str members; /* JSON */
};

/* A meeting that the scenario pushes, as it was pushed last. */
struct scenario_meeting {
    struct str name;
    struct str user;
    struct str title;
    struct str members; /* JSON, "" for none. */
    struct str status;  /* Absent until it was cancelled, declined or restored. */
    struct instant start;
    struct duration length;
};

struct scenario {
    struct str path;
    struct str text; /* What is still to be read. */
    int line;
    struct arena *arena;
    struct zoneinfo *zones;
    struct world *world; /* NULL until the first statement that needs it. */
    struct instant begin;
    const char *settings[SETTINGS_MAX];
    size_t setting_count;
    struct scenario_variable variables[VARIABLES_MAX];
    size_t variable_count;
    struct scenario_person people[PEOPLE_MAX];
    size_t person_count;
    struct scenario_meeting meetings[PLANNED_MAX];
    size_t meeting_count;
    struct str key;  /* Absent for none. */
    struct str once; /* The Idempotency-Key of the next requests; absent for none. */
    struct str heredoc;
    int status; /* Of the last request. */
    struct str body;
    json_t *answer;   /* The same, parsed; NULL where it is no JSON. */
    int refused_line; /* Of a request that failed and was not yet expected to; 0 for none. */
    int64_t mark_audit;
    int64_t mark_messages;
    struct invariants *invariants;
    char failure[FAILURE_MAX];
};

/* Runs one file. E_INVALID with `failure` filled ("path:line: …"). `log` gets the server's log
 * where it is not NULL. */
NODISCARD enum err scenario_run(struct str path, struct zoneinfo *zones, struct buf *log,
                                char failure[static FAILURE_MAX]);
/* The tables, for people. */
void scenario_help(void);

#endif
