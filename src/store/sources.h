/* store/sources: integrations, what was last heard of their alerts, heartbeats, and maintenance
 * windows. Whole rows go through db_insert, db_update and db_get; removed ones are not found.
 * Errors as store/db. */
#ifndef TOCSIN_STORE_SOURCES_H
#define TOCSIN_STORE_SOURCES_H

#include "store/db.h"

NODISCARD enum err integrations_get(struct db *db, struct arena *arena, struct id id,
                                    struct integration *out);
NODISCARD enum err integrations_by_key(struct db *db, struct arena *arena, struct str key,
                                       struct integration *out);
NODISCARD enum err integrations_page(struct db *db, struct arena *arena, struct id after,
                                     int64_t limit, struct list *out);
NODISCARD enum err integrations_count(struct db *db, int64_t *out);
/* Adds to what was counted. */
struct integration_news {
    struct id id;
    struct instant at;
    int64_t received;
    int64_t opened;
    int64_t resolved;
};
NODISCARD enum err integrations_heard(struct db *db, const struct integration_news *news);

NODISCARD enum err source_alerts_of(struct db *db, struct arena *arena, struct id integration,
                                    struct str fingerprint, struct source_alert *out);
/* The id of the `rows`-th row after `after`; unset where there are fewer. */
NODISCARD enum err source_alerts_place(struct db *db, struct id after, int64_t rows,
                                       struct id *out);
/* Of the rows after `after`, up to and with `until`: those not heard of since `before` that are
 * over, or whose incident is, and those of integrations that were removed. */
NODISCARD enum err source_alerts_forget(struct db *db, struct id after, struct id until,
                                        struct instant before);

NODISCARD enum err heartbeats_get(struct db *db, struct arena *arena, struct id id,
                                  struct heartbeat *out);
NODISCARD enum err heartbeats_by_token(struct db *db, struct arena *arena, struct str token,
                                       struct heartbeat *out);
NODISCARD enum err heartbeats_page(struct db *db, struct arena *arena, struct id after,
                                   int64_t limit, struct list *out);
NODISCARD enum err heartbeats_count(struct db *db, int64_t *out);
/* It came: two columns of one row. */
NODISCARD enum err heartbeats_beat(struct db *db, struct id id, struct instant at);

/* When the last of the windows ends that are on at `at` and cover the source (unset: what has
 * none); unset for none. */
NODISCARD enum err windows_until(struct db *db, struct id source, struct instant at,
                                 struct instant *out);
struct window_page {
    int state; /* 0 for any. */
    struct id before;
    int64_t limit;
    struct instant now;
};
/* The newest first. */
NODISCARD enum err windows_page(struct db *db, struct arena *arena, const struct window_page *page,
                                struct list *out, int64_t *total);
/* OPEN incidents that waited for a window and wait for none now, in the order of their ids. */
NODISCARD enum err incidents_released(struct db *db, struct arena *arena, struct instant now,
                                      int64_t limit, struct list *out);
/* Those that wait, and whose window has another end than they know of. */
NODISCARD enum err incidents_held_shorter(struct db *db, struct arena *arena, struct instant now,
                                          int64_t limit, struct list *out);

#endif
