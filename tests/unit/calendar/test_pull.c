#include "pull_fixture.h"

static void test_feed_sends_back_validators_as_they_were(void **state)
{
    struct script script = begin(state, PULL_ICS, "webcal://cal.example.org/a.ics?key=secret");
    script.source.memory.etag = STR("W/\"abc\"");
    script.source.memory.last_modified = STR("Mon, 05 Jan 2026 09:00:00 GMT");
    script.source.username = STR("alice");
    script.source.password = STR("secret");
    start(&script);
    assert_text(script.request.http.url, "https://cal.example.org/a.ics?key=secret");
    assert_text(script.request.http.method, "GET");
    assert_text(header(&script, "If-None-Match"), "W/\"abc\"");
    assert_text(header(&script, "If-Modified-Since"), "Mon, 05 Jan 2026 09:00:00 GMT");
    assert_text(script.request.http.username, "alice");
    assert_int_equal(script.request.http.redirects_max, 5);
    assert_int_equal(script.request.http.body_bytes_max, 10 * 1024 * 1024);
    assert_int_equal(answer(&script, 304, ""), PULL_UNCHANGED);
    assert_text(script.result.memory.etag, "W/\"abc\"");
    assert_text(script.result.memory.last_modified, "Mon, 05 Jan 2026 09:00:00 GMT");
}

static void test_feed_with_a_body_is_changed(void **state)
{
    struct script script = begin(state, PULL_ICS, "https://cal.example.org/a.ics");
    start(&script);
    assert_false(str_is_set(header(&script, "If-None-Match")));
    struct wire_answer reply = {.outcome = WIRE_ANSWERED,
                                .status = 200,
                                .etag = STR("W/\"1\""),
                                .last_modified = STR("Mon, 05 Jan 2026 09:00:00 GMT"),
                                .body = STR("\xEF\xBB\xBF" ICS("a"))};
    assert_int_equal(answer_with(&script, reply), PULL_CHANGED);
    assert_int_equal(script.result.changed_count, 1);
    assert_text(script.result.changed[0].href, "");
    assert_true(str_equal(script.result.changed[0].body, reply.body));
    assert_text(script.result.memory.etag, "W/\"1\"");
    assert_true(script.result.memory.fingerprint != 0);
}

