/* The mock carrier: what each script does, in what order events come, and that a restart forgets
 * nothing. */
#include "base/buf.h"
#include "channel/mock_network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* A journal that a test can read: lines, each behind a newline. */
struct fixture {
    struct arena *arena;
    struct mock_network *network;
    struct buf journal;
};

static const struct instant start = {INT64_C(1767603600000000)}; /* 2026-01-05T09:00:00Z */

static void keep_line(void *context, struct str line)
{
    struct fixture *fixture = context;
    buf_add(&fixture->journal, line);
    buf_add_byte(&fixture->journal, '\n');
}

static int set_up(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof *fixture);
    fixture->arena = arena_new();
    fixture->network = mock_network_new(fixture, keep_line);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    mock_network_free(&fixture->network);
    buf_free(&fixture->journal);
    arena_free(&fixture->arena);
    test_free(fixture);
    return 0;
}

static struct instant after(int64_t milliseconds)
{
    return instant_add(start, MILLISECONDS(milliseconds));
}

static struct wire_answer ask(struct fixture *fixture, struct instant now, struct wire_mock request,
                              struct instant *answer_at)
{
    struct mock_reply reply;
    mock_network_request(fixture->network, now, &request, fixture->arena, &reply);
    if (answer_at != NULL) {
        *answer_at = reply.at;
    }
    return reply.answer;
}

static struct wire_answer send_to(struct fixture *fixture, const char *channel, const char *to,
                                  const char *attempt)
{
    struct wire_mock request = {.verb = MOCK_SEND,
                                .attempt = str_from(attempt),
                                .channel = str_from(channel),
                                .to = str_from(to),
                                .text = STR("hello")};
    return ask(fixture, start, request, NULL);
}

static int find_status(struct fixture *fixture, struct instant now, const char *attempt)
{
    struct wire_mock request = {.verb = MOCK_FIND, .attempt = str_from(attempt)};
    return ask(fixture, now, request, NULL).status;
}

static int cancel_status(struct fixture *fixture, struct instant now, const char *id)
{
    struct wire_mock request = {.verb = MOCK_CANCEL, .provider_id = str_from(id)};
    return ask(fixture, now, request, NULL).status;
}

static void script(struct fixture *fixture, const char *to, enum channel channel,
                   const char *action, int64_t after_seconds)
{
    struct problem problem = {0};
    struct mock_script wanted = {str_from(to), channel, str_from(action), after_seconds};
    enum err err = mock_network_script(fixture->network, &wanted, &problem);
    if (err) {
        print_error("%s: %s: %s\n", action, problem.field, problem.message);
    }
    assert_int_equal(err, OK);
}

/* The next event must be due at exactly this many milliseconds after the start, and not before. */
static struct mock_event event_at(struct fixture *fixture, int64_t milliseconds)
{
    struct mock_event event = {0};
    struct instant at = INSTANT_NONE;
    assert_true(mock_network_next(fixture->network, &at));
    assert_int_equal(at.us, after(milliseconds).us);
    assert_false(mock_network_take(fixture->network, after(milliseconds - 1), &event));
    assert_true(mock_network_take(fixture->network, after(milliseconds), &event));
    assert_int_equal(event.at.us, at.us);
    return event;
}

static void assert_silent(struct fixture *fixture)
{
    struct instant at = INSTANT_NONE;
    struct mock_event event = {0};
    assert_false(mock_network_next(fixture->network, &at));
    assert_false(mock_network_take(fixture->network, after(1000000000), &event));
}

static void assert_text(struct str text, const char *wanted)
{
    assert_int_equal(text.len, strlen(wanted));
    assert_memory_equal(text.ptr, wanted, text.len);
}

