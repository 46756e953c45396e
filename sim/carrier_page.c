#include "sim/carrier_page.h"

#include "base/buf.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

enum {
    TWIML_BYTES_MAX = 64 * 1024,
    PLIVO_BYTES_MAX = 100 * 1000,
    SAY_CHARACTERS_MAX = 4096,
    SPEAK_CHARACTERS_MAX = 3000,
    CHARACTERS_A_SECOND = 15
};

/* One provider's words. Lists of attributes begin and end with a space. */
struct element {
    const char *name;
    const char *attributes;
    enum page_verb_kind kind;
};

struct grammar {
    const struct element *elements;
    size_t count;
    size_t bytes_max;
    size_t characters_max;
    const char *digits; /* The attribute of GATHER that says how many. */
    const char *timeout;
    int64_t timeout_default;
};

static const struct element twiml_elements[] = {
    {"Say", " voice language loop ", PAGE_SAY},
    {"Pause", " length ", PAGE_WAIT},
    {"Gather",
     " input numDigits timeout finishOnKey action method actionOnEmptyResult bargeIn language ",
     PAGE_GATHER},
    {"Hangup", " ", PAGE_HANG_UP},
    {"Redirect", " method ", PAGE_REDIRECT},
};

static const struct element plivo_elements[] = {
    {"Speak", " voice language loop ", PAGE_SAY},
    {"Wait", " length silence minSilence beep ", PAGE_WAIT},
    {"GetDigits",
     " action method numDigits timeout digitTimeout finishOnKey retries redirect playBeep "
     "validDigits invalidDigitsSound log ",
     PAGE_GATHER},
    {"GetInput",
     " inputType action method numDigits executionTimeout digitEndTimeout finishOnKey redirect "
     "log ",
     PAGE_GATHER},
    {"Hangup", " reason schedule ", PAGE_HANG_UP},
    {"Redirect", " method ", PAGE_REDIRECT},
};

static const struct grammar twiml = {
    .elements = twiml_elements,
    .count = sizeof twiml_elements / sizeof *twiml_elements,
    .bytes_max = TWIML_BYTES_MAX,
    .characters_max = SAY_CHARACTERS_MAX,
    .digits = "numDigits",
    .timeout = "timeout",
    .timeout_default = 5,
};

static const struct grammar plivo = {
    .elements = plivo_elements,
    .count = sizeof plivo_elements / sizeof *plivo_elements,
    .bytes_max = PLIVO_BYTES_MAX,
    .characters_max = SPEAK_CHARACTERS_MAX,
    .digits = "numDigits",
    .timeout = "timeout",
    .timeout_default = 5,
};

struct reading {
    struct arena *arena;
    const struct grammar *grammar;
    struct page *page;
    struct str *wrong;
};

static enum err fail(struct reading *reading, const char *what, const char *name)
{
    *reading->wrong = arena_printf(reading->arena, "%s <%s>", what, name);
    return E_INVALID;
}

static const struct element *element_of(const struct grammar *grammar, const char *name)
{
    for (size_t i = 0; i < grammar->count; i++) {
        if (strcmp(grammar->elements[i].name, name) == 0) {
            return &grammar->elements[i];
        }
    }
    return NULL;
}

static struct str attribute(struct arena *arena, xmlNode *node, const char *name)
{
    xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)name);
    struct str copy = arena_str(arena, str_from((const char *)value));
    xmlFree(value);
    return copy;
}

static int64_t number(struct arena *arena, xmlNode *node, const char *name, int64_t otherwise)
{
    int64_t value = otherwise;
    struct str text = attribute(arena, node, name);
    return str_is_set(text) && str_to_int(text, &value) == OK ? value : otherwise;
}

static struct str content(struct arena *arena, xmlNode *node)
{
    xmlChar *text = xmlNodeGetContent(node);
    struct str copy = arena_str(arena, str_trim(str_from((const char *)text)));
    xmlFree(text);
    return copy;
}

static size_t characters(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    }
    return count;
}

static enum err check_attributes(struct reading *reading, const struct element *element,
                                 xmlNode *node)
{
    for (xmlAttr *each = node->properties; each != NULL; each = each->next) {
        struct str word = arena_printf(reading->arena, " %s ", (const char *)each->name);
        if (!str_contains(str_from(element->attributes), word)) {
            return fail(reading,
                        arena_printf(reading->arena, "unknown attribute%.*sof", STR_FMT(word)).ptr,
                        element->name);
        }
    }
    return OK;
}

static struct page_verb verb_of(struct reading *reading, const struct element *element,
                                xmlNode *node)
{
    struct arena *arena = reading->arena;
    const struct grammar *grammar = reading->grammar;
    struct page_verb verb = {.kind = element->kind, .method = attribute(arena, node, "method")};
    switch (element->kind) {
    case PAGE_SAY:
        verb.text = content(arena, node);
        verb.language = attribute(arena, node, "language");
        break;
    case PAGE_WAIT:
        verb.seconds = number(arena, node, "length", 1);
        break;
    case PAGE_GATHER:
        verb.url = attribute(arena, node, "action");
        verb.digits = number(arena, node, grammar->digits, 0);
        verb.seconds = number(arena, node, grammar->timeout, grammar->timeout_default);
        if (strcmp(element->name, "GetInput") == 0) {
            verb.seconds = number(arena, node, "executionTimeout", 15);
        }
        break;
    case PAGE_REDIRECT:
        verb.url = content(arena, node);
        break;
    case PAGE_HANG_UP:
        break;
    }
    return verb;
}

