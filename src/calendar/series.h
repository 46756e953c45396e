/* calendar/series: the instances of one event in the window, before overrides.
 *
 * DTSTART, which always counts, with RRULE and RDATE, without EXRULE and EXDATE; sorted, each start
 * once. Rules are walked on the wall clock of DTSTART's zone. Every instance overlaps the window
 * (one without length begins in it).
 * Pure. Ownership: the arena of the expansion. Source: RFC 5545 3.8.5, protocols.md 5.1 and 5.2. */
#ifndef TOCSIN_CALENDAR_SERIES_H
#define TOCSIN_CALENDAR_SERIES_H

#include "calendar/moment.h"

enum { INSTANCES_MAX = 10000 };

/* How long each instance is: `days` nominal days and then `exact`. */
struct event_length {
    int64_t days;
    struct duration exact;
};

struct instance {
    struct instant starts_at;
    struct instant ends_at;
    struct civil wall; /* Of the start, in the series' zone. */
    bool has_own_end;  /* From an RDATE that is a period. */
};

struct series {
    const struct ics_event *event;
    struct moment start;
    struct event_length length;
    bool is_recurring;
    struct instance *items;
    size_t count;
};

/* False, after a warning, where the event has no start that can be understood. */
bool series_expand(struct expansion *expansion, const struct ics_event *event, struct series *out);
/* An event's start and length alone, as an instance that may lie anywhere. */
bool series_single(struct expansion *expansion, const struct ics_event *event, struct moment *start,
                   struct instance *out);
bool instance_overlaps(const struct instance *instance, struct instant from, struct instant to);

#endif
