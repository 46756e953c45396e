/* app/rehearsal_internal: the inside of a rehearsal, shared by rehearsal (the clock), _facts
 * and _people (what is known at the start), _times, _wire (answers and faults), and _rows with
 * _timeline and _summary (what came of it). */
#ifndef TOCSIN_APP_REHEARSAL_INTERNAL_H
#define TOCSIN_APP_REHEARSAL_INTERNAL_H

#include "app/rehearsal.h"
#include "service/room.h"

enum {
    REHEARSAL_STAND_INS_MAX = 8,
    REHEARSAL_DAYS_MAX = 366,
    REHEARSAL_ENTRIES_MAX = 10000,
    REHEARSAL_TIMES_MAX = 1000,
    REHEARSAL_SECONDS_MAX = 5,
    REHEARSAL_ADDRESSES_MAX = 8
};

/* An answer of the order, with the addresses of its person. */
struct rehearsed_answer {
    struct str addresses[REHEARSAL_ADDRESSES_MAX];
    size_t address_count;
    enum channel channel;
    struct str action;
    int64_t after_seconds; /* Below 0 for the default. */
    int64_t nth;           /* 0 for the next one. */
    int64_t left;
    bool is_left_out; /* Nobody answers in this run. */
};

struct rehearsed_fault {
    unsigned channels;   /* Bits: 1u << channel_EMAIL … */
    struct str provider; /* This one's alone; absent for whoever carries the channel. */
    enum fault_kind kind;
    struct instant from;
    struct instant to;
    struct duration delay;
};

/* How many messages an address has had on a channel. */
struct rehearsed_count {
    struct rehearsed_count *next;
    struct str to;
    enum channel channel;
    int64_t count;
};

/* A request that a slow provider has not taken yet. */
struct rehearsed_wait {
    struct rehearsed_wait *next;
    struct instant at;
    uint64_t ticket;
    struct wire_request request;
};

struct rehearsal {
    struct arena *arena; /* Of whoever asked. */
    struct op *facts;    /* Who asked; reads the live store, where there is one. */
    const struct site *live;
    const struct rehearsal_order *order;
    const struct simulate_input *input;
    bool nobody_answers;
    struct instant start;
    struct instant until;
    struct instant now;
    int64_t deadline_ms; /* Of the real clock. */

    struct site site; /* Its own, with the live one's settings. */
    struct provider stand_ins[REHEARSAL_STAND_INS_MAX];
    struct stats stats;
    struct log log;
    struct seal *seal;
    struct db *db;
    struct room room;
    struct work *inbox;

    struct policy policy; /* As it is shown. */
    struct policy_ladder ladder;
    struct str policy_name; /* As this store calls it. */
    struct user *people;
    size_t person_count;
    size_t person_cap;
    struct id person;          /* Whom it is about; may be unset. */
    struct instant *incidents; /* When they happen, in order. */
    size_t incident_count;
    size_t incident_next;
    struct list findings;

    struct rehearsed_answer *answers;
    size_t answer_count;
    struct rehearsed_fault *faults;
    size_t fault_count;
    struct rehearsed_count *counts;
    struct rehearsed_wait *waits; /* The earliest first. */
};

/* _providers: those of the live server, played. */
void rehearsal_play_providers(struct rehearsal *rehearsal);
/* Whether messages of the channel may be given to the provider of this name. */
bool rehearsal_goes_by(const struct rehearsal *rehearsal, enum channel channel, struct str name);

/* _facts: fills the store at the start. Inside an operation of the rehearsal's. */
NODISCARD enum err rehearsal_set_up(struct rehearsal *rehearsal, struct op *op);

/* _people: who has a part in it, copied out of the live store where there is one. */
NODISCARD enum err rehearsal_begin_ids(const struct rehearsal *rehearsal, struct op *op);
void rehearsal_add_person(struct rehearsal *rehearsal, const struct user *user);
/* With what is known of their addresses. E_NOT_FOUND where there is none. */
NODISCARD enum err rehearsal_copy_person(struct rehearsal *rehearsal, struct op *op, struct id id);
NODISCARD enum err rehearsal_copy_if_known(struct rehearsal *rehearsal, struct op *op,
                                           struct id id);
NODISCARD enum err rehearsal_copy_schedule(struct rehearsal *rehearsal, struct op *op,
                                           struct id id);
/* NULL for somebody who is not known here. */
const struct user *rehearsal_person(const struct rehearsal *rehearsal, struct id id);
const struct zone *rehearsal_zone(const struct rehearsal *rehearsal, struct id person);

/* _times: when something happens that may be repeated. */
struct rehearsed_times {
    struct instant first;
    struct str rule;   /* An RRULE; absent for once. */
    const char *field; /* The member that has it. */
    struct instant *items;
    size_t count;
};
NODISCARD enum err rehearsal_times(const struct rehearsal *rehearsal, struct op *op,
                                   struct rehearsed_times *out);

/* _wire */
NODISCARD enum err rehearsal_cast(struct rehearsal *rehearsal, struct op *op);
void rehearsal_submit(void *context, uint64_t ticket, const struct wire_request *request);
bool rehearsal_next_wait(const struct rehearsal *rehearsal, struct instant *at);
void rehearsal_end_waits(struct rehearsal *rehearsal);
void rehearsal_drop(struct rehearsal *rehearsal);

/* _timeline, _summary */
NODISCARD enum err rehearsal_timeline(struct rehearsal *rehearsal, struct op *op,
                                      struct simulated_run *out);

#endif
