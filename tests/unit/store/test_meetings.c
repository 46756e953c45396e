/* Meetings and what hangs on them: unique per person, pages, and the cascade of a cancellation. */
#include "store/calendars.h"
#include "store/meetings.h"
#include "store/timers.h"

#include "lib/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct meeting insert_meeting(struct store_fixture *f, struct id user,
                                     const char *external_id, int start_minute)
{
    struct meeting meeting = store_meeting(f, user, external_id, start_minute);
    store_insert(f, TABLE_meetings, &meeting);
    return meeting;
}

static void test_unique_external_id(void **state)
{
    struct store_fixture *f = *state;
    struct id ana = store_new_id(f);
    struct id bo = store_new_id(f);
    struct meeting first = insert_meeting(f, ana, "standup", 30);
    struct meeting again = store_meeting(f, ana, "standup", 60);
    assert_int_equal(db_insert(f->db, TABLE_meetings, f->arena, &again), E_DUPLICATE);
    struct meeting theirs = insert_meeting(f, bo, "standup", 30);
    struct meeting found = {0};
    assert_int_equal(meetings_by_external(f->db, f->arena, ana, STR("standup"), &found), OK);
    assert_true(id_equal(found.id, first.id));
    store_assert_text(found.title, "Weekly review");
    assert_int_equal(meetings_by_external(f->db, f->arena, bo, STR("standup"), &found), OK);
    assert_true(id_equal(found.id, theirs.id));
    assert_int_equal(meetings_by_external(f->db, f->arena, ana, STR("Standup"), &found),
                     E_NOT_FOUND);
    struct meeting backwards = store_meeting(f, ana, "backwards", 30);
    backwards.ends_at = store_time(29);
    assert_int_equal(db_insert(f->db, TABLE_meetings, f->arena, &backwards), E_INVALID);
}

/* Goes through all pages and checks that each meeting comes once, in the order of (start, id). */
static int64_t walk(struct store_fixture *f, struct meeting_page page)
{
    int64_t seen = 0;
    struct meeting last = {0};
    for (;;) {
        struct list list = {0};
        int64_t total = 0;
        assert_int_equal(meetings_page(f->db, f->arena, &page, &list, &total), OK);
        const struct meeting *meetings = list.items;
        for (size_t i = 0; i < list.count; i++) {
            bool is_later = meetings[i].starts_at.us > last.starts_at.us ||
                            (meetings[i].starts_at.us == last.starts_at.us &&
                             meetings[i].id.value > last.id.value);
            assert_true(id_is_set(page.user) ? is_later : meetings[i].id.value > last.id.value);
            last = meetings[i];
            seen++;
        }
        if ((int64_t)list.count < page.limit) {
            assert_int_equal(seen, total);
            return seen;
        }
        page.after = last.id;
        page.after_start = last.starts_at;
    }
}

static void test_pages(void **state)
{
    struct store_fixture *f = *state;
    struct id ana = store_new_id(f);
    struct id bo = store_new_id(f);
    /* Starts go down while ids go up, and three are at the same time. */
    for (int i = 0; i < 10; i++) {
        int minute = i < 3 ? 60 : 120 - 10 * i;
        insert_meeting(f, ana, arena_printf(f->arena, "a%d", i).ptr, minute);
        insert_meeting(f, bo, arena_printf(f->arena, "b%d", i).ptr, minute);
    }
    struct meeting_window always = {store_time(-9999), store_time(9999)};
    for (int64_t limit = 1; limit <= 21; limit++) {
        struct meeting_page page = {.window = always, .limit = limit};
        assert_int_equal(walk(f, page), 20);
        page.user = ana;
        assert_int_equal(walk(f, page), 10);
    }
    /* The window takes its start and leaves its end. */
    struct meeting_page page = {
        .user = bo, .limit = 99, .window = {store_time(60), store_time(90)}};
    assert_int_equal(walk(f, page), 6);
    page.window.to = store_time(91);
    assert_int_equal(walk(f, page), 7);
    page.window.from = instant_add(store_time(60), MILLISECONDS(1));
    assert_int_equal(walk(f, page), 3);
    struct list ahead = {0};
    assert_int_equal(meetings_ahead(f->db, f->arena, ana, store_time(61), &ahead), OK);
    assert_int_equal(ahead.count, 3);
}

