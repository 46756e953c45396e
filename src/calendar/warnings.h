/* calendar/warnings: what was skipped in a calendar, and why, in sentences for people.
 *
 * The first WARNINGS_KEPT are kept, all are counted. Text from the calendar is made printable UTF-8
 * before it is kept.
 * Ownership: everything in the arena. Threads: one owner. */
#ifndef TOCSIN_CALENDAR_WARNINGS_H
#define TOCSIN_CALENDAR_WARNINGS_H

#include "calendar/expand.h"

enum { WARNINGS_KEPT = 100 };

struct warning_list {
    struct arena *arena;
    struct expand_warning *items; /* NULL until the first one. */
    size_t count;                 /* Of all, kept or not. */
};

/* `uid` may be absent, for what belongs to no event. */
void warning_add(struct warning_list *warnings, struct str uid, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
