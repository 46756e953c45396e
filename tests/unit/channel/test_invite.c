/* Invitations byte by byte. What libical makes of them is asked in tests/counterparty. */
#include "channel/invite.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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

static void test_bytes(void **state)
{
    struct invite_facts facts = sound_facts();
    assert_true(str_equal_text(
        write_invite(&facts, *state),
        "BEGIN:VCALENDAR\r\n"
        "VERSION:2.0\r\n"
        "PRODID:-//Tocsin//Tocsin//EN\r\n"
        "CALSCALE:GREGORIAN\r\n"
        "METHOD:REQUEST\r\n"
        "BEGIN:VEVENT\r\n"
        "UID:meeting-1@example.com\r\n"
        "DTSTAMP:20260105T090000Z\r\n"
        "SEQUENCE:2\r\n"
        "DTSTART:20260105T093000Z\r\n"
        "DTEND:20260105T100000Z\r\n"
        "SUMMARY:Design review\r\n"
        "URL:https://t.example/m/1?a=1,2;b\r\n"
        "ORGANIZER;CN=\"Tocsin\":mailto:alerts@example.com\r\n"
        "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=FALSE;CN=\"Anna\":ma\r\n"
        " ilto:anna@example.org\r\n"
        "STATUS:CONFIRMED\r\n"
        "TRANSP:OPAQUE\r\n"
        "END:VEVENT\r\n"
        "END:VCALENDAR\r\n"));
}

static void assert_folded(struct str text)
{
    struct str line = STR_NONE;
    while (str_split(&text, '\n', &line)) {
        if (line.len == 0 && !str_is_set(text)) {
            return;
        }
        assert_true(line.len > 0 && line.ptr[line.len - 1] == '\r');
        assert_true(line.len - 1 <= 75);
        assert_true(str_is_utf8(line));
        assert_int_equal(str_find_byte(line, '\r', 0), line.len - 1);
    }
}

/* Whatever the summary and its length, lines keep to 75 octets and no character is cut. */
static void test_folding(void **state)
{
    struct arena *arena = *state;
    static const char *const units[] = {"a", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x91\x8D", "\\;"};
    for (size_t unit = 0; unit < ARRAY_LENGTH(units); unit++) {
        struct buf summary = {.arena = arena};
        for (int i = 0; i < 120; i++) {
            buf_add_text(&summary, units[unit]);
            struct invite_facts facts = sound_facts();
            facts.summary = buf_str(&summary);
            assert_folded(write_invite(&facts, arena));
        }
    }
}

/* Nothing in a text can end its line. */
static void test_escaping(void **state)
{
    static const char *const rows[][2] = {
        {"a;b,c\\d:e\"f", "SUMMARY:a\\;b\\,c\\\\d:e\"f\r\n"},
        {"one\ntwo\r\nthree\rfour", "SUMMARY:one\\ntwo\\nthree\\nfour\r\n"},
        {"tab\there \x01x", "SUMMARY:tab here  x\r\n"},
        {"END:VEVENT\r\nBEGIN:VALARM", "SUMMARY:END:VEVENT\\nBEGIN:VALARM\r\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct invite_facts facts = sound_facts();
        facts.summary = str_from(rows[i][0]);
        assert_true(str_contains(write_invite(&facts, *state), str_from(rows[i][1])));
    }
}

static void test_names(void **state)
{
    struct invite_facts facts = sound_facts();
    facts.attendee_name = STR("Smith, \"Anna\"; x:y ^ \xC3\xA4");
    struct str text = write_invite(&facts, *state);
    assert_folded(text);
    struct buf unfolded = {.arena = *state};
    struct str line = STR_NONE;
    while (str_split(&text, '\n', &line)) {
        struct str content = str_trim(line);
        buf_add_text(&unfolded, line.len > 0 && line.ptr[0] == ' ' ? "" : "\n");
        buf_add(&unfolded,
                line.len > 0 && line.ptr[0] == ' ' ? str_slice(line, 1, line.len - 1) : content);
    }
    assert_true(
        str_contains(buf_str(&unfolded),
                     STR("CN=\"Smith, ^'Anna^'; x:y ^^ \xC3\xA4\":mailto:anna@example.org\n")));
}

static void test_optional(void **state)
{
    struct invite_facts facts = sound_facts();
    facts.end = facts.start;
    facts.url = STR("javascript:alert(1)");
    facts.description = STR("Bring tea");
    facts.location = STR("Room 1, left");
    facts.attendee_name = STR_NONE;
    struct str text = write_invite(&facts, *state);
    assert_false(str_contains(text, STR("DTEND")));
    assert_false(str_contains(text, STR("URL")));
    assert_true(str_contains(text, STR("DESCRIPTION:Bring tea\r\nLOCATION:Room 1\\, left\r\n")));
    assert_true(str_contains(text, STR("RSVP=FALSE:mailto:anna")));
}

static void test_refused(void **state)
{
    struct invite_facts wrong[9];
    static const char *const fields[] = {"uid",     "uid", "sequence",   "start",   "end",
                                         "summary", "url", "EMAIL_FROM", "attendee"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        wrong[i] = sound_facts();
    }
    wrong[0].uid = STR("");
    wrong[1].uid = STR("a\r\nX-EVIL:1");
    wrong[2].sequence = -1;
    wrong[3].start = INSTANT_NONE;
    wrong[4].end.us = wrong[4].start.us - 1;
    wrong[5].summary = STR("\xFF");
    wrong[6].url = STR("https://x.example/\r\nX-EVIL:1");
    wrong[7].organizer = STR("nobody");
    wrong[8].attendee = STR("a@b\r\nX-EVIL:1");
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct str out = STR_NONE;
        struct problem problem = {0};
        assert_int_equal(invite_write(&wrong[i], *state, &out, &problem), E_INVALID);
        assert_string_equal(problem.field, fields[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bytes), TEST(test_folding),  TEST(test_escaping),
        TEST(test_names), TEST(test_optional), TEST(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
