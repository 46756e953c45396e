/* The fake carrier by itself: whole lives of calls and messages in both protocols, its faults, and
 * what it remembers. Requests are written here by hand from the providers' documents. */
#include "sim/carrier.h"
#include "sim/carrier_fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { HOOKS_MAX = 64 };

#define ACCOUNT "AC00000000000000000000000000000001"
#define CALLS "https://api.twilio.com/2010-04-01/Accounts/" ACCOUNT "/Calls.json"
#define MESSAGES "https://api.twilio.com/2010-04-01/Accounts/" ACCOUNT "/Messages.json"
#define HOOK "https%3A%2F%2Ftocsin.test%2Fhook%2F"
#define EVENTS                                                                                \
    "&StatusCallbackEvent=initiated&StatusCallbackEvent=ringing&StatusCallbackEvent=answered" \
    "&StatusCallbackEvent=completed"
#define CALL                                                                            \
    "To=%2B14155550101&From=%2B15005550006&Timeout=25&Url=" HOOK "voice%3Fattempt%3DA1" \
    "&StatusCallback=" HOOK "status%3Fattempt%3DA1%23rc%3D3%26rp%3Dall" EVENTS
#define SMS                                                                                     \
    "To=%2B14155550101&From=%2B15005550006&Body=hello&StatusCallback=" HOOK "status%3Fattempt%" \
    "3DA1"
#define QUESTION                                                                             \
    "<Response><Gather numDigits=\"1\" action=\"https://tocsin.test/hook/gather\"><Say>The " \
    "database is down.</Say></Gather><Say>Goodbye.</Say></Response>"

struct fixture {
    struct arena *arena;
    struct carrier *carrier;
    struct instant now;
    struct carrier_hook hooks[HOOKS_MAX];
    struct instant times[HOOKS_MAX];
    size_t hook_count;
    const char *page; /* What a question is answered with. */
    int status;       /* What every webhook answers; 0 for nobody there. */
};

static int set_up(void **state)
{
    struct arena *arena = arena_new();
    struct fixture *fixture = ARENA_NEW(arena, struct fixture);
    struct carrier_config config = {.public_url = STR("https://tocsin.test")};
    fixture->arena = arena;
    fixture->carrier = carrier_new();
    fixture->now = (struct instant){1767600000000000};
    fixture->page = QUESTION;
    fixture->status = 200;
    config.accounts[CARRIER_TWILIO] = (struct carrier_account){
        STR("https://api.twilio.com"), STR(ACCOUNT), STR("token"), STR(""), STR("")};
    config.accounts[CARRIER_PLIVO] = (struct carrier_account){
        STR("https://api.plivo.com"), STR("MA1"), STR("token"), STR(""), STR("")};
    carrier_configure(fixture->carrier, &config);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = fixture->arena;
    carrier_free(&fixture->carrier);
    arena_free(&arena);
    return 0;
}

static struct carrier_reply ask(struct fixture *fixture, const char *method, const char *url,
                                const char *body)
{
    bool is_plivo = strstr(url, "plivo") != NULL;
    struct carrier_reply reply;
    struct wire_request request = {.kind = WIRE_HTTP, .timeout = SECONDS(45)};
    request.http.method = str_from(method);
    request.http.url = str_from(url);
    request.http.username = is_plivo ? STR("MA1") : STR(ACCOUNT);
    request.http.password = STR("token");
    request.http.body = str_from(body);
    request.http.headers[0] = (struct http_header){
        STR("Content-Type"),
        is_plivo ? STR("application/json") : STR("application/x-www-form-urlencoded")};
    request.http.header_count = 1;
    carrier_request(fixture->carrier, fixture->now, &request, fixture->arena, &reply);
    return reply;
}

static void say(struct fixture *fixture, const char *sentence)
{
    struct str wrong = STR_NONE;
    if (carrier_say(fixture->carrier, fixture->now, str_from(sentence), &wrong) != OK) {
        fail_msg("%.*s", STR_FMT(wrong));
    }
}

