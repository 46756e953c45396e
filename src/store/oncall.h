/* store/oncall: schedules, their overrides, and the secret addresses of their calendars.
 *
 * A row of schedules keeps its layers as JSON text; schedule_layers_write and _read are the two
 * directions. Errors as store/db; E_CORRUPT for layers that cannot be read. */
#ifndef TOCSIN_STORE_ONCALL_H
#define TOCSIN_STORE_ONCALL_H

#include "store/db.h"

/* Removed ones are not found. `layers` is filled. */
NODISCARD enum err schedules_get(struct db *db, struct arena *arena, struct hash_key id_key,
                                 struct id id, struct schedule *out);
NODISCARD enum err schedules_by_name(struct db *db, struct arena *arena, struct str name,
                                     struct schedule *out); /* Without layers. */
/* With layers; one whose layers cannot be read is shown without. */
struct schedule_page {
    struct hash_key id_key;
    struct id after;
    int64_t limit;
};
NODISCARD enum err schedules_page(struct db *db, struct arena *arena,
                                  const struct schedule_page *page, struct list *out);
NODISCARD enum err schedules_count(struct db *db, int64_t *out);
/* One more revision. */
NODISCARD enum err schedules_touch(struct db *db, struct id id, struct instant now);

/* Fills layers_json from layers, and back. */
void schedule_layers_write(struct arena *arena, struct hash_key id_key, struct schedule *schedule);
NODISCARD enum err schedule_layers_read(struct arena *arena, struct hash_key id_key,
                                        struct schedule *schedule);

/* Those that have a part in [from, to), in the order in which they were made. */
struct override_period {
    struct id schedule;
    struct instant from;
    struct instant to;
};
NODISCARD enum err overrides_between(struct db *db, struct arena *arena,
                                     const struct override_period *period, struct list *out);
struct override_page {
    struct id schedule;
    struct id after;
    int64_t limit;
};
NODISCARD enum err overrides_page(struct db *db, struct arena *arena,
                                  const struct override_page *page, struct list *out);
/* Those that end after `after`; all for INSTANT_NONE. */
NODISCARD enum err overrides_count(struct db *db, struct id schedule, struct instant after,
                                   int64_t *out);

/* Makes the secret, which is `secret` in hexadecimal digits and kept as a hash only. */
NODISCARD enum err schedule_feeds_make(struct db *db, struct arena *arena,
                                       struct schedule_feed *feed, struct str *secret);
/* Revoked ones too. */
NODISCARD enum err schedule_feeds_by_secret(struct db *db, struct arena *arena, struct str secret,
                                            struct schedule_feed *out);
NODISCARD enum err schedule_feeds_of(struct db *db, struct arena *arena, struct id schedule,
                                     struct list *out);
NODISCARD enum err schedule_feeds_revoke(struct db *db, struct id schedule, struct instant now);

#endif