static void test_message_is_delivered(void **state)
{
    struct fixture *fixture = *state;
    const char *channels[] = {"EMAIL", "SMS", "WHATSAPP"};
    for (size_t i = 0; i < 3; i++) {
        struct wire_answer answer = send_to(fixture, channels[i], "+14155550101", channels[i]);
        assert_int_equal(answer.outcome, WIRE_ANSWERED);
        assert_int_equal(answer.status, 201);
        assert_true(str_starts(answer.body, STR("MOCK-")));
        struct mock_event event = event_at(fixture, 1000);
        assert_int_equal(event.kind, MOCK_EVENT_STATE);
        assert_int_equal(event.state, message_state_DELIVERED);
        assert_int_equal(event.level, receipt_level_REACHED);
        assert_false(event.is_end);
        assert_text(event.attempt, channels[i]);
        assert_true(str_equal(event.provider_id, answer.body));
        assert_string_equal(channel_names.names[event.channel], channels[i]);
        assert_silent(fixture);
    }
}

static void test_call_is_answered(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(send_to(fixture, "CALL", "+14155550101", "a").status, 201);
    struct mock_event event = event_at(fixture, 5000);
    assert_int_equal(event.state, message_state_ANSWERED);
    assert_int_equal(event.level, receipt_level_HUMAN);
    assert_false(event.is_end);
    event = event_at(fixture, 20000);
    assert_int_equal(event.state, message_state_ANSWERED);
    assert_true(event.is_end);
    assert_false(event.is_machine);
    assert_silent(fixture);
}

static void test_press(void **state)
{
    struct fixture *fixture = *state;
    script(fixture, "+1", channel_CALL, "press 1", -1);
    script(fixture, "+1", channel_CALL, " PRESS  # ", 30);
    assert_int_equal(send_to(fixture, "CALL", "+1", "a").status, 201);
    assert_int_equal(event_at(fixture, 5000).state, message_state_ANSWERED);
    struct mock_event event = event_at(fixture, 8000);
    assert_int_equal(event.kind, MOCK_EVENT_KEY);
    assert_int_equal(event.key, '1');
    assert_true(event_at(fixture, 20000).is_end);
    /* A key that comes after the usual end keeps the call open. */
    assert_int_equal(send_to(fixture, "CALL", "+1", "b").status, 201);
    (void)event_at(fixture, 5000);
    assert_int_equal(event_at(fixture, 35000).key, '#');
    assert_true(event_at(fixture, 37000).is_end);
    assert_silent(fixture);
}

static void test_reply(void **state)
{
    struct fixture *fixture = *state;
    script(fixture, "+1", channel_SMS, "reply  On my way\t%0A \xF0\x9F\x91\x8D", 7);
    assert_int_equal(send_to(fixture, "SMS", "+1", "a").status, 201);
    (void)event_at(fixture, 1000);
    struct mock_event event = event_at(fixture, 8000);
    assert_int_equal(event.kind, MOCK_EVENT_REPLY);
    assert_text(event.from, "+1");
    assert_text(event.text, "On my way\t%0A \xF0\x9F\x91\x8D");
    assert_int_equal(event.channel, channel_SMS);
    assert_silent(fixture);
}

static void test_ignore_busy_voicemail(void **state)
{
    struct fixture *fixture = *state;
    script(fixture, "+1", channel_CALL, "ignore", -1);
    script(fixture, "+1", channel_CALL, "busy", -1);
    script(fixture, "+1", channel_CALL, "voicemail", -1);
    script(fixture, "+1", channel_WHATSAPP, "ignore", -1);
    (void)send_to(fixture, "CALL", "+1", "ignored");
    struct mock_event event = event_at(fixture, 45000);
    assert_int_equal(event.state, message_state_NO_ANSWER);
    assert_true(event.is_end);
    (void)send_to(fixture, "CALL", "+1", "busy");
    event = event_at(fixture, 1000);
    assert_int_equal(event.state, message_state_BUSY);
    assert_true(event.is_end);
    (void)send_to(fixture, "CALL", "+1", "machine");
    event = event_at(fixture, 5000);
    assert_int_equal(event.state, message_state_ANSWERED);
    assert_int_equal(event.level, receipt_level_REACHED);
    assert_true(event.is_machine);
    event = event_at(fixture, 20000);
    assert_true(event.is_machine && event.is_end);
    (void)send_to(fixture, "WHATSAPP", "+1", "read");
    assert_int_equal(event_at(fixture, 1000).state, message_state_DELIVERED);
    assert_silent(fixture);
}

