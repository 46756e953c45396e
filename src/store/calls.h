/* store/calls: scheduled calls and the agents that speak in them.
 *
 * A pending row is what is due; nothing else remembers it. Errors as store/db; a change of a call
 * that is not in the state that the change starts from is E_CONFLICT. */
#ifndef TOCSIN_STORE_CALLS_H
#define TOCSIN_STORE_CALLS_H

#include "store/db.h"

/* Keyed hash of a number, as users have it: for do-not-call and consents. */
struct str phone_hash_of(struct db *db, struct arena *arena, struct str phone);
/* For looking it up; `hash` is what a row has of it, if one does, and saves the work. */
struct lookup phone_lookup(struct db *db, struct arena *arena, struct str phone, struct str hash);
/* Sets phone_hash first where it is not. */
NODISCARD enum err scheduled_calls_add(struct db *db, struct arena *arena,
                                       struct scheduled_call *call);
NODISCARD enum err scheduled_calls_get(struct db *db, struct arena *arena, struct id id,
                                       struct scheduled_call *out);

/* The newest first. What is unset or 0 does not limit; `user` or `campaign` is set. */
struct call_page {
    struct str user;
    struct id campaign;
    struct id agent;
    int status;
    struct instant from;  /* By scheduled_for, both inclusive. */
    struct instant until; /* INSTANT_NONE for no end. */
    struct id before;
    int64_t limit;
};
NODISCARD enum err scheduled_calls_page(struct db *db, struct arena *arena,
                                        const struct call_page *page, struct list *out);
/* Which shelf the newest calls stand on, and how many there are, up to `most` (service/call_shelf).
 */
NODISCARD enum err call_shelf_newest(struct db *db, int64_t *out);
NODISCARD enum err call_shelf_count(struct db *db, int64_t shelf, int64_t most, int64_t *out);
/* By going through the rows: for filters that no counter knows. */
NODISCARD enum err scheduled_calls_count(struct db *db, const struct call_page *page, int64_t *out);

/* Calls by quarters of an hour, as struct call_slot in the order of time, those without a call left
 * out. Goes through all rows. */
struct call_span {
    struct str user;    /* Unset for any. */
    struct id campaign; /* The same. */
    struct instant from;
    struct instant to; /* Exclusive. */
};
NODISCARD enum err scheduled_calls_slots(struct db *db, struct arena *arena,
                                         const struct call_span *span, struct list *out);

/* Changes of a pending call. */
NODISCARD enum err scheduled_call_cancel(struct db *db, struct id id, struct instant now);
/* Pending again: one that was cancelled; updated_at and renewed_id. */
NODISCARD enum err scheduled_call_uncancel(struct db *db, const struct scheduled_call *call);
NODISCARD enum err scheduled_call_move(struct db *db, const struct scheduled_call *call);

/* In the order in which they were added. */
struct agent_page {
    struct id after;
    bool with_archived;
    int64_t limit;
};
NODISCARD enum err agents_page(struct db *db, struct arena *arena, const struct agent_page *page,
                               struct list *out);
NODISCARD enum err agents_count(struct db *db, bool with_archived, int64_t *out);
NODISCARD enum err agent_version_of(struct db *db, struct arena *arena, struct id agent,
                                    int64_t number, struct agent_version *out);
/* The oldest first, one more than the longest page. */
NODISCARD enum err agent_versions_page(struct db *db, struct arena *arena, struct id agent,
                                       int64_t after, struct list *out);

#endif
