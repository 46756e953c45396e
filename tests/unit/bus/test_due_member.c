/* How the index names things: what docs/scaling.md says, both ways, and that nothing else is read.
 */
#include "bus/due_member.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_names(void **state)
{
    (void)state;
    char key[DUE_KEY_MAX];
    char line[DUE_LINE_MAX];
    char member[DUE_MEMBER_MAX];
    struct due_item item = {7, timer_kind_STEP, {450318287364096}, 1766000000000};
    assert_true(str_equal_text(due_key(7, key), "tocsin:{07}:due"));
    assert_true(str_equal_text(due_key(63, key), "tocsin:{63}:due"));
    assert_true(str_equal_text(due_channel(0, key), "tocsin:wake:0"));
    assert_true(str_equal_text(due_channel(65535, key), "tocsin:wake:65535"));
    assert_true(str_equal_text(due_member(&item, member), "STEP:450318287364096"));
    assert_true(str_equal_text(due_line(&item, line), "STEP:450318287364096 1766000000000\n"));
}

/* Every kind, with the largest numbers that there are. */
static void test_both_ways(void **state)
{
    (void)state;
    for (int kind = timer_kind_NONE + 1; kind < timer_kind_COUNT; kind++) {
        struct due_item item = {0, (enum timer_kind)kind, {INT64_MAX}, INT64_MAX};
        struct due_item found = {0};
        char line[DUE_LINE_MAX];
        char member[DUE_MEMBER_MAX];
        assert_true(due_member_parse(due_member(&item, member), &found));
        assert_int_equal(due_item_compare(&item, &found), 0);
        struct str written = due_line(&item, line);
        assert_true(due_line_parse(str_slice(written, 0, written.len - 1), &found));
        assert_int_equal(found.due_ms, INT64_MAX);
    }
}

static void test_nothing_else(void **state)
{
    static const char *const members[] = {
        "",         ":",       "STEP",     "STEP:",
        "STEP:0",   "STEP:-1", "STEP:07",  "STEP:+7",
        "STEP: 7",  "STEP:7 ", "step:7",   "NONE:7",
        ":7",       "STEPS:7", "STEP:7:7", "STEP:9223372036854775808",
        "STEP:7\n", "STEP:x"};
    static const char *const lines[] = {"",         "STEP:7",      "STEP:7 ",    "STEP:7 -1",
                                        "STEP:7 x", "STEP:7 1 1",  " STEP:7 1",  "STEP:7  1",
                                        "7 STEP:7", "STEP:7 1e12", "STEP:7 inf", "STEP:7 1.5"};
    struct due_item found = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        assert_false(due_member_parse(str_from(members[i]), &found));
    }
    assert_false(due_member_parse(STR_NONE, &found));
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        assert_false(due_line_parse(str_from(lines[i]), &found));
    }
    int64_t score = 0;
    assert_true(due_score_parse(STR("0"), &score));
    assert_false(due_score_parse(STR("1.7e+300"), &score));
    assert_false(due_score_parse(STR("-inf"), &score));
    assert_false(due_score_parse(STR_NONE, &score));
}

static void test_order(void **state)
{
    static const struct due_item rows[] = {
        {1, timer_kind_STEP, {9}, 1},
        {2, timer_kind_ALERT, {1}, 9},
        {2, timer_kind_ALERT, {2}, 0},
        {2, timer_kind_STEP, {1}, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(rows); j++) {
            int order = due_item_compare(&rows[i], &rows[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_nothing_else),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
