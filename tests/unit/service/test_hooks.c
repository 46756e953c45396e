/* What comes in: pick-ups, keys and texts, each told once, twice and too late. V2, V4, K7, P4. */
#include "op_fixture.h"
#include "service/hooks.h"
#include "service/incidents.h"
#include "service/messages.h"
#include "service/short_codes.h"
#include "service/suppressions.h"
#include "store/inbound.h"
#include "store/incidents.h"
#include "store/people.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char phone[] = "+34600111222";

static struct message add_message(struct op_fixture *f, const struct meeting *meeting,
                                  enum channel channel)
{
    struct alert alert = store_alert(f->store, meeting, channel == channel_CALL ? 3 : 2);
    struct message message = store_message(f->store, meeting, alert.id);
    alert.channel = message.channel = channel;
    alert.status = alert_status_SENDING;
    alert.message_id = message.id;
    message.state = message_state_SENT;
    message.receipt_level = receipt_level_ACCEPTED;
    message.claimed_at = message.sent_at = f->now;
    message.provider_id = STR("MOCK-1");
    message.text = STR("The words of the call.");
    store_insert(f->store, TABLE_alerts, &alert);
    store_insert_message(f->store, &message);
    return message;
}

/* A message to `target` about an incident whose ladder climbs. */
static struct message add_incident_call(struct op_fixture *f, enum message_target target,
                                        struct incident *incident)
{
    struct list steps = {0};
    *incident = (struct incident){.title = STR("Disk is full"), .user_id = f->user.id};
    struct incident input = *incident;
    assert_int_equal(create_incident(&f->op, &input, incident), OK);
    assert_int_equal(move_incident(&f->op, incident, incident_event_escalate, STR("test")), OK);
    assert_int_equal(steps_of_incident(f->store->db, f->store->arena, incident->id, &steps), OK);
    struct message message = store_message(f->store, &f->meeting, ID_NONE);
    message.subject_type = subject_type_INCIDENT;
    message.subject_id = incident->id;
    message.meeting_id = ID_NONE;
    message.target = target;
    message.channel = channel_CALL;
    message.state = message_state_SENT;
    message.receipt_level = receipt_level_ACCEPTED;
    message.claimed_at = message.sent_at = f->now;
    message.text = STR("The words of the call.");
    store_insert_message(f->store, &message);
    return message;
}

static struct hook_reply tell(struct op_fixture *f, const struct provider_news *news)
{
    struct hook_reply reply;
    f->op.actor.name = STR("provider");
    assert_int_equal(take_news(&f->op, &provider_mock, news, message_source_CALLBACK, &reply), OK);
    return reply;
}

static struct hook_reply pick_up(struct op_fixture *f, struct id message, bool is_machine)
{
    return tell(f, &(struct provider_news){.kind = NEWS_PICKUP,
                                           .attempt = op_id_text(&f->op, message),
                                           .provider_id = STR("MOCK-1"),
                                           .channel = channel_CALL,
                                           .is_machine = is_machine,
                                           .sequence = -1,
                                           .cost_micros = -1,
                                           .duration_seconds = -1});
}

static struct hook_reply press(struct op_fixture *f, struct id message, char key)
{
    return tell(f, &(struct provider_news){.kind = NEWS_KEY,
                                           .attempt = op_id_text(&f->op, message),
                                           .channel = channel_CALL,
                                           .key = key,
                                           .sequence = -1,
                                           .cost_micros = -1,
                                           .duration_seconds = -1});
}

static struct str text_from(struct op_fixture *f, const char *from, const char *id,
                            const char *words)
{
    return tell(f, &(struct provider_news){.kind = NEWS_TEXT,
                                           .provider_id = str_from(id),
                                           .channel = channel_SMS,
                                           .from = str_from(from),
                                           .text = str_from(words)})
        .text;
}

static struct inbound_text row_of(struct op_fixture *f, const char *id)
{
    struct inbound_text row = {0};
    assert_int_equal(
        inbound_texts_get(f->store->db, f->store->arena, STR("mock"), str_from(id), &row), OK);
    return row;
}

static int checkin_of(struct op_fixture *f, struct id meeting)
{
    struct meeting now = {0};
    assert_int_equal(db_get(f->store->db, TABLE_meetings, meeting, f->store->arena, &now), OK);
    return now.checkin_status;
}

static bool says(struct str text, const char *words)
{
    return str_contains(text, str_from(words));
}

