/* The times of a call: what a request says becomes what a row keeps, and that is read back as the
 * same; a row that says nonsense is corrupt, not a crash. */
#include "op_fixture.h"

#include "service/call_memory.h"
#include "service/occurrences.h"
#include "service/scheduled_calls.h"

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

static void check_opens(const struct call_guards *guards, const char *from, const char *expected)
{
    char text[INSTANT_TEXT_MAX];
    struct call_opening opening = {0};
    assert_int_equal(call_hours_next(&guards->hours, at(from), &opening), OK);
    assert_string_equal(instant_format(opening.at, text).ptr, expected);
}

static void test_hours_come_back(void **state)
{
    struct op_fixture *f = *state;
    static const struct weekday_number saturday = {6};
    const struct hours_window windows[] = {
        {.start = STR_INIT("22:00"), .end = STR_INIT("02:00")},
        {.start = STR_INIT("08:00"), .end = STR_INIT("24:00"), .days = {&saturday, 1}},
    };
    static const struct holiday_date holidays[] = {{STR_INIT("2026-12-24")}};
    struct hours_input given = {
        .windows = {windows, 2}, .timezone = STR("Europe/Madrid"), .holidays = {holidays, 1}};
    struct call_guards made = {0};
    struct call_guards read = {0};
    struct str text = STR_NONE;
    assert_int_equal(call_hours_resolve(&f->op, &given, STR("UTC"), &made, &text), OK);
    assert_int_equal(call_guards_read(&f->op, text, &read), OK);
    const struct call_guards *both[] = {&made, &read};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(both[i]->business.window_count, 2);
        assert_int_equal(both[i]->business.windows[0].days, MONDAY_TO_FRIDAY);
        check_opens(both[i], "2026-12-23T12:00:00Z", "2026-12-23T21:00:00Z");
        check_opens(both[i], "2026-12-23T23:30:00Z", "2026-12-25T21:00:00Z");
        check_opens(both[i], "2026-12-26T03:00:00Z", "2026-12-26T07:00:00Z");
    }
}

static void test_default_hours(void **state)
{
    struct op_fixture *f = *state;
    struct call_guards made = {0};
    struct str text = STR_NONE;
    assert_int_equal(call_hours_resolve(&f->op, NULL, STR("Asia/Kathmandu"), &made, &text), OK);
    assert_true(str_equal_text(text, "{\"start\":\"09:00\",\"end\":\"17:00\",\"timezone\":"
                                     "\"Asia/Kathmandu\",\"daysOfWeek\":[1,2,3,4,5]}"));
    check_opens(&made, "2026-01-05T03:14:59Z", "2026-01-05T03:15:00Z");
    /* No hours guard nothing. */
    assert_int_equal(call_guards_read(&f->op, STR_NONE, &made), OK);
    check_opens(&made, "2026-01-04T03:00:00Z", "2026-01-04T03:00:00Z");
}

static void test_hours_that_never_open(void **state)
{
    struct op_fixture *f = *state;
    enum { DAYS_CLOSED = 380 };
    struct holiday_date closed[DAYS_CLOSED];
    struct call_guards made = {0};
    struct str text = STR_NONE;
    int64_t today = instant_ms(f->now) / 86400000;
    for (int i = 0; i < DAYS_CLOSED; i++) {
        struct date date = date_from_days(today + i);
        closed[i].date =
            str_slice(civil_text(f->store->arena, civil_from_date(date, 0, 0, 0)), 0, 10);
    }
    struct hours_input given = {.holidays = {closed, DAYS_CLOSED}};
    assert_int_equal(call_hours_resolve(&f->op, &given, STR("UTC"), &made, &text), E_INVALID);
    assert_string_equal(f->problem.field, "businessHours");
    given.holidays.count = 10;
    assert_int_equal(call_hours_resolve(&f->op, &given, STR("UTC"), &made, &text), OK);
}