static void keep_hook(struct fixture *fixture, const struct carrier_hook *hook)
{
    assert_true(fixture->hook_count < HOOKS_MAX);
    struct carrier_hook *kept = &fixture->hooks[fixture->hook_count];
    fixture->times[fixture->hook_count++] = fixture->now;
    *kept = *hook;
    kept->url = arena_str(fixture->arena, hook->url);
    kept->body = arena_str(fixture->arena, hook->body);
}

static void live(struct fixture *fixture, int seconds)
{
    struct instant end = instant_add(fixture->now, SECONDS(seconds));
    struct instant next = INSTANT_NONE;
    struct carrier_hook hook;
    while (carrier_next(fixture->carrier, &next) && next.us <= end.us) {
        fixture->now = instant_max(fixture->now, next);
        while (carrier_take(fixture->carrier, fixture->now, &hook)) {
            bool is_question =
                str_contains(hook.url, STR("voice")) || str_contains(hook.url, STR("gather"));
            struct carrier_heard heard = {.status = fixture->status};
            keep_hook(fixture, &hook);
            if (is_question && heard.status == 200) {
                heard.content_type = STR("text/xml");
                heard.body = str_from(fixture->page);
            } else if (heard.status == 200) {
                heard.status = 204;
            }
            carrier_answered(fixture->carrier, fixture->now, hook.ticket, &heard);
        }
    }
    fixture->now = end;
}

static int count(struct fixture *fixture, enum carrier_fact_kind kind)
{
    const struct carrier_fact *facts = NULL;
    size_t all = carrier_facts(fixture->carrier, &facts);
    int result = 0;
    for (size_t i = 0; i < all; i++) {
        result += facts[i].kind == kind;
    }
    return result;
}

static struct str field_of(struct fixture *fixture, size_t hook, const char *name)
{
    struct fields fields = {.arena = fixture->arena};
    assert_true(hook < fixture->hook_count);
    fields_read(&fields, fixture->hooks[hook].body);
    return fields_get(&fields, name);
}

static void assert_field(struct fixture *fixture, size_t hook, const char *name, const char *wanted)
{
    struct str got = field_of(fixture, hook, name);
    assert_string_equal(arena_cstr(fixture->arena, got), wanted);
}

/* What stands between `"sid":"` and the next quote. */
static const char *sid_of(struct fixture *fixture, const struct carrier_reply *reply)
{
    struct str body = reply->answer.body;
    size_t at = str_find(body, STR("\"sid\":\"")) + 7;
    return arena_cstr(fixture->arena, str_slice(body, at, str_find_byte(body, '"', at)));
}

static void a_call_is_picked_up_and_confirmed(void **state)
{
    struct fixture *fixture = *state;
    say(fixture, "phone +14155550101 CALL press 1 after 6");
    struct carrier_reply reply = ask(fixture, "POST", CALLS, CALL);
    assert_int_equal(reply.answer.status, 201);
    assert_int_equal(reply.at.us, fixture->now.us);
    live(fixture, 5);
    assert_int_equal(fixture->hook_count, 4);
    assert_field(fixture, 0, "CallStatus", "initiated");
    assert_field(fixture, 1, "CallStatus", "ringing");
    assert_field(fixture, 2, "CallStatus", "in-progress");
    assert_field(fixture, 2, "SequenceNumber", "2");
    assert_false(str_is_set(field_of(fixture, 3, "CallbackSource")));
    assert_true(str_ends(fixture->hooks[3].url, STR("/hook/voice?attempt=A1")));
    fixture->page = "<Response><Say>Thank you.</Say><Hangup/></Response>";
    live(fixture, 60);
    assert_int_equal(fixture->hook_count, 6);
    assert_field(fixture, 4, "Digits", "1");
    assert_int_equal(fixture->times[4].us - fixture->times[3].us, SECONDS(6).us);
    assert_field(fixture, 5, "CallStatus", "completed");
    assert_int_equal(count(fixture, CARRIER_RANG), 1);
    assert_int_equal(count(fixture, CARRIER_SPOKE), 2);
    assert_int_equal(count(fixture, CARRIER_PRESSED), 1);
    assert_int_equal(count(fixture, CARRIER_WRONG), 0);
    assert_true(carrier_is_quiet(fixture->carrier));
}

