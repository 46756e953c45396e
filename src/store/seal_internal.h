/* store/seal_internal: what seal (texts) and seal_keys (the keys) share. */
#ifndef TOCSIN_STORE_SEAL_INTERNAL_H
#define TOCSIN_STORE_SEAL_INTERNAL_H

#include "store/seal_keys.h"

#include <sodium.h>
#include <stdatomic.h>

enum {
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    KEY_BYTES = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    SHORT_NONCE_BYTES = crypto_aead_chacha20poly1305_ietf_NPUBBYTES,
    HEADER_BYTES = 1 + NONCE_BYTES,
    LOOKUP_DIGEST_BYTES = LOOKUP_HASH_BYTES - 1,
    KEY_TEXT_MIN = 16,
    PLACE_BYTES = 64,
    KEYS_MAX = 16, /* Of one process. */
    NO_KEY = -1
};

/* A key is filled in before its number is set, and never changes afterwards: other threads read it
 * meanwhile. */
struct data_key {
    _Atomic int number; /* 0: not in use. */
    unsigned char field_key[KEY_BYTES];
    unsigned char lookup_key[KEY_BYTES];
    unsigned char link_key[KEY_BYTES];
    unsigned char start_key[KEY_BYTES]; /* What XChaCha20 makes of field_key and nonce_start. */
};

struct seal {
    unsigned char nonce_start[NONCE_BYTES - sizeof(uint64_t)];
    struct data_key keys[KEYS_MAX];
    _Atomic int key_count;
    _Atomic int current;
    _Atomic int before;       /* While rows of it may be left, else NO_KEY. */
    _Atomic int links_before; /* Whose signatures count until then, or NO_KEY. */
    _Atomic int64_t links_until_us;
    unsigned char lookups[DATA_KEY_NUMBER_MAX][KEY_BYTES]; /* Of the keys before: of key 1 first. */
    unsigned char hook_key[KEY_BYTES];
    _Atomic uint64_t sealed; /* How many values this process has sealed. */
};

static inline const struct data_key *seal_current(const struct seal *seal)
{
    return &seal->keys[atomic_load_explicit(&seal->current, memory_order_acquire)];
}

static inline const struct data_key *seal_before(const struct seal *seal)
{
    int at = atomic_load_explicit(&seal->before, memory_order_acquire);
    return at == NO_KEY ? NULL : &seal->keys[at];
}

/* NULL for a number that no key has. */
const struct data_key *seal_numbered(const struct seal *seal, int number);
struct str seal_under(struct seal *seal, const struct data_key *key, struct seal_place where,
                      struct arena *arena, struct str plain);

#endif
