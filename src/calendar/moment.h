/* calendar/moment: a time as a calendar writes it, with the zone and the instant that it means.
 *
 * Also the context of one expansion, which carries the calendar's zones, its warnings and its
 * budgets.
 * Pure. Ownership: the arena of the expansion. */
#ifndef TOCSIN_CALENDAR_MOMENT_H
#define TOCSIN_CALENDAR_MOMENT_H

#include "calendar/expand.h"
#include "calendar/ics.h"
#include "calendar/tzid.h"
#include "calendar/warnings.h"

/* What one calendar may cost, over all its events, so that a hostile one ends in bounded time. */
struct expansion_budget {
    int64_t rule_steps;  /* Instances that rules may name, in the window or not. */
    int exhausted_rules; /* Rules that named nothing within RECURRENCE_WORK_MAX. */
};

struct expansion {
    struct arena *arena;
    const struct expand_request *request;
    struct warning_list warnings;
    struct tzid_resolver resolver;
    struct expansion_budget budget;
};

struct moment {
    struct instant at;
    struct civil wall; /* In `zone`. */
    const struct zone *zone;
    struct str zone_name; /* An IANA name: the owner's where the zone has none of its own. */
    bool is_date;         /* `at` is the first instant of that local day. */
};

/* `like` is the event's own start, for its other times (EXDATE, DTEND): what is floating, or has a
 * TZID that nobody knows, is read in its zone. For the start itself `like` is NULL: floating means
 * the calendar's zone, else the owner's, and an unknown TZID is a warning and false. */
bool moment_resolve(struct expansion *expansion, const struct ics_event *event,
                    const struct ics_time *time, const struct moment *like, struct moment *out);
/* A wall clock in the zone of `like`. */
struct moment moment_at_wall(const struct moment *like, struct civil wall);
struct civil civil_midnight(struct civil wall);

#endif
