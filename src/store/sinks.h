/* store/sinks: event sinks, how far each got, and what they would not take. Whole rows go through
 * db_insert, db_update and db_get. Errors as store/db. */
#ifndef TOCSIN_STORE_SINKS_H
#define TOCSIN_STORE_SINKS_H

#include "store/db.h"

/* Oldest first, at most `limit` after an id. */
NODISCARD enum err sinks_page(struct db *db, struct arena *arena, struct id after, int64_t limit,
                              struct list *out);
NODISCARD enum err sinks_in_state(struct db *db, enum sink_state state, int64_t *out);
NODISCARD enum err sinks_count(struct db *db, int64_t *out);
/* Those that the next event is to wake. */
NODISCARD enum err sinks_each_asleep(struct db *db, void *context,
                                     enum err (*each)(void *context, struct id sink));
NODISCARD enum err sinks_wake(struct db *db, struct id sink);
/* When the last request to a base of Airtable's began; unset for never. */
NODISCARD enum err sinks_asked_at(struct db *db, struct str base, struct instant *out);
/* How many sinks of the base have something to be told and are well. */
NODISCARD enum err sinks_sharing(struct db *db, struct str base, int64_t *out);
/* No sink of the base is told anything before `until`. */
NODISCARD enum err sinks_hold_base(struct db *db, struct str base, struct instant until);
/* The event up to which every sink that is enabled has been told; `fallback` where there is none.
 */
NODISCARD enum err sinks_needed(struct db *db, struct id fallback, struct id *out);
/* With its dead letters. */
NODISCARD enum err sinks_remove(struct db *db, struct id sink);

/* What sinks are told: incidents and dispatches, not what only people on the spot need. */
bool event_is_for_sinks(enum event_kind kind);
/* The last one of the next `most` events after an id; unset where there is none. */
NODISCARD enum err sink_batch_end(struct db *db, struct id after, int64_t most, struct id *out);
/* The events of (after, until]. */
NODISCARD enum err sink_batch_read(struct db *db, struct arena *arena, struct id after,
                                   struct id until, struct list *out);
NODISCARD enum err sink_waiting_count(struct db *db, struct id after, int64_t *out);
/* Removes at most `most` events up to an id, but for those that dead letters name. */
NODISCARD enum err events_forget(struct db *db, struct id until, int64_t most, int64_t *removed);

NODISCARD enum err dead_letters_of_event(struct db *db, struct arena *arena, struct id event,
                                         struct id sink, struct sink_dead_letter *out);
/* The oldest one that is to be told once more; E_NOT_FOUND. */
NODISCARD enum err dead_letters_again(struct db *db, struct arena *arena, struct id sink,
                                      struct sink_dead_letter *out);
struct dead_letter_page {
    struct id sink;
    struct id after;
    int64_t limit;
};
NODISCARD enum err dead_letters_page(struct db *db, struct arena *arena,
                                     const struct dead_letter_page *page, struct list *out);
NODISCARD enum err dead_letters_count(struct db *db, struct id sink, int64_t *out);
/* All of a sink's are to be told once more. */
NODISCARD enum err dead_letters_repeat(struct db *db, struct id sink);
NODISCARD enum err dead_letters_remove(struct db *db, struct id id);
NODISCARD enum err dead_letters_forget(struct db *db, struct instant before);

#endif
