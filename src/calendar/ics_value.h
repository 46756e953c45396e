/* calendar/ics_value: libical's property values as ours. For calendar/ics.c and ics_event.c alone.
 *
 * Each returns false, or an absent text, for what is not a sound value. Ownership: copies in the
 * arena. */
#ifndef TOCSIN_CALENDAR_ICS_VALUE_H
#define TOCSIN_CALENDAR_ICS_VALUE_H

#include "calendar/ics.h"

#include <libical/ical.h>

/* The unescaped value of a text, URI, address or X- property. */
struct str ics_value_text(struct arena *arena, icalproperty *property);
bool ics_value_time(struct arena *arena, icalproperty *property, struct ics_time *out);
bool ics_value_rdate(struct arena *arena, icalproperty *property, struct ics_rdate *out);
bool ics_value_duration(icalproperty *property, struct ics_duration *out);

#endif
