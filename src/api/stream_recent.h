/* api/stream_recent: the newest events as a stream tells them, read and written once for all that
 * listen.
 *
 * Holds what follows `after` up to and with `until`, at most about a mebibyte; when it is full it
 * begins anew. Threads: one. */
#ifndef TOCSIN_API_STREAM_RECENT_H
#define TOCSIN_API_STREAM_RECENT_H

#include "base/buf.h"
#include "service/events.h"

/* Which events a reader wants. */
struct stream_filter {
    struct id user; /* Unset for whomever they are about. */
    uint64_t kinds; /* By bit; 0 for all. */
};

struct recent_events {
    struct id after;
    struct id until;
    struct buf text;
    struct recent_event *items;
    size_t count;
    size_t cap;
};

/* Forgets all: what follows `from` will be kept. */
void recent_restart(struct recent_events *recent, struct id from);
void recent_free(struct recent_events *recent);
/* Reads on, up to `last` at most; `op` is a read's and its arena takes the rows. */
NODISCARD enum err recent_extend(struct recent_events *recent, struct op *op, struct id last);
/* Whether the events that follow `position` are here, as far as they are known. */
bool recent_covers(const struct recent_events *recent, struct id position);
/* Adds what the filter wants of the events behind *position to `out`, until that has `enough`
 * bytes; *position is what was looked at last. */
void recent_take(const struct recent_events *recent, const struct stream_filter *filter,
                 struct id *position, struct buf *out, size_t enough);

/* The lines of one event. */
void stream_write_event(struct op *op, const struct event *event, struct buf *out);
bool stream_wants(const struct stream_filter *filter, struct id user, int kind);

#endif
