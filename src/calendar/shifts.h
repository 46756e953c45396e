/* calendar/shifts: who is on call, as an iCalendar text that calendar programs subscribe to
 * (requirement E9).
 *
 * Pure. Times are UTC, so that no VTIMEZONE is needed. Shifts do not block anybody's time
 * (TRANSP:TRANSPARENT). The text depends on its facts alone: the same facts give the same bytes,
 * and with them the same ETag. Source: RFC 5545, RFC 7986 5.7 (REFRESH-INTERVAL). */
#ifndef TOCSIN_CALENDAR_SHIFTS_H
#define TOCSIN_CALENDAR_SHIFTS_H

#include "base/buf.h"
#include "base/time.h"

struct shift_calendar {
    struct str name;
    struct instant changed_at; /* DTSTAMP and LAST-MODIFIED of every shift. */
    int64_t sequence;
};

struct shift_event {
    struct str uid;
    struct instant start;
    struct instant end;
    struct str summary;
    struct str description; /* May be absent. */
};

void shifts_begin(struct buf *out, const struct shift_calendar *calendar);
void shifts_add(struct buf *out, const struct shift_calendar *calendar,
                const struct shift_event *event);
void shifts_end(struct buf *out);

#endif
