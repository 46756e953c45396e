/* The sentences that say why a call moved: each reason, the same day, another day, a far one. */
#include "service/call_words.h"

#include "store/zoneinfo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct civil wall(int month, int day, int hour, int minute)
{
    return (struct civil){2026, (int8_t)month, (int8_t)day, (int8_t)hour, (int8_t)minute, 0};
}

static void check(struct call_move move, const char *words)
{
    struct arena *arena = arena_new();
    assert_string_equal(call_move_words(arena, &move).ptr, words);
    arena_free(&arena);
}

static void test_reasons(void **state)
{
    (void)state;
    check((struct call_move){.reason = move_reason_CLOSED_DAY,
                             .asked = wall(1, 10, 11, 0),
                             .runs = wall(1, 12, 9, 0)},
          "Saturday is closed: Monday 09:00");
    check((struct call_move){.reason = move_reason_HOLIDAY,
                             .asked = wall(12, 24, 11, 0),
                             .has_holiday = true,
                             .holiday = wall(12, 24, 11, 0),
                             .runs = wall(12, 28, 9, 0)},
          "24 December is a holiday: Monday 09:00");
    check((struct call_move){.reason = move_reason_BEFORE_OPENING,
                             .asked = wall(1, 6, 8, 59),
                             .runs = wall(1, 6, 9, 0)},
          "08:59 is before opening: 09:00");
    check((struct call_move){.reason = move_reason_AFTER_CLOSING,
                             .asked = wall(1, 9, 17, 0),
                             .runs = wall(1, 12, 9, 0)},
          "17:00 is after closing: Monday 09:00");
    check((struct call_move){.reason = move_reason_LEGAL_HOURS,
                             .asked = wall(1, 6, 6, 0),
                             .runs = wall(1, 6, 8, 0)},
          "06:00 is outside legal hours where the callee is: 08:00");
    check((struct call_move){.reason = move_reason_GAP,
                             .asked = wall(3, 29, 0, 30),
                             .runs = wall(4, 5, 2, 10)},
          "the hours of 29 March do not exist: Sunday 5 April 02:10");
    check((struct call_move){.reason = move_reason_GAP,
                             .asked = wall(3, 29, 0, 30),
                             .runs = wall(4, 5, 2, 15),
                             .has_missing = true,
                             .missing = wall(3, 29, 2, 15)},
          "02:15 does not exist on 29 March: Sunday 5 April 02:15");
    check((struct call_move){.reason = move_reason_HOLIDAY,
                             .asked = wall(12, 26, 1, 0),
                             .has_holiday = true,
                             .holiday = wall(12, 25, 23, 59),
                             .runs = wall(12, 28, 22, 0)},
          "25 December is a holiday: Monday 22:00");
    check((struct call_move){.reason = move_reason_CLOSED_DAY,
                             .asked = wall(1, 6, 9, 0),
                             .has_holiday = true,
                             .holiday = wall(1, 12, 9, 0),
                             .runs = wall(1, 19, 9, 0)},
          "Tuesday is closed: Monday 19 January 09:00, for 12 January is a holiday");
    check((struct call_move){.reason = move_reason_BEFORE_OPENING,
                             .asked = wall(10, 25, 2, 45),
                             .runs = wall(10, 25, 2, 0)},
          "02:45 is before opening: 02:00, when clocks have gone back");
    check((struct call_move){.reason = move_reason_CLOSED_DAY,
                             .asked = wall(3, 28, 11, 0),
                             .runs = wall(3, 29, 3, 0),
                             .has_missing = true,
                             .missing = wall(3, 29, 2, 30)},
          "Saturday is closed: Sunday 03:00, for 02:30 does not exist on 29 March");
}

/* Six days ahead a day's name is clear, seven days ahead it is not; nor is a date in another year.
 */
static void test_distance(void **state)
{
    (void)state;
    struct call_move move = {
        .reason = move_reason_HOLIDAY, .asked = wall(1, 5, 11, 0), .holiday = wall(1, 5, 11, 0)};
    move.runs = wall(1, 11, 9, 0);
    check(move, "5 January is a holiday: Sunday 09:00");
    move.runs = wall(1, 12, 9, 0);
    check(move, "5 January is a holiday: Monday 12 January 09:00");
    move.asked = move.holiday = wall(12, 20, 11, 0);
    move.runs = (struct civil){2027, 1, 4, 9, 0, 0};
    check(move, "20 December is a holiday: Monday 4 January 2027 09:00");
}

static void test_gap_and_local(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct zoneinfo *zones = NULL;
    struct instant at = INSTANT_NONE;
    assert_int_equal(zoneinfo_open(NULL, &zones, NULL), OK);
    assert_string_equal(call_gap_words(arena, wall(3, 29, 2, 30), wall(3, 29, 3, 30)).ptr,
                        "02:30 does not exist on 29 March: 03:30");
    struct civil left_out = {2011, 12, 30, 10, 0, 0};
    struct civil next_day = {2011, 12, 31, 10, 0, 0};
    assert_string_equal(call_gap_words(arena, left_out, next_day).ptr,
                        "30 December does not exist: Saturday 10:00");
    assert_int_equal(instant_parse(STR("2026-03-29T01:30:00Z"), &at), OK);
    static const struct {
        const char *zone;
        const char *text;
    } locals[] = {{"Europe/Berlin", "2026-03-29T03:30:00+02:00"},
                  {"America/New_York", "2026-03-28T21:30:00-04:00"},
                  {"Asia/Kathmandu", "2026-03-29T07:15:00+05:45"},
                  {"America/St_Johns", "2026-03-28T23:00:00-02:30"},
                  {"UTC", "2026-03-29T01:30:00+00:00"}};
    for (size_t i = 0; i < ARRAY_LENGTH(locals); i++) {
        const struct zone *zone = zoneinfo_find(zones, str_from(locals[i].zone));
        assert_string_equal(call_local_text(arena, zone, at).ptr, locals[i].text);
    }
    zoneinfo_free(&zones);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_gap_and_local),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
