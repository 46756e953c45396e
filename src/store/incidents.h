/* store/incidents: incidents and the steps of their ladders. Whole rows go through db_insert,
 * db_update and db_get. Errors as store/db. */
#ifndef TOCSIN_STORE_INCIDENTS_H
#define TOCSIN_STORE_INCIDENTS_H

#include "store/db.h"

NODISCARD enum err incidents_open_of_meeting(struct db *db, struct arena *arena, struct id meeting,
                                             struct id user, struct incident *out);
NODISCARD enum err incidents_last_of_meeting(struct db *db, struct arena *arena, struct id meeting,
                                             struct incident *out);
/* How many incidents a plan of a meeting has had, in any state. */
NODISCARD enum err incidents_of_generation(struct db *db, struct id meeting, int64_t generation,
                                           int64_t *out);

/* The one that is open for a source's key; the API is the source 0. */
NODISCARD enum err incidents_open_of_key(struct db *db, struct arena *arena, struct id source,
                                         struct str key, struct incident *out);

/* The newest first; what is 0, unset or absent is any. */
struct incident_page {
    int state;
    int severity;
    struct id user;
    struct str dedup_key;
    struct str policy;
    struct id before; /* Unset for the first page. */
    int64_t limit;
};
/* Whether it takes more than a few ms: other filters than a state that is open, or a person alone.
 */
bool incidents_page_is_long(const struct incident_page *page);
NODISCARD enum err incidents_page(struct db *db, struct arena *arena,
                                  const struct incident_page *page, struct list *out,
                                  int64_t *total);

/* Of every round, in the order in which they were planned. */
NODISCARD enum err steps_of_incident(struct db *db, struct arena *arena, struct id incident,
                                     struct list *out);
/* A step keeps being PENDING while its message is on its way. E_CONFLICT when it was not PENDING.
 */
NODISCARD enum err steps_claim(struct db *db, const struct step *step);
/* SKIPPED, at claimed_at, with reason and user_id. */
NODISCARD enum err steps_skip(struct db *db, const struct step *step);
/* One that is PENDING and has no message. */
NODISCARD enum err steps_cancel(struct db *db, struct id id, struct str reason);
/* status, executed_at, failed_at, error_message */
NODISCARD enum err steps_end(struct db *db, const struct step *step);
NODISCARD enum err steps_set_message(struct db *db, struct id id, struct id message);
/* Another message carries it: message_id, channel and reason of `step`, in whatever state. */
NODISCARD enum err steps_onward(struct db *db, const struct step *step);
/* It is due at scheduled_at instead, for `reason`. */
NODISCARD enum err steps_hurry(struct db *db, const struct step *step);
NODISCARD enum err steps_cancel_pending(struct db *db, struct id incident, struct str reason,
                                        int64_t *cancelled);
NODISCARD enum err steps_open_count(struct db *db, struct id incident, int64_t *out);
/* Until when a message of the present round may still ring, or be told to have arrived: how long
 * after it was taken at most. Unset where none is on its way any more. */
struct answer_waits {
    struct duration call;
    struct duration text;
};
NODISCARD enum err steps_answerable_until(struct db *db, const struct incident *incident,
                                          const struct answer_waits *waits, struct instant *out);
/* Those of ladders that climb which have a message to the person. */
NODISCARD enum err steps_asking(struct db *db, struct arena *arena, struct id user,
                                struct list *out);
/* Whether a step has reached the person, or tried to. */
NODISCARD enum err steps_reached(struct db *db, struct id incident, struct id user, bool *out);

#endif
