/* domain/recurrence_filter: which days, and which times of a day, the BYxxx parts of a rule allow.
 *
 * Pure; only domain/recurrence uses it. The lists of a rule become bit sets, so that a day is
 * judged in constant time, and what a rule leaves unsaid is filled in from DTSTART (RFC
 * 5545 3.3.10: "the same as what is specified for DTSTART"). Expanding and limiting by the table of
 * page 44 then both mean: the days of the period that pass every part. Days count from 1970-01-01.
 * Where BYWEEKNO is given, a year is the week-year: the weeks 1 to 52 or 53, whole, by WKST. Its
 * first days may lie in the December before and its last ones in the January after. */
#ifndef TOCSIN_DOMAIN_RECURRENCE_FILTER_H
#define TOCSIN_DOMAIN_RECURRENCE_FILTER_H

#include "domain/recurrence_rule.h"

enum {
    RECUR_BITS_MAX = 366,
    RECUR_BITS_WORDS = 6,
    RECUR_PERIOD_DAYS_MAX = 371 /* 53 weeks. */
};

/* A set of the numbers 1 to 366. */
struct recurrence_bits {
    uint64_t words[RECUR_BITS_WORDS];
};

/* "…_back" holds the negative values: bit n is set for -n, counted from the end. */
struct recurrence_filter {
    int week_start;
    bool has_weeks;
    bool has_month_days;
    bool has_year_days;
    bool has_weekdays;
    bool ordinals_in_month; /* Otherwise BYDAY's ordinals count within the year. */
    uint32_t months;
    uint32_t month_days;
    uint32_t month_days_back;
    uint32_t weekdays; /* Those without an ordinal. */
    uint64_t ordinals[7];
    uint64_t ordinals_back[7];
    uint64_t weeks;
    uint64_t weeks_back;
    struct recurrence_bits year_days;
    struct recurrence_bits year_days_back;
    uint32_t hours; /* The times of day: bit n stands for n. */
    uint64_t minutes;
    uint64_t seconds;
};

/* The matching days of one period, ascending: first + offsets[i]. */
struct recurrence_days {
    int64_t first;
    int count;
    int16_t offsets[RECUR_PERIOD_DAYS_MAX];
};

void recurrence_bits_add(struct recurrence_bits *bits, int number);
bool recurrence_bits_has(const struct recurrence_bits *bits, int number);

void recurrence_filter_init(struct recurrence_filter *filter, const struct recurrence_rule *rule,
                            struct civil dtstart);

/* Whether `day` passes every part but BYWEEKNO. Where it does not, *next is a later day, before
 * which none passes. `next` may be NULL. */
bool recurrence_filter_has_day(const struct recurrence_filter *filter, int64_t day, int64_t *next);

/* The days in [first, first + count) that pass; count is at most RECUR_PERIOD_DAYS_MAX. */
void recurrence_filter_days(const struct recurrence_filter *filter, int64_t first, int count,
                            struct recurrence_days *out);

/* The days of a week-year that pass, BYWEEKNO included. */
void recurrence_filter_week_year(const struct recurrence_filter *filter, int32_t year,
                                 struct recurrence_days *out);

/* The week-year in which `day` lies, when weeks start on `week_start`. */
int32_t recurrence_week_year_of(int64_t day, int week_start);

#endif
