/* Plivo: signatures, callbacks and documents (protocols 2.3, 2.5, 2.6, 2.7). */
#include "channel/plivo.h"
#include "lib/provider_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TOKEN "MAXXXXXXXXXXXXXXXXXX-token"
#define NONCE "05429567804466091622"
#define VECTOR "n2wqHYmZwD5U8tJoLIUPeUE8DSF/B7DIHs1YcAlzaRA="
#define OURS "attempt=a-1&token=t"

static struct provider_settings settings_of(void)
{
    return (struct provider_settings){.public_url = STR("https://t.example.com"),
                                      .hook_key = STR("k"),
                                      .plivo = {.auth_token = STR(TOKEN)}};
}

/* A call with headers: pairs of names and values. */
static enum err checked(struct hook_call call, const char *const *headers, struct arena *arena)
{
    struct http_header list[8];
    struct provider_settings settings = settings_of();
    call.headers = list;
    for (; headers[0] != NULL; headers += 2) {
        list[call.header_count++] =
            (struct http_header){str_from(headers[0]), str_from(headers[1])};
    }
    return provider_plivo.check_hook(&settings, &call, arena);
}

static void test_vector(void **state)
{
    struct hook_call call = {.hook = HOOK_CALL_STATUS,
                             .url = STR("https://answer.example.com/p"),
                             .content_type = STR("application/x-www-form-urlencoded"),
                             .body = STR("M=b&N=&M=a&M=b")};
    static const struct {
        const char *headers[7];
        enum err err;
    } rows[] = {
        {{"x-plivo-signature-v3", VECTOR, "x-plivo-signature-v3-nonce", NONCE}, OK},
        {{"x-plivo-signature-ma-v3", VECTOR, "x-plivo-signature-v3-nonce", NONCE}, OK},
        {{"x-plivo-signature-v3", "AAAA," VECTOR, "x-plivo-signature-v3-nonce", NONCE}, OK},
        {{"x-plivo-signature-v3", "AAAA", "x-plivo-signature-ma-v3", VECTOR,
          "x-plivo-signature-v3-nonce", NONCE},
         OK},
        {{"x-plivo-signature-v3", VECTOR}, E_FORBIDDEN},
        {{"x-plivo-signature-v3", VECTOR, "x-plivo-signature-v3-nonce", "1"}, E_FORBIDDEN},
        {{"x-plivo-signature-v3", "", "x-plivo-signature-v3-nonce", NONCE}, E_FORBIDDEN},
        {{"x-plivo-signature-v3-nonce", NONCE}, E_FORBIDDEN},
        {{NULL}, E_FORBIDDEN},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_int_equal(checked(call, rows[i].headers, *state), rows[i].err);
    }
    call.body = STR("M=b&N=&M=a");
    assert_int_equal(checked(call, rows[0].headers, *state), E_FORBIDDEN);
}

/* The older signature covers no body: it counts only where there is nothing newer. */
static void test_v2(void **state)
{
    struct provider_settings settings = settings_of();
    struct hook_place place = {.provider = "plivo", .hook = HOOK_VOICE, .attempt = STR("a-1")};
    struct str url = hook_url(&settings, &place, *state);
    struct str query = str_slice(url, str_find_byte(url, '?', 0) + 1, url.len);
    struct str v2 = plivo_sign_v2(STR(TOKEN), url, STR("7"), *state);
    struct hook_call call = {.hook = HOOK_VOICE, .url = url, .query = query, .body = STR("a=b")};
    const char *alone[] = {"x-plivo-signature-v2", v2.ptr, "x-plivo-signature-v2-nonce", "7", NULL};
    assert_int_equal(checked(call, alone, *state), OK);
    const char *both[] = {"x-plivo-signature-v2",
                          v2.ptr,
                          "x-plivo-signature-v2-nonce",
                          "7",
                          "x-plivo-signature-ma-v3",
                          "AAAA",
                          NULL};
    assert_int_equal(checked(call, both, *state), E_FORBIDDEN);
    const char *other[] = {"x-plivo-signature-v2", v2.ptr, "x-plivo-signature-v2-nonce", "8", NULL};
    assert_int_equal(checked(call, other, *state), E_FORBIDDEN);
    const char *bare[] = {"x-plivo-signature-v2", v2.ptr, NULL};
    assert_int_equal(checked(call, bare, *state), E_FORBIDDEN);
    /* Nor a query, so that the token of our own must fit the attempt; texts of people have none. */
    call.query = str_from("attempt=a-2&token=t");
    assert_int_equal(checked(call, alone, *state), E_FORBIDDEN);
    call.query = arena_printf(*state, "attempt=a-2&%.*s", STR_FMT(query));
    assert_int_equal(checked(call, alone, *state), E_FORBIDDEN);
    call.query = STR("");
    assert_int_equal(checked(call, alone, *state), E_FORBIDDEN);
    call.hook = HOOK_SMS;
    assert_int_equal(checked(call, alone, *state), OK);
    call.headers = NULL;
    struct provider_settings nothing = {0};
    assert_int_equal(provider_plivo.check_hook(&nothing, &call, *state), E_FORBIDDEN);
}

