/* What Twilio calls us for, and what it is answered. */
#include "base/buf.h"
#include "channel/twilio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ATTEMPT "0193f3a0-0000-7000-8000-000000000001"

static int set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    struct arena *arena = *state;
    arena_free(&arena);
    return 0;
}

static void assert_str(struct str got, const char *wanted)
{
    if (!str_equal_text(got, wanted)) {
        fail_msg("got \"%.*s\", wanted \"%s\"", STR_FMT(got), wanted);
    }
}

static struct hook_call call_of(enum hook hook, const char *body)
{
    return (struct hook_call){.hook = hook,
                              .query = STR("attempt=" ATTEMPT "&token=0123"),
                              .content_type = STR("application/x-www-form-urlencoded"),
                              .body = str_from(body)};
}

static struct provider_news hear(struct arena *arena, enum hook hook, const char *body)
{
    struct hook_call call = call_of(hook, body);
    struct provider_news news = {0};
    struct problem problem = {0};
    if (provider_twilio.read_hook(NULL, &call, arena, &news, &problem) != OK) {
        fail_msg("%s: %s", problem.field, problem.message);
    }
    return news;
}

static void refuse(struct arena *arena, enum hook hook, const char *body, const char *field)
{
    struct hook_call call = call_of(hook, body);
    struct provider_news news = {0};
    struct problem problem = {0};
    assert_int_equal(provider_twilio.read_hook(NULL, &call, arena, &news, &problem), E_INVALID);
    assert_string_equal(problem.field, field);
    assert_int_equal(news.kind, NEWS_NONE);
}

/* --- States, each of them --- */

struct state_row {
    const char *word;
    enum message_state state;
    enum receipt_level level;
    bool is_end;
    enum failure_class class;
    enum failure_category category;
};

#define GOOD(word, state, level, is_end)                                 \
    {                                                                    \
        word, message_state_##state, receipt_level_##level, is_end, 0, 0 \
    }
#define BAD(word, state, level, category)                                                  \
    {                                                                                      \
        word, message_state_##state, receipt_level_##level, true, failure_class_ELSEWHERE, \
            failure_category_##category                                                    \
    }

static void check_row(struct arena *arena, const struct state_row *row, enum hook hook,
                      struct str body)
{
    struct provider_news news = hear(arena, hook, arena_cstr(arena, body));
    assert_int_equal(news.kind, NEWS_STATE);
    assert_int_equal(news.state, row->state);
    assert_int_equal(news.level, row->level);
    assert_int_equal(news.is_end, row->is_end);
    assert_int_equal(news.class, row->class);
    assert_int_equal(news.category, row->category);
    assert_str(news.provider_state, row->word);
    assert_str(news.attempt, ATTEMPT);
    assert_false(news.is_machine);
}

static void test_call_states(void **state)
{
    static const struct state_row rows[] = {
        GOOD("queued", SENT, ACCEPTED, false),        GOOD("initiated", SENT, LEFT, false),
        GOOD("ringing", SENT, LEFT, false),           GOOD("in-progress", ANSWERED, REACHED, false),
        GOOD("completed", ANSWERED, REACHED, true),   BAD("busy", BUSY, LEFT, busy),
        BAD("no-answer", NO_ANSWER, LEFT, no_answer), BAD("failed", FAILED, ACCEPTED, unreachable),
        GOOD("canceled", CANCELLED, ACCEPTED, true),
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        check_row(*state, &rows[i], HOOK_CALL_STATUS,
                  arena_printf(*state, "CallSid=CA1&CallStatus=%s&New=1", rows[i].word));
    }
    struct provider_news news = hear(*state, HOOK_CALL_STATUS, "CallSid=CA1&CallStatus=flying");
    assert_int_equal(news.kind, NEWS_NONE);
}

static void test_message_states(void **state)
{
    static const struct state_row rows[] = {
        GOOD("accepted", SENT, ACCEPTED, false),
        GOOD("scheduled", SENT, ACCEPTED, false),
        GOOD("queued", SENT, ACCEPTED, false),
        GOOD("sending", SENT, ACCEPTED, false),
        GOOD("sent", SENT, LEFT, false),
        GOOD("delivered", DELIVERED, REACHED, true),
        GOOD("read", DELIVERED, REACHED, true),
        BAD("undelivered", UNDELIVERED, LEFT, unreachable),
        BAD("partially_delivered", UNDELIVERED, LEFT, unreachable),
        BAD("failed", FAILED, ACCEPTED, unknown),
        GOOD("canceled", CANCELLED, ACCEPTED, true),
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        check_row(*state, &rows[i], HOOK_SMS_STATUS,
                  arena_printf(*state, "MessageSid=SM1&MessageStatus=%s", rows[i].word));
        /* The old names say the same. */
        check_row(*state, &rows[i], HOOK_SMS_STATUS,
                  arena_printf(*state, "SmsSid=SM1&SmsStatus=%s", rows[i].word));
    }
    static const char *const others[] = {"received", "receiving", "flying", "cancelled"};
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        struct str body = arena_printf(*state, "MessageSid=SM1&MessageStatus=%s", others[i]);
        assert_int_equal(hear(*state, HOOK_SMS_STATUS, arena_cstr(*state, body)).kind, NEWS_NONE);
    }
}

