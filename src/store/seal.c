#include "store/seal_internal.h"

#include "base/buf.h"
#include "base/memory.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* "table.column.row"; without a format, because it is made for each value that is sealed or opened.
 */
static struct str describe_place(struct arena *arena, struct seal_place where)
{
    struct buf place = {.ptr = arena_alloc(arena, PLACE_BYTES), .cap = PLACE_BYTES, .arena = arena};
    buf_add_text(&place, where.table);
    buf_add_byte(&place, '.');
    buf_add_text(&place, where.column);
    buf_add_byte(&place, '.');
    buf_add_int(&place, where.row.value);
    return buf_str(&place);
}

/* 128 random bits of this process and a count: as good as all random (no two are ever the same),
 * and without a call into the system for each value. */
static void next_nonce(struct seal *seal, unsigned char out[static NONCE_BYTES])
{
    uint64_t count = atomic_fetch_add_explicit(&seal->sealed, 1, memory_order_relaxed);
    memcpy(out, seal->nonce_start, sizeof seal->nonce_start);
    memcpy(out + sizeof seal->nonce_start, &count, sizeof count);
}

/* XChaCha20-Poly1305 but for its first step, which gives start_key for each nonce of ours, is
 * ChaCha20-Poly1305 with the rest of the nonce. */
static void shorten_nonce(const unsigned char nonce[static NONCE_BYTES],
                          unsigned char out[static SHORT_NONCE_BYTES])
{
    memset(out, 0, SHORT_NONCE_BYTES - sizeof(uint64_t));
    memcpy(out + SHORT_NONCE_BYTES - sizeof(uint64_t), nonce + NONCE_BYTES - sizeof(uint64_t),
           sizeof(uint64_t));
}

struct str seal_under(struct seal *seal, const struct data_key *key, struct seal_place where,
                      struct arena *arena, struct str plain)
{
    struct str place = describe_place(arena, where);
    unsigned char *bytes = arena_alloc(arena, HEADER_BYTES + plain.len + TAG_BYTES);
    bytes[0] = (unsigned char)atomic_load_explicit(&key->number, memory_order_relaxed);
    next_nonce(seal, bytes + 1);
    unsigned long long sealed_len = 0;
    unsigned char nonce[SHORT_NONCE_BYTES];
    shorten_nonce(bytes + 1, nonce);
    crypto_aead_chacha20poly1305_ietf_encrypt(
        bytes + HEADER_BYTES, &sealed_len, (const unsigned char *)plain.ptr, plain.len,
        (const unsigned char *)place.ptr, place.len, NULL, nonce, key->start_key);
    return (struct str){(const char *)bytes, HEADER_BYTES + (size_t)sealed_len};
}

static struct str seal_text(void *context, struct arena *arena, struct seal_place where,
                            struct str plain)
{
    struct seal *seal = context;
    return seal_under(seal, seal_current(seal), where, arena, plain);
}

struct sealed_value {
    struct str place;
    struct str bytes;
};

/* What this process has sealed itself is opened without the first step, too. */
static bool unseal(const struct seal *seal, const struct data_key *key,
                   const struct sealed_value *sealed, unsigned char *plain, unsigned long long *len)
{
    const unsigned char *nonce = (const unsigned char *)sealed->bytes.ptr + 1;
    const unsigned char *cipher = nonce + NONCE_BYTES;
    const unsigned char *bound = (const unsigned char *)sealed->place.ptr;
    size_t cipher_len = sealed->bytes.len - HEADER_BYTES;
    unsigned char short_nonce[SHORT_NONCE_BYTES];
    if (memcmp(nonce, seal->nonce_start, sizeof seal->nonce_start) != 0) {
        return crypto_aead_xchacha20poly1305_ietf_decrypt(plain, len, NULL, cipher, cipher_len,
                                                          bound, sealed->place.len, nonce,
                                                          key->field_key) == 0;
    }
    shorten_nonce(nonce, short_nonce);
    return crypto_aead_chacha20poly1305_ietf_decrypt(plain, len, NULL, cipher, cipher_len, bound,
                                                     sealed->place.len, short_nonce,
                                                     key->start_key) == 0;
}

static enum err open_text(void *context, struct arena *arena, struct seal_place where,
                          struct str sealed, struct str *plain)
{
    const struct seal *seal = context;
    if (sealed.len < HEADER_BYTES + TAG_BYTES) {
        return E_CORRUPT;
    }
    const struct data_key *key = seal_numbered(seal, (unsigned char)sealed.ptr[0]);
    if (key == NULL) {
        return E_CORRUPT;
    }
    struct sealed_value value = {describe_place(arena, where), sealed};
    char *text = arena_alloc(arena, sealed.len - HEADER_BYTES - TAG_BYTES + 1);
    unsigned long long len = 0;
    if (!unseal(seal, key, &value, (unsigned char *)text, &len)) {
        return E_CORRUPT;
    }
    *plain = (struct str){text, (size_t)len};
    return OK;
}

struct sealer seal_as_sealer(struct seal *seal)
{
    return (struct sealer){.context = seal, .seal = seal_text, .open = open_text};
}

static void hash_on(unsigned char out[static LOOKUP_DIGEST_BYTES], struct str text,
                    const unsigned char *key)
{
    crypto_generichash(out, LOOKUP_DIGEST_BYTES, (const unsigned char *)text.ptr, text.len, key,
                       KEY_BYTES);
}

/* Through the keys from the first on, so that a hash can be carried to the next key by whoever does
 * not know the text any more. */
