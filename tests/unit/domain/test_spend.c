/* The spend guard: caps, prefixes, and what always goes. V11. */
#include "domain/spend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_prefixes(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "+", "1900", "+19x", "+1/9", "+1234567890123456"};
    struct number_prefix prefix;
    assert_int_equal(number_prefix_parse(STR("+1900"), &prefix), OK);
    assert_true(number_prefix_fits(&prefix, STR("+19005550101")));
    assert_false(number_prefix_fits(&prefix, STR("+19105550101")));
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(number_prefix_parse(str_from(bad[i]), &prefix), E_INVALID);
    }
}

static void test_blocked(void **state)
{
    (void)state;
    struct spend_rules rules = {.blocked = {{"+1900"}, {"+881"}}, .blocked_count = 2};
    assert_true(spend_is_blocked(&rules, STR("+88161234567")));
    assert_false(spend_is_blocked(&rules, STR("+4917012345678")));
    assert_false(spend_has_caps(&rules));
}

static void test_longest_prefix_counts(void **state)
{
    (void)state;
    struct spend_rules rules = {.caps = {{{"+4"}, 1}, {{"+44"}, 5}, {{"+1"}, 2}}, .cap_count = 3};
    assert_true(spend_has_caps(&rules));
    assert_int_equal(spend_prefix_cap(&rules, STR("+447700900123"))->max_per_day, 5);
    assert_int_equal(spend_prefix_cap(&rules, STR("+4917012345678"))->max_per_day, 1);
    assert_null(spend_prefix_cap(&rules, STR("+34600111222")));
}

static void test_each_cap(void **state)
{
    (void)state;
    struct spend_rules rules = {
        .max_per_day = 10, .max_per_person_per_day = 5, .max_per_incident = 3};
    struct prefix_cap cap = {{"+44"}, 2};
    struct spend_counts counts = {.day = 9, .person = 4, .incident = 2, .prefix = 1};
    assert_null(spend_decide(&rules, &cap, &counts));
    counts.prefix = 2;
    assert_string_equal(spend_decide(&rules, &cap, &counts), "spend_cap:prefix");
    counts.person = 5;
    assert_string_equal(spend_decide(&rules, &cap, &counts), "spend_cap:person");
    counts.incident = 3;
    assert_string_equal(spend_decide(&rules, &cap, &counts), "spend_cap:incident");
    counts = (struct spend_counts){.day = 10};
    assert_string_equal(spend_decide(&rules, NULL, &counts), "spend_cap:day");
    counts.is_first = true;
    assert_null(spend_decide(&rules, &cap, &counts));
}

/* Each of them alone is a cap. */
static void test_has_caps(void **state)
{
    (void)state;
    static const struct spend_rules rules[] = {{.max_per_day = 1},
                                               {.max_per_person_per_day = 1},
                                               {.max_per_incident = 1},
                                               {.caps = {{{"+44"}, 5}}, .cap_count = 1}};
    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
        assert_true(spend_has_caps(&rules[i]));
    }
    assert_false(spend_has_caps(&(struct spend_rules){.blocked = {{"+1900"}}, .blocked_count = 1}));
}

/* The longest one counts, whichever stands first. */
static void test_longest_prefix_first(void **state)
{
    (void)state;
    struct spend_rules rules = {.caps = {{{"+44"}, 5}, {{"+4"}, 1}}, .cap_count = 2};
    assert_int_equal(spend_prefix_cap(&rules, STR("+442079460000"))->max_per_day, 5);
    assert_int_equal(spend_prefix_cap(&rules, STR("+4930123456"))->max_per_day, 1);
}

static void test_no_caps(void **state)
{
    (void)state;
    struct spend_rules rules = {0};
    struct spend_counts counts = {.day = 1000000, .person = 1000000, .incident = 1000000};
    assert_null(spend_decide(&rules, NULL, &counts));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_blocked),
        cmocka_unit_test(test_has_caps),
        cmocka_unit_test(test_longest_prefix_first),
        cmocka_unit_test(test_longest_prefix_counts),
        cmocka_unit_test(test_each_cap),
        cmocka_unit_test(test_no_caps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
