/* Encryption of fields: what opens, and that nothing else does. */
#include "store/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct str plain = STR_INIT("+34600111222");

static struct seal *seal_of(const char *key)
{
    struct seal *seal = NULL;
    struct problem problem = {0};
    if (seal_new(str_from(key), &seal, &problem) != OK) {
        fail_msg("%s", problem.message);
    }
    return seal;
}

struct fixture {
    struct arena *arena;
    struct seal *seal;
    struct sealer sealer;
};

static int set_up(void **state)
{
    struct fixture *f = test_malloc(sizeof *f);
    f->arena = arena_new();
    f->seal = seal_of("a key that only this test has");
    f->sealer = seal_as_sealer(f->seal);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    seal_free(&f->seal);
    assert_null(f->seal);
    seal_free(&f->seal);
    arena_free(&f->arena);
    test_free(f);
    return 0;
}

static struct seal_place place_of(const char *table, const char *column, int64_t row)
{
    return (struct seal_place){table, column, {row}};
}

static struct str sealed_by(struct fixture *f, struct str text)
{
    return f->sealer.seal(f->sealer.context, f->arena, place_of("users", "phone", 7), text);
}

static enum err opened_by(struct fixture *f, struct seal_place where, struct str sealed,
                          struct str *out)
{
    return f->sealer.open(f->sealer.context, f->arena, where, sealed, out);
}

static void test_round_trip(void **state)
{
    struct fixture *f = *state;
    struct str out = STR_NONE;
    struct str first = sealed_by(f, plain);
    struct str second = sealed_by(f, plain);
    assert_false(str_equal(first, second));
    assert_false(str_contains(first, plain));
    assert_int_equal(first.len, 1 + 24 + plain.len + 16);
    assert_int_equal(opened_by(f, place_of("users", "phone", 7), first, &out), OK);
    assert_true(str_equal(out, plain));
    assert_int_equal(opened_by(f, place_of("users", "phone", 7), second, &out), OK);
    assert_true(str_equal(out, plain));
    struct str empty = sealed_by(f, STR(""));
    assert_int_equal(opened_by(f, place_of("users", "phone", 7), empty, &out), OK);
    assert_true(str_is_set(out) && out.len == 0);
}

static void test_place_is_bound(void **state)
{
    struct fixture *f = *state;
    struct str out = STR_NONE;
    struct str sealed = sealed_by(f, plain);
    const struct seal_place others[] = {
        place_of("users", "phone", 8),    place_of("users", "phone", -7),
        place_of("users", "whatsapp", 7), place_of("user", "sphone", 7),
        place_of("messages", "phone", 7), place_of("users", "phone", 77),
    };
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        assert_int_equal(opened_by(f, others[i], sealed, &out), E_CORRUPT);
    }
}

static void test_every_byte_counts(void **state)
{
    struct fixture *f = *state;
    struct str out = STR_NONE;
    struct str sealed = sealed_by(f, plain);
    char *changed = arena_alloc(f->arena, sealed.len);
    for (size_t at = 0; at < sealed.len; at++) {
        memcpy(changed, sealed.ptr, sealed.len);
        changed[at] = (char)(changed[at] ^ 1);
        struct str text = {changed, sealed.len};
        assert_int_equal(opened_by(f, place_of("users", "phone", 7), text, &out), E_CORRUPT);
        struct str cut = str_slice(sealed, 0, at);
        assert_int_equal(opened_by(f, place_of("users", "phone", 7), cut, &out), E_CORRUPT);
    }
    assert_int_equal(opened_by(f, place_of("users", "phone", 7), STR(""), &out), E_CORRUPT);
}

/* Whoever opens what another process sealed does without its short cut. */
static void test_other_process(void **state)
{
    struct fixture *f = *state;
    struct seal *other = seal_of("a key that only this test has");
    struct sealer sealer = seal_as_sealer(other);
    struct seal_place where = place_of("users", "phone", 7);
    struct str out = STR_NONE;
    assert_int_equal(sealer.open(sealer.context, f->arena, where, sealed_by(f, plain), &out), OK);
    assert_true(str_equal(out, plain));
    struct str theirs = sealer.seal(sealer.context, f->arena, where, plain);
    assert_int_equal(opened_by(f, where, theirs, &out), OK);
    assert_true(str_equal(out, plain));
    seal_free(&other);
}

