/* domain/call_series: when the calls of a recurring call are meant to be (requirement S6).
 *
 * Pure. A series keeps the wall clock of its first call, the anchor, in its zone, whatever DST
 * does, and whatever business hours, retries or a late server did to single calls. Every time that
 * the series names is a place in it, which COUNT counts; calls are numbered by themselves, which
 * maxOccurrences counts, so that what was missed or fell away uses none of them up. Monthly keeps
 * the anchor's day of the month: the last day of a shorter month, and back to the 31st. An RRULE is
 * read as RFC 5545 has it (domain/recurrence: it leaves out months without a 31st); the anchor is
 * the first occurrence even where the rule does not name it. A wall clock that a gap swallows means
 * 03:30 for 02:30 (`fit` says so), one that comes twice the first. Where two occurrences come to
 * the same instant, as in Apia about 2011-12-30, the second is passed over.
 * Ownership: the series borrows its rule, the caller keeps both as long as they are used. */
#ifndef TOCSIN_DOMAIN_CALL_SERIES_H
#define TOCSIN_DOMAIN_CALL_SERIES_H

#include "domain/call_hours.h"
#include "domain/recurrence_rule.h"

enum {
    SERIES_INTERVAL_MAX = 1000,
    SERIES_OCCURRENCES_MAX = 1000000,
    /* An RRULE that missed more goes on at the present without counting the rest. */
    SERIES_SKIPPED_MAX = 100000
};

struct call_series {
    struct civil anchor;           /* The first call, by the wall clock of the zone. */
    enum call_frequency frequency; /* NONE where there is a rule. */
    int32_t interval;              /* 1 to SERIES_INTERVAL_MAX */
    const struct recurrence_rule *rule;
    int64_t occurrences_max; /* Calls; 0 for no limit. */
    int64_t places_max;      /* COUNT of the rule; 0 for none. */
    bool has_end_date;
    struct date end_date;  /* The last local date, inclusive. */
    struct instant end_at; /* The last instant, inclusive; INSTANT_NONE for none. */
};

/* Gives the series an RRULE. COUNT becomes a limit of the series, and an UNTIL in UTC is turned
 * into the zone's wall clock, so *rule is changed. E_INVALID, with what is
 * wrong in `problem`, for a rule that comes more often than every minute. */
NODISCARD enum err call_series_use_rule(struct call_series *series, struct recurrence_rule *rule,
                                        const struct zone *zone, struct problem *problem);

struct call_occurrence {
    int64_t number; /* Of the call: 1 is the anchor. */
    int64_t place;  /* Of its time in the series: 1 is the anchor. */
    struct instant at;
    struct civil wall; /* What the series says. */
    struct civil runs; /* The wall clock at `at`: another one in a gap only. */
    enum zone_fit fit;
    int64_t skipped; /* How many places before it were left out. */
};

enum series_step {
    SERIES_FOUND,
    SERIES_ALL_DONE,  /* maxOccurrences or COUNT is reached. */
    SERIES_PAST_END,  /* The next one would be after endDate. */
    SERIES_RULE_OVER, /* The rule names no more (UNTIL), or the year 9999 has passed. */
    SERIES_NEVER_OPEN /* Its hours do not open any more. */
};

/* The anchor itself, number 1: always found. */
struct call_occurrence call_series_first(const struct call_series *series, const struct zone *zone);
/* A call of the series: its number and place, and the instant that the series meant for it, not the
 * one to which it was moved or rescheduled. */
struct series_place {
    int64_t number;
    int64_t place;
    struct instant nominal;
    struct instant ran; /* For call_chain_next: where hours put it; or unset. */
};

/* The first occurrence after a place that is also after `now`. *out is left alone but where one is
 * found. */
enum series_step call_series_next(const struct call_series *series, const struct zone *zone,
                                  const struct series_place *after, struct instant now,
                                  struct call_occurrence *out);

/* A series inside the hours of its calls. What hours push to the time of the next call or beyond
 * falls away, and so does what they push from its own day onto the day of the next one: daily at
 * 11:00 on weekdays is one call on Monday, at 11:00. The first call was asked for by itself and
 * does not fall away; then that day's own does. */
struct call_chain {
    const struct call_series *series; /* NULL for one call. */
    const struct zone *zone;
    const struct call_hours *hours;
};

/* An occurrence and when it would run. */
struct chain_call {
    struct call_occurrence occurrence;
    struct call_opening opening;
};

/* The call that follows when the one before has ended at `now`. */
enum series_step call_chain_next(const struct call_chain *chain, const struct series_place *after,
                                 struct instant now, struct chain_call *out);
/* Whether a call at `at` is on the day of another one, or later. */
bool call_chain_reaches(const struct call_chain *chain, struct instant at, struct instant other);
/* Up to `max` calls from the first on, where each ends at once. Ends where the series or its hours
 * do; returns how many. */
size_t call_chain_list(const struct call_chain *chain, const struct call_occurrence *first,
                       size_t max, struct chain_call *out);

#endif
