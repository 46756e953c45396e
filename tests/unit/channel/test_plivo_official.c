/* The requests that Plivo's own client library was seen to send: ours go to the same places by the
 * same methods, and name no member that its library does not know. */
#include "channel/plivo.h"
#include "lib/places.h"
#include "lib/provider_case.h"
#include "model/json_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CALL "97ceeb52-58b6-11e1-86da-77300b68f8bb"

static struct send_job job_of(enum channel channel)
{
    return (struct send_job){.channel = channel,
                             .attempt = STR("a-1"),
                             .to = STR("+15671234567"),
                             .text = STR("h\xC3\xA9llo & \xF0\x9F\x91\x8D")};
}

/* Their lines are: a call, a text, a call asked for (twice), a call and a request stopped, a text
 * asked for. A live call is not asked for by us. */
static enum err ask_as_they_did(struct arena *arena, size_t line, struct wire_request *out)
{
    struct provider_settings settings = {.public_url = STR("https://example.com"),
                                         .hook_key = STR("k"),
                                         .detects_machines = true,
                                         .plivo = {.auth_id = STR("MAXXXXXXXXXXXXXXXXXX"),
                                                   .auth_token = STR("tok"),
                                                   .from_number = STR("+14151234567")}};
    struct send_job job = job_of(line == 0 ? channel_CALL : channel_SMS);
    switch (line) {
    case 0:
    case 1:
        return provider_plivo.build_send(&settings, &job, arena, out, NULL);
    case 2:
        return provider_plivo.build_poll(&settings, channel_CALL, STR(CALL), arena, out);
    case 4:
        return provider_plivo.build_cancel(&settings, STR(CALL), arena, out);
    case 5:
        return provider_plivo.build_cancel(&settings, STR(PLIVO_REQUEST CALL), arena, out);
    case 6:
        return provider_plivo.build_poll(&settings, channel_SMS, STR("m1"), arena, out);
    default:
        return E_NOT_FOUND;
    }
}

/* What Plivo documents beside what the recorded requests happened to hold (protocols 2.2, 2.6). */
static bool is_documented(struct str name)
{
    static const char *const names[] = {"ring_method",   "machine_detection_method",
                                        "type",          "message_expiry",
                                        "dlt_entity_id", "dlt_template_id"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (str_equal_text(name, names[i])) {
            return true;
        }
    }
    return false;
}

static void compare(const struct json_node *ours, const struct json_node *theirs)
{
    static const char *const same[] = {"from", "to", "src", "dst", "text", "answer_method"};
    assert_int_equal(ours->kind, JSON_KIND_OBJECT);
    for (size_t i = 0; i < ours->count; i++) {
        struct str name = ours->items[i].name;
        const struct json_node *found = NULL;
        for (size_t j = 0; j < theirs->count; j++) {
            found = str_equal(theirs->items[j].name, name) ? &theirs->items[j] : found;
        }
        if (found == NULL && !is_documented(name)) {
            fail_msg("%.*s is none of their names", STR_FMT(name));
        }
        assert_true(found == NULL || found->kind == ours->items[i].kind);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(same); i++) {
        assert_true(str_equal(json_tree_text(ours, same[i]), json_tree_text(theirs, same[i])));
    }
}

static void test_official_client(void **state)
{
    char path[PLACE_MAX];
    size_t len = 0;
    if (!place_shared("counterparties/plivo/client-requests.jsonl", path)) {
        skip_because("the shared folder with the official client's requests is absent");
    }
    char *file = file_read(path, &len);
    struct str text = {file, len};
    struct str line = STR_NONE;
    size_t count = 0;
    size_t compared = 0;
    while (str_split(&text, '\n', &line)) {
        const struct json_node *theirs = NULL;
        const struct json_node *their_body = NULL;
        const struct json_node *our_body = NULL;
        struct wire_request ours = {0};
        if (json_tree_read(*state, line, &theirs) != OK ||
            ask_as_they_did(*state, count++, &ours) != OK) {
            continue;
        }
        struct str target = str_slice(ours.http.url, strlen("https://api.plivo.com"), SIZE_MAX);
        assert_true(str_equal(target, json_tree_text(theirs, "url")));
        assert_true(str_equal(ours.http.method, json_tree_text(theirs, "method")));
        compared++;
        if (str_equal_text(ours.http.method, "POST")) {
            assert_int_equal(json_tree_read(*state, ours.http.body, &our_body), OK);
            assert_int_equal(json_tree_read(*state, json_tree_text(theirs, "body"), &their_body),
                             OK);
            compare(our_body, their_body);
        }
    }
    free(file);
    assert_int_equal(count, 7);
    assert_int_equal(compared, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROVIDER_CASE(test_official_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
