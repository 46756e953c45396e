#include "base/hash.h"

#include <string.h>

struct sip_state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static void sip_round(struct sip_state *s)
{
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static void sip_word(struct sip_state *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    sip_round(s);
    s->v0 ^= word;
}

/* Up to eight bytes, little-endian. */
static uint64_t load(const char *bytes, size_t count)
{
    uint64_t word = 0;
    for (size_t i = 0; i < count; i++) {
        word |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
    }
    return word;
}

uint64_t hash_bytes(struct hash_key key, struct str bytes)
{
    struct sip_state s = {key.low ^ 0x736f6d6570736575U, key.high ^ 0x646f72616e646f6dU,
                          key.low ^ 0x6c7967656e657261U, key.high ^ 0x7465646279746573U};
    const char *at = bytes.ptr == NULL ? "" : bytes.ptr;
    size_t left = bytes.len;
    for (; left >= 8; left -= 8) {
        sip_word(&s, load(at, 8));
        at += 8;
    }
    sip_word(&s, load(at, left) | (uint64_t)bytes.len << 56);
    s.v2 ^= 0xff;
    for (int i = 0; i < 4; i++) {
        sip_round(&s);
    }
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
