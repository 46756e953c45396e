/* domain/recurrence_rule: an RRULE as checked values (RFC 5545 3.3.10, all of it).
 *
 * Pure, no allocation: a rule is a plain value that the caller keeps. Lists keep the order and the
 * repeats of the text; the iterator (domain/recurrence) sorts them and takes each value once.
 * Errors: E_INVALID; `problem` (may be NULL) names the part in its field and its message. */
#ifndef TOCSIN_DOMAIN_RECURRENCE_RULE_H
#define TOCSIN_DOMAIN_RECURRENCE_RULE_H

#include "domain/civil.h"

/* From short to long, so that "shorter than a day" is `frequency < RECUR_DAILY`. */
enum recurrence_frequency {
    RECUR_SECONDLY,
    RECUR_MINUTELY,
    RECUR_HOURLY,
    RECUR_DAILY,
    RECUR_WEEKLY,
    RECUR_MONTHLY,
    RECUR_YEARLY
};

/* A list holds every legal value once, but for BYDAY and BYSETPOS, where nobody writes more. */
enum {
    RECUR_BYSECOND_MAX = 61,
    RECUR_BYMINUTE_MAX = 60,
    RECUR_BYHOUR_MAX = 24,
    RECUR_BYDAY_MAX = 128,
    RECUR_BYMONTHDAY_MAX = 62,
    RECUR_BYYEARDAY_MAX = 366,
    RECUR_BYWEEKNO_MAX = 106,
    RECUR_BYMONTH_MAX = 12,
    RECUR_BYSETPOS_MAX = 366
};

/* A weekday (0 = Sunday) with its ordinal in BYDAY: 0 for every one, 2 for the second, -1 for the
 * last. */
struct recurrence_weekday {
    int8_t weekday;
    int8_t ordinal;
};

struct recurrence_rule {
    enum recurrence_frequency frequency;
    int32_t interval; /* At least 1. */
    int32_t count;    /* 0 where there is no COUNT. */
    bool has_until;
    bool until_is_date; /* UNTIL was a DATE: midnight at the start of that day. */
    bool until_is_utc;  /* UNTIL had a Z: the caller converts it to DTSTART's zone first. */
    struct civil until;
    int8_t week_start; /* 0 = Sunday; Monday (1) by default. */
    int16_t by_second_count;
    int16_t by_minute_count;
    int16_t by_hour_count;
    int16_t by_day_count;
    int16_t by_month_day_count;
    int16_t by_year_day_count;
    int16_t by_week_no_count;
    int16_t by_month_count;
    int16_t by_set_pos_count;
    int16_t by_second[RECUR_BYSECOND_MAX]; /* 60, a leap second, is read as 59. */
    int16_t by_minute[RECUR_BYMINUTE_MAX];
    int16_t by_hour[RECUR_BYHOUR_MAX];
    struct recurrence_weekday by_day[RECUR_BYDAY_MAX];
    int16_t by_month_day[RECUR_BYMONTHDAY_MAX];
    int16_t by_year_day[RECUR_BYYEARDAY_MAX];
    int16_t by_week_no[RECUR_BYWEEKNO_MAX];
    int16_t by_month[RECUR_BYMONTH_MAX];
    int16_t by_set_pos[RECUR_BYSETPOS_MAX];
};

/* Reads "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20260601T000000Z" (names in any case, parts in any order;
 * one semicolon at the end is accepted, since calendars in the wild write it). Refused: unknown or
 * doubled parts, values out of range, COUNT together with UNTIL, and what RFC 5545 forbids for the
 * frequency: BYWEEKNO outside YEARLY, BYYEARDAY with DAILY, WEEKLY and MONTHLY, BYMONTHDAY with
 * WEEKLY, an ordinal in BYDAY outside MONTHLY and YEARLY or together with BYWEEKNO, BYSETPOS
 * without another BYxxx. X- parts are ignored. On an error *out is not to be used. */
NODISCARD enum err recurrence_parse(struct str text, struct recurrence_rule *out,
                                    struct problem *problem);

/* The rule "FREQ=…;INTERVAL=…" and nothing else, for callers that build one from numbers. They may
 * add to it whatever recurrence_parse would accept. `interval` is at least 1. */
struct recurrence_rule recurrence_rule_every(enum recurrence_frequency frequency, int32_t interval);

#endif
