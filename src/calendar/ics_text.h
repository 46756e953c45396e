/* calendar/ics_text: outside bytes in, iCalendar text out that a parser can be trusted with.
 *
 * The pass unfolds lines (CRLF, LF or a lone CR end one), drops a byte order mark and NUL bytes,
 * keeps only the components and properties that Tocsin reads (calendar/ics_properties.def), and
 * balances BEGIN and END. That takes alarms, tasks, attachments and vendor noise away before
 * libical sees them, and bounds what libical is slow on: very long lines, very many lines or
 * VTIMEZONEs, deep nesting. RRULE and EXRULE come out as X-TOCSIN-RRULE and X-TOCSIN-EXRULE, since
 * libical drops a rule that has one part it dislikes; domain/recurrence reads them itself. TZID in
 * a VTIMEZONE likewise, since only the text of it is wanted.
 * Errors: E_INVALID (not a calendar), E_TOO_LARGE (bytes, components).
 * Ownership: the arena. Threads: reentrant. */
#ifndef TOCSIN_CALENDAR_ICS_TEXT_H
#define TOCSIN_CALENDAR_ICS_TEXT_H

#include "base/arena.h"

struct warning_list;

enum {
    ICS_BYTES_MAX = 10 * 1024 * 1024,
    ICS_COMPONENTS_MAX = 50000,
    ICS_ZONES_MAX = 500,
    ICS_DEPTH_MAX = 16,
    ICS_LINE_BYTES_MAX =
        64 * 1024, /* A longer description is cut there, any other property is skipped. */
    ICS_COMPONENT_LINES_MAX = 12000
};

NODISCARD enum err ics_text_clean(struct arena *arena, struct str text,
                                  struct warning_list *warnings, struct str *out,
                                  struct problem *problem);

/* True where the text begins as a calendar does, after a byte order mark and white space. */
bool ics_text_is_calendar(struct str text);
/* True where the calendar is there up to its last END:VCALENDAR. */
bool ics_text_is_complete(struct str text);

/* For people: invalid UTF-8 becomes U+FFFD, control characters become spaces, the end is cut at
 * `bytes_max`. */
struct str ics_text_display(struct arena *arena, struct str raw, size_t bytes_max);

#endif
