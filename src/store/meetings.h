/* store/meetings: meetings, their alerts and check-ins. Whole rows go through db_insert, db_update
 * and db_get. Errors as store/db.
 *
 * The functions that change a state do so only from the state they name and say E_CONFLICT when the
 * row was elsewhere. */
#ifndef TOCSIN_STORE_MEETINGS_H
#define TOCSIN_STORE_MEETINGS_H

#include "store/db.h"

NODISCARD enum err meetings_by_external(struct db *db, struct arena *arena, struct id user,
                                        struct str external_id, struct meeting *out);
struct meeting_window {
    struct instant from;
    struct instant to;
};
struct calendar_part {
    struct id calendar;
    struct id resource; /* Unset for all of them. */
    struct meeting_window window;
};
/* Meetings of a calendar, or of one of its resources, that touch [from, to). */
NODISCARD enum err meetings_of_calendar(struct db *db, struct arena *arena,
                                        const struct calendar_part *part, struct list *out);
/* A person's meetings that start at `from` or later. */
NODISCARD enum err meetings_ahead(struct db *db, struct arena *arena, struct id user,
                                  struct instant from, struct list *out);

/* A page in the order of (start, id) for one person, of id for everybody (user unset). */
struct meeting_page {
    struct id user;
    struct meeting_window window;
    struct instant after_start;
    struct id after;
    int64_t limit;
};
NODISCARD enum err meetings_page(struct db *db, struct arena *arena,
                                 const struct meeting_page *page, struct list *out, int64_t *total);

NODISCARD enum err alerts_of_meeting(struct db *db, struct arena *arena, struct id meeting,
                                     struct list *out);
/* PENDING to SENDING. */
NODISCARD enum err alerts_claim(struct db *db, const struct alert *alert);
/* PENDING to SKIPPED. */
NODISCARD enum err alerts_skip(struct db *db, struct id id, struct instant now, struct str reason);
/* SENDING to status, sent_at and reason of `alert`. */
NODISCARD enum err alerts_end(struct db *db, const struct alert *alert);
NODISCARD enum err alerts_set_message(struct db *db, struct id id, struct id message);
/* Another message carries it: message_id, channel and reason of `alert`, in whatever state. */
NODISCARD enum err alerts_onward(struct db *db, const struct alert *alert);
/* All that are PENDING become CANCELLED. */
NODISCARD enum err alerts_cancel_pending(struct db *db, struct id meeting, struct str reason,
                                         int64_t *cancelled);
NODISCARD enum err meetings_was_joined(struct db *db, struct id id, bool *out);
/* Whether anybody joined has been looked at: check_at is unset. */
/* Checks that are due, which end together where somebody joined and nothing else is remembered of
 * them: then there is nothing to do. */
enum { CHECKS_TOGETHER = 32 };
struct checks {
    struct id ids[CHECKS_TOGETHER]; /* Of meetings. */
    size_t count;
    bool is_ended[CHECKS_TOGETHER];
};
NODISCARD enum err meetings_joined_checked(struct db *db, struct instant now,
                                           struct checks *checks);
NODISCARD enum err meetings_checked(struct db *db, struct id id);

NODISCARD enum err checkins_of_meeting(struct db *db, struct arena *arena, struct id meeting,
                                       struct list *out);
NODISCARD enum err checkins_last(struct db *db, struct arena *arena, struct id meeting,
                                 struct checkin *out);

#endif
