/* domain/recurrence: which wall-clock times an RRULE names (RFC 5545 3.3.10 and 3.8.5.3).
 *
 * Pure, on wall-clock time: zones come in afterwards (domain/zone). No allocation: a rule and an
 * iterator live where the caller puts them. Bounded: a call of recurrence_next looks at no more
 * than RECURRENCE_WORK_MAX candidate days (periods, for what is shorter than a day) and answers
 * RECURRENCE_EXHAUSTED when it would need more. That is more than the 146,097 days after which the
 * calendar repeats itself, so from DAILY upwards EXHAUSTED means "never again"; for shorter
 * frequencies it means "not for a very long time". Years end with 9999, where every rule is at END.
 * DTSTART counts as the first instance where the rule names it; one that the rule does not name is
 * the caller's to add (RFC 5545 calls that undefined; calendars in the wild show it).
 * UNTIL is inclusive, and is given here as wall-clock time in DTSTART's zone; a DATE in UNTIL with
 * a timed DTSTART means midnight at its start, as libical and ical.js read it. COUNT counts
 * instances of the rule before EXDATE. Invalid dates (31 February, 29 February of a common year)
 * are skipped. BYSETPOS picks from the whole set of a period, before DTSTART cuts the first one.
 * Where RFC 5545 is silent: BYxxx parts that would all expand (BYYEARDAY with BYMONTHDAY) must all
 * hold, and with BYWEEKNO the years that INTERVAL counts are week-years (see
 * domain/recurrence_filter). */
#ifndef TOCSIN_DOMAIN_RECURRENCE_H
#define TOCSIN_DOMAIN_RECURRENCE_H

#include "domain/recurrence_filter.h"
#include "domain/recurrence_rule.h"

enum {
    RECURRENCE_WORK_MAX = 200000,
    RECURRENCE_SEEK_WORK_MAX = 1000000 /* For one recurrence_seek of a rule with COUNT. */
};

enum recurrence_step { RECURRENCE_FOUND, RECURRENCE_END, RECURRENCE_EXHAUSTED };

struct recurrence_iterator; /* Complete below; its members belong to recurrence.c. */

/* Starts at DTSTART, a valid one. `rule` is borrowed: it outlives the iterator, unchanged. */
void recurrence_begin(struct recurrence_iterator *iterator, const struct recurrence_rule *rule,
                      struct civil dtstart);
/* Leaves out what lies before `from`: without walking there where the rule has no COUNT; with COUNT
 * it counts period by period, bounded by RECURRENCE_SEEK_WORK_MAX, after which the iterator is
 * EXHAUSTED. It never goes back. */
void recurrence_seek(struct recurrence_iterator *iterator, struct civil from);
/* The next instance in ascending order, each once. After END or EXHAUSTED it stays there, and *out
 * is left alone. */
enum recurrence_step recurrence_next(struct recurrence_iterator *iterator, struct civil *out);

/* Times are seconds of the wall clock since 1970-01-01T00:00:00 (civil_to_seconds). A period is one
 * unit of FREQ, numbered from 1970 (years by their number); an instance is a position in the
 * period, which is a mixed-radix number of day, hour, minute and second. */
struct recurrence_iterator {
    const struct recurrence_rule *rule;
    struct recurrence_filter filter;
    enum recurrence_step state; /* FOUND while there may be more. */
    int32_t remaining;          /* What is left of COUNT. */
    int32_t work_left;
    int64_t start; /* DTSTART. Nothing before it is an instance. */
    int64_t floor; /* Where recurrence_seek went. Instances before it count, but are left out. */
    int64_t last;  /* UNTIL, or the end of 9999. */
    int64_t first_period;
    int64_t next_period;
    int64_t last_period;
    struct recurrence_days days; /* The current period. */
    int hour_count;
    int minute_count;
    int second_count;
    int8_t hours[24];
    int8_t minutes[60];
    int8_t seconds[60];
    int32_t position; /* The next one, as an index below position_count. */
    int32_t position_count;
    int32_t set_smallest; /* The smallest absolute value in BYSETPOS. */
    struct recurrence_bits set;
    struct recurrence_bits set_back;
    int32_t selected[RECUR_BYSETPOS_MAX]; /* With BYSETPOS: the positions that it picks. */
};

#endif
