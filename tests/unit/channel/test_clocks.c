/* How far another's clock is ahead of ours, as the Date of an answer tells it. */
#include "channel/clocks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const int64_t nine_us = INT64_C(1767603600000000);

static void test_ahead(void **state)
{
    /* All in milliseconds after nine by our clock, but for the Date, which is in whole seconds. */
    static const struct {
        int64_t asked_ms;
        int64_t heard_ms;
        int64_t date_s;
        int64_t ahead_ms;
    } rows[] = {
        {100, 300, 0, 0},        /* The same second. */
        {900, 1100, 0, 0},       /* A second began in between: either may be told. */
        {900, 1100, 1, 0},       /**/
        {100, 300, 1, 700},      /* It is that second there, and cannot be here. */
        {100, 300, -1, -100},    /* Their second was over before we asked. */
        {100, 9300, 5, 0},       /* A slow answer explains much. */
        {100, 9300, 12, 2700},   /**/
        {0, 200, 3600, 3599800}, /* An hour ahead, an hour behind. */
        {0, 200, -3600, -3599000},
        {0, -3599000, -3600, -3599000}, /* Ours was set back while we waited: what we asked by. */
        {0, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct instant asked = {nine_us + rows[i].asked_ms * 1000};
        struct wire_answer answer = {.date = {nine_us + rows[i].date_s * 1000000},
                                     .heard_at = {nine_us + rows[i].heard_ms * 1000}};
        assert_int_equal(duration_ms(clock_ahead(&answer, asked)), rows[i].ahead_ms);
    }
}

static void test_without_date(void **state)
{
    struct wire_answer answer = {.heard_at = {nine_us}};
    (void)state;
    assert_int_equal(clock_ahead(&answer, (struct instant){nine_us}).us, 0);
    /* Nobody noted when it came: it was at once. */
    answer = (struct wire_answer){.date = {nine_us + SECONDS(60).us}};
    assert_int_equal(clock_ahead(&answer, (struct instant){nine_us}).us, SECONDS(60).us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ahead),
        cmocka_unit_test(test_without_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
