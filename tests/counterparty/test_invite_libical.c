/* Invitations as libical reads them: what went in must come out. */
#include "channel/invite.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libical/ical.h>

static int set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    struct arena *arena = *state;
    arena_free(&arena);
    return 0;
}

static struct invite_facts sound_facts(void)
{
    return (struct invite_facts){.uid = STR("meeting-1@example.com"),
                                 .sequence = 2,
                                 .stamp = {INT64_C(1767603600000000)},
                                 .start = {INT64_C(1767605400000000)},
                                 .end = {INT64_C(1767607200000000)},
                                 .summary = STR("Design review"),
                                 .url = STR("https://t.example/m/1?a=1,2;b"),
                                 .organizer = STR("Tocsin <alerts@example.com>"),
                                 .attendee = STR("anna@example.org"),
                                 .attendee_name = STR("Anna")};
}

static struct str write_invite(const struct invite_facts *facts, struct arena *arena)
{
    struct str out = STR_NONE;
    assert_int_equal(invite_write(facts, arena, &out, NULL), OK);
    return out;
}

/* What libical reads must be what was written. Its accessors give text unescaped and unfolded. */
static void assert_read_back(const struct invite_facts *facts, const char *summary,
                             struct arena *arena)
{
    struct str text = write_invite(facts, arena);
    icalcomponent *calendar = icalparser_parse_string(arena_cstr(arena, text));
    assert_non_null(calendar);
    assert_int_equal(icalcomponent_count_errors(calendar), 0);
    assert_int_equal(icalcomponent_get_method(calendar), ICAL_METHOD_REQUEST);
    icalcomponent *event = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT);
    assert_non_null(event);
    assert_true(str_equal_text(facts->uid, icalcomponent_get_uid(event)));
    assert_string_equal(icalcomponent_get_summary(event), summary);
    assert_int_equal(icalcomponent_get_sequence(event), facts->sequence);
    assert_int_equal(icaltime_as_timet(icalcomponent_get_dtstart(event)),
                     facts->start.us / 1000000);
    assert_true(icaltime_is_utc(icalcomponent_get_dtstart(event)));
    assert_int_equal(icaltime_as_timet(icalcomponent_get_dtend(event)), facts->end.us / 1000000);
    icalproperty *attendee = icalcomponent_get_first_property(event, ICAL_ATTENDEE_PROPERTY);
    struct str address = str_from(icalproperty_get_attendee(attendee));
    assert_true(str_equal(str_slice(address, 7, address.len), facts->attendee));
    icalproperty *organizer = icalcomponent_get_first_property(event, ICAL_ORGANIZER_PROPERTY);
    assert_string_equal(icalproperty_get_organizer(organizer), "mailto:alerts@example.com");
    icalproperty *url = icalcomponent_get_first_property(event, ICAL_URL_PROPERTY);
    assert_true(str_equal_text(facts->url, icalproperty_get_url(url)));
    icalcomponent_free(calendar);
}

static void test_libical_reads_it(void **state)
{
    struct arena *arena = *state;
    static const char *const rows[][2] = {
        {"Plain", "Plain"},
        {"a;b,c\\d:e\"f", "a;b,c\\d:e\"f"},
        {"one\ntwo\r\nthree\rfour", "one\ntwo\nthree\nfour"},
        {"\\n is not a line", "\\n is not a line"},
        {"tab\there \x01x", "tab here  x"},
        {"END:VEVENT\r\nBEGIN:VALARM", "END:VEVENT\nBEGIN:VALARM"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct invite_facts facts = sound_facts();
        facts.summary = str_from(rows[i][0]);
        assert_read_back(&facts, rows[i][1], arena);
    }
    static const char *const units[] = {"a",   "\xC3\xA4",  "\xE2\x82\xAC", "\xF0\x9F\x91\x8D",
                                        "\\;", "x\xC3\xA4,"};
    for (size_t unit = 0; unit < ARRAY_LENGTH(units); unit++) {
        struct buf summary = {.arena = arena};
        for (int i = 0; i < 90; i++) {
            buf_add_text(&summary, units[unit]);
            struct invite_facts facts = sound_facts();
            facts.summary = buf_str(&summary);
            assert_read_back(&facts, arena_cstr(arena, facts.summary), arena);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_libical_reads_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
