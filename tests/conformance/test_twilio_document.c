/* The documents that we give Twilio, read by libxml2 and held against the documented grammar of
 * TwiML: elements, attributes, their values, and what may stand in what. Unknown ones would only be
 * warned about there (12200), and a call would be silent. Source: protocols.md 1.6. */
#include "base/buf.h"
#include "channel/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

enum { DOCUMENT_BYTES_MAX = 64 * 1024, SAY_CHARS_MAX = 4096 };

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

/* What may stand where. `attributes` are "name=value|value" or "name" for any value, by spaces. */
static const struct element {
    const char *name;
    const char *parents;
    const char *attributes;
    const char *required;
    bool has_text;
} grammar[] = {
    {"Response", "", "", "", false},
    {"Say", "Response Gather",
     "voice=Polly.Joanna|Polly.Amy|Polly.Nicole|Polly.Raveena|Polly.Lucia|Polly.Mia|Polly.Lupe|"
     "Polly.Aditi|Polly.Vicki language=en-US|en-GB|en-AU|en-IN|es-ES|es-MX|es-US|hi-IN|de-DE loop",
     "voice language", true},
    {"Pause", "Response Gather", "length", "", false},
    {"Gather", "Response",
     "input=dtmf numDigits=1 finishOnKey= method=POST|GET timeout=6 action actionOnEmptyResult",
     "action numDigits", false},
    {"Hangup", "Response", "", "", false},
    {"Message", "Response", "", "", true},
};

static const struct element *find_element(const xmlChar *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(grammar); i++) {
        if (strcmp((const char *)name, grammar[i].name) == 0) {
            return &grammar[i];
        }
    }
    fail_msg("<%s> is no element of TwiML", name);
    return NULL;
}

static bool is_listed(const char *list, char separator, struct str word)
{
    struct str rest = str_from(list);
    struct str one = STR_NONE;
    while (str_split(&rest, separator, &one)) {
        if (str_equal(one, word)) {
            return true;
        }
    }
    return false;
}

static void check_attribute(const struct element *element, struct str name, struct str value)
{
    struct str rest = str_from(element->attributes);
    struct str one = STR_NONE;
    while (str_split(&rest, ' ', &one)) {
        size_t equals = str_find_byte(one, '=', 0);
        if (!str_equal(str_slice(one, 0, equals), name)) {
            continue;
        }
        char values[512];
        struct str list = str_slice(one, equals + 1, one.len);
        assert_true(list.len < sizeof values);
        memcpy(values, list.ptr, list.len);
        values[list.len] = '\0';
        if (equals == one.len || is_listed(values, '|', value)) {
            return;
        }
        fail_msg("%.*s may not be \"%.*s\"", STR_FMT(name), STR_FMT(value));
    }
    fail_msg("<%s> has no attribute %.*s", element->name, STR_FMT(name));
}

static void check_attributes(const struct element *element, xmlNode *node)
{
    struct str rest = str_from(element->required);
    struct str one = STR_NONE;
    while (element->required[0] != '\0' && str_split(&rest, ' ', &one)) {
        char name[32];
        snprintf(name, sizeof name, "%.*s", STR_FMT(one));
        assert_non_null(xmlHasProp(node, (const xmlChar *)name));
    }
    for (xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next) {
        xmlChar *value = xmlNodeGetContent((xmlNode *)attribute);
        check_attribute(element, str_from((const char *)attribute->name),
                        str_from((const char *)value));
        xmlFree(value);
    }
}

static size_t check_node(xmlNode *node, const char *parent)
{
    const struct element *element = find_element(node->name);
    size_t count = 1;
    assert_true(parent == NULL ? strcmp(element->name, "Response") == 0
                               : is_listed(element->parents, ' ', str_from(parent)));
    assert_null(node->ns);
    check_attributes(element, node);
    for (xmlNode *child = node->children; child != NULL; child = child->next) {
        if (child->type == XML_ELEMENT_NODE) {
            assert_false(element->has_text);
            count += check_node(child, element->name);
        } else {
            assert_int_equal(child->type, XML_TEXT_NODE);
            assert_true(element->has_text);
            assert_true(xmlUTF8Strlen(child->content) <= SAY_CHARS_MAX);
        }
    }
    /* Behind a hang-up nothing is done, so nothing may stand there. */
    assert_true(strcmp(element->name, "Hangup") != 0 || node->next == NULL);
    return count;
}