/* As such calls were seen on the wire. */
static void test_final_call(void **state)
{
    struct provider_news news =
        hear(*state, HOOK_CALL_STATUS,
             "ApiVersion=2010-04-01&Called=%2B15558675310&CallStatus=completed&Duration=1&"
             "From=%2B15017122661&CallDuration=34&CalledCity=&Direction=outbound-api&"
             "Timestamp=Mon%2C+05+Jan+2026+09%3A00%3A40+%2B0000&AccountSid=AC1&"
             "CallbackSource=call-progress-events&CallSid=CA1&To=%2B15558675310&SequenceNumber=3&"
             "AnsweredBy=human");
    assert_str(news.provider_id, "CA1");
    assert_int_equal(news.sequence, 3);
    assert_int_equal(news.duration_seconds, 34);
    assert_int_equal(news.level, receipt_level_HUMAN);
    assert_int_equal(news.cost_micros, -1);
    assert_str(news.to, "+15558675310");
    news =
        hear(*state, HOOK_CALL_STATUS,
             "CallSid=CA1&CallStatus=failed&SipResponseCode=404&SequenceNumber=2&CallDuration=0");
    assert_str(news.code, "SIP 404");
    assert_int_equal(news.sequence, 2);
    news = hear(*state, HOOK_CALL_STATUS, "CallSid=CA1&CallStatus=failed&ErrorCode=13224");
    assert_int_equal(news.class, failure_class_RECIPIENT);
    assert_str(news.error, "the number is not valid (13224)");
    news = hear(*state, HOOK_CALL_STATUS, "CallSid=CA1&CallStatus=ringing&SequenceNumber=x");
    assert_int_equal(news.sequence, -1);
    assert_int_equal(news.duration_seconds, -1);
}

/* Who picked up comes by itself. Only a key proves a human. */
static void test_answered_by(void **state)
{
    static const struct {
        const char *word;
        bool is_machine;
        enum receipt_level level;
    } rows[] = {
        {"human", false, receipt_level_HUMAN},
        {"unknown", false, receipt_level_REACHED},
        {"machine_start", true, receipt_level_REACHED},
        {"machine_end_beep", true, receipt_level_REACHED},
        {"machine_end_silence", true, receipt_level_REACHED},
        {"machine_end_other", true, receipt_level_REACHED},
        {"fax", true, receipt_level_REACHED},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        for (int named = 0; named < 2; named++) {
            struct str body =
                arena_printf(*state, "CallSid=CA1&AnsweredBy=%s&MachineDetectionDuration=2300%s",
                             rows[i].word, named == 1 ? "&CallStatus=in-progress" : "");
            struct provider_news news = hear(*state, HOOK_CALL_STATUS, arena_cstr(*state, body));
            assert_int_equal(news.kind, NEWS_STATE);
            assert_int_equal(news.state, message_state_ANSWERED);
            assert_int_equal(news.level, rows[i].level);
            assert_int_equal(news.is_machine, rows[i].is_machine);
            assert_false(news.is_end);
            assert_str(news.provider_state, rows[i].word);
        }
    }
    assert_int_equal(hear(*state, HOOK_CALL_STATUS, "CallSid=CA1&AnsweredBy=alien").kind,
                     NEWS_NONE);
    /* The end of the call may repeat all of that, and is the end nevertheless. */
    struct provider_news end =
        hear(*state, HOOK_CALL_STATUS,
             "CallSid=CA1&CallStatus=completed&SequenceNumber=3&AnsweredBy=machine_start&"
             "MachineDetectionDuration=2300&CallDuration=9");
    assert_true(end.is_end && end.is_machine);
    assert_int_equal(end.duration_seconds, 9);
    /* A line that was busy was not answered, whatever else is said. */
    struct provider_news news =
        hear(*state, HOOK_CALL_STATUS, "CallSid=CA1&CallStatus=busy&AnsweredBy=human");
    assert_int_equal(news.state, message_state_BUSY);
    assert_int_equal(news.level, receipt_level_LEFT);
}