static void test_pick_up_asks(void **state)
{
    struct op_fixture *f = *state;
    struct message call = add_message(f, &f->meeting, channel_CALL);
    struct hook_reply reply = pick_up(f, call.id, false);
    assert_true(reply.has_page && reply.page.asks);
    store_assert_text(reply.page.speech, "The words of the call.");
    assert_true(str_is_set(reply.page.goodbye));
    assert_int_equal(db_get(f->store->db, TABLE_messages, call.id, f->store->arena, &call), OK);
    assert_int_equal(call.state, message_state_ANSWERED);
}

/* The attempt stands in a URL that all providers of a message may know. */
static void test_one_provider_does_not_speak_for_another(void **state)
{
    struct op_fixture *f = *state;
    struct message call = add_message(f, &f->meeting, channel_CALL);
    struct hook_reply reply;
    struct provider_news news = {.kind = NEWS_STATE,
                                 .attempt = op_id_text(&f->op, call.id),
                                 .provider_id = STR("x-1"),
                                 .channel = channel_CALL,
                                 .state = message_state_ANSWERED,
                                 .level = receipt_level_REACHED,
                                 .is_end = true,
                                 .sequence = -1,
                                 .cost_micros = -1,
                                 .duration_seconds = -1};
    int before = call.state;
    assert_int_equal(take_news(&f->op, &provider_exotel, &news, message_source_CALLBACK, &reply),
                     OK);
    assert_int_equal(db_get(f->store->db, TABLE_messages, call.id, f->store->arena, &call), OK);
    assert_int_equal(call.state, before);
    (void)tell(f, &news);
    assert_int_equal(db_get(f->store->db, TABLE_messages, call.id, f->store->arena, &call), OK);
    assert_int_equal(call.state, message_state_ANSWERED);
}

static void test_machine_gets_a_short_message(void **state)
{
    struct op_fixture *f = *state;
    struct message call = add_message(f, &f->meeting, channel_CALL);
    struct hook_reply reply = pick_up(f, call.id, true);
    assert_true(reply.has_page && !reply.page.asks);
    assert_false(says(reply.page.speech, "Press"));
    assert_true(says(reply.page.speech, "Ana"));
}

static void test_unknown_call_is_let_go(void **state)
{
    struct op_fixture *f = *state;
    struct hook_reply reply = pick_up(f, f->meeting.id, false);
    assert_true(reply.has_page && !reply.page.asks);
    assert_true(says(reply.page.speech, "Goodbye"));
    assert_false(says(reply.page.speech, "key"));
    reply = tell(f, &(struct provider_news){.kind = NEWS_KEY, .attempt = STR("nonsense")});
    assert_true(reply.has_page && !reply.page.asks);
}

static void test_key_twice_is_one_answer_and_the_same_thanks(void **state)
{
    struct op_fixture *f = *state;
    struct message call = add_message(f, &f->meeting, channel_CALL);
    struct str first = press(f, call.id, '1').page.speech;
    struct hook_reply again = press(f, call.id, '1');
    assert_true(says(first, "Thank you"));
    assert_true(str_equal(first, again.page.speech));
    assert_false(again.page.asks);
    assert_int_equal(count_events(f, "CHECKIN"), 1);
    assert_int_equal(checkin_of(f, f->meeting.id), checkin_status_JOINED);
    /* And who picks up afterwards hears what has happened. */
    f->op.now = f->now = instant_add(f->now, MINUTES(2));
    struct hook_reply late = pick_up(f, call.id, false);
    assert_false(late.page.asks);
    assert_true(says(late.page.speech, "two minutes ago") ||
                says(late.page.speech, "2 minutes ago"));
}

static void test_key_nine_has_an_end(void **state)
{
    struct op_fixture *f = *state;
    struct message call = add_message(f, &f->meeting, channel_CALL);
    for (int i = 0; i < 5; i++) {
        struct hook_reply reply = press(f, call.id, '9');
        assert_true(reply.page.asks);
        store_assert_text(reply.page.speech, "The words of the call.");
    }
    assert_false(press(f, call.id, '9').page.asks);
    assert_int_equal(checkin_of(f, f->meeting.id), checkin_status_NONE);
    struct hook_reply strange = press(f, call.id, '5');
    assert_true(strange.page.asks && says(strange.page.speech, "Sorry"));
    assert_false(press(f, call.id, '\0').page.asks);
    assert_true(press(f, call.id, '\xff').has_page);
}

static void test_ended_incident_says_who_and_when(void **state)
{
    struct op_fixture *f = *state;
    struct incident incident;
    struct message call = add_incident_call(f, message_target_PERSON, &incident);
    f->op.actor.name = STR("link");
    assert_int_equal(move_incident(&f->op, &incident, incident_event_resolve, STR("done")), OK);
    f->op.now = f->now = instant_add(f->now, MINUTES(2));
    struct hook_reply reply = pick_up(f, call.id, false);
    assert_false(reply.page.asks);
    assert_true(says(reply.page.speech, "by Ana"));
    assert_true(says(reply.page.speech, "minutes ago"));
    /* A key that comes all the same changes nothing and hears the same. */
    assert_true(str_equal(press(f, call.id, '1').page.speech, reply.page.speech));
}