static void test_refusals(void **state)
{
    struct fixture *fixture = *state;
    const char *codes[] = {"invalid_number",   "opted_out",        "auth",          "rate_limited",
                           "carrier_rejected", "rejected_content", "provider_error"};
    for (size_t i = 0; i < ARRAY_LENGTH(codes); i++) {
        char action[64];
        snprintf(action, sizeof action, "refuse %s", codes[i]);
        script(fixture, "a@example.com", channel_EMAIL, action, -1);
        struct wire_answer answer = send_to(fixture, "EMAIL", "A@Example.COM", codes[i]);
        assert_int_equal(answer.outcome, WIRE_ANSWERED);
        assert_int_equal(answer.status, 400);
        assert_text(answer.body, codes[i]);
        assert_int_equal(find_status(fixture, start, codes[i]), 404);
    }
    assert_silent(fixture);
    assert_int_equal(send_to(fixture, "EMAIL", "a@example.com", "next").status, 201);
    assert_int_equal(send_to(fixture, "IN_APP", "a@example.com", "x").status, 400);
    assert_int_equal(send_to(fixture, "SMS", "", "x").status, 400);
}

static void test_timeout_and_unreachable(void **state)
{
    struct fixture *fixture = *state;
    script(fixture, "+1", channel_SMS, "timeout", -1);
    script(fixture, "+1", channel_SMS, "unreachable", -1);
    struct wire_mock request = {
        .verb = MOCK_SEND, .attempt = STR("lost"), .channel = STR("SMS"), .to = STR("+1")};
    struct instant answer_at = INSTANT_NONE;
    struct wire_answer answer = ask(fixture, start, request, &answer_at);
    assert_int_equal(answer.outcome, WIRE_UNKNOWN);
    assert_true(answer.timed_out);
    assert_int_equal(answer_at.us, after(45000).us);
    assert_int_equal(find_status(fixture, start, "lost"), 200);
    request.attempt = STR("unsent");
    answer = ask(fixture, start, request, &answer_at);
    assert_int_equal(answer.outcome, WIRE_NOT_SENT);
    assert_int_equal(answer_at.us, start.us);
    assert_int_equal(find_status(fixture, start, "unsent"), 404);
    /* What timed out was accepted, so its receipt comes, and before the caller gives up. */
    assert_text(event_at(fixture, 1000).attempt, "lost");
    assert_silent(fixture);
}

static void test_scripts_are_per_address_and_channel(void **state)
{
    struct fixture *fixture = *state;
    script(fixture, "+1", channel_SMS, "reply first", 0);
    script(fixture, "+2", channel_SMS, "reply other", 0);
    script(fixture, "+1", channel_WHATSAPP, "reply elsewhere", 0);
    script(fixture, "+1", channel_SMS, "reply second", 0);
    const char *to[] = {"+1", "+1", "+2", "+1"};
    const char *channels[] = {"SMS", "SMS", "SMS", "WHATSAPP"};
    const char *texts[] = {"first", "second", "other", "elsewhere"};
    for (size_t i = 0; i < 4; i++) {
        (void)send_to(fixture, channels[i], to[i], texts[i]);
        (void)event_at(fixture, 1000);
        assert_text(event_at(fixture, 1000).text, texts[i]);
        assert_silent(fixture);
    }
    (void)send_to(fixture, "SMS", "+1", "none left");
    (void)event_at(fixture, 1000);
    assert_silent(fixture);
}

static void test_cancel(void **state)
{
    struct fixture *fixture = *state;
    (void)send_to(fixture, "CALL", "+1", "a");
    (void)send_to(fixture, "CALL", "+1", "b");
    (void)send_to(fixture, "SMS", "+1", "c");
    assert_int_equal(cancel_status(fixture, after(4999), "MOCK-a"), 200);
    assert_int_equal(cancel_status(fixture, after(4999), "MOCK-a"), 409);
    assert_int_equal(cancel_status(fixture, after(0), "MOCK-c"), 409);
    assert_int_equal(cancel_status(fixture, after(5000), "MOCK-b"), 409);
    assert_int_equal(cancel_status(fixture, after(0), "MOCK-z"), 404);
    assert_int_equal(cancel_status(fixture, after(0), "a"), 404);
    (void)event_at(fixture, 1000);
    assert_text(event_at(fixture, 5000).attempt, "b");
    assert_text(event_at(fixture, 20000).attempt, "b");
    assert_silent(fixture);
}