static void callbacks_are_signed(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, "POST", CALLS, CALL);
    live(fixture, 2);
    struct fields fields = {.arena = fixture->arena};
    fields_read(&fields, fixture->hooks[0].body);
    assert_string_equal(fixture->hooks[0].headers[0].name.ptr, "x-twilio-signature");
    assert_string_equal(
        fixture->hooks[0].headers[0].value.ptr,
        sign_twilio(fixture->arena, STR("token"), fixture->hooks[0].url, &fields).ptr);
    assert_false(str_contains(fixture->hooks[0].url, STR("#")));
}

static void nobody_picks_up(void **state)
{
    static const struct {
        const char *script;
        const char *status;
        int rings;
    } rows[] = {{"phone +14155550101 CALL ignore", "no-answer", 1},
                {"phone +14155550101 CALL busy", "busy", 1},
                {"phone +14155550101 CALL reject", "busy", 1},
                {"phone +14155550101 CALL undelivered 30005", "failed", 0}};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        int rings = count(fixture, CARRIER_RANG);
        say(fixture, rows[i].script);
        ask(fixture, "POST", CALLS, CALL);
        live(fixture, 60);
        assert_field(fixture, fixture->hook_count - 1, "CallStatus", rows[i].status);
        assert_int_equal(count(fixture, CARRIER_RANG) - rings, rows[i].rings);
    }
}

static void a_ringing_call_is_cancelled(void **state)
{
    struct fixture *fixture = *state;
    struct carrier_reply reply = ask(fixture, "POST", CALLS, CALL);
    struct str url = arena_printf(
        fixture->arena, "https://api.twilio.com/2010-04-01/Accounts/" ACCOUNT "/Calls/%s.json",
        sid_of(fixture, &reply));
    live(fixture, 2);
    reply = ask(fixture, "POST", url.ptr, "Status=completed");
    assert_int_equal(reply.answer.status, 200);
    assert_true(str_contains(reply.answer.body, STR("\"status\":\"canceled\"")));
    live(fixture, 60);
    assert_int_equal(count(fixture, CARRIER_PICKED_UP), 0);
    assert_int_equal(count(fixture, CARRIER_STOPPED), 1);
    reply = ask(fixture, "POST", url.ptr, "Status=completed");
    assert_int_equal(reply.answer.status, 400);
    assert_true(str_contains(reply.answer.body, STR("21220")));
}

static void texts_are_delivered_and_answered(void **state)
{
    struct fixture *fixture = *state;
    say(fixture, "phone +14155550101 SMS reply \"On my way\" after 10");
    ask(fixture, "POST", MESSAGES, SMS);
    live(fixture, 30);
    assert_int_equal(fixture->hook_count, 3);
    assert_field(fixture, 0, "MessageStatus", "sent");
    assert_field(fixture, 1, "MessageStatus", "delivered");
    assert_field(fixture, 2, "Body", "On my way");
    assert_field(fixture, 2, "From", "+14155550101");
    assert_string_equal(arena_cstr(fixture->arena, fixture->hooks[2].url),
                        "https://tocsin.test/webhooks/twilio/sms");
}

static void stop_is_heeded_until_start(void **state)
{
    struct fixture *fixture = *state;
    say(fixture, "phone +14155550101 SMS reply STOP");
    ask(fixture, "POST", MESSAGES, SMS);
    live(fixture, 10);
    assert_field(fixture, 2, "OptOutType", "STOP");
    struct carrier_reply reply = ask(fixture, "POST", MESSAGES, SMS);
    assert_int_equal(reply.answer.status, 400);
    assert_true(str_contains(reply.answer.body, STR("21610")));
    say(fixture, "write +14155550101 SMS START");
    live(fixture, 1);
    assert_int_equal(ask(fixture, "POST", MESSAGES, SMS).answer.status, 201);
}

