/* Rows that are kept in memory, which SQLite's store alone does: a hit says what the row says,
 * whatever was done to the row. The fixture's db compares each hit with its row (checks_kept), and
 * ends the test where they differ.
 */
#include "lib/store_fixture.h"
#include "store/db_internal.h"
#include "store/kept.h"
#include "store/meetings.h"
#include "store/messages.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
    store_set_up_file(state);
    struct store_fixture *f = *state;
    f->db->checks_kept = true;
    db_keep_rows(f->db);
    return 0;
}

struct facts {
    struct meeting meeting;
    struct alert alert;
    struct message message;
};

/* A message of a stage, with an instant that is no whole millisecond. */
static struct facts add_facts(struct store_fixture *f, const char *name)
{
    struct facts facts;
    struct user user = store_user(f, "Ana", "+34600111222");
    facts.meeting = store_meeting(f, user.id, name, 60);
    facts.alert = store_alert(f, &facts.meeting, 1);
    facts.message = store_message(f, &facts.meeting, facts.alert.id);
    facts.message.created_at.us += 123;
    store_insert(f, TABLE_users, &user);
    store_insert(f, TABLE_meetings, &facts.meeting);
    store_insert(f, TABLE_alerts, &facts.alert);
    store_insert_message(f, &facts.message);
    return facts;
}

static struct message read_message(struct store_fixture *f, struct id id)
{
    struct message message = {0};
    assert_int_equal(db_get(f->db, TABLE_messages, id, f->arena, &message), OK);
    return message;
}

static struct alert read_alert(struct store_fixture *f, struct id id)
{
    struct alert alert = {0};
    assert_int_equal(db_get(f->db, TABLE_alerts, id, f->arena, &alert), OK);
    return alert;
}

static bool is_kept(struct store_fixture *f, enum table table, struct id id)
{
    return db_kept(f->db, table, id) != NULL;
}

static void test_a_messages_way(void **state)
{
    struct store_fixture *f = *state;
    struct id id = add_facts(f, "one").message.id;
    struct instant claimed_at = {store_time(1).us + 456};
    assert_true(is_kept(f, TABLE_messages, id));
    assert_true(is_kept(f, TABLE_message_bodies, id));
    struct message message = read_message(f, id);
    assert_int_equal(message.created_at.us, store_time(0).us);
    assert_false(str_is_set(message.text));
    assert_int_equal(messages_body(f->db, f->arena, &message), OK);
    store_assert_text(message.text, "Your meeting starts soon.");
    assert_int_equal(messages_claim(f->db, id, claimed_at, STR("other")), OK);
    assert_true(is_kept(f, TABLE_messages, id));
    message = read_message(f, id);
    assert_int_equal(message.state, message_state_SENDING);
    assert_int_equal(message.claimed_at.us, store_time(1).us);
    store_assert_text(message.provider, "other");
    assert_int_equal(messages_sent(f->db, id, store_time(2), STR("SM1")), OK);
    assert_true(is_kept(f, TABLE_messages, id));
    message = read_message(f, id);
    assert_int_equal(message.state, message_state_SENT);
    store_assert_text(message.provider_id, "SM1");
    /* A change that is refused leaves what is kept as right as it was. */
    assert_int_equal(messages_claim(f->db, id, store_time(3), STR("mock")), E_CONFLICT);
    assert_int_equal(read_message(f, id).state, message_state_SENT);
}

static void test_read_rows(void **state)
{
    struct store_fixture *f = *state;
    struct facts facts = add_facts(f, "one");
    assert_false(is_kept(f, TABLE_alerts, facts.alert.id));
    struct alert alert = read_alert(f, facts.alert.id);
    assert_true(is_kept(f, TABLE_alerts, alert.id));
    alert.message_id = facts.message.id;
    alert.claimed_at = store_time(1);
    assert_int_equal(alerts_claim(f->db, &alert), OK);
    assert_true(is_kept(f, TABLE_alerts, alert.id));
    alert = read_alert(f, alert.id);
    assert_int_equal(alert.status, alert_status_SENDING);
    alert.status = alert_status_DELIVERED;
    alert.sent_at = store_time(2);
    assert_int_equal(alerts_end(f->db, &alert), OK);
    assert_false(is_kept(f, TABLE_alerts, alert.id));
    assert_int_equal(read_alert(f, alert.id).status, alert_status_DELIVERED);
}

