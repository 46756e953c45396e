#include "domain/business_hours.h"

#include <assert.h>

enum { WEEK_DAYS = 7, TEXT_BYTES = 5, HOUR_MINUTES = 60 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum err business_minute_parse(struct str text, bool is_end, int16_t *out)
{
    assert(out != NULL);
    if (text.len != TEXT_BYTES || text.ptr[2] != ':') {
        return E_INVALID;
    }
    const char *p = text.ptr;
    if (!is_digit(p[0]) || !is_digit(p[1]) || !is_digit(p[3]) || !is_digit(p[4])) {
        return E_INVALID;
    }
    int hour = (p[0] - '0') * 10 + (p[1] - '0');
    int minute = (p[3] - '0') * 10 + (p[4] - '0');
    int total = hour * HOUR_MINUTES + minute;
    if (minute >= HOUR_MINUTES || total > (is_end ? DAY_MINUTES : DAY_MINUTES - 1)) {
        return E_INVALID;
    }
    *out = (int16_t)total;
    return OK;
}

static bool window_is_valid(const struct business_window *window)
{
    return window->open >= 0 && window->open < DAY_MINUTES && window->close >= 0 &&
           window->close <= DAY_MINUTES && window->days != 0 && window->days <= EVERY_DAY;
}

static bool holiday_is_valid(const struct business_holiday *holiday)
{
    return date_is_valid(holiday->date) && holiday->from >= 0 && holiday->from < holiday->until &&
           holiday->until <= DAY_MINUTES;
}

bool business_hours_are_valid(const struct business_hours *hours)
{
    if (hours->window_count == 0 || hours->window_count > BUSINESS_WINDOWS_MAX ||
        hours->holiday_count > BUSINESS_HOLIDAYS_MAX) {
        return false;
    }
    for (size_t i = 0; i < hours->window_count; i++) {
        if (!window_is_valid(&hours->windows[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < hours->holiday_count; i++) {
        if (!holiday_is_valid(&hours->holidays[i])) {
            return false;
        }
    }
    return true;
}

static int minute_of(struct civil wall)
{
    return wall.hour * HOUR_MINUTES + wall.minute;
}

static int weekday_of(struct civil wall)
{
    return weekday_of_days(date_to_days(civil_date(wall)));
}

static bool opens_on(const struct business_window *window, int weekday)
{
    assert(weekday >= 0 && weekday < WEEK_DAYS);
    return (window->days >> weekday & 1) != 0;
}

/* How many minutes after the midnight before its opening it closes; over a day's for one that ends
 * on the next day. */
static int closing_of(const struct business_window *window)
{
    assert(window_is_valid(window));
    int close = window->close == 0 ? DAY_MINUTES : window->close;
    return close > window->open ? close : close + DAY_MINUTES;
}

static bool opened_today(const struct business_window *window, int weekday, int minute)
{
    return opens_on(window, weekday) && minute >= window->open && minute < closing_of(window);
}

static bool opened_yesterday(const struct business_window *window, int weekday, int minute)
{
    return opens_on(window, (weekday + WEEK_DAYS - 1) % WEEK_DAYS) &&
           minute + DAY_MINUTES < closing_of(window);
}

static bool is_date(const struct business_holiday *holiday, struct civil wall)
{
    return holiday->date.day == wall.day && holiday->date.month == wall.month &&
           holiday->date.year == wall.year;
}

static bool is_holiday(const struct business_hours *hours, struct civil wall)
{
    int minute = minute_of(wall);
    for (size_t i = 0; i < hours->holiday_count; i++) {
        const struct business_holiday *holiday = &hours->holidays[i];
        if (is_date(holiday, wall) && minute >= holiday->from && minute < holiday->until) {
            return true;
        }
    }
    return false;
}

static bool has_holiday(const struct business_hours *hours, struct civil wall)
{
    for (size_t i = 0; i < hours->holiday_count; i++) {
        if (is_date(&hours->holidays[i], wall)) {
            return true;
        }
    }
    return false;
}

/* The last minute of the day before. */
static struct civil last_of_yesterday(struct civil wall)
{
    return civil_add_seconds(civil_from_date(civil_date(wall), 0, 0, 0), -HOUR_MINUTES);
}

/* Whether a window is open that began on this day, or on the one before. */
static bool has_open_window(const struct business_hours *hours, struct civil wall, bool is_today)
{
    int weekday = weekday_of(wall);
    int minute = minute_of(wall);
    for (size_t i = 0; i < hours->window_count; i++) {
        const struct business_window *window = &hours->windows[i];
        if (is_today ? opened_today(window, weekday, minute)
                     : opened_yesterday(window, weekday, minute)) {
            return true;
        }
    }
    return false;
}

/* Nobody works the second half of a night whose first half a holiday took. */
static bool is_night_off(const struct business_hours *hours, struct civil wall)
{
    return is_holiday(hours, last_of_yesterday(wall)) && has_open_window(hours, wall, false);
}

static bool is_open(const struct business_hours *hours, struct civil wall)
{
    if (is_holiday(hours, wall)) {
        return false;
    }
    return has_open_window(hours, wall, true) ||
           (has_open_window(hours, wall, false) && !is_night_off(hours, wall));
}

bool business_hours_open(const struct business_hours *hours, const struct zone *zone,
                         struct instant at)
{
    assert(hours != NULL && zone != NULL);
    return is_open(hours, zone_to_civil(zone, at));
}

struct search {
    const struct business_hours *hours;
    const struct zone *zone;
    struct instant from;
    struct civil asked;
    bool is_found;
    struct instant best;
    bool has_missing;
    struct civil missing;
    bool has_holiday;
    struct civil holiday;
};

/* Keeps the candidate where it is later than what was asked for, open, and earlier than what was
 * found before. */
static void consider(struct search *search, struct instant candidate)
{
    bool is_better = instant_before(search->from, candidate) &&
                     (!search->is_found || instant_before(candidate, search->best));
    if (is_better && business_hours_open(search->hours, search->zone, candidate)) {
        search->best = candidate;
        search->is_found = true;
    }
}

/* A wall clock at which it may begin to be open, both times where it comes twice. */
static void consider_wall(struct search *search, struct civil wall, bool is_opening)
{
    enum zone_fit fit = ZONE_UNIQUE;
    consider(search, zone_to_instant(search->zone, wall, &fit));
    if (fit == ZONE_FOLD) {
        consider(search, zone_to_instant_last(search->zone, wall));
    }
    bool is_ahead = is_opening && civil_compare(search->asked, wall) < 0;
    bool is_off = is_ahead && is_holiday(search->hours, wall);
    if (is_off && (!search->has_holiday || civil_compare(wall, search->holiday) < 0)) {
        search->holiday = wall;
        search->has_holiday = true;
    }
    bool is_missing = fit == ZONE_GAP && is_ahead && !is_off;
    if (is_missing && (!search->has_missing || civil_compare(wall, search->missing) < 0)) {
        search->missing = wall;
        search->has_missing = true;
    }
}

static void consider_day(struct search *search, struct civil midnight)
{
    const struct business_hours *hours = search->hours;
    int weekday = weekday_of(midnight);
    for (size_t i = 0; i < hours->window_count; i++) {
        if (opens_on(&hours->windows[i], weekday)) {
            int64_t seconds = (int64_t)hours->windows[i].open * HOUR_MINUTES;
            consider_wall(search, civil_add_seconds(midnight, seconds), true);
        }
    }
    for (size_t i = 0; i < hours->holiday_count; i++) {
        if (is_date(&hours->holidays[i], midnight)) {
            int64_t seconds = (int64_t)hours->holidays[i].until * HOUR_MINUTES;
            consider_wall(search, civil_add_seconds(midnight, seconds), false);
        }
    }
}

/* It can only open where the wall clock shows an opening or the end of a holiday, or where the
 * clock is moved. Moved back at midnight, it shows the day before once more; so the search begins a
 * day before and goes on a day after the first that is found. */
static void search_days(struct search *search)
{
    struct civil midnight = civil_from_date(civil_date(search->asked), 0, 0, 0);
    int last = BUSINESS_DAYS_SEARCHED;
    for (int day = -1; day <= last; day++) {
        bool was_found = search->is_found;
        consider_day(search, civil_add_days(midnight, day));
        if (search->is_found && !was_found && day < last) {
            last = day + 1;
        }
    }
    struct instant limit = instant_add(search->from, DAYS(BUSINESS_DAYS_SEARCHED));
    struct instant moved = search->from;
    while (zone_next_transition(search->zone, moved, &moved)) {
        if (!instant_before(moved, search->is_found ? search->best : limit)) {
            break;
        }
        consider(search, moved);
    }
}

/* Why it was closed at the wall clock that was asked for, given when it opens. */
static enum move_reason reason_of(const struct search *search, struct civil runs)
{
    const struct business_hours *hours = search->hours;
    int weekday = weekday_of(search->asked);
    int minute = minute_of(search->asked);
    bool opens_today = false;
    bool opens_later = false;
    for (size_t i = 0; i < hours->window_count; i++) {
        bool is_today = opens_on(&hours->windows[i], weekday);
        opens_today = opens_today || is_today;
        opens_later = opens_later || (is_today && hours->windows[i].open > minute);
    }
    if (is_holiday(hours, search->asked) || is_night_off(hours, search->asked)) {
        return move_reason_HOLIDAY;
    }
    if (!opens_today) {
        return move_reason_CLOSED_DAY;
    }
    if (civil_to_seconds(civil_from_date(civil_date(runs), 0, 0, 0)) ==
        civil_to_seconds(civil_from_date(civil_date(search->asked), 0, 0, 0))) {
        return move_reason_BEFORE_OPENING;
    }
    if (opens_later) {
        return has_holiday(hours, search->asked) ? move_reason_HOLIDAY : move_reason_GAP;
    }
    return move_reason_AFTER_CLOSING;
}

static void name_holiday(const struct search *search, struct business_opening *out)
{
    bool is_of_night =
        !is_holiday(search->hours, out->asked) && is_night_off(search->hours, out->asked);
    bool is_cause = out->reason == move_reason_HOLIDAY;
    out->has_holiday =
        is_cause || (search->has_holiday && civil_compare(search->holiday, out->runs) < 0);
    out->holiday = is_of_night ? last_of_yesterday(out->asked)
                   : is_cause  ? out->asked
                               : search->holiday;
}

enum err business_hours_next(const struct business_hours *hours, const struct zone *zone,
                             struct instant from, struct business_opening *out)
{
    assert(hours != NULL && zone != NULL && out != NULL);
    struct civil asked = zone_to_civil(zone, from);
    *out = (struct business_opening){.at = from, .asked = asked, .runs = asked};
    if (is_open(hours, asked)) {
        return OK;
    }
    struct search search = {.hours = hours, .zone = zone, .from = from, .asked = asked};
    search_days(&search);
    if (!search.is_found) {
        return E_INVALID;
    }
    out->at = search.best;
    out->runs = zone_to_civil(zone, search.best);
    out->reason = reason_of(&search, out->runs);
    out->has_missing = search.has_missing && civil_compare(search.missing, out->runs) < 0;
    out->missing = search.missing;
    name_holiday(&search, out);
    return OK;
}
