/* domain/reachability: how surely a person is reached by one channel, as a number from 0 to 100
 * (requirement O8).
 *
 * Pure. Every message that left counts once for whether it reached them; one that asked for an
 * answer (a ladder's step, a dispatch), or got one, counts once more for whether it was confirmed:
 *     score = 100 * (reached + confirmed) / (attempts + asked), rounded down.
 * What was confirmed was reached, whatever its provider said. */
#ifndef TOCSIN_DOMAIN_REACHABILITY_H
#define TOCSIN_DOMAIN_REACHABILITY_H

#include "model/enums.h"

struct reach_tally {
    int64_t attempts;
    int64_t asked;
    int64_t reached;
    int64_t confirmed;
};

/* One more message: how far it got, and whether it asked for an answer. */
void reach_tally_add(struct reach_tally *tally, enum receipt_level level, bool asks);
/* 0 where there were no attempts. */
int reach_score(const struct reach_tally *tally);
/* Sorts the seconds; the lower one of the middle two. 0 for none. */
int64_t reach_median(int64_t *seconds, size_t count);

#endif
