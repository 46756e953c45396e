/* domain/pace: how fast a provider may be given messages, and in which order those that wait go
 * (V9).
 *
 * Pure. A bucket says when the next unit (a call, a segment of a text) may leave, with no burst
 * beyond one message: carriers queue what comes faster, and what queues there cannot be stopped.
 * The order is by rank, then by rounds: each person gets one place in each round, so that one
 * person's flood never starves another. Rates are in thousandths of a unit a second; 0 is no limit.
 * The caller's clock may step: an instant before the last one moves the bucket back with it. */
#ifndef TOCSIN_DOMAIN_PACE_H
#define TOCSIN_DOMAIN_PACE_H

#include "base/time.h"

struct bucket {
    int64_t rate_milli;      /* Units a thousand seconds. */
    struct instant free_at;  /* When the next one may leave. */
    struct instant taken_at; /* When the last one did. */
};

/* Whether a wait of `whole`, until `until`, is over. One with more left than it ever had is, too:
 * it was begun by a clock that has been set back since. */
bool wait_is_over(struct instant until, struct duration whole, struct instant now);

/* When the next message may leave: `now` or later. */
struct instant bucket_ready_at(const struct bucket *bucket, struct instant now);
void bucket_take(struct bucket *bucket, int64_t units, struct instant now);
/* How long so many units take. */
struct duration bucket_time_of(const struct bucket *bucket, int64_t units);

/* What goes first; the lower the earlier. */
enum lane_rank { RANK_FIRST, RANK_HIGH, RANK_MEDIUM, RANK_LOW };

/* `is_first`: of an incident, or of a meeting's stage. `priority` is 1, 5 or 10. */
enum lane_rank lane_rank_of(bool is_first, int64_t priority);

/* Which round somebody's next message goes in: the one after their last, but never one that is
 * over. `current` is the round of the last message that went. */
int64_t round_of_next(int64_t current, int64_t last_of_person);
/* One number to sort by. */
int64_t lane_key(enum lane_rank rank, int64_t round);
int64_t lane_key_round(int64_t key);

/* "2.5" → 2500. At most three decimals, at most 1,000,000 a second. E_INVALID otherwise. */
NODISCARD enum err pace_rate_parse(struct str text, int64_t *out);

#endif