static void check_corrupt(struct op_fixture *f, const char *text, bool is_series)
{
    struct call_guards guards = {0};
    struct series_read series = {0};
    const struct zone *zone = zoneinfo_find(f->site.zones, STR("UTC"));
    enum err err = is_series ? call_series_read(&f->op, str_from(text), zone, &series)
                             : call_guards_read(&f->op, str_from(text), &guards);
    if (err != E_CORRUPT) {
        fail_msg("<%s> is %d", text, (int)err);
    }
}

static void test_corrupt_rows(void **state)
{
    struct op_fixture *f = *state;
    static const char *const hours[] = {
        "",
        "[]",
        "{}",
        "{\"start\":\"09:00\"}",
        "{\"start\":\"09:00\",\"end\":\"17:00\",\"timezone\":\"X/Y\"}",
        "{\"start\":\"09:00\",\"end\":\"17:00\",\"other\":1}"};
    static const char *const series[] = {
        "",
        "{}",
        "{\"frequency\":\"daily\",\"interval\":1}",
        "{\"frequency\":\"daily\",\"interval\":1,\"anchor\":\"2026\"}",
        "{\"anchor\":\"2026-01-05T09:00:00\"}",
        "{\"rrule\":\"FREQ=NEVER\",\"anchor\":\"2026-01-05T09:00:00\"}",
        "{\"frequency\":\"daily\",\"rrule\":\"FREQ=DAILY\",\"anchor\":\"2026-01-05T09:00:00\"}"};
    for (size_t i = 0; i < ARRAY_LENGTH(hours); i++) {
        check_corrupt(f, hours[i], false);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(series); i++) {
        check_corrupt(f, series[i], true);
    }
}

/* The anchor is the wall clock that was asked for, also where that day has none. */
static void test_series_come_back(void **state)
{
    struct op_fixture *f = *state;
    const struct zone *zone = zoneinfo_find(f->site.zones, STR("Europe/Berlin"));
    struct call_recurrence given = {.rrule = STR("RRULE:FREQ=DAILY;COUNT=3"), .max_occurrences = 9};
    struct call_time first = {0};
    struct str text = STR_NONE;
    struct series_read read = {0};
    struct call_occurrence next = {0};
    f->op.now = at("2026-03-28T00:00:00Z");
    assert_int_equal(call_time_parse(&f->op, STR("2026-03-29T02:30"), zone, &first), OK);
    assert_int_equal(first.at.us, at("2026-03-29T01:30:00Z").us);
    assert_int_equal(call_series_resolve(&f->op, &given, zone, &first, &text), OK);
    assert_int_equal(call_series_read(&f->op, text, zone, &read), OK);
    assert_int_equal(read.series.occurrences_max, 9);
    assert_int_equal(read.series.places_max, 3);
    struct series_place place = {.number = 1, .place = 1, .nominal = first.at};
    assert_int_equal(call_series_next(&read.series, zone, &place, f->op.now, &next), SERIES_FOUND);
    assert_int_equal(next.at.us, at("2026-03-30T00:30:00Z").us);
}

/* A server that was away for days goes on at the present, and says what was passed over. */
static void test_missed_span(void **state)
{
    struct op_fixture *f = *state;
    struct agent_entry agent = {
        .id = {7}, .name = STR("Ava"), .version = 1, .created_at = f->now, .updated_at = f->now};
    struct scheduled_call call = {
        .id = {9},
        .phone = STR("+14155550101"),
        .agent_id = {7},
        .user_id = STR("u1"),
        .status = call_status_completed,
        .priority = 5,
        .nominal_for = at("2026-01-05T09:00:00Z"),
        .scheduled_for = at("2026-01-05T09:00:00Z"),
        .timezone = STR("UTC"),
        .recurrence =
            STR("{\"frequency\":\"daily\",\"interval\":2,\"anchor\":\"2026-01-05T09:00:00\"}"),
        .occurrence_number = 1,
        .place = 1,
        .metadata = STR("{\"a\":1}"),
    };
    struct scheduled_call next = {0};
    struct id id = ID_NONE;
    store_insert(f->store, TABLE_agents, &agent);
    f->op.now = at("2026-01-12T00:00:00Z");
    assert_int_equal(scheduled_call_follow(&f->op, &call, &id), OK);
    assert_int_equal(scheduled_calls_get(f->store->db, f->store->arena, id, &next), OK);
    assert_int_equal(next.scheduled_for.us, at("2026-01-13T09:00:00Z").us);
    assert_int_equal(next.occurrence_number, 2);
    assert_int_equal(next.place, 5);
    assert_int_equal(next.parent_id.value, 9);
    assert_true(str_equal(next.metadata, call.metadata));
    struct list events = {0};
    int64_t total = 0;
    struct audit_page page = {.subject = id, .limit = 10};
    assert_int_equal(audit_page(f->store->db, f->store->arena, &page, &events, &total), OK);
    assert_int_equal(total, 1);
    const struct audit_event *event = events.items;
    assert_true(str_starts(event->reason, STR("3 occurrences")));
    /* Asked again it is there: a number of a series is there once. */
    struct id again = ID_NONE;
    assert_int_equal(scheduled_call_follow(&f->op, &call, &again), OK);
    assert_int_equal(again.value, id.value);
}

