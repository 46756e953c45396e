#include "store/seal_internal.h"

#include "base/buf.h"

#include <assert.h>
#include <string.h>

enum { UNTIL_BYTES = 8, RING_BYTES_MIN = 2 * KEY_BYTES + UNTIL_BYTES, CHECK_BYTES = 16 };

static const char check_text[] = "data.key.check";
static const struct seal_place ring_place = {"settings", "data.key.ring", {0}};

static void derive(unsigned char out[static KEY_BYTES], const unsigned char *master,
                   const char *purpose)
{
    crypto_generichash(out, KEY_BYTES, (const unsigned char *)purpose, strlen(purpose), master,
                       KEY_BYTES);
}

static enum err derive_all(struct str text, struct data_key *out, struct problem *problem)
{
    unsigned char master[KEY_BYTES];
    size_t read = 0;
    if (text.len < KEY_TEXT_MIN) {
        return problem_set(problem, E_INVALID, "TOCSIN_DATA_KEY",
                           "must have 64 hexadecimal digits, or at least %d characters",
                           KEY_TEXT_MIN);
    }
    bool is_hex =
        text.len == 2 * KEY_BYTES &&
        sodium_hex2bin(master, sizeof master, text.ptr, text.len, NULL, &read, NULL) == 0 &&
        read == KEY_BYTES;
    if (!is_hex) {
        crypto_generichash(master, KEY_BYTES, (const unsigned char *)text.ptr, text.len, NULL, 0);
    }
    derive(out->field_key, master, "tocsin field encryption 1");
    derive(out->lookup_key, master, "tocsin lookup hash 1");
    derive(out->link_key, master, "tocsin link signature 1");
    sodium_memzero(master, sizeof master);
    return OK;
}

static struct str check_of(const struct data_key *key, struct arena *arena)
{
    uint8_t hash[CHECK_BYTES];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)check_text, strlen(check_text),
                       key->lookup_key, KEY_BYTES);
    return hex_text(arena, hash, sizeof hash);
}

/* The place of a free key, whose number is 0. */
static enum err next_place(struct seal *seal, int *out, struct problem *problem)
{
    *out = atomic_load(&seal->key_count);
    return *out < KEYS_MAX ? OK
                           : problem_set(problem, E_OPERATION, NULL,
                                         "this process has changed its data key too often; start "
                                         "it anew first");
}

static enum err add_key(struct seal *seal, struct str text, struct problem *problem)
{
    int at = 0;
    TRY(next_place(seal, &at, problem));
    struct data_key *key = &seal->keys[at];
    TRY(derive_all(text, key, problem));
    crypto_core_hchacha20(key->start_key, seal->nonce_start, key->field_key, NULL);
    atomic_store(&seal->key_count, at + 1);
    return OK;
}

