/* What the tests of calendar/expand share: a calendar from its lines, and what comes of it as text,
 * one line an occurrence: start, end, identity, flags. */
#ifndef TOCSIN_TESTS_UNIT_CALENDAR_EXPAND_FIXTURE_H
#define TOCSIN_TESTS_UNIT_CALENDAR_EXPAND_FIXTURE_H

#include "fixture.h"

#include "base/buf.h"
#include "calendar/expand.h"

static inline struct expand_result expand_window(struct fixture *fixture, struct str text,
                                                 const char *from, const char *to)
{
    struct expand_request request = {
        .text = text,
        .owner_email = STR("me@example.org"),
        .owner_zone_name = STR("Europe/Berlin"),
        .from = instant_of(from),
        .to = instant_of(to),
        .zones = &fixture->zones,
    };
    struct expand_result result;
    struct problem problem = {0};
    enum err err = calendar_expand(fixture->arena, &request, &result, &problem);
    if (err != OK) {
        fail_msg("%s: %s", err_code(err), problem.message);
    }
    return result;
}

static inline struct str calendar_of(struct fixture *fixture, const char *lines)
{
    return arena_printf(fixture->arena, "BEGIN:VCALENDAR\nVERSION:2.0\n%s\nEND:VCALENDAR\n", lines);
}

static inline struct expand_result expand(struct fixture *fixture, const char *lines,
                                          const char *from, const char *to)
{
    return expand_window(fixture, calendar_of(fixture, lines), from, to);
}

static inline void add_occurrence(struct buf *out, const struct occurrence *occurrence)
{
    char start[INSTANT_TEXT_MAX];
    char end[INSTANT_TEXT_MAX];
    buf_add(out, instant_format(occurrence->starts_at, start));
    buf_add_byte(out, ' ');
    buf_add(out, instant_format(occurrence->ends_at, end));
    buf_add_byte(out, ' ');
    buf_add(out, occurrence->external_id);
    buf_add_text(out, occurrence->is_all_day ? " day" : "");
    buf_add_text(out, occurrence->is_cancelled ? " cancelled" : "");
    buf_add_text(out, occurrence->is_declined ? " declined" : "");
    buf_add_text(out, occurrence->is_transparent ? " free" : "");
    buf_add_byte(out, '\n');
}

static inline void assert_occurrences(struct fixture *fixture, struct expand_result result,
                                      const char *expected)
{
    struct buf out = {.arena = fixture->arena};
    for (size_t i = 0; i < result.occurrence_count; i++) {
        add_occurrence(&out, &result.occurrences[i]);
    }
    assert_text(buf_str(&out), expected);
}

#define EVENT(lines) "BEGIN:VEVENT\nUID:a\n" lines "END:VEVENT\n"
#define JANUARY "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"

/* Expands one event with UID a in a window and compares. */
static inline void check(void **state, const char *lines, const char *from, const char *to,
                         const char *expected)
{
    struct fixture *fixture = *state;
    assert_occurrences(fixture, expand(fixture, lines, from, to), expected);
}

#endif