/* A statement that changes rows by something else than their ids. */
static void test_many_changed(void **state)
{
    struct store_fixture *f = *state;
    struct facts facts = add_facts(f, "one");
    struct facts other = add_facts(f, "two");
    int64_t cancelled = 0;
    assert_int_equal(read_alert(f, facts.alert.id).status, alert_status_PENDING);
    assert_int_equal(read_alert(f, other.alert.id).status, alert_status_PENDING);
    assert_int_equal(
        alerts_cancel_pending(f->db, facts.meeting.id, STR("meeting_cancelled"), &cancelled), OK);
    assert_int_equal(cancelled, 1);
    assert_false(is_kept(f, TABLE_alerts, facts.alert.id));
    assert_true(is_kept(f, TABLE_alerts, other.alert.id));
    assert_int_equal(read_alert(f, facts.alert.id).status, alert_status_CANCELLED);
}

static void test_undone(void **state)
{
    struct store_fixture *f = *state;
    struct id id = add_facts(f, "one").message.id;
    assert_int_equal(db_begin(f->db), OK);
    db_savepoint(f->db);
    assert_int_equal(messages_claim(f->db, id, store_time(1), STR("mock")), OK);
    assert_int_equal(db_undo(f->db), OK);
    assert_false(is_kept(f, TABLE_messages, id));
    assert_int_equal(read_message(f, id).state, message_state_QUEUED);
    assert_int_equal(messages_claim(f->db, id, store_time(1), STR("mock")), OK);
    db_rollback(f->db);
    assert_false(is_kept(f, TABLE_messages, id));
    assert_int_equal(read_message(f, id).state, message_state_QUEUED);
}

static void test_brief(void **state)
{
    struct store_fixture *f = *state;
    struct id id = add_facts(f, "one").meeting.id;
    struct meeting meeting = {0};
    assert_int_equal(db_get_brief(f->db, TABLE_meetings, id, f->arena, &meeting), OK);
    assert_false(is_kept(f, TABLE_meetings, id));
    assert_int_equal(db_get(f->db, TABLE_meetings, id, f->arena, &meeting), OK);
    assert_true(is_kept(f, TABLE_meetings, id));
    assert_int_equal(db_get_brief(f->db, TABLE_meetings, id, f->arena, &meeting), OK);
    assert_false(str_is_set(meeting.title));
    store_assert_text(meeting.external_id, "one");
}

/* What cannot be read back is quarantined when it is read, not hidden by what is in memory. */
static void test_unreadable(void **state)
{
    struct store_fixture *f = *state;
    struct facts facts = add_facts(f, "one");
    struct message message = facts.message;
    message.id = message.wire_id = store_new_id(f);
    message.attempt = 2;
    message.error = STR("\xff\xfe");
    store_insert_message(f, &message);
    assert_false(is_kept(f, TABLE_messages, message.id));
    assert_int_equal(db_get(f->db, TABLE_messages, message.id, f->arena, &message), E_CORRUPT);
}

/* Far more rows than there is room for, of many lengths, several of which grow while they are kept.
 */
static void test_many(void **state)
{
    enum { COUNT = 12000, BACK = 37, LONGEST = 9000 };
    struct store_fixture *f = *state;
    struct facts facts = add_facts(f, "one");
    struct id *ids = calloc(COUNT, sizeof *ids);
    char *words = malloc(LONGEST);
    size_t kept = 0;
    memset(words, 'x', LONGEST);
    assert_int_equal(db_begin(f->db), OK);
    for (int i = 0; i < COUNT; i++) {
        struct message message = facts.message;
        ids[i] = message.id = message.wire_id = store_new_id(f);
        message.attempt = i + 2;
        message.error = (struct str){words, (size_t)i * 7919 % (i % 5 == 0 ? LONGEST : 200)};
        store_insert_message(f, &message);
        if (i >= BACK) {
            assert_true(is_kept(f, TABLE_messages, ids[i - BACK]));
            struct str provider = {words, (size_t)i % 64 + 1};
            assert_int_equal(messages_claim(f->db, ids[i - BACK], store_time(1), provider), OK);
        }
    }
    for (int i = 0; i < COUNT; i++) {
        kept += is_kept(f, TABLE_messages, ids[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(read_message(f, ids[i]).attempt, i + 2);
    }
    assert_int_equal(db_commit(f->db), OK);
    assert_in_range(kept, BACK, COUNT - 1);
    free(words);
    free(ids);
}

/* The check itself: a row that is kept wrong ends the program. */
static void test_the_check(void **state)
{
    struct store_fixture *f = *state;
    struct message message = add_facts(f, "one").message;
    message.text = STR_NONE;
    message.priority = 7;
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        db_keep(f->db, TABLE_messages, &message);
        (void)read_message(f, message.id);
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_messages_way, set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_read_rows, set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_many_changed, set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_undone, set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_brief, set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_unreadable, set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_many, set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_the_check, set_up, store_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
