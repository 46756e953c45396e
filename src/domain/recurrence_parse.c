#include "domain/recurrence_rule.h"

#include <assert.h>

enum part {
    PART_FREQ,
    PART_UNTIL,
    PART_COUNT,
    PART_INTERVAL,
    PART_WKST,
    PART_BYDAY,
    PART_BYSECOND,
    PART_BYMINUTE,
    PART_BYHOUR,
    PART_BYMONTHDAY,
    PART_BYYEARDAY,
    PART_BYWEEKNO,
    PART_BYMONTH,
    PART_BYSETPOS,
    PARTS
};

enum { ORDINAL_MAX = 53, NAME_SHOWN_MAX = 32 };

/* A part that is a list of numbers says where the list goes in the rule and what may stand in it;
 * the limits are those of the absolute value where the list is signed. `capacity` is 0 for other
 * parts. */
struct part_row {
    const char *name;
    const char *reason; /* What to tell of a bad value. */
    size_t values_at;
    size_t count_at;
    int16_t capacity;
    int16_t min;
    int16_t max;
    bool is_signed;
};

#define NUMBERS(member, capacity_, min_, max_, is_signed_)                                 \
    .values_at = offsetof(struct recurrence_rule, member),                                 \
    .count_at = offsetof(struct recurrence_rule, member##_count), .capacity = (capacity_), \
    .min = (min_), .max = (max_), .is_signed = (is_signed_)

static const struct part_row parts[PARTS] = {
    [PART_FREQ] = {.name = "FREQ", .reason = "not a frequency, SECONDLY to YEARLY"},
    [PART_UNTIL] = {.name = "UNTIL", .reason = "not a date, or a date with time"},
    [PART_COUNT] = {.name = "COUNT", .reason = "not a whole number from 1 to 2147483647"},
    [PART_INTERVAL] = {.name = "INTERVAL", .reason = "not a whole number from 1 to 2147483647"},
    [PART_WKST] = {.name = "WKST", .reason = "not one of SU, MO, TU, WE, TH, FR, SA"},
    [PART_BYDAY] = {.name = "BYDAY", .reason = "each must be SU to SA, or such as 2MO or -1FR"},
    [PART_BYSECOND] = {.name = "BYSECOND",
                       .reason = "each must be 0 to 60",
                       NUMBERS(by_second, RECUR_BYSECOND_MAX, 0, 60, false)},
    [PART_BYMINUTE] = {.name = "BYMINUTE",
                       .reason = "each must be 0 to 59",
                       NUMBERS(by_minute, RECUR_BYMINUTE_MAX, 0, 59, false)},
    [PART_BYHOUR] = {.name = "BYHOUR",
                     .reason = "each must be 0 to 23",
                     NUMBERS(by_hour, RECUR_BYHOUR_MAX, 0, 23, false)},
    [PART_BYMONTHDAY] = {.name = "BYMONTHDAY",
                         .reason = "each must be 1 to 31 or -1 to -31",
                         NUMBERS(by_month_day, RECUR_BYMONTHDAY_MAX, 1, 31, true)},
    [PART_BYYEARDAY] = {.name = "BYYEARDAY",
                        .reason = "each must be 1 to 366 or -1 to -366",
                        NUMBERS(by_year_day, RECUR_BYYEARDAY_MAX, 1, 366, true)},
    [PART_BYWEEKNO] = {.name = "BYWEEKNO",
                       .reason = "each must be 1 to 53 or -1 to -53",
                       NUMBERS(by_week_no, RECUR_BYWEEKNO_MAX, 1, 53, true)},
    [PART_BYMONTH] = {.name = "BYMONTH",
                      .reason = "each must be 1 to 12",
                      NUMBERS(by_month, RECUR_BYMONTH_MAX, 1, 12, false)},
    [PART_BYSETPOS] = {.name = "BYSETPOS",
                       .reason = "each must be 1 to 366 or -1 to -366",
                       NUMBERS(by_set_pos, RECUR_BYSETPOS_MAX, 1, 366, true)},
};

/* By enum recurrence_frequency. */
static const char *const frequency_names[] = {"SECONDLY", "MINUTELY", "HOURLY", "DAILY",
                                              "WEEKLY",   "MONTHLY",  "YEARLY"};

struct parser {
    struct recurrence_rule *rule;
    struct problem *problem;
    uint32_t seen; /* One bit for each part that was read. */
};

static enum err refuse(const struct parser *parser, enum part part, const char *reason)
{
    assert(part < PARTS);
    return problem_set(parser->problem, E_INVALID, parts[part].name, "%s: %s", parts[part].name,
                       reason);
}

static bool was_seen(const struct parser *parser, enum part part)
{
    assert(part < PARTS);
    return (parser->seen >> part & 1) != 0;
}

static bool read_weekday(struct str text, int8_t *out)
{
    static const char names[7][3] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
    for (int8_t i = 0; i < 7; i++) {
        if (str_equal_nocase(text, str_from(names[i]))) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* RFC 5545 allows a sign, also "+", in signed lists only. */
static bool read_number(struct str text, bool is_signed, int64_t *out)
{
    bool has_sign = text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+');
    return (is_signed || !has_sign) && str_to_int(text, out) == OK;
}

static bool read_positive(struct str text, int32_t *out)
{
    int64_t number = 0;
    if (!read_number(text, false, &number) || number < 1 || number > INT32_MAX) {
        return false;
    }
    *out = (int32_t)number;
    return true;
}

static bool read_frequency(struct str text, enum recurrence_frequency *out)
{
    for (size_t i = 0; i < ARRAY_LENGTH(frequency_names); i++) {
        if (str_equal_nocase(text, str_from(frequency_names[i]))) {
            *out = (enum recurrence_frequency)i;
            return true;
        }
    }
    return false;
}

/* Digits only, all of `text`. */
static bool read_digits(struct str text, int *out)
{
    int64_t number = 0;
    if (text.len > 8 || !read_number(text, false, &number)) {
        return false;
    }
    *out = (int)number;
    return true;
}

/* "hhmmss"; a leap second becomes 59. */
static bool read_time(struct str text, struct civil *out)
{
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (text.len != 6 || !read_digits(str_slice(text, 0, 2), &hour) ||
        !read_digits(str_slice(text, 2, 4), &minute) ||
        !read_digits(str_slice(text, 4, 6), &second) || hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    out->hour = (int8_t)hour;
    out->minute = (int8_t)minute;
    out->second = (int8_t)(second == 60 ? 59 : second);
    return true;
}

static bool read_until(struct str text, struct recurrence_rule *rule)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (text.len < 8 || !read_digits(str_slice(text, 0, 4), &year) ||
        !read_digits(str_slice(text, 4, 6), &month) || !read_digits(str_slice(text, 6, 8), &day)) {
        return false;
    }
    rule->until = (struct civil){.year = year, .month = (int8_t)month, .day = (int8_t)day};
    rule->has_until = true;
    rule->until_is_date = text.len == 8;
    if (!rule->until_is_date) {
        struct str time = str_slice(text, 8, text.len);
        rule->until_is_utc = str_ends(time, STR("Z")) || str_ends(time, STR("z"));
        time = str_slice(time, 0, time.len - (rule->until_is_utc ? 1 : 0));
        if (!str_starts_nocase(time, STR("T")) ||
            !read_time(str_slice(time, 1, time.len), &rule->until)) {
            return false;
        }
    }
    return civil_is_valid(rule->until);
}

/* "MO", "2MO", "+2MO", "-1SU". */
static bool read_ordinal_weekday(struct str text, struct recurrence_weekday *out)
{
    if (text.len < 2 || !read_weekday(str_slice(text, text.len - 2, text.len), &out->weekday)) {
        return false;
    }
    int64_t ordinal = 0;
    if (text.len > 2 && (!read_number(str_slice(text, 0, text.len - 2), true, &ordinal) ||
                         ordinal == 0 || ordinal < -ORDINAL_MAX || ordinal > ORDINAL_MAX)) {
        return false;
    }
    out->ordinal = (int8_t)ordinal;
    return true;
}

static enum err parse_weekdays(const struct parser *parser, struct str value)
{
    struct recurrence_rule *rule = parser->rule;
    struct str item;
    for (struct str rest = value; str_split(&rest, ',', &item);) {
        if (rule->by_day_count == RECUR_BYDAY_MAX) {
            return refuse(parser, PART_BYDAY, "too many values");
        }
        if (!read_ordinal_weekday(item, &rule->by_day[rule->by_day_count])) {
            return refuse(parser, PART_BYDAY, parts[PART_BYDAY].reason);
        }
        rule->by_day_count++;
    }
    return rule->by_day_count > 0 ? OK : refuse(parser, PART_BYDAY, parts[PART_BYDAY].reason);
}

static enum err parse_numbers(const struct parser *parser, enum part part, struct str value)
{
    const struct part_row *row = &parts[part];
    assert(row->capacity > 0);
    int16_t *values = (int16_t *)(void *)((char *)parser->rule + row->values_at);
    int16_t *count = (int16_t *)(void *)((char *)parser->rule + row->count_at);
    struct str item;
    for (struct str rest = value; str_split(&rest, ',', &item);) {
        int64_t number = 0;
        bool is_number = read_number(item, row->is_signed, &number);
        int64_t size = number < 0 ? -number : number;
        if (!is_number || size < row->min || size > row->max) {
            return refuse(parser, part, row->reason);
        }
        if (*count == row->capacity) {
            return refuse(parser, part, "too many values");
        }
        values[(*count)++] = (int16_t)number;
    }
    return *count > 0 ? OK : refuse(parser, part, row->reason);
}

static enum err parse_value(const struct parser *parser, enum part part, struct str value)
{
    struct recurrence_rule *rule = parser->rule;
    bool is_good = false;
    if (parts[part].capacity > 0) {
        return parse_numbers(parser, part, value);
    }
    if (part == PART_BYDAY) {
        return parse_weekdays(parser, value);
    }
    if (part == PART_FREQ) {
        is_good = read_frequency(value, &rule->frequency);
    } else if (part == PART_UNTIL) {
        is_good = read_until(value, rule);
    } else if (part == PART_COUNT) {
        is_good = read_positive(value, &rule->count);
    } else if (part == PART_INTERVAL) {
        is_good = read_positive(value, &rule->interval);
    } else {
        assert(part == PART_WKST);
        is_good = read_weekday(value, &rule->week_start);
    }
    return is_good ? OK : refuse(parser, part, parts[part].reason);
}

/* Shows a name only where it is one, so that no bytes from outside get into a message unseen. */
static enum err refuse_unknown(const struct parser *parser, struct str name)
{
    bool is_name = name.len > 0 && name.len <= NAME_SHOWN_MAX;
    for (size_t i = 0; i < name.len && is_name; i++) {
        char c = name.ptr[i];
        is_name =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    }
    if (!is_name) {
        return problem_set(parser->problem, E_INVALID, "", "a part of the rule has no name");
    }
    return problem_set(parser->problem, E_INVALID, "", "%.*s: not a part of a recurrence rule",
                       STR_FMT(name));
}

static enum err parse_part(struct parser *parser, struct str text)
{
    size_t equals = str_find_byte(text, '=', 0);
    struct str name = str_slice(text, 0, equals);
    struct str value = str_slice(text, equals + 1, text.len);
    if (equals < text.len && str_starts_nocase(name, STR("X-"))) {
        return OK;
    }
    enum part part = PART_FREQ;
    while (part < PARTS && !str_equal_nocase(name, str_from(parts[part].name))) {
        part++;
    }
    if (part == PARTS) {
        return refuse_unknown(parser, name);
    }
    if (equals == text.len) {
        return refuse(parser, part, "has no value");
    }
    if (was_seen(parser, part)) {
        return refuse(parser, part, "given twice");
    }
    parser->seen |= (uint32_t)1 << part;
    return parse_value(parser, part, value);
}

static enum err check_weekdays(const struct parser *parser)
{
    const struct recurrence_rule *rule = parser->rule;
    bool has_ordinal = false;
    for (int i = 0; i < rule->by_day_count; i++) {
        has_ordinal = has_ordinal || rule->by_day[i].ordinal != 0;
    }
    if (has_ordinal && rule->frequency < RECUR_MONTHLY) {
        return refuse(parser, PART_BYDAY, "an ordinal needs FREQ=MONTHLY or YEARLY");
    }
    if (has_ordinal && was_seen(parser, PART_BYWEEKNO)) {
        return refuse(parser, PART_BYDAY, "an ordinal cannot stand with BYWEEKNO");
    }
    return OK;
}

/* What RFC 5545 3.3.10 says of parts together. */
static enum err check_together(const struct parser *parser)
{
    const uint32_t by_parts = 1 << PART_BYDAY | 1 << PART_BYSECOND | 1 << PART_BYMINUTE |
                              1 << PART_BYHOUR | 1 << PART_BYMONTHDAY | 1 << PART_BYYEARDAY |
                              1 << PART_BYWEEKNO | 1 << PART_BYMONTH;
    enum recurrence_frequency frequency = parser->rule->frequency;
    if (!was_seen(parser, PART_FREQ)) {
        return refuse(parser, PART_FREQ, "is missing");
    }
    if (was_seen(parser, PART_COUNT) && was_seen(parser, PART_UNTIL)) {
        return refuse(parser, PART_COUNT, "cannot stand with UNTIL");
    }
    if (was_seen(parser, PART_BYWEEKNO) && frequency != RECUR_YEARLY) {
        return refuse(parser, PART_BYWEEKNO, "needs FREQ=YEARLY");
    }
    if (was_seen(parser, PART_BYYEARDAY) && frequency >= RECUR_DAILY && frequency != RECUR_YEARLY) {
        return refuse(parser, PART_BYYEARDAY, "cannot stand with FREQ=DAILY, WEEKLY or MONTHLY");
    }
    if (was_seen(parser, PART_BYMONTHDAY) && frequency == RECUR_WEEKLY) {
        return refuse(parser, PART_BYMONTHDAY, "cannot stand with FREQ=WEEKLY");
    }
    if (was_seen(parser, PART_BYSETPOS) && (parser->seen & by_parts) == 0) {
        return refuse(parser, PART_BYSETPOS, "needs another BY part to pick from");
    }
    return check_weekdays(parser);
}

struct recurrence_rule recurrence_rule_every(enum recurrence_frequency frequency, int32_t interval)
{
    assert(interval >= 1 && frequency <= RECUR_YEARLY);
    return (struct recurrence_rule){.frequency = frequency, .interval = interval, .week_start = 1};
}

enum err recurrence_parse(struct str text, struct recurrence_rule *out, struct problem *problem)
{
    assert(out != NULL);
    struct parser parser = {out, problem, 0};
    *out = recurrence_rule_every(RECUR_YEARLY, 1);
    if (str_ends(text, STR(";"))) {
        text = str_slice(text, 0, text.len - 1);
    }
    struct str part;
    for (struct str rest = text; str_split(&rest, ';', &part);) {
        TRY(parse_part(&parser, part));
    }
    return check_together(&parser);
}
