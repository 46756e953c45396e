/* domain/civil: wall-clock time, as a calendar or a person says it, without a zone.
 *
 * Pure. A civil is a date with a time of day; month 1-12, day 1-31, hour 0-23, second 0-59 (a leap
 * second is read as 59). Arithmetic is on the calendar, never on 86,400 seconds of UTC. Years
 * outside 1-9999 are not valid, but can be counted with, as long as they are within 300,000 of
 * 1970. Source: RFC 5545 3.3.5. */
#ifndef TOCSIN_DOMAIN_CIVIL_H
#define TOCSIN_DOMAIN_CIVIL_H

#include "base/time.h"

struct civil {
    int32_t year;
    int8_t month;
    int8_t day;
    int8_t hour;
    int8_t minute;
    int8_t second;
};

bool civil_is_valid(struct civil c);
int civil_compare(struct civil a, struct civil b); /* <0, 0, >0 */
bool civil_equal(struct civil a, struct civil b);
struct date civil_date(struct civil c);
struct civil civil_from_date(struct date date, int hour, int minute, int second);
/* Seconds since 1970-01-01T00:00:00 of the same wall clock, as if it were UTC; and back. */
int64_t civil_to_seconds(struct civil c);
struct civil civil_from_seconds(int64_t seconds);
struct civil civil_add_days(struct civil c, int64_t days);
struct civil civil_add_seconds(struct civil c, int64_t seconds);

#endif
