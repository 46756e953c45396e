/* domain/business_hours: when may a call go out, and why not now (requirement S5)?
 *
 * Pure. Hours are wall-clock minutes in the zone of the hours, several windows a day if need be. A
 * window [open, close) whose close is not after its open ends on the next day, so 22:00-06:00 on a
 * Friday runs to Saturday at 06:00, and 09:00-09:00 is a whole day. The days of a window are those
 * on which it opens. A holiday closes minutes of one local date, 0 to 1440 for all of it, whichever
 * day the window around them opened on; one that lasts to midnight takes the rest of the night with
 * it. The wall clock alone decides, as with quiet hours, also
 * where it is moved: an opening that a gap swallows is reached at the first instant after the gap,
 * a minute that a fold repeats is the same both times, and a date that does not exist (Apia,
 * 2011-12-30) is passed over.
 * Errors: E_INVALID where nothing opens within 366 days. Ownership: nothing passed in is kept. */
#ifndef TOCSIN_DOMAIN_BUSINESS_HOURS_H
#define TOCSIN_DOMAIN_BUSINESS_HOURS_H

#include "domain/zone.h"
#include "model/enums.h"

enum {
    BUSINESS_WINDOWS_MAX = 28,
    BUSINESS_HOLIDAYS_MAX = 400,
    BUSINESS_DAYS_SEARCHED = 366,
    DAY_MINUTES = 1440,
    EVERY_DAY = 0x7F,
    MONDAY_TO_FRIDAY = 0x3E
};

struct business_window {
    int16_t open;  /* Minutes since local midnight, 0 to 1439. */
    int16_t close; /* 1 to 1440, which is 24:00; 0 is read as 1440. */
    uint8_t days;  /* Bit n stands for weekday n, 0 = Sunday. */
};

/* Closed minutes [from, until) of a local date. */
struct business_holiday {
    struct date date;
    int16_t from;  /* 0 to 1439 */
    int16_t until; /* After `from`, at most 1440. */
};

struct business_hours {
    const struct business_window *windows;
    size_t window_count;
    const struct business_holiday *holidays; /* In any order. */
    size_t holiday_count;
};

/* When it opens and, where that is not at once, why. The local times are of the zone of the hours.
 */
struct business_opening {
    struct instant at;
    enum move_reason reason; /* NONE: it was open, and `at` is what was asked for. */
    struct civil asked;      /* The wall clock at what was asked for. */
    struct civil runs;       /* The wall clock at `at`. */
    bool has_missing;        /* An opening on the way does not exist on its date: */
    struct civil missing;    /* 02:30 on the day on which clocks go from 02:00 to 03:00. */
    bool has_holiday;        /* A holiday closed it, or an opening on the way: */
    struct civil holiday;    /* A time on the first such day. */
};

/* "HH:MM", 00:00 to 23:59, and 24:00 where `is_end`. E_INVALID otherwise. */
NODISCARD enum err business_minute_parse(struct str text, bool is_end, int16_t *out);
/* Whether the values are in their ranges and some day has a window; what comes from outside is
 * checked by this before the functions below see it. */
bool business_hours_are_valid(const struct business_hours *hours);

bool business_hours_open(const struct business_hours *hours, const struct zone *zone,
                         struct instant at);
/* The first open instant at or after `from`. */
NODISCARD enum err business_hours_next(const struct business_hours *hours, const struct zone *zone,
                                       struct instant from, struct business_opening *out);

#endif
