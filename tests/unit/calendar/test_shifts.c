/* The calendar of a schedule: its lines to the byte, folded without cutting a character, and read
 * back by libical. */
#include "calendar/shifts.h"

#include <libical/ical.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct instant at(const char *text)
{
    struct instant instant = INSTANT_NONE;
    assert_int_equal(instant_parse(str_from(text), &instant), OK);
    return instant;
}

static struct str write_one(struct arena *arena, struct str summary)
{
    struct buf out = {.arena = arena};
    struct shift_calendar calendar = {STR("On call: Primary"), at("2026-01-02T03:04:05.678Z"), 7};
    struct shift_event event = {.uid = STR("oncall-1-2@tocsin"),
                                .start = at("2026-01-05T08:00:00Z"),
                                .end = at("2026-01-12T08:00:00Z"),
                                .summary = summary,
                                .description = STR("layer 1 (Days; nights, too)\nsecond line")};
    shifts_begin(&out, &calendar);
    shifts_add(&out, &calendar, &event);
    shifts_end(&out);
    return buf_str(&out);
}

static void test_bytes(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    static const char wanted[] =
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Tocsin//Tocsin//EN\r\n"
        "CALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\nNAME:On call: Primary\r\n"
        "X-WR-CALNAME:On call: Primary\r\n"
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M\r\nX-PUBLISHED-TTL:PT15M\r\n"
        "BEGIN:VEVENT\r\nUID:oncall-1-2@tocsin\r\nDTSTAMP:20260102T030405Z\r\n"
        "LAST-MODIFIED:20260102T030405Z\r\nSEQUENCE:7\r\n"
        "DTSTART:20260105T080000Z\r\nDTEND:20260112T080000Z\r\n"
        "SUMMARY:Ana\\, Ben\r\n"
        "DESCRIPTION:layer 1 (Days\\; nights\\, too)\\nsecond line\r\n"
        "STATUS:CONFIRMED\r\nTRANSP:TRANSPARENT\r\nEND:VEVENT\r\n"
        "END:VCALENDAR\r\n";
    struct str text = write_one(arena, STR("Ana, Ben"));
    assert_string_equal(text.ptr, wanted);
    arena_free(&arena);
}

static void test_folding(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct buf name = {.arena = arena};
    for (int i = 0; i < 90; i++) {
        buf_add_text(&name, i % 3 == 0 ? "ü" : i % 3 == 1 ? "x" : "電");
    }
    struct str text = write_one(arena, buf_str(&name));
    struct str rest = text;
    struct str line = STR_NONE;
    size_t folded = 0;
    while (str_split(&rest, '\n', &line) && line.len > 0) {
        assert_true(str_ends(line, STR("\r")));
        assert_true(line.len - 1 <= 75);
        assert_true(str_is_utf8(str_slice(line, 0, line.len - 1)));
        folded += line.ptr[0] == ' ' ? 1 : 0;
    }
    assert_true(folded >= 2);
    icalcomponent *calendar = icalparser_parse_string(text.ptr);
    assert_non_null(calendar);
    assert_int_equal(icalcomponent_count_errors(calendar), 0);
    icalcomponent *event = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT);
    assert_string_equal(icalcomponent_get_summary(event), name.ptr);
    assert_string_equal(icalcomponent_get_description(event),
                        "layer 1 (Days; nights, too)\nsecond line");
    assert_int_equal(icaltime_as_timet(icalcomponent_get_dtend(event)), 1768204800);
    icalcomponent_free(calendar);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_folding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
