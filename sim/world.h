/* sim/world: the whole of Tocsin in one thread and in virtual time, with the world around it.
 *
 * What is real: executor, courier, engine, API, store, calendars' parsing. What is played: the
 * clock, the disk (sim/faulty_store), the carrier's memory (the mock network's journal and
 * sim/carrier, which survive a crash of ours because they are not ours), and the calendar servers
 * (sim/feeds). A setting TOCSIN_PUBLIC_URL=none stands for a server that nobody can call. The
 * server can be stopped, killed at a commit and started again; the world goes on meanwhile. Time
 * moves as in app/loop: everything due in between runs at its own instant.
 * Ownership: world_free. Threads: one. */
#ifndef TOCSIN_SIM_WORLD_H
#define TOCSIN_SIM_WORLD_H

#include "api/api.h"
#include "app/wire.h"
#include "channel/mock_journal.h"
#include "service/room.h"
#include "sim/carrier.h"
#include "sim/faulty_store.h"
#include "sim/feeds.h"

/* The admin key of every world. */
#define WORLD_ADMIN_KEY "the-admin-key-of-this-world"

struct world_request {
    enum http_method method;
    struct str path; /* With its query. */
    struct str body;
    struct str key;          /* Absent for none. */
    struct str content_type; /* Absent for application/json. */
    struct str once;         /* The Idempotency-Key; absent for none. */
};

struct world_answer {
    int status; /* 0 while there is none, and for a request that a crash swallowed. */
    struct str body;
    struct str content_type;
};

struct world_reading; /* A calendar server's answer that is still to come. */
struct world_asking;  /* A request to the API that is under way. */
struct world_sending; /* A request to a provider that is under way. */
struct world_hooking; /* A provider's request to us. */

/* A file of the archive folder: outlives the server, as the disk does. */
struct world_archive {
    struct world_archive *next;
    struct buf name;
    struct buf text;
};

struct world {
    struct arena *arena; /* As long as the world. */
    struct plant plant;
    struct zoneinfo *zones;      /* Borrowed. */
    const char *const *settings; /* NAME=value, NULL at the end; borrowed. Read at each start. */
    struct faulty_store store;
    struct room room;
    struct api *api;
    struct feeds feeds;
    struct work *inbox;
    struct world_reading *readings;
    struct world_asking *askings;
    struct carrier *carrier;
    struct world_sending *sendings;
    struct world_hooking *hookings;
    struct arena *answer_arena;
    struct world_answer answer; /* To the last request that was answered. */
    struct work *advance_work;
    int64_t advance_seconds;
    struct str *journal; /* The carrier's lines, in order. */
    struct mock_line *journal_lines;
    size_t journal_count;
    size_t journal_cap;
    struct buf log;
    struct world_archive *archives;
    bool archives_full; /* No archive file takes anything. */
    bool is_up;
    bool is_stopping;
    int64_t skew_us; /* How far our clock is ahead of everybody else's. */
    int64_t starts;
    int64_t crashes;
    int64_t turns; /* At this instant; a server that never comes to rest is a bug. */
    struct problem problem;
};

/* E_… with world->problem where the server does not start; world_free is owed all the same. */
NODISCARD enum err world_new(const char *const *settings, struct instant start,
                             struct zoneinfo *zones, struct world **out);
void world_free(struct world **world);

struct instant world_now(const struct world *world);
/* Sends a request and runs what there is to run now. The answer is in world->answer. */
void world_request(struct world *world, const struct world_request *request);
/* Runs everything that is due up to then, each at its own instant. */
void world_advance(struct world *world, struct duration by);
void world_settle(struct world *world);
/* Whether this channel's messages go to the carrier rather than to the mock network. */
bool world_has_carrier(const struct world *world, enum channel channel);
/* Our time as the carrier's clock has it, and back. */
struct instant world_to_carrier(const struct world *world, struct instant at);
struct instant world_from_carrier(const struct world *world, struct instant at);
/* Whether anything is left to do at this instant. */
bool world_is_idle(struct world *world);

/* Kills the server: what was not committed is gone. */
void world_stop(struct world *world);
NODISCARD enum err world_start(struct world *world);
/* Our clock jumps, and nothing runs in between; also backwards. Those of others do not. */
void world_step_clock(struct world *world, int64_t by_us);

#endif