static void test_failed_message(void **state)
{
    struct provider_news news =
        hear(*state, HOOK_SMS_STATUS,
             "MessageSid=SM1&SmsSid=SM1&MessageStatus=undelivered&SmsStatus=undelivered&"
             "ErrorCode=30005&To=%2B15558675310&From=%2B15017122661&RawDlrDoneDate=2601050900");
    assert_int_equal(news.channel, channel_SMS);
    assert_int_equal(news.state, message_state_UNDELIVERED);
    assert_int_equal(news.class, failure_class_RECIPIENT);
    assert_int_equal(news.category, failure_category_invalid_number);
    assert_str(news.code, "30005");
    assert_int_equal(news.sequence, -1);
    news = hear(*state, HOOK_SMS_STATUS,
                "MessageSid=SM1&MessageStatus=failed&ErrorCode=63016&To=whatsapp%3A%2B15558675310&"
                "ChannelPrefix=whatsapp");
    assert_int_equal(news.channel, channel_WHATSAPP);
    assert_str(news.to, "+15558675310");
    assert_int_equal(news.class, failure_class_OURS);
    /* GoAlert's lesson: these two are worth another try. */
    news = hear(*state, HOOK_SMS_STATUS, "MessageSid=SM1&MessageStatus=failed&ErrorCode=30001");
    assert_int_equal(news.class, failure_class_AGAIN);
    news = hear(*state, HOOK_SMS_STATUS, "MessageSid=SM1&MessageStatus=failed&ErrorCode=30008");
    assert_int_equal(news.class, failure_class_AGAIN);
    news = hear(*state, HOOK_SMS_STATUS,
                "MessageSid=SM1&MessageStatus=failed&ErrorCode=30777&"
                "ErrorMessage=No+luck+with+%2B15558675310");
    assert_str(news.error, "No luck with **** (30777)");
    /* A code beside a good state says nothing. */
    news = hear(*state, HOOK_SMS_STATUS, "MessageSid=SM1&MessageStatus=sent&ErrorCode=30005");
    assert_int_equal(news.class, failure_class_NONE);
    assert_false(str_is_set(news.code));
}

static void test_voice_and_gather(void **state)
{
    struct provider_news news = hear(*state, HOOK_VOICE,
                                     "CallSid=CA1&CallStatus=in-progress&To=%2B15558675310&"
                                     "From=%2B15017122661&Direction=outbound-api");
    assert_int_equal(news.kind, NEWS_PICKUP);
    assert_int_equal(news.channel, channel_CALL);
    assert_str(news.attempt, ATTEMPT);
    assert_str(news.to, "+15558675310");
    static const struct {
        const char *digits;
        char key;
    } rows[] = {
        {"&Digits=1", '1'}, {"&Digits=%23", '#'}, {"&Digits=*", '*'}, {"&Digits=", 0}, {"", 0},
        {"&Digits=x", 0},   {"&Digits=12", '1'}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct str body = arena_printf(*state, "CallSid=CA1%s", rows[i].digits);
        news = hear(*state, HOOK_GATHER, arena_cstr(*state, body));
        assert_int_equal(news.kind, NEWS_KEY);
        assert_int_equal(news.key, rows[i].key);
        assert_str(news.provider_id, "CA1");
    }
}

