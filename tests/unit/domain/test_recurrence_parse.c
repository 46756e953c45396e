/* domain/recurrence_rule: what is read, what is refused, and which part the refusal names. */
#include "domain/recurrence_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

static struct recurrence_rule rule_of(const char *text)
{
    struct recurrence_rule rule;
    struct problem problem = {0};
    if (recurrence_parse(str_from(text), &rule, &problem) != OK) {
        fail_msg("%s: %s", text, problem.message);
    }
    return rule;
}

static void reads_every_part(void **state)
{
    (void)state;
    struct recurrence_rule rule =
        rule_of("BYDAY=MO,-1SU,+2FR;freq=Yearly;INTERVAL=03;UNTIL=20260131T235960z;WKST=su;"
                "BYSECOND=0,60;BYMINUTE=0,59;BYHOUR=0,23;BYMONTHDAY=1,-31;BYYEARDAY=+366,-366;"
                "BYMONTH=12,01;BYSETPOS=366,-366");
    assert_int_equal(rule.frequency, RECUR_YEARLY);
    assert_int_equal(rule.interval, 3);
    assert_int_equal(rule.count, 0);
    assert_true(rule.has_until && rule.until_is_utc && !rule.until_is_date);
    assert_true(civil_equal(rule.until, (struct civil){2026, 1, 31, 23, 59, 59}));
    assert_int_equal(rule.week_start, 0);
    assert_int_equal(rule.by_day_count, 3);
    assert_int_equal(rule.by_day[0].ordinal, 0);
    assert_int_equal(rule.by_day[1].ordinal, -1);
    assert_int_equal(rule.by_day[1].weekday, 0);
    assert_int_equal(rule.by_day[2].ordinal, 2);
    assert_int_equal(rule.by_day[2].weekday, 5);
    assert_int_equal(rule.by_second[1], 60);
    assert_int_equal(rule.by_minute[1], 59);
    assert_int_equal(rule.by_hour[1], 23);
    assert_int_equal(rule.by_month_day[1], -31);
    assert_int_equal(rule.by_year_day[0], 366);
    assert_int_equal(rule.by_month[1], 1);
    assert_int_equal(rule.by_set_pos[1], -366);
    rule = rule_of("FREQ=DAILY;UNTIL=20260131");
    assert_true(rule.has_until && rule.until_is_date && !rule.until_is_utc);
    assert_int_equal(rule.interval, 1);
    assert_int_equal(rule.week_start, 1);
}

