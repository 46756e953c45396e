/* domain/legal_hours: the hours of the day outside of which the law, or good manners, let nobody be
 * called (settings CALL_LEGAL_HOURS and CALL_LEGAL_HOURS_BY_COUNTRY).
 *
 * Pure. The hours are the same each day, on the callee's wall clock. Where that clock is not known
 * for certain because the country of the number has several zones, all of them must allow the call.
 * Which hours apply is decided by the number's country, in which zones by whoever asks: the one
 * zone of `timezone`, else all zones of the country. The hours are a business window each, and what
 * that module says of gaps and folds holds here.
 * Errors: E_INVALID for text that is no such setting (`problem`, which may be NULL, says what is
 * wrong), and where the zones have no minute in common within BUSINESS_DAYS_SEARCHED days. */
#ifndef TOCSIN_DOMAIN_LEGAL_HOURS_H
#define TOCSIN_DOMAIN_LEGAL_HOURS_H

#include "domain/business_hours.h"
#include "domain/calling_codes.h"

enum { LEGAL_COUNTRIES_MAX = 64, LEGAL_ZONES_MAX = 64 };

struct legal_country {
    char country[COUNTRY_BYTES];
    struct business_window window;
};

struct legal_hours {
    bool has_general;
    struct business_window general;
    size_t country_count;
    struct legal_country countries[LEGAL_COUNTRIES_MAX];
};

/* "08:00-21:00", and "DE=08:00-20:00,US=09:00-20:00"; either may be empty. An end before the start
 * is on the next day; equal ones are refused, for 00:00-24:00 says "always" better. A country may
 * stand there once. */
NODISCARD enum err legal_hours_parse(struct str general, struct str by_country,
                                     struct legal_hours *out, struct problem *problem);
static inline bool legal_hours_are_set(const struct legal_hours *hours)
{
    return hours->has_general || hours->country_count > 0;
}
/* Those of the country, else the general ones, else NULL: not guarded. */
const struct business_window *legal_hours_of(const struct legal_hours *hours, const char *country);

/* What guards one call. A guard without a window or without zones allows everything: the caller
 * has asked for a zone where it wants to be sure. */
struct legal_guard {
    const struct business_window *window; /* As legal_hours_of says. */
    const struct zone *const *zones;
    size_t zone_count;
};

bool legal_guard_allows(const struct legal_guard *guard, struct instant at);
/* The first instant at or after `from` that all zones allow. `asked_in`, which may be NULL, is the
 * first zone that did not allow `from`, NULL where all did. */
NODISCARD enum err legal_guard_next(const struct legal_guard *guard, struct instant from,
                                    struct instant *out, const struct zone **asked_in);

#endif
