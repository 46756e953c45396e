#include "fixture.h"

#include "calendar/tzid.h"
#include "calendar/vtimezone.h"

static void assert_zone(void **state, const char *tzid, const char *expected)
{
    struct fixture *fixture = *state;
    struct tzid_resolver resolver = tzid_resolver_new(fixture->arena, &fixture->zones, NULL,
                                                      instant_of("2030-01-01T00:00:00Z"));
    struct tzid_zone found = tzid_resolve(&resolver, str_from(tzid));
    if (expected == NULL) {
        assert_null(found.zone);
        return;
    }
    if (found.zone == NULL) {
        fail_msg("\"%s\" is not known", tzid);
    }
    assert_text(found.name, expected);
}

static void test_names_seen_in_real_files(void **state)
{
    assert_zone(state, "Europe/Berlin", "Europe/Berlin");
    assert_zone(state, "US/Pacific", "US/Pacific");
    assert_zone(state, "Japan", "Japan");
    assert_zone(state, "UTC", "UTC");
    assert_zone(state, " Europe/Berlin ", "Europe/Berlin");
    assert_zone(state, "Eastern", "America/New_York");
    assert_zone(state, "US-Eastern", "America/New_York");
    assert_zone(state, "Pacific Time (US & Canada), Tijuana", "America/Los_Angeles");
    assert_zone(state, "(UTC-05:00) Eastern Time (US & Canada)", "America/New_York");
    assert_zone(state, "(GMT+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna",
                "Europe/Berlin");
    assert_zone(state, "(UTC+01:00) W. Europe Standard Time", "Europe/Berlin");
    assert_zone(state, "Eastern Standard Time", "America/New_York");
    assert_zone(state, "eastern standard time", "America/New_York");
    assert_zone(state, "tzone://Microsoft/Utc", "UTC");
    assert_zone(state, "Z", "UTC");
}

static void test_prefixes_are_stripped(void **state)
{
    assert_zone(state, "/Europe/Stockholm", "Europe/Stockholm");
    assert_zone(state, "/freeassociation.sourceforge.net/Tzfile/America/New_York",
                "America/New_York");
    assert_zone(state, "/freeassociation.sourceforge.net/America/New_York", "America/New_York");
    assert_zone(state, "/mozilla.org/20070129_1/America/New_York", "America/New_York");
    assert_zone(state, "/softwarestudio.org/Olson_20011030_5/America/Argentina/Buenos_Aires",
                "America/Argentina/Buenos_Aires");
    assert_zone(state, "/example.org/Japan", "Japan");
}

static void test_spelling_of_names(void **state)
{
    assert_zone(state, "europe/berlin", "Europe/Berlin");
    assert_zone(state, "EUROPE/BERLIN", "Europe/Berlin");
    assert_zone(state, "America/New York", "America/New_York");
}

static void test_plain_offsets(void **state)
{
    assert_zone(state, "UTC+02:00", "Etc/GMT-2");
    assert_zone(state, "GMT-0500", "Etc/GMT+5");
    assert_zone(state, "UTC+3", "Etc/GMT-3");
    assert_zone(state, "UTC-00:00", "UTC");
    assert_zone(state, "UTC+05:30", NULL);
    assert_zone(state, "GMT +0100 (Standard) / GMT +0200 (Daylight)", NULL);
}

static void test_nothing_is_guessed(void **state)
{
    static const char *const unknown[] = {
        "",  "Mars/Base", "(UTC-03:00) ",         "CUSTOM",       "../etc/passwd",
        "/", "//",        "Customized Time Zone", "Standard Time"};
    for (size_t i = 0; i < ARRAY_LENGTH(unknown); i++) {
        assert_zone(state, unknown[i], NULL);
    }
}

static void test_every_windows_name_is_a_zone(void **state)
{
    static const struct {
        const char *name;
        const char *iana;
    } rows[] = {
#define WINDOWS_ZONE(name, iana) {name, iana},
#include "calendar/windows_zones.def"
#undef WINDOWS_ZONE
#define ZONE_ALIAS(name, iana) {name, iana},
#include "calendar/zone_aliases.def"
#undef ZONE_ALIAS
    };
    assert_true(ARRAY_LENGTH(rows) > 139);
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        if (fixture_find(fixture, str_from(rows[i].name)) == NULL) {
            assert_zone(state, rows[i].name, rows[i].iana);
        }
    }
}

