/* calendar/vtimezone: a VTIMEZONE's own rules as a zone, for names that nobody knows.
 *
 * The onsets of STANDARD and DAYLIGHT are worked out by domain/recurrence up to a horizon and
 * written as TZif bytes, so that everything behind it has one kind of zone. After the horizon, or
 * ZONE_ONSETS_MAX onsets, the last offset stays. False where there is no sound observance. Pure.
 * Ownership: the arena. Source: RFC 5545 3.6.5, RFC 9636. */
#ifndef TOCSIN_CALENDAR_VTIMEZONE_H
#define TOCSIN_CALENDAR_VTIMEZONE_H

#include "calendar/ics.h"
#include "domain/zone.h"

enum { ZONE_ONSETS_MAX = 4000 };

bool vtimezone_to_zone(struct arena *arena, const struct ics_zone *zone, struct instant horizon,
                       struct zone *out);

#endif
