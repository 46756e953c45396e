#include "domain/recurrence.h"

#include <assert.h>

enum { DAY_SECONDS = 86400, SET_COST_DIVISOR = 8 };

static int64_t floor_divide(int64_t value, int64_t by)
{
    return value >= 0 ? value / by : -((by - 1 - value) / by);
}

static int64_t ceil_divide(int64_t value, int64_t by)
{
    return -floor_divide(-value, by);
}

/* The seconds of a period of a frequency up to DAILY. */
static int64_t unit_seconds(enum recurrence_frequency frequency)
{
    static const int32_t units[] = {1, 60, 3600, DAY_SECONDS};
    assert(frequency <= RECUR_DAILY);
    return units[frequency];
}

/* Weeks are numbered from the first one that starts on or after 1970-01-01, a Thursday. */
static int64_t first_week_start(const struct recurrence_iterator *iterator)
{
    return (iterator->filter.week_start + 3) % 7;
}

static int64_t period_of(const struct recurrence_iterator *iterator, int64_t seconds)
{
    enum recurrence_frequency frequency = iterator->rule->frequency;
    int64_t day = floor_divide(seconds, DAY_SECONDS);
    struct date date = date_from_days(day);
    switch (frequency) {
    case RECUR_SECONDLY:
    case RECUR_MINUTELY:
    case RECUR_HOURLY:
        return floor_divide(seconds, unit_seconds(frequency));
    case RECUR_DAILY:
        return day;
    case RECUR_WEEKLY:
        return floor_divide(day - first_week_start(iterator), 7);
    case RECUR_MONTHLY:
        return (int64_t)date.year * 12 + date.month - 1;
    case RECUR_YEARLY:
        break;
    }
    assert(frequency == RECUR_YEARLY);
    return iterator->filter.has_weeks ? recurrence_week_year_of(day, iterator->filter.week_start)
                                      : date.year;
}

/* The first period at or after `period` that INTERVAL allows. */
static int64_t align(const struct recurrence_iterator *iterator, int64_t period)
{
    int64_t interval = iterator->rule->interval;
    int64_t from_first = period - iterator->first_period;
    return iterator->first_period + ceil_divide(from_first, interval) * interval;
}

static bool spend(struct recurrence_iterator *iterator, int32_t work)
{
    iterator->work_left = iterator->work_left > work ? iterator->work_left - work : 0;
    return iterator->work_left > 0;
}

/* Writes the numbers of the bits that are set, ascending; returns how many. */
static int list_bits(uint64_t bits, int8_t *out)
{
    int count = 0;
    for (int8_t i = 0; i < 60; i++) {
        if ((bits >> i & 1) != 0) {
            out[count++] = i;
        }
    }
    return count;
}

/* The lowest bit that is set from `from` up, or -1. */
static int next_bit(uint64_t bits, int from)
{
    assert(from >= 0 && from < 64);
    uint64_t rest = bits >> from;
    return rest == 0 ? -1 : from + __builtin_ctzll(rest);
}

static int32_t times_per_day(const struct recurrence_iterator *iterator)
{
    return iterator->hour_count * iterator->minute_count * iterator->second_count;
}

/* The instance with this index in the current period, in seconds. */
static int64_t instance_at(const struct recurrence_iterator *iterator, int32_t index)
{
    assert(index >= 0 && index < iterator->position_count);
    bool has_set = iterator->rule->by_set_pos_count > 0;
    int32_t position = has_set ? iterator->selected[index] : index;
    int32_t per_day = times_per_day(iterator);
    int32_t time = position % per_day;
    int64_t day = iterator->days.first + iterator->days.offsets[position / per_day];
    int second = iterator->seconds[time % iterator->second_count];
    int minute = iterator->minutes[time / iterator->second_count % iterator->minute_count];
    int hour = iterator->hours[time / iterator->second_count / iterator->minute_count];
    return day * DAY_SECONDS + hour * 3600 + minute * 60 + second;
}

