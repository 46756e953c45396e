/* domain/zone_footer: the POSIX TZ string that ends a TZif file and rules all time after its last
 * transition.
 *
 * Pure; only domain/zone calls it. Seconds are UTC since 1970-01-01 unless said otherwise. Offsets
 * here are east of UTC, against the sign in the string. A string with daylight saving but without
 * its rule days is refused, since POSIX leaves open what that means. Errors: E_INVALID. Source:
 * POSIX.1 chapter 8 (TZ), RFC 9636 3.3 and 3.3.1. */
#ifndef TOCSIN_DOMAIN_ZONE_FOOTER_H
#define TOCSIN_DOMAIN_ZONE_FOOTER_H

#include "domain/zone.h"

/* What RFC 9636 3.2 lets an offset be: less than 25 hours west of UTC, less than 26 hours east. */
enum { ZONE_OFFSET_MIN = -89999, ZONE_OFFSET_MAX = 93599 };

/* What the rules say of an instant: which clock runs, and until when they make no change (INT64_MAX
 * where there is none). */
struct zone_footer_span {
    int64_t end;
    bool is_dst;
};

/* `text` is the string without its two newlines, and not empty. */
NODISCARD enum err zone_footer_parse(struct str text, struct zone_footer *out);
/* Two spans in a row may be alike, as where there is daylight saving all year. */
struct zone_footer_span zone_footer_span_at(const struct zone_footer *footer, int64_t second);
/* Letters, digits, '+' and '-', and short enough for ZONE_ABBREVIATION_MAX with its NUL. */
bool zone_abbreviation_is_valid(struct str name);

#endif