static void test_get(void **state)
{
    struct plivo_signed what = {
        .url = STR("https://t.example.com/v?b=2&a=x%20y&a=+1"), .nonce = STR("9"), .is_get = true};
    struct str signature = STR_NONE;
    assert_int_equal(plivo_sign(STR(TOKEN), &what, *state, &signature), OK);
    struct hook_call call = {.hook = HOOK_VOICE, .is_get = true, .url = what.url};
    const char *headers[] = {"x-plivo-signature-v3", signature.ptr, "x-plivo-signature-v3-nonce",
                             "9", NULL};
    assert_int_equal(checked(call, headers, *state), OK);
    call.url = STR("https://t.example.com/v?a=+1&b=2&a=x%20y"); /* The order is not signed. */
    assert_int_equal(checked(call, headers, *state), OK);
    call.url = STR("https://t.example.com/v?a=+1&b=2");
    assert_int_equal(checked(call, headers, *state), E_FORBIDDEN);
}

static struct provider_news heard(enum hook hook, const char *query, const char *body,
                                  struct arena *arena)
{
    struct provider_settings settings = settings_of();
    struct hook_call call = {.hook = hook,
                             .query = str_from(query),
                             .content_type = STR("application/x-www-form-urlencoded"),
                             .body = str_from(body)};
    struct provider_news news = {0};
    struct problem problem = {0};
    enum err err = provider_plivo.read_hook(&settings, &call, arena, &news, &problem);
    assert_int_equal(err, OK);
    return news;
}

static void test_text_status(void **state)
{
    struct provider_news news =
        heard(HOOK_SMS_STATUS, OURS,
              "MessageUUID=m-1&From=14155550199&To=14155550137&Status=delivered&Units=1"
              "&Sequence=3&TotalAmount=0.00500&New=thing",
              *state);
    assert_int_equal(news.kind, NEWS_STATE);
    assert_true(str_equal_text(news.attempt, "a-1"));
    assert_true(str_equal_text(news.provider_id, "m-1"));
    assert_true(str_equal_text(news.from, "+14155550137"));
    assert_true(str_equal_text(news.currency, "USD"));
    assert_int_equal(news.channel, channel_SMS);
    assert_int_equal(news.state, message_state_DELIVERED);
    assert_int_equal(news.level, receipt_level_REACHED);
    assert_int_equal(news.sequence, 3);
    assert_int_equal(news.cost_micros, 5000);
    assert_true(news.is_end);
    news = heard(HOOK_SMS_STATUS, OURS, "MessageUUID=m-1&Status=sent", *state);
    assert_int_equal(news.state, message_state_SENT);
    assert_int_equal(news.level, receipt_level_LEFT);
    assert_int_equal(news.sequence, -1);
    assert_int_equal(news.cost_micros, -1);
    news = heard(HOOK_SMS_STATUS, OURS, "Status=failed&ErrorCode=1000", *state);
    assert_int_equal(news.class, failure_class_AGAIN);
    assert_true(str_equal_text(news.code, "sms-1000"));
    news = heard(HOOK_SMS_STATUS, OURS, "Status=undelivered&ErrorCode=050", *state);
    assert_int_equal(news.class, failure_class_RECIPIENT);
    assert_int_equal(news.category, failure_category_invalid_number);
    news = heard(HOOK_SMS_STATUS, OURS, "Status=melted", *state);
    assert_int_equal(news.kind, NEWS_NONE);
}

