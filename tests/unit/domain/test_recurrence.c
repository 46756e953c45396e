/* domain/recurrence: every example of RFC 5545 3.8.5.3 with the dates that it lists, what the RFC
 * implies, the bounds, and that seeking finds what walking finds.
 *
 * Expected instances are written short: 8 digits are a date, 4 a month and day of the same year,
 * 2 a day of the same month; T and 4 digits are a time of day, which otherwise is DTSTART's. */
#include "domain/recurrence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

struct example {
    const char *rule;
    const char *dtstart;
    const char *expected; /* The first instances. */
    int total;            /* How many there are in all; 0 where the rule goes on for ever. */
};

/* In the order of the RFC. UNTIL stands in the wall-clock time of New York here. */
static const struct example rfc_examples[] = {
    {"FREQ=DAILY;COUNT=10", "19970902T0900", "19970902 03 04 05 06 07 08 09 10 11", 10},
    {"FREQ=DAILY;UNTIL=19971223T190000", "19970902T0900", "19970902 03 04 05", 113},
    {"FREQ=DAILY;INTERVAL=2", "19970902T0900",
     "19970902 04 06 08 10 12 14 16 18 20 22 24 26 28 30 1002 04 06 08 10 12 14 16 18 20 22 24 26"
     " 28 30 1101 03 05 07 09 11 13 15 17 19 21 23 25 27 29 1201 03",
     0},
    {"FREQ=DAILY;INTERVAL=10;COUNT=5", "19970902T0900", "19970902 12 22 1002 12", 5},
    {"FREQ=YEARLY;UNTIL=20000131T090000;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA", "19980101T0900",
     "19980101 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29"
     " 30 31 19990101 02",
     93},
    {"FREQ=DAILY;UNTIL=20000131T090000;BYMONTH=1", "19980101T0900",
     "19980101 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29"
     " 30 31 19990101 02",
     93},
    {"FREQ=WEEKLY;COUNT=10", "19970902T0900", "19970902 09 16 23 30 1007 14 21 28 1104", 10},
    {"FREQ=WEEKLY;UNTIL=19971223T190000", "19970902T0900",
     "19970902 09 16 23 30 1007 14 21 28 1104 11 18 25 1202 09 16 23", 17},
    {"FREQ=WEEKLY;INTERVAL=2;WKST=SU", "19970902T0900",
     "19970902 16 30 1014 28 1111 25 1209 23 19980106 20 0203 17", 0},
    {"FREQ=WEEKLY;UNTIL=19971006T200000;WKST=SU;BYDAY=TU,TH", "19970902T0900",
     "19970902 04 09 11 16 18 23 25 30 1002", 10},
    {"FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH", "19970902T0900",
     "19970902 04 09 11 16 18 23 25 30 1002", 10},
    {"FREQ=WEEKLY;INTERVAL=2;UNTIL=19971223T190000;WKST=SU;BYDAY=MO,WE,FR", "19970901T0900",
     "19970901 03 05 15 17 19 29 1001 03 13 15 17 27 29 31 1110 12 14 24 26 28 1208 10 12 22", 25},
    {"FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", "19970902T0900",
     "19970902 04 16 18 30 1002 14 16", 8},
    {"FREQ=MONTHLY;COUNT=10;BYDAY=1FR", "19970905T0900",
     "19970905 1003 1107 1205 19980102 0206 0306 0403 0501 0605", 10},
    {"FREQ=MONTHLY;UNTIL=19971223T190000;BYDAY=1FR", "19970905T0900", "19970905 1003 1107 1205", 4},
    {"FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU", "19970907T0900",
     "19970907 28 1102 30 19980104 25 0301 29 0503 31", 10},
    {"FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "19970922T0900", "19970922 1020 1117 1222 19980119 0216",
     6},
    {"FREQ=MONTHLY;BYMONTHDAY=-3", "19970928T0900", "19970928 1029 1128 1229 19980129 0226", 0},
    {"FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15", "19970902T0900",
     "19970902 15 1002 15 1102 15 1202 15 19980102 15", 10},
    {"FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", "19970930T0900",
     "19970930 1001 31 1101 30 1201 31 19980101 31 0201", 10},
    {"FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15", "19970910T0900",
     "19970910 11 12 13 14 15 19990310 11 12 13", 10},
    {"FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "19970902T0900",
     "19970902 09 16 23 30 1104 11 18 25 19980106 13 20 27 0303 10 17 24 31", 0},
    {"FREQ=YEARLY;COUNT=10;BYMONTH=6,7", "19970610T0900",
     "19970610 0710 19980610 0710 19990610 0710 20000610 0710 20010610 0710", 10},
    {"FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3", "19970310T0900",
     "19970310 19990110 0210 0310 20010110 0210 0310 20030110 0210 0310", 10},
    {"FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200", "19970101T0900",
     "19970101 0410 0719 20000101 0409 0718 20030101 0410 0719 20060101", 10},
    {"FREQ=YEARLY;BYDAY=20MO", "19970519T0900", "19970519 19980518 19990517", 0},
    {"FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "19970512T0900", "19970512 19980511 19990517", 0},
    {"FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "19970313T0900",
     "19970313 20 27 19980305 12 19 26 19990304 11 18 25", 0},
    {"FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8", "19970605T0900",
     "19970605 12 19 26 0703 10 17 24 31 0807 14 21 28 19980604 11 18 25 0702 09 16 23 30 0806 13"
     " 20 27 19990603 10 17 24 0701 08 15 22 29 0805 12 19 26",
     0},
    {"FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "19970902T0900", "19980213 0313 1113 19990813 20001013",
     0},
    {"FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", "19970913T0900",
     "19970913 1011 1108 1213 19980110 0207 0307 0411 0509 0613", 0},
    {"FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "19961105T0900",
     "19961105 20001107 20041102", 0},
    {"FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "19970904T0900", "19970904 1007 1106", 3},
    {"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "19970929T0900",
     "19970929 1030 1127 1230 19980129 0226 0330", 0},
    /* The RFC's list agrees with 17:00 as wall-clock time (erratum 3883). */
    {"FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000", "19970902T0900", "19970902T0900 T1200 T1500",
     3},
    {"FREQ=MINUTELY;INTERVAL=15;COUNT=6", "19970902T0900",
     "19970902T0900 T0915 T0930 T0945 T1000 T1015", 6},
    {"FREQ=MINUTELY;INTERVAL=90;COUNT=4", "19970902T0900", "19970902T0900 T1030 T1200 T1330", 4},
    {"FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40", "19970902T0900",
     "19970902T0900 T0920 T0940 T1000 T1020 T1040 T1100 T1120 T1140 T1200 T1220 T1240 T1300 T1320"
     " T1340 T1400 T1420 T1440 T1500 T1520 T1540 T1600 T1620 T1640 19970903T0900 T0920",
     0},
    {"FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16", "19970902T0900",
     "19970902T0900 T0920 T0940 T1000 T1020 T1040 T1100 T1120 T1140 T1200 T1220 T1240 T1300 T1320"
     " T1340 T1400 T1420 T1440 T1500 T1520 T1540 T1600 T1620 T1640 19970903T0900 T0920",
     0},
    {"FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "19970805T0900", "19970805 10 19 24", 4},
    {"FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "19970805T0900", "19970805 17 19 31", 4},
    {"FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "20070115T0900", "20070115 30 0215 0315 30", 5},
};

/* What the RFC says without an example, and what calendars in the wild write. */
static const struct example other_examples[] = {
    /* Dates that do not exist are skipped. */
    {"FREQ=YEARLY", "20240229T0900", "20240229 20280229 20320229", 0},
    {"FREQ=YEARLY", "20960229T0900", "20960229 21040229", 0},
    {"FREQ=MONTHLY", "20260131T0900", "20260131 0331 0531 0731 0831 1031 1231 20270131", 0},
    {"FREQ=MONTHLY;INTERVAL=12", "20240229T0900", "20240229 20280229", 0},
    {"FREQ=YEARLY;BYYEARDAY=366", "20260101T0900", "20281231 20321231", 0},
    {"FREQ=YEARLY;BYYEARDAY=-366", "20260101T0900", "20280101 20320101", 0},
    {"FREQ=MONTHLY;BYDAY=5MO", "20260105T0900", "20260330 0629 0831 1130", 0},
    {"FREQ=YEARLY;BYDAY=53TH", "20260101T0900", "20261231 20321230", 0},
    /* The last day of the month; the 31st or, in a short month, its last day. */
    {"FREQ=MONTHLY;BYMONTHDAY=-1", "20260131T0900", "20260131 0228 0331 0430", 0},
    {"FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "20260131T0900", "20260131 0228 0331 0430",
     0},
    /* DTSTART that the rule does not name is not an instance. */
    {"FREQ=WEEKLY;BYDAY=FR;COUNT=2", "20260105T0900", "20260109 16", 2},
    {"FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", "20260107T0900", "20260111 25 0208", 0},
    {"FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU", "20260107T0900", "20260118 0201", 0},
    {"FREQ=YEARLY;BYMONTHDAY=1", "20260105T0900", "20260201 0301 0401", 0},
    {"FREQ=DAILY;BYMONTHDAY=-1,-2", "20260105T0900", "20260130 31 0227 28 0330", 0},
    /* Repeats in a list and values that mean the same day come once. */
    {"FREQ=MONTHLY;BYMONTHDAY=31,-1,31", "20260131T0900", "20260131 0228 0331 0430", 0},
    {"FREQ=MONTHLY;BYDAY=SA,4MO", "20260103T0900", "20260103 10 17 24 26 31 0207", 0},
    {"FREQ=MONTHLY;BYDAY=MO,1MO;BYSETPOS=1,1,-4,2", "20260105T0900", "20260105 12 0202 09", 0},
    {"FREQ=DAILY;BYHOUR=10,9,10;COUNT=3", "20260105T0900", "20260105T0900 T1000 20260106T0900", 3},
    /* Ordinals count within the month where BYMONTH is given, else within the year. */
    {"FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU", "20260329T0200", "20260329 1025 20270328 1031", 0},
    {"FREQ=YEARLY;BYDAY=1MO,-1MO", "20260101T0900", "20260105 1228 20270104 1227", 0},
    {"FREQ=MONTHLY;BYMONTHDAY=1,2,3,4,5,6,7;BYDAY=1MO,2TU", "20260105T0900", "20260105 0202", 0},
    /* Weeks of the year: the days may lie in the year before or after; WKST moves them. */
    {"FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", "20251229T0900", "20251229 20270104 20280103", 0},
    {"FREQ=YEARLY;INTERVAL=2;BYWEEKNO=1;BYDAY=MO", "20251229T0900", "20251229 20280103", 0},
    {"FREQ=YEARLY;BYWEEKNO=53;BYDAY=FR", "20260101T0900", "20270101 20321231", 0},
    {"FREQ=YEARLY;BYWEEKNO=-1;BYDAY=SU", "20260101T0900", "20270103 20280102 1231", 0},
    {"FREQ=YEARLY;BYWEEKNO=20", "20260513T0900", "20260513 20270519", 0},
    {"FREQ=YEARLY;BYWEEKNO=1;BYDAY=SU;WKST=SU", "20260104T0900", "20260104 20270103 20280102", 0},
    {"FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO;BYMONTH=1", "20240101T0900", "20240101 20270104", 0},
    /* BYSETPOS sees the whole period, before DTSTART cuts it, and times as well as days. */
    {"FREQ=MONTHLY;BYDAY=MO,WE;BYSETPOS=1", "20260107T0900", "20260202 0302", 0},
    {"FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1", "20260107T0900", "20260109 16", 0},
    {"FREQ=DAILY;BYHOUR=9,17;BYMINUTE=0,30;BYSETPOS=2,-1", "20260105T0900",
     "20260105T0930 T1730 20260106T0930", 0},
    {"FREQ=HOURLY;BYMINUTE=0,20,40;BYSETPOS=-1", "20260105T0900", "20260105T0940 T1040", 0},
    {"FREQ=YEARLY;BYMONTH=1,2;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1", "20260101T0900",
     "20260101 0227 20270101 0226", 0},
    /* Shorter than a day: filters limit, INTERVAL counts from DTSTART across days. */
    {"FREQ=HOURLY;INTERVAL=5;BYHOUR=0,9", "20260105T0900", "20260105T0900 20260106T0000", 0},
    {"FREQ=HOURLY;BYDAY=MO;BYHOUR=9,10", "20260105T0900", "20260105T0900 T1000 20260112T0900 T1000",
     0},
    {"FREQ=MINUTELY;BYMONTH=3;BYMONTHDAY=1;BYHOUR=8;BYMINUTE=0,30", "20260105T0900",
     "20260301T0800 T0830 20270301T0800", 0},
    {"FREQ=SECONDLY;INTERVAL=1800;BYDAY=SA;BYHOUR=0", "20260105T0900",
     "20260110T0000 T0030 20260117T0000", 0},
    {"FREQ=SECONDLY;BYYEARDAY=-1;BYHOUR=23;BYMINUTE=58,59;BYSECOND=0", "20260105T0900",
     "20261231T2358 T2359 20271231T2358", 0},
    /* UNTIL is inclusive; a DATE is the midnight at its start; COUNT=1. */
    {"FREQ=DAILY;UNTIL=20260107T090000", "20260105T0900", "20260105 06 07", 3},
    {"FREQ=DAILY;UNTIL=20260107", "20260105T0900", "20260105 06", 2},
    {"FREQ=DAILY;UNTIL=20260107", "20260105T0000", "20260105 06 07", 3},
    {"freq=daily;count=1", "20260105T0900", "20260105", 1},
    {"FREQ=WEEKLY;BYDAY=MO;X-NOTE=1;COUNT=1;", "20260105T0900", "20260105", 1},
    /* The ends of time. */
    {"FREQ=YEARLY;INTERVAL=7000", "20260105T0900", "20260105 90260105", 2},
    {"FREQ=YEARLY;INTERVAL=2147483647", "20260105T0900", "20260105", 1},
    {"FREQ=SECONDLY;INTERVAL=2147483647;UNTIL=21000101", "20260101T0000", "20260101", 2},
    {"FREQ=DAILY", "99991230T0900", "99991230 31", 2},
    {"FREQ=YEARLY;BYWEEKNO=52;BYDAY=SU", "99981201T0900", "99981227", 1},
    {"FREQ=WEEKLY", "00010101T0000", "00010101 08 15", 0},
};

static int digits(const char **at, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        assert_true(**at >= '0' && **at <= '9');
        value = value * 10 + (**at - '0');
    }
    return value;
}

/* Reads one instance in the short form; what is left out is taken from *civil. */
static bool read_instance(const char **at, struct civil *civil)
{
    *at += strspn(*at, " ");
    if (**at == '\0') {
        return false;
    }
    size_t length = strspn(*at, "0123456789");
    if (length == 8) {
        civil->year = digits(at, 4);
    }
    if (length >= 4) {
        civil->month = (int8_t)digits(at, 2);
    }
    if (length >= 2) {
        civil->day = (int8_t)digits(at, 2);
    }
    if (**at == 'T') {
        (*at)++;
        civil->hour = (int8_t)digits(at, 2);
        civil->minute = (int8_t)digits(at, 2);
    }
    return true;
}

static struct civil civil_of(const char *text)
{
    struct civil civil = {0};
    assert_true(read_instance(&text, &civil));
    assert_true(civil_is_valid(civil));
    return civil;
}

static struct recurrence_rule rule_of(const char *text)
{
    struct recurrence_rule rule;
    struct problem problem = {0};
    if (recurrence_parse(str_from(text), &rule, &problem) != OK) {
        fail_msg("%s: %s", text, problem.message);
    }
    return rule;
}

static void check_example(const struct example *example)
{
    struct recurrence_rule rule = rule_of(example->rule);
    struct civil expected = civil_of(example->dtstart);
    struct recurrence_iterator iterator;
    recurrence_begin(&iterator, &rule, expected);
    struct civil got = {0};
    int found = 0;
    for (const char *at = example->expected; read_instance(&at, &expected); found++) {
        enum recurrence_step step = recurrence_next(&iterator, &got);
        if (step != RECURRENCE_FOUND || !civil_equal(got, expected)) {
            fail_msg("%s: instance %d is %d-%02d-%02d %02d:%02d (step %d)", example->rule,
                     found + 1, got.year, got.month, got.day, got.hour, got.minute, step);
        }
    }
    assert_true(found > 0);
    if (example->total == 0) {
        assert_int_equal(recurrence_next(&iterator, &got), RECURRENCE_FOUND);
        return;
    }
    for (; found < example->total; found++) {
        assert_int_equal(recurrence_next(&iterator, &got), RECURRENCE_FOUND);
    }
    if (example->total != found || recurrence_next(&iterator, &got) != RECURRENCE_END) {
        fail_msg("%s: does not end after %d", example->rule, example->total);
    }
    assert_int_equal(recurrence_next(&iterator, &got), RECURRENCE_END);
}

static void names_what_the_rfc_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rfc_examples); i++) {
        check_example(&rfc_examples[i]);
    }
}

static void names_what_the_rfc_implies(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(other_examples); i++) {
        check_example(&other_examples[i]);
    }
}

