/* service/night: what is looked over once a night, at 03:00 UTC: policies, schedules and people by
 * the lint, gaps of schedules, and what is past its keeping.
 *
 * A portion at a time: each is an operation of its own, and the next is due at once, so that others
 * have their turn in between. How far it came is a setting, so that a crash costs nothing. A walk
 * for gaps alone begins whenever a person was removed. What is to be archived goes beside them, by
 * a timer of its own (service/retention). */
#ifndef TOCSIN_SERVICE_NIGHT_H
#define TOCSIN_SERVICE_NIGHT_H

#include "service/op.h"

/* How far one of the walks came. */
struct night_walk {
    struct id after; /* Everything up to here was looked at; unset at the beginning. */
    int64_t added;   /* Findings of the lint that are new. */
    bool is_done;    /* Nothing is left; set by each portion. */
};

/* At start: the next night, unless it is expected already. */
NODISCARD enum err night_arm(struct op *op);
/* All schedules are looked at for gaps soon; a walk that is under way begins anew. */
NODISCARD enum err night_look_for_gaps(struct op *op);

#endif
