#include "store/seal.h"

#include "base/buf.h"
#include "base/memory.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    KEY_BYTES = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    SHORT_NONCE_BYTES = crypto_aead_chacha20poly1305_ietf_NPUBBYTES,
    HEADER_BYTES = 1 + NONCE_BYTES,
    KEY_TEXT_MIN = 16,
    PLACE_BYTES = 64,
    FIRST_KEY = 1
};

struct seal {
    unsigned char field_key[KEY_BYTES];
    unsigned char lookup_key[KEY_BYTES];
    unsigned char link_key[KEY_BYTES];
    unsigned char nonce_start[NONCE_BYTES - sizeof(uint64_t)];
    unsigned char start_key[KEY_BYTES]; /* What XChaCha20 makes of field_key and nonce_start. */
    _Atomic uint64_t sealed;            /* How many values this process has sealed. */
};

static void derive(unsigned char out[static KEY_BYTES], const unsigned char *master,
                   const char *purpose)
{
    crypto_generichash(out, KEY_BYTES, (const unsigned char *)purpose, strlen(purpose), master,
                       KEY_BYTES);
}

enum err seal_new(struct str data_key, struct seal **out, struct problem *problem)
{
    if (sodium_init() < 0) {
        return problem_set(problem, E_INTERNAL, NULL, "libsodium could not be initialised");
    }
    if (data_key.len < KEY_TEXT_MIN) {
        return problem_set(problem, E_INVALID, "TOCSIN_DATA_KEY",
                           "must have 64 hexadecimal digits, or at least %d characters",
                           KEY_TEXT_MIN);
    }
    struct seal *seal = sodium_malloc(sizeof *seal);
    if (seal == NULL) {
        return problem_set(problem, E_UNAVAILABLE, NULL, "out of memory");
    }
    unsigned char master[KEY_BYTES];
    size_t read = 0;
    bool is_hex =
        data_key.len == 2 * KEY_BYTES &&
        sodium_hex2bin(master, sizeof master, data_key.ptr, data_key.len, NULL, &read, NULL) == 0 &&
        read == KEY_BYTES;
    if (!is_hex) {
        crypto_generichash(master, KEY_BYTES, (const unsigned char *)data_key.ptr, data_key.len,
                           NULL, 0);
    }
    derive(seal->field_key, master, "tocsin field encryption 1");
    derive(seal->lookup_key, master, "tocsin lookup hash 1");
    derive(seal->link_key, master, "tocsin link signature 1");
    sodium_memzero(master, sizeof master);
    randombytes_buf(seal->nonce_start, sizeof seal->nonce_start);
    crypto_core_hchacha20(seal->start_key, seal->nonce_start, seal->field_key, NULL);
    atomic_init(&seal->sealed, 0);
    *out = seal;
    return OK;
}

void seal_free(struct seal **seal)
{
    if (*seal != NULL) {
        sodium_free(*seal); /* It wipes what it frees. */
        *seal = NULL;
    }
}

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

static struct str seal_text(void *context, struct arena *arena, struct seal_place where,
                            struct str plain)
{
    struct seal *seal = context;
    struct str place = describe_place(arena, where);
    unsigned char *bytes = arena_alloc(arena, HEADER_BYTES + plain.len + TAG_BYTES);
    bytes[0] = FIRST_KEY;
    next_nonce(seal, bytes + 1);
    unsigned long long sealed_len = 0;
    unsigned char nonce[SHORT_NONCE_BYTES];
    shorten_nonce(bytes + 1, nonce);
    crypto_aead_chacha20poly1305_ietf_encrypt(
        bytes + HEADER_BYTES, &sealed_len, (const unsigned char *)plain.ptr, plain.len,
        (const unsigned char *)place.ptr, place.len, NULL, nonce, seal->start_key);
    return (struct str){(const char *)bytes, HEADER_BYTES + (size_t)sealed_len};
}

/* What this process has sealed itself is opened without the first step, too. */
static bool unseal(const struct seal *seal, struct str place, struct str sealed,
                   unsigned char *plain, unsigned long long *len)
{
    const unsigned char *nonce = (const unsigned char *)sealed.ptr + 1;
    const unsigned char *cipher = nonce + NONCE_BYTES;
    const unsigned char *bound = (const unsigned char *)place.ptr;
    size_t cipher_len = sealed.len - HEADER_BYTES;
    unsigned char short_nonce[SHORT_NONCE_BYTES];
    if (memcmp(nonce, seal->nonce_start, sizeof seal->nonce_start) != 0) {
        return crypto_aead_xchacha20poly1305_ietf_decrypt(plain, len, NULL, cipher, cipher_len,
                                                          bound, place.len, nonce,
                                                          seal->field_key) == 0;
    }
    shorten_nonce(nonce, short_nonce);
    return crypto_aead_chacha20poly1305_ietf_decrypt(plain, len, NULL, cipher, cipher_len, bound,
                                                     place.len, short_nonce, seal->start_key) == 0;
}

static enum err open_text(void *context, struct arena *arena, struct seal_place where,
                          struct str sealed, struct str *plain)
{
    const struct seal *seal = context;
    const unsigned char *bytes = (const unsigned char *)sealed.ptr;
    if (sealed.len < HEADER_BYTES + TAG_BYTES || bytes[0] != FIRST_KEY) {
        return E_CORRUPT;
    }
    struct str place = describe_place(arena, where);
    char *text = arena_alloc(arena, sealed.len - HEADER_BYTES - TAG_BYTES + 1);
    unsigned long long len = 0;
    if (!unseal(seal, place, sealed, (unsigned char *)text, &len)) {
        return E_CORRUPT;
    }
    *plain = (struct str){text, (size_t)len};
    return OK;
}

struct sealer seal_as_sealer(struct seal *seal)
{
    return (struct sealer){.context = seal, .seal = seal_text, .open = open_text};
}

struct str seal_lookup_hash(const struct seal *seal, struct arena *arena, struct str text)
{
    if (!str_is_set(text)) {
        return STR_NONE;
    }
    unsigned char *hash = arena_alloc(arena, LOOKUP_HASH_BYTES);
    crypto_generichash(hash, LOOKUP_HASH_BYTES, (const unsigned char *)text.ptr, text.len,
                       seal->lookup_key, KEY_BYTES);
    return (struct str){(const char *)hash, LOOKUP_HASH_BYTES};
}

void seal_sign(const struct seal *seal, struct str text, uint8_t out[static SHA256_BYTES])
{
    crypto_generichash(out, SHA256_BYTES, (const unsigned char *)text.ptr, text.len, seal->link_key,
                       KEY_BYTES);
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
