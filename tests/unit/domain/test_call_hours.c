/* Business hours, legal hours and the countries of numbers: each alone, both together, and the
 * moves that they tell. */
#include "domain/call_hours.h"

#include "lib/tzif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct business_window office[] = {{540, 1020, MONDAY_TO_FRIDAY}};
static const struct business_window nights[] = {{1320, 360, EVERY_DAY}};
static const struct business_window daytime = {480, 1260, EVERY_DAY};

static void test_countries(void **state)
{
    (void)state;
    static const struct {
        const char *phone;
        const char *country;
    } rows[] = {
        {"+12125550123", "US"},
        {"+14165550123", "CA"},
        {"+18765550123", "JM"},
        {"+16715550123", "GU"},
        {"+18005550123", ""},
        {"+442079460000", "GB"},
        {"+4930123456", "DE"},
        {"+77012345678", "KZ"},
        {"+74951234567", "RU"},
        {"+76121234567", "KZ"},
        {"+262262123456", "RE"},
        {"+262639123456", "YT"},
        {"+6189162123", "CC"},
        {"+61891641234", "CX"},
        {"+61891651234", "AU"},
        {"+5999123456", "CW"},
        {"+5993123456", "BQ"},
        {"+390669812345", "VA"},
        {"+390669912345", "IT"},
        {"+80012345678", ""},
        {"+881612345678", ""},
        {"+210123456789", ""},
        {"+38349123456", "XK"},
        {"+2012345678", "EG"},
        {"+999123456789", ""},
        /* Not E.164: no plus, too short, too long, a zero or a letter. */
        {"4930123456", ""},
        {"+493012", ""},
        {"+4930123", "DE"},
        {"+4930123456789012", ""},
        {"+493012345678901", "DE"},
        {"+0930123456", ""},
        {"+49301234x6", ""},
        {"+49301234/6", ""},
        {"", ""},
        {"+", ""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char country[COUNTRY_BYTES] = "??";
        bool is_known = calling_country(str_from(rows[i].phone), country);
        if (strcmp(country, rows[i].country) != 0) {
            fail_msg("%s is %s, not %s", rows[i].phone, country, rows[i].country);
        }
        assert_int_equal(is_known, rows[i].country[0] != '\0');
    }
}

/* Each row can be reached, and no prefix stands there twice. */
static void test_calling_codes_are_sound(void **state)
{
    (void)state;
    static const struct {
        const char *prefix;
        const char *country;
    } rows[] = {
#define CODE(prefix, country) {prefix, country},
#include "domain/calling_codes.def"
#undef CODE
    };
    assert_true(ARRAY_LENGTH(rows) > 280);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char phone[20] = "+";
        char country[COUNTRY_BYTES];
        size_t len = strlen(rows[i].prefix);
        memcpy(phone + 1, rows[i].prefix, len);
        memset(phone + 1 + len, '0', 8);
        (void)calling_country(str_from(phone), country);
        assert_string_equal(country, rows[i].country);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(rows[i].prefix, rows[k].prefix);
        }
    }
}

static void test_settings(void **state)
{
    (void)state;
    struct legal_hours hours;
    struct problem problem;
    assert_int_equal(legal_hours_parse(STR_NONE, STR_NONE, &hours, NULL), OK);
    assert_null(legal_hours_of(&hours, "DE"));
    assert_null(legal_hours_of(&hours, ""));
    assert_int_equal(legal_hours_parse(STR(" 08:00-21:00 "), STR("DE=08:00-20:00, US=22:00-06:00"),
                                       &hours, &problem),
                     OK);
    assert_int_equal(legal_hours_of(&hours, "FR")->close, 1260);
    assert_int_equal(legal_hours_of(&hours, "")->open, 480);
    assert_int_equal(legal_hours_of(&hours, "DE")->close, 1200);
    assert_int_equal(legal_hours_of(&hours, "US")->open, 1320);
    assert_int_equal(legal_hours_of(&hours, "US")->close, 360);
    assert_int_equal(legal_hours_parse(STR_NONE, STR("DE=00:00-24:00"), &hours, &problem), OK);
    assert_null(legal_hours_of(&hours, "FR"));
    assert_int_equal(legal_hours_of(&hours, "DE")->days, EVERY_DAY);
}

