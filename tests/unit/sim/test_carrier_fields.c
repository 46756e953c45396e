/* The sums over webhooks as the providers make them, by vectors that others made, and the reading
 * of forms and documents. */
#include "sim/carrier_fields.h"
#include "sim/carrier_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

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

static void assert_text(struct arena *arena, struct str got, const char *wanted)
{
    assert_string_equal(arena_cstr(arena, got), wanted);
}

static void twilio_documented_vector(void **state)
{
    struct arena *arena = *state;
    struct fields fields = {.arena = arena};
    fields_read(&fields, STR("CallSid=CA1234567890ABCDE&Caller=%2B12349013030&Digits=1234&"
                             "From=%2B12349013030&To=%2B18005551212"));
    assert_text(arena,
                sign_twilio(arena, STR("12345"), STR("https://mycompany.com/myapp.php?foo=1&bar=2"),
                            &fields),
                "0/KCTR6DLpKmkAf8muzZqo1nDgQ=");
}

static void plivo_library_vector(void **state)
{
    struct arena *arena = *state;
    struct fields fields = {.arena = arena};
    fields_read(&fields, STR("M=b&M=a&M=b&N="));
    struct plivo_sum sum = {STR("MAXXXXXXXXXXXXXXXXXX-token"), STR("https://answer.example.com/p"),
                            STR("05429567804466091622"), &fields};
    assert_text(arena, sign_plivo(arena, &sum), "n2wqHYmZwD5U8tJoLIUPeUE8DSF/B7DIHs1YcAlzaRA=");
}

/* One line of shared/counterparties/twilio/signature-vectors.jsonl; true where it is a form's. */
static bool check_line(struct arena *arena, const char *line)
{
    json_t *vector = json_loads(line, 0, NULL);
    json_t *params = json_object_get(vector, "params");
    struct fields fields = {.arena = arena};
    const char *name = NULL;
    json_t *value = NULL;
    assert_non_null(vector);
    bool is_form = json_is_object(params) && json_object_get(vector, "body") == NULL &&
                   json_is_true(json_object_get(vector, "validates"));
    json_object_foreach(params, name, value)
    {
        size_t count = json_is_array(value) ? json_array_size(value) : 1;
        for (size_t i = 0; i < count; i++) {
            json_t *each = json_is_array(value) ? json_array_get(value, i) : value;
            fields_add(&fields, name, str_from(json_string_value(each)));
        }
    }
    if (is_form) {
        struct str url = str_from(json_string_value(json_object_get(vector, "url")));
        struct str token = str_from(json_string_value(json_object_get(vector, "authToken")));
        assert_text(arena,
                    sign_twilio(arena, arena_str(arena, token), arena_str(arena, url), &fields),
                    json_string_value(json_object_get(vector, "signature")));
    }
    json_decref(vector);
    return is_form;
}

static void twilio_library_vectors(void **state)
{
    struct arena *arena = *state;
    const char *shared = getenv("TOCSIN_SHARED");
    const char *root = getenv("TOCSIN_ROOT");
    struct str path =
        shared != NULL
            ? arena_printf(arena, "%s/counterparties/twilio/signature-vectors.jsonl", shared)
            : arena_printf(arena, "%s/../shared/counterparties/twilio/signature-vectors.jsonl",
                           root == NULL ? "." : root);
    FILE *file = fopen(path.ptr, "r");
    if (file == NULL) {
        print_message("no %s\n", path.ptr);
        skip();
        return;
    }
    char line[16384];
    int checked = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        checked += check_line(arena, line);
    }
    fclose(file);
    assert_true(checked >= 6);
}