static enum err check_verb(struct reading *reading, const struct page_verb *verb, const char *name)
{
    bool has_url = verb->kind == PAGE_GATHER || verb->kind == PAGE_REDIRECT;
    if (verb->kind == PAGE_SAY && characters(verb->text) > reading->grammar->characters_max) {
        return fail(reading, "too long a text in", name);
    }
    if (verb->kind == PAGE_SAY && verb->text.len == 0) {
        return fail(reading, "no text in", name);
    }
    if (has_url && str_is_set(verb->url) && !str_starts(verb->url, STR("http://")) &&
        !str_starts(verb->url, STR("https://"))) {
        return fail(reading, "a URL that is not absolute in", name);
    }
    return OK;
}

static enum err read_prompts(struct reading *reading, xmlNode *parent);

static enum err read_verb(struct reading *reading, xmlNode *node, bool is_prompt)
{
    const char *name = (const char *)node->name;
    const struct element *element = element_of(reading->grammar, name);
    struct page *page = reading->page;
    if (element == NULL) {
        return fail(reading, "unknown element", name);
    }
    if (is_prompt && element->kind != PAGE_SAY && element->kind != PAGE_WAIT) {
        return fail(reading, "not allowed inside a question:", name);
    }
    if (page->count == PAGE_VERBS_MAX) {
        return fail(reading, "too many elements at", name);
    }
    TRY(check_attributes(reading, element, node));
    struct page_verb *verb = &page->verbs[page->count++];
    *verb = verb_of(reading, element, node);
    TRY(check_verb(reading, verb, name));
    if (verb->kind == PAGE_GATHER) {
        size_t first = page->count;
        TRY(read_prompts(reading, node));
        verb->prompts = page->count - first;
    }
    return OK;
}

static enum err read_prompts(struct reading *reading, xmlNode *parent)
{
    for (xmlNode *node = parent->children; node != NULL; node = node->next) {
        if (node->type == XML_ELEMENT_NODE) {
            TRY(read_verb(reading, node, true));
        }
    }
    return OK;
}

static enum err open_document(struct arena *arena, struct str text, xmlDoc **out, struct str *wrong)
{
    xmlNode *root = NULL;
    *out = xmlReadMemory(text.ptr, (int)text.len, "voice.xml", NULL,
                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (*out != NULL) {
        root = xmlDocGetRootElement(*out);
    }
    if (root == NULL || strcmp((const char *)root->name, "Response") != 0) {
        *wrong = arena_printf(arena, "no <Response>: %.*s", STR_FMT(str_cut_utf8(text, 200)));
        return E_INVALID;
    }
    return OK;
}

static enum err read_page(struct reading *reading, struct str text)
{
    xmlDoc *document = NULL;
    enum err err = text.len > reading->grammar->bytes_max
                       ? fail(reading, "too large a document", "Response")
                       : open_document(reading->arena, text, &document, reading->wrong);
    *reading->page = (struct page){.count = 0};
    if (err == OK) {
        xmlNode *node = xmlDocGetRootElement(document)->children;
        for (; node != NULL && err == OK; node = node->next) {
            if (node->type == XML_ELEMENT_NODE) {
                err = read_verb(reading, node, false);
            }
        }
    }
    xmlFreeDoc(document);
    return err;
}

enum err page_read_twiml(struct arena *arena, struct str text, struct page *out, struct str *wrong)
{
    struct reading reading = {arena, &twiml, out, wrong};
    return read_page(&reading, text);
}

enum err page_read_plivo(struct arena *arena, struct str text, struct page *out, struct str *wrong)
{
    struct reading reading = {arena, &plivo, out, wrong};
    return read_page(&reading, text);
}

enum err page_check_type(struct arena *arena, struct str type, const char *wanted,
                         struct str *wrong)
{
    if (str_contains(type, str_from(wanted))) {
        return OK;
    }
    *wrong = arena_printf(arena, "a document of type %.*s", STR_FMT(type));
    return E_INVALID;
}

enum err page_read_reply(struct arena *arena, struct str text, struct str *out, struct str *wrong)
{
    xmlDoc *document = NULL;
    enum err err = open_document(arena, text, &document, wrong);
    *out = STR_NONE;
    if (err == OK) {
        xmlNode *node = xmlDocGetRootElement(document)->children;
        for (; node != NULL; node = node->next) {
            if (node->type == XML_ELEMENT_NODE &&
                strcmp((const char *)node->name, "Message") == 0) {
                *out = content(arena, node);
            }
        }
    }
    xmlFreeDoc(document);
    return err;
}

int64_t page_speech_seconds(struct str text)
{
    return 1 + (int64_t)characters(text) / CHARACTERS_A_SECOND;
}