/* Rules without an instance end, whatever their frequency. */
static const char *const barren[] = {
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=YEARLY;BYMONTH=1;BYYEARDAY=60",
    "FREQ=YEARLY;BYWEEKNO=20;BYMONTH=1",
    "FREQ=YEARLY;BYMONTH=1;BYDAY=6MO",
    "FREQ=YEARLY;BYDAY=MO;BYSETPOS=60",
    "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=-30",
    "FREQ=MONTHLY;BYDAY=6MO",
    "FREQ=MONTHLY;INTERVAL=12;BYMONTH=2",
    "FREQ=WEEKLY;BYMONTH=1;BYDAY=MO;BYSETPOS=2",
    "FREQ=WEEKLY;INTERVAL=20871;BYMONTH=6",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
    "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11;BYMINUTE=0,1,2,3,4,5,6,7,8,9,10,11;BYSETPOS=365",
    "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=HOURLY;INTERVAL=2;BYHOUR=0",
    "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MINUTELY;INTERVAL=2;BYMINUTE=1",
    "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=SECONDLY;INTERVAL=60;BYSECOND=30",
    "FREQ=SECONDLY;INTERVAL=86400;BYHOUR=8",
    "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3",
};

static void ends_rules_that_never_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(barren); i++) {
        struct recurrence_rule rule = rule_of(barren[i]);
        struct recurrence_iterator iterator;
        recurrence_begin(&iterator, &rule, civil_of("20260105T0900"));
        struct civil out = {.year = 7};
        enum recurrence_step step = recurrence_next(&iterator, &out);
        if (step == RECURRENCE_FOUND) {
            fail_msg("%s: found %d-%02d-%02d", barren[i], out.year, out.month, out.day);
        }
        assert_int_equal(recurrence_next(&iterator, &out), step);
        recurrence_seek(&iterator, civil_of("20300105T0900"));
        assert_int_equal(recurrence_next(&iterator, &out), step);
        assert_int_equal(out.year, 7);
    }
}