/* What the writer remembers is what working it out again would give, also when what it was made
 * from is gone and when more were asked for than it remembers. */
static void test_remembered_hours(void **state)
{
    struct op_fixture *f = *state;
    for (int round = 0; round < 100; round++) {
        struct arena *arena = arena_new();
        struct op op = f->op;
        op.arena = arena;
        struct weekday_number days[] = {{round % 7}, {(round + 2) % 7}};
        struct hours_input given = {.start = arena_printf(arena, "%02d:30", round % 20),
                                    .end = arena_str(arena, STR("24:00")),
                                    .days = {days, 1 + (size_t)round % 2}};
        struct call_guards made = {0};
        struct str text = STR_NONE;
        struct remembered_hours kept = {0};
        struct str zone = round % 3 == 0 ? STR("UTC") : STR("Europe/Madrid");
        assert_int_equal(call_hours_resolve(&op, &given, zone, &made, &text), OK);
        for (int again = 0; again < 2; again++) {
            assert_int_equal(hours_cache_resolve(&op, &given, zone, &kept), OK);
            assert_true(str_equal(kept.text, text));
            assert_ptr_equal(kept.guards->hours.business_zone, made.hours.business_zone);
            assert_int_equal(kept.guards->business.windows[0].open, made.business.windows[0].open);
            assert_int_equal(kept.guards->business.windows[0].days, made.business.windows[0].days);
        }
        memset(days, 0, sizeof days);
        arena_free(&arena);
    }
}

/* Holidays may change, so that hours with some are worked out each time; what is refused is
 * refused again. */
static void test_hours_not_remembered(void **state)
{
    struct op_fixture *f = *state;
    static const struct holiday_date holidays[] = {{STR_INIT("2026-12-24")}};
    struct hours_input with_days = {.holidays = {holidays, 1}};
    struct hours_input odd = {.timezone = STR("Mars/Olympus")};
    struct remembered_hours kept = {0};
    assert_int_equal(hours_cache_resolve(&f->op, &with_days, STR("UTC"), &kept), OK);
    assert_int_equal(kept.guards->business.holiday_count, 1);
    assert_int_equal(hours_cache_resolve(&f->op, &odd, STR("UTC"), &kept), E_TIMEZONE);
    assert_int_equal(hours_cache_resolve(&f->op, &odd, STR("UTC"), &kept), E_TIMEZONE);
    for (size_t i = 0; i < HOURS_CACHED; i++) {
        assert_null(f->writer.hours.hours[i]);
    }
    assert_int_equal(hours_cache_resolve(&f->op, NULL, STR("UTC"), &kept), OK);
    assert_non_null(f->writer.hours.hours[0]);
}

#define WITH_OP(test) cmocka_unit_test_setup_teardown(test, op_set_up, op_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_OP(test_hours_come_back),       WITH_OP(test_default_hours),
        WITH_OP(test_hours_that_never_open), WITH_OP(test_corrupt_rows),
        WITH_OP(test_series_come_back),      WITH_OP(test_missed_span),
        WITH_OP(test_remembered_hours),      WITH_OP(test_hours_not_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
