#include "base/rng.h"

#include <assert.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

struct rng rng_from_seed(uint64_t seed)
{
    struct rng rng;
    for (int i = 0; i < 4; i++) {
        rng.state[i] = splitmix(&seed);
    }
    return rng;
}

static uint64_t rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *rng, uint64_t limit)
{
    assert(limit > 0);
    uint64_t threshold = (0 - limit) % limit;
    for (;;) {
        uint64_t value = rng_next(rng);
        if (value >= threshold) {
            return value % limit;
        }
    }
}

int64_t rng_between(struct rng *rng, int64_t low, int64_t high)
{
    assert(low <= high);
    uint64_t count = (uint64_t)high - (uint64_t)low + 1;
    /* All 2^64 values wrap the count to 0. */
    uint64_t offset = count == 0 ? rng_next(rng) : rng_below(rng, count);
    return (int64_t)((uint64_t)low + offset);
}

bool rng_chance(struct rng *rng, unsigned part, unsigned whole)
{
    return rng_below(rng, whole) < part;
}