static void reaches_the_rarest_dates(void **state)
{
    (void)state;
    static const struct example rare[] = {
        {"FREQ=YEARLY;INTERVAL=100;BYMONTH=2;BYMONTHDAY=29", "19000301T0900", "20000229 24000229",
         0},
        {"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU", "20050301T0900", "20320229 20600229", 0},
        {"FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=TU;BYHOUR=9;BYMINUTE=0;BYSECOND=0",
         "18800301T0900", "19160229 19440229 19720229 20000229 20280229 20560229 20840229 21240229",
         0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rare); i++) {
        check_example(&rare[i]);
    }
}

static void check_seek(const char *text, struct civil dtstart, struct civil from)
{
    struct recurrence_rule rule = rule_of(text);
    struct recurrence_iterator walk;
    struct recurrence_iterator seek;
    struct civil a = {0};
    struct civil b = {0};
    recurrence_begin(&walk, &rule, dtstart);
    recurrence_begin(&seek, &rule, dtstart);
    recurrence_seek(&seek, from);
    enum recurrence_step step = recurrence_next(&walk, &a);
    while (step == RECURRENCE_FOUND && civil_compare(a, from) < 0) {
        step = recurrence_next(&walk, &a);
    }
    for (int i = 0; i < 5; i++) {
        if (recurrence_next(&seek, &b) != step ||
            (step == RECURRENCE_FOUND && !civil_equal(a, b))) {
            fail_msg("%s: seek to %d-%02d-%02d %02d:%02d finds %d-%02d-%02d", text, from.year,
                     from.month, from.day, from.hour, from.minute, b.year, b.month, b.day);
        }
        step = recurrence_next(&walk, &a);
    }
}

