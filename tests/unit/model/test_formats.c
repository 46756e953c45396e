#include "model/formats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void check(const struct text_format *format, const char *text, bool expected)
{
    if (format->is_valid(str_from(text)) != expected) {
        fail_msg("%s: <%s> should be %s", format->name, text, expected ? "valid" : "refused");
    }
}

static void check_all(const struct text_format *format, const char *const *good,
                      const char *const *bad)
{
    for (; *good != NULL; good++) {
        check(format, *good, true);
    }
    for (; *bad != NULL; bad++) {
        check(format, *bad, false);
    }
    assert_false(format->is_valid(STR("")));
    assert_false(format->is_valid(STR_NONE));
    assert_true(strlen(format->name) > 0);
    assert_true(strlen(format->advice) > 0);
    assert_int_equal(format->pattern[0], '^');
    assert_int_equal(format->pattern[strlen(format->pattern) - 1], '$');
}

static void test_e164(void **state)
{
    (void)state;
    static const char *const good[] = {"+14155550101", "+1234567", "+123456789012345", NULL};
    static const char *const bad[] = {"14155550101",
                                      "+0123456789",
                                      "+123456",
                                      "+1234567890123456",
                                      "+1415555010a",
                                      "+1 4155550101",
                                      "++1415555",
                                      "+14155550101\n",
                                      "+",
                                      "00491711234567",
                                      NULL};
    check_all(&format_e164, good, bad);
}

static void test_email(void **state)
{
    (void)state;
    static const char *const good[] = {"ana@localhost",
                                       "ana@example.com",
                                       "a.b+c_d-e@x-1.example",
                                       "o'neil@example.org",
                                       "a@1.2.3.4",
                                       "{x}|~@example.com",
                                       NULL};
    static const char *const bad[] = {"ana",
                                      "@example.com",
                                      "ana@",
                                      "a@b@c",
                                      "<a@b> NOTIFY=NEVER",
                                      "a@b\r\nRCPT TO:<c@d>",
                                      "a b@example.com",
                                      "\"a\"@example.com",
                                      "a@exa mple.com",
                                      "a@b>",
                                      "a,c@example.com",
                                      "a@example.com,b@example.com",
                                      "a@example.com;",
                                      ".a@example.com",
                                      "a.@example.com",
                                      "a..b@example.com",
                                      "a@.example.com",
                                      "a@example..com",
                                      "a@example.com.",
                                      "a@-example.com",
                                      "a@example-.com",
                                      "a@[127.0.0.1]",
                                      "a@b_c",
                                      "an\xc3\xa1@example.com",
                                      "a@ex\xc3\xa1mple.com",
                                      "a\x7f@example.com",
                                      "a(x)@example.com",
                                      "a\\b@example.com",
                                      NULL};
    check_all(&format_email, good, bad);
    assert_false(format_email.is_valid(STR("a\0b@example.com")));
}

static void test_email_lengths(void **state)
{
    (void)state;
    char text[300];
    snprintf(text, sizeof text, "%064d@example.com", 0);
    check(&format_email, text, true);
    snprintf(text, sizeof text, "%065d@example.com", 0);
    check(&format_email, text, false);
    snprintf(text, sizeof text, "a@%063d.example", 0);
    check(&format_email, text, true);
    snprintf(text, sizeof text, "a@%064d.example", 0);
    check(&format_email, text, false);
    snprintf(text, sizeof text, "%061d@%063d.%063d.%063d", 0, 0, 0, 0);
    assert_int_equal(strlen(text), 253);
    check(&format_email, text, true);
    snprintf(text, sizeof text, "%063d@%063d.%063d.%063d", 0, 0, 0, 0);
    assert_int_equal(strlen(text), 255);
    check(&format_email, text, false);
    snprintf(text, sizeof text, "%062d@%063d.%063d.%063d", 0, 0, 0, 0);
    check(&format_email, text, true);
}

static void test_hhmm(void **state)
{
    (void)state;
    static const char *const good[] = {"00:00", "08:30", "19:59", "23:59", NULL};
    static const char *const bad[] = {"24:00", "23:60", "8:30", "08.30", "08:3", "08:300",
                                      "ab:cd", "-1:00", "0800", " 8:30", NULL};
    check_all(&format_hhmm, good, bad);
}

static void test_timezone(void **state)
{
    (void)state;
    static const char *const good[] = {"UTC",
                                       "Europe/Berlin",
                                       "America/Argentina/Buenos_Aires",
                                       "America/Port-au-Prince",
                                       "Etc/GMT+5",
                                       "EST5EDT",
                                       "GMT-0",
                                       NULL};
    static const char *const bad[] = {
        "/etc/passwd",           "../UTC", "Europe/../UTC", "Europe//Berlin", "Europe/", "a/b/c/d",
        "Eastern Standard Time", "+05:30", "Europe.Berlin", "Euro\xc3\xa9",   "1UTC",    NULL};
    check_all(&format_timezone, good, bad);
    char text[80];
    snprintf(text, sizeof text, "A%063d", 0);
    check(&format_timezone, text, true);
    snprintf(text, sizeof text, "A%064d", 0);
    check(&format_timezone, text, false);
}

