#include "domain/zone_footer.h"

#include <assert.h>
#include <string.h>

enum {
    SECONDS_PER_DAY = 86400,
    OFFSET_HOURS_MAX = 24,
    RULE_HOURS_MAX = 167,
    /* How far a rule of one year can reach into its neighbours: 167:59:59, an offset of 26 hours,
     * and day 365 of a common year, rounded up to whole days. */
    RULE_REACH_DAYS = 9
};

struct cursor {
    struct str text;
    size_t at;
};

static bool read_byte(struct cursor *cursor, char c)
{
    assert(cursor->at <= cursor->text.len);
    if (cursor->at < cursor->text.len && cursor->text.ptr[cursor->at] == c) {
        cursor->at++;
        return true;
    }
    return false;
}

/* One to three digits, the most that any number of a TZ string needs. */
static bool read_number(struct cursor *cursor, int32_t min, int32_t max, int32_t *out)
{
    assert(min <= max && max <= 999);
    size_t first = cursor->at;
    int32_t value = 0;
    while (cursor->at < cursor->text.len && cursor->at - first < 3) {
        char c = cursor->text.ptr[cursor->at];
        if (c < '0' || c > '9') {
            break;
        }
        value = value * 10 + (c - '0');
        cursor->at++;
    }
    *out = value;
    return cursor->at > first && value >= min && value <= max;
}

/* [+-]h[:mm[:ss]], in seconds. */
static bool read_time(struct cursor *cursor, int32_t hours_max, int32_t *out)
{
    assert(hours_max <= RULE_HOURS_MAX);
    int32_t hours = 0;
    int32_t minutes = 0;
    int32_t seconds = 0;
    bool negative = read_byte(cursor, '-');
    if (!negative) {
        (void)read_byte(cursor, '+');
    }
    if (!read_number(cursor, 0, hours_max, &hours)) {
        return false;
    }
    if (read_byte(cursor, ':')) {
        if (!read_number(cursor, 0, 59, &minutes)) {
            return false;
        }
        if (read_byte(cursor, ':') && !read_number(cursor, 0, 59, &seconds)) {
            return false;
        }
    }
    int32_t total = hours * 3600 + minutes * 60 + seconds;
    *out = negative ? -total : total;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool zone_abbreviation_is_valid(struct str name)
{
    assert(name.ptr != NULL);
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '+' && c != '-') {
            return false;
        }
    }
    return name.len > 0 && name.len < ZONE_ABBREVIATION_MAX;
}

/* Letters alone, or anything that an abbreviation may have between < and >. POSIX wants at least
 * three characters. */
static bool read_name(struct cursor *cursor, char out[static ZONE_ABBREVIATION_MAX])
{
    bool quoted = read_byte(cursor, '<');
    size_t first = cursor->at;
    while (cursor->at < cursor->text.len && (quoted ? cursor->text.ptr[cursor->at] != '>'
                                                    : is_letter(cursor->text.ptr[cursor->at]))) {
        cursor->at++;
    }
    struct str name = str_slice(cursor->text, first, cursor->at);
    if (name.len < 3 || !zone_abbreviation_is_valid(name) || (quoted && !read_byte(cursor, '>'))) {
        return false;
    }
    memset(out, 0, ZONE_ABBREVIATION_MAX);
    memcpy(out, name.ptr, name.len);
    assert(out[ZONE_ABBREVIATION_MAX - 1] == '\0');
    return true;
}

/* ",Mm.w.d", ",Jn" or ",n", then "/time" where it is not 02:00. */
static bool read_rule_day(struct cursor *cursor, struct zone_rule_day *out)
{
    int32_t month = 0;
    int32_t week = 0;
    int32_t day = 0;
    bool good = false;
    if (!read_byte(cursor, ',')) {
        return false;
    }
    if (read_byte(cursor, 'M')) {
        out->form = 'M';
        good = read_number(cursor, 1, 12, &month) && read_byte(cursor, '.') &&
               read_number(cursor, 1, 5, &week) && read_byte(cursor, '.') &&
               read_number(cursor, 0, 6, &day);
    } else if (read_byte(cursor, 'J')) {
        out->form = 'J';
        good = read_number(cursor, 1, 365, &day);
    } else {
        out->form = 'N';
        good = read_number(cursor, 0, 365, &day);
    }
    out->month = (int16_t)month;
    out->week = (int16_t)week;
    out->day = (int16_t)day;
    out->seconds = 2 * 3600;
    if (good && read_byte(cursor, '/')) {
        good = read_time(cursor, RULE_HOURS_MAX, &out->seconds);
    }
    assert(out->form == 'M' || out->form == 'J' || out->form == 'N');
    return good;
}

enum err zone_footer_parse(struct str text, struct zone_footer *out)
{
    struct cursor cursor = {.text = text};
    struct zone_footer footer = {.is_set = true};
    int32_t west = 0;
    assert(text.len > 0);
    if (!read_name(&cursor, footer.standard_name) || !read_time(&cursor, OFFSET_HOURS_MAX, &west)) {
        return E_INVALID;
    }
    footer.standard_offset = -west;
    if (cursor.at == text.len) {
        *out = footer;
        return OK;
    }
    footer.has_dst = true;
    footer.dst_offset = footer.standard_offset + 3600;
    if (!read_name(&cursor, footer.dst_name)) {
        return E_INVALID;
    }
    if (cursor.at < text.len && text.ptr[cursor.at] != ',') {
        if (!read_time(&cursor, OFFSET_HOURS_MAX, &west)) {
            return E_INVALID;
        }
        footer.dst_offset = -west;
    }
    if (!read_rule_day(&cursor, &footer.dst_start) || !read_rule_day(&cursor, &footer.dst_end) ||
        cursor.at != text.len) {
        return E_INVALID;
    }
    *out = footer;
    return OK;
}

