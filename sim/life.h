/* sim/life: a seeded random life: people with calendars who answer, ignore, answer a second before
 * a stage, move and cancel meetings; a carrier, calendar servers and a disk that fail; a server
 * that is killed at any commit.
 *
 * After every step the invariants must hold. Everything random comes from the seed, so that a
 * failing seed is the bug report: the same seed gives the same trace, which life_trace tells in one
 * number. Owner: life_free. Threads: one. */
#ifndef TOCSIN_SIM_LIFE_H
#define TOCSIN_SIM_LIFE_H

#include "base/rng.h"
#include "sim/invariants.h"
#include "sim/world.h"

enum { LIFE_PEOPLE = 4, LIFE_STARTS = 64, LIFE_EVENTS_MAX = 6, LIFE_FAILURE_MAX = 1000 };

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
    bool is_removed;
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
    int pushed;                         /* How many meetings were pushed so far. */
    struct instant starts[LIFE_STARTS]; /* Of the last of them, to come back to. */
    int events;                         /* How many events the feeds have had. */
    int64_t steps;
    struct buf story; /* What happened, for a failing seed. */
    char failure[LIFE_FAILURE_MAX];
};

struct life *life_new(uint64_t seed, struct zoneinfo *zones);
void life_free(struct life **life);
/* Lives on for so long. False at the first invariant that does not hold, which `failure` names. */
bool life_run(struct life *life, struct duration length);
/* A number over everything that the carrier accepted and every state that was reached. */
uint64_t life_trace(struct life *life);

/* One random act: life_acts. */
void life_act(struct life *life);
void life_say(struct life *life, const char *format, ...) PRINTF_LIKE(2, 3);
/* A sentence to the carrier, which must be one. */
void life_carrier_says(struct life *life, const char *format, ...) PRINTF_LIKE(2, 3);
/* life_carrier: what handsets and providers do next. */
void life_handset(struct life *life, struct str number);
void life_provider(struct life *life);
/* life_calls: a scheduled call, an agent, a campaign or the queue; life_callee: what a callee does
 * next, and whether they want to be called. */
void life_calls(struct life *life);
void life_callee(struct life *life);
/* life_dispatch: a dispatch is opened, answered or hurried. */
void life_dispatch(struct life *life);
/* A row's id as the UUID of the API. */
struct str life_uuid(struct life *life, const struct value *value);
/* A request by the admin; the answer is in the world. */
int life_ask(struct life *life, enum http_method method, const char *path, struct str body);
void life_people_born(struct life *life);

#endif
