/* What no process may do to the rows, whatever it believes, and however many there are (requirement
 * N3): each is tried by a plain INSERT or UPDATE past all code of the store, and the database
 * refuses it. Run on SQLite, and by tests/lib/run.py on PostgreSQL. */
#include "store/incidents.h"
#include "store/meetings.h"
#include "store/messages.h"

#include "lib/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* A copy of the row under another id, with one column told anew. */
struct copy {
    const char *table;
    const char *columns; /* All others that must be there. */
    const char *column;
    const char *value;
};

static enum err put_copy(struct store_fixture *f, struct id of, struct copy copy)
{
    struct str sql = arena_printf(
        f->arena, "INSERT INTO %s (id, %s, %s) SELECT %lld, %s, %s FROM %s WHERE id=%lld",
        copy.table, copy.columns, copy.column, (long long)store_new_id(f).value, copy.columns,
        copy.value, copy.table, (long long)of.value);
    return db_execute(f->db, sql.ptr, &f->problem);
}

static struct meeting insert_meeting(struct store_fixture *f)
{
    struct user user = store_user(f, "Ana", "+34600111222");
    struct meeting meeting = store_meeting(f, user.id, "standup", 30);
    store_insert(f, TABLE_users, &user);
    store_insert(f, TABLE_meetings, &meeting);
    return meeting;
}

/* A1: a stage of a plan is one row, and one message for each attempt. */
static void test_once_per_stage(void **state)
{
    struct store_fixture *f = *state;
    struct meeting meeting = insert_meeting(f);
    struct alert alert = store_alert(f, &meeting, 1);
    struct copy copy = {.table = "alerts",
                        .columns = "meeting_id, user_id, generation, alert_type, channel, status, "
                                   "due_at, valid_until",
                        .column = "stage"};
    store_insert(f, TABLE_alerts, &alert);
    copy.value = "1";
    assert_int_equal(put_copy(f, alert.id, copy), E_DUPLICATE);
    copy.value = "2";
    assert_int_equal(put_copy(f, alert.id, copy), OK);

    struct message message = store_message(f, &meeting, alert.id);
    struct copy sent = {.table = "messages",
                        .columns =
                            "subject_type, step_id, target, channel, provider, recipient, "
                            "state, is_repeat, wire_id, priority, created_at, due_at, polls, "
                            "duration_seconds",
                        .column = "attempt"};
    store_insert_message(f, &message);
    sent.value = "1";
    assert_int_equal(put_copy(f, message.id, sent), E_DUPLICATE);
    sent.value = "0";
    assert_int_equal(put_copy(f, message.id, sent), E_INVALID);
    sent.value = "2";
    assert_int_equal(put_copy(f, message.id, sent), OK);
}

/* E4: a person has one open incident a meeting, and a missed meeting has a person. */
static void test_one_open_incident(void **state)
{
    struct store_fixture *f = *state;
    struct meeting meeting = insert_meeting(f);
    struct incident incident = {.id = store_new_id(f),
                                .kind = incident_kind_MISSED_MEETING,
                                .title = STR("Missed meeting: standup"),
                                .severity = severity_HIGH,
                                .state = incident_state_ESCALATING,
                                .reports = 1,
                                .user_id = meeting.user_id,
                                .meeting_id = meeting.id,
                                .created_at = store_time(0),
                                .updated_at = store_time(0)};
    static const char *const open[] = {"'OPEN'", "'ESCALATING'", "'ACKNOWLEDGED'"};
    struct copy copy = {.table = "incidents",
                        .columns = "kind, title, severity, reports, user_id, meeting_id, "
                                   "generation, created_at, round, first_round, updated_at",
                        .column = "state"};
    store_insert(f, TABLE_incidents, &incident);
    for (size_t i = 0; i < ARRAY_LENGTH(open); i++) {
        copy.value = open[i];
        assert_int_equal(put_copy(f, incident.id, copy), E_DUPLICATE);
    }
    copy.value = "'RESOLVED'";
    assert_int_equal(put_copy(f, incident.id, copy), OK);
    /* Nor does one that is over come back beside it. */
    assert_int_equal(
        db_execute(f->db, "UPDATE incidents SET state='OPEN' WHERE state='RESOLVED'", &f->problem),
        E_DUPLICATE);
    assert_int_equal(db_execute(f->db, "UPDATE incidents SET user_id=NULL", &f->problem),
                     E_INVALID);
    store_execute(f, "UPDATE incidents SET state='RESOLVED'");
    copy.value = "'OPEN'";
    assert_int_equal(put_copy(f, incident.id, copy), OK);
}

/* K2: a person has two places for calls of a meeting. */
static void test_two_calls(void **state)
{
    struct store_fixture *f = *state;
    static const enum err expected[] = {E_INVALID, OK, OK, E_INVALID};
    for (int slot = 0; slot <= 3; slot++) {
        struct str sql = arena_printf(
            f->arena, "INSERT INTO call_slots VALUES (1, 2, 'PERSON', %d, %d)", slot, slot);
        assert_int_equal(db_execute(f->db, sql.ptr, &f->problem), expected[slot]);
        enum err again = expected[slot] == OK ? E_DUPLICATE : E_INVALID;
        assert_int_equal(db_execute(f->db, sql.ptr, &f->problem), again);
    }
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, store_set_up_memory, store_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(test_once_per_stage),
        WITH_STORE(test_one_open_incident),
        WITH_STORE(test_two_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
