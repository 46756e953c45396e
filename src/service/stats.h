/* service/stats: numbers that the executor writes and anybody reads, without a lock. */
#ifndef TOCSIN_SERVICE_STATS_H
#define TOCSIN_SERVICE_STATS_H

#include "service/metrics.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Written by the executor, read by anybody. Milliseconds and counts. */
struct stats {
    _Atomic int64_t oldest_due_ms; /* Due instant of the oldest timer not yet run; 0 for none. */
    _Atomic int64_t pending_timers;
    _Atomic int64_t queued_messages;
    _Atomic int64_t consecutive_failures; /* Sends refused in a row. */
    _Atomic int64_t timers_fired;
    _Atomic int64_t timers_quarantined;
    _Atomic int64_t lateness_max_ms;
    /* By kind of job; and sets of kinds, a bit for each (service/queue_gate). */
    _Atomic int64_t fired[timer_kind_COUNT];
    _Atomic int64_t late_max_ms[timer_kind_COUNT];
    _Atomic uint64_t kinds_paused;
    _Atomic uint64_t kinds_due;        /* Any of these may be due, or is held by a pause. */
    _Atomic int64_t calls_waiting;     /* Scheduled calls that are due and held back by pace. */
    _Atomic int64_t calls_paused;      /* The same by a pause of their kind or campaign. */
    _Atomic int64_t calls_due;         /* Due, and not looked at yet. */
    _Atomic int64_t calls_again;       /* Of those that wait or are paused: for another attempt. */
    _Atomic int64_t calls_active;      /* With an attempt under way. */
    _Atomic int64_t last_event;        /* The newest event that is durable; 0 for none. */
    _Atomic int64_t message_changes;   /* Grows when states or receipts of messages are durable. */
    _Atomic int64_t message_listeners; /* Of those that listen, who want to know of messages. */
    _Atomic int64_t listeners;         /* Event streams; they are told of last_event. */
    _Atomic int64_t hooks_refused;     /* Calls to webhooks that no provider had signed. */
    /* Since when changes have been taken without a break: the start, or the store's recovery. */
    _Atomic int64_t taking_changes_since_ms;
    _Atomic int64_t ping_fails_since_ms; /* 0 while it arrives. */
    _Atomic uint64_t pings;              /* That went out; */
    _Atomic uint64_t ping_news;          /* and the latest that something was heard of. */
    _Atomic int64_t tls_ends_ms;         /* Until when the certificate is valid; 0 for none. */
    _Atomic int64_t redis_away_since_ms; /* 0 while it can be used, or none is set. */
    _Atomic int64_t redis_repairs;       /* Entries of its index that were put right; */
    _Atomic int64_t redis_left_out;      /* changes that it was not told; */
    _Atomic int64_t redis_wakes;         /* timers that somebody told of there. */
    _Atomic bool redis_is_well;          /* It has the whole index. */
    struct metrics metrics;
    _Atomic bool store_is_broken;
    _Atomic bool is_ready;
    _Atomic bool is_stopping;
};

#endif