static void forms_come_back(void **state)
{
    struct arena *arena = *state;
    struct fields written = {.arena = arena};
    struct fields read = {.arena = arena};
    fields_add(&written, "To", STR("+14155550101"));
    fields_add(&written, "Body", STR("a&b=c d\xc3\xa9"));
    fields_add(&written, "Event", STR("one"));
    fields_add(&written, "Event", STR("two"));
    fields_read(&read, fields_write(&written));
    assert_int_equal(read.count, 4);
    assert_text(arena, fields_get(&read, "To"), "+14155550101");
    assert_text(arena, fields_get(&read, "Body"), "a&b=c d\xc3\xa9");
    assert_true(fields_has(&read, "Event", STR("two")));
    assert_false(str_is_set(fields_get(&read, "Nothing")));
    assert_text(arena, url_fragment_get(arena, STR("https://a/b?c#rc=3&rp=all"), "rc"), "3");
    assert_text(arena, url_query(STR("https://a/b?c=1#rc=3")), "c=1");
    assert_text(arena, url_base(STR("https://a/b?c=1#rc=3")), "https://a/b");
}

static void credentials_are_read(void **state)
{
    struct arena *arena = *state;
    struct str user = STR_NONE;
    struct str password = STR_NONE;
    assert_true(basic_read(arena, STR("Basic QUMxOnRva2Vu"), &user, &password));
    assert_text(arena, user, "AC1");
    assert_text(arena, password, "token");
    assert_false(basic_read(arena, STR("Bearer abc"), &user, &password));
}

static void times_are_written(void **state)
{
    struct arena *arena = *state;
    struct instant at = INSTANT_NONE;
    assert_int_equal(instant_parse(STR("2010-08-31T20:36:28Z"), &at), OK);
    assert_text(arena, rfc2822_text(arena, at), "Tue, 31 Aug 2010 20:36:28 +0000");
    assert_text(arena, plain_time_text(arena, at, 330), "2010-09-01 02:06:28");
}

static void twiml_is_read(void **state)
{
    struct arena *arena = *state;
    struct page page;
    struct str wrong = STR_NONE;
    enum err err = page_read_twiml(
        arena,
        STR("<?xml version=\"1.0\"?><Response><Gather numDigits=\"1\" timeout=\"6\" "
            "action=\"https://a/b?c=1&amp;d=2\" method=\"POST\"><Say language=\"en-US\">One &amp; "
            "two</Say></Gather><Pause length=\"2\"/><Hangup/></Response>"),
        &page, &wrong);
    assert_int_equal(err, OK);
    assert_int_equal(page.count, 4);
    assert_int_equal(page.verbs[0].kind, PAGE_GATHER);
    assert_int_equal(page.verbs[0].prompts, 1);
    assert_text(arena, page.verbs[0].url, "https://a/b?c=1&d=2");
    assert_text(arena, page.verbs[1].text, "One & two");
    assert_int_equal(page.verbs[2].seconds, 2);
    assert_int_equal(page.verbs[3].kind, PAGE_HANG_UP);
}

static void bad_documents_are_refused(void **state)
{
    struct arena *arena = *state;
    static const char *const documents[] = {
        "",
        "<Response><Say>open</Response>",
        "<Response><say>small</say></Response>",
        "<Response><Say loud=\"yes\">unknown attribute</Say></Response>",
        "<Response><Gather><Hangup/></Gather></Response>",
        "<Response><Redirect>/relative</Redirect></Response>",
        "<Response><Say></Say></Response>",
        "<Answer/>",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(documents); i++) {
        struct page page;
        struct str wrong = STR_NONE;
        assert_int_equal(page_read_twiml(arena, str_from(documents[i]), &page, &wrong), E_INVALID);
        assert_true(str_is_set(wrong));
    }
    struct page page;
    struct str wrong = STR_NONE;
    assert_int_equal(
        page_read_plivo(arena, STR("<Response><Say>Twilio's</Say></Response>"), &page, &wrong),
        E_INVALID);
    assert_int_equal(page_read_plivo(arena,
                                     STR("<Response><Speak>Plivo's</Speak><Wait length=\"1\"/>"
                                         "</Response>"),
                                     &page, &wrong),
                     OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(twilio_documented_vector, set_up, tear_down),
        cmocka_unit_test_setup_teardown(plivo_library_vector, set_up, tear_down),
        cmocka_unit_test_setup_teardown(twilio_library_vectors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(forms_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(credentials_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(times_are_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(twiml_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_documents_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
