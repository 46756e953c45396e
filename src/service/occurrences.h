/* service/occurrences: what follows a call of a series, and why nothing does (S6).
 *
 * Whoever ends a call asks for the next one in the same operation; a number of a series is there
 * once, so asking again makes nothing. A series ends with its last time, with whatever was
 * cancelled (the call, its campaign, all that waits), with its agent or its owner, and where its
 * number may not be called any more: then the reason is noted at the call (seriesEnded) and told in
 * the trail (CALL_SERIES_ENDED). */
#ifndef TOCSIN_SERVICE_OCCURRENCES_H
#define TOCSIN_SERVICE_OCCURRENCES_H

#include "service/op.h"

/* Makes the next occurrence of an ended call's series; `*next` is the one that is there, unset
 * where none follows. The call is the row as it is now, its metadata included. */
NODISCARD enum err scheduled_call_follow(struct op *op, struct scheduled_call *call,
                                         struct id *next);
/* The same before it has ended, where it is moved to the day of the next one or beyond. */
NODISCARD enum err scheduled_call_follow_early(struct op *op, const struct scheduled_call *call,
                                               struct id *next);
/* Nothing follows this call; of a call that is none of a series nothing is noted. */
NODISCARD enum err scheduled_call_end_series(struct op *op, struct scheduled_call *call,
                                             const char *why);
/* Why a call that has begun, or is to begin, has lost its sense: campaign_cancelled or
 * person_removed; NULL where it has not. */
NODISCARD enum err scheduled_call_called_off(struct op *op, const struct scheduled_call *call,
                                             const char **why);
/* Whether this owner is one of our people, who was removed. */
NODISCARD enum err scheduled_call_owner_is_gone(struct op *op, struct str user, bool *out);
/* Its id, or the one that it was given when it was restored or tried again by hand. */
struct id scheduled_call_since(const struct scheduled_call *call);
/* It was there when the queue was drained, and has not ended or been renewed since. */
bool scheduled_call_is_drained(const struct op *op, const struct scheduled_call *call);

#endif
