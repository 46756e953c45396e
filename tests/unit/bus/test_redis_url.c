/* REDIS_URL: what is read, what is refused, and that no refusal and no name shows a password. */
#include "bus/redis_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int begin(void **state)
{
    *state = arena_new();
    return 0;
}

static int finish(void **state)
{
    struct arena *arena = *state;
    arena_free(&arena);
    return 0;
}

static void assert_text(struct str text, const char *wanted)
{
    if (wanted == NULL) {
        assert_false(str_is_set(text));
        return;
    }
    assert_true(str_equal_text(text, wanted));
    assert_int_equal(text.ptr[text.len], '\0'); /* It is handed to a library as a C string. */
}

static void test_what_is_read(void **state)
{
    static const struct {
        const char *url;
        const char *path;
        const char *host;
        int port;
        const char *user;
        const char *password;
        int database;
        const char *name;
    } rows[] = {
        {"redis://r", NULL, "r", 6379, NULL, NULL, 0, "redis://r:6379/0"},
        {"redis://r/", NULL, "r", 6379, NULL, NULL, 0, "redis://r:6379/0"},
        {"redis://10.0.0.7:7000/3", NULL, "10.0.0.7", 7000, NULL, NULL, 3,
         "redis://10.0.0.7:7000/3"},
        {"redis://:secret@r:1/15", NULL, "r", 1, NULL, "secret", 15, "redis://r:1/15"},
        {"redis://tocsin:p%40ss%2fword%25@r", NULL, "r", 6379, "tocsin", "p@ss/word%", 0,
         "redis://r:6379/0"},
        {"redis://u:a:b@r:65535", NULL, "r", 65535, "u", "a:b", 0, "redis://r:65535/0"},
        {"redis://u:a@b@r", NULL, "r", 6379, "u", "a@b", 0, "redis://r:6379/0"},
        {"redis://[::1]:6380/1", NULL, "::1", 6380, NULL, NULL, 1, "redis://[::1]:6380/1"},
        {"redis://[fe80::1]", NULL, "fe80::1", 6379, NULL, NULL, 0, "redis://[fe80::1]:6379/0"},
        {"unix:///run/redis.sock", "/run/redis.sock", NULL, 0, NULL, NULL, 0,
         "unix:///run/redis.sock?db=0"},
        {"unix:///run/a%20b?db=2", "/run/a b", NULL, 0, NULL, NULL, 2, "unix:///run/a b?db=2"},
        {"unix://:secret@/run/r", "/run/r", NULL, 0, NULL, "secret", 0, "unix:///run/r?db=0"},
    };
    struct arena *arena = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct redis_address found;
        struct problem problem = {0};
        assert_int_equal(redis_url_parse(arena, str_from(rows[i].url), &found, &problem), OK);
        assert_text(found.path, rows[i].path);
        assert_text(found.host, rows[i].host);
        assert_text(found.user, rows[i].user);
        assert_text(found.password, rows[i].password);
        assert_int_equal(found.port, rows[i].port);
        assert_int_equal(found.database, rows[i].database);
        assert_text(redis_address_name(&found, arena), rows[i].name);
    }
}

static void test_what_is_refused(void **state)
{
    static const struct {
        const char *url;
        const char *why;
    } rows[] = {
        {"", "begins with"},
        {"r:6379", "begins with"},
        {"http://r", "begins with"},
        {"REDIS://r", "begins with"},
        {"rediss://:s3cret@r", "TLS"},
        {"redis://", "host"},
        {"redis:///1", "host"},
        {"redis://:6379", "host"},
        {"redis://[::1", "host"},
        {"redis://[]", "host"},
        {"redis://r%0", "host"},
        {"redis://r%00", "host"},
        {"redis://r:", "port"},
        {"redis://r:0", "port"},
        {"redis://r:65536", "port"},
        {"redis://r:x", "port"},
        {"redis://[::1]x", "port"},
        {"redis://r/x", "database"},
        {"redis://r/-1", "database"},
        {"redis://r/65536", "database"},
        {"redis://r/1/2", "database"},
        {"redis://r?db=1", "parameters"},
        {"redis://r/1?x", "parameters"},
        {"redis://s3cret@r", "colon"},
        {"redis://u:@r", "not empty"},
        {"redis://u:s3cret%zz@r", "percent-encoded"},
        {"redis://u%4:s3cret@r", "percent-encoded"},
        {"unix://", "path"},
        {"unix:///", "path"},
        {"unix://run/redis", "path"},
        {"unix:///r?port=1", "db"},
        {"unix:///r?db=x", "database"},
    };
    struct arena *arena = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct redis_address found;
        struct problem problem = {0};
        assert_int_equal(redis_url_parse(arena, str_from(rows[i].url), &found, &problem),
                         E_INVALID);
        assert_string_equal(problem.field, "REDIS_URL");
        assert_non_null(strstr(problem.message, rows[i].why));
        assert_null(strstr(problem.message, "s3cret"));
    }
}

static void test_longest_socket(void **state)
{
    struct arena *arena = *state;
    struct redis_address found;
    struct problem problem = {0};
    struct str longest = arena_printf(arena, "unix:///%0106d", 0);
    struct str too_long = arena_printf(arena, "unix:///%0107d", 0);
    assert_int_equal(redis_url_parse(arena, longest, &found, &problem), OK);
    assert_int_equal(found.path.len, 107);
    assert_int_equal(redis_url_parse(arena, too_long, &found, &problem), E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_read, begin, finish),
        cmocka_unit_test_setup_teardown(test_what_is_refused, begin, finish),
        cmocka_unit_test_setup_teardown(test_longest_socket, begin, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
