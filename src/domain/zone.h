/* domain/zone: one time zone, read from TZif bytes (RFC 9636, versions 2 and up; the 64-bit block
 * and the POSIX TZ footer).
 *
 * Pure: no file, no clock, no allocation. A zone borrows the bytes that it was parsed from; whoever
 * owns them keeps them alive and unchanged as long as the zone is used. Immutable after zone_parse,
 * so any thread may read it. Local times: one that a gap swallows is read with the offset in force
 * before the gap (02:30 becomes 03:30), one that happens twice is the first (RFC 5545 3.3.5).
 * Negative DST (Dublin), 30- and 45-minute offsets, gaps at midnight, skipped days (Apia
 * 2011-12-30) and footers with negative or over-24 h times (Nuuk, Gaza) are all ordinary here.
 * Errors: E_INVALID for bytes that are not a sound TZif file, such as one that counts leap seconds;
 * then *out is left unusable. */
#ifndef TOCSIN_DOMAIN_ZONE_H
#define TOCSIN_DOMAIN_ZONE_H

#include "domain/civil.h"

enum { ZONE_ABBREVIATION_MAX = 16 };

enum zone_fit { ZONE_UNIQUE, ZONE_GAP, ZONE_FOLD };

/* A day on which a POSIX TZ rule changes the offset: Mm.w.d, Jn or n, and a time of day that may
 * lie outside 0-24 h. */
struct zone_rule_day {
    char form; /* 'M', 'J' (1-365, no leap day) or 'N' (0-365) */
    int16_t month;
    int16_t week;
    int16_t day;
    int32_t seconds;
};

struct zone_footer {
    bool is_set;
    bool has_dst;
    int32_t standard_offset; /* Seconds east of UTC. */
    int32_t dst_offset;
    char standard_name[ZONE_ABBREVIATION_MAX];
    char dst_name[ZONE_ABBREVIATION_MAX];
    struct zone_rule_day dst_start;
    struct zone_rule_day dst_end;
};

struct zone {
    const uint8_t *transition_times; /* Big-endian int64 each, borrowed. */
    const uint8_t *transition_types;
    const uint8_t *types; /* Six bytes each: offset, is_dst, abbreviation index. */
    const char *abbreviations;
    uint32_t transition_count;
    uint32_t type_count;
    uint32_t abbreviation_bytes;
    struct zone_footer footer;
};

struct zone_local {
    int32_t offset_seconds; /* East of UTC is positive. */
    bool is_dst;
    char abbreviation[ZONE_ABBREVIATION_MAX];
};

NODISCARD enum err zone_parse(const uint8_t *bytes, size_t len, struct zone *out);
/* UTC itself, without a file. */
struct zone zone_utc(void);

struct zone_local zone_local_at(const struct zone *zone, struct instant at);
int32_t zone_offset_at(const struct zone *zone, struct instant at);
struct civil zone_to_civil(const struct zone *zone, struct instant at);
/* The instant that a wall clock means, by the rule above. `fit` may be NULL; it says whether the
 * time was unique, in a gap or twice. Total: every valid civil has an answer. */
struct instant zone_to_instant(const struct zone *zone, struct civil wall, enum zone_fit *fit);
/* The second of two, for the end of an interval that must cover a fold; equals zone_to_instant
 * where there is no fold. */
struct instant zone_to_instant_last(const struct zone *zone, struct civil wall);
/* The first instant after `from` at which the offset or the abbreviation changes. False when there
 * is none up to the end of the year 2400. */
bool zone_next_transition(const struct zone *zone, struct instant from, struct instant *out);

#endif
