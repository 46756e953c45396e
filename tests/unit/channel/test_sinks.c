/* Event sinks: the requests that we make, and what answers mean (protocols 7.3, requirement D7). */
#include "base/buf.h"
#include "channel/sink_dialect.h"
#include "model/json_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { BATCH = 3 };

struct bench {
    struct arena *arena;
    struct event events[SINK_EVENTS_MAX];
    struct sink_address address;
    struct sink_events batch;
};

static int set_up(void **state)
{
    struct bench *bench = test_calloc(1, sizeof *bench);
    bench->arena = arena_new();
    for (int i = 0; i < SINK_EVENTS_MAX; i++) {
        bench->events[i] = (struct event){
            .id = {INT64_C(7240000000000000) + i},
            .at = {INT64_C(1767603660123000)},
            .kind = event_kind_DISPATCH_ATTEMPT,
            .subject_type = subject_type_DISPATCH,
            .subject_id = {INT64_C(7230000000000000)},
            .call_id = STR("call \"7\""),
            .data =
                STR("{\"method\":\"SMS\",\"attemptNumber\":2,\"messageSid\":\"SM1\",\"x\":[1]}"),
        };
    }
    bench->address = (struct sink_address){
        .id_key = {1, 2},
        .airtable_url = STR("https://api.airtable.com/"),
        .base = STR("appA1"),
        .base_table = STR("Our events/2"),
        .token = STR("patX.secret"),
        .url = STR("https://example.org/hook?a=1"),
        .secret = STR("It's a secret"),
    };
    bench->batch = (struct sink_events){bench->events, BATCH, {INT64_C(1767603600000000)}};
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    arena_free(&bench->arena);
    test_free(bench);
    return 0;
}

static struct str id_of(struct bench *bench, int index)
{
    return sink_event_words(&bench->address, &bench->events[index], bench->arena).id;
}

static struct str header(const struct wire_request *request, const char *name)
{
    for (size_t i = 0; i < request->http.header_count; i++) {
        if (str_equal_text(request->http.headers[i].name, name)) {
            return request->http.headers[i].value;
        }
    }
    return STR_NONE;
}

static void assert_text(struct str got, const char *expected)
{
    if (!str_equal_text(got, expected)) {
        fail_msg("got \"%.*s\", wanted \"%s\"", STR_FMT(got), expected);
    }
}

static const struct json_node *body_of(struct bench *bench, const struct wire_request *request)
{
    const struct json_node *root = NULL;
    assert_int_equal(json_tree_read(bench->arena, request->http.body, &root), OK);
    return root;
}

static struct sink_verdict airtable_says(struct bench *bench, int status, struct str body)
{
    struct sink_verdict verdict = {0};
    struct wire_answer answer = {.outcome = WIRE_ANSWERED, .status = status, .body = body};
    sink_dialect_airtable.read(&bench->address, &bench->batch, &answer, bench->arena, &verdict);
    return verdict;
}

static void test_airtable_request(void **state)
{
    struct bench *bench = *state;
    struct wire_request request = {0};
    sink_dialect_airtable.build(&bench->address, &bench->batch, bench->arena, &request);
    assert_text(request.http.method, "PATCH");
    assert_text(request.http.url, "https://api.airtable.com/v0/appA1/Our%20events%2F2");
    assert_text(header(&request, "Authorization"), "Bearer patX.secret");
    assert_text(header(&request, "Content-Type"), "application/json");
    assert_int_equal(request.http.redirects_max, 0);
    assert_false(request.http.user_given_url);
    const struct json_node *root = body_of(bench, &request);
    const struct json_node *merge =
        json_tree_member(json_tree_member(root, "performUpsert"), "fieldsToMergeOn");
    assert_int_equal(merge->count, 1);
    assert_text(merge->items[0].text, "EventId");
    const struct json_node *records = json_tree_member(root, "records");
    assert_int_equal(records->count, BATCH);
    for (int i = 0; i < BATCH; i++) {
        const struct json_node *fields = json_tree_member(&records->items[i], "fields");
        assert_true(str_equal(json_tree_text(fields, "EventId"), id_of(bench, i)));
    }
}

static void test_airtable_columns(void **state)
{
    struct bench *bench = *state;
    struct wire_request request = {0};
    bench->batch.count = 1;
    sink_dialect_airtable.build(&bench->address, &bench->batch, bench->arena, &request);
    const struct json_node *fields = json_tree_member(
        json_tree_item(json_tree_member(body_of(bench, &request), "records"), 0), "fields");
    assert_text(json_tree_text(fields, "Type"), "DISPATCH_ATTEMPT");
    assert_text(json_tree_text(fields, "At"), "2026-01-05T09:01:00.123Z");
    assert_text(json_tree_text(fields, "SubjectType"), "DISPATCH");
    assert_int_equal(json_tree_text(fields, "SubjectId").len, ID_TEXT_BYTES);
    assert_null(json_tree_member(fields, "UserId"));
    assert_text(json_tree_text(fields, "CallId"), "call \"7\"");
    assert_text(json_tree_text(fields, "Method"), "SMS");
    assert_int_equal(json_tree_member(fields, "AttemptNumber")->kind, JSON_KIND_NUMBER);
    assert_text(json_tree_text(fields, "AttemptNumber"), "2");
    assert_text(json_tree_text(fields, "MessageSid"), "SM1");
    assert_null(json_tree_member(fields, "Result"));
    assert_true(str_equal(json_tree_text(fields, "Data"), bench->events[0].data));
}

