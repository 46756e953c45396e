/* sim/carrier_state: what the carrier holds: what is to happen when, which faults are to come.
 * Internal to the carrier. */
#ifndef TOCSIN_SIM_CARRIER_STATE_H
#define TOCSIN_SIM_CARRIER_STATE_H

#include "sim/carrier_items.h"

enum hook_purpose { HOOK_TELLS_STATE, HOOK_ASKS_PAGE, HOOK_TELLS_MACHINE, HOOK_TELLS_TEXT };

struct hook {
    struct hook *next;
    enum hook_purpose purpose;
    struct item *item;
    uint64_t ticket;
    int tries_left;
    bool tries_all; /* Also after a refusal. */
    struct carrier_hook call;
    bool is_forged;
};

enum tick_kind {
    TICK_STATE,   /* `state` is reached. */
    TICK_VERB,    /* The next verb of the page. */
    TICK_KEY,     /* A key is pressed. */
    TICK_MACHINE, /* Whether a machine picked up is known. */
    TICK_REPLY,   /* The person writes back. */
    TICK_HOOK     /* `hook` is to be made. */
};

struct tick {
    struct instant at;
    uint64_t serial;
    enum tick_kind kind;
    struct item *item;
    int64_t generation;
    enum item_state state;
    struct hook *hook;
};

enum carrier_fault_kind {
    FAULT_STATUS,        /* `status` before anything is done. */
    FAULT_STATUS_AFTER,  /* The same after it was done. */
    FAULT_TIMEOUT,       /* Nothing is done and no answer comes. */
    FAULT_TIMEOUT_AFTER, /* It is done, and no answer comes. */
    FAULT_RESET,         /* The connection breaks before anything is done. */
    FAULT_RESET_AFTER,
    FAULT_REFUSED,  /* No connection. */
    FAULT_NONSENSE, /* Done, and answered with what nobody can read. */
    FAULT_SLOW      /* Done, and answered late, but in time. */
};

enum operation { OP_CREATE, OP_FIND, OP_POLL, OP_CANCEL, OP_INBOX, OP_OTHER, OP_ANY };

struct fault {
    struct fault *next;
    enum operation operation;
    enum carrier_fault_kind kind;
    int status;
    int64_t retry_after;
    int64_t times; /* Below 0 for always. */
};

struct callbacks {
    bool are_lost;
    bool are_twice;
    bool are_reversed;
    bool are_forged;
    bool are_lies; /* Exotel: made by somebody who knows the URL, and saying that it failed. */
    struct duration delay;
    struct duration answer_delay; /* "early": how much later the create's answer arrives. */
};

struct brand_state {
    struct carrier_account account;
    struct fault *faults;
    struct callbacks callbacks;
    struct duration queue; /* How long a call waits there before it is dialled. */
    bool is_down;
    struct instant down_until; /* None: until it is told otherwise. */
    int64_t
        page_max; /* Twilio: how much a page of a list holds at most; 0 for what is asked for. */
    int64_t requests;
};

struct carrier {
    struct arena *arena;
    struct str public_url;
    struct brand_state brands[CARRIER_BRAND_COUNT];
    struct item *items;  /* Newest first. */
    struct item **by_id; /* Open addressing, by id and by request_id. */
    size_t by_id_cap;
    size_t item_count;
    struct tick *ticks; /* A heap. */
    size_t tick_count;
    size_t tick_cap;
    uint64_t serial;
    struct script *scripts;
    struct blocked *blocked;
    struct hook *open; /* Made and not yet answered. */
    struct carrier_fact *facts;
    size_t fact_count;
    size_t fact_cap;
};

#endif
