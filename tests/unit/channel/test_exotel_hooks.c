/* Exotel: who may call us, what it says in each of its formats, and what its flow is answered
 * (protocols 3). */
#include "channel/exotel.h"
#include "lib/provider_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct provider_settings settings_of(void)
{
    return (struct provider_settings){.public_url = STR("https://t.example.com"),
                                      .hook_key = STR("k")};
}

/* The token of an attempt, as it stands in CustomField. */
static struct str token_of(const char *attempt, struct arena *arena)
{
    struct provider_settings settings = settings_of();
    struct str field = exotel_custom_field(&settings, str_from(attempt), arena);
    return str_slice(field, strlen(attempt) + 1, field.len);
}

static enum err checked(enum hook hook, struct str query, struct arena *arena)
{
    struct provider_settings settings = settings_of();
    struct hook_call call = {.hook = hook, .query = query, .is_get = true};
    return provider_exotel.check_hook(&settings, &call, arena);
}

static void test_token(void **state)
{
    struct str ours = token_of("a-1", *state);
    struct str inbound = token_of("inbound", *state);
    struct str query = arena_printf(*state, "attempt=a-1&token=%.*s&x=1", STR_FMT(ours));
    struct str field = arena_printf(*state, "CallSid=c&CustomField=a-1%%7C%.*s", STR_FMT(ours));
    struct str wrong = arena_printf(*state, "attempt=a-2&token=%.*s", STR_FMT(ours));
    struct str open = arena_printf(*state, "token=%.*s", STR_FMT(inbound));
    struct str named = arena_printf(*state, "attempt=inbound&token=%.*s", STR_FMT(inbound));
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
        bool is_flow = hook == HOOK_VOICE || hook == HOOK_GATHER;
        bool is_inbound = hook == HOOK_SMS;
        assert_int_equal(checked(hook, query, *state), is_inbound ? E_FORBIDDEN : OK);
        assert_int_equal(checked(hook, field, *state), is_flow ? OK : E_FORBIDDEN);
        assert_int_equal(checked(hook, open, *state), is_inbound ? OK : E_FORBIDDEN);
        assert_int_equal(checked(hook, named, *state), is_inbound ? OK : E_FORBIDDEN);
        assert_int_equal(checked(hook, wrong, *state), E_FORBIDDEN);
        assert_int_equal(checked(hook, STR(""), *state), E_FORBIDDEN);
        assert_int_equal(checked(hook, STR("attempt=a-1&token="), *state), E_FORBIDDEN);
        assert_int_equal(checked(hook, STR("CustomField=a-1"), *state), E_FORBIDDEN);
    }
    struct provider_settings settings = settings_of();
    struct str url = exotel_inbound_url(&settings, *state);
    size_t mark = str_find_byte(url, '?', 0);
    assert_int_equal(checked(HOOK_SMS, str_slice(url, mark + 1, url.len), *state), OK);
}

struct words {
    const char *query;
    const char *type;
    const char *body;
};

static enum err read(enum hook hook, struct words words, struct arena *arena,
                     struct provider_news *news)
{
    struct provider_settings settings = settings_of();
    struct problem problem = {0};
    struct hook_call call = {.hook = hook,
                             .is_get = words.body == NULL,
                             .query = str_from(words.query),
                             .content_type = str_from(words.type),
                             .body = str_from(words.body)};
    return provider_exotel.read_hook(&settings, &call, arena, news, &problem);
}

