/* calendar/expand: a calendar's text in, its occurrences in a window out.
 *
 * Reads iCalendar (RFC 5545, with what real calendars do: protocols.md 5) by libical's parser; wall
 * times, TZIDs, rules and overrides are resolved here and in domain/, never by libical's zones or
 * recurrence. One bad component or line is skipped with a warning; the feed is refused as a whole
 * only when it is not a calendar at all, cut off inside a component, or over its limits. Each
 * occurrence is one instance of one UID. `external_id` is the UID for an event that does not recur,
 * otherwise "UID/20260105T090000Z" with the ORIGINAL start (the RECURRENCE-ID) in UTC (a date for
 * all-day ones), so that a moved instance keeps its identity. Instances are in the answer when they
 * overlap [from, to) by their real time, and also when cancelled or declined (the caller cancels
 * what it knows). Sorted by start.
 * Limits: a text over 10 MiB or 50,000 components is refused, since half a calendar would look like
 * cancelled meetings; 10,000 instances an event and 100,000 a calendar are kept, the others are cut
 * with a warning. Rules that would cost too much are cut short with a warning as well.
 * Threads: reentrant. Ownership: everything in the arena.
 * Errors: E_INVALID (not a calendar, or cut off), E_TOO_LARGE. */
#ifndef TOCSIN_CALENDAR_EXPAND_H
#define TOCSIN_CALENDAR_EXPAND_H

#include "base/arena.h"
#include "calendar/zones.h"

struct occurrence {
    struct str external_id;
    struct str uid;
    struct str title; /* "" where there is no SUMMARY. */
    struct instant starts_at;
    struct instant ends_at; /* Exact length for DTEND, nominal for DURATION (protocols 5.1). */
    struct str timezone; /* The IANA zone of the start; the owner's for floating and all-day times,
                            and where the calendar's VTIMEZONE is all that is known of a zone. */
    struct str join_url; /* https only, STR_NONE where there is none. */
    int64_t sequence;
    struct instant modified_at; /* The later of LAST-MODIFIED and DTSTAMP; may be unset. */
    bool is_all_day;
    bool is_transparent; /* TRANSP:TRANSPARENT, or X-MICROSOFT-CDO-BUSYSTATUS:FREE. */
    bool is_cancelled; /* STATUS:CANCELLED, of the instance or of the whole event, or METHOD:CANCEL.
                        */
    bool is_declined;  /* The owner's ATTENDEE has PARTSTAT=DECLINED. */
};

struct expand_warning {
    struct str uid;     /* "" where the line belongs to no event. */
    struct str message; /* "TZID \"Mars/Base\" is not known: the event is left out" */
};

struct expand_request {
    struct str text;
    struct str owner_email;     /* To find the owner's ATTENDEE; may be absent. */
    struct str owner_zone_name; /* For floating and all-day times where the calendar has no
                                   X-WR-TIMEZONE. */
    struct instant from;
    struct instant to;
    const struct zones_port *zones;
};

struct expand_result {
    struct occurrence *occurrences;
    size_t occurrence_count;
    struct expand_warning *warnings; /* At most 100 are kept; warning_count counts all. */
    size_t warning_count;
    size_t event_count; /* VEVENT components that were understood. */
};

NODISCARD enum err calendar_expand(struct arena *arena, const struct expand_request *request,
                                   struct expand_result *out, struct problem *problem);

/* A fingerprint of a calendar's text without what changes at each fetch (DTSTAMP, CREATED,
 * LAST-MODIFIED, PRODID): equal fingerprints mean nothing worth looking at has changed. SipHash
 * under a fixed key; not a secret. */
uint64_t calendar_fingerprint(struct str text);

#endif