/* What the call says next comes from what is so then, whichever key was pressed, or none. */
static void test_resolved_while_the_call_speaks(void **state)
{
    struct op_fixture *f = *state;
    struct incident incident;
    struct message call = add_incident_call(f, message_target_PERSON, &incident);
    assert_true(pick_up(f, call.id, false).page.asks);
    assert_false(says(press(f, call.id, '\0').page.speech, "by Ana"));
    f->op.actor.name = STR("link");
    assert_int_equal(move_incident(&f->op, &incident, incident_event_resolve, STR("done")), OK);
    const char keys[] = {'\0', '1', '2', '5', '9'};
    for (size_t i = 0; i < sizeof keys; i++) {
        struct hook_reply reply = press(f, call.id, keys[i]);
        assert_false(reply.page.asks);
        assert_true(says(reply.page.speech, "by Ana"));
    }
}

static size_t steps_due_now(struct op_fixture *f)
{
    size_t count = 0;
    for (size_t i = 0; i < f->writer.effects.count; i++) {
        const struct effect *effect = &f->writer.effects.items[i];
        count += effect->kind == EFFECT_TIMER && effect->at.us <= f->op.now.us ? 1 : 0;
    }
    return count;
}

static void test_key_two_passes_an_incident_on_once(void **state)
{
    struct op_fixture *f = *state;
    struct incident incident;
    struct message call = add_incident_call(f, message_target_EMERGENCY_CONTACT, &incident);
    struct str first = press(f, call.id, '2').page.speech;
    size_t due = steps_due_now(f);
    assert_true(due >= 1);
    assert_true(str_equal(first, press(f, call.id, '2').page.speech));
    assert_int_equal(steps_due_now(f), due);
    assert_int_equal(count_events(f, "INCIDENT_PASSED_ON"), 1);
    press(f, call.id, '1');
    assert_int_equal(count_events(f, "INCIDENT_ACKNOWLEDGED"), 1);
}

static void test_text_counts_once(void **state)
{
    struct op_fixture *f = *state;
    add_message(f, &f->meeting, channel_SMS);
    struct str first = text_from(f, phone, "SM1", "ok, on my way!");
    struct str again = text_from(f, phone, "SM1", "no");
    assert_true(says(first, "noted"));
    assert_true(str_equal(first, again));
    assert_int_equal(checkin_of(f, f->meeting.id), checkin_status_JOINED);
    assert_int_equal(count_events(f, "CHECKIN"), 1);
    store_assert_text(row_of(f, "SM1").meaning, "JOINED");
    text_from(f, phone, "SM2", "1");
    store_assert_text(row_of(f, "SM2").meaning, "REPEATED");
}

static void test_carrier_words_are_recorded_and_not_answered(void **state)
{
    struct op_fixture *f = *state;
    enum failure_category category = failure_category_NONE;
    add_message(f, &f->meeting, channel_SMS);
    assert_false(str_is_set(text_from(f, phone, "SM1", " Stop. ")));
    assert_int_equal(suppression_of(&f->op, channel_SMS, str_from(phone), &category), OK);
    assert_int_equal(category, failure_category_opted_out);
    assert_false(str_is_set(text_from(f, phone, "SM2", "HELP")));
    assert_false(str_is_set(text_from(f, phone, "SM3", "Yes")));
    store_assert_text(row_of(f, "SM3").meaning, "START");
    assert_int_equal(suppression_of(&f->op, channel_SMS, str_from(phone), &category), OK);
    assert_int_equal(category, failure_category_NONE);
    assert_int_equal(checkin_of(f, f->meeting.id), checkin_status_NONE);
    struct provider_news told = {.kind = NEWS_TEXT,
                                 .provider_id = STR("SM4"),
                                 .channel = channel_SMS,
                                 .from = str_from(phone),
                                 .text = STR("Arret"),
                                 .opt_out = STR("STOP")};
    assert_false(str_is_set(tell(f, &told).text));
    store_assert_text(row_of(f, "SM4").meaning, "STOP");
}