static void numbers_can_be_bad(void **state)
{
    struct fixture *fixture = *state;
    say(fixture, "phone +14155550101 SMS invalid");
    say(fixture, "phone +14155550101 SMS landline");
    say(fixture, "phone +14155550101 SMS undelivered 30006");
    assert_true(
        str_contains(ask(fixture, "POST", MESSAGES, SMS).answer.body, STR("\"code\":21211")));
    assert_true(
        str_contains(ask(fixture, "POST", MESSAGES, SMS).answer.body, STR("\"code\":21614")));
    assert_int_equal(ask(fixture, "POST", MESSAGES, SMS).answer.status, 201);
    live(fixture, 5);
    assert_field(fixture, 1, "MessageStatus", "undelivered");
    assert_field(fixture, 1, "ErrorCode", "30006");
}

static void faults_come_before_and_after(void **state)
{
    struct fixture *fixture = *state;
    say(fixture, "twilio fault create 429 retry 7");
    say(fixture, "twilio fault create 500");
    say(fixture, "twilio fault create 500-after");
    say(fixture, "twilio fault create timeout-after");
    say(fixture, "twilio fault create refused");
    struct carrier_reply reply = ask(fixture, "POST", CALLS, CALL);
    assert_int_equal(reply.answer.status, 429);
    assert_int_equal(reply.answer.retry_after_seconds, 7);
    assert_int_equal(ask(fixture, "POST", CALLS, CALL).answer.status, 500);
    assert_int_equal(count(fixture, CARRIER_ACCEPTED), 0);
    assert_int_equal(ask(fixture, "POST", CALLS, CALL).answer.status, 500);
    assert_int_equal(count(fixture, CARRIER_ACCEPTED), 1);
    reply = ask(fixture, "POST", CALLS, CALL);
    assert_int_equal(reply.answer.outcome, WIRE_UNKNOWN);
    assert_int_equal(reply.at.us, instant_add(fixture->now, SECONDS(45)).us);
    assert_int_equal(count(fixture, CARRIER_ACCEPTED), 2);
    assert_int_equal(ask(fixture, "POST", CALLS, CALL).answer.outcome, WIRE_NOT_SENT);
    reply = ask(fixture, "GET", CALLS "?To=%2B14155550101&PageSize=100", "");
    assert_int_equal(reply.answer.status, 200);
    assert_true(str_contains(reply.answer.body, STR("\"to\":\"+14155550101\"")));
}

static void callbacks_can_go_wrong(void **state)
{
    struct fixture *fixture = *state;
    say(fixture, "twilio callbacks reversed");
    say(fixture, "twilio callbacks twice");
    ask(fixture, "POST", MESSAGES, SMS);
    live(fixture, 10);
    assert_int_equal(fixture->hook_count, 4);
    assert_field(fixture, 0, "MessageStatus", "delivered");
    assert_field(fixture, 1, "MessageStatus", "sent");
    say(fixture, "twilio well");
    say(fixture, "twilio callbacks lost");
    ask(fixture, "POST", MESSAGES, SMS);
    live(fixture, 10);
    assert_int_equal(fixture->hook_count, 4);
    say(fixture, "twilio well");
    say(fixture, "twilio callbacks early");
    struct carrier_reply reply = ask(fixture, "POST", MESSAGES, SMS);
    assert_true(reply.at.us > instant_add(fixture->now, SECONDS(1)).us);
}

static void a_webhook_that_is_away_is_tried_again(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, "POST", CALLS, CALL);
    fixture->status = 0;
    live(fixture, 1);
    assert_int_equal(fixture->hook_count, 2); /* initiated, and the first retry of it */
    live(fixture, 60);
    assert_int_equal(count(fixture, CARRIER_SPOKE), 0);
    assert_int_equal(count(fixture, CARRIER_ENDED), 1);
    assert_int_equal(count(fixture, CARRIER_WRONG), 0);
}