static xmlDoc *parse(struct str document)
{
    assert_in_range(document.len, 1, DOCUMENT_BYTES_MAX);
    xmlDoc *parsed = xmlReadMemory(document.ptr, (int)document.len, NULL, NULL,
                                   XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (parsed == NULL) {
        fail_msg("is not XML: %.*s", STR_FMT(document));
    }
    return parsed;
}

/* The number of its elements. */
static size_t check_document(struct str document)
{
    xmlDoc *parsed = parse(document);
    size_t count = check_node(xmlDocGetRootElement(parsed), NULL);
    xmlFreeDoc(parsed);
    return count;
}

static struct provider_settings sound_settings(void)
{
    return (struct provider_settings){.public_url = STR("https://t.example"),
                                      .hook_key = STR("key"),
                                      .twilio = {.account_sid = STR("AC1"),
                                                 .auth_token = STR("t"),
                                                 .from_number = STR("+15017122661")}};
}

static struct str speak(struct arena *arena, const struct provider_settings *settings,
                        const struct voice_page *page)
{
    struct http_response response = {0};
    provider_twilio.write_voice(settings, page, arena, &response);
    assert_int_equal(response.status, 200);
    assert_true(str_equal_text(response.content_type, "text/xml"));
    return response.body;
}

static const char *const languages[] = {"en",    "en-GB", "EN-in", "en-AU", "es",
                                        "es-MX", "es-US", "es-AR", "hi",    "de",
                                        "de-AT", "zh-CN", "",      "-"};

static const struct str speeches[] = {
    STR_INIT("Design review starts in 2 minutes. Press 1 if you are there."),
    STR_INIT("</Say><Hangup/><Dial>+1900</Dial> & \"x\" 'y' <![CDATA[ ]]> &amp; <!-- -->"),
    STR_INIT("caf\xC3\xA9 \xF0\x9F\x91\x8D \xE0\xA4\xA8\xE0\xA4\xAE "
             "\x01\x02\x1B\x7F\xFF\xC3\xED\xA0\x80\xEF\xBF\xBF end"),
    STR_INIT(""),
};

static void test_pages(void **state)
{
    struct provider_settings settings = sound_settings();
    for (size_t i = 0; i < ARRAY_LENGTH(languages) * ARRAY_LENGTH(speeches); i++) {
        struct voice_page page = {.attempt = STR("0193f3a0-0000-7000-8000-000000000001"),
                                  .language = str_from(languages[i / ARRAY_LENGTH(speeches)]),
                                  .speech = speeches[i % ARRAY_LENGTH(speeches)],
                                  .goodbye = STR("Goodbye & thanks."),
                                  .asks = true};
        size_t spoken = page.speech.len > 0;
        /* Response, two questions with what they say, the goodbye, and the end. */
        assert_int_equal(check_document(speak(*state, &settings, &page)), 5 + 2 * spoken);
        page.asks = false;
        assert_int_equal(check_document(speak(*state, &settings, &page)), 3 + spoken);
        page.goodbye = STR_NONE;
        assert_int_equal(check_document(speak(*state, &settings, &page)), 2 + spoken);
        page.asks = true;
        settings.public_url = STR_NONE; /* Nobody could tell us the key. */
        assert_int_equal(check_document(speak(*state, &settings, &page)), 2 + spoken);
        settings = sound_settings();
    }
}

static void test_largest(void **state)
{
    static char endless[200000];
    memset(endless, '"', sizeof endless); /* Six bytes each. */
    struct provider_settings settings = sound_settings();
    struct str all = {endless, sizeof endless};
    struct voice_page page = {.attempt = STR("a"), .speech = all, .goodbye = all, .asks = true};
    struct str document = speak(*state, &settings, &page);
    assert_true(document.len > 20000);
    assert_int_equal(check_document(document), 7);
}

/* What is said comes back out as it went in, and the question names us, the attempt and its token.
 */
static void test_content(void **state)
{
    struct provider_settings settings = sound_settings();
    struct voice_page page = {.attempt = STR("a&b"),
                              .language = STR("de"),
                              .speech = STR("1 < 2 & \"drei\" 'vier'"),
                              .asks = true};
    xmlDoc *parsed = parse(speak(*state, &settings, &page));
    xmlNode *gather = xmlDocGetRootElement(parsed)->children;
    struct hook_place place = {.provider = "twilio", .hook = HOOK_GATHER, .attempt = page.attempt};
    for (int i = 0; i < 2; i++, gather = gather->next) {
        xmlChar *action = xmlGetProp(gather, (const xmlChar *)"action");
        xmlChar *text = xmlNodeGetContent(gather->children);
        assert_string_equal((const char *)action,
                            arena_cstr(*state, hook_url(&settings, &place, *state)));
        assert_string_equal((const char *)text, "1 < 2 & \"drei\" 'vier'");
        xmlFree(action);
        xmlFree(text);
    }
    xmlFreeDoc(parsed);
}

static void test_answers(void **state)
{
    for (size_t i = 0; i < ARRAY_LENGTH(speeches); i++) {
        struct http_response response = {0};
        provider_twilio.write_answer(HOOK_SMS, speeches[i], *state, &response);
        assert_int_equal(check_document(response.body), 1 + (speeches[i].len > 0));
        provider_twilio.write_answer(HOOK_GATHER, speeches[i], *state, &response);
        assert_int_equal(check_document(response.body), 2);
    }
}

/* The same grammar holds for the document inside a request. */
static void test_inline(void **state)
{
    struct provider_settings settings = sound_settings();
    settings.public_url = STR_NONE;
    for (size_t i = 0; i < ARRAY_LENGTH(languages) * 3; i++) {
        struct send_job job = {.channel = channel_CALL,
                               .attempt = STR("a"),
                               .to = STR("+15558675310"),
                               .language = str_from(languages[i / 3]),
                               .text = speeches[i % 2]};
        struct wire_request request = {0};
        assert_int_equal(provider_twilio.build_send(&settings, &job, *state, &request, NULL), OK);
        size_t at = str_find(request.http.body, STR("Twiml="));
        assert_true(at < request.http.body.len);
        struct str encoded = str_slice(request.http.body, at + 6, request.http.body.len);
        struct buf document = {.arena = *state};
        for (size_t b = 0; b < encoded.len; b++) {
            unsigned byte = (unsigned char)encoded.ptr[b];
            if (byte == '%') {
                assert_int_equal(sscanf(encoded.ptr + b + 1, "%2x", &byte), 1);
                b += 2;
            }
            buf_add_byte(&document, (char)byte);
        }
        assert_int_equal(check_document(buf_str(&document)), 6);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pages),   TEST(test_largest), TEST(test_content),
        TEST(test_answers), TEST(test_inline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