enum err seal_new(struct str data_key, struct seal **out, struct problem *problem)
{
    if (sodium_init() < 0) {
        return problem_set(problem, E_INTERNAL, NULL, "libsodium could not be initialised");
    }
    struct seal *seal = sodium_malloc(sizeof *seal);
    if (seal == NULL) {
        return problem_set(problem, E_UNAVAILABLE, NULL, "out of memory");
    }
    memset(seal, 0, sizeof *seal);
    randombytes_buf(seal->nonce_start, sizeof seal->nonce_start);
    atomic_init(&seal->before, NO_KEY);
    atomic_init(&seal->links_before, NO_KEY);
    enum err err = add_key(seal, data_key, problem);
    if (err != OK) {
        seal_free(&seal);
        return err;
    }
    atomic_store(&seal->keys[0].number, 1);
    memcpy(seal->hook_key, seal->keys[0].link_key, KEY_BYTES);
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

static int find_check(const struct seal *seal, struct str check)
{
    struct arena *arena = arena_new();
    int found = NO_KEY;
    for (int i = 0; i < atomic_load(&seal->key_count) && found == NO_KEY; i++) {
        found = str_equal(check_of(&seal->keys[i], arena), check) ? i : NO_KEY;
    }
    arena_free(&arena);
    return found;
}

struct str seal_check_of(struct str data_key, struct arena *arena, struct problem *problem)
{
    struct data_key key = {.number = 0};
    struct str check = derive_all(data_key, &key, problem) == OK ? check_of(&key, arena) : STR_NONE;
    sodium_memzero(&key, sizeof key);
    return check;
}

enum err seal_add(struct seal *seal, struct str data_key, struct problem *problem)
{
    struct arena *arena = arena_new();
    struct str check = seal_check_of(data_key, arena, problem);
    bool is_known = str_is_set(check) && find_check(seal, check) != NO_KEY;
    enum err err = is_known ? OK : add_key(seal, data_key, problem);
    arena_free(&arena);
    return err;
}

struct str seal_check(const struct seal *seal, struct arena *arena)
{
    return check_of(seal_current(seal), arena);
}

int seal_number(const struct seal *seal)
{
    return atomic_load(&seal_current(seal)->number);
}

const struct data_key *seal_numbered(const struct seal *seal, int number)
{
    const struct data_key *current = seal_current(seal);
    if (number != 0 && atomic_load_explicit(&current->number, memory_order_acquire) == number) {
        return current;
    }
    int count = atomic_load_explicit(&seal->key_count, memory_order_acquire);
    for (int i = 0; i < count && number != 0; i++) {
        if (atomic_load_explicit(&seal->keys[i].number, memory_order_acquire) == number) {
            return &seal->keys[i];
        }
    }
    return NULL;
}

static int64_t read_until(const unsigned char *bytes)
{
    uint64_t us = 0;
    for (int i = 0; i < UNTIL_BYTES; i++) {
        us = us << 8 | bytes[i];
    }
    return (int64_t)us;
}

/* What key `number` must know of those before it. */
static enum err read_ring(struct seal *seal, struct arena *arena, int number, struct str ring)
{
    struct str plain = STR_NONE;
    struct sealer sealer = seal_as_sealer(seal);
    int at = 0;
    TRY(sealer.open(sealer.context, arena, ring_place, ring, &plain));
    size_t earlier = (size_t)(number - 1) * KEY_BYTES;
    TRY(plain.len == RING_BYTES_MIN + earlier ? OK : E_CORRUPT);
    TRY(next_place(seal, &at, NULL));
    const unsigned char *bytes = (const unsigned char *)plain.ptr;
    memcpy(seal->hook_key, bytes, KEY_BYTES);
    memcpy(seal->keys[at].link_key, bytes + KEY_BYTES, KEY_BYTES);
    randombytes_buf(seal->keys[at].lookup_key, KEY_BYTES); /* Of this one nothing else is known. */
    atomic_store(&seal->links_until_us, read_until(bytes + 2 * (size_t)KEY_BYTES));
    memcpy(seal->lookups, bytes + RING_BYTES_MIN, earlier);
    atomic_store(&seal->key_count, at + 1);
    atomic_store(&seal->links_before, at);
    return OK;
}

enum err seal_take_up(struct seal *seal, struct arena *arena, struct str check, struct str ring)
{
    int at = find_check(seal, check);
    int number = str_is_set(ring) && ring.len > 0 ? (unsigned char)ring.ptr[0] : 1;
    TRY(at != NO_KEY ? OK : E_NOT_FOUND);
    TRY(number > 0 && number < DATA_KEY_NUMBER_MAX ? OK : E_CORRUPT);
    for (int i = 0; i < atomic_load(&seal->key_count); i++) {
        atomic_store(&seal->keys[i].number, 0);
    }
    atomic_store(&seal->keys[at].number, number);
    atomic_store(&seal->current, at);
    atomic_store(&seal->before, NO_KEY);
    atomic_store(&seal->links_before, NO_KEY);
    memcpy(seal->hook_key, seal->keys[at].link_key, KEY_BYTES);
    return str_is_set(ring) ? read_ring(seal, arena, number, ring) : OK;
}

enum err seal_take_before(struct seal *seal, struct str check)
{
    int at = find_check(seal, check);
    TRY(at != NO_KEY && at != atomic_load(&seal->current) ? OK : E_NOT_FOUND);
    atomic_store(&seal->keys[at].number, seal_number(seal) - 1);
    atomic_store(&seal->before, at);
    return OK;
}

bool seal_has_before(const struct seal *seal)
{
    return seal_before(seal) != NULL;
}

void seal_drop_before(struct seal *seal)
{
    atomic_store(&seal->before, NO_KEY);
}

static void write_until(struct buf *out, struct instant until)
{
    for (int i = UNTIL_BYTES - 1; i >= 0; i--) {
        buf_add_byte(out, (char)((uint64_t)until.us >> (8 * i)));
    }
}

enum err seal_next_ring(struct seal *seal, struct arena *arena, struct str check,
                        struct instant links_until, struct str *out)
{
    const struct data_key *current = seal_current(seal);
    struct buf plain = {.arena = arena};
    int number = seal_number(seal);
    int at = find_check(seal, check);
    TRY(at != NO_KEY && number + 1 < DATA_KEY_NUMBER_MAX ? OK : E_NOT_FOUND);
    buf_add(&plain, (struct str){(const char *)seal->hook_key, KEY_BYTES});
    buf_add(&plain, (struct str){(const char *)current->link_key, KEY_BYTES});
    write_until(&plain, links_until);
    buf_add(&plain, (struct str){(const char *)seal->lookups, (size_t)(number - 1) * KEY_BYTES});
    buf_add(&plain, (struct str){(const char *)current->lookup_key, KEY_BYTES});
    struct data_key next = {.number = number + 1};
    memcpy(next.start_key, seal->keys[at].start_key, KEY_BYTES);
    *out = seal_under(seal, &next, ring_place, arena, buf_str(&plain));
    sodium_memzero(&next, sizeof next);
    return OK;
}

enum err seal_turn(struct seal *seal, struct str check, struct instant links_until)
{
    int at = find_check(seal, check);
    int from = atomic_load(&seal->current);
    int number = seal_number(seal);
    TRY(at != NO_KEY && at != from ? OK : E_NOT_FOUND);
    assert(number + 1 < DATA_KEY_NUMBER_MAX);
    memcpy(seal->lookups[number - 1], seal->keys[from].lookup_key, KEY_BYTES);
    atomic_store(&seal->links_until_us, links_until.us);
    atomic_store(&seal->links_before, from);
    atomic_store(&seal->keys[at].number, number + 1);
    atomic_store(&seal->before, from);
    atomic_store(&seal->current, at);
    return OK;
}

void seal_hook_key(const struct seal *seal, uint8_t out[static SHA256_BYTES])
{
    static const char purpose[] = "callback tokens";
    crypto_generichash(out, SHA256_BYTES, (const unsigned char *)purpose, strlen(purpose),
                       seal->hook_key, KEY_BYTES);
}
