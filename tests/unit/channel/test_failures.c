/* The table of failures: each code once, each row fit to be shown, and the classes that the facts
 * demand. */
#include "channel/failures.h"
#include "channel/twilio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_rows(void **state)
{
    (void)state;
    const struct failure *rows = NULL;
    size_t count = failures_all(&rows);
    assert_true(count > 100);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(failure_find(rows[i].provider, str_from(rows[i].code)), &rows[i]);
        assert_true(rows[i].category != failure_category_NONE);
        size_t len = strlen(rows[i].doc);
        assert_in_range(len, 10, 90);
        assert_true(rows[i].doc[len - 1] != '.');
    }
    assert_null(failure_find("twilio", STR("00000")));
    assert_null(failure_find("pigeon", STR("21610")));
    assert_null(failure_find("twilio", STR_NONE));
}

/* protocols.md 1.14, by class. */
static const struct {
    enum failure_class class;
    const char *codes;
} facts[] = {
    {failure_class_AGAIN, "20429 10004 21611 30001 14107 30003 30008 30017 30410 30022 63009 63010 "
                          "63012 63017 63018 63036 20500 20503 20504"},
    {failure_class_ELSEWHERE, "21612 30004 30023 30027 30036 30450 60410 63038 "
                              "30009"},
    {failure_class_RECIPIENT,
     "21211 21217 21214 13223 13224 13226 21614 30005 30006 63003 63024 21216 13225 21202"},
    {failure_class_OPTED_OUT, "21610 63014 63033"},
    {failure_class_OURS,
     "20003 20005 20006 20403 10001 30002 20404 20001 21201 21213 21603 21604 21602 21205 11100 "
     "21609 21210 21212 21606 21607 21601 21659 21660 21661 21408 21215 13227 21203 21219 21608 "
     "21617 21618 21620 21654 21655 21656 63027 63028 21703 21704 21705 21709 21711 21712 30007 "
     "30010 30018 30024 30032 30033 30034 30035 63007 63001 63008 63020 63013 63021 63026 63005 "
     "63015 63016 63041 63042 32017 30011 30019 11200 11205 11206 11210 11220 11235 11236 11237 "
     "11750 12100 12101 "
     "12200 12300"},
    {failure_class_NONE, "21220"},
};

static void test_twilio(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(facts); i++) {
        struct str rest = str_from(facts[i].codes);
        struct str code = STR_NONE;
        while (str_split(&rest, ' ', &code)) {
            const struct failure *found = failure_find("twilio", code);
            if (found == NULL || found->class != facts[i].class) {
                fail_msg("%.*s is missing, or of another class", STR_FMT(code));
            }
        }
    }
}

/* What a wait of seconds would not mend. */
static void test_waits(void **state)
{
    (void)state;
    static const char *const half_minute[] = {"14107", "21611", "30001"};
    for (size_t i = 0; i < ARRAY_LENGTH(half_minute); i++) {
        assert_int_equal(failure_wait_seconds(STR("twilio"), str_from(half_minute[i])), 30);
    }
    assert_int_equal(failure_wait_seconds(STR("twilio"), STR("30003")), 60);
    assert_int_equal(failure_wait_seconds(STR("twilio"), STR("30008")), 0);
    assert_int_equal(failure_wait_seconds(STR("plivo"), STR("30003")), 0);
    assert_int_equal(failure_wait_seconds(STR("twilio"), STR_NONE), 0);
}

static void test_categories(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        enum failure_category category;
    } rows[] = {
        {"21211", failure_category_invalid_number},
        {"21610", failure_category_opted_out},
        {"20003", failure_category_auth},
        {"30007", failure_category_carrier_rejected},
        {"30003", failure_category_unreachable},
        {"20429", failure_category_rate_limited},
        {"21617", failure_category_rejected_content},
        {"63016", failure_category_rejected_content},
        {"20500", failure_category_provider_error},
        {"30410", failure_category_timeout},
        {"30005", failure_category_invalid_number},
        {"21614", failure_category_invalid_number},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_int_equal(failure_find("twilio", str_from(rows[i].code))->category,
                         rows[i].category);
    }
}

/* A number or address that is suppressed for good must be a fact about the person, not about us. */
static void test_who_is_suppressed(void **state)
{
    (void)state;
    const struct failure *rows = NULL;
    size_t count = failures_all(&rows);
    for (size_t i = 0; i < count; i++) {
        bool is_suppressing = rows[i].category == failure_category_invalid_number ||
                              rows[i].category == failure_category_opted_out;
        bool is_theirs =
            rows[i].class == failure_class_RECIPIENT || rows[i].class == failure_class_OPTED_OUT;
        assert_true(!is_suppressing || is_theirs);
        assert_int_equal(rows[i].class == failure_class_OPTED_OUT,
                         rows[i].category == failure_category_opted_out);
    }
}

/* Codes that nobody has told us of are judged by their family. */
static void test_families(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        enum failure_class class;
        const char *error;
    } rows[] = {
        {"21999", failure_class_OURS, "Never heard of **** (21999)"},
        {"30999", failure_class_ELSEWHERE, "Never heard of **** (30999)"},
        {"63999", failure_class_ELSEWHERE, "Never heard of **** (63999)"},
        {"60999", failure_class_OURS, "Never heard of **** (60999)"},
        {"21610", failure_class_OPTED_OUT, "the person has sent STOP (21610)"},
        {"", failure_class_NONE, "Never heard of ****"},
        {"2161", failure_class_NONE, "Never heard of ****"},
        {"216100", failure_class_NONE, "Never heard of ****"},
        {"2161x", failure_class_NONE, "Never heard of ****"},
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct twilio_fault fault;
        twilio_fault_read(str_from(rows[i].code), STR("Never heard of +14155550137"), arena,
                          &fault);
        assert_int_equal(fault.class, rows[i].class);
        assert_true(str_equal_text(fault.error, rows[i].error));
        assert_int_equal(str_is_set(fault.code),
                         strlen(rows[i].code) == 5 && strcmp(rows[i].code, "2161x") != 0);
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_twilio),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_categories),
        cmocka_unit_test(test_who_is_suppressed),
        cmocka_unit_test(test_families),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
