/* calendar/zones: how a calendar's zone names become zones, without this layer opening a file.
 *
 * The store's zone catalogue stands behind this port; tests may put a table there. `find` answers
 * NULL for an unknown IANA name; the zone stays valid as long as the port. */
#ifndef TOCSIN_CALENDAR_ZONES_H
#define TOCSIN_CALENDAR_ZONES_H

#include "domain/zone.h"

struct zones_port {
    void *context;
    const struct zone *(*find)(void *context, struct str iana_name);
};

#endif