/* 100,000 characters, whatever they take in bytes. */
static void test_airtable_cuts_cells(void **state)
{
    struct bench *bench = *state;
    enum { CHARACTERS = 100001 };
    for (size_t bytes = 1; bytes <= 3; bytes++) {
        struct wire_request request = {0};
        struct buf text = {.arena = bench->arena};
        for (int i = 0; i < CHARACTERS; i++) {
            buf_add_text(&text, bytes == 1 ? "a" : bytes == 2 ? "é" : "€");
        }
        bench->batch.count = 1;
        bench->events[0].data = buf_str(&text);
        sink_dialect_airtable.build(&bench->address, &bench->batch, bench->arena, &request);
        const struct json_node *fields = json_tree_member(
            json_tree_item(json_tree_member(body_of(bench, &request), "records"), 0), "fields");
        assert_int_equal(json_tree_text(fields, "Data").len, (CHARACTERS - 1) * bytes);
        bench->events[0].data.len = (CHARACTERS - 1) * bytes;
        sink_dialect_airtable.build(&bench->address, &bench->batch, bench->arena, &request);
        fields = json_tree_member(
            json_tree_item(json_tree_member(body_of(bench, &request), "records"), 0), "fields");
        assert_int_equal(json_tree_text(fields, "Data").len, (CHARACTERS - 1) * bytes);
    }
}

static struct str answer_naming(struct bench *bench, const int *indexes, int count)
{
    struct buf body = {.arena = bench->arena};
    buf_add_text(&body, "{\"createdRecords\":[],\"updatedRecords\":[],\"records\":[");
    for (int i = 0; i < count; i++) {
        buf_printf(&body,
                   "%s{\"id\":\"rec%d\",\"createdTime\":\"2026-01-05T09:01:00.000Z\","
                   "\"fields\":{\"Type\":\"x\",\"EventId\":\"%.*s\"}}",
                   i > 0 ? "," : "", i, STR_FMT(id_of(bench, indexes[i])));
    }
    buf_add_text(&body, "]}");
    return buf_str(&body);
}

static void test_airtable_reads_back(void **state)
{
    struct bench *bench = *state;
    struct sink_verdict verdict =
        airtable_says(bench, 200, answer_naming(bench, (int[]){2, 0, 1}, 3));
    assert_int_equal(verdict.outcome, SINK_TAKEN);
    assert_int_equal(verdict.confirmed, 3);
    assert_false(str_is_set(verdict.error));
    verdict = airtable_says(bench, 200, answer_naming(bench, (int[]){0, 2}, 2));
    assert_int_equal(verdict.confirmed, 1);
    assert_true(str_is_set(verdict.error));
    verdict = airtable_says(bench, 200, answer_naming(bench, (int[]){1, 2}, 2));
    assert_int_equal(verdict.confirmed, 0);
    static const char *const odd[] = {
        "", "{}", "[]", "{\"records\":7}", "{\"records\":[7,null,{}]}", "<html>"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        verdict = airtable_says(bench, 200, str_from(odd[i]));
        assert_int_equal(verdict.outcome, SINK_TAKEN);
        assert_int_equal(verdict.confirmed, 0);
    }
}

