#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The key 00 01 … 0f of the paper, as two little-endian words. */
static const struct hash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

/* The input of length n is 00 01 … n-1. The last row is the worked example in appendix A of the
 * paper. */
static const uint64_t vectors[] = {
    0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
    0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
    0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
    0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
};

static void test_reference_vectors(void **state)
{
    (void)state;
    char input[ARRAY_LENGTH(vectors)];
    for (size_t i = 0; i < sizeof input; i++) {
        input[i] = (char)i;
    }
    for (size_t len = 0; len < ARRAY_LENGTH(vectors); len++) {
        assert_true(hash_bytes(key, (struct str){input, len}) == vectors[len]);
    }
}

static void test_key_and_bytes_matter(void **state)
{
    (void)state;
    struct hash_key other = {key.low, key.high + 1};
    assert_true(hash_bytes(key, STR_NONE) == vectors[0]);
    assert_true(hash_bytes(other, STR("a")) != hash_bytes(key, STR("a")));
    assert_true(hash_bytes(key, STR("a\0")) != hash_bytes(key, STR("a")));
    assert_true(hash_bytes(key, STR("\xff")) != hash_bytes(key, STR("\x7f")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_vectors),
        cmocka_unit_test(test_key_and_bytes_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
