/* The requests that Twilio's own client library was seen to send: ours say the same. */
#include "channel/form.h"
#include "channel/twilio.h"
#include "lib/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ACCOUNT "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const int64_t nine_us = INT64_C(1767603600000000); /* 2026-01-05T09:00:00Z */

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

/* The value of a name's nth appearance; STR_NONE where there are fewer. */
static struct str nth_value(const struct form *form, struct str name, size_t nth)
{
    for (size_t i = 0; i < form->count; i++) {
        if (str_equal(form->pairs[i].name, name) && nth-- == 0) {
            return form->pairs[i].value;
        }
    }
    return STR_NONE;
}

static size_t appearances_before(const struct form *form, size_t at)
{
    size_t count = 0;
    for (size_t i = 0; i < at; i++) {
        count += str_equal(form->pairs[i].name, form->pairs[at].name);
    }
    return count;
}

/* All that they say, we say too, with the same values in the same order; but for our callbacks and
 * for our document, which differ for a reason. */
static void compare(const struct form *ours, const struct form *theirs)
{
    for (size_t i = 0; i < theirs->count; i++) {
        struct form_pair pair = theirs->pairs[i];
        struct str value = nth_value(ours, pair.name, appearances_before(theirs, i));
        bool is_document = str_equal_text(pair.name, "Twiml");
        bool is_callback = str_ends(pair.name, STR("StatusCallback"));
        bool is_same = is_callback ? value.len > 0 : str_equal(value, pair.value);
        if (!is_document && !is_same) {
            fail_msg("%.*s is \"%.*s\"", STR_FMT(pair.name), STR_FMT(value));
        }
    }
}

static void ask_as_they_did(struct arena *arena, size_t index, struct wire_request *request)
{
    struct problem problem = {0};
    struct provider_settings settings = {.timeout = SECONDS(45),
                                         .public_url = STR("https://example.com"),
                                         .ring_seconds = 30,
                                         .detects_machines = true,
                                         .twilio = {.account_sid = STR(ACCOUNT),
                                                    .auth_token = STR("tok"),
                                                    .from_number = STR("+15017122661"),
                                                    .whatsapp_from = STR("+15017122661")}};
    struct send_job job = {.channel = index == 0   ? channel_CALL
                                      : index == 1 ? channel_SMS
                                                   : channel_WHATSAPP,
                           .attempt = STR("0193f3a0-0000-7000-8000-000000000001"),
                           .to = STR("+15558675310"),
                           .text = STR("h\xC3\xA9llo & \xF0\x9F\x91\x8D"),
                           .now = {nine_us},
                           .valid_until = {nine_us + MINUTES(10).us}};
    if (index == 1) {
        settings.twilio.messaging_service_sid = STR("MG0123456789abcdef0123456789abcdef");
    }
    if (index == 2) {
        job.template_id = STR("HX0123456789abcdef0123456789abcdef");
        job.template_variables = STR("{\"1\":\"db down\"}");
    }
    struct str call = STR("CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    struct str text = STR("SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    enum err err = OK;
    if (index < 3) {
        err = provider_twilio.build_send(&settings, &job, arena, request, &problem);
    } else if (index == 4) {
        err = provider_twilio.build_cancel(&settings, call, arena, request);
    } else {
        err = provider_twilio.build_poll(&settings, index == 3 ? channel_CALL : channel_SMS,
                                         index == 3 ? call : text, arena, request);
    }
    assert_int_equal(err, OK);
}

static void test_official_client(void **state)
{
    char path[PLACE_MAX];
    size_t len = 0;
    if (!place_shared("counterparties/twilio/client-requests.jsonl", path)) {
        skip_because("the shared folder with the official client's requests is absent");
    }
    char *file = file_read(path, &len);
    struct str text = {file, len};
    struct str line = STR_NONE;
    size_t count = 0;
    while (str_split(&text, '\n', &line)) {
        const struct json_node *theirs = NULL;
        if (json_tree_read(*state, line, &theirs) != OK) {
            continue;
        }
        struct wire_request ours = {0};
        ask_as_they_did(*state, count++, &ours);
        struct str target = str_slice(ours.http.url, strlen("https://api.twilio.com"), SIZE_MAX);
        assert_true(str_equal(target, json_tree_text(theirs, "url")));
        assert_true(str_equal(ours.http.method, json_tree_text(theirs, "method")));
        struct form their_form;
        assert_int_equal(form_parse(*state, json_tree_text(theirs, "body"), &their_form), OK);
        struct form our_form;
        assert_int_equal(form_parse(*state, ours.http.body, &our_form), OK);
        if (their_form.count > 0) {
            compare(&our_form, &their_form);
        }
    }
    free(file);
    assert_int_equal(count, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_official_client, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