static void test_strangers_and_ourselves_get_no_answer(void **state)
{
    struct op_fixture *f = *state;
    f->site.provider_settings.twilio.from_number = STR("+15550000001");
    assert_false(str_is_set(text_from(f, "+15550000001", "SM1", "1")));
    assert_false(str_is_set(text_from(f, "+15550000002", "SM2", "1")));
    store_assert_text(row_of(f, "SM2").meaning, "UNKNOWN_NUMBER");
    struct inbound_text row = {0};
    assert_int_equal(
        inbound_texts_get(f->store->db, f->store->arena, STR("mock"), STR("SM1"), &row),
        E_NOT_FOUND);
    assert_false(str_is_set(text_from(f, "\xff\xfe", "SM3", "\xc3\x28")));
    store_assert_text(row_of(f, "SM3").text, "(unreadable)");
}

static void test_loop_ends_after_five(void **state)
{
    struct op_fixture *f = *state;
    char id[8] = "SM0";
    add_message(f, &f->meeting, channel_SMS);
    for (int i = 0; i < 8; i++) {
        id[2] = (char)('0' + i);
        struct str reply = text_from(f, phone, id, "I am out of the office.");
        assert_int_equal(str_is_set(reply), i < 5);
    }
    assert_true(str_is_set(text_from(f, phone, "SM8", "2")));
    assert_true(str_is_set(text_from(f, phone, "SM9", "what?")));
    f->op.now = f->now = instant_add(f->now, HOURS(25));
    assert_true(str_is_set(text_from(f, phone, "SMa", "what?")));
}

static void test_codes_tell_subjects_apart(void **state)
{
    struct op_fixture *f = *state;
    struct str code = STR_NONE;
    struct str same = STR_NONE;
    struct meeting second = store_meeting(f->store, f->user.id, "second", 70);
    store_insert(f->store, TABLE_meetings, &second);
    add_message(f, &f->meeting, channel_SMS);
    assert_int_equal(short_code_of(&f->op, f->user.id, f->meeting.id, &code), OK);
    assert_false(str_is_set(code));
    assert_int_equal(short_code_make(&f->op, f->user.id, f->meeting.id, &code), OK);
    store_assert_text(code, "1a");
    add_message(f, &second, channel_SMS);
    assert_int_equal(short_code_of(&f->op, f->user.id, second.id, &code), OK);
    store_assert_text(code, "2a");
    assert_int_equal(short_code_of(&f->op, f->user.id, second.id, &same), OK);
    assert_true(str_equal(code, same));
    assert_true(str_is_set(text_from(f, phone, "SM1", "9b yes")));
    store_assert_text(row_of(f, "SM1").meaning, "NOT_UNDERSTOOD");
    assert_true(str_is_set(text_from(f, phone, "SM2", "1A no")));
    assert_int_equal(checkin_of(f, f->meeting.id), checkin_status_MISSED);
    assert_int_equal(checkin_of(f, second.id), checkin_status_NONE);
    struct str reply = text_from(f, phone, "SM3", "1");
    assert_true(says(reply, "1a")); /* The first one's incident is open: how to answer that. */
    assert_int_equal(checkin_of(f, second.id), checkin_status_JOINED);
}

static void test_incident_is_answered_by_text(void **state)
{
    struct op_fixture *f = *state;
    struct incident incident;
    add_incident_call(f, message_target_PERSON, &incident);
    assert_true(str_is_set(text_from(f, phone, "SM1", "got it")));
    assert_int_equal(count_events(f, "INCIDENT_ACKNOWLEDGED"), 1);
    text_from(f, phone, "SM2", "accept");
    store_assert_text(row_of(f, "SM2").meaning, "NOTHING_OPEN");
    assert_true(str_is_set(text_from(f, phone, "SM3", "R")));
    assert_int_equal(count_events(f, "INCIDENT_RESOLVED"), 1);
}

/* Whoever writes is found by the hash of the number. */
static int set_up(void **state)
{
    int result = op_set_up(state);
    struct op_fixture *f = *state;
    assert_int_equal(users_change(f->store->db, f->store->arena, &f->user), OK);
    return result;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, op_tear_down)
    const struct CMUnitTest tests[] = {
        T(test_pick_up_asks),
        T(test_one_provider_does_not_speak_for_another),
        T(test_machine_gets_a_short_message),
        T(test_unknown_call_is_let_go),
        T(test_key_twice_is_one_answer_and_the_same_thanks),
        T(test_key_nine_has_an_end),
        T(test_ended_incident_says_who_and_when),
        T(test_resolved_while_the_call_speaks),
        T(test_key_two_passes_an_incident_on_once),
        T(test_text_counts_once),
        T(test_carrier_words_are_recorded_and_not_answered),
        T(test_strangers_and_ourselves_get_no_answer),
        T(test_loop_ends_after_five),
        T(test_codes_tell_subjects_apart),
        T(test_incident_is_answered_by_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
