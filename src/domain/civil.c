#include "domain/civil.h"

#include <assert.h>

enum { SECONDS_PER_DAY = 86400 };

/* Some 300,000 years either way: more than an instant can hold, little enough for a 32-bit year. */
static const int64_t SECONDS_FROM_1970_MAX = 10000000000000;

bool civil_is_valid(struct civil c)
{
    return date_is_valid(civil_date(c)) && c.hour >= 0 && c.hour <= 23 && c.minute >= 0 &&
           c.minute <= 59 && c.second >= 0 && c.second <= 59;
}

static int32_t second_of_day(struct civil c)
{
    assert(c.hour >= 0 && c.hour <= 23 && c.minute >= 0 && c.minute <= 59);
    assert(c.second >= 0 && c.second <= 59);
    return c.hour * 3600 + c.minute * 60 + c.second;
}

int civil_compare(struct civil a, struct civil b)
{
    if (a.year != b.year) {
        return a.year < b.year ? -1 : 1;
    }
    if (a.month != b.month) {
        return a.month - b.month;
    }
    if (a.day != b.day) {
        return a.day - b.day;
    }
    return second_of_day(a) - second_of_day(b);
}

bool civil_equal(struct civil a, struct civil b)
{
    return civil_compare(a, b) == 0;
}

struct date civil_date(struct civil c)
{
    return (struct date){c.year, c.month, c.day};
}

struct civil civil_from_date(struct date date, int hour, int minute, int second)
{
    assert(hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59);
    return (struct civil){.year = date.year,
                          .month = date.month,
                          .day = date.day,
                          .hour = (int8_t)hour,
                          .minute = (int8_t)minute,
                          .second = (int8_t)second};
}

int64_t civil_to_seconds(struct civil c)
{
    assert(c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= 31);
    return date_to_days(civil_date(c)) * SECONDS_PER_DAY + second_of_day(c);
}

struct civil civil_from_seconds(int64_t seconds)
{
    assert(seconds >= -SECONDS_FROM_1970_MAX && seconds <= SECONDS_FROM_1970_MAX);
    int64_t days = seconds / SECONDS_PER_DAY;
    int of_day = (int)(seconds % SECONDS_PER_DAY);
    if (of_day < 0) {
        of_day += SECONDS_PER_DAY;
        days--;
    }
    return civil_from_date(date_from_days(days), of_day / 3600, of_day / 60 % 60, of_day % 60);
}

struct civil civil_add_days(struct civil c, int64_t days)
{
    int64_t days_max = SECONDS_FROM_1970_MAX / SECONDS_PER_DAY;
    assert(days >= -days_max && days <= days_max);
    return civil_from_seconds(civil_to_seconds(c) + days * SECONDS_PER_DAY);
}

struct civil civil_add_seconds(struct civil c, int64_t seconds)
{
    assert(seconds >= -SECONDS_FROM_1970_MAX && seconds <= SECONDS_FROM_1970_MAX);
    return civil_from_seconds(civil_to_seconds(c) + seconds);
}