static void test_call_status(void **state)
{
    static const struct {
        struct words words;
        enum message_state state;
        bool is_end;
        int64_t duration_seconds;
    } rows[] = {
        {{"attempt=a-1", "application/json",
          "{\"CallSid\":\"c-1\",\"EventType\":\"terminal\",\"Status\":\"completed\","
          "\"ConversationDuration\":17,\"Legs\":[{\"Status\":\"completed\"}]}"},
         message_state_ANSWERED,
         true,
         17},
        {{"attempt=a-1", "application/json; charset=utf-8",
          "{\"CallSid\":\"c-1\",\"EventType\":\"answered\",\"Status\":\"in-progress\"}"},
         message_state_ANSWERED,
         false,
         -1},
        {{"attempt=a-1", "multipart/form-data; boundary=xx",
          "--xx\r\nContent-Disposition: form-data; name=\"CallSid\"\r\n\r\nc-1\r\n"
          "--xx\r\nContent-Disposition: form-data; name=\"Status\"\r\n\r\nbusy\r\n--xx--\r\n"},
         message_state_BUSY,
         true,
         -1},
        {{"attempt=a-1", "application/x-www-form-urlencoded", "CallSid=c-1&Status=no-answer"},
         message_state_NO_ANSWER,
         true,
         -1},
        {{"attempt=a-1", "application/x-www-form-urlencoded", "CallSid=c-1&Status=failed"},
         message_state_FAILED,
         true,
         -1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct provider_news news = {0};
        assert_int_equal(read(HOOK_CALL_STATUS, rows[i].words, *state, &news), OK);
        assert_int_equal(news.kind, NEWS_STATE);
        assert_true(str_equal_text(news.attempt, "a-1"));
        assert_true(str_equal_text(news.provider_id, "c-1"));
        assert_int_equal(news.channel, channel_CALL);
        assert_int_equal(news.state, rows[i].state);
        assert_int_equal(news.is_end, rows[i].is_end);
        assert_int_equal(news.duration_seconds, rows[i].duration_seconds);
        assert_int_equal(news.cost_micros, -1);
        assert_true(news.is_unproven);
    }
}

static void test_text_status(void **state)
{
    static const struct {
        const char *body;
        enum news_kind kind;
        enum message_state state;
        enum failure_class class;
    } rows[] = {
        {"SmsSid=s-1&Status=queued&DetailedStatusCode=21010", NEWS_STATE, message_state_SENT, 0},
        {"SmsSid=s-1&Status=sent", NEWS_STATE, message_state_SENT, 0},
        {"SmsSid=s-1&Status=delivered", NEWS_STATE, message_state_DELIVERED, 0},
        {"SmsSid=s-1&Status=failed-dnd", NEWS_STATE, message_state_FAILED, failure_class_OPTED_OUT},
        {"SmsSid=s-1&Status=failed_dnd&DetailedStatusCode=1", NEWS_STATE, message_state_FAILED,
         failure_class_OPTED_OUT},
        {"SmsSid=s-1&Status=failed&DetailedStatusCode=23080", NEWS_STATE, message_state_FAILED,
         failure_class_OURS},
        {"SmsSid=s-1&Status=expired", NEWS_STATE, message_state_UNDELIVERED,
         failure_class_ELSEWHERE},
        {"SmsSid=s-1&Status=dreaming", NEWS_NONE, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct provider_news news = {0};
        struct words words = {"attempt=a-1&token=t", "application/x-www-form-urlencoded",
                              rows[i].body};
        assert_int_equal(read(HOOK_SMS_STATUS, words, *state, &news), OK);
        assert_int_equal(news.kind, rows[i].kind);
        assert_true(str_equal_text(news.provider_id, "s-1"));
        assert_int_equal(news.state, rows[i].state);
        assert_int_equal(news.class, rows[i].class);
        assert_true(news.is_unproven);
    }
}

static void test_flow(void **state)
{
    static const struct {
        const char *query;
        char key;
    } rows[] = {
        {"CallSid=c-1&CustomField=a-1%7Ct&digits=%221%22", '1'},
        {"CallSid=c-1&CustomField=a-1%7Ct&digits=2", '2'},
        {"CallSid=c-1&CustomField=a-1%7Ct&digits=%22%22", 0},
        {"CallSid=c-1&CustomField=a-1%7Ct", 0},
        {"CallSid=c-1&attempt=a-1&token=t&digits=%229%22", '9'},
    };
    struct provider_news news = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct words words = {rows[i].query, NULL, NULL};
        assert_int_equal(read(HOOK_GATHER, words, *state, &news), OK);
        assert_int_equal(news.kind, NEWS_KEY);
        assert_int_equal(news.key, rows[i].key);
        assert_true(str_equal_text(news.attempt, "a-1"));
        assert_int_equal(read(HOOK_VOICE, words, *state, &news), OK);
        assert_int_equal(news.kind, NEWS_PICKUP);
        assert_true(str_equal_text(news.attempt, "a-1"));
        assert_true(str_equal_text(news.provider_id, "c-1"));
    }
}

static void test_inbound(void **state)
{
    static const struct {
        const char *from;
        const char *number; /* NULL: refused. */
    } rows[] = {
        {"09876543210", "+919876543210"},
        {"%2B919876543210", "+919876543210"},
        {"919876543210", "+919876543210"},
        {"9876543210", "+919876543210"},
        {"%2B6591234567", "+6591234567"},
        {"123", NULL},
        {"alice", NULL},
        {"00000000000", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct provider_news news = {0};
        struct str query =
            arena_printf(*state, "SmsSid=s-1&To=08012345678&Body=1&From=%s", rows[i].from);
        struct words words = {query.ptr, NULL, NULL};
        enum err err = read(HOOK_SMS, words, *state, &news);
        assert_int_equal(err, rows[i].number != NULL ? OK : E_INVALID);
        if (rows[i].number != NULL) {
            assert_int_equal(news.kind, NEWS_TEXT);
            assert_true(str_equal_text(news.from, rows[i].number));
            assert_true(str_equal_text(news.to, "+918012345678"));
            assert_true(str_equal_text(news.text, "1"));
        }
    }
}

static void test_unreadable(void **state)
{
    static const struct {
        enum hook hook;
        struct words words;
    } rows[] = {
        {HOOK_CALL_STATUS, {"", "application/json", "{\"Status\":\"busy\"}"}},
        {HOOK_CALL_STATUS, {"attempt=a", "application/json", "[]"}},
        {HOOK_CALL_STATUS, {"attempt=a", "application/json", "{"}},
        {HOOK_CALL_STATUS, {"attempt=a", "multipart/form-data", "--x--"}},
        {HOOK_CALL_STATUS, {"attempt=a", "text/plain", "CallSid=1"}},
        {HOOK_SMS_STATUS, {"attempt=a", "text/plain", "SmsSid=1"}},
        {HOOK_SMS, {"From=09876543210", NULL, NULL}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct provider_news news = {0};
        assert_int_equal(read(rows[i].hook, rows[i].words, *state, &news), E_INVALID);
    }
}

static void test_documents(void **state)
{
    static const struct {
        enum hook hook;
        bool asks;
        int status;
        const char *body;
    } rows[] = {
        {HOOK_VOICE, true, 200, "The disk <is> full."},
        {HOOK_VOICE, false, 200, "The disk <is> full. Bye."},
        {HOOK_GATHER, true, 302, "The disk <is> full."},
        {HOOK_GATHER, false, 200, "The disk <is> full. Bye."},
    };
    struct provider_settings settings = settings_of();
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct http_response response = {0};
        struct voice_page page = {.hook = rows[i].hook,
                                  .attempt = STR("a-1"),
                                  .speech = STR("The disk <is> full."),
                                  .goodbye = STR("Bye."),
                                  .asks = rows[i].asks};
        provider_exotel.write_voice(&settings, &page, *state, &response);
        assert_int_equal(response.status, rows[i].status);
        assert_true(str_equal_text(response.body, rows[i].body));
        assert_true(str_starts(response.content_type, STR("text/plain")));
    }
    struct http_response response = {0};
    provider_exotel.write_answer(HOOK_SMS, STR("Thanks"), *state, &response);
    assert_true(str_equal_text(response.body, "Thanks"));
    provider_exotel.write_answer(HOOK_CALL_STATUS, STR_NONE, *state, &response);
    assert_int_equal(response.status, 200);
    provider_exotel.write_answer(HOOK_SMS, STR_NONE, *state, &response);
    assert_int_equal(response.status, 204);
    assert_int_equal(response.body.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROVIDER_CASE(test_token),       PROVIDER_CASE(test_call_status),
        PROVIDER_CASE(test_text_status), PROVIDER_CASE(test_flow),
        PROVIDER_CASE(test_inbound),     PROVIDER_CASE(test_unreadable),
        PROVIDER_CASE(test_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
