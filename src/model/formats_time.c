#include "model/formats.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_all_digits(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i])) {
            return false;
        }
    }
    return text.len > 0;
}

static bool is_closing(struct str text)
{
    return format_hhmm.is_valid(text) || str_equal_text(text, "24:00");
}

const struct text_format format_closing = {
    .name = "hh:mm",
    .pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
    .advice = "a time of day from 00:00 to 24:00, such as 17:30",
    .is_valid = is_closing,
};

/* A number of exactly `digits` digits at `from`; -1 where there is none. */
static int number_at(struct str text, size_t from, size_t digits)
{
    struct str part = str_slice(text, from, from + digits);
    int64_t number = -1;
    bool is_number = part.len == digits && is_all_digits(part) && str_to_int(part, &number) == OK;
    return is_number ? (int)number : -1;
}

bool date_parse(struct str text, struct date *out)
{
    int year = number_at(text, 0, 4);
    int month = number_at(text, 5, 2);
    int day = number_at(text, 8, 2);
    if (text.len != 10 || text.ptr[4] != '-' || text.ptr[7] != '-' || month < 0 || day < 0) {
        return false;
    }
    *out = (struct date){year, (int8_t)month, (int8_t)day};
    return date_is_valid(*out);
}

static bool is_date(struct str text)
{
    struct date ignored;
    return date_parse(text, &ignored);
}

const struct text_format format_date = {
    .name = "date",
    .pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    .advice = "a day that exists, such as 2026-12-24",
    .is_valid = is_date,
};

bool wall_clock_parse(struct str text, int64_t *out)
{
    struct date date;
    bool has_seconds = text.len == 19 && text.ptr[16] == ':';
    if ((text.len != 16 && !has_seconds) || (text.ptr[10] != 'T' && text.ptr[10] != ' ') ||
        !date_parse(str_slice(text, 0, 10), &date) ||
        !format_hhmm.is_valid(str_slice(text, 11, 16))) {
        return false;
    }
    int second = has_seconds ? number_at(text, 17, 2) : 0;
    if (second < 0 || second > 59 || date.year < 1970) {
        return false;
    }
    int minutes = number_at(text, 11, 2) * 60 + number_at(text, 14, 2);
    *out = date_to_days(date) * 86400 + minutes * 60 + second;
    return true;
}

static bool is_when(struct str text)
{
    struct instant instant = INSTANT_NONE;
    int64_t ignored = 0;
    return instant_parse(text, &instant) == OK || wall_clock_parse(text, &ignored);
}

const struct text_format format_when = {
    .name = "when",
    .pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*$",
    .advice = "an ISO 8601 time such as 2026-01-05T09:00:00Z, or one without an offset, which is "
              "then the wall clock in the zone of the call",
    .is_valid = is_when,
};

static bool is_end_date(struct str text)
{
    struct instant instant = INSTANT_NONE;
    return is_date(text) || instant_parse(text, &instant) == OK;
}

const struct text_format format_end_date = {
    .name = "end-date",
    .pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}.*)?$",
    .advice = "a day such as 2026-12-24, or an ISO 8601 time with its offset",
    .is_valid = is_end_date,
};

/* What begins with a digit is meant for a day. */
static bool is_holiday(struct str text)
{
    bool is_name = text.len > 0 && !is_digit(text.ptr[0]);
    return is_name ? format_slug.is_valid(text) : is_date(text);
}

const struct text_format format_holiday = {
    .name = "holiday",
    .pattern = "^([0-9]{4}-[0-9]{2}-[0-9]{2}|[a-z][a-z0-9]*(-[a-z0-9]+)*)$",
    .advice = "a day that exists, such as 2026-12-24, or the name of a holiday calendar",
    .is_valid = is_holiday,
};

static bool is_holiday_name(struct str text)
{
    return text.len > 0 && !is_digit(text.ptr[0]) && format_slug.is_valid(text);
}

const struct text_format format_holiday_name = {
    .name = "holiday-name",
    .pattern = "^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
    .advice = "a lower-case letter, then letters, digits and single dashes between them, such as "
              "germany",
    .is_valid = is_holiday_name,
};