static void test_other_key(void **state)
{
    struct fixture *f = *state;
    struct str sealed = sealed_by(f, plain);
    struct seal *other = seal_of("a key that only this test had");
    struct sealer sealer = seal_as_sealer(other);
    struct str out = STR_NONE;
    assert_int_equal(
        sealer.open(sealer.context, f->arena, place_of("users", "phone", 7), sealed, &out),
        E_CORRUPT);
    assert_false(str_equal(seal_lookup_hash(other, f->arena, plain),
                           seal_lookup_hash(f->seal, f->arena, plain)));
    uint8_t ours[SHA256_BYTES];
    uint8_t theirs[SHA256_BYTES];
    seal_sign(f->seal, plain, ours);
    seal_sign(other, plain, theirs);
    assert_memory_not_equal(ours, theirs, sizeof ours);
    seal_free(&other);
}

static void test_data_keys(void **state)
{
    struct fixture *f = *state;
    struct problem problem = {0};
    struct seal *seal = NULL;
    assert_int_equal(seal_new(STR("fifteen letters"), &seal, &problem), E_INVALID);
    assert_string_equal(problem.field, "TOCSIN_DATA_KEY");
    assert_null(strstr(problem.message, "fifteen"));
    assert_int_equal(seal_new(STR_NONE, &seal, &problem), E_INVALID);
    assert_int_equal(seal_new(STR(""), &seal, NULL), E_INVALID);
    assert_null(seal);
    /* Hexadecimal digits are bytes, so their case does not matter; in any other text it does. */
    static const struct {
        const char *a;
        const char *b;
        bool are_same;
    } keys[] = {
        {"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
         "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF", true},
        {"0011223344556677", "0011223344556678", false},
        {"a long key in words", "A long key in words", false},
        {"00112233445566778899aabbccddeeff00112233445566778899aabbccddeefg",
         "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFG", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        struct seal *a = seal_of(keys[i].a);
        struct seal *b = seal_of(keys[i].b);
        bool are_same =
            str_equal(seal_lookup_hash(a, f->arena, plain), seal_lookup_hash(b, f->arena, plain));
        assert_int_equal(are_same, keys[i].are_same);
        seal_free(&a);
        seal_free(&b);
    }
}

static void test_lookup_hash(void **state)
{
    struct fixture *f = *state;
    struct str hash = seal_lookup_hash(f->seal, f->arena, plain);
    assert_int_equal(hash.len, LOOKUP_HASH_BYTES);
    assert_true(str_equal(hash, seal_lookup_hash(f->seal, f->arena, plain)));
    assert_false(str_equal(hash, seal_lookup_hash(f->seal, f->arena, STR("+34600111223"))));
    assert_false(str_is_set(seal_lookup_hash(f->seal, f->arena, STR_NONE)));
}

static void test_digests_and_secrets(void **state)
{
    struct fixture *f = *state;
    uint8_t digest[SHA256_BYTES];
    sha256(STR("abc"), digest); /* FIPS 180-2, B.1. */
    assert_true(str_equal_text(hex_text(f->arena, digest, sizeof digest),
                               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    struct str secret = random_secret(f->arena, KEY_SECRET_BYTES);
    assert_int_equal(secret.len, 2 * KEY_SECRET_BYTES);
    assert_false(str_equal(secret, random_secret(f->arena, KEY_SECRET_BYTES)));
    assert_true(random_number() != random_number());
    assert_true(equal_in_constant_time(STR("abc"), STR("abc")));
    assert_false(equal_in_constant_time(STR("abc"), STR("abd")));
    assert_false(equal_in_constant_time(STR("abc"), STR("ab")));
    assert_true(equal_in_constant_time(STR(""), STR_NONE));
}

#define WITH_SEAL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SEAL(test_round_trip),        WITH_SEAL(test_place_is_bound),
        WITH_SEAL(test_every_byte_counts), WITH_SEAL(test_other_key),
        WITH_SEAL(test_other_process),     WITH_SEAL(test_data_keys),
        WITH_SEAL(test_lookup_hash),       WITH_SEAL(test_digests_and_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