static void test_call_status(void **state)
{
    static const struct {
        const char *body;
        enum message_state state;
        enum receipt_level level;
        bool is_end;
        enum failure_class class;
        enum failure_category category;
    } rows[] = {
        {"CallStatus=ringing&Event=Ring", message_state_SENT, receipt_level_LEFT, false, 0, 0},
        {"CallStatus=in-progress", message_state_ANSWERED, receipt_level_REACHED, false, 0, 0},
        {"CallStatus=completed&HangupCauseCode=4000&Event=Hangup", message_state_ANSWERED,
         receipt_level_REACHED, true, 0, 0},
        {"CallStatus=busy&HangupCauseCode=3010", message_state_BUSY, receipt_level_LEFT, true,
         failure_class_ELSEWHERE, failure_category_busy},
        {"CallStatus=failed&HangupCauseCode=3110", message_state_BUSY, receipt_level_LEFT, true,
         failure_class_ELSEWHERE, failure_category_busy},
        {"CallStatus=timeout&HangupCauseCode=6010", message_state_NO_ANSWER, receipt_level_LEFT,
         true, failure_class_ELSEWHERE, failure_category_no_answer},
        {"CallStatus=no-answer&HangupCauseCode=0", message_state_NO_ANSWER, receipt_level_LEFT,
         true, failure_class_ELSEWHERE, failure_category_no_answer},
        {"CallStatus=cancel&HangupCauseCode=1000", message_state_CANCELLED, receipt_level_ACCEPTED,
         true, 0, 0},
        {"CallStatus=failed&HangupCauseCode=3050", message_state_FAILED, receipt_level_ACCEPTED,
         true, failure_class_RECIPIENT, failure_category_invalid_number},
        {"CallStatus=failed&HangupCauseCode=2010", message_state_FAILED, receipt_level_ACCEPTED,
         true, failure_class_ELSEWHERE, failure_category_unreachable},
        {"CallStatus=failed&HangupCauseCode=1010", message_state_FAILED, receipt_level_ACCEPTED,
         true, failure_class_OURS, failure_category_auth},
        {"CallStatus=failed&HangupCauseCode=3080", message_state_FAILED, receipt_level_ACCEPTED,
         true, failure_class_AGAIN, failure_category_network},
        {"CallStatus=completed&HangupCauseCode=7012", message_state_FAILED, receipt_level_ACCEPTED,
         true, failure_class_OURS, failure_category_unknown},
        {"CallStatus=failed&HangupCauseCode=0", message_state_FAILED, receipt_level_ACCEPTED, true,
         failure_class_AGAIN, failure_category_unknown},
        /* A final word is one also where nothing else says that the call is over. */
        {"CallStatus=completed&Machine=false", message_state_ANSWERED, receipt_level_REACHED, true,
         0, 0},
        {"CallStatus=busy&Machine=", message_state_BUSY, receipt_level_LEFT, true,
         failure_class_ELSEWHERE, failure_category_busy},
        {"CallStatus=failed&HangupCauseCode=98765", message_state_FAILED, receipt_level_ACCEPTED,
         true, failure_class_ELSEWHERE, failure_category_unknown},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct provider_news news = heard(HOOK_CALL_STATUS, OURS, rows[i].body, *state);
        assert_int_equal(news.kind, NEWS_STATE);
        assert_int_equal(news.state, rows[i].state);
        assert_int_equal(news.level, rows[i].level);
        assert_int_equal(news.is_end, rows[i].is_end);
        assert_int_equal(news.class, rows[i].class);
        assert_int_equal(news.category, rows[i].category);
    }
}

static void test_ended_call(void **state)
{
    struct provider_news news =
        heard(HOOK_CALL_STATUS, OURS,
              "CallUUID=c-1&RequestUUID=r-1&To=14155550137&CallStatus=completed&Duration=17"
              "&HangupCauseCode=4000&TotalCost=0.01200&Machine=true&Event=Hangup",
              *state);
    assert_true(str_equal_text(news.provider_id, "c-1"));
    assert_int_equal(news.duration_seconds, 17);
    assert_int_equal(news.cost_micros, 12000);
    assert_false(news.is_unproven); /* Signed. */
}