static void test_locale(void **state)
{
    (void)state;
    static const char *const good[] = {"en",     "en-US",   "hi",  "zh-Hant",     "zh-Hant-TW",
                                       "es-419", "de-1996", "gsw", "en-u-hc-h12", NULL};
    static const char *const bad[] = {"e",  "english",      "en_US", "en-",   "-US", "en--US",
                                      "e1", "en-123456789", "en US", "../en", NULL};
    check_all(&format_locale, good, bad);
}

static void test_url(void **state)
{
    (void)state;
    static const char *const good[] = {"https://example.com",
                                       "http://localhost:8080/feed.ics?a=b#c",
                                       "webcal://example.com/a%20b",
                                       "HTTPS://EXAMPLE.COM/",
                                       "https://user:p%40ss@example.com/x",
                                       "http://127.0.0.1",
                                       "http://[::1]:80/x",
                                       "https://my_host.example.?q",
                                       "https://example.com/a@b:c",
                                       NULL};
    static const char *const bad[] = {"example.com",
                                      "ftp://example.com",
                                      "file:///etc/passwd",
                                      "https:example.com",
                                      "https://",
                                      "https:///x",
                                      "https://?x",
                                      "https://:80/",
                                      "https://user@/",
                                      "https://a@b@example.com",
                                      "https://example.com:0/",
                                      "https://example.com:65536/",
                                      "https://example.com:/",
                                      "https://example.com:80a/",
                                      "https://exa mple.com",
                                      " https://example.com",
                                      "https://example.com/a b",
                                      "https://example.com/\r\nX: y",
                                      "https://example.com\\@evil.example/",
                                      "https://example.com/<x>",
                                      "https://example.com/\x7f",
                                      "https://ex\xc3\xa1mple.com",
                                      "https://[::1/",
                                      "https://[]/",
                                      "https://[::1]x/",
                                      "https://.example.com/",
                                      "https://exa%6dple.com/",
                                      "javascript:alert(1)",
                                      NULL};
    check_all(&format_url, good, bad);
    char text[2100];
    snprintf(text, sizeof text, "https://e/%02038d", 0);
    assert_int_equal(strlen(text), 2048);
    check(&format_url, text, true);
    snprintf(text, sizeof text, "https://e/%02039d", 0);
    check(&format_url, text, false);
}

static void test_dedup_key(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "disk full on db-1", "{}:{alertname=\"Up\"}",
                                       "\xc3\xa9", NULL};
    static const char *const bad[] = {" a", "a ", "a\nb", "a\tb", "a\x7f", "\x01", NULL};
    check_all(&format_dedup_key, good, bad);
    char text[300];
    snprintf(text, sizeof text, "%0255d", 0);
    check(&format_dedup_key, text, true);
    snprintf(text, sizeof text, "%0256d", 0);
    check(&format_dedup_key, text, false);
}

static void test_slug(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "7", "default", "missed-meeting", "a-1-b", NULL};
    static const char *const bad[] = {"-a", "a-", "a--b", "A", "a_b", "a b", "\xc3\xa9", NULL};
    check_all(&format_slug, good, bad);
    char text[80];
    snprintf(text, sizeof text, "%064d", 0);
    check(&format_slug, text, true);
    snprintf(text, sizeof text, "%065d", 0);
    check(&format_slug, text, false);
}

static void test_call_id(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "CA0123", "call-4711", "a.b_c:d@e~f", "-", NULL};
    static const char *const bad[] = {"a b", "a/b", "+1", "a%", "a?b", "a\n", "\xc3\xa9", NULL};
    check_all(&format_call_id, good, bad);
    char text[120];
    snprintf(text, sizeof text, "%0100d", 0);
    check(&format_call_id, text, true);
    snprintf(text, sizeof text, "%0101d", 0);
    check(&format_call_id, text, false);
}

static void test_weekdays(void **state)
{
    (void)state;
    static const char *const good[] = {
        "SUN", "MON-FRI", "SAT,SUN", "FRI-MON", "SUN,MON,TUE,WED,THU,FRI,SAT", "MON-MON", NULL};
    static const char *const bad[] = {"mon",     "MON-",        "-MON",   "MON,",    ",MON",
                                      "MON FRI", "MON-FRI-SUN", "Monday", "MON;TUE", NULL};
    static const struct {
        const char *text;
        unsigned days;
    } rows[] = {{"SUN", 0x01},     {"MON-FRI", 0x3E}, {"SAT,SUN", 0x41},
                {"FRI-MON", 0x63}, {"TUE,TUE", 0x04}, {"SUN-SAT", 0x7F}};
    check_all(&format_weekdays, good, bad);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned days = 0;
        assert_true(weekdays_parse(str_from(rows[i].text), &days));
        assert_int_equal(days, rows[i].days);
    }
}

