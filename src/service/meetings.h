/* service/meetings: meetings as they come from calendars and callers: created, changed, moved,
 * cancelled, with their alerts in the same transaction (requirements M4-M6). A meeting that is
 * given as it is already stands is not written at all. */
#ifndef TOCSIN_SERVICE_MEETINGS_H
#define TOCSIN_SERVICE_MEETINGS_H

#include "service/op.h"
#include "store/meetings.h"

struct meeting_facts {
    struct id user;
    struct id calendar; /* Unset for one that was pushed. */
    struct id resource; /* Which part of the calendar. */
    struct str external_id;
    struct str title;
    struct instant starts_at;
    struct instant ends_at;
    struct str timezone;
    struct str join_url;
    enum meeting_status status;
    int64_t sequence;
    struct instant modified_at;
    bool is_all_day;
    bool is_transparent;
};

/* SCHEDULED or TENTATIVE. */
bool meeting_takes_place(int status);

/* Creates or updates one meeting, and counts what that was in `result`. */
NODISCARD enum err take_meeting(struct op *op, const struct meeting_facts *facts,
                                struct sync_result *result);
/* A calendar does not have the meeting any more. */
NODISCARD enum err drop_meeting(struct op *op, struct id calendar, struct meeting *meeting,
                                struct sync_result *result);
/* Every meeting ahead of a person that is being removed. */
NODISCARD enum err cancel_meetings_of(struct op *op, struct id user, const char *reason);

/* Ends what the plan of a meeting still has ahead, and plans it anew; the row is the caller's to
 * write. */
NODISCARD enum err replan_meeting(struct op *op, struct meeting *meeting, const char *reason);
NODISCARD enum err list_meetings(struct op *op, const void *input, void *output);
NODISCARD enum err get_meeting(struct op *op, const void *input, void *output);
/* The meeting with its alerts, answer and incident. */
NODISCARD enum err show_meeting(struct op *op, const struct meeting *meeting, bool with_earlier,
                                struct meeting_view *out);

#endif
