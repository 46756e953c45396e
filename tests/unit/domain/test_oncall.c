/* Who is on call: both sides of each limit, gaps, folds and a skipped day, restrictions, overrides,
 * and why nobody is. The brute force over years and zones is tests/counterparty/oncall_oracle.py.
 */
#include "domain/oncall.h"

#include "lib/tzif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ANA = 1, BEN = 2, CLEO = 3, GONE = 9 };

static const struct oncall_member three[] = {{{ANA}, false}, {{BEN}, false}, {{CLEO}, false}};
static const struct oncall_member ana[] = {{{ANA}, false}};
static const struct oncall_member ben[] = {{{BEN}, false}};
static const struct oncall_member gone[] = {{{GONE}, true}};

static struct oncall_layer layer_of(enum rotation_kind kind, const char *start,
                                    const struct oncall_member *members, size_t count)
{
    return (struct oncall_layer){.kind = kind,
                                 .interval = 1,
                                 .handoff_minute = 9 * 60,
                                 .handoff_day = 1,
                                 .start = at(start),
                                 .members = members,
                                 .member_count = count};
}

static struct oncall_schedule schedule_of(const struct zone *zone,
                                          const struct oncall_layer *layers, size_t count)
{
    return (struct oncall_schedule){.zone = zone, .layers = layers, .layer_count = count};
}

struct row {
    const char *at;
    int64_t user;
};

static void check_rows(const struct oncall_schedule *schedule, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct oncall_answer answer = oncall_at(schedule, at(rows[i].at));
        if (answer.user.value != rows[i].user) {
            fail_msg("%s: %d in place of %d", rows[i].at, (int)answer.user.value,
                     (int)rows[i].user);
        }
    }
}

#define CHECK_ROWS(schedule, ...)                             \
    check_rows((schedule), (const struct row[]){__VA_ARGS__}, \
               sizeof((const struct row[]){__VA_ARGS__}) / sizeof(struct row))

static void test_daily(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone zone = zone_of(&file);
    struct oncall_layer layer = layer_of(rotation_kind_DAILY, "2026-01-05T12:00:00Z", three, 3);
    struct oncall_schedule schedule = schedule_of(&zone, &layer, 1);
    CHECK_ROWS(&schedule, {"2026-01-05T11:59:59.999Z", 0}, {"2026-01-05T12:00:00Z", ANA},
               {"2026-01-06T07:59:59.999Z", ANA}, {"2026-01-06T08:00:00Z", BEN},
               {"2026-01-07T08:00:00Z", CLEO}, {"2026-01-08T08:00:00Z", ANA},
               /* In summer 09:00 is an hour earlier in UTC; a multiple of three days later. */
               {"2026-07-04T06:59:59Z", CLEO}, {"2026-07-04T07:00:00Z", ANA});
    layer.interval = 2;
    CHECK_ROWS(&schedule, {"2026-01-07T07:59:59Z", ANA}, {"2026-01-07T08:00:00Z", BEN},
               {"2026-01-09T07:59:59Z", BEN}, {"2026-01-09T08:00:00Z", CLEO});
    /* Starting at the very handoff, and a moment before it. */
    layer.interval = 1;
    layer.start = at("2026-01-05T08:00:00Z");
    CHECK_ROWS(&schedule, {"2026-01-05T08:00:00Z", ANA}, {"2026-01-06T08:00:00Z", BEN});
    layer.start = at("2026-01-05T07:59:59Z");
    CHECK_ROWS(&schedule, {"2026-01-05T07:59:59Z", ANA}, {"2026-01-05T08:00:00Z", BEN});
    layer.end = at("2026-01-05T10:00:00Z");
    CHECK_ROWS(&schedule, {"2026-01-05T09:59:59.999Z", BEN}, {"2026-01-05T10:00:00Z", 0});
}