static void test_days_and_times(void **state)
{
    (void)state;
    static const char *const dates[] = {"2026-01-31", "2028-02-29", "0001-01-01", NULL};
    static const char *const no_dates[] = {"2026-02-29",  "2026-1-31",  "2026-13-01", "2026/01/31",
                                           "2026-01-31 ", "20260131",   "-026-01-31", "2026-01-00",
                                           "+026-01-31",  "2026-01-3x", NULL};
    static const char *const closings[] = {"00:00", "23:59", "24:00", NULL};
    static const char *const no_closings[] = {"24:01", "25:00", "9:00", "09:60", "0900", NULL};
    static const char *const times[] = {
        "2026-01-05T09:00:00Z", "2026-01-05T09:00:00.250+05:45", "2026-01-05T09:00",
        "2026-01-05 09:00:59",  "2026-01-05T09:00:00+05:30",     NULL};
    static const char *const no_times[] = {
        "2026-01-05",          "2026-01-05T09",
        "2026-02-30T09:00",    "2026-01-05T24:00",
        "2026-01-05T09:00:60", "2026-01-05T09:00:00 Europe/Madrid",
        "1969-01-05T09:00",    "tomorrow",
        "2026-01-05T09:00x00", NULL};
    static const char *const ends[] = {"2026-12-24", "2026-12-24T10:00:00Z", NULL};
    static const char *const no_ends[] = {"2026-12-24T10:00", "2026-12-32", "24.12.2026", NULL};
    check_all(&format_date, dates, no_dates);
    check_all(&format_closing, closings, no_closings);
    check_all(&format_when, times, no_times);
    check_all(&format_end_date, ends, no_ends);
}

static void test_holidays(void **state)
{
    (void)state;
    static const char *const items[] = {"2026-12-24", "germany", "us-federal", "a1-2", NULL};
    static const char *const no_items[] = {"2026-02-29", "1-may",    "Germany", "us_federal",
                                           "-x",         "x--y",     "",        "x-",
                                           "24.12.2026", "20261224", NULL};
    static const char *const no_names[] = {"2026-12-24", "1-may", "Germany", "", NULL};
    check_all(&format_holiday, items, no_items);
    check_all(&format_holiday_name, &items[1], no_names);
    struct date date = {0};
    assert_true(date_parse(STR("0001-02-03"), &date));
    assert_int_equal(date.year * 10000 + date.month * 100 + date.day, 10203);
    assert_false(date_parse(STR("2026-02-29"), &date));
}

static void test_wall_clock(void **state)
{
    (void)state;
    int64_t seconds = -1;
    assert_true(wall_clock_parse(STR("1970-01-01T00:00"), &seconds));
    assert_int_equal(seconds, 0);
    assert_true(wall_clock_parse(STR("2026-03-29 02:30:15"), &seconds));
    assert_int_equal(seconds, 1774751415);
    assert_false(wall_clock_parse(STR("2026-03-29T02:30:15Z"), &seconds));
}

static void test_owner_and_digit(void **state)
{
    (void)state;
    static char longest[101];
    static char too_long[102];
    memset(longest, 'x', 100);
    memset(too_long, 'x', 101);
    const char *const owners[] = {
        "u", "user 1", "Zo\xc3\xab", "019b8d62-7a80-7002-a716-56ad3ebc2c76", longest, NULL};
    const char *const no_owners[] = {" u", "u ", "a\tb", "a\nb", "\x7f", "\xff", too_long, NULL};
    static const char *const digits[] = {"0", "9", NULL};
    static const char *const no_digits[] = {"10", "*", "#", "a", NULL};
    check_all(&format_owner, owners, no_owners);
    check_all(&format_digit, digits, no_digits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_e164),
        cmocka_unit_test(test_email),
        cmocka_unit_test(test_email_lengths),
        cmocka_unit_test(test_hhmm),
        cmocka_unit_test(test_timezone),
        cmocka_unit_test(test_locale),
        cmocka_unit_test(test_url),
        cmocka_unit_test(test_dedup_key),
        cmocka_unit_test(test_call_id),
        cmocka_unit_test(test_slug),
        cmocka_unit_test(test_weekdays),
        cmocka_unit_test(test_days_and_times),
        cmocka_unit_test(test_wall_clock),
        cmocka_unit_test(test_holidays),
        cmocka_unit_test(test_owner_and_digit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