static void test_machine_and_keys(void **state)
{
    struct provider_news news =
        heard(HOOK_CALL_STATUS, OURS, "CallUUID=c-1&CallStatus=in-progress&Machine=true", *state);
    assert_int_equal(news.kind, NEWS_STATE);
    assert_true(news.is_machine);
    assert_int_equal(news.level, receipt_level_REACHED);
    news = heard(HOOK_CALL_STATUS, OURS, "CallUUID=c-1&Machine=false", *state);
    assert_false(news.is_machine);
    assert_int_equal(news.level, receipt_level_HUMAN);
    news = heard(HOOK_VOICE, OURS, "CallUUID=c-1&CallStatus=in-progress&To=14155550137", *state);
    assert_int_equal(news.kind, NEWS_PICKUP);
    assert_true(str_equal_text(news.provider_id, "c-1"));
    news = heard(HOOK_GATHER, OURS, "CallUUID=c-1&Digits=1", *state);
    assert_int_equal(news.kind, NEWS_KEY);
    assert_int_equal(news.key, '1');
    assert_int_equal(heard(HOOK_GATHER, OURS, "Digits=%23", *state).key, '#');
    assert_int_equal(heard(HOOK_GATHER, OURS, "Digits=", *state).key, 0);
    assert_int_equal(heard(HOOK_GATHER, OURS, "Digits=x", *state).key, 0);
}

static void test_inbound(void **state)
{
    struct provider_news news =
        heard(HOOK_SMS, "", "From=14155550137&To=14155550199&Text=STOP+it&MessageUUID=m", *state);
    assert_int_equal(news.kind, NEWS_TEXT);
    assert_true(str_equal_text(news.from, "+14155550137"));
    assert_true(str_equal_text(news.to, "+14155550199"));
    assert_true(str_equal_text(news.text, "STOP it"));
    assert_false(str_is_set(news.attempt));
}

static void test_unreadable(void **state)
{
    static const struct {
        enum hook hook;
        const char *query;
        const char *body;
        const char *field;
    } rows[] = {
        {HOOK_SMS_STATUS, "", "Status=sent", "attempt"},
        {HOOK_SMS_STATUS, OURS, "", "Status"},
        {HOOK_CALL_STATUS, OURS, "CallUUID=x", "CallStatus"},
        {HOOK_SMS, "", "From=alice&Text=x", "From"},
        {HOOK_SMS, "", "From=14155550137", "Text"},
        {HOOK_SMS, "", "From=14155550137&Text=%FF", "Text"},
    };
    struct provider_settings settings = settings_of();
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct hook_call call = {
            .hook = rows[i].hook, .query = str_from(rows[i].query), .body = str_from(rows[i].body)};
        struct provider_news news = {0};
        struct problem problem = {0};
        assert_int_equal(provider_plivo.read_hook(&settings, &call, *state, &news, &problem),
                         E_INVALID);
        assert_string_equal(problem.field, rows[i].field);
    }
}

static void test_answers(void **state)
{
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
        struct http_response response = {0};
        provider_plivo.write_answer(hook, STR("Thanks"), *state, &response);
        assert_int_equal(response.status, 200);
        assert_true(response.content_type.len > 0);
        bool is_xml = hook == HOOK_SMS || hook == HOOK_VOICE || hook == HOOK_GATHER;
        assert_int_equal(str_contains(response.body, STR("<Response/>")), is_xml);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROVIDER_CASE(test_vector),
        PROVIDER_CASE(test_v2),
        PROVIDER_CASE(test_get),
        PROVIDER_CASE(test_text_status),
        PROVIDER_CASE(test_call_status),
        PROVIDER_CASE(test_ended_call),
        PROVIDER_CASE(test_machine_and_keys),
        PROVIDER_CASE(test_inbound),
        PROVIDER_CASE(test_unreadable),
        PROVIDER_CASE(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