static void what_we_do_wrong_is_noted(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, "POST", CALLS, CALL "&StatusCallbak=typo");
    assert_int_equal(count(fixture, CARRIER_WRONG), 1);
    fixture->page = "<Response><Speak>Plivo's</Speak></Response>";
    live(fixture, 60);
    assert_int_equal(count(fixture, CARRIER_WRONG), 2);
    struct carrier_reply reply = ask(fixture, "POST", CALLS, "To=1&From=2&Twiml=x");
    assert_int_equal(reply.answer.status, 400);
}

static void plivo_lives_too(void **state)
{
    struct fixture *fixture = *state;
    fixture->page = "<Response><GetDigits action=\"https://tocsin.test/hook/gather\" "
                    "numDigits=\"1\"><Speak>Down.</Speak></GetDigits></Response>";
    say(fixture, "phone +14155550101 CALL press 2");
    struct carrier_reply reply =
        ask(fixture, "POST", "https://api.plivo.com/v1/Account/MA1/Call/",
            "{\"from\":\"15005550008\",\"to\":\"14155550101\","
            "\"answer_url\":\"https://tocsin.test/hook/voice\","
            "\"ring_url\":\"https://tocsin.test/hook/status\","
            "\"hangup_url\":\"https://tocsin.test/hook/status?attempt=A1\"}");
    assert_int_equal(reply.answer.status, 201);
    live(fixture, 6);
    assert_int_equal(fixture->hook_count, 2);
    assert_field(fixture, 0, "CallStatus", "ringing");
    assert_field(fixture, 1, "CallStatus", "in-progress");
    fixture->page = "<Response><Speak>Noted.</Speak></Response>";
    live(fixture, 60);
    assert_field(fixture, 2, "Digits", "2");
    assert_field(fixture, 3, "HangupCauseCode", "4000");
    assert_int_equal(count(fixture, CARRIER_WRONG), 0);
    assert_string_equal(fixture->hooks[0].headers[0].name.ptr, "x-plivo-signature-v3");
}

static void plivo_cancels_by_its_request(void **state)
{
    struct fixture *fixture = *state;
    struct carrier_reply reply = ask(fixture, "POST", "https://api.plivo.com/v1/Account/MA1/Call/",
                                     "{\"from\":\"15005550008\",\"to\":\"14155550101\","
                                     "\"answer_url\":\"https://tocsin.test/hook/voice\"}");
    struct str body = reply.answer.body;
    size_t at = str_find(body, STR("\"request_uuid\":\"")) + 16;
    struct str url =
        arena_printf(fixture->arena, "https://api.plivo.com/v1/Account/MA1/Request/%.*s/",
                     STR_FMT(str_slice(body, at, at + 36)));
    assert_int_equal(ask(fixture, "DELETE", url.ptr, "").answer.status, 204);
    live(fixture, 60);
    assert_int_equal(count(fixture, CARRIER_RANG), 0);
    assert_int_equal(ask(fixture, "DELETE", url.ptr, "").answer.status, 404);
}

static void sentences_are_checked(void **state)
{
    static const char *const bad[] = {"",
                                      "phone +1 EMAIL ignore",
                                      "phone +1 CALL dance",
                                      "twilio fault create 200",
                                      "twilio fault breathe 500",
                                      "twilio callbacks odd",
                                      "acme down",
                                      "twilio sing"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct str wrong = STR_NONE;
        assert_int_equal(carrier_say(fixture->carrier, fixture->now, str_from(bad[i]), &wrong),
                         E_INVALID);
        assert_true(str_is_set(wrong));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_call_is_picked_up_and_confirmed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(callbacks_are_signed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_picks_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_ringing_call_is_cancelled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(texts_are_delivered_and_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stop_is_heeded_until_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_can_be_bad, set_up, tear_down),
        cmocka_unit_test_setup_teardown(faults_come_before_and_after, set_up, tear_down),
        cmocka_unit_test_setup_teardown(callbacks_can_go_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_webhook_that_is_away_is_tried_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_we_do_wrong_is_noted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(plivo_lives_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(plivo_cancels_by_its_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sentences_are_checked, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