/* The index of the first instance of the current period at or after `seconds`. */
static int32_t index_from(const struct recurrence_iterator *iterator, int64_t seconds)
{
    int32_t low = 0;
    int32_t high = iterator->position_count;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (instance_at(iterator, middle) < seconds) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_selected(const struct recurrence_iterator *iterator, int32_t total, int32_t position)
{
    int32_t from_front = position + 1;
    int32_t from_back = total - position;
    return (from_front <= RECUR_BITS_MAX && recurrence_bits_has(&iterator->set, from_front)) ||
           (from_back <= RECUR_BITS_MAX && recurrence_bits_has(&iterator->set_back, from_back));
}

/* Adds the positions in [from, to) that BYSETPOS picks out of `total`. */
static void select_range(struct recurrence_iterator *iterator, int32_t total, int32_t from,
                         int32_t to)
{
    for (int32_t position = from; position < to; position++) {
        if (is_selected(iterator, total, position)) {
            assert(iterator->position_count < RECUR_BYSETPOS_MAX);
            iterator->selected[iterator->position_count++] = position;
        }
    }
}

static void select_positions(struct recurrence_iterator *iterator)
{
    int32_t total = iterator->days.count * times_per_day(iterator);
    iterator->position_count = 0;
    if (iterator->rule->by_set_pos_count == 0) {
        iterator->position_count = total;
    } else if (total >= iterator->set_smallest) {
        /* BYSETPOS reaches no further than 366 from either end. */
        int32_t near = total < RECUR_BITS_MAX ? total : RECUR_BITS_MAX;
        int32_t far = total - RECUR_BITS_MAX > near ? total - RECUR_BITS_MAX : near;
        select_range(iterator, total, 0, near);
        select_range(iterator, total, far, total);
        (void)spend(iterator, near / SET_COST_DIVISOR);
    }
}

/* Takes the seconds of a day that passes. Answers the same where hour, minute and second pass too,
 * otherwise the start of the next hour, minute or second that may, at most the end of the day. */
static int64_t next_time_of_day(const struct recurrence_iterator *iterator, int64_t seconds)
{
    const struct recurrence_filter *filter = &iterator->filter;
    enum recurrence_frequency frequency = iterator->rule->frequency;
    int hour = (int)(seconds / 3600);
    int minute = (int)(seconds / 60 % 60);
    int second = (int)(seconds % 60);
    int next_hour = next_bit(filter->hours, hour);
    if (next_hour != hour) {
        return next_hour < 0 ? DAY_SECONDS : (int64_t)next_hour * 3600;
    }
    int next_minute = frequency < RECUR_HOURLY ? next_bit(filter->minutes, minute) : minute;
    if (next_minute != minute) {
        return next_minute < 0 ? (hour + 1) * 3600 : hour * 3600 + next_minute * 60;
    }
    int next_second = frequency < RECUR_MINUTELY ? next_bit(filter->seconds, second) : second;
    if (next_second != second) {
        return hour * 3600 + (next_second < 0 ? (minute + 1) * 60 : minute * 60 + next_second);
    }
    return seconds;
}

/* Moves *period, a day or shorter, to the first one that its limits allow. Whatever cannot match is
 * jumped over: months, days, hours and minutes, then back onto INTERVAL's grid. */
static enum recurrence_step find_period(struct recurrence_iterator *iterator, int64_t *period)
{
    bool is_day = iterator->rule->frequency == RECUR_DAILY;
    int64_t unit = unit_seconds(iterator->rule->frequency);
    while (*period <= iterator->last_period) {
        if (!spend(iterator, 1)) {
            return RECURRENCE_EXHAUSTED;
        }
        int64_t at = *period * unit;
        int64_t day = floor_divide(at, DAY_SECONDS);
        int64_t wanted = 0;
        bool has_day = recurrence_filter_has_day(&iterator->filter, day, &wanted);
        if (has_day && !is_day) {
            wanted = day * DAY_SECONDS + next_time_of_day(iterator, at - day * DAY_SECONDS);
        } else {
            wanted = (has_day ? day : wanted) * DAY_SECONDS;
        }
        assert(wanted >= at);
        if (wanted == at) {
            return RECURRENCE_FOUND;
        }
        *period = align(iterator, ceil_divide(wanted, unit));
    }
    return RECURRENCE_END;
}

/* The period is one day, and some of its hour, minute and second. */
static void fill_short_period(struct recurrence_iterator *iterator, int64_t period)
{
    enum recurrence_frequency frequency = iterator->rule->frequency;
    int64_t at = period * unit_seconds(frequency);
    int64_t day = floor_divide(at, DAY_SECONDS);
    int64_t of_day = at - day * DAY_SECONDS;
    iterator->days.first = day;
    iterator->days.count = 1;
    iterator->days.offsets[0] = 0;
    iterator->hours[0] = (int8_t)(of_day / 3600);
    iterator->hour_count = 1;
    if (frequency < RECUR_HOURLY) {
        iterator->minutes[0] = (int8_t)(of_day / 60 % 60);
        iterator->minute_count = 1;
    }
    if (frequency < RECUR_MINUTELY) {
        iterator->seconds[0] = (int8_t)(of_day % 60);
        iterator->second_count = 1;
    }
}

static void fill_month(struct recurrence_iterator *iterator, int64_t period)
{
    int32_t year = (int32_t)floor_divide(period, 12);
    int month = (int)(period - (int64_t)year * 12) + 1;
    int64_t first = date_to_days((struct date){year, (int8_t)month, 1});
    recurrence_filter_days(&iterator->filter, first, days_in_month(year, month), &iterator->days);
}

static void fill_year(struct recurrence_iterator *iterator, int32_t year)
{
    int64_t first = date_to_days((struct date){year, 1, 1});
    if (iterator->filter.has_weeks) {
        recurrence_filter_week_year(&iterator->filter, year, &iterator->days);
    } else {
        recurrence_filter_days(&iterator->filter, first, is_leap_year(year) ? 366 : 365,
                               &iterator->days);
    }
}

static void fill_period(struct recurrence_iterator *iterator, int64_t period)
{
    switch (iterator->rule->frequency) {
    case RECUR_SECONDLY:
    case RECUR_MINUTELY:
    case RECUR_HOURLY:
        fill_short_period(iterator, period);
        break;
    case RECUR_DAILY:
        recurrence_filter_days(&iterator->filter, period, 1, &iterator->days);
        break;
    case RECUR_WEEKLY:
        recurrence_filter_days(&iterator->filter, period * 7 + first_week_start(iterator), 7,
                               &iterator->days);
        break;
    case RECUR_MONTHLY:
        fill_month(iterator, period);
        break;
    case RECUR_YEARLY:
        fill_year(iterator, (int32_t)period);
        break;
    }
}

/* What a period costs is its days, whether or not they are skipped by months. */
static int32_t period_cost(enum recurrence_frequency frequency)
{
    static const int16_t costs[] = {1, 1, 1, 1, 7, 31, RECUR_PERIOD_DAYS_MAX};
    return costs[frequency];
}

/* Takes the next period, which may turn out to have no instance. */
static enum recurrence_step load_period(struct recurrence_iterator *iterator)
{
    enum recurrence_frequency frequency = iterator->rule->frequency;
    int64_t period = iterator->next_period;
    if (frequency <= RECUR_DAILY) {
        enum recurrence_step step = find_period(iterator, &period);
        if (step != RECURRENCE_FOUND) {
            return step;
        }
    }
    if (period > iterator->last_period) {
        return RECURRENCE_END;
    }
    if (!spend(iterator, period_cost(frequency))) {
        return RECURRENCE_EXHAUSTED;
    }
    iterator->next_period = period + iterator->rule->interval;
    fill_period(iterator, period);
    select_positions(iterator);
    iterator->position = index_from(iterator, iterator->start);
    return RECURRENCE_FOUND;
}

/* Passes over the instances of the period that recurrence_seek left out; COUNT counts them. */
static void skip_to_floor(struct recurrence_iterator *iterator)
{
    int32_t index = index_from(iterator, iterator->floor);
    if (index <= iterator->position) {
        return;
    }
    int32_t skipped = index - iterator->position;
    iterator->position = index;
    if (iterator->rule->count > 0) {
        iterator->remaining = skipped < iterator->remaining ? iterator->remaining - skipped : 0;
    }
}

/* Loads periods until one has an instance at or after the floor. */
static void find_instance(struct recurrence_iterator *iterator)
{
    bool has_count = iterator->rule->count > 0;
    while (iterator->state == RECURRENCE_FOUND && iterator->position == iterator->position_count) {
        bool is_used_up = has_count && iterator->remaining == 0;
        iterator->state = is_used_up ? RECURRENCE_END : load_period(iterator);
        if (iterator->state == RECURRENCE_FOUND) {
            skip_to_floor(iterator);
        }
    }
    if (has_count && iterator->remaining == 0) {
        iterator->state = RECURRENCE_END;
    }
}

static void init_set(struct recurrence_iterator *iterator)
{
    iterator->set_smallest = RECUR_BITS_MAX;
    for (int i = 0; i < iterator->rule->by_set_pos_count; i++) {
        int value = iterator->rule->by_set_pos[i];
        int size = value > 0 ? value : -value;
        recurrence_bits_add(value > 0 ? &iterator->set : &iterator->set_back, size);
        if (size < iterator->set_smallest) {
            iterator->set_smallest = size;
        }
    }
}

void recurrence_begin(struct recurrence_iterator *iterator, const struct recurrence_rule *rule,
                      struct civil dtstart)
{
    assert(rule->interval >= 1 && rule->count >= 0);
    assert(civil_is_valid(dtstart) && (!rule->has_until || civil_is_valid(rule->until)));
    *iterator = (struct recurrence_iterator){.rule = rule, .remaining = rule->count};
    recurrence_filter_init(&iterator->filter, rule, dtstart);
    init_set(iterator);
    struct civil end = {9999, 12, 31, 23, 59, 59};
    iterator->start = civil_to_seconds(dtstart);
    iterator->floor = iterator->start;
    iterator->last = civil_to_seconds(rule->has_until ? rule->until : end);
    iterator->first_period = period_of(iterator, iterator->start);
    iterator->next_period = iterator->first_period;
    iterator->last_period = period_of(iterator, iterator->last);
    iterator->hour_count = list_bits(iterator->filter.hours, iterator->hours);
    iterator->minute_count = list_bits(iterator->filter.minutes, iterator->minutes);
    iterator->second_count = list_bits(iterator->filter.seconds, iterator->seconds);
}

void recurrence_seek(struct recurrence_iterator *iterator, struct civil from)
{
    assert(civil_is_valid(from));
    int64_t seconds = civil_to_seconds(from);
    if (seconds <= iterator->floor) {
        return;
    }
    iterator->floor = seconds;
    skip_to_floor(iterator);
    if (iterator->rule->count > 0) {
        iterator->work_left = RECURRENCE_SEEK_WORK_MAX;
        find_instance(iterator);
        return;
    }
    int64_t period = align(iterator, period_of(iterator, seconds));
    if (period > iterator->next_period) {
        iterator->next_period = period;
    }
}

enum recurrence_step recurrence_next(struct recurrence_iterator *iterator, struct civil *out)
{
    assert(iterator->rule != NULL && out != NULL);
    iterator->work_left = RECURRENCE_WORK_MAX;
    find_instance(iterator);
    if (iterator->state != RECURRENCE_FOUND) {
        return iterator->state;
    }
    int64_t at = instance_at(iterator, iterator->position);
    if (at > iterator->last) {
        iterator->state = RECURRENCE_END;
        return RECURRENCE_END;
    }
    iterator->position++;
    if (iterator->rule->count > 0) {
        iterator->remaining--;
    }
    *out = civil_from_seconds(at);
    return RECURRENCE_FOUND;
}