static void seek_finds_what_walking_finds(void **state)
{
    (void)state;
    struct civil dtstart = civil_of("20240229T0930");
    struct civil ends = civil_of("99991201T0000");
    for (size_t i = 0; i < ARRAY_LENGTH(rfc_examples) + ARRAY_LENGTH(other_examples); i++) {
        const char *text = i < ARRAY_LENGTH(rfc_examples)
                               ? rfc_examples[i].rule
                               : other_examples[i - ARRAY_LENGTH(rfc_examples)].rule;
        struct recurrence_rule rule = rule_of(text);
        /* Uneven steps reach every part of a period; shorter frequencies take shorter ones. */
        int64_t step = rule.frequency < RECUR_DAILY ? 7001 : 8 * 86400 + 12345;
        for (int j = -3; j < 60; j++) {
            check_seek(text, dtstart, civil_add_seconds(dtstart, j * step));
        }
    }
    check_seek("FREQ=YEARLY;INTERVAL=3", dtstart, ends);
    check_seek("FREQ=YEARLY;BYWEEKNO=52;BYDAY=SU", dtstart, ends);
    check_seek("FREQ=DAILY;COUNT=20000", dtstart, civil_of("20600101T0000"));
    check_seek("FREQ=DAILY;COUNT=20000", dtstart, civil_of("20900101T0000"));
}