static struct alert get_alert(struct store_fixture *f, struct id id)
{
    struct alert alert = {0};
    assert_int_equal(db_get(f->db, TABLE_alerts, id, f->arena, &alert), OK);
    return alert;
}

static void count_one(void *context, const struct waiting_timer *timer)
{
    int *count = context;
    *count += timer->key.kind == timer_kind_ALERT;
}

static int count_waiting(struct store_fixture *f)
{
    int count = 0;
    assert_int_equal(timers_each_waiting(f->db, &count, count_one), OK);
    return count;
}

static void test_cancel_cascade(void **state)
{
    struct store_fixture *f = *state;
    struct meeting meeting = insert_meeting(f, store_new_id(f), "standup", 30);
    struct meeting other = insert_meeting(f, store_new_id(f), "standup", 30);
    struct alert alerts[4];
    for (int i = 0; i < 4; i++) {
        alerts[i] = store_alert(f, i < 3 ? &meeting : &other, i + 1);
        store_insert(f, TABLE_alerts, &alerts[i]);
    }
    /* The first is on its way already. */
    alerts[0].claimed_at = store_time(15);
    alerts[0].message_id = store_new_id(f);
    assert_int_equal(alerts_claim(f->db, &alerts[0]), OK);
    assert_int_equal(count_waiting(f), 3);
    int64_t cancelled = -1;
    assert_int_equal(alerts_cancel_pending(f->db, meeting.id, STR("joined"), &cancelled), OK);
    assert_int_equal(cancelled, 2);
    assert_int_equal(get_alert(f, alerts[0].id).status, alert_status_SENDING);
    for (int i = 1; i < 3; i++) {
        struct alert alert = get_alert(f, alerts[i].id);
        assert_int_equal(alert.status, alert_status_CANCELLED);
        store_assert_text(alert.reason, "joined");
    }
    assert_int_equal(count_waiting(f), 1);
    assert_int_equal(get_alert(f, alerts[3].id).status, alert_status_PENDING);
    assert_int_equal(alerts_cancel_pending(f->db, meeting.id, STR("joined"), &cancelled), OK);
    assert_int_equal(cancelled, 0);
    /* What was cancelled is not sent or skipped any more. */
    alerts[1].claimed_at = store_time(18);
    assert_int_equal(alerts_claim(f->db, &alerts[1]), E_CONFLICT);
    assert_int_equal(alerts_skip(f->db, alerts[1].id, store_time(18), STR("late")), E_CONFLICT);
}

static void test_life_of_an_alert(void **state)
{
    struct store_fixture *f = *state;
    struct meeting meeting = insert_meeting(f, store_new_id(f), "standup", 30);
    struct alert alert = store_alert(f, &meeting, 1);
    struct alert twin = store_alert(f, &meeting, 1);
    store_insert(f, TABLE_alerts, &alert);
    /* A stage fires once a plan, whatever runs twice (A1). */
    assert_int_equal(db_insert(f->db, TABLE_alerts, f->arena, &twin), E_DUPLICATE);
    twin.generation = 2;
    store_insert(f, TABLE_alerts, &twin);
    alert.status = alert_status_DELIVERED;
    alert.sent_at = store_time(16);
    assert_int_equal(alerts_end(f->db, &alert), E_CONFLICT);
    alert.claimed_at = store_time(15);
    alert.channel = channel_SMS;
    alert.reason = STR("no_email");
    assert_int_equal(alerts_claim(f->db, &alert), E_INVALID);
    alert.message_id = store_new_id(f);
    assert_int_equal(alerts_claim(f->db, &alert), OK);
    assert_int_equal(alerts_claim(f->db, &alert), E_CONFLICT);
    assert_int_equal(alerts_skip(f->db, alert.id, store_time(16), STR("late")), E_CONFLICT);
    assert_int_equal(alerts_end(f->db, &alert), OK);
    alert.status = alert_status_FAILED;
    assert_int_equal(alerts_end(f->db, &alert), E_CONFLICT);
    struct alert found = get_alert(f, alert.id);
    assert_int_equal(found.status, alert_status_DELIVERED);
    assert_int_equal(found.channel, channel_SMS);
    assert_true(found.sent_at.us == store_time(16).us);
    store_assert_text(found.reason, "no_email");
    assert_int_equal(alerts_skip(f->db, twin.id, store_time(16), STR_NONE), E_INVALID);
    assert_int_equal(alerts_skip(f->db, twin.id, store_time(16), STR("late")), OK);
    struct list list = {0};
    assert_int_equal(alerts_of_meeting(f->db, f->arena, meeting.id, &list), OK);
    assert_int_equal(list.count, 2);
}

