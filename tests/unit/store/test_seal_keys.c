/* One data key takes the place of another: what opens with which, and what is found. */
#include "store/seal_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct str first = STR_INIT("the first key of this test");
static const struct str second = STR_INIT("the second key of this test");
static const struct str third = STR_INIT("the third key of this test");
static const struct str phone = STR_INIT("+34600111222");
static const struct seal_place place = {"users", "phone", {7}};
static const struct instant now = {1000};
static const struct instant until = {2000};

struct fixture {
    struct arena *arena;
    struct seal *seal;
    struct str ring; /* Of the newest key. */
};

static int set_up(void **state)
{
    struct fixture *f = test_malloc(sizeof *f);
    *f = (struct fixture){.arena = arena_new()};
    assert_int_equal(seal_new(first, &f->seal, NULL), OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    seal_free(&f->seal);
    arena_free(&f->arena);
    test_free(f);
    return 0;
}

static struct str check_of(struct fixture *f, struct str key)
{
    return seal_check_of(key, f->arena, NULL);
}

static struct str sealed_now(struct fixture *f)
{
    struct sealer sealer = seal_as_sealer(f->seal);
    return sealer.seal(sealer.context, f->arena, place, phone);
}

static enum err opened(struct seal *seal, struct arena *arena, struct str sealed)
{
    struct sealer sealer = seal_as_sealer(seal);
    struct str plain = STR_NONE;
    enum err err = sealer.open(sealer.context, arena, place, sealed, &plain);
    assert_true(err != OK || str_equal(plain, phone));
    return err;
}

static void change_to(struct fixture *f, struct str key)
{
    struct str check = check_of(f, key);
    assert_int_equal(seal_add(f->seal, key, NULL), OK);
    assert_int_equal(seal_next_ring(f->seal, f->arena, check, until, &f->ring), OK);
    assert_int_equal(seal_turn(f->seal, check, until), OK);
}

static void test_both_open(void **state)
{
    struct fixture *f = *state;
    struct str old = sealed_now(f);
    change_to(f, second);
    struct str new = sealed_now(f);
    assert_int_equal(old.ptr[0], 1);
    assert_int_equal(new.ptr[0], 2);
    assert_int_equal(opened(f->seal, f->arena, old), OK);
    assert_int_equal(opened(f->seal, f->arena, new), OK);
    struct seal *only_old = NULL;
    assert_int_equal(seal_new(first, &only_old, NULL), OK);
    assert_int_equal(opened(only_old, f->arena, new), E_CORRUPT);
    seal_free(&only_old);
}

/* As a start does it, with the keys in any order; without the old key what it sealed stays shut. */
static void test_taken_up(void **state)
{
    struct fixture *f = *state;
    struct str old = sealed_now(f);
    change_to(f, second);
    struct str new = sealed_now(f);
    struct seal *seal = NULL;
    assert_int_equal(seal_new(second, &seal, NULL), OK);
    assert_int_equal(seal_take_up(seal, f->arena, check_of(f, first), STR_NONE), E_NOT_FOUND);
    assert_int_equal(seal_take_up(seal, f->arena, check_of(f, second), f->ring), OK);
    assert_int_equal(seal_number(seal), 2);
    assert_int_equal(opened(seal, f->arena, new), OK);
    assert_int_equal(opened(seal, f->arena, old), E_CORRUPT);
    assert_int_equal(seal_take_before(seal, check_of(f, first)), E_NOT_FOUND);
    assert_int_equal(seal_add(seal, first, NULL), OK);
    assert_int_equal(seal_take_before(seal, check_of(f, first)), OK);
    assert_int_equal(opened(seal, f->arena, old), OK);
    seal_free(&seal);
    assert_int_equal(seal_new(first, &seal, NULL), OK);
    assert_int_equal(seal_take_up(seal, f->arena, check_of(f, first), f->ring), E_CORRUPT);
    seal_free(&seal);
}

/* A hash goes from key to key without its text, and is then the one that the text has. */
static void test_hashes_are_carried(void **state)
{
    struct fixture *f = *state;
    struct str carried = STR_NONE;
    struct str old = seal_lookup_hash(f->seal, f->arena, phone);
    assert_int_equal(seal_carry_hash(f->seal, f->arena, old, &carried), E_CORRUPT);
    const struct str keys[] = {second, third};
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        change_to(f, keys[i]);
        struct lookup both = seal_lookup(f->seal, f->arena, phone);
        assert_true(str_equal(both.before, old));
        assert_false(str_equal(both.now, old));
        assert_int_equal(seal_carry_hash(f->seal, f->arena, old, &carried), OK);
        assert_true(str_equal(carried, both.now));
        assert_int_equal(seal_carry_hash(f->seal, f->arena, carried, &old), E_CORRUPT);
        seal_drop_before(f->seal);
        assert_true(str_equal(seal_lookup(f->seal, f->arena, phone).before, both.now));
        old = both.now;
    }
    struct seal *seal = NULL;
    assert_int_equal(seal_new(third, &seal, NULL), OK);
    assert_int_equal(seal_take_up(seal, f->arena, check_of(f, third), f->ring), OK);
    assert_true(str_equal(seal_lookup_hash(seal, f->arena, phone), old));
    seal_free(&seal);
}

/* Links of before count for a while; the addresses that providers call stay as they are. */
static void test_signatures(void **state)
{
    struct fixture *f = *state;
    uint8_t old[SHA256_BYTES];
    uint8_t new[SHA256_BYTES];
    uint8_t hook[SHA256_BYTES];
    uint8_t found[SHA256_BYTES];
    seal_sign(f->seal, phone, old);
    seal_hook_key(f->seal, hook);
    assert_false(seal_sign_before(f->seal, phone, now, found));
    change_to(f, second);
    seal_sign(f->seal, phone, new);
    assert_memory_not_equal(new, old, sizeof new);
    assert_true(seal_sign_before(f->seal, phone, now, found));
    assert_memory_equal(found, old, sizeof found);
    assert_false(seal_sign_before(f->seal, phone, until, found));
    struct seal *seal = NULL;
    assert_int_equal(seal_new(second, &seal, NULL), OK);
    assert_int_equal(seal_take_up(seal, f->arena, check_of(f, second), f->ring), OK);
    assert_true(seal_sign_before(seal, phone, now, found));
    assert_memory_equal(found, old, sizeof found);
    assert_false(seal_sign_before(seal, phone, until, found));
    seal_hook_key(seal, found);
    assert_memory_equal(found, hook, sizeof found);
    seal_free(&seal);
}

#define WITH_SEAL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SEAL(test_both_open),
        WITH_SEAL(test_taken_up),
        WITH_SEAL(test_hashes_are_carried),
        WITH_SEAL(test_signatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