static void test_weekly(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone zone = zone_of(&file);
    /* A Wednesday: the shift under way began on Monday the 5th. */
    struct oncall_layer layer = layer_of(rotation_kind_WEEKLY, "2026-01-07T12:00:00Z", three, 3);
    struct oncall_schedule schedule = schedule_of(&zone, &layer, 1);
    CHECK_ROWS(&schedule, {"2026-01-07T12:00:00Z", ANA}, {"2026-01-12T07:59:59Z", ANA},
               {"2026-01-12T08:00:00Z", BEN}, {"2026-01-19T08:00:00Z", CLEO},
               {"2026-01-26T08:00:00Z", ANA});
    layer.interval = 2;
    CHECK_ROWS(&schedule, {"2026-01-19T07:59:59Z", ANA}, {"2026-01-19T08:00:00Z", BEN},
               {"2026-02-02T07:59:59Z", BEN}, {"2026-02-02T08:00:00Z", CLEO});
    struct oncall_shift shift = oncall_shift_at(&layer, &zone, at("2026-01-20T00:00:00Z"));
    assert_int_equal(shift.start.us, at("2026-01-19T08:00:00Z").us);
    assert_int_equal(shift.end.us, at("2026-02-02T08:00:00Z").us);
    /* The first shift is shown from when the layer counts. */
    shift = oncall_shift_at(&layer, &zone, at("2026-01-08T00:00:00Z"));
    assert_int_equal(shift.start.us, at("2026-01-07T12:00:00Z").us);
    /* On Sundays at midnight, started on a Sunday before and after it. */
    layer.interval = 1;
    layer.handoff_day = 0;
    layer.handoff_minute = 0;
    layer.start = at("2026-01-10T22:59:00Z");
    CHECK_ROWS(&schedule, {"2026-01-10T22:59:59Z", ANA}, {"2026-01-10T23:00:00Z", BEN});
    layer.start = at("2026-01-10T23:01:00Z");
    CHECK_ROWS(&schedule, {"2026-01-17T22:59:59Z", ANA}, {"2026-01-17T23:00:00Z", BEN});
}

static void test_hourly(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone zone = zone_of(&file);
    struct oncall_layer layer = layer_of(rotation_kind_HOURLY, "2026-03-28T22:30:00Z", three, 3);
    struct oncall_schedule schedule = schedule_of(&zone, &layer, 1);
    layer.interval = 12;
    /* Hours elapse, whatever the clock does on the 29th. */
    CHECK_ROWS(&schedule, {"2026-03-28T22:30:00Z", ANA}, {"2026-03-29T10:29:59.999Z", ANA},
               {"2026-03-29T10:30:00Z", BEN}, {"2026-03-29T22:30:00Z", CLEO},
               {"2026-03-30T10:30:00Z", ANA});
}

/* No hole, no overlap: the spans meet, at the instants given. */
static void check_borders(const struct oncall_schedule *schedule, const char *from, const char *to,
                          const char *const *borders)
{
    struct oncall_walk walk = oncall_walk(schedule, at(from), at(to));
    struct oncall_span span;
    struct instant end = at(from);
    size_t count = 0;
    while (oncall_walk_next(&walk, &span)) {
        assert_int_equal(span.start.us, end.us);
        end = span.end;
        if (end.us != at(to).us) {
            assert_non_null(borders[count]);
            assert_int_equal(end.us, at(borders[count]).us);
            count++;
        }
    }
    assert_int_equal(end.us, at(to).us);
    assert_null(borders[count]);
}