static void seek_goes_forward_only(void **state)
{
    (void)state;
    struct recurrence_rule rule = recurrence_rule_every(RECUR_DAILY, 2);
    struct recurrence_iterator iterator;
    struct civil out;
    recurrence_begin(&iterator, &rule, civil_of("19900101T0900"));
    recurrence_seek(&iterator, civil_of("20260105T0900"));
    assert_int_equal(recurrence_next(&iterator, &out), RECURRENCE_FOUND);
    assert_true(civil_equal(out, civil_of("20260106T0900")));
    recurrence_seek(&iterator, civil_of("20260101T0900"));
    recurrence_seek(&iterator, civil_of("20260106T0900"));
    assert_int_equal(recurrence_next(&iterator, &out), RECURRENCE_FOUND);
    assert_true(civil_equal(out, civil_of("20260108T0900")));
    recurrence_seek(&iterator, civil_of("20260108T0901"));
    assert_int_equal(recurrence_next(&iterator, &out), RECURRENCE_FOUND);
    assert_true(civil_equal(out, civil_of("20260110T0900")));
}

/* Seeking must not use up what recurrence_next may look at, however far it goes. */
static void seek_is_bounded(void **state)
{
    (void)state;
    struct recurrence_rule rule = rule_of("FREQ=SECONDLY");
    struct recurrence_iterator iterator;
    struct civil out;
    recurrence_begin(&iterator, &rule, civil_of("00010101T0000"));
    recurrence_seek(&iterator, civil_of("99991231T2359"));
    assert_int_equal(recurrence_next(&iterator, &out), RECURRENCE_FOUND);
    assert_true(civil_equal(out, civil_of("99991231T2359")));
    rule = rule_of("FREQ=SECONDLY;COUNT=2147483647");
    recurrence_begin(&iterator, &rule, civil_of("20000101T0000"));
    recurrence_seek(&iterator, civil_of("20260105T0900"));
    assert_int_equal(recurrence_next(&iterator, &out), RECURRENCE_EXHAUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_the_rfc_lists),
        cmocka_unit_test(names_what_the_rfc_implies),
        cmocka_unit_test(ends_rules_that_never_match),
        cmocka_unit_test(reaches_the_rarest_dates),
        cmocka_unit_test(seek_finds_what_walking_finds),
        cmocka_unit_test(seek_goes_forward_only),
        cmocka_unit_test(seek_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