static void test_same_attempt_twice_is_two_messages(void **state)
{
    struct fixture *fixture = *state;
    struct wire_answer first = send_to(fixture, "CALL", "+1", "a");
    struct wire_answer second = send_to(fixture, "CALL", "+1", "a");
    assert_text(first.body, "MOCK-a");
    assert_text(second.body, "MOCK-a~2");
    assert_int_equal(cancel_status(fixture, start, "MOCK-a~2"), 200);
    assert_int_equal(cancel_status(fixture, start, "MOCK-a~3"), 404);
    assert_text(event_at(fixture, 5000).provider_id, "MOCK-a");
}

/* Starts a second network from what the first one wrote, and lets it take the first one's place. */
static void restart(struct fixture *fixture, size_t bytes)
{
    struct buf written = {.arena = fixture->arena};
    buf_add(&written, str_slice(buf_str(&fixture->journal), 0, bytes));
    mock_network_free(&fixture->network);
    fixture->network = mock_network_new(fixture, keep_line);
    struct str rest = buf_str(&written);
    struct str line = STR_NONE;
    while (str_split(&rest, '\n', &line)) {
        enum err err = line.len > 0 ? mock_network_load(fixture->network, line) : OK;
        assert_int_equal(err, OK);
    }
}

static void test_restart_goes_on(void **state)
{
    struct fixture *fixture = *state;
    script(fixture, "+1", channel_CALL, "press 2", -1);
    script(fixture, "+1", channel_SMS, "refuse auth", -1);
    script(fixture, "+1", channel_SMS, "reply a\tb\nc%", 1);
    script(fixture, "+1", channel_SMS, "reply later", 1);
    (void)send_to(fixture, "CALL", "+1", "call");
    (void)send_to(fixture, "CALL", "+1", "gone");
    assert_int_equal(cancel_status(fixture, start, "MOCK-gone"), 200);
    assert_int_equal(send_to(fixture, "SMS", "+1", "refused").status, 400);
    (void)send_to(fixture, "SMS", "+1", "sms");
    (void)event_at(fixture, 1000);
    restart(fixture, fixture->journal.len);
    assert_int_equal(find_status(fixture, start, "call"), 200);
    assert_int_equal(find_status(fixture, start, "refused"), 404);
    /* Reported once already, and again. */
    assert_text(event_at(fixture, 1000).attempt, "sms");
    assert_text(event_at(fixture, 2000).text, "a\tb\nc%");
    assert_text(event_at(fixture, 5000).attempt, "call");
    assert_int_equal(event_at(fixture, 8000).key, '2');
    assert_true(event_at(fixture, 20000).is_end);
    assert_silent(fixture);
    /* The script that was not used yet is still there, those that were are not. */
    (void)send_to(fixture, "SMS", "+1", "again");
    (void)event_at(fixture, 1000);
    assert_text(event_at(fixture, 2000).text, "later");
    assert_text(send_to(fixture, "SMS", "+1", "again").body, "MOCK-again~2");
    (void)event_at(fixture, 1000);
    assert_silent(fixture);
}