static void test_feed_that_only_moved_its_dtstamp_is_unchanged(void **state)
{
    struct script script = begin(state, PULL_ICS, "https://cal.example.org/a.ics");
    start(&script);
    assert_int_equal(answer(&script, 200,
                            "BEGIN:VCALENDAR\r\nPRODID:1\r\nBEGIN:VEVENT\r\nUID:a\r\n"
                            "DTSTAMP:20260101T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
                     PULL_CHANGED);
    script.source.memory = script.result.memory;
    start(&script);
    assert_int_equal(answer(&script, 200,
                            "BEGIN:VCALENDAR\nPRODID;X=y:2\n folded\nBEGIN:VEVENT\nUID:a\n"
                            "DTSTAMP:20260202T000000Z\nCREATED:20260101T000000Z\n"
                            "LAST-MODIFIED:20260101T000000Z\nEND:VEVENT\nEND:VCALENDAR\n"),
                     PULL_UNCHANGED);
    start(&script);
    assert_int_equal(answer(&script, 200, ICS("b")), PULL_CHANGED);
}

static void test_feed_failures_never_say_empty(void **state)
{
    static const struct {
        int status;
        const char *body;
        const char *says;
    } rows[] = {
        {200, "", "nothing at all"},
        {200, " \r\n", "nothing at all"},
        {204, "", "nothing at all"},
        {200, "<!DOCTYPE html><html>Sign in</html>", "web page"},
        {200, "{\"error\":1}", "not a calendar"},
        {200, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\n", "cut off"},
        {304, "", "304"},
        {302, "", "302"},
        {500, "BEGIN:VCALENDAR\r\nEND:VCALENDAR", "500"},
        {401, "", "user name and password"},
        {403, "", "denies"},
        {404, "", "404"},
        {410, "", "410"},
        {429, "", "429"},
        {503, "", "503"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct script script = begin(state, PULL_ICS, "https://cal.example.org/k8s7d6f5.ics");
        start(&script);
        struct wire_answer reply = {.outcome = WIRE_ANSWERED,
                                    .status = rows[i].status,
                                    .body = str_from(rows[i].body),
                                    .retry_after_seconds = 120};
        assert_int_equal(answer_with(&script, reply), PULL_FAILED);
        assert_contains(script.result.reason, rows[i].says);
        assert_false(str_contains(script.result.reason, STR("k8s7d6f5")));
        assert_int_equal(script.result.changed_count + script.result.removed_count, 0);
        assert_int_equal(script.result.disable, rows[i].status == 410);
        assert_int_equal(script.result.is_missing, rows[i].status == 404);
        assert_int_equal(script.result.is_denied, rows[i].status == 401 || rows[i].status == 403);
        if (rows[i].status == 429 || rows[i].status == 503) {
            assert_int_equal(script.result.retry_after_seconds, 120);
        }
    }
}

static void test_feed_outcomes_are_told_apart(void **state)
{
    static const struct {
        enum wire_outcome outcome;
        bool timed_out;
        const char *says;
    } rows[] = {
        {WIRE_NOT_SENT, false, "could not resolve host"},
        {WIRE_UNKNOWN, true, "in time"},
        {WIRE_UNKNOWN, false, "broke"},
        {WIRE_REFUSED_URL, false, "TOCSIN_ALLOW_PRIVATE_FETCH"},
        {WIRE_TOO_LARGE, false, "larger"},
        {WIRE_REDIRECTS, false, "circle"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct script script = begin(state, PULL_ICS, "https://cal.example.org/a.ics");
        start(&script);
        struct wire_answer reply = {.outcome = rows[i].outcome,
                                    .timed_out = rows[i].timed_out,
                                    .reason = STR("could not resolve host")};
        assert_int_equal(answer_with(&script, reply), PULL_FAILED);
        assert_contains(script.result.reason, rows[i].says);
    }
}

static void test_unusable_addresses_are_refused(void **state)
{
    static const char *const urls[] = {"",
                                       "ftp://cal.example.org/a.ics",
                                       "file:///etc/passwd",
                                       "https://",
                                       "https:///a.ics",
                                       "https://cal.example.org/a b.ics",
                                       "https://cal.example.org/\r\nX: y",
                                       "https://user:pass@cal.example.org/a.ics",
                                       "https://cal.example.org:99999/a.ics",
                                       "cal.example.org/a.ics"};
    for (size_t i = 0; i < ARRAY_LENGTH(urls); i++) {
        struct script script = begin(state, PULL_ICS, urls[i]);
        struct problem problem = {0};
        assert_int_equal(
            pull_begin(script.arena, &script.source, &script.pull, &script.request, &problem),
            E_INVALID);
        assert_string_equal(problem.field, "url");
    }
}

static void test_header_values_that_would_break_a_header_are_not_remembered(void **state)
{
    struct script script = begin(state, PULL_ICS, "https://cal.example.org/a.ics");
    start(&script);
    struct wire_answer reply = {.outcome = WIRE_ANSWERED,
                                .status = 200,
                                .etag = STR("\"a\"\r\nX-Evil: 1"),
                                .body = STR(ICS("a"))};
    assert_int_equal(answer_with(&script, reply), PULL_CHANGED);
    assert_false(str_is_set(script.result.memory.etag));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
        TEST(test_feed_sends_back_validators_as_they_were),
        TEST(test_feed_with_a_body_is_changed),
        TEST(test_feed_that_only_moved_its_dtstamp_is_unchanged),
        TEST(test_feed_failures_never_say_empty),
        TEST(test_feed_outcomes_are_told_apart),
        TEST(test_unusable_addresses_are_refused),
        TEST(test_header_values_that_would_break_a_header_are_not_remembered),
#undef TEST
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
