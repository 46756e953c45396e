#include "channel/texts.h"

#include <assert.h>

static const char *const languages[] = {"en", "es", "hi", "de"};

struct key_row {
    const char *name;
    const char *doc;
    enum text_parts parts;
    const char *keys;
    bool asks;
};

#define TEXT_KEY(name, parts, keys, asks, doc)
#define TEXT(language, key, part, text) {#language, text_key_##key, text_part_##part, text},
#define WORD(language, name, text)
#define PLACEHOLDER(name, text, doc)
static const struct text_row rows[] = {
#include "channel/texts.def"
};
#undef TEXT
#undef WORD
#define TEXT(language, key, part, text)
#define WORD(language, name, text) {#language, name, text},
static const struct word_row words[] = {
#include "channel/texts.def"
};
#undef TEXT_KEY
#undef WORD
#define TEXT_KEY(name, parts, keys, asks, doc) \
    [text_key_##name] = {#name, doc, TEXT_PARTS_##parts, keys, asks},
#define WORD(language, name, text)
static const struct key_row keys_of[text_key_COUNT] = {
#include "channel/texts.def"
};
#undef TEXT_KEY
#undef TEXT
#undef WORD
#undef PLACEHOLDER

size_t text_rows(const struct text_row **out)
{
    *out = rows;
    return ARRAY_LENGTH(rows);
}

size_t word_rows(const struct word_row **out)
{
    *out = words;
    return ARRAY_LENGTH(words);
}

size_t render_languages(const char *const **out)
{
    *out = languages;
    return ARRAY_LENGTH(languages);
}

static const char *text_in(struct str language, enum text_key key, enum text_part part)
{
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        if (rows[i].key == key && rows[i].part == part &&
            str_equal_nocase(language, str_from(rows[i].language))) {
            return rows[i].text;
        }
    }
    return NULL;
}

static const char *word_in(struct str language, const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (str_equal_text(str_from(words[i].name), name) &&
            str_equal_nocase(language, str_from(words[i].language))) {
            return words[i].text;
        }
    }
    return NULL;
}

/* "de" of "de-AT" and "de_AT". */
static struct str first_part(struct str language)
{
    size_t end = 0;
    while (end < language.len && language.ptr[end] != '-' && language.ptr[end] != '_') {
        end++;
    }
    return str_slice(language, 0, end);
}

struct str render_language(struct str locale)
{
    for (size_t i = 0; i < ARRAY_LENGTH(languages); i++) {
        if (str_equal_nocase(first_part(locale), str_from(languages[i]))) {
            return str_from(languages[i]);
        }
    }
    return str_from(languages[0]);
}

/* What an occasion that has only one part says in place of the others. */
static enum text_part part_of(enum text_key key, enum text_part part)
{
    switch (text_key_parts(key)) {
    case TEXT_PARTS_ALL:
        break;
    case TEXT_PARTS_SPOKEN:
        return text_part_SPEECH;
    case TEXT_PARTS_WRITTEN:
        return text_part_SMS;
    }
    return part;
}

struct str text_find(struct str language, enum text_key key, enum text_part wanted)
{
    enum text_part part = part_of(key, wanted);
    const char *text = text_in(language, key, part);
    text = text != NULL ? text : text_in(first_part(language), key, part);
    text = text != NULL ? text : text_in(STR("en"), key, part);
    assert(text != NULL);
    return str_from(text);
}

struct str word_find(struct str language, const char *name)
{
    const char *text = word_in(language, name);
    text = text != NULL ? text : word_in(first_part(language), name);
    text = text != NULL ? text : word_in(STR("en"), name);
    assert(text != NULL);
    return str_from(text);
}

const char *text_key_name(enum text_key key)
{
    assert(key > text_key_NONE && key < text_key_COUNT);
    return keys_of[key].name;
}

const char *text_key_keys(enum text_key key)
{
    assert(key > text_key_NONE && key < text_key_COUNT);
    return keys_of[key].keys;
}

const char *text_key_doc(enum text_key key)
{
    assert(key > text_key_NONE && key < text_key_COUNT);
    return keys_of[key].doc;
}

enum text_parts text_key_parts(enum text_key key)
{
    assert(key > text_key_NONE && key < text_key_COUNT);
    return keys_of[key].parts;
}

const char *text_part_name(enum text_part part)
{
    static const char *const names[] = {"SUBJECT", "TEXT", "SMS", "HTML", "SPEECH"};
    assert(part < text_part_COUNT);
    return names[part];
}

bool text_key_asks(enum text_key key)
{
    assert(key > text_key_NONE && key < text_key_COUNT);
    return keys_of[key].asks;
}

enum err text_key_parse(struct str name, enum text_key *out)
{
    for (int i = text_key_NONE + 1; i < text_key_COUNT; i++) {
        if (str_equal_text(name, keys_of[i].name)) {
            *out = (enum text_key)i;
            return OK;
        }
    }
    return E_INVALID;
}
