/* store/seal: encryption of single fields at rest, and keyed hashes for looking things up
 * (requirement P5).
 *
 * XChaCha20-Poly1305 with a random nonce; table, column and row are authenticated, so that a sealed
 * value cannot be moved. A sealed value starts with a byte that names the key, so that keys can be
 * rotated (store/seal_keys). The look-up hash is the key's number and BLAKE2b-128 under a key
 * derived from the data key, over the hash under the key before it, and so on down to the first. A
 * value is stored as bytes: key number, nonce, ciphertext with tag. The data key is 32 bytes, given
 * as 64 hexadecimal digits, or derived from any other text of at least 16 bytes (BLAKE2b).
 * Threads: any, but for store/seal_keys. Errors: E_CORRUPT for what does not open under this key.
 * */
#ifndef TOCSIN_STORE_SEAL_H
#define TOCSIN_STORE_SEAL_H

#include "model/rows.h"

struct seal;

enum { LOOKUP_HASH_BYTES = 17, SHA256_BYTES = 32, KEY_SECRET_BYTES = 24 };

NODISCARD enum err seal_new(struct str data_key, struct seal **out, struct problem *problem);
void seal_free(struct seal **seal);
struct sealer seal_as_sealer(struct seal *seal);

struct str seal_lookup_hash(const struct seal *seal, struct arena *arena, struct str text);
/* For looking a text up: rows have one hash or the other while the data key is being changed;
 * otherwise both are the same. */
struct lookup {
    struct str now;
    struct str before;
};
struct lookup seal_lookup(const struct seal *seal, struct arena *arena, struct str text);
/* HMAC-like keyed hash for links and tokens: 32 bytes, under a key of its own. */
void seal_sign(const struct seal *seal, struct str text, uint8_t out[static SHA256_BYTES]);
/* The same under the key before; false where there is none, or its signatures are over by `now`. */
bool seal_sign_before(const struct seal *seal, struct str text, struct instant now,
                      uint8_t out[static SHA256_BYTES]);

void sha256(struct str bytes, uint8_t out[static SHA256_BYTES]);
/* The same for many texts one after another: what each would look up and set aside is kept. For one
 * thread at a time. */
struct digest;
struct digest *digest_new(void);
void digest_free(struct digest **digest);
void digest_sha256(struct digest *digest, struct str bytes, uint8_t out[static SHA256_BYTES]);
/* Lower-case hexadecimal digits of bytes. */
struct str hex_text(struct arena *arena, const uint8_t *bytes, size_t count);
/* Back; false for what is not that. */
bool hex_bytes(struct arena *arena, struct str text, struct str *out);
/* A new random secret, as hexadecimal text: for keys that people keep. */
struct str random_secret(struct arena *arena, size_t bytes);
/* SHA-256 of a secret that somebody shows us, as the rows keep it. */
struct str secret_hash(struct arena *arena, struct str secret);
uint64_t random_number(void);
/* Equal in a time that does not tell where they differ. */
bool equal_in_constant_time(struct str a, struct str b);

#endif
