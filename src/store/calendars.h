/* store/calendars: sources of meetings, what was read from them, and which meetings stand in which.
 * Errors as store/db. */
#ifndef TOCSIN_STORE_CALENDARS_H
#define TOCSIN_STORE_CALENDARS_H

#include "store/db.h"

/* E_NOT_FOUND also for one that was removed. */
NODISCARD enum err calendars_get(struct db *db, struct arena *arena, struct id id,
                                 struct calendar *out);
NODISCARD enum err calendars_of_user(struct db *db, struct arena *arena, struct id user,
                                     struct list *out);
NODISCARD enum err calendars_touch(struct db *db, struct id id, struct instant synced_at);

NODISCARD enum err resources_of_calendar(struct db *db, struct arena *arena, struct id calendar,
                                         struct list *out);
/* The same as struct calendar_resource without bodies. */
NODISCARD enum err resources_heads(struct db *db, struct arena *arena, struct id calendar,
                                   struct list *out);
/* Inserts or replaces by (calendar, href) and sets resource->id. `fresh` is the row id for an
 * insert. */
NODISCARD enum err resources_put(struct db *db, struct arena *arena, struct id fresh,
                                 struct calendar_resource *resource);
NODISCARD enum err resources_remove(struct db *db, struct id calendar, struct str href);
NODISCARD enum err resources_remove_all(struct db *db, struct id calendar);

/* Where a meeting stands: in which resource of which calendar. */
struct meeting_source {
    struct id calendar;
    struct id meeting;
    struct id resource;
};
NODISCARD enum err sources_put(struct db *db, const struct meeting_source *source);
NODISCARD enum err sources_remove(struct db *db, struct id calendar, struct id meeting);
NODISCARD enum err sources_count(struct db *db, struct id meeting, int64_t *out);
/* The resource of the calendar that has the meeting; unset where the calendar does not have it. */
NODISCARD enum err sources_resource(struct db *db, struct id calendar, struct id meeting,
                                    struct id *out);
/* The oldest calendar that has the meeting; E_NOT_FOUND for none. */
NODISCARD enum err sources_first(struct db *db, struct id meeting, struct id *out);

#endif
