/* What is past its keeping, on both engines: which subjects may go, that they go whole, what a line
 * of an archive says, and who can read it. Requirements E6, P5. */
#include "lib/store_fixture.h"
#include "store/retention.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { END_MINUTE = 30 };

static struct id new_id(void *context)
{
    return store_new_id(context);
}

static struct archiver archiver_of(struct store_fixture *f)
{
    return (struct archiver){.db = f->db,
                             .arena = f->arena,
                             .now = store_time(0),
                             .context = f,
                             .new_id = new_id,
                             .text = {.arena = f->arena}};
}

static struct meeting put_meeting(struct store_fixture *f, const char *name, const char *external)
{
    struct user user = store_user(f, name, NULL);
    store_insert(f, TABLE_users, &user);
    struct meeting meeting = store_meeting(f, user.id, external, 0);
    meeting.ends_at = store_time(END_MINUTE);
    meeting.check_at = INSTANT_NONE;
    meeting.title = STR("Planted title");
    store_insert(f, TABLE_meetings, &meeting);
    return meeting;
}

static struct message put_message(struct store_fixture *f, const struct meeting *meeting)
{
    struct message message = store_message(f, meeting, ID_NONE);
    message.subject_type = subject_type_MEETING;
    message.subject_id = meeting->id;
    message.state = message_state_FAILED;
    message.ended_at = store_time(END_MINUTE);
    store_insert_message(f, &message);
    return message;
}

static size_t find(struct store_fixture *f, enum retention_kind kind, struct instant before)
{
    struct id items[10];
    struct retention_ids ids = {.items = items, .max = 10};
    struct retention_range range = {.kind = kind, .until = ID_UNKNOWN, .before = before};
    int64_t count = 0;
    assert_int_equal(retention_find(f->db, &range, &ids), OK);
    assert_int_equal(retention_count(f->db, &range, 10, &count), OK);
    assert_int_equal(count, ids.count);
    return ids.count;
}

static size_t meetings_past(struct store_fixture *f)
{
    return find(f, RETENTION_MEETING, store_time(END_MINUTE));
}

static void test_to_the_millisecond(void **state)
{
    struct store_fixture *f = store_of(state);
    put_meeting(f, "Ana", "weekly");
    struct instant end = store_time(END_MINUTE);
    assert_int_equal(find(f, RETENTION_MEETING, instant_sub(end, MILLISECONDS(1))), 0);
    assert_int_equal(find(f, RETENTION_MEETING, end), 1);
}

static void test_what_is_open_stays(void **state)
{
    struct store_fixture *f = store_of(state);
    struct meeting meeting = put_meeting(f, "Ana", "weekly");
    put_message(f, &meeting);
    assert_int_equal(meetings_past(f), 1);
    store_execute(f, "UPDATE messages SET state='QUEUED', ended_at=NULL");
    assert_int_equal(meetings_past(f), 0);
    store_execute(f, "UPDATE messages SET state='FAILED', ended_at=1");
    struct timer timer = store_timer(f, timer_kind_POLL, meeting.id, 10);
    store_insert(f, TABLE_timers, &timer);
    assert_int_equal(meetings_past(f), 1);
    store_execute(f, "UPDATE timers SET subject_id=(SELECT min(id) FROM messages)");
    assert_int_equal(meetings_past(f), 0);
    store_execute(f, "DELETE FROM timers");
    struct alert alert = store_alert(f, &meeting, 1);
    store_insert(f, TABLE_alerts, &alert);
    assert_int_equal(meetings_past(f), 0);
    store_execute(f, "UPDATE alerts SET status='CANCELLED'");
    assert_int_equal(meetings_past(f), 1);
    store_execute(f, "UPDATE meetings SET check_at=5");
    assert_int_equal(meetings_past(f), 0);
}

static struct id incident_of(struct store_fixture *f, const struct meeting *meeting)
{
    struct incident incident = {.id = store_new_id(f),
                                .kind = incident_kind_MISSED_MEETING,
                                .title = STR("Missed"),
                                .severity = severity_HIGH,
                                .state = incident_state_RESOLVED,
                                .user_id = meeting->user_id,
                                .meeting_id = meeting->id,
                                .created_at = store_time(0),
                                .resolved_at = store_time(END_MINUTE),
                                .updated_at = store_time(END_MINUTE)};
    store_insert(f, TABLE_incidents, &incident);
    return incident.id;
}

