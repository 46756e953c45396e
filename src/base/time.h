/* base/time: instants and durations, typed so that they cannot be mixed up.
 *
 * An instant counts microseconds of UTC since 1970-01-01T00:00:00Z, leap seconds smeared away as
 * POSIX does. The value 0 means "none": nothing that Tocsin keeps happened at that very
 * microsecond. The database keeps milliseconds. Text is ISO 8601: UTC with Z on output, any offset
 * on input. Nothing here reads a clock; only app/ does. Days are counted from 1970-01-01 in the
 * proleptic Gregorian calendar. Source: RFC 3339, ISO 8601. */
#ifndef TOCSIN_BASE_TIME_H
#define TOCSIN_BASE_TIME_H

#include "base/str.h"

struct instant {
    int64_t us;
};

struct duration {
    int64_t us;
};

#define INSTANT_NONE ((struct instant){0})
/* The last microsecond of 9999: what is later has no ISO 8601 text of four digits for its year. */
#define INSTANT_YEARS_END ((struct instant){INT64_C(253402300799999999)})
#define MICROSECONDS(n) ((struct duration){(int64_t)(n)})
#define MILLISECONDS(n) ((struct duration){(int64_t)(n)*1000})
#define SECONDS(n) ((struct duration){(int64_t)(n)*1000000})
#define MINUTES(n) SECONDS((int64_t)(n)*60)
#define HOURS(n) MINUTES((int64_t)(n)*60)
#define DAYS(n) HOURS((int64_t)(n)*24)
/* For constants: `static const struct duration wait = SECONDS_INIT(10);` */
#define SECONDS_INIT(n)        \
    {                          \
        (int64_t)(n) * 1000000 \
    }

enum { INSTANT_TEXT_MAX = 32 };

static inline bool instant_is_set(struct instant t)
{
    return t.us != 0;
}

static inline struct instant instant_add(struct instant t, struct duration d)
{
    return (struct instant){t.us + d.us};
}

static inline struct instant instant_sub(struct instant t, struct duration d)
{
    return (struct instant){t.us - d.us};
}

static inline struct duration instant_since(struct instant later, struct instant earlier)
{
    return (struct duration){later.us - earlier.us};
}

static inline bool instant_before(struct instant a, struct instant b)
{
    return a.us < b.us;
}

static inline struct instant instant_min(struct instant a, struct instant b)
{
    return a.us < b.us ? a : b;
}

static inline struct instant instant_max(struct instant a, struct instant b)
{
    return a.us > b.us ? a : b;
}

static inline int64_t instant_ms(struct instant t)
{
    return t.us >= 0 ? t.us / 1000 : -((999 - t.us) / 1000);
}

static inline struct instant instant_from_ms(int64_t ms)
{
    return (struct instant){ms * 1000};
}

static inline int64_t duration_ms(struct duration d)
{
    return d.us / 1000;
}

static inline int64_t duration_seconds(struct duration d)
{
    return d.us / 1000000;
}

/* A calendar day. month 1-12, day 1-31. */
struct date {
    int32_t year;
    int8_t month;
    int8_t day;
};

int64_t date_to_days(struct date date);
struct date date_from_days(int64_t days);
bool date_is_valid(struct date date); /* Year 1 to 9999, and a day that exists. */
int days_in_month(int32_t year, int month);
bool is_leap_year(int32_t year);
int weekday_of_days(int64_t days); /* 0 = Sunday … 6 = Saturday. */

/* "2026-01-05T09:00:00Z", with ".123" where there are milliseconds. Writes at most INSTANT_TEXT_MAX
 * bytes with the NUL. */
struct str instant_format(struct instant t, char out[static INSTANT_TEXT_MAX]);
/* Date and time with 'T' (or a space), optional fraction, and an offset, which is required ("Z",
 * "+05:30", "+0530"). Years 1970 to 9999. E_INVALID otherwise. */
NODISCARD enum err instant_parse(struct str text, struct instant *out);
/* "90", "90s", "15m", "2h", "14d", "500ms", "1h30m"; a bare number is seconds. E_INVALID otherwise.
 * Never negative. */
NODISCARD enum err duration_parse(struct str text, struct duration *out);

#endif