static struct str lookup_under(const struct seal *seal, const struct data_key *key,
                               struct arena *arena, struct str text)
{
    unsigned char *hash = arena_alloc(arena, LOOKUP_HASH_BYTES);
    unsigned char *digest = hash + 1;
    int number = atomic_load_explicit(&key->number, memory_order_relaxed);
    for (int i = 1; i < number; i++) {
        unsigned char step[LOOKUP_DIGEST_BYTES];
        hash_on(step, text, seal->lookups[i - 1]);
        memcpy(digest, step, sizeof step);
        text = (struct str){(const char *)digest, LOOKUP_DIGEST_BYTES};
    }
    unsigned char last[LOOKUP_DIGEST_BYTES];
    hash_on(last, text, key->lookup_key);
    memcpy(digest, last, sizeof last);
    hash[0] = (unsigned char)number;
    return (struct str){(const char *)hash, LOOKUP_HASH_BYTES};
}

struct str seal_lookup_hash(const struct seal *seal, struct arena *arena, struct str text)
{
    return str_is_set(text) ? lookup_under(seal, seal_current(seal), arena, text) : STR_NONE;
}

struct lookup seal_lookup(const struct seal *seal, struct arena *arena, struct str text)
{
    struct str now = seal_lookup_hash(seal, arena, text);
    const struct data_key *before = seal_before(seal);
    bool is_both = before != NULL && str_is_set(text);
    return (struct lookup){now, is_both ? lookup_under(seal, before, arena, text) : now};
}

enum err seal_carry_hash(const struct seal *seal, struct arena *arena, struct str hash,
                         struct str *out)
{
    const struct data_key *before = seal_before(seal);
    const struct data_key *current = seal_current(seal);
    bool fits = before != NULL && hash.len == LOOKUP_HASH_BYTES &&
                (unsigned char)hash.ptr[0] == atomic_load(&before->number);
    if (!fits) {
        return E_CORRUPT;
    }
    unsigned char *carried = arena_alloc(arena, LOOKUP_HASH_BYTES);
    carried[0] = (unsigned char)atomic_load(&current->number);
    hash_on(carried + 1, str_slice(hash, 1, hash.len), current->lookup_key);
    *out = (struct str){(const char *)carried, LOOKUP_HASH_BYTES};
    return OK;
}

static void sign_under(const struct data_key *key, struct str text,
                       uint8_t out[static SHA256_BYTES])
{
    crypto_generichash(out, SHA256_BYTES, (const unsigned char *)text.ptr, text.len, key->link_key,
                       KEY_BYTES);
}

void seal_sign(const struct seal *seal, struct str text, uint8_t out[static SHA256_BYTES])
{
    sign_under(seal_current(seal), text, out);
}

bool seal_sign_before(const struct seal *seal, struct str text, struct instant now,
                      uint8_t out[static SHA256_BYTES])
{
    int at = atomic_load(&seal->links_before);
    bool is_good = at >= 0 && now.us < atomic_load(&seal->links_until_us);
    if (is_good) {
        sign_under(&seal->keys[at], text, out);
    }
    return is_good;
}

void sha256(struct str bytes, uint8_t out[static SHA256_BYTES])
{
    /* OpenSSL's uses the processor's instructions for it, libsodium's does not. */
    SHA256((const unsigned char *)bytes.ptr, bytes.len, out);
}

struct digest {
    EVP_MD *algorithm;
    EVP_MD_CTX *context;
};

struct digest *digest_new(void)
{
    struct digest *digest = memory_new(sizeof *digest);
    digest->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    digest->context = EVP_MD_CTX_new();
    if (digest->algorithm == NULL || digest->context == NULL) {
        memory_is_out();
    }
    return digest;
}

void digest_free(struct digest **digest)
{
    if (*digest != NULL) {
        EVP_MD_CTX_free((*digest)->context);
        EVP_MD_free((*digest)->algorithm);
        free(*digest);
        *digest = NULL;
    }
}

void digest_sha256(struct digest *digest, struct str bytes, uint8_t out[static SHA256_BYTES])
{
    unsigned count = 0;
    bool is_done = EVP_DigestInit_ex2(digest->context, digest->algorithm, NULL) == 1 &&
                   EVP_DigestUpdate(digest->context, bytes.ptr, bytes.len) == 1 &&
                   EVP_DigestFinal_ex(digest->context, out, &count) == 1;
    assert(is_done && count == SHA256_BYTES);
}

struct str hex_text(struct arena *arena, const uint8_t *bytes, size_t count)
{
    char *text = arena_alloc(arena, count * 2 + 1);
    sodium_bin2hex(text, count * 2 + 1, bytes, count);
    return (struct str){text, count * 2};
}

bool hex_bytes(struct arena *arena, struct str text, struct str *out)
{
    size_t read = 0;
    unsigned char *bytes = arena_alloc(arena, text.len / 2 + 1);
    bool is_hex = text.len > 0 && text.len % 2 == 0 &&
                  sodium_hex2bin(bytes, text.len / 2, text.ptr, text.len, NULL, &read, NULL) == 0 &&
                  read == text.len / 2;
    *out = (struct str){(const char *)bytes, read};
    return is_hex;
}

struct str random_secret(struct arena *arena, size_t bytes)
{
    unsigned char *secret = arena_alloc(arena, bytes);
    randombytes_buf(secret, bytes);
    return hex_text(arena, secret, bytes);
}

struct str secret_hash(struct arena *arena, struct str secret)
{
    uint8_t *digest = arena_alloc(arena, SHA256_BYTES);
    sha256(secret, digest);
    return (struct str){(const char *)digest, SHA256_BYTES};
}

uint64_t random_number(void)
{
    uint64_t number = 0;
    randombytes_buf(&number, sizeof number);
    return number;
}

bool equal_in_constant_time(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || sodium_memcmp(a.ptr, b.ptr, a.len) == 0);
}