static void test_gap_and_fold(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone zone = zone_of(&file);
    struct oncall_layer layer = layer_of(rotation_kind_DAILY, "2026-03-01T12:00:00Z", three, 3);
    struct oncall_schedule schedule = schedule_of(&zone, &layer, 1);
    layer.handoff_minute = 2 * 60 + 30;
    /* 02:30 does not exist on 29 March: the first instant after the gap is 03:00, 01:00Z. */
    static const char *const gap[] = {"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z",
                                      "2026-03-30T00:30:00Z", NULL};
    check_borders(&schedule, "2026-03-28T00:00:00Z", "2026-03-30T12:00:00Z", gap);
    /* 02:30 happens twice on 25 October: the first is 00:30Z, and there is no second handoff. */
    static const char *const fold[] = {"2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z",
                                       "2026-10-26T01:30:00Z", NULL};
    check_borders(&schedule, "2026-10-24T00:00:00Z", "2026-10-26T12:00:00Z", fold);
    /* Started in the second pass, when 02:30 had been: that shift is the first one's. */
    layer.start = at("2026-10-25T01:10:00Z");
    CHECK_ROWS(&schedule, {"2026-10-25T01:10:00Z", ANA}, {"2026-10-25T01:40:00Z", ANA},
               {"2026-10-26T01:30:00Z", BEN});
    /* At the edges: the gap's end is 03:00 itself, the fold ends at 03:00. */
    layer.start = at("2026-03-01T12:00:00Z");
    layer.handoff_minute = 3 * 60;
    static const char *const edge[] = {"2026-10-24T01:00:00Z", "2026-10-25T02:00:00Z", NULL};
    check_borders(&schedule, "2026-10-24T00:00:00Z", "2026-10-26T00:00:00Z", edge);
    CHECK_ROWS(&schedule, {"2026-03-29T00:59:59Z", ANA}, {"2026-03-29T01:00:00Z", BEN});
}

static void test_skipped_day(void **state)
{
    (void)state;
    struct tzif file = apia_file();
    struct zone zone = zone_of(&file);
    struct oncall_layer layer =
        layer_of(rotation_kind_DAILY, "2011-12-28T12:00:00-10:00", three, 3);
    struct oncall_schedule schedule = schedule_of(&zone, &layer, 1);
    /* The 29th at 09:00; the 30th never came, so its handoff is when the 31st began; the 31st. */
    static const char *const borders[] = {"2011-12-29T19:00:00Z", "2011-12-30T10:00:00Z",
                                          "2011-12-30T19:00:00Z", "2011-12-31T19:00:00Z", NULL};
    check_borders(&schedule, "2011-12-29T00:00:00Z", "2012-01-01T00:00:00Z", borders);
}

