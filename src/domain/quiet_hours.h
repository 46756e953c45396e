/* domain/quiet_hours: may a phone ring now, and if not, from when on (requirement P3)?
 *
 * Pure. Quiet hours are wall-clock minutes of the day in the person's zone, [start, end): at the
 * end minute itself it may ring. A start after the end spans midnight (22:00-08:00). Equal ones
 * mean the whole day: somebody who sets 00:00-00:00 wants no calls at all, and "never quiet" is
 * said by setting none. Then they never end. The wall clock alone decides, also where it is moved:
 * an end that a DST gap swallows is reached at the gap, and a quiet hour that a fold repeats is
 * quiet both times. */
#ifndef TOCSIN_DOMAIN_QUIET_HOURS_H
#define TOCSIN_DOMAIN_QUIET_HOURS_H

#include "domain/zone.h"

enum { MINUTES_A_DAY = 1440 };

/* Minutes since local midnight, 0 to 1439. */
struct quiet_hours {
    int start;
    int end;
};

bool quiet_hours_cover(struct quiet_hours hours, int minute_of_day);
bool quiet_hours_cover_instant(struct quiet_hours hours, const struct zone *zone,
                               struct instant at);
/* The first instant at or after `from` that is not quiet: `from` itself outside of quiet hours.
 * False when they never end. */
bool quiet_hours_end(struct quiet_hours hours, const struct zone *zone, struct instant from,
                     struct instant *out);

#endif