static struct ics_zone custom_zone(struct ics_observance *observances, const char *rule)
{
    observances[0] = (struct ics_observance){.start = {1970, 10, 25, 3, 0, 0},
                                             .offset_from = 7200,
                                             .offset_to = 3600,
                                             .rules = {str_from(rule)},
                                             .rule_count = 1};
    observances[1] = (struct ics_observance){.is_daylight = true,
                                             .start = {1970, 3, 29, 2, 0, 0},
                                             .offset_from = 3600,
                                             .offset_to = 7200,
                                             .rules = {STR("FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3")},
                                             .rule_count = 1};
    return (struct ics_zone){
        .tzid = STR("Custom"), .observances = observances, .observance_count = 2};
}

static void test_own_rules_give_the_same_offsets_as_the_zone_they_describe(void **state)
{
    struct fixture *fixture = *state;
    struct ics_observance observances[2];
    struct ics_zone rules = custom_zone(observances, "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10");
    struct zone zone;
    assert_true(
        vtimezone_to_zone(fixture->arena, &rules, instant_of("2030-01-01T00:00:00Z"), &zone));
    const struct zone *berlin = fixture_find(fixture, STR("Europe/Berlin"));
    struct instant end = instant_of("2030-01-01T00:00:00Z");
    /* Germany keeps these rules since 1996. */
    for (struct instant at = instant_of("1996-11-01T00:30:00Z"); instant_before(at, end);
         at = instant_add(at, HOURS(7))) {
        assert_int_equal(zone_offset_at(&zone, at), zone_offset_at(berlin, at));
    }
    assert_int_equal(zone_offset_at(&zone, instant_of("1970-01-02T00:00:00Z")), 3600);
}

static void test_own_rules_that_end(void **state)
{
    struct fixture *fixture = *state;
    struct ics_observance observances[2];
    struct ics_zone rules =
        custom_zone(observances, "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10;UNTIL=20251026T010000Z");
    struct zone zone;
    assert_true(
        vtimezone_to_zone(fixture->arena, &rules, instant_of("2030-01-01T00:00:00Z"), &zone));
    assert_int_equal(zone_offset_at(&zone, instant_of("2025-12-01T00:00:00Z")), 3600);
    assert_int_equal(zone_offset_at(&zone, instant_of("2026-12-01T00:00:00Z")), 7200);
}

static void test_calendar_names_its_zones(void **state)
{
    struct fixture *fixture = *state;
    struct ics_observance observances[2];
    struct ics_zone zones[2] = {custom_zone(observances, "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10"),
                                {.tzid = STR("Located"), .location = STR("Asia/Tokyo")}};
    struct ics_calendar calendar = {.zones = zones, .zone_count = 2};
    struct tzid_resolver resolver = tzid_resolver_new(fixture->arena, &fixture->zones, &calendar,
                                                      instant_of("2030-01-01T00:00:00Z"));
    assert_text(tzid_resolve(&resolver, STR("Located")).name, "Asia/Tokyo");
    struct tzid_zone own = tzid_resolve(&resolver, STR("Custom"));
    assert_non_null(own.zone);
    assert_false(str_is_set(own.name));
    assert_ptr_equal(tzid_resolve(&resolver, STR("Custom")).zone, own.zone);
    assert_null(tzid_resolve(&resolver, STR("Other")).zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
        TEST(test_names_seen_in_real_files),
        TEST(test_prefixes_are_stripped),
        TEST(test_spelling_of_names),
        TEST(test_plain_offsets),
        TEST(test_nothing_is_guessed),
        TEST(test_every_windows_name_is_a_zone),
        TEST(test_own_rules_give_the_same_offsets_as_the_zone_they_describe),
        TEST(test_own_rules_that_end),
        TEST(test_calendar_names_its_zones),
#undef TEST
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
