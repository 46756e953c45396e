/* store/seal_keys: which data keys there are, and how one takes the place of another (P5).
 *
 * A store begins with key 1. What a process was given besides are candidates, known by their
 * checks. When a key takes over, `current` seals what is written from then on, and `before` opens
 * what is not sealed anew yet. What the new key must know of those before it (their keys for
 * look-ups, the one for links, the secret of callback addresses) is its ring: sealed under it, kept
 * in the store. All but the reading of a seal is for one thread: the start's, or the writer's.
 * Errors: E_NOT_FOUND for a check that no candidate has, E_CORRUPT for a ring that does not open.
 * */
#ifndef TOCSIN_STORE_SEAL_KEYS_H
#define TOCSIN_STORE_SEAL_KEYS_H

#include "store/seal.h"

/* The number is a byte of each value, and a look-up goes through so many hashes. */
enum { DATA_KEY_NUMBER_MAX = 64 };

/* A further candidate; one that is known already is taken once. */
NODISCARD enum err seal_add(struct seal *seal, struct str data_key, struct problem *problem);
/* By what a key is known again: a keyed hash of a constant, in hexadecimal digits. */
struct str seal_check(const struct seal *seal, struct arena *arena);
struct str seal_check_of(struct str data_key, struct arena *arena, struct problem *problem);
int seal_number(const struct seal *seal);

/* At start, as the store has it: the key of this check is current, and has this ring (absent for
 * key 1). */
NODISCARD enum err seal_take_up(struct seal *seal, struct arena *arena, struct str check,
                                struct str ring);
/* The key of this check is the one before the current one. */
NODISCARD enum err seal_take_before(struct seal *seal, struct str check);

/* The ring of the next key, as bytes. Signatures of the present key count until `links_until`. */
NODISCARD enum err seal_next_ring(struct seal *seal, struct arena *arena, struct str check,
                                  struct instant links_until, struct str *out);
/* The next key takes over, its ring and check being in the store. */
NODISCARD enum err seal_turn(struct seal *seal, struct str check, struct instant links_until);
/* No row of the key before is left. */
void seal_drop_before(struct seal *seal);
bool seal_has_before(const struct seal *seal);

/* A hash of the key before as it is under the current one. */
NODISCARD enum err seal_carry_hash(const struct seal *seal, struct arena *arena, struct str hash,
                                   struct str *out);
/* The secret of the addresses that providers call: it stays what key 1 made it. */
void seal_hook_key(const struct seal *seal, uint8_t out[static SHA256_BYTES]);

#endif