/* What the rules need to know of a year. */
struct year {
    int64_t new_year; /* 1 January, in days since 1970. */
    int weekday;      /* Of 1 January, 0 = Sunday. */
    bool is_leap;
};

static struct year year_from_number(int32_t number)
{
    int64_t new_year = date_to_days((struct date){number, 1, 1});
    return (struct year){new_year, weekday_of_days(new_year), is_leap_year(number)};
}

/* Mm.w.d as days after 1 January. */
static int month_rule_day(const struct zone_rule_day *rule, const struct year *year)
{
    static const int16_t days_before[13] = {0,   31,  59,  90,  120, 151, 181,
                                            212, 243, 273, 304, 334, 365};
    assert(rule->month >= 1 && rule->month <= 12);
    int first = days_before[rule->month - 1] + (year->is_leap && rule->month > 2 ? 1 : 0);
    int after = days_before[rule->month] + (year->is_leap && rule->month > 1 ? 1 : 0);
    /* 371 is 53 weeks, which keeps the remainder from being negative. */
    int until_weekday = (rule->day + 371 - year->weekday - first) % 7;
    int day = first + until_weekday + 7 * (rule->week - 1);
    /* Week 5 means the last one, which in most months is the fourth. */
    return day < after ? day : day - 7;
}

/* When the rule falls, as wall-clock seconds since 1970 by the clock that runs until then. */
static int64_t rule_wall_seconds(const struct zone_rule_day *rule, const struct year *year)
{
    int day = rule->day;
    if (rule->form == 'M') {
        day = month_rule_day(rule, year);
    } else if (rule->form == 'J') {
        day += year->is_leap && rule->day >= 60 ? 0 : -1;
    } else {
        assert(rule->form == 'N');
    }
    return (year->new_year + day) * SECONDS_PER_DAY + rule->seconds;
}

/* The changes of the clock next to `second`, as far as they are known yet. */
struct search {
    int64_t second;
    int64_t latest; /* At or before `second`; INT64_MIN where none is known. */
    int64_t next;   /* After it; INT64_MAX where none is known. */
    bool is_dst;    /* What the latest one changed to. */
};

/* Called in calendar order, so that of two changes at one instant the later rule holds. */
static void search_change(struct search *search, int64_t change, bool to_dst)
{
    assert(search->latest <= search->second && search->second < search->next);
    if (change > search->second) {
        search->next = change < search->next ? change : search->next;
    } else if (change >= search->latest) {
        search->latest = change;
        search->is_dst = to_dst;
    }
}

static void search_year(struct search *search, const struct zone_footer *footer, int32_t number)
{
    assert(footer->has_dst);
    struct year year = year_from_number(number);
    int64_t start = rule_wall_seconds(&footer->dst_start, &year);
    int64_t end = rule_wall_seconds(&footer->dst_end, &year);
    search_change(search, start - footer->standard_offset, true);
    search_change(search, end - footer->dst_offset, false);
}

/* Whether the rule can reach out of its year. Only rules made up by somebody do. */
static bool rule_is_near_new_year(const struct zone_rule_day *rule)
{
    assert(rule->form == 'M' || rule->form == 'J' || rule->form == 'N');
    if (rule->form == 'M') {
        return rule->month == 1 || rule->month == 12;
    }
    return rule->day <= RULE_REACH_DAYS + 1 || rule->day >= 365 - RULE_REACH_DAYS - 1;
}

/* In the year of nine days ago all changes of the year before are past, and in two years from then
 * all are to come: so these four years hold both the latest change and the next, however far the
 * rules reach. */
static void search_around(struct search *search, const struct zone_footer *footer, int64_t day)
{
    int32_t year = date_from_days(day - RULE_REACH_DAYS).year;
    for (int32_t number = year - 1; number <= year + 2; number++) {
        search_year(search, footer, number);
    }
    assert(search->latest != INT64_MIN && search->next != INT64_MAX);
}

/* The same where all changes of a year lie in it: then a neighbour is needed only before the first
 * and after the last. */
static void search_within(struct search *search, const struct zone_footer *footer, int64_t day)
{
    int32_t year = date_from_days(day).year;
    search_year(search, footer, year);
    if (search->latest == INT64_MIN) {
        search_year(search, footer, year - 1);
    }
    if (search->next == INT64_MAX) {
        search_year(search, footer, year + 1);
    }
    assert(search->latest != INT64_MIN && search->next != INT64_MAX);
}

struct zone_footer_span zone_footer_span_at(const struct zone_footer *footer, int64_t second)
{
    struct search search = {second, INT64_MIN, INT64_MAX, false};
    assert(footer->is_set);
    if (!footer->has_dst) {
        return (struct zone_footer_span){INT64_MAX, false};
    }
    int64_t day = second / SECONDS_PER_DAY - (second % SECONDS_PER_DAY < 0 ? 1 : 0);
    if (rule_is_near_new_year(&footer->dst_start) || rule_is_near_new_year(&footer->dst_end)) {
        search_around(&search, footer, day);
    } else {
        search_within(&search, footer, day);
    }
    return (struct zone_footer_span){search.next, search.is_dst};
}
