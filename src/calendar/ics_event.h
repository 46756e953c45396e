/* calendar/ics_event: one VEVENT of libical's tree as a plain value. For calendar/ics.c alone. */
#ifndef TOCSIN_CALENDAR_ICS_EVENT_H
#define TOCSIN_CALENDAR_ICS_EVENT_H

#include "calendar/ics.h"

#include <libical/ical.h>

struct ics_event ics_event_read(struct arena *arena, icalcomponent *component,
                                struct warning_list *warnings);

#endif
