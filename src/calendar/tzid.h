/* calendar/tzid: which zone a TZID means.
 *
 * In the order of protocols.md 5.4: an IANA name, an alias (zone_aliases.def), what stands behind a
 * vendor's prefix
 * ("/freeassociation.sourceforge.net/America/New_York"), a Windows name (windows_zones.def),
 * X-LIC-LOCATION of the calendar's VTIMEZONE of that name, that VTIMEZONE's own rules, and at last
 * a plain offset ("UTC+02:00"). The IANA zone is preferred to the file's VTIMEZONE, which is often
 * outdated. Nothing is guessed: what is not known stays unknown.
 * Ownership: the arena. Threads: one owner. */
#ifndef TOCSIN_CALENDAR_TZID_H
#define TOCSIN_CALENDAR_TZID_H

#include "calendar/ics.h"
#include "calendar/zones.h"

enum { TZID_CACHE_MAX = 64, TZID_BYTES_MAX = 200 };

struct tzid_zone {
    const struct zone *zone; /* NULL for an unknown one. */
    struct str name; /* The IANA name; absent where the VTIMEZONE's rules are all there is. */
};

struct tzid_entry {
    struct str tzid;
    struct tzid_zone found;
};

/* One calendar's names, remembered. */
struct tzid_resolver {
    struct arena *arena;
    const struct zones_port *zones;
    const struct ics_calendar *calendar; /* NULL where there are no VTIMEZONEs. */
    struct instant horizon;              /* Up to where a VTIMEZONE's rules are worked out. */
    struct zone **own_zones;             /* One for each VTIMEZONE, made when first needed. */
    size_t entry_count;
    struct tzid_entry entries[TZID_CACHE_MAX];
};

struct tzid_resolver tzid_resolver_new(struct arena *arena, const struct zones_port *zones,
                                       const struct ics_calendar *calendar, struct instant horizon);
struct tzid_zone tzid_resolve(struct tzid_resolver *resolver, struct str tzid);
/* By name alone, without a calendar at hand. */
struct tzid_zone tzid_find_by_name(struct arena *arena, const struct zones_port *zones,
                                   struct str tzid);

#endif
