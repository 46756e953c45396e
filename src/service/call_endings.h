/* service/call_endings: scheduled calls that are ended before their time: by their owner, with
 * their campaign, with the queue, or because their owner was removed.
 *
 * What waits for its time is cancelled; what waits for its next attempt has failed with the reason;
 * what is under way is left alone and is not tried again (service/call_outcomes). */
#ifndef TOCSIN_SERVICE_CALL_ENDINGS_H
#define TOCSIN_SERVICE_CALL_ENDINGS_H

#include "service/op.h"

/* Whether the call waits, for its time or its next attempt: nothing of it is on the wire. */
bool scheduled_call_waits(const struct scheduled_call *call);
/* Ends one that waits. Its series ends with it for that reason, unless `goes_on`. */
struct call_ending {
    const char *why;
    bool goes_on;
};
NODISCARD enum err scheduled_call_end_waiting(struct op *op, struct scheduled_call *call,
                                              const struct call_ending *ending);
/* The same for the others of its series: there are some where one was moved. Nothing follows one
 * that is under way. */
NODISCARD enum err scheduled_call_end_rest(struct op *op, const struct scheduled_call *call,
                                           const struct call_ending *ending);
/* The same by id; one that cannot be read has failed. */
NODISCARD enum err scheduled_call_end_by_id(struct op *op, struct id id,
                                            const struct call_ending *ending);
/* A person was removed: none of the calls that are theirs is made any more. Those that are more
 * than one operation should end are ended by a timer. */
NODISCARD enum err calls_person_removed(struct op *op, struct id user);

#endif
