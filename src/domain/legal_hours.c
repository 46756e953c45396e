#include "domain/legal_hours.h"

#include <assert.h>
#include <string.h>

enum { TIME_BYTES = 5, WINDOW_BYTES = 11, COUNTRY_LETTERS = COUNTRY_BYTES - 1, SHOWN_BYTES = 32 };

static const char by_country_field[] = "CALL_LEGAL_HOURS_BY_COUNTRY";

static enum err parse_window(struct str text, struct business_window *out, const char *field,
                             struct problem *problem)
{
    struct business_window window = {.days = EVERY_DAY};
    struct str open = str_slice(text, 0, TIME_BYTES);
    struct str close = str_slice(text, TIME_BYTES + 1, text.len);
    bool is_right = text.len == WINDOW_BYTES && text.ptr[TIME_BYTES] == '-' &&
                    business_minute_parse(open, false, &window.open) == OK &&
                    business_minute_parse(close, true, &window.close) == OK &&
                    window.open != window.close;
    if (!is_right) {
        return problem_set(problem, E_INVALID, field,
                           "\"%.*s\" should be a time from and a later or earlier one until, such "
                           "as 08:00-21:00; 00:00-24:00 is the whole day.",
                           STR_FMT(str_slice(text, 0, SHOWN_BYTES)));
    }
    *out = window;
    return OK;
}

static const struct legal_country *find_country(const struct legal_hours *hours,
                                                const char *country)
{
    assert(country != NULL);
    for (size_t i = 0; i < hours->country_count; i++) {
        if (strcmp(hours->countries[i].country, country) == 0) {
            return &hours->countries[i];
        }
    }
    return NULL;
}

static bool is_country(struct str text)
{
    if (text.len != COUNTRY_LETTERS) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 'A' || text.ptr[i] > 'Z') {
            return false;
        }
    }
    return true;
}

/* "DE=08:00-20:00" */
static enum err add_country(struct legal_hours *hours, struct str entry, struct problem *problem)
{
    size_t equals = str_find_byte(entry, '=', 0);
    struct str name = str_trim(str_slice(entry, 0, equals));
    struct legal_country country = {.country = ""};
    if (!is_country(name) || equals == entry.len) {
        return problem_set(problem, E_INVALID, by_country_field,
                           "\"%.*s\" should be a country and its hours, such as DE=08:00-20:00.",
                           STR_FMT(str_slice(entry, 0, SHOWN_BYTES)));
    }
    if (!calling_country_is_known(name)) {
        return problem_set(problem, E_INVALID, by_country_field,
                           "%.*s is no country of ISO 3166; Great Britain, for one, is GB.",
                           STR_FMT(name));
    }
    memcpy(country.country, name.ptr, COUNTRY_LETTERS);
    if (find_country(hours, country.country) != NULL) {
        return problem_set(problem, E_INVALID, by_country_field, "%s stands there twice.",
                           country.country);
    }
    if (hours->country_count == LEGAL_COUNTRIES_MAX) {
        return problem_set(problem, E_INVALID, by_country_field, "At most %d countries.",
                           LEGAL_COUNTRIES_MAX);
    }
    TRY(parse_window(str_trim(str_slice(entry, equals + 1, entry.len)), &country.window,
                     by_country_field, problem));
    hours->countries[hours->country_count++] = country;
    return OK;
}

enum err legal_hours_parse(struct str general, struct str by_country, struct legal_hours *out,
                           struct problem *problem)
{
    assert(out != NULL);
    struct str rest = str_trim(by_country);
    struct str entry = STR_NONE;
    *out = (struct legal_hours){.has_general = false};
    general = str_trim(general);
    if (general.len > 0) {
        TRY(parse_window(general, &out->general, "CALL_LEGAL_HOURS", problem));
        out->has_general = true;
    }
    if (rest.len == 0) {
        return OK;
    }
    while (str_split(&rest, ',', &entry)) {
        TRY(add_country(out, str_trim(entry), problem));
    }
    return OK;
}

const struct business_window *legal_hours_of(const struct legal_hours *hours, const char *country)
{
    const struct legal_country *found = find_country(hours, country);
    if (found != NULL) {
        return &found->window;
    }
    return hours->has_general ? &hours->general : NULL;
}

/* The first zone that does not allow it, NULL where all do. */
static const struct zone *refusing(const struct legal_guard *guard, struct instant at)
{
    struct business_hours hours = {.windows = guard->window, .window_count = 1};
    for (size_t i = 0; guard->window != NULL && i < guard->zone_count; i++) {
        if (!business_hours_open(&hours, guard->zones[i], at)) {
            return guard->zones[i];
        }
    }
    return NULL;
}

bool legal_guard_allows(const struct legal_guard *guard, struct instant at)
{
    assert(guard != NULL);
    return refusing(guard, at) == NULL;
}

/* No zone allows anything before its own next opening, so going there passes over no answer. */
enum err legal_guard_next(const struct legal_guard *guard, struct instant from, struct instant *out,
                          const struct zone **asked_in)
{
    assert(guard != NULL && out != NULL);
    struct business_hours hours = {.windows = guard->window, .window_count = 1};
    struct instant limit = instant_add(from, DAYS(BUSINESS_DAYS_SEARCHED));
    struct instant at = from;
    const struct zone *zone = refusing(guard, at);
    if (asked_in != NULL) {
        *asked_in = zone;
    }
    while (zone != NULL) {
        struct business_opening opening;
        TRY(business_hours_next(&hours, zone, at, &opening));
        at = opening.at;
        if (instant_before(limit, at)) {
            return E_INVALID;
        }
        zone = refusing(guard, at);
    }
    *out = at;
    return OK;
}