/* The text, and the part that the problem names; "" where it is not a part of RFC 5545. */
static const char *const refused[][2] = {
    {"", ""},
    {"FREQ", "FREQ"},
    {"FREQ=", "FREQ"},
    {"FREQ=FORTNIGHTLY", "FREQ"},
    {"INTERVAL=2", "FREQ"},
    {"FREQ=DAILY;FREQ=DAILY", "FREQ"},
    {"FREQ=DAILY;;COUNT=1", ""},
    {"FREQ=DAILY;COUNT=1;;", ""},
    {"FREQ=DAILY; COUNT=1", ""},
    {"RRULE:FREQ=DAILY", ""},
    {"FREQ=DAILY;BYEASTER=1", ""},
    {"FREQ=DAILY;RSCALE=GREGORIAN", ""},
    {"FREQ=DAILY;X-ONLY", ""},
    {"FREQ=DAILY;byeaster2=1", ""},
    {"FREQ=DAILY;BY_EASTER=1", ""},
    {"FREQ=DAILY;BY{=1", ""},
    {"FREQ=DAILY;BY:=1", ""},
    {"FREQ=DAILY;A-NAME-THAT-IS-LONGER-THAN-ANY-PART-OF-A-RULE-WILL-EVER-BE=1", ""},
    {"FREQ=DAILY;\xff\xfe=1", ""},
    {"FREQ=DAILY;INTERVAL=0", "INTERVAL"},
    {"FREQ=DAILY;INTERVAL=-1", "INTERVAL"},
    {"FREQ=DAILY;INTERVAL=+1", "INTERVAL"},
    {"FREQ=DAILY;INTERVAL=2147483648", "INTERVAL"},
    {"FREQ=DAILY;INTERVAL=99999999999999999999", "INTERVAL"},
    {"FREQ=DAILY;INTERVAL=1.5", "INTERVAL"},
    {"FREQ=DAILY;COUNT=0", "COUNT"},
    {"FREQ=DAILY;COUNT=", "COUNT"},
    {"FREQ=DAILY;COUNT=2;UNTIL=20260101", "COUNT"},
    {"FREQ=DAILY;COUNT=2;COUNT=2", "COUNT"},
    {"FREQ=DAILY;UNTIL=20260230", "UNTIL"},
    {"FREQ=DAILY;UNTIL=2026010", "UNTIL"},
    {"FREQ=DAILY;UNTIL=20260101T", "UNTIL"},
    {"FREQ=DAILY;UNTIL=20260101Z", "UNTIL"},
    {"FREQ=DAILY;UNTIL=20260101T0900", "UNTIL"},
    {"FREQ=DAILY;UNTIL=20260101T240000Z", "UNTIL"},
    {"FREQ=DAILY;UNTIL=20260101T090000ZZ", "UNTIL"},
    {"FREQ=DAILY;UNTIL=00000101", "UNTIL"},
    {"FREQ=DAILY;UNTIL=2026-1-1", "UNTIL"},
    {"FREQ=DAILY;UNTIL=x0260101", "UNTIL"},
    {"FREQ=DAILY;UNTIL=2026x101", "UNTIL"},
    {"FREQ=DAILY;UNTIL=202601x1", "UNTIL"},
    {"FREQ=DAILY;UNTIL=20260101Tx90000Z", "UNTIL"},
    {"FREQ=DAILY;UNTIL=20260101T09x000Z", "UNTIL"},
    {"FREQ=DAILY;UNTIL=20260101T0900x0Z", "UNTIL"},
    {"FREQ=DAILY;UNTIL=20260101T096000Z", "UNTIL"},
    {"FREQ=DAILY;UNTIL=20260101T090061Z", "UNTIL"},
    {"FREQ=DAILY;WKST=XX", "WKST"},
    {"FREQ=DAILY;WKST=1MO", "WKST"},
    {"FREQ=DAILY;BYSECOND=61", "BYSECOND"},
    {"FREQ=DAILY;BYSECOND=-1", "BYSECOND"},
    {"FREQ=DAILY;BYMINUTE=60", "BYMINUTE"},
    {"FREQ=DAILY;BYMINUTE=+1", "BYMINUTE"},
    {"FREQ=DAILY;BYHOUR=24", "BYHOUR"},
    {"FREQ=DAILY;BYHOUR=", "BYHOUR"},
    {"FREQ=DAILY;BYHOUR=9,", "BYHOUR"},
    {"FREQ=DAILY;BYHOUR=,9", "BYHOUR"},
    {"FREQ=DAILY;BYHOUR=9 ", "BYHOUR"},
    {"FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,0", "BYHOUR"},
    {"FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY"},
    {"FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY"},
    {"FREQ=MONTHLY;BYMONTHDAY=-32", "BYMONTHDAY"},
    {"FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY"},
    {"FREQ=YEARLY;BYYEARDAY=0", "BYYEARDAY"},
    {"FREQ=YEARLY;BYYEARDAY=367", "BYYEARDAY"},
    {"FREQ=DAILY;BYYEARDAY=1", "BYYEARDAY"},
    {"FREQ=WEEKLY;BYYEARDAY=1", "BYYEARDAY"},
    {"FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY"},
    {"FREQ=YEARLY;BYWEEKNO=0", "BYWEEKNO"},
    {"FREQ=YEARLY;BYWEEKNO=54", "BYWEEKNO"},
    {"FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO"},
    {"FREQ=SECONDLY;BYWEEKNO=1", "BYWEEKNO"},
    {"FREQ=YEARLY;BYMONTH=0", "BYMONTH"},
    {"FREQ=YEARLY;BYMONTH=13", "BYMONTH"},
    {"FREQ=YEARLY;BYMONTH=-1", "BYMONTH"},
    {"FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS"},
    {"FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "BYSETPOS"},
    {"FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367", "BYSETPOS"},
    {"FREQ=MONTHLY;BYDAY=", "BYDAY"},
    {"FREQ=MONTHLY;BYDAY=M", "BYDAY"},
    {"FREQ=MONTHLY;BYDAY=MO,", "BYDAY"},
    {"FREQ=MONTHLY;BYDAY=0MO", "BYDAY"},
    {"FREQ=MONTHLY;BYDAY=xMO", "BYDAY"},
    {"FREQ=MONTHLY;BYDAY=+MO", "BYDAY"},
    {"FREQ=MONTHLY;BYDAY=54MO", "BYDAY"},
    {"FREQ=MONTHLY;BYDAY=-54MO", "BYDAY"},
    {"FREQ=MONTHLY;BYDAY=MO1", "BYDAY"},
    {"FREQ=WEEKLY;BYDAY=1MO", "BYDAY"},
    {"FREQ=DAILY;BYDAY=-1MO", "BYDAY"},
    {"FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO", "BYDAY"},
};

static void refuses_and_names_the_part(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++) {
        struct recurrence_rule rule;
        struct problem problem = {0};
        enum err err = recurrence_parse(str_from(refused[i][0]), &rule, &problem);
        if (err != E_INVALID || problem.err != E_INVALID || problem.message[0] == '\0' ||
            strcmp(problem.field, refused[i][1]) != 0) {
            fail_msg("%s: error %d in %s, %s", refused[i][0], err, problem.field, problem.message);
        }
        assert_true(str_is_utf8(str_from(problem.message)));
        assert_true(strncmp(problem.message, refused[i][1], strlen(refused[i][1])) == 0);
        assert_int_equal(recurrence_parse(str_from(refused[i][0]), &rule, NULL), E_INVALID);
    }
    struct recurrence_rule rule;
    assert_int_equal(recurrence_parse(STR_NONE, &rule, NULL), E_INVALID);
}

static void refuses_lists_beyond_their_limit(void **state)
{
    (void)state;
    char text[1024] = "FREQ=WEEKLY;BYDAY=MO";
    for (int i = 1; i < RECUR_BYDAY_MAX; i++) {
        strncat(text, ",TU", sizeof text - strlen(text) - 1);
    }
    struct recurrence_rule rule = rule_of(text);
    assert_int_equal(rule.by_day_count, RECUR_BYDAY_MAX);
    strncat(text, ",TU", sizeof text - strlen(text) - 1);
    struct problem problem = {0};
    assert_int_equal(recurrence_parse(str_from(text), &rule, &problem), E_INVALID);
    assert_string_equal(problem.message, "BYDAY: too many values");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_part),
        cmocka_unit_test(refuses_and_names_the_part),
        cmocka_unit_test(refuses_lists_beyond_their_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
