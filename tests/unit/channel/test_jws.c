/* Signed tokens: one that holds is opened, and nothing that is not written as RFC 7515 says reaches
 * the library, which ends the program where base64 has a character left over. */
#include "channel/jws.h"
#include "lib/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* ES256, made once for this test by Python's cryptography. */
#define SIGNED                            \
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUifQ." \
    "eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIiwiYXVkIjoidG9jc2luIiwic3ViIjoidSJ9."
#define SIGNATURE \
    "Hsc9vyp5ZhfB33w_sW9sMvxcO15VsGOE5OlDVYqyzpOS0qnf2fy-SUAepZ6aqArXN-50iyZ77LSr75pYT-_L5g"
#define KEYS(x)                                                                             \
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e\",\"use\":\"sig\",\"x\":\"" x \
    "\",\"y\":\"pqqavCLO6HZFITMUgzIJ8cGWXFzrlOeMl8btRv8i8k8\"}]}"
#define X "Xg762eOdW4ByfWlEXgTvWy-MHm4VO5DVi5lp8NJHGnk"

static enum err open_it(const char *token, const char *keys)
{
    struct arena *arena = arena_new();
    struct str payload = STR_NONE;
    enum err err = jws_open(arena, str_from(token), str_from(keys), &payload);
    assert_true(err != OK || str_starts(payload, STR("{\"iss\":\"https://id.example.com\"")));
    arena_free(&arena);
    return err;
}

static void test_holds(void **state)
{
    (void)state;
    assert_int_equal(open_it(SIGNED SIGNATURE, KEYS(X)), OK);
    assert_int_equal(open_it(SIGNED SIGNATURE, "{\"keys\":[]}"), E_NOT_FOUND);
    assert_int_equal(open_it(SIGNED SIGNATURE, "no keys"), E_FORBIDDEN);
}

static void test_not_compact(void **state)
{
    static const char *const tokens[] = {
        "",
        ".",
        "..",
        SIGNED,
        SIGNED "H",
        SIGNED SIGNATURE "abc", /* One is left over. */
        SIGNED SIGNATURE "==",
        SIGNED SIGNATURE "\n",
        SIGNED SIGNATURE ".AAAA",
        "e." SIGNATURE "." SIGNATURE,
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1In0.AAAA",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(tokens); i++) {
        assert_int_equal(open_it(tokens[i], KEYS(X)), E_FORBIDDEN);
    }
}

static void test_keys_not_base64url(void **state)
{
    (void)state;
    assert_int_equal(open_it(SIGNED SIGNATURE, KEYS(X "ab")), E_FORBIDDEN);
    assert_int_equal(open_it(SIGNED SIGNATURE, KEYS("A")), E_FORBIDDEN);
    assert_int_equal(open_it(SIGNED SIGNATURE, KEYS(X "=")), E_FORBIDDEN);
    assert_int_equal(open_it(SIGNED SIGNATURE, KEYS("")), E_FORBIDDEN);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds),
        cmocka_unit_test(test_not_compact),
        cmocka_unit_test(test_keys_not_base64url),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