static void test_what_an_incident_points_at(void **state)
{
    struct store_fixture *f = store_of(state);
    struct meeting meeting = put_meeting(f, "Ana", "weekly");
    struct instant end = store_time(END_MINUTE);
    incident_of(f, &meeting);
    assert_int_equal(meetings_past(f), 1);
    assert_int_equal(find(f, RETENTION_INCIDENT, end), 1);
    store_execute(f, "UPDATE incidents SET state='ACKNOWLEDGED', resolved_at=NULL");
    assert_int_equal(meetings_past(f), 0);
    assert_int_equal(find(f, RETENTION_INCIDENT, end), 0);
    /* It was ended later than the meeting, and that is not long ago yet. */
    store_execute(f, "UPDATE incidents SET state='CANCELLED', cancelled_at=updated_at+1, "
                     "updated_at=updated_at+1");
    assert_int_equal(meetings_past(f), 0);
    assert_int_equal(find(f, RETENTION_INCIDENT, end), 0);
    assert_int_equal(find(f, RETENTION_INCIDENT, instant_add(end, MILLISECONDS(1))), 1);
}

static int64_t rows_left(struct store_fixture *f, enum table table, struct id id)
{
    union {
        struct meeting meeting;
        struct message message;
    } row;
    enum err err = db_get(f->db, table, id, f->arena, &row);
    assert_true(err == OK || err == E_NOT_FOUND);
    return err == OK;
}

static struct str archive_meeting(struct store_fixture *f, const struct meeting *meeting,
                                  int64_t expected)
{
    struct archiver archiver = archiver_of(f);
    int64_t rows = 0;
    assert_int_equal(retention_read(&archiver, RETENTION_MEETING, meeting->id), OK);
    assert_int_equal(archiver.rows, expected);
    assert_int_equal(retention_remove(f->db, RETENTION_MEETING, meeting->id, &rows), OK);
    assert_int_equal(rows, expected);
    struct str text = buf_str(&archiver.text);
    archiver_end(&archiver);
    return text;
}

static struct archived_row line_of(struct store_fixture *f, struct str text, enum table table)
{
    struct archived_row row = {0};
    struct str line = STR_NONE;
    struct archiver archiver = archiver_of(f);
    while (str_split(&text, '\n', &line) && line.len > 0) {
        assert_int_equal(archiver_open(&archiver, line, &row), OK);
        if (row.table == table) {
            archiver_end(&archiver);
            return row;
        }
    }
    fail_msg("no line is of that table");
    return row;
}

static void test_whole_and_back(void **state)
{
    struct store_fixture *f = store_of(state);
    struct meeting meeting = put_meeting(f, "Ana", "weekly");
    struct meeting other = put_meeting(f, "Ben", "weekly");
    struct message message = put_message(f, &meeting);
    struct message stays = put_message(f, &other);
    struct alert alert = store_alert(f, &meeting, 1);
    alert.status = alert_status_CANCELLED;
    store_insert(f, TABLE_alerts, &alert);
    struct str text = archive_meeting(f, &meeting, 4); /* With the body of the message. */
    assert_int_equal(rows_left(f, TABLE_meetings, meeting.id), 0);
    assert_int_equal(rows_left(f, TABLE_messages, message.id), 0);
    assert_int_equal(rows_left(f, TABLE_meetings, other.id), 1);
    assert_int_equal(rows_left(f, TABLE_messages, stays.id), 1);
    assert_false(str_contains(text, STR("Planted")));
    assert_false(str_contains(text, message.recipient));
    struct archived_row row = line_of(f, text, TABLE_meetings);
    const struct meeting *back = row.row;
    assert_true(id_equal(row.user, meeting.user_id));
    assert_true(id_equal(back->id, meeting.id));
    store_assert_text(back->title, "Planted title");
    assert_int_equal(back->ends_at.us, meeting.ends_at.us);
    const struct message_body *body = line_of(f, text, TABLE_message_bodies).row;
    assert_true(str_is_set(body->text));
    const struct alert *stage = line_of(f, text, TABLE_alerts).row;
    assert_int_equal(stage->status, alert_status_CANCELLED);
}

