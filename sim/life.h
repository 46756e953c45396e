/* sim/life: a seeded random life: people with calendars who answer, ignore, answer a second before
 * a stage, move and cancel meetings (the table life.def); a carrier, calendar servers, a disk and a
 * clock that fail, a server that is killed at any commit (the table faults.def).
 *
 * A step is an act, a fault at times, and a pause. After every step the invariants must hold.
 * Everything random comes from the seed, so that a failing seed is the bug report: the same seed
 * gives the same trace, which life_trace tells in one number. Owner: life_free. Threads: one. */
#ifndef TOCSIN_SIM_LIFE_H
#define TOCSIN_SIM_LIFE_H

#include "base/rng.h"
#include "sim/invariants.h"
#include "sim/moves.h"
#include "sim/world.h"

enum {
    LIFE_PEOPLE = 4,
    LIFE_STARTS = 64,
    LIFE_EVENTS_MAX = 6,
    LIFE_SCHEDULES = 3,
    LIFE_FAILURE_MAX = 1000
};

/* What a person's calendar server has. */
struct life_event {
    int number;
    int sequence;
    struct instant start;
    bool is_cancelled;
};

struct life_person {
    struct str id; /* UUID */
    struct str phone;
    struct str email;
    struct str feed_url;
    struct life_event events[LIFE_EVENTS_MAX];
    size_t event_count;
    struct str new_feed; /* As it was published last, and before that. */
    struct str old_feed;
};

struct life {
    uint64_t seed;
    struct rng rng;
    struct zoneinfo *zones;
    struct arena *arena;   /* As long as the life. */
    struct arena *scratch; /* Of one step. */
    struct world *world;
    bool has_carrier; /* Rather than the mock network, for calls and texts. */
    struct invariants *invariants;
    struct life_person people[LIFE_PEOPLE];
    int pushed;                           /* How many meetings were pushed so far. */
    struct instant starts[LIFE_STARTS];   /* Of the last of them, to come back to. */
    int events;                           /* How many events the feeds have had. */
    struct str schedules[LIFE_SCHEDULES]; /* Absent for none. */
    struct instant begin;
    int64_t steps;
    struct moves moves; /* What happens; borrowed. */
    bool is_telling;    /* The story goes to standard error as it happens. */
    struct buf story;   /* What happened, for a failing seed. */
    struct buf script;  /* The same as a scenario that can be run. */
    char failure[LIFE_FAILURE_MAX];
};

struct life *life_new(uint64_t seed, struct zoneinfo *zones);
void life_free(struct life **life);
/* Lives on for so long, or to the end of its moves. False at the first invariant that does not
 * hold, which `failure` names. */
bool life_run(struct life *life, struct duration length);
/* A number over everything that the carrier accepted and every state that was reached. */
uint64_t life_trace(struct life *life);
/* The tables of acts and faults, for people. */
void life_help(void);
/* Which act, and which fault, a step draws; the number of faults for none. */
size_t life_act_at(uint64_t seed, int64_t step);
size_t life_act_count(void);
size_t life_fault_at(uint64_t seed, int64_t step);
size_t life_fault_count(void);

/* What follows is for the acts and the faults. */
struct rng life_rng(uint64_t seed, enum move_kind kind, int64_t step);
void life_act(struct life *life);
void life_fault(struct life *life);
void life_faults_help(void);
/* Time passes. */
void life_pass(struct life *life, struct duration by);
void life_say(struct life *life, const char *format, ...) PRINTF_LIKE(2, 3);
/* A line of the scenario. */
void life_note(struct life *life, const char *format, ...) PRINTF_LIKE(2, 3);
/* A sentence to the carrier, which must be one. */
void life_carrier_says(struct life *life, const char *format, ...) PRINTF_LIKE(2, 3);
/* What a handset of the carrier does next, and what one of the mock network does. */
void life_handset(struct life *life, struct str number);
void life_mock(struct life *life, struct str to, const char *channel, const char *action);
void life_feed_fault(struct life *life, const char *detail);
struct life_person *life_person(struct life *life);
struct str life_callee_number(struct life *life);
/* A row's id as the UUID of the API; a random row's of a query, or STR_NONE. */
struct str life_uuid(struct life *life, const struct value *value);
struct str life_pick_id(struct life *life, const char *sql);
/* A request by the admin; the answer is in the world. */
int life_ask(struct life *life, enum http_method method, const char *path, struct str body);
/* A text member of the last answer, behind its name as JSON has it. */
struct str life_answer_text(struct life *life, const char *member);
void life_people_born(struct life *life);

#define ACT(name, weight, function, sentence) void function(struct life *life);
#include "sim/life.def"
#undef ACT

#endif
