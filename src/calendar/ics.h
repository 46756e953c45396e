/* calendar/ics: iCalendar text (RFC 5545) as plain values.
 *
 * libical parses the content lines; nothing else of it is used. Times stay what was written: a wall
 * clock with the text of its TZID, never an instant. Rules stay text, for domain/recurrence. What
 * cannot be read is left out of its event with a warning; text from the calendar is not yet checked
 * as UTF-8 (ics_text_display does that for what people will see).
 * Errors: E_INVALID (not a calendar), E_TOO_LARGE.
 * Ownership: everything in the arena. Threads: reentrant. */
#ifndef TOCSIN_CALENDAR_ICS_H
#define TOCSIN_CALENDAR_ICS_H

#include "calendar/join_link.h"
#include "domain/civil.h"

struct warning_list;

enum { ICS_RULES_MAX = 4, ICS_OBSERVANCES_MAX = 64 };

/* Floating where it is neither UTC nor has a TZID. A date has its time at 00:00. */
struct ics_time {
    struct civil wall;
    bool is_date;
    bool is_utc;
    struct str tzid; /* STR_NONE where there is none. */
};

/* RFC 5545 3.3.6: weeks and days are nominal, the rest is exact. */
struct ics_duration {
    int64_t days;
    int64_t seconds;
};

/* One value of RDATE: a time, or a period with an end of its own. */
struct ics_rdate {
    struct ics_time start;
    bool has_end;
    struct ics_time end;
    bool has_duration;
    struct ics_duration duration;
};

struct ics_attendee {
    struct str address; /* Without "mailto:", or the EMAIL parameter. */
    bool is_declined;
};

struct ics_event {
    struct str
        uid; /* Never empty: an event without one gets a name made of its start and its title. */
    bool has_recurrence_id;
    bool is_this_and_future;
    struct ics_time recurrence_id;
    bool has_start;
    struct ics_time start;
    bool has_end;
    struct ics_time end;
    bool has_duration;
    struct ics_duration duration;
    struct str rules[ICS_RULES_MAX];
    size_t rule_count;
    struct str exclusion_rules[ICS_RULES_MAX];
    size_t exclusion_rule_count;
    struct ics_rdate *rdates;
    size_t rdate_count;
    struct ics_time *exdates;
    size_t exdate_count;
    struct ics_attendee *attendees;
    size_t attendee_count;
    struct join_sources links;
    struct str summary;
    int64_t sequence;
    struct instant modified_at; /* The later of DTSTAMP and LAST-MODIFIED; may be unset. */
    bool is_cancelled;
    bool is_transparent;
    struct str zone_name; /* X-WR-TIMEZONE of its calendar, for floating times. */
    size_t order;         /* Its place in the text. */
};

/* STANDARD or DAYLIGHT. Offsets are seconds east of UTC; `start` is a wall clock under offset_from.
 */
struct ics_observance {
    bool is_daylight;
    struct civil start;
    int32_t offset_from;
    int32_t offset_to;
    struct str rules[ICS_RULES_MAX];
    size_t rule_count;
    struct civil *rdates;
    size_t rdate_count;
};

struct ics_zone {
    struct str tzid;
    struct str location; /* X-LIC-LOCATION */
    struct ics_observance *observances;
    size_t observance_count;
};

struct ics_calendar {
    struct ics_event *events;
    size_t event_count;
    struct ics_zone *zones;
    size_t zone_count;
};

NODISCARD enum err ics_parse(struct arena *arena, struct str text, struct warning_list *warnings,
                             struct ics_calendar *out, struct problem *problem);

#endif
