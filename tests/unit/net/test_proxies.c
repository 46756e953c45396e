/* Whose word about the client counts: ranges, what clients make up, what is no address. */
#include "net/proxies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct proxies parsed(const char *text)
{
    struct proxies proxies;
    struct problem problem = {0};
    assert_int_equal(proxies_parse(str_from(text), &proxies, &problem), OK);
    return proxies;
}

static void test_ranges(void **state)
{
    static const struct {
        const char *ranges;
        const char *address;
        bool is_in;
    } rows[] = {
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.128", true},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"fd00::/8", "fdff::1", true},
        {"fd00::/8", "fe00::1", false},
        {"::1", "::1", true},
        {"10.0.0.1, ::1 ,192.0.2.0/24", "192.0.2.7", true},
        {"10.0.0.1", "::ffff:10.0.0.1", true},
        {"", "127.0.0.1", false},
        {"127.0.0.1", "nonsense", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct proxies proxies = parsed(rows[i].ranges);
        if (proxies_have(&proxies, str_from(rows[i].address)) != rows[i].is_in) {
            fail_msg("%s and %s", rows[i].ranges, rows[i].address);
        }
    }
}

static void test_wrong_settings(void **state)
{
    static const char *const wrong[] = {"localhost",   "10.0.0.0/33", "::/129",
                                        "10.0.0.0/-1", "10.0.0.0/x",  ",",
                                        "10.0.0",      "10.0.0.1/",   "10.0.0.1,,::1"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct proxies proxies;
        struct problem problem = {0};
        if (proxies_parse(str_from(wrong[i]), &proxies, &problem) != E_INVALID ||
            problem.message[0] == '\0') {
            fail_msg("%s is taken", wrong[i]);
        }
    }
}

static void test_client(void **state)
{
    static const struct {
        const char *peer;
        const char *first; /* Headers, in their order; NULL for none. */
        const char *second;
        const char *client;
    } rows[] = {
        {"10.0.0.1", "203.0.113.9", NULL, "203.0.113.9"},
        {"10.0.0.1", NULL, NULL, "10.0.0.1"},
        /* Who is no proxy says nothing about others. */
        {"203.0.113.5", "198.51.100.1", NULL, "203.0.113.5"},
        /* What the client wrote itself stands on the left. */
        {"10.0.0.1", "198.51.100.1, 203.0.113.9", NULL, "203.0.113.9"},
        {"10.0.0.1", "203.0.113.9, 10.0.0.2,10.0.0.3", NULL, "203.0.113.9"},
        {"10.0.0.1", "198.51.100.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"},
        {"10.0.0.1", "203.0.113.9", "10.0.0.2", "203.0.113.9"},
        /* An entry that is none ends the search at who passed it on. */
        {"10.0.0.1", "203.0.113.9, nonsense, 10.0.0.2", NULL, "10.0.0.2"},
        {"10.0.0.1", "nonsense", NULL, "10.0.0.1"},
        {"10.0.0.1", "", NULL, "10.0.0.1"},
        {"10.0.0.1", "203.0.113.9:4711", NULL, "203.0.113.9"},
        {"10.0.0.1", "[2001:db8::7]:4711", NULL, "2001:db8::7"},
        {"10.0.0.1", "2001:db8::7", NULL, "2001:db8::7"},
        {"10.0.0.1", "10.0.0.5", NULL, "10.0.0.5"},
    };
    struct proxies proxies = parsed("10.0.0.0/8");
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct http_header headers[2];
        struct http_request request = {.extensions = headers};
        const char *const values[] = {rows[i].first, rows[i].second};
        for (size_t j = 0; j < ARRAY_LENGTH(values) && values[j] != NULL; j++) {
            headers[request.extension_count++] =
                (struct http_header){STR("x-forwarded-for"), str_from(values[j])};
        }
        struct str client = proxies_client(&proxies, str_from(rows[i].peer), &request);
        if (!str_equal_text(client, rows[i].client)) {
            fail_msg("row %zu: %.*s", i, STR_FMT(client));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_wrong_settings),
        cmocka_unit_test(test_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
