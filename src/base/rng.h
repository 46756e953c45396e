/* base/rng: a seeded generator for simulation and jitter. Never for secrets (those come from the
 * system, through libsodium).
 *
 * xoshiro256** seeded by splitmix64 (Blackman and Vigna, public domain algorithm): the same seed
 * gives the same run. */
#ifndef TOCSIN_BASE_RNG_H
#define TOCSIN_BASE_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t state[4];
};

struct rng rng_from_seed(uint64_t seed);
uint64_t rng_next(struct rng *rng);
uint64_t rng_below(struct rng *rng, uint64_t limit);             /* In [0, limit); limit > 0. */
int64_t rng_between(struct rng *rng, int64_t low, int64_t high); /* In [low, high]. */
bool rng_chance(struct rng *rng, unsigned part, unsigned whole); /* True `part` times of `whole`. */

#endif