static void test_torn_and_foreign_lines(void **state)
{
    struct fixture *fixture = *state;
    (void)send_to(fixture, "SMS", "+1", "whole");
    struct str line = str_slice(buf_str(&fixture->journal), 0, fixture->journal.len - 1);
    line = arena_str(fixture->arena, line);
    mock_network_free(&fixture->network);
    fixture->network = mock_network_new(NULL, NULL);
    for (size_t len = 0; len < line.len; len++) {
        assert_int_equal(mock_network_load(fixture->network, str_slice(line, 0, len)), E_INVALID);
    }
    struct buf wrong = {.arena = fixture->arena};
    buf_add(&wrong, line);
    for (size_t i = 0; i < line.len; i++) {
        wrong.ptr[i] ^= 1;
        assert_int_equal(mock_network_load(fixture->network, buf_str(&wrong)), E_INVALID);
        wrong.ptr[i] ^= 1;
    }
    assert_int_equal(mock_network_load(fixture->network, STR("\n")), E_INVALID);
    assert_silent(fixture);
    /* The whole line is taken, with or without its newline, and a second time makes no second
     * message. */
    assert_int_equal(mock_network_load(fixture->network, line), OK);
    buf_add_byte(&wrong, '\n');
    assert_int_equal(mock_network_load(fixture->network, buf_str(&wrong)), OK);
    (void)event_at(fixture, 1000);
    assert_silent(fixture);
}

static void test_old_attempts_are_dropped(void **state)
{
    struct fixture *fixture = *state;
    (void)send_to(fixture, "SMS", "+1", "old");
    int64_t day = INT64_C(24) * 3600 * 1000;
    /* Unreported receipts keep it, however old it is. */
    assert_int_equal(find_status(fixture, after(day * 3), "old"), 200);
    (void)event_at(fixture, 1000);
    assert_int_equal(find_status(fixture, after(day + 1000), "old"), 200);
    assert_int_equal(find_status(fixture, after(day + 1001), "old"), 404);
    /* Loading drops by the times in the journal. */
    struct wire_mock request = {
        .verb = MOCK_SEND, .attempt = STR("new"), .channel = STR("SMS"), .to = STR("+1")};
    (void)ask(fixture, after(day * 2), request, NULL);
    restart(fixture, fixture->journal.len);
    assert_int_equal(find_status(fixture, after(day * 2), "old"), 404);
    assert_int_equal(find_status(fixture, after(day * 2), "new"), 200);
    assert_text(event_at(fixture, day * 2 + 1000).attempt, "new");
}

static void count_line(void *context, struct str line)
{
    (void)line;
    (*(size_t *)context)++;
}

/* The time is shown, not judged: a busy machine is no fault of the code. */
static void test_ten_thousand_at_once(void **state)
{
    struct fixture *fixture = *state;
    enum { SENDS = 10000 };
    size_t lines = 0;
    struct mock_network *network = mock_network_new(&lines, count_line);
    clock_t began = clock();
    for (int i = 0; i < SENDS; i++) {
        struct wire_mock request = {.verb = MOCK_SEND, .to = STR("+14155550101")};
        request.attempt = arena_printf(fixture->arena, "0193f3a0-0000-7000-8000-%012d", i);
        request.channel = i % 2 == 0 ? STR("CALL") : STR("SMS");
        struct mock_reply reply;
        mock_network_request(network, start, &request, fixture->arena, &reply);
        assert_int_equal(reply.answer.status, 201);
    }
    clock_t sent = clock();
    struct mock_event event = {0};
    struct instant last = start;
    size_t events = 0;
    while (mock_network_take(network, after(60000), &event)) {
        assert_true(event.at.us >= last.us);
        last = event.at;
        events++;
    }
    clock_t taken = clock();
    print_message("%d sends in %.1f ms, %zu events in %.1f ms\n", SENDS,
                  (double)(sent - began) * 1000 / CLOCKS_PER_SEC, events,
                  (double)(taken - sent) * 1000 / CLOCKS_PER_SEC);
    assert_int_equal(lines, SENDS);
    assert_int_equal(events, SENDS / 2 * 2 + SENDS / 2);
    mock_network_free(&network);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_message_is_delivered),
        TEST(test_call_is_answered),
        TEST(test_press),
        TEST(test_reply),
        TEST(test_ignore_busy_voicemail),
        TEST(test_refusals),
        TEST(test_timeout_and_unreachable),
        TEST(test_scripts_are_per_address_and_channel),
        TEST(test_cancel),
        TEST(test_same_attempt_twice_is_two_messages),
        TEST(test_restart_goes_on),
        TEST(test_torn_and_foreign_lines),
        TEST(test_old_attempts_are_dropped),
        TEST(test_ten_thousand_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