static void test_erased(void **state)
{
    struct store_fixture *f = store_of(state);
    struct meeting ana = put_meeting(f, "Ana", "weekly");
    struct meeting ben = put_meeting(f, "Ben", "weekly");
    struct message message = put_message(f, &ana);
    struct str of_ana = archive_meeting(f, &ana, 3);
    struct str of_ben = archive_meeting(f, &ben, 1);
    assert_int_equal(archive_key_forget(f->db, ana.user_id), OK);
    struct archived_row row = line_of(f, of_ana, TABLE_meetings);
    assert_true(row.is_erased);
    assert_false(str_is_set(((const struct meeting *)row.row)->title));
    assert_int_equal(((const struct meeting *)row.row)->ends_at.us, ana.ends_at.us);
    row = line_of(f, of_ana, TABLE_message_bodies);
    assert_true(row.is_erased);
    assert_false(str_is_set(((const struct message_body *)row.row)->text));
    assert_true(id_equal(((const struct message_body *)row.row)->id, message.id));
    row = line_of(f, of_ben, TABLE_meetings);
    assert_false(row.is_erased);
    store_assert_text(((const struct meeting *)row.row)->title, "Planted title");
}

static void test_what_cannot_be_read_stays(void **state)
{
    struct store_fixture *f = store_of(state);
    struct meeting ana = put_meeting(f, "Ana", "weekly");
    struct meeting ben = put_meeting(f, "Ben", "weekly");
    struct message message = put_message(f, &ana);
    struct archiver archiver = archiver_of(f);
    store_execute(f,
                  "UPDATE messages SET channel='SMS', recipient=(SELECT title FROM meetings "
                  "WHERE id=%lld) WHERE id=%lld",
                  (long long)ben.id.value, (long long)message.id.value);
    assert_int_equal(retention_read(&archiver, RETENTION_MEETING, ben.id), OK);
    size_t length = archiver.text.len;
    assert_int_equal(retention_read(&archiver, RETENTION_MEETING, ana.id), E_CORRUPT);
    assert_int_equal(archiver.rows, 1);
    assert_int_equal(archiver.text.len, length);
    archiver_end(&archiver);
}

static void test_lines_that_are_none(void **state)
{
    static const char *const lines[] = {
        "",
        "{",
        "[]",
        "{\"table\":\"nothing\",\"row\":{}}",
        "{\"row\":{}}",
        "{\"table\":\"alerts\",\"row\":{\"id\":\"x\"}}",
        "{\"table\":\"meetings\",\"key\":5,\"row\":{\"id\":7,\"title\":{\"sealed\":\"0g\"}}}"};
    struct store_fixture *f = store_of(state);
    struct archiver archiver = archiver_of(f);
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        struct archived_row row = {0};
        assert_int_equal(archiver_open(&archiver, str_from(lines[i]), &row), E_CORRUPT);
    }
    archiver_end(&archiver);
}

static void test_callid_is_remembered(void **state)
{
    struct store_fixture *f = store_of(state);
    struct dispatch dispatch = {.id = store_new_id(f),
                                .call_id = STR("call-1"),
                                .caller_phone = STR("+14155550900"),
                                .level = urgency_NORMAL,
                                .issue_summary = STR("Water"),
                                .state = dispatch_state_CANCELLED,
                                .created_at = store_time(0),
                                .ended_at = store_time(1),
                                .updated_at = store_time(1)};
    int64_t rows = 0;
    bool is_archived = true;
    store_insert(f, TABLE_dispatches, &dispatch);
    assert_int_equal(find(f, RETENTION_DISPATCH, store_time(0)), 0);
    assert_int_equal(find(f, RETENTION_DISPATCH, store_time(1)), 1);
    assert_int_equal(archived_dispatch(f->db, dispatch.call_id, &is_archived), OK);
    assert_false(is_archived);
    assert_int_equal(retention_remove(f->db, RETENTION_DISPATCH, dispatch.id, &rows), OK);
    assert_int_equal(rows, 1);
    assert_int_equal(archived_dispatch(f->db, dispatch.call_id, &is_archived), OK);
    assert_true(is_archived);
}

#define ON_BOTH(test)                                                           \
    {#test " (file)", test, store_set_up_file, store_tear_down, NULL},          \
    {                                                                           \
#test " (postgres)", test, store_set_up_postgres, store_tear_down, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_to_the_millisecond),
        ON_BOTH(test_what_is_open_stays),
        ON_BOTH(test_what_an_incident_points_at),
        ON_BOTH(test_whole_and_back),
        ON_BOTH(test_erased),
        ON_BOTH(test_what_cannot_be_read_stays),
        ON_BOTH(test_lines_that_are_none),
        ON_BOTH(test_callid_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