static void test_airtable_errors(void **state)
{
    struct bench *bench = *state;
    static const struct {
        int status;
        enum sink_outcome outcome;
        const char *body;
        const char *error;
    } cases[] = {
        {401, SINK_CLOSED,
         "{\"error\":{\"type\":\"AUTHENTICATION_REQUIRED\",\"message\":\"Authentication "
         "required\"}}",
         "Airtable answered 401 AUTHENTICATION_REQUIRED: Authentication required"},
        {403, SINK_CLOSED, "{\"error\":{\"type\":\"INVALID_PERMISSIONS\"}}",
         "Airtable answered 403 INVALID_PERMISSIONS"},
        {404, SINK_CLOSED, "{\"error\":\"NOT_FOUND\"}", "Airtable answered 404 NOT_FOUND"},
        {413, SINK_BAD, "", "Airtable answered 413"},
        {422, SINK_BAD,
         "{\"error\":{\"type\":\"INVALID_VALUE_FOR_COLUMN\",\"message\":\"Field \\\"At\\\" cannot "
         "accept the provided value for ana@example.org\"}}",
         "Airtable answered 422 INVALID_VALUE_FOR_COLUMN: Field \"At\" cannot accept the provided "
         "value for ****"},
        {429, SINK_LIMITED,
         "{\"errors\":[{\"error\":\"RATE_LIMIT_REACHED\",\"message\":\"Rate limit exceeded\"}]}",
         "Airtable answered 429 RATE_LIMIT_REACHED: Rate limit exceeded"},
        {500, SINK_LATER, "<html>", "Airtable answered 500"},
        {503, SINK_LATER, "{\"error\":{}}", "Airtable answered 503"},
        {302, SINK_CLOSED, "", "Airtable answered 302"},
        {408, SINK_LATER, "{\"error\":7}", "Airtable answered 408 7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sink_verdict verdict =
            airtable_says(bench, cases[i].status, str_from(cases[i].body));
        assert_int_equal(verdict.outcome, cases[i].outcome);
        assert_int_equal(verdict.confirmed, 0);
        assert_text(verdict.error, cases[i].error);
    }
}

static void test_no_answer(void **state)
{
    struct bench *bench = *state;
    static const enum sink_outcome outcomes[] = {
        [WIRE_NOT_SENT] = SINK_LATER,     [WIRE_UNKNOWN] = SINK_LATER,
        [WIRE_REFUSED_URL] = SINK_CLOSED, [WIRE_TOO_LARGE] = SINK_LATER,
        [WIRE_REDIRECTS] = SINK_LATER,
    };
    for (int outcome = WIRE_NOT_SENT; outcome <= WIRE_REDIRECTS; outcome++) {
        struct sink_verdict verdict = {0};
        struct wire_answer answer = {.outcome = (enum wire_outcome)outcome,
                                     .reason = STR("could not resolve host")};
        sink_dialect_airtable.read(&bench->address, &bench->batch, &answer, bench->arena, &verdict);
        assert_int_equal(verdict.outcome, outcomes[outcome]);
        assert_true(str_contains(verdict.error, STR("could not resolve host")));
        sink_dialect_webhook.read(&bench->address, &bench->batch, &answer, bench->arena, &verdict);
        assert_int_equal(verdict.outcome, outcomes[outcome]);
    }
}

static void test_post(void **state)
{
    struct bench *bench = *state;
    struct wire_request request = {0};
    bench->batch.count = 1;
    bench->events[0].user_id = (struct id){INT64_C(7230000000000001)};
    sink_dialect_webhook.build(&bench->address, &bench->batch, bench->arena, &request);
    assert_text(request.http.method, "POST");
    assert_text(request.http.url, "https://example.org/hook?a=1");
    assert_true(request.http.user_given_url);
    assert_true(str_equal(header(&request, "Idempotency-Key"), id_of(bench, 0)));
    /* printf '%s' "1767603600.$BODY" | openssl dgst -sha256 -hmac "It's a secret" says the same:
     * tests/e2e/test_sinks.py computes it for itself. */
    assert_true(str_starts(header(&request, "X-Tocsin-Signature"), STR("t=1767603600,v1=")));
    const struct json_node *root = body_of(bench, &request);
    assert_true(str_equal(json_tree_text(root, "id"), id_of(bench, 0)));
    assert_text(json_tree_text(root, "type"), "DISPATCH_ATTEMPT");
    assert_text(json_tree_text(root, "callId"), "call \"7\"");
    assert_int_equal(json_tree_text(root, "userId").len, ID_TEXT_BYTES);
    assert_text(json_tree_text(json_tree_member(root, "data"), "method"), "SMS");
    bench->address.is_trusted = true;
    bench->address.secret = STR_NONE;
    bench->events[0].data = STR("not {JSON");
    sink_dialect_webhook.build(&bench->address, &bench->batch, bench->arena, &request);
    assert_false(request.http.user_given_url);
    assert_false(str_is_set(header(&request, "X-Tocsin-Signature")));
    assert_text(json_tree_text(body_of(bench, &request), "data"), "not {JSON");
}

static void test_post_answers(void **state)
{
    struct bench *bench = *state;
    static const struct {
        int status;
        enum sink_outcome outcome;
    } cases[] = {{200, SINK_TAKEN},   {204, SINK_TAKEN}, {301, SINK_REFUSED}, {400, SINK_REFUSED},
                 {404, SINK_REFUSED}, {408, SINK_LATER}, {410, SINK_GONE},    {422, SINK_REFUSED},
                 {429, SINK_LATER},   {500, SINK_LATER}, {599, SINK_LATER}};
    bench->batch.count = 1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sink_verdict verdict = {0};
        struct wire_answer answer = {
            .outcome = WIRE_ANSWERED, .status = cases[i].status, .retry_after_seconds = 7};
        sink_dialect_webhook.read(&bench->address, &bench->batch, &answer, bench->arena, &verdict);
        assert_int_equal(verdict.outcome, cases[i].outcome);
        assert_int_equal(verdict.confirmed, cases[i].outcome == SINK_TAKEN);
        assert_int_equal(verdict.retry_after_seconds, cases[i].outcome == SINK_TAKEN ? 0 : 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_airtable_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_airtable_columns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_airtable_cuts_cells, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_airtable_reads_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_airtable_errors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_post, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_post_answers, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
