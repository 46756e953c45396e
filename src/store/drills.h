/* store/drills: drills, and what their reports and the reachability of people are read from. */
#ifndef TOCSIN_STORE_DRILLS_H
#define TOCSIN_STORE_DRILLS_H

#include "store/db.h"

struct drill_page {
    struct id user;   /* Unset for everybody's. */
    struct id before; /* Unset for the newest. */
    int64_t limit;
};
NODISCARD enum err drills_page(struct db *db, struct arena *arena, const struct drill_page *page,
                               struct list *out, int64_t *total);
NODISCARD enum err drills_of_incident(struct db *db, struct arena *arena, struct id incident,
                                      struct drill *out);
/* How many of its steps are to come, or were sent and are not confirmed. */
NODISCARD enum err drills_unconfirmed(struct db *db, struct id incident, int64_t *out);
/* A list of struct drill_failure. */
NODISCARD enum err drills_failures(struct db *db, struct arena *arena, struct id incident,
                                   struct list *out);
/* INSTANT_NONE for never. */
NODISCARD enum err messages_confirmed_at(struct db *db, struct id message, struct instant *out);

struct reach_row {
    enum channel channel;
    enum receipt_level level;
    bool is_of_meeting;
    struct instant sent_at; /* When it was promised, where no provider took it. */
    struct instant confirmed_at;
};
enum { REACH_ROWS_MAX = 2000 };
/* The newest messages to a person that were tried since then. */
NODISCARD enum err reach_rows(struct db *db, struct id user, struct instant since,
                              struct reach_row out[static REACH_ROWS_MAX], size_t *count);

#endif
