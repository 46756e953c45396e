/* What waits inside Tocsin to be seen: whose it is, what seeing it means, and how far a listener
 * reads. Requirements U2, V7, V8. */
#include "op_fixture.h"
#include "service/events.h"
#include "service/notifications.h"
#include "store/delivery.h"
#include "store/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct id notify(struct op_fixture *f, struct id user, const char *title)
{
    struct id id = ID_NONE;
    struct message_plan plan = {
        .subject_type = subject_type_INCIDENT,
        .subject = f->meeting.id,
        .user = user,
        .severity = severity_HIGH,
        .target = message_target_PERSON,
        .channel = channel_IN_APP,
        .recipient = STR("in-app"),
        .subject_line = str_from(title),
        .text = STR("It needs you."),
        .due_at = f->op.now,
    };
    assert_int_equal(message_queue(&f->op, &plan, &id), OK);
    return id;
}

static struct notification_list list(struct op_fixture *f, struct notification_list_input wanted)
{
    struct notification_list out = {0};
    assert_int_equal(list_notifications(&f->op, &wanted, &out), OK);
    return out;
}

static struct message message_of(struct op_fixture *f, struct id id)
{
    struct message message = {0};
    assert_int_equal(db_get(f->store->db, TABLE_messages, id, f->store->arena, &message), OK);
    return message;
}

static struct notification see_one(struct op_fixture *f, struct id id)
{
    struct notification seen = {0};
    f->op.path_id = id;
    assert_int_equal(see_notification(&f->op, NULL, &seen), OK);
    return seen;
}

static size_t events_so_far(struct op_fixture *f, enum event_kind kind)
{
    struct event_reading reading = {.limit = 1000};
    struct list events = {0};
    size_t count = 0;
    assert_int_equal(events_after(f->store->db, f->store->arena, &reading, &events), OK);
    for (size_t i = 0; i < events.count; i++) {
        count += ((const struct event *)events.items)[i].kind == (int)kind;
    }
    return count;
}

static void test_it_waits_until_it_was_seen(void **state)
{
    struct op_fixture *f = *state;
    struct id id = notify(f, f->user.id, "Disk");
    struct notification_list waiting = list(f, (struct notification_list_input){.unseen = true});
    const struct notification *first = waiting.notifications.items;
    assert_int_equal(waiting.notifications.count, 1);
    assert_true(id_equal(first->id, id));
    assert_int_equal(first->severity, severity_HIGH);
    store_assert_text(first->title, "Disk");
    store_assert_text(first->text, "It needs you.");
    /* It is where it can be seen, which has reached nobody. */
    assert_int_equal(message_of(f, id).state, message_state_DELIVERED);
    assert_int_equal(message_of(f, id).receipt_level, receipt_level_LEFT);

    f->op.now = f->now = instant_add(f->now, SECONDS(60));
    struct instant seen_at = f->now;
    assert_int_equal(see_one(f, id).seen_at.us, seen_at.us);
    assert_int_equal(message_of(f, id).receipt_level, receipt_level_REACHED);
    assert_int_equal(list(f, (struct notification_list_input){.unseen = true}).total, 0);
    assert_int_equal(list(f, (struct notification_list_input){0}).total, 1);

    /* Once more is the same as once. */
    f->op.now = f->now = instant_add(f->now, SECONDS(60));
    assert_int_equal(see_one(f, id).seen_at.us, seen_at.us);
    assert_int_equal(events_so_far(f, event_kind_NOTIFICATION_ADDED), 1);
    assert_int_equal(events_so_far(f, event_kind_NOTIFICATION_SEEN), 1);
    assert_int_equal(count_events(f, "NOTIFICATION_SEEN"), 1);
}

/* A confirmation, such as by the link in it, says more than being seen. */
static void test_seeing_takes_nothing_back(void **state)
{
    struct op_fixture *f = *state;
    struct id id = notify(f, f->user.id, "Disk");
    struct message message = message_of(f, id);
    assert_int_equal(message_confirm(&f->op, &message, STR("link")), OK);
    see_one(f, id);
    assert_int_equal(message_of(f, id).receipt_level, receipt_level_CONFIRMED);
    assert_int_equal(message_seen(&f->op, (struct id){12345}), OK);
}

static void test_operators_have_their_own(void **state)
{
    struct op_fixture *f = *state;
    struct operator_note note = {.key = STR("provider:mock"),
                                 .title = STR("The mock does not work"),
                                 .text = STR("It said no.")};
    notify(f, f->user.id, "Disk");
    assert_int_equal(operator_tell(&f->op, &note), OK);
    assert_int_equal(operator_tell(&f->op, &note), OK); /* Known already. */
    struct notification_list theirs = list(f, (struct notification_list_input){.operators = true});
    const struct notification *first = theirs.notifications.items;
    assert_int_equal(theirs.total, 1);
    assert_false(id_is_set(first->user_id));
    assert_int_equal(first->subject_type, subject_type_SYSTEM);
    store_assert_text(first->title, "The mock does not work");
    assert_int_equal(list(f, (struct notification_list_input){.user_id = f->user.id}).total, 1);
    assert_int_equal(list(f, (struct notification_list_input){0}).total, 2);
    see_one(f, first->id); /* Though there is no message of it. */
    assert_int_equal(operator_recovered(&f->op, &note), OK);
    theirs = list(f, (struct notification_list_input){.operators = true});
    assert_int_equal(theirs.total, 2);
    assert_int_equal(theirs.unseen_count, 1);
}

