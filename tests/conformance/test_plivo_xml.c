/* Plivo's documents by their documented grammar, in four languages, with texts that try to break
 * out of it (protocols 2.3, 2.4). libxml2 reads them, so this stands beside the conformance tests,
 * which are linked with it. */
#include "channel/provider.h"

#include "base/buf.h"

#include <libxml/parser.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { DOCUMENT_BYTES_MAX = 100 * 1000, SPEAK_CHARACTERS_MAX = 3000 };

/* Which elements there are, in what, with which attributes (separated by spaces). */
static const struct {
    const char *name;
    const char *parents;
    const char *attributes;
    bool has_text;
} grammar[] = {
    {"Response", " ", " ", false},
    {"Speak", " Response GetDigits ", " voice language loop ", true},
    {"GetDigits", " Response ",
     " action method numDigits timeout digitTimeout finishOnKey retries redirect playBeep "
     "validDigits invalidDigitsSound log ",
     false},
    {"Wait", " Response ", " length silence minSilence beep ", false},
    {"Hangup", " Response ", " reason schedule ", false},
};

static const char *const languages =
    " en-US en-GB en-AU es-ES es-US de-DE hi-IN "; /* Of those that Plivo has. */

static bool is_listed(const char *list, const char *word)
{
    char padded[64];
    (void)snprintf(padded, sizeof padded, " %s ", word);
    return strstr(list, padded) != NULL;
}

static size_t row_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(grammar); i++) {
        if (strcmp(grammar[i].name, name) == 0) {
            return i;
        }
    }
    fail_msg("<%s> is no element of Plivo's", name);
    return 0;
}

static void check_attributes(const xmlNode *node, size_t row)
{
    for (const xmlAttr *at = node->properties; at != NULL; at = at->next) {
        assert_true(is_listed(grammar[row].attributes, (const char *)at->name));
        const char *value = (const char *)at->children->content;
        assert_true(strcmp((const char *)at->name, "language") != 0 || is_listed(languages, value));
    }
}

static void check_element(const xmlNode *node, const char *parent, int depth)
{
    size_t row = row_of((const char *)node->name);
    assert_true(depth < 4);
    assert_true(strcmp(parent, "") == 0 ? row == 0 : is_listed(grammar[row].parents, parent));
    check_attributes(node, row);
    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        if (child->type == XML_TEXT_NODE) {
            assert_true(grammar[row].has_text);
            assert_true(xmlUTF8Strlen(child->content) <= SPEAK_CHARACTERS_MAX);
        } else {
            assert_int_equal(child->type, XML_ELEMENT_NODE);
            check_element(child, (const char *)node->name, depth + 1);
        }
    }
}

static xmlDoc *written(const struct voice_page *page, struct arena *arena)
{
    struct provider_settings settings = {.public_url = STR("https://t.example.com"),
                                         .hook_key = STR("k")};
    struct http_response response = {0};
    provider_plivo.write_voice(&settings, page, arena, &response);
    assert_int_equal(response.status, 200);
    assert_true(str_starts(response.content_type, STR("text/xml")));
    assert_true(response.body.len < DOCUMENT_BYTES_MAX);
    xmlDoc *document = xmlReadMemory(response.body.ptr, (int)response.body.len, "voice.xml", NULL,
                                     XML_PARSE_NONET | XML_PARSE_NOERROR);
    assert_non_null(document);
    check_element(xmlDocGetRootElement(document), "", 0);
    return document;
}

static const xmlNode *child_of(const xmlNode *node, int index, const char *name)
{
    const xmlNode *child = node->children;
    for (; index > 0 && child != NULL; index--) {
        child = child->next;
    }
    assert_non_null(child);
    assert_string_equal((const char *)child->name, name);
    return child;
}

static void assert_attribute(const xmlNode *node, const char *name, const char *wanted)
{
    xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
    assert_non_null(value);
    assert_string_equal((const char *)value, wanted);
    xmlFree(value);
}

static void assert_text(const xmlNode *node, const char *wanted)
{
    xmlChar *text = xmlNodeGetContent(node);
    assert_string_equal((const char *)text, wanted);
    xmlFree(text);
}

/* The question twice, then the goodbye, then the end. */
static void test_question(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct voice_page page = {.attempt = STR("a-1"),
                              .language = STR("en"),
                              .speech = STR("Press 1 & \"go\" <on>]]>"),
                              .goodbye = STR("Goodbye."),
                              .asks = true};
    xmlDoc *document = written(&page, arena);
    const xmlNode *root = xmlDocGetRootElement(document);
    (void)child_of(root, 0, "Wait");
    for (int i = 1; i <= 2; i++) {
        const xmlNode *question = child_of(root, i, "GetDigits");
        assert_attribute(question, "numDigits", "1");
        assert_attribute(question, "method", "POST");
        struct str action = STR("https://t.example.com/webhooks/plivo/gather?attempt=a-1&token=");
        xmlChar *given = xmlGetProp(question, (const xmlChar *)"action");
        assert_true(str_starts(str_from((const char *)given), action));
        xmlFree(given);
        assert_text(child_of(question, 0, "Speak"), "Press 1 & \"go\" <on>]]>");
    }
    assert_text(child_of(root, 3, "Speak"), "Goodbye.");
    (void)child_of(root, 4, "Hangup");
    assert_null(child_of(root, 4, "Hangup")->next);
    xmlFreeDoc(document);
    arena_free(&arena);
}

static void test_statement(void **state)
{
    (void)state;
    static const struct {
        const char *tag;
        const char *language;
    } rows[] = {{"en", "en-US"},    {"en-GB", "en-GB"}, {"en-NZ", "en-US"}, {"es", "es-ES"},
                {"es-MX", "es-ES"}, {"hi", "hi-IN"},    {"de", "de-DE"},    {"de-AT", "de-DE"},
                {"", "en-US"},      {"xx", "en-US"}};
    struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct voice_page page = {.attempt = STR("a-1"),
                                  .language = str_from(rows[i].tag),
                                  .speech = STR("यह हल हो गया है।")};
        xmlDoc *document = written(&page, arena);
        const xmlNode *root = xmlDocGetRootElement(document);
        const xmlNode *speak = child_of(root, 1, "Speak");
        assert_attribute(speak, "language", rows[i].language);
        assert_text(speak, "यह हल हो गया है।");
        (void)child_of(root, 2, "Hangup");
        xmlFreeDoc(document);
    }
    arena_free(&arena);
}

static void test_hostile(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct buf text = {.arena = arena};
    for (int i = 0; i < 50000; i++) {
        buf_add_byte(&text, (char)(i % 256));
        buf_add_text(&text, "&<\">'");
    }
    struct voice_page page = {.attempt = STR("a\"><b&1"),
                              .language = STR("en"),
                              .speech = buf_str(&text),
                              .goodbye = buf_str(&text),
                              .asks = true};
    xmlFreeDoc(written(&page, arena));
    page = (struct voice_page){.attempt = STR("a"), .language = STR("de")};
    xmlFreeDoc(written(&page, arena));
    arena_free(&arena);
    xmlCleanupParser();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_question),
        cmocka_unit_test(test_statement),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