static void test_checkins(void **state)
{
    struct store_fixture *f = *state;
    struct meeting meeting = insert_meeting(f, store_new_id(f), "standup", 30);
    struct checkin last = {0};
    struct list list = {0};
    assert_int_equal(checkins_last(f->db, f->arena, meeting.id, &last), E_NOT_FOUND);
    for (int i = 0; i < 2; i++) {
        struct checkin checkin = {
            .id = store_new_id(f),
            .meeting_id = meeting.id,
            .user_id = meeting.user_id,
            .status = i == 0 ? checkin_status_MISSED : checkin_status_JOINED,
            .source = checkin_source_LINK,
            .created_at = store_time(i),
        };
        store_insert(f, TABLE_checkins, &checkin);
    }
    assert_int_equal(checkins_last(f->db, f->arena, meeting.id, &last), OK);
    assert_int_equal(last.status, checkin_status_JOINED);
    assert_int_equal(checkins_of_meeting(f->db, f->arena, meeting.id, &list), OK);
    assert_int_equal(list.count, 2);
}

static size_t count_of_part(struct store_fixture *f, struct calendar_part part)
{
    struct list list = {0};
    assert_int_equal(meetings_of_calendar(f->db, f->arena, &part, &list), OK);
    return list.count;
}

static void test_sources(void **state)
{
    struct store_fixture *f = *state;
    struct id user = store_new_id(f);
    struct id work = store_new_id(f);
    struct id home = store_new_id(f);
    struct id resource = store_new_id(f);
    struct meeting meeting = insert_meeting(f, user, "standup", 30);
    struct meeting later = insert_meeting(f, user, "review", 300);
    struct id first = ID_NONE;
    assert_int_equal(sources_first(f->db, meeting.id, &first), E_NOT_FOUND);
    struct meeting_source in_home = {home, meeting.id, resource};
    struct meeting_source in_work = {work, meeting.id, resource};
    struct meeting_source later_in_work = {work, later.id, user};
    assert_int_equal(sources_put(f->db, &in_home), OK);
    assert_int_equal(sources_put(f->db, &in_work), OK);
    assert_int_equal(sources_put(f->db, &later_in_work), OK);
    in_work.resource = later_in_work.resource;
    assert_int_equal(sources_put(f->db, &in_work), OK);
    int64_t count = 0;
    assert_int_equal(sources_count(f->db, meeting.id, &count), OK);
    assert_int_equal(count, 2);
    assert_int_equal(sources_first(f->db, meeting.id, &first), OK);
    assert_true(id_equal(first, work));
    assert_int_equal(sources_resource(f->db, work, meeting.id, &first), OK);
    assert_true(id_equal(first, user));
    struct meeting_window always = {store_time(-999), store_time(999)};
    struct meeting_window early = {store_time(60), store_time(100)};
    assert_int_equal(count_of_part(f, (struct calendar_part){work, ID_NONE, always}), 2);
    assert_int_equal(count_of_part(f, (struct calendar_part){work, resource, always}), 0);
    assert_int_equal(count_of_part(f, (struct calendar_part){home, resource, always}), 1);
    /* It touches the window with its end. */
    assert_int_equal(count_of_part(f, (struct calendar_part){work, ID_NONE, early}), 1);
    assert_int_equal(sources_remove(f->db, work, meeting.id), OK);
    assert_int_equal(sources_resource(f->db, work, meeting.id, &first), OK);
    assert_false(id_is_set(first));
    assert_int_equal(sources_count(f->db, meeting.id, &count), OK);
    assert_int_equal(count, 1);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, store_set_up_memory, store_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(test_unique_external_id), WITH_STORE(test_pages),
        WITH_STORE(test_cancel_cascade),     WITH_STORE(test_life_of_an_alert),
        WITH_STORE(test_checkins),           WITH_STORE(test_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