static void test_the_subject_ends(void **state)
{
    struct op_fixture *f = *state;
    struct id id = notify(f, f->user.id, "Disk");
    assert_int_equal(notifications_end(&f->op, f->user.id), OK);
    struct notification_list all = list(f, (struct notification_list_input){0});
    assert_false(instant_is_set(((const struct notification *)all.notifications.items)->ended_at));
    assert_int_equal(notifications_end(&f->op, f->meeting.id), OK);
    all = list(f, (struct notification_list_input){.unseen = true});
    assert_int_equal(all.total, 1);
    assert_true(instant_is_set(((const struct notification *)all.notifications.items)->ended_at));
    see_one(f, id);
}

static void tell(struct op_fixture *f, struct id user, int count)
{
    for (int i = 0; i < count; i++) {
        struct event_facts facts = {.kind = event_kind_INCIDENT_OPENED,
                                    .subject_type = subject_type_INCIDENT,
                                    .user = user,
                                    .data = STR("{}")};
        assert_int_equal(event_tell(&f->op, &facts), OK);
    }
}

/* A listener to one person's events looks at no more rows than it was told, and gets on. */
static void test_a_listener_reads_on(void **state)
{
    struct op_fixture *f = *state;
    tell(f, ID_NONE, 10);
    tell(f, f->user.id, 5);
    struct id newest = f->writer.last_event;
    struct event_span span = {.until = newest, .user = f->user.id, .rows = 6};
    struct list events = {0};
    size_t sizes[3] = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        span.until = newest;
        assert_int_equal(events_of_span(&f->op, &span, &events), OK);
        sizes[i] = events.count;
        assert_true(span.until.value > span.after.value);
        span.after = span.until;
    }
    assert_int_equal(sizes[0], 0);
    assert_int_equal(sizes[1], 2);
    assert_int_equal(sizes[2], 3);
    assert_true(id_equal(span.after, newest));

    /* What is not durable yet is left for later. */
    tell(f, f->user.id, 3);
    span = (struct event_span){.after = newest, .until = newest, .rows = 6};
    assert_int_equal(events_of_span(&f->op, &span, &events), OK);
    assert_int_equal(events.count, 0);
    span.until = f->writer.last_event;
    assert_int_equal(events_of_span(&f->op, &span, &events), OK);
    assert_int_equal(events.count, 3);
}

struct opening {
    const char *kinds;
    const char *after;
    enum err err;
    int64_t wanted; /* The bits of the kinds. */
};

static void test_what_a_stream_may_be_asked(void **state)
{
    static const struct opening rows[] = {
        {NULL, NULL, OK, 0},
        {"INCIDENT_OPENED", "0", OK, 1 << event_kind_INCIDENT_OPENED},
        {"INCIDENT_OPENED,STEP_ENDED", NULL, OK,
         1 << event_kind_INCIDENT_OPENED | 1 << event_kind_STEP_ENDED},
        {"INCIDENT_OPENED,", NULL, E_INVALID, 0},
        {"incident_opened", NULL, E_INVALID, 0},
        {",", NULL, E_INVALID, 0},
        {NULL, "1", E_INVALID, 0},
    };
    struct op_fixture *f = *state;
    tell(f, ID_NONE, 2);
    atomic_store(&f->stats.last_event, f->writer.last_event.value);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct stream_view view = {0};
        struct stream_input input = {
            .kinds = rows[i].kinds == NULL ? STR_NONE : str_from(rows[i].kinds),
            .after = rows[i].after == NULL ? STR_NONE : str_from(rows[i].after)};
        assert_int_equal(open_stream(&f->op, &input, &view), rows[i].err);
        if (rows[i].err == OK) {
            assert_int_equal(view.kinds, rows[i].wanted);
            assert_int_equal(view.after.value,
                             rows[i].after == NULL ? f->writer.last_event.value : 0);
            assert_false(view.is_lost);
        }
    }
}

/* An id of ours that is no event any more, also one beyond the newest. */
static void test_a_place_that_is_gone(void **state)
{
    struct op_fixture *f = *state;
    struct stream_view view = {0};
    tell(f, ID_NONE, 2);
    atomic_store(&f->stats.last_event, f->writer.last_event.value);
    struct id beyond = op_new_id(&f->op);
    struct stream_input input = {.after = op_id_text(&f->op, beyond)};
    assert_int_equal(open_stream(&f->op, &input, &view), OK);
    assert_true(view.is_lost);
    assert_int_equal(view.after.value, f->writer.last_event.value);
    view = (struct stream_view){0};
    input.after = op_id_text(&f->op, f->writer.last_event);
    assert_int_equal(open_stream(&f->op, &input, &view), OK);
    assert_false(view.is_lost);
}

static void test_a_persons_key(void **state)
{
    struct op_fixture *f = *state;
    struct stream_view view = {0};
    struct stream_input input = {0};
    f->op.actor =
        (struct actor){.name = STR("api:ana"), .scope = key_scope_USER, .user = f->user.id};
    assert_int_equal(open_stream(&f->op, &input, &view), OK);
    assert_true(id_equal(view.user_id, f->user.id));
    input.user_id = f->meeting.id;
    assert_int_equal(open_stream(&f->op, &input, &view), E_FORBIDDEN);
    f->op.actor.scope = key_scope_READER;
    assert_int_equal(open_stream(&f->op, &input, &view), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_waits_until_it_was_seen, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_seeing_takes_nothing_back, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_operators_have_their_own, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_the_subject_ends, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_a_listener_reads_on, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_what_a_stream_may_be_asked, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_a_place_that_is_gone, op_set_up, op_tear_down),
        cmocka_unit_test_setup_teardown(test_a_persons_key, op_set_up, op_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