static void test_windows(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone zone = zone_of(&file);
    struct oncall_window window = {9 * 60, 17 * 60, 0x3E}; /* Monday to Friday. */
    struct oncall_layer layer = layer_of(rotation_kind_DAILY, "2026-01-01T00:00:00Z", ana, 1);
    struct oncall_schedule schedule = schedule_of(&zone, &layer, 1);
    layer.windows = &window;
    layer.window_count = 1;
    CHECK_ROWS(&schedule, {"2026-01-05T07:59:59Z", 0}, {"2026-01-05T08:00:00Z", ANA},
               {"2026-01-05T15:59:59Z", ANA}, {"2026-01-05T16:00:00Z", 0},
               {"2026-01-10T12:00:00Z", 0});
    /* Friday night until Saturday morning belongs to Friday. */
    window = (struct oncall_window){22 * 60, 6 * 60, 1u << 5};
    CHECK_ROWS(&schedule, {"2026-01-09T20:59:59Z", 0}, {"2026-01-09T21:00:00Z", ANA},
               {"2026-01-10T04:59:59Z", ANA}, {"2026-01-10T05:00:00Z", 0},
               {"2026-01-10T21:00:00Z", 0}, {"2026-01-09T04:00:00Z", 0});
    /* Equal ends are a whole day. */
    window = (struct oncall_window){8 * 60, 8 * 60, 1u << 6};
    CHECK_ROWS(&schedule, {"2026-01-10T06:59:59Z", 0}, {"2026-01-10T07:00:00Z", ANA},
               {"2026-01-11T06:59:59Z", ANA}, {"2026-01-11T07:00:00Z", 0});
    /* 02:15-02:45 lies in the gap: nothing is left of it; in the fold its first pass counts. */
    window = (struct oncall_window){2 * 60 + 15, 2 * 60 + 45, ONCALL_EVERY_DAY};
    static const char *const gap[] = {"2026-03-28T01:15:00Z", "2026-03-28T01:45:00Z",
                                      "2026-03-30T00:15:00Z", "2026-03-30T00:45:00Z", NULL};
    check_borders(&schedule, "2026-03-28T00:00:00Z", "2026-03-30T12:00:00Z", gap);
    static const char *const fold[] = {"2026-10-25T00:15:00Z", "2026-10-25T00:45:00Z", NULL};
    check_borders(&schedule, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z", fold);
}

static void test_layers(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone zone = zone_of(&file);
    struct oncall_window night = {20 * 60, 8 * 60, ONCALL_EVERY_DAY};
    struct oncall_layer layers[] = {
        layer_of(rotation_kind_DAILY, "2026-01-01T00:00:00Z", ana, 1),
        layer_of(rotation_kind_DAILY, "2026-01-01T00:00:00Z", ben, 1),
        layer_of(rotation_kind_DAILY, "2026-01-01T00:00:00Z", gone, 1),
    };
    struct oncall_schedule schedule = schedule_of(&zone, layers, 2);
    layers[1].windows = &night;
    layers[1].window_count = 1;
    CHECK_ROWS(&schedule, {"2026-01-05T12:00:00Z", ANA}, {"2026-01-05T19:00:00Z", BEN});
    /* Whoever was removed does not hide who is below. */
    schedule.layer_count = 3;
    CHECK_ROWS(&schedule, {"2026-01-05T12:00:00Z", ANA}, {"2026-01-05T19:00:00Z", BEN});
    schedule.layers = &layers[1];
    schedule.layer_count = 2;
    struct oncall_answer answer = oncall_at(&schedule, at("2026-01-05T12:00:00Z"));
    assert_int_equal(answer.user.value, 0);
    assert_int_equal(answer.ruling.verdict, oncall_verdict_REMOVED);
    assert_int_equal(answer.ruling.member.user.value, GONE);
    assert_int_equal(answer.index, 1);
    schedule.layer_count = 1;
    answer = oncall_at(&schedule, at("2026-01-05T12:00:00Z"));
    assert_int_equal(answer.ruling.verdict, oncall_verdict_RESTRICTED);
    answer = oncall_at(&schedule, at("2025-12-31T12:00:00Z"));
    assert_int_equal(answer.ruling.verdict, oncall_verdict_NOT_BEGUN);
    layers[1].end = at("2026-02-01T00:00:00Z");
    answer = oncall_at(&schedule, at("2026-02-01T00:00:00Z"));
    assert_int_equal(answer.ruling.verdict, oncall_verdict_ENDED);
    schedule.layer_count = 0;
    assert_int_equal(oncall_at(&schedule, at("2026-02-01T00:00:00Z")).source, ONCALL_BY_NOTHING);
}

static void test_overrides(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone zone = zone_of(&file);
    struct oncall_layer layer = layer_of(rotation_kind_DAILY, "2026-01-01T00:00:00Z", ana, 1);
    struct oncall_override overrides[] = {
        {at("2026-01-05T10:00:00Z"), at("2026-01-05T20:00:00Z"), {{BEN}, false}},
        {at("2026-01-05T12:00:00Z"), at("2026-01-05T14:00:00Z"), {{CLEO}, false}},
        {at("2026-01-05T13:00:00Z"), at("2026-01-05T15:00:00Z"), {{0}, false}},
        {at("2026-01-05T09:00:00Z"), at("2026-01-05T11:00:00Z"), {{GONE}, true}},
    };
    struct oncall_schedule schedule = schedule_of(&zone, &layer, 1);
    schedule.overrides = overrides;
    schedule.override_count = 4;
    CHECK_ROWS(&schedule, {"2026-01-05T09:59:59.999Z", ANA}, {"2026-01-05T10:00:00Z", BEN},
               {"2026-01-05T12:00:00Z", CLEO}, {"2026-01-05T12:59:59.999Z", CLEO},
               {"2026-01-05T13:00:00Z", 0}, {"2026-01-05T14:30:00Z", 0},
               {"2026-01-05T15:00:00Z", BEN}, {"2026-01-05T19:59:59.999Z", BEN},
               {"2026-01-05T20:00:00Z", ANA});
    struct oncall_answer nobody = oncall_at(&schedule, at("2026-01-05T13:30:00Z"));
    assert_int_equal(nobody.ruling.verdict, oncall_verdict_NOBODY);
    assert_int_equal(nobody.source, ONCALL_BY_OVERRIDE);
    assert_int_equal(nobody.index, 2);
    static const char *const borders[] = {"2026-01-05T10:00:00Z", "2026-01-05T12:00:00Z",
                                          "2026-01-05T13:00:00Z", "2026-01-05T15:00:00Z",
                                          "2026-01-05T20:00:00Z", NULL};
    check_borders(&schedule, "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z", borders);
    /* The later one wins by when it was made, not by when it starts. */
    overrides[2].member.user.value = ANA;
    overrides[2].start = at("2026-01-05T08:00:00Z");
    CHECK_ROWS(&schedule, {"2026-01-05T12:30:00Z", ANA});
}

static void test_next_change(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone zone = zone_of(&file);
    struct instant next = INSTANT_NONE;
    struct oncall_layer layer = layer_of(rotation_kind_DAILY, "2026-01-05T08:00:00Z", three, 3);
    struct oncall_schedule schedule = schedule_of(&zone, &layer, 1);
    assert_true(oncall_next_change(&schedule, at("2026-01-01T00:00:00Z"), &next));
    assert_int_equal(next.us, at("2026-01-05T08:00:00Z").us);
    assert_true(oncall_next_change(&schedule, next, &next));
    assert_int_equal(next.us, at("2026-01-06T08:00:00Z").us);
    layer.end = at("2026-01-06T10:00:00Z");
    assert_true(oncall_next_change(&schedule, next, &next));
    assert_int_equal(next.us, at("2026-01-06T10:00:00Z").us);
    assert_false(oncall_next_change(&schedule, next, &next));
    /* One person, for ever. */
    layer = layer_of(rotation_kind_WEEKLY, "2026-01-05T08:00:00Z", ana, 1);
    assert_false(oncall_next_change(&schedule, at("2026-01-05T08:00:00Z"), &next));
}

/* An hour is an hour from the start, however far away: no step is walked, and none is lost. */
static void test_far_away(void **state)
{
    (void)state;
    struct tzif file = berlin_file();
    struct zone zone = zone_of(&file);
    struct oncall_layer layer = layer_of(rotation_kind_DAILY, "1970-01-02T12:00:00Z", three, 3);
    struct oncall_schedule schedule = schedule_of(&zone, &layer, 1);
    for (int64_t days = 100; days < 153000; days += 9999) {
        struct instant noon = instant_add(layer.start, DAYS(days));
        struct oncall_ruling ruling = oncall_layer_at(&layer, &zone, noon);
        assert_int_equal(ruling.shift, days);
        assert_int_equal(oncall_at(&schedule, noon).user.value, three[days % 3].user.value);
    }
    struct oncall_ruling last = oncall_layer_at(&layer, &zone, at("2389-12-31T23:59:59Z"));
    assert_int_equal(last.verdict, oncall_verdict_ON_CALL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_daily),       cmocka_unit_test(test_weekly),
        cmocka_unit_test(test_hourly),      cmocka_unit_test(test_gap_and_fold),
        cmocka_unit_test(test_skipped_day), cmocka_unit_test(test_windows),
        cmocka_unit_test(test_layers),      cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_next_change), cmocka_unit_test(test_far_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
