#include "base/time.h"

#include <stdio.h>

/* Day arithmetic in 400-year eras whose years begin on 1 March, so that the leap day comes last. */
enum { DAYS_PER_ERA = 146097, DAYS_TO_1970 = 719468 };

int64_t date_to_days(struct date date)
{
    int64_t year = date.month <= 2 ? (int64_t)date.year - 1 : date.year;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t month_from_march = (date.month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

struct date date_from_days(int64_t days)
{
    int64_t shifted = days + DAYS_TO_1970;
    int64_t era = (shifted >= 0 ? shifted : shifted - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    int64_t day_of_era = shifted - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
    int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    return (struct date){(int32_t)year, (int8_t)month, (int8_t)day};
}

bool is_leap_year(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int days_in_month(int32_t year, int month)
{
    static const int8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12) {
        return 0;
    }
    return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

bool date_is_valid(struct date date)
{
    return date.year >= 1 && date.year <= 9999 && date.day >= 1 &&
           date.day <= days_in_month(date.year, date.month);
}

int weekday_of_days(int64_t days)
{
    int64_t weekday = (days + 4) % 7;
    return (int)(weekday < 0 ? weekday + 7 : weekday);
}

/* Answers are full of instants; this is several times as fast as snprintf. */
static char *put_digits(char *at, int value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + count;
}

static char *put_pair(char *at, int value, char behind)
{
    at = put_digits(at, value, 2);
    *at = behind;
    return at + 1;
}

struct str instant_format(struct instant t, char out[static INSTANT_TEXT_MAX])
{
    int64_t ms = instant_ms(t);
    int64_t seconds = ms >= 0 ? ms / 1000 : -((999 - ms) / 1000);
    int64_t days = seconds >= 0 ? seconds / 86400 : -((86399 - seconds) / 86400);
    int of_day = (int)(seconds - days * 86400);
    int rest = (int)(ms - seconds * 1000);
    struct date date = date_from_days(days);
    char *at = out;
    if (date.year >= 0 && date.year <= 9999) {
        at = put_digits(at, date.year, 4);
    } else {
        at += snprintf(at, 12, "%d", (int)date.year);
    }
    *at++ = '-';
    at = put_pair(at, date.month, '-');
    at = put_pair(at, date.day, 'T');
    at = put_pair(at, of_day / 3600, ':');
    at = put_pair(at, of_day / 60 % 60, ':');
    at = put_pair(at, of_day % 60, rest == 0 ? 'Z' : '.');
    if (rest != 0) {
        at = put_digits(at, rest, 3);
        *at++ = 'Z';
    }
    *at = '\0';
    return (struct str){out, (size_t)(at - out)};
}

/* Reads exactly `count` digits at *at. */
static bool read_digits(struct str text, size_t *at, size_t count, int *out)
{
    int value = 0;
    for (size_t i = 0; i < count; i++, (*at)++) {
        if (*at >= text.len || text.ptr[*at] < '0' || text.ptr[*at] > '9') {
            return false;
        }
        value = value * 10 + (text.ptr[*at] - '0');
    }
    *out = value;
    return true;
}

static bool read_byte(struct str text, size_t *at, char c)
{
    if (*at < text.len && text.ptr[*at] == c) {
        (*at)++;
        return true;
    }
    return false;
}

static bool read_date(struct str text, size_t *at, struct date *out)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (!read_digits(text, at, 4, &year) || !read_byte(text, at, '-') ||
        !read_digits(text, at, 2, &month) || !read_byte(text, at, '-') ||
        !read_digits(text, at, 2, &day)) {
        return false;
    }
    *out = (struct date){year, (int8_t)month, (int8_t)day};
    return date_is_valid(*out);
}

/* What stands behind the point of the seconds; digits beyond the microsecond are dropped. */
static bool read_fraction(struct str text, size_t *at, int64_t *us)
{
    int64_t unit = 100000;
    size_t first = *at;
    while (*at < text.len && text.ptr[*at] >= '0' && text.ptr[*at] <= '9') {
        *us += (text.ptr[(*at)++] - '0') * unit;
        unit /= 10;
    }
    return *at > first;
}

static bool read_time_of_day(struct str text, size_t *at, int64_t *us)
{
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!read_digits(text, at, 2, &hour) || !read_byte(text, at, ':') ||
        !read_digits(text, at, 2, &minute)) {
        return false;
    }
    bool has_seconds = read_byte(text, at, ':');
    if (has_seconds && !read_digits(text, at, 2, &second)) {
        return false;
    }
    if (hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    *us = ((int64_t)hour * 3600 + minute * 60 + (second == 60 ? 59 : second)) * 1000000;
    return has_seconds && read_byte(text, at, '.') ? read_fraction(text, at, us) : true;
}

static bool read_offset(struct str text, size_t *at, int64_t *us)
{
    if (read_byte(text, at, 'Z') || read_byte(text, at, 'z')) {
        *us = 0;
        return true;
    }
    int sign = read_byte(text, at, '+') ? 1 : read_byte(text, at, '-') ? -1 : 0;
    int hour = 0;
    int minute = 0;
    if (sign == 0 || !read_digits(text, at, 2, &hour)) {
        return false;
    }
    bool colon = read_byte(text, at, ':');
    if ((colon || *at < text.len) && !read_digits(text, at, 2, &minute)) {
        return false;
    }
    *us = sign * ((int64_t)hour * 3600 + minute * 60) * 1000000;
    return hour <= 23 && minute <= 59;
}

enum err instant_parse(struct str text, struct instant *out)
{
    size_t at = 0;
    struct date date = {0};
    int64_t of_day = 0;
    int64_t offset = 0;
    if (!read_date(text, &at, &date)) {
        return E_INVALID;
    }
    if (!read_byte(text, &at, 'T') && !read_byte(text, &at, 't') && !read_byte(text, &at, ' ')) {
        return E_INVALID;
    }
    if (!read_time_of_day(text, &at, &of_day) || !read_offset(text, &at, &offset) ||
        at != text.len) {
        return E_INVALID;
    }
    int64_t us = date_to_days(date) * DAYS(1).us + of_day - offset;
    /* The offset may have carried it out of the years that can be written again. */
    int64_t end = date_to_days((struct date){10000, 1, 1}) * DAYS(1).us;
    if (us <= 0 || us >= end) {
        return E_INVALID;
    }
    *out = (struct instant){us};
    return OK;
}

static bool read_unit(struct str text, size_t *at, int64_t *us)
{
    static const struct {
        const char *name;
        int64_t us;
    } units[] = {
        {"ms", 1000}, {"s", 1000000}, {"m", 60000000}, {"h", 3600000000}, {"d", 86400000000}};
    struct str rest = str_slice(text, *at, text.len);
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++) {
        if (str_starts(rest, str_from(units[i].name))) {
            *at += str_from(units[i].name).len;
            *us = units[i].us;
            return true;
        }
    }
    return false;
}

static bool is_all_digits(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
    }
    return text.len > 0;
}

enum err duration_parse(struct str text, struct duration *out)
{
    int64_t total = 0;
    size_t at = 0;
    if (text.len == 0) {
        return E_INVALID;
    }
    /* "1h30" is refused, since its writer hardly meant 30 seconds. */
    bool is_bare = is_all_digits(text);
    while (at < text.len) {
        size_t first = at;
        while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9') {
            at++;
        }
        int64_t count = 0;
        int64_t unit = 1000000;
        if (at == first || at - first > 12 ||
            str_to_int(str_slice(text, first, at), &count) != OK ||
            !(is_bare || read_unit(text, &at, &unit))) {
            return E_INVALID;
        }
        if (__builtin_mul_overflow(count, unit, &count) ||
            __builtin_add_overflow(total, count, &total)) {
            return E_INVALID;
        }
    }
    *out = (struct duration){total};
    return OK;
}