static void test_texts(void **state)
{
    struct provider_news news =
        hear(*state, HOOK_SMS,
             "ToCountry=US&SmsMessageSid=SM1&NumMedia=0&SmsSid=SM1&SmsStatus=received&"
             "Body=On+my+way+%F0%9F%91%8D&To=%2B15017122661&MessageSid=SM1&From=%2B15558675310");
    assert_int_equal(news.kind, NEWS_TEXT);
    assert_int_equal(news.channel, channel_SMS);
    assert_str(news.provider_id, "SM1");
    assert_str(news.from, "+15558675310");
    assert_str(news.to, "+15017122661");
    assert_str(news.text, "On my way \xF0\x9F\x91\x8D");
    assert_false(str_is_set(news.opt_out) || str_is_set(news.attempt));
    news = hear(*state, HOOK_SMS,
                "MessageSid=SM1&From=whatsapp%3A%2B15558675310&To=whatsapp%3A%2B15017122662&"
                "Body=I%27m+in&ButtonText=I%27m+in&ButtonPayload=JOINED&WaId=15558675310");
    assert_int_equal(news.channel, channel_WHATSAPP);
    assert_str(news.from, "+15558675310");
    assert_str(news.text, "JOINED");
    news =
        hear(*state, HOOK_SMS,
             "MessageSid=SM1&From=whatsapp%3A%2B15558675310&Body=&ButtonText=Join&ButtonPayload=");
    assert_str(news.text, "Join");
    /* Somebody who writes SMS has no buttons. */
    news =
        hear(*state, HOOK_SMS, "MessageSid=SM1&From=%2B15558675310&Body=no&ButtonPayload=JOINED");
    assert_str(news.text, "no");
    news = hear(*state, HOOK_SMS, "MessageSid=SM1&From=%2B15558675310&Body=Stop&OptOutType=STOP");
    assert_str(news.opt_out, "STOP");
    news = hear(*state, HOOK_SMS, "MessageSid=SM1&From=%2B15558675310&Body=x&OptOutType=WHAT");
    assert_false(str_is_set(news.opt_out));
    news = hear(*state, HOOK_SMS, "MessageSid=SM1&From=%2B15558675310&Body=%00%FF1%1B%0A");
    assert_str(news.text, "1\n");
    news = hear(*state, HOOK_SMS, "MessageSid=SM1&From=%2B15558675310&NumMedia=1");
    assert_int_equal(news.kind, NEWS_TEXT);
    assert_str(news.text, "");
    /* A short code or a name is nobody of ours. */
    assert_int_equal(hear(*state, HOOK_SMS, "MessageSid=SM1&From=12345&Body=win").kind, NEWS_NONE);
    assert_int_equal(hear(*state, HOOK_SMS, "MessageSid=SM1&From=ACME&Body=win").kind, NEWS_NONE);
}

static void test_get(void **state)
{
    struct hook_call call = {.hook = HOOK_CALL_STATUS,
                             .is_get = true,
                             .query = STR("attempt=" ATTEMPT "&CallSid=CA1&CallStatus=busy"),
                             .body = STR("CallStatus=completed")};
    struct provider_news news = {0};
    struct problem problem = {0};
    assert_int_equal(provider_twilio.read_hook(NULL, &call, *state, &news, &problem), OK);
    assert_int_equal(news.state, message_state_BUSY);
    assert_str(news.attempt, ATTEMPT);
}

static void test_refused(void **state)
{
    refuse(*state, HOOK_SMS_STATUS, "MessageStatus=sent", "MessageSid");
    refuse(*state, HOOK_SMS_STATUS, "MessageSid=SM1", "MessageStatus");
    refuse(*state, HOOK_SMS_STATUS, "", "MessageSid");
    refuse(*state, HOOK_CALL_STATUS, "CallStatus=busy", "CallSid");
    refuse(*state, HOOK_CALL_STATUS, "CallSid=CA1", "CallStatus");
    refuse(*state, HOOK_CALL_STATUS, "CallSid=%00&CallStatus=busy", "CallSid");
    refuse(*state, HOOK_VOICE, "x", "CallSid");
    refuse(*state, HOOK_GATHER, "Digits=1", "CallSid");
    refuse(*state, HOOK_SMS, "From=%2B15558675310&Body=x", "MessageSid");
    refuse(*state, HOOK_SMS, "MessageSid=SM1&Body=x", "From");
    refuse(*state, HOOK_COUNT, "MessageSid=SM1", "");
    struct buf body = {.arena = *state};
    for (int i = 0; i < 300; i++) {
        buf_add_text(&body, "a=1&");
    }
    refuse(*state, HOOK_SMS, body.ptr, "body");
}

static void test_answers(void **state)
{
    struct http_response response = {0};
    provider_twilio.write_answer(HOOK_SMS_STATUS, STR("x"), *state, &response);
    assert_int_equal(response.status, 204);
    assert_int_equal(response.body.len, 0);
    provider_twilio.write_answer(HOOK_SMS, STR_NONE, *state, &response);
    assert_int_equal(response.status, 200);
    assert_str(response.content_type, "text/xml");
    assert_str(response.body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>");
    provider_twilio.write_answer(HOOK_SMS, STR("1 < 2 & \"x\"\x01"), *state, &response);
    assert_str(response.body,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Message>1 &lt; 2 "
               "&amp; &quot;x&quot;</Message></Response>");
    provider_twilio.write_answer(HOOK_VOICE, STR("x"), *state, &response);
    assert_str(response.body,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Hangup/></Response>");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_call_states),    TEST(test_message_states),
        TEST(test_final_call),     TEST(test_answered_by),
        TEST(test_failed_message), TEST(test_voice_and_gather),
        TEST(test_texts),          TEST(test_get),
        TEST(test_refused),        TEST(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
