#include "domain/recurrence_filter.h"

#include <assert.h>

/* A day with all that the BYxxx parts ask of it, so that a scan need not divide for each day. */
struct calendar_day {
    int64_t days;
    int32_t year;
    int month;
    int day;
    int month_length;
    int year_day;
    int year_length;
    int weekday;
};

static int year_length_of(int32_t year)
{
    return is_leap_year(year) ? 366 : 365;
}

static struct calendar_day calendar_day_at(int64_t days)
{
    static const int16_t days_before[13] = {0,   0,   31,  59,  90,  120, 151,
                                            181, 212, 243, 273, 304, 334};
    struct date date = date_from_days(days);
    int leap_day = date.month > 2 && is_leap_year(date.year) ? 1 : 0;
    return (struct calendar_day){
        .days = days,
        .year = date.year,
        .month = date.month,
        .day = date.day,
        .month_length = days_in_month(date.year, date.month),
        .year_day = days_before[date.month] + leap_day + date.day,
        .year_length = year_length_of(date.year),
        .weekday = weekday_of_days(days),
    };
}

/* Goes forward, at most to the first day of the next month. */
static void calendar_day_advance(struct calendar_day *day, int count)
{
    assert(count >= 1 && day->day + count <= day->month_length + 1);
    day->days += count;
    day->day += count;
    day->year_day += count;
    day->weekday = (day->weekday + count) % 7;
    if (day->day <= day->month_length) {
        return;
    }
    day->day = 1;
    day->month++;
    if (day->month > 12) {
        day->month = 1;
        day->year++;
        day->year_day = 1;
        day->year_length = year_length_of(day->year);
    }
    day->month_length = days_in_month(day->year, day->month);
}

void recurrence_bits_add(struct recurrence_bits *bits, int number)
{
    assert(number >= 1 && number <= RECUR_BITS_MAX);
    bits->words[(number - 1) / 64] |= (uint64_t)1 << (number - 1) % 64;
}

bool recurrence_bits_has(const struct recurrence_bits *bits, int number)
{
    assert(number >= 1 && number <= RECUR_BITS_MAX);
    return (bits->words[(number - 1) / 64] >> (number - 1) % 64 & 1) != 0;
}

/* Bit n of `front` for each n, bit n of `back` for each -n. */
static void collect(const int16_t *values, int count, uint64_t *front, uint64_t *back)
{
    for (int i = 0; i < count; i++) {
        assert(values[i] > -64 && values[i] < 64);
        if (values[i] >= 0) {
            *front |= (uint64_t)1 << values[i];
        } else {
            *back |= (uint64_t)1 << -values[i];
        }
    }
}

/* A list whose values are never negative; `otherwise` is what an empty list means. */
static uint64_t collect_or(const int16_t *values, int count, uint64_t otherwise)
{
    uint64_t front = 0;
    uint64_t back = 0;
    collect(values, count, &front, &back);
    assert(back == 0);
    return count > 0 ? front : otherwise;
}

static void init_times(struct recurrence_filter *filter, const struct recurrence_rule *rule,
                       struct civil dtstart)
{
    /* Where a part is absent, one that limits allows all, one that expands has DTSTART's value. */
    bool limits_hour = rule->frequency < RECUR_DAILY;
    bool limits_minute = rule->frequency < RECUR_HOURLY;
    bool limits_second = rule->frequency < RECUR_MINUTELY;
    filter->hours =
        (uint32_t)collect_or(rule->by_hour, rule->by_hour_count,
                             limits_hour ? UINT32_MAX >> 8 : (uint32_t)1 << dtstart.hour);
    filter->minutes = collect_or(rule->by_minute, rule->by_minute_count,
                                 limits_minute ? UINT64_MAX >> 4 : (uint64_t)1 << dtstart.minute);
    filter->seconds = collect_or(rule->by_second, rule->by_second_count,
                                 limits_second ? UINT64_MAX >> 4 : (uint64_t)1 << dtstart.second);
    if ((filter->seconds >> 60 & 1) != 0) {
        filter->seconds = (filter->seconds | (uint64_t)1 << 59) & UINT64_MAX >> 4;
    }
}

static void init_weekdays(struct recurrence_filter *filter, const struct recurrence_rule *rule)
{
    for (int i = 0; i < rule->by_day_count; i++) {
        struct recurrence_weekday by_day = rule->by_day[i];
        assert(by_day.weekday >= 0 && by_day.weekday < 7);
        int16_t ordinal = by_day.ordinal;
        if (ordinal == 0) {
            filter->weekdays |= (uint32_t)1 << by_day.weekday;
        } else {
            collect(&ordinal, 1, &filter->ordinals[by_day.weekday],
                    &filter->ordinals_back[by_day.weekday]);
        }
    }
    filter->has_weekdays = rule->by_day_count > 0;
    filter->ordinals_in_month = rule->frequency == RECUR_MONTHLY || rule->by_month_count > 0;
}

/* Days that the rule leaves open are DTSTART's. */
static void init_implied_days(struct recurrence_filter *filter, const struct recurrence_rule *rule,
                              struct civil dtstart)
{
    bool is_named =
        rule->by_month_day_count > 0 || rule->by_year_day_count > 0 || rule->by_day_count > 0;
    if (is_named || rule->frequency < RECUR_WEEKLY) {
        return;
    }
    if (rule->frequency == RECUR_WEEKLY || rule->by_week_no_count > 0) {
        int64_t days = date_to_days(civil_date(dtstart));
        filter->weekdays = (uint32_t)1 << weekday_of_days(days);
        filter->has_weekdays = true;
        return;
    }
    filter->month_days = (uint32_t)1 << dtstart.day;
    filter->has_month_days = true;
    if (rule->frequency == RECUR_YEARLY && rule->by_month_count == 0) {
        filter->months = (uint32_t)1 << dtstart.month;
    }
}

