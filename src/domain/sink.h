/* domain/sink: what follows what an event sink answered (requirement D7, protocols 7.3).
 *
 * Pure. A sink is told events in the order of their ids, one request at a time. What it could not
 * take is told again after a wait that doubles; what it never will take is found by halving the
 * batch, and put aside as a dead letter, so that the rest goes on. A sink that refuses one thing
 * after another is not to blame for each: it is tried slowly, and an operator is told.
 * Errors: none. Ownership: nothing passed in is kept. */
#ifndef TOCSIN_DOMAIN_SINK_H
#define TOCSIN_DOMAIN_SINK_H

#include "base/time.h"

#include <stdbool.h>

enum sink_outcome {
    SINK_TAKEN,   /* Success; whether all of it, `confirmed` says. */
    SINK_LATER,   /* Not now: no connection, a time-out, 5xx. */
    SINK_LIMITED, /* Too much at a time: it is to be left alone for half a minute. */
    SINK_CLOSED,  /* It lets us not in, or is not there: an operator must act. */
    SINK_BAD,     /* Something in this batch it will never take. */
    SINK_REFUSED, /* It refused this one event; perhaps not for good. */
    SINK_GONE     /* It says that it is gone for good. */
};

/* What came out of one round of requests. */
struct sink_report {
    enum sink_outcome outcome; /* Of the last request. */
    int confirmed;             /* So many of the first events certainly arrived. */
    int asked;                 /* How many events the last request held. */
    int64_t retry_after_seconds;
};

struct sink_standing {
    int64_t failures; /* Rounds in a row in which nothing arrived. */
    int64_t suspects; /* So many of the next events hold one that is refused; 0 for none known. */
    int64_t refused;  /* Dead letters in a row, with nothing between that arrived. */
};

struct sink_decision {
    struct sink_standing standing;
    bool drops_next; /* The first event that was not confirmed becomes a dead letter. */
    bool is_failing;
    bool is_paused;
    bool needs_operator;
    struct duration wait; /* Before the next request. */
};

enum {
    SINK_TRIES_MAX = 5,       /* Of one event that is refused without saying for good. */
    SINK_REFUSED_MAX = 10,    /* Dead letters in a row; then the sink itself is in doubt. */
    SINK_FAILURES_TOLD = 8,   /* Failures in a row, some eight minutes: an operator is told. */
    SINK_LIMITED_SECONDS = 30 /* Airtable locks a base so long (protocols 7.3). */
};

struct sink_decision sink_decide(const struct sink_standing *standing,
                                 const struct sink_report *report);
/* How many events the next request may hold, of at most `most`. */
int sink_batch(const struct sink_standing *standing, int most);

#endif
