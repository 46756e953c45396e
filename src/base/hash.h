/* base/hash: SipHash-2-4, a keyed hash that strangers cannot steer. For tables in memory and the
 * tails of ids, not for secrets at rest.
 *
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012); the unit test has its
 * reference vectors. */
#ifndef TOCSIN_BASE_HASH_H
#define TOCSIN_BASE_HASH_H

#include "base/str.h"

struct hash_key {
    uint64_t low;
    uint64_t high;
};

uint64_t hash_bytes(struct hash_key key, struct str bytes);

#endif