void recurrence_filter_init(struct recurrence_filter *filter, const struct recurrence_rule *rule,
                            struct civil dtstart)
{
    assert(civil_is_valid(dtstart));
    *filter = (struct recurrence_filter){.week_start = rule->week_start};
    filter->months = (uint32_t)collect_or(rule->by_month, rule->by_month_count, (uint32_t)0x1ffe);
    uint64_t front = 0;
    uint64_t back = 0;
    collect(rule->by_month_day, rule->by_month_day_count, &front, &back);
    filter->month_days = (uint32_t)front;
    filter->month_days_back = (uint32_t)back;
    filter->has_month_days = rule->by_month_day_count > 0;
    for (int i = 0; i < rule->by_year_day_count; i++) {
        int value = rule->by_year_day[i];
        recurrence_bits_add(value > 0 ? &filter->year_days : &filter->year_days_back,
                            value > 0 ? value : -value);
    }
    filter->has_year_days = rule->by_year_day_count > 0;
    collect(rule->by_week_no, rule->by_week_no_count, &filter->weeks, &filter->weeks_back);
    filter->has_weeks = rule->by_week_no_count > 0;
    init_weekdays(filter, rule);
    init_times(filter, rule, dtstart);
    init_implied_days(filter, rule, dtstart);
}

static bool has_month(const struct recurrence_filter *filter, const struct calendar_day *day)
{
    return (filter->months >> day->month & 1) != 0;
}

static bool has_month_day(const struct recurrence_filter *filter, const struct calendar_day *day)
{
    return (filter->month_days >> day->day & 1) != 0 ||
           (filter->month_days_back >> (day->month_length - day->day + 1) & 1) != 0;
}

static bool has_year_day(const struct recurrence_filter *filter, const struct calendar_day *day)
{
    return recurrence_bits_has(&filter->year_days, day->year_day) ||
           recurrence_bits_has(&filter->year_days_back, day->year_length - day->year_day + 1);
}

static bool has_weekday(const struct recurrence_filter *filter, const struct calendar_day *day)
{
    int at = filter->ordinals_in_month ? day->day : day->year_day;
    int length = filter->ordinals_in_month ? day->month_length : day->year_length;
    int from_front = (at - 1) / 7 + 1;
    int from_back = (length - at) / 7 + 1;
    return (filter->weekdays >> day->weekday & 1) != 0 ||
           (filter->ordinals[day->weekday] >> from_front & 1) != 0 ||
           (filter->ordinals_back[day->weekday] >> from_back & 1) != 0;
}

static bool passes(const struct recurrence_filter *filter, const struct calendar_day *day)
{
    return has_month(filter, day) && (!filter->has_month_days || has_month_day(filter, day)) &&
           (!filter->has_year_days || has_year_day(filter, day)) &&
           (!filter->has_weekdays || has_weekday(filter, day));
}

bool recurrence_filter_has_day(const struct recurrence_filter *filter, int64_t day, int64_t *next)
{
    struct calendar_day calendar_day = calendar_day_at(day);
    bool has_day = passes(filter, &calendar_day);
    if (!has_day && next != NULL) {
        bool skips_month = !has_month(filter, &calendar_day);
        *next = day + (skips_month ? calendar_day.month_length - calendar_day.day + 1 : 1);
    }
    return has_day;
}

/* Adds the days in [first, end) that pass; months that are not allowed are skipped whole. */
static void add_days(const struct recurrence_filter *filter, int64_t first, int64_t end,
                     struct recurrence_days *out)
{
    assert(first >= out->first && end - out->first <= RECUR_PERIOD_DAYS_MAX);
    struct calendar_day day = calendar_day_at(first);
    while (day.days < end) {
        if (!has_month(filter, &day)) {
            calendar_day_advance(&day, day.month_length - day.day + 1);
            continue;
        }
        if (passes(filter, &day)) {
            out->offsets[out->count++] = (int16_t)(day.days - out->first);
        }
        calendar_day_advance(&day, 1);
    }
}

void recurrence_filter_days(const struct recurrence_filter *filter, int64_t first, int count,
                            struct recurrence_days *out)
{
    assert(count >= 1 && count <= RECUR_PERIOD_DAYS_MAX);
    out->first = first;
    out->count = 0;
    add_days(filter, first, first + count, out);
}

/* Week 1 is the first with at least four days in the year, so it is the one with 4 January. */
static int64_t week_year_start(int32_t year, int week_start)
{
    int64_t fourth = date_to_days((struct date){year, 1, 4});
    return fourth - (weekday_of_days(fourth) - week_start + 7) % 7;
}

int32_t recurrence_week_year_of(int64_t day, int week_start)
{
    assert(week_start >= 0 && week_start < 7);
    int32_t year = date_from_days(day).year;
    if (day < week_year_start(year, week_start)) {
        return year - 1;
    }
    return day >= week_year_start(year + 1, week_start) ? year + 1 : year;
}

void recurrence_filter_week_year(const struct recurrence_filter *filter, int32_t year,
                                 struct recurrence_days *out)
{
    assert(filter->has_weeks);
    int64_t first = week_year_start(year, filter->week_start);
    int weeks = (int)((week_year_start(year + 1, filter->week_start) - first) / 7);
    out->first = first;
    out->count = 0;
    for (int week = 1; week <= weeks; week++) {
        bool is_named =
            (filter->weeks >> week & 1) != 0 || (filter->weeks_back >> (weeks - week + 1) & 1) != 0;
        if (is_named) {
            add_days(filter, first + (week - 1) * 7, first + week * 7, out);
        }
    }
}
