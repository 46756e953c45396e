#include "base/err.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_every_error_is_described(void **state)
{
    (void)state;
    for (int err = 0; err < ERR_COUNT; err++) {
        int status = err_http_status((enum err)err);
        assert_true(err == OK ? status == 200 : status >= 400 && status <= 599);
        assert_true(strlen(err_code((enum err)err)) > 0);
        assert_true(strlen(err_meaning((enum err)err)) > 0);
        for (int other = 0; other < err; other++) {
            assert_string_not_equal(err_code((enum err)err), err_code((enum err)other));
        }
    }
    assert_int_equal(err_http_status(E_TRANSITION), 409);
    assert_string_equal(err_code(E_INVALID), "VALIDATION_ERROR");
}

static void test_problem_set(void **state)
{
    (void)state;
    struct problem problem = {.from = "OPEN", .to = "RESOLVED"};
    assert_int_equal(problem_set(&problem, E_INVALID, "a.b", "must be %d", 5), E_INVALID);
    assert_int_equal(problem.err, E_INVALID);
    assert_string_equal(problem.field, "a.b");
    assert_string_equal(problem.message, "must be 5");
    assert_null(problem.from);
    assert_null(problem.to);
    assert_int_equal(problem_set(&problem, E_GONE, NULL, "over"), E_GONE);
    assert_string_equal(problem.field, "");
    assert_int_equal(problem_set(NULL, E_GONE, "x", "over"), E_GONE);
    assert_int_equal(problem_set(&problem, E_INVALID, "a", "\"%s\"", "b\n\x1b[2J\x7f\xc3\xa9"),
                     E_INVALID);
    assert_string_equal(problem.message, "\"b  [2J \xc3\xa9\"");
}

static void test_problem_wraps_itself(void **state)
{
    (void)state;
    struct problem problem = {0};
    assert_int_equal(problem_set(&problem, E_INVALID, "f", "inner"), E_INVALID);
    assert_int_equal(problem_set(&problem, E_INVALID, problem.field, "outer: %s", problem.message),
                     E_INVALID);
    assert_string_equal(problem.field, "f");
    assert_string_equal(problem.message, "outer: inner");
}

static void test_problem_is_cut_between_characters(void **state)
{
    (void)state;
    char text[601];
    for (size_t i = 0; i < 600; i += 3) {
        memcpy(text + i, "\xe2\x82\xac", 3);
    }
    text[600] = '\0';
    for (int shift = 0; shift < 3; shift++) {
        struct problem problem;
        assert_int_equal(problem_set(&problem, E_INVALID, text + 3, "%.*s%s", shift, "ab", text),
                         E_INVALID);
        assert_true(str_is_utf8(str_from(problem.field)));
        assert_true(str_is_utf8(str_from(problem.message)));
        assert_int_equal(strlen(problem.field), 63);
        assert_true(strlen(problem.message) >= 253);
    }
}

static enum err fail_with(enum err err)
{
    TRY(err);
    return E_INTERNAL;
}

static void test_try(void **state)
{
    (void)state;
    assert_int_equal(fail_with(E_GONE), E_GONE);
    assert_int_equal(fail_with(OK), E_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_error_is_described),
        cmocka_unit_test(test_problem_set),
        cmocka_unit_test(test_problem_wraps_itself),
        cmocka_unit_test(test_problem_is_cut_between_characters),
        cmocka_unit_test(test_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