static void test_settings_refused(void **state)
{
    (void)state;
    static const struct {
        const char *general;
        const char *by_country;
        const char *field;
    } rows[] = {
        {"08:00", "", "CALL_LEGAL_HOURS"},
        {"08:00-08:00", "", "CALL_LEGAL_HOURS"},
        {"24:00-08:00", "", "CALL_LEGAL_HOURS"},
        {"08:00-24:01", "", "CALL_LEGAL_HOURS"},
        {"08:00/21:00", "", "CALL_LEGAL_HOURS"},
        {"8:00-21:00", "", "CALL_LEGAL_HOURS"},
        {"", "DE", "CALL_LEGAL_HOURS_BY_COUNTRY"},
        {"", "de=08:00-20:00", "CALL_LEGAL_HOURS_BY_COUNTRY"},
        {"", "DEU=08:00-20:00", "CALL_LEGAL_HOURS_BY_COUNTRY"},
        {"", "D1=08:00-20:00", "CALL_LEGAL_HOURS_BY_COUNTRY"},
        {"", "[D=08:00-20:00", "CALL_LEGAL_HOURS_BY_COUNTRY"},
        {"", "UK=08:00-20:00", "CALL_LEGAL_HOURS_BY_COUNTRY"},
        {"", "=08:00-20:00", "CALL_LEGAL_HOURS_BY_COUNTRY"},
        {"", "DE=", "CALL_LEGAL_HOURS_BY_COUNTRY"},
        {"", "DE=08:00-20:00,", "CALL_LEGAL_HOURS_BY_COUNTRY"},
        {"", "DE=08:00-20:00,DE=08:00-20:00", "CALL_LEGAL_HOURS_BY_COUNTRY"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct legal_hours hours;
        struct problem problem = {.err = OK};
        enum err err = legal_hours_parse(str_from(rows[i].general), str_from(rows[i].by_country),
                                         &hours, &problem);
        if (err != E_INVALID) {
            fail_msg("accepted: \"%s\" and \"%s\"", rows[i].general, rows[i].by_country);
        }
        assert_string_equal(problem.field, rows[i].field);
    }
}

/* New York is four hours behind UTC in summer, Honolulu ten: from 8 to 21 there is 18:00Z to
 * 01:00Z. */
static void test_all_zones_must_allow(void **state)
{
    (void)state;
    struct tzif eastern_file = fixed_file(-14400, "FIX4");
    struct tzif island_file = fixed_file(-36000, "FIX10");
    struct zone eastern = zone_of(&eastern_file);
    struct zone island = zone_of(&island_file);
    const struct zone *zones[] = {&eastern, &island};
    struct legal_guard guard = {.window = &daytime, .zones = zones, .zone_count = 2};
    static const struct {
        const char *from;
        const char *wanted;
        int asked_in; /* 0: allowed at once. */
    } rows[] = {
        {"2026-07-01T17:59:59Z", "2026-07-01T18:00:00Z", 2},
        {"2026-07-01T18:00:00Z", "2026-07-01T18:00:00Z", 0},
        {"2026-07-02T00:59:59Z", "2026-07-02T00:59:59Z", 0},
        {"2026-07-02T01:00:00Z", "2026-07-02T18:00:00Z", 1},
        {"2026-07-02T08:00:00Z", "2026-07-02T18:00:00Z", 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct instant out = INSTANT_NONE;
        const struct zone *asked_in = &eastern;
        assert_int_equal(legal_guard_next(&guard, at(rows[i].from), &out, &asked_in), OK);
        assert_int_equal(out.us, at(rows[i].wanted).us);
        assert_ptr_equal(asked_in, rows[i].asked_in == 0 ? NULL : zones[rows[i].asked_in - 1]);
        assert_int_equal(legal_guard_allows(&guard, at(rows[i].from)), rows[i].asked_in == 0);
        assert_true(legal_guard_allows(&guard, out));
    }
}

static void test_zones_without_a_common_minute(void **state)
{
    (void)state;
    struct tzif behind_file = fixed_file(-36000, "FIX10");
    struct tzif ahead_file = fixed_file(14400, "FIX-4");
    struct zone behind = zone_of(&behind_file);
    struct zone ahead = zone_of(&ahead_file);
    static const struct business_window noon = {720, 780, EVERY_DAY};
    const struct zone *zones[] = {&behind, &ahead};
    struct legal_guard guard = {.window = &noon, .zones = zones, .zone_count = 2};
    struct instant out = INSTANT_NONE;
    assert_int_equal(legal_guard_next(&guard, at("2026-07-01T00:00:00Z"), &out, NULL), E_INVALID);
    guard.zone_count = 1;
    assert_int_equal(legal_guard_next(&guard, at("2026-07-01T00:00:00Z"), &out, NULL), OK);
    assert_int_equal(out.us, at("2026-07-01T22:00:00Z").us);
    /* Off: no window, or no zone to look at. */
    guard.zone_count = 0;
    assert_true(legal_guard_allows(&guard, at("2026-07-01T00:00:00Z")));
    guard = (struct legal_guard){.zones = zones, .zone_count = 2};
    assert_int_equal(legal_guard_next(&guard, at("2026-07-01T00:00:00Z"), &out, NULL), OK);
    assert_int_equal(out.us, at("2026-07-01T00:00:00Z").us);
}

/* Hours in UTC, a callee eight hours behind: 9-17 and 8-21 meet from 16:00Z to 17:00Z. */
static void test_both_guards(void **state)
{
    (void)state;
    struct tzif west_file = fixed_file(-28800, "FIX8");
    struct zone west = zone_of(&west_file);
    struct zone utc = zone_utc();
    const struct zone *zones[] = {&west};
    struct legal_guard guard = {.window = &daytime, .zones = zones, .zone_count = 1};
    struct business_hours hours = {office, 1, NULL, 0};
    struct call_hours both = {.business = &hours, .business_zone = &utc, .legal = &guard};
    struct call_opening opening;

    assert_int_equal(call_hours_next(&both, at("2026-01-05T16:30:00Z"), &opening), OK);
    assert_int_equal(opening.at.us, at("2026-01-05T16:30:00Z").us);
    assert_int_equal(opening.move_count, 0);
    assert_true(call_hours_open(&both, opening.at));
    assert_false(call_hours_open(&both, at("2026-01-05T15:59:59Z")));
    assert_false(call_hours_open(&both, at("2026-01-05T17:00:00Z")));

    /* Saturday noon: to Monday 09:00 by the hours, then to 16:00 where it is 08:00. */
    assert_int_equal(call_hours_next(&both, at("2026-01-03T12:00:00Z"), &opening), OK);
    assert_int_equal(opening.at.us, at("2026-01-05T16:00:00Z").us);
    assert_int_equal(opening.move_count, 2);
    assert_int_equal(opening.moves[0].reason, move_reason_CLOSED_DAY);
    assert_ptr_equal(opening.moves[0].zone, &utc);
    assert_true(civil_equal(opening.moves[0].runs, (struct civil){2026, 1, 5, 9, 0, 0}));
    assert_int_equal(opening.moves[1].reason, move_reason_LEGAL_HOURS);
    assert_ptr_equal(opening.moves[1].zone, &west);
    assert_true(civil_equal(opening.moves[1].asked, (struct civil){2026, 1, 5, 1, 0, 0}));
    assert_true(civil_equal(opening.moves[1].runs, (struct civil){2026, 1, 5, 8, 0, 0}));

    /* Neither guard: nothing moves. */
    struct call_hours none = {.business = NULL};
    assert_int_equal(call_hours_next(&none, at("2026-01-03T12:00:00Z"), &opening), OK);
    assert_int_equal(opening.at.us, at("2026-01-03T12:00:00Z").us);
    assert_true(call_hours_open(&none, opening.at));
}

static void test_guards_without_a_common_time(void **state)
{
    (void)state;
    struct zone utc = zone_utc();
    const struct zone *zones[] = {&utc};
    struct legal_guard guard = {.window = &daytime, .zones = zones, .zone_count = 1};
    static const struct business_window deep_night[] = {{0, 300, EVERY_DAY}};
    struct business_hours hours = {deep_night, 1, NULL, 0};
    struct call_hours both = {.business = &hours, .business_zone = &utc, .legal = &guard};
    struct call_opening opening;
    assert_int_equal(call_hours_next(&both, at("2026-01-05T12:00:00Z"), &opening), E_INVALID);
    /* 22:00-06:00 only meets 08:00-23:00 before midnight. */
    struct business_window late = {480, 1380, EVERY_DAY};
    guard.window = &late;
    hours.windows = nights;
    assert_int_equal(call_hours_next(&both, at("2026-01-05T23:00:00Z"), &opening), OK);
    assert_int_equal(opening.at.us, at("2026-01-06T22:00:00Z").us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_countries),
        cmocka_unit_test(test_calling_codes_are_sound),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_settings_refused),
        cmocka_unit_test(test_all_zones_must_allow),
        cmocka_unit_test(test_zones_without_a_common_minute),
        cmocka_unit_test(test_both_guards),
        cmocka_unit_test(test_guards_without_a_common_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
