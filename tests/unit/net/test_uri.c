#include "net/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct decode_case {
    const char *text;
    bool plus_is_space;
    const char *decoded; /* NULL where it is refused. */
};

static const struct decode_case decode_cases[] = {
    {"", false, ""},
    {"abc", false, "abc"},
    {"a%20b", false, "a b"},
    {"a+b", false, "a+b"},
    {"a+b", true, "a b"},
    {"a%2Bb", true, "a+b"},
    {"%2f%2F", false, "//"},
    {"%c3%a9", false, "\xc3\xa9"},
    {"%25", false, "%"},
    {"%2525", false, "%25"},
    {"%", false, NULL},
    {"%2", false, NULL},
    {"a%2", false, NULL},
    {"%g0", false, NULL},
    {"%0g", false, NULL},
    {"% 1", false, NULL},
    {"%00", false, NULL},
    {"%ff", false, NULL},
    {"%c3", false, NULL},
    {"%c0%80", false, NULL},
    {"%ed%a0%80", false, NULL},
};

static void decoding(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_LENGTH(decode_cases); i++) {
        const struct decode_case *c = &decode_cases[i];
        struct str out = STR_NONE;
        enum err err = uri_decode(arena, str_from(c->text), c->plus_is_space, &out);
        if (c->decoded == NULL) {
            assert_int_equal(err, E_INVALID);
            continue;
        }
        assert_int_equal(err, OK);
        assert_true(str_equal_text(out, c->decoded));
    }
    arena_free(&arena);
}

static void encoding_round_trip(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    char every[256];
    size_t len = 0;
    for (int c = 1; c < 128; c++) {
        every[len++] = (char)c;
    }
    struct str encoded;
    struct str decoded;
    uri_encode(arena, (struct str){every, len}, &encoded);
    assert_int_equal(uri_decode(arena, encoded, true, &decoded), OK);
    assert_true(str_equal(decoded, (struct str){every, len}));

    uri_encode(arena, STR("a b/c?d=\xc3\xa9&~-._"), &encoded);
    assert_true(str_equal_text(encoded, "a%20b%2Fc%3Fd%3D%C3%A9%26~-._"));
    uri_encode(arena, STR(""), &encoded);
    assert_int_equal(encoded.len, 0);
    arena_free(&arena);
}

static void query_walk(void **state)
{
    (void)state;
    struct str rest = STR("&a=1&&b=&c&=d&e=f=g&");
    struct str name;
    struct str value;
    static const char *const expected[][2] = {
        {"a", "1"}, {"b", ""}, {"c", ""}, {"", "d"}, {"e", "f=g"}};
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
        assert_true(uri_query_next(&rest, &name, &value));
        assert_true(str_equal_text(name, expected[i][0]));
        assert_true(str_equal_text(value, expected[i][1]));
    }
    assert_false(uri_query_next(&rest, &name, &value));
    rest = STR_NONE;
    assert_false(uri_query_next(&rest, &name, &value));
}

static void query_get(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct str query = STR("limit=10&user%5Fid=a%20b+c&limit=20&bad=%zz&%zz=1&flag");
    struct str out;
    assert_int_equal(uri_query_get(arena, query, "limit", &out), OK);
    assert_true(str_equal_text(out, "10"));
    assert_int_equal(uri_query_get(arena, query, "user_id", &out), OK);
    assert_true(str_equal_text(out, "a b c"));
    assert_int_equal(uri_query_get(arena, query, "absent", &out), OK);
    assert_false(str_is_set(out));
    assert_int_equal(uri_query_get(arena, query, "flag", &out), OK);
    assert_true(str_is_set(out));
    assert_int_equal(out.len, 0);
    assert_int_equal(uri_query_get(arena, query, "bad", &out), E_INVALID);
    assert_int_equal(uri_query_get(arena, STR_NONE, "a", &out), OK);
    assert_false(str_is_set(out));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding),
        cmocka_unit_test(encoding_round_trip),
        cmocka_unit_test(query_walk),
        cmocka_unit_test(query_get),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
