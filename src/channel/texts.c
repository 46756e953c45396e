#include "channel/texts.h"

#include <assert.h>

enum language { language_en, language_es, language_hi, language_de, LANGUAGES };

static const char *const languages[LANGUAGES] = {"en", "es", "hi", "de"};

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
#define WORD(language, name, text) {#language, #name, text},
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

/* The same by number: every mail looks up some twenty words. English has each word, so that its
 * rows number them. */
#define TEXT_KEY(name, parts, keys, asks, doc)
#define TEXT(language, key, part, text) \
    [language_##language][text_key_##key][text_part_##part] = text,
#define WORD(language, name, text)
static const char *const texts[LANGUAGES][text_key_COUNT][text_part_COUNT] = {
#include "channel/texts.def"
};
#undef TEXT
#undef WORD
#define TEXT(language, key, part, text)
#define WORD(language, name, text) WORD_##language(name)
#define WORD_es(name)
#define WORD_hi(name)
#define WORD_de(name)
#define WORD_en(name) word_##name,
enum word {
#include "channel/texts.def"
    WORDS
};
#undef WORD_en
#define WORD_en(name) STR_INIT(#name),
static const struct str word_names[WORDS] = {
#include "channel/texts.def"
};
#undef WORD
#define WORD(language, name, text) [language_##language][word_##name] = text,
static const char *const word_texts[LANGUAGES][WORDS] = {
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

/* "de" of "de-AT" and "de_AT". */
static struct str first_part(struct str language)
{
    size_t end = 0;
    while (end < language.len && language.ptr[end] != '-' && language.ptr[end] != '_') {
        end++;
    }
    return str_slice(language, 0, end);
}

static enum language language_of(struct str locale)
{
    struct str first = first_part(locale);
    for (enum language language = 0; language < LANGUAGES; language++) {
        if (str_equal_nocase(first, str_from(languages[language]))) {
            return language;
        }
    }
    return language_en;
}

struct str render_language(struct str locale)
{
    return str_from(languages[language_of(locale)]);
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
    case TEXT_PARTS_MAILED:
        return part == text_part_SUBJECT || part == text_part_HTML ? part : text_part_TEXT;
    }
    return part;
}

struct str text_find(struct str language, enum text_key key, enum text_part wanted)
{
    enum text_part part = part_of(key, wanted);
    const char *text = texts[language_of(language)][key][part];
    text = text != NULL ? text : texts[language_en][key][part];
    assert(text != NULL);
    return str_from(text);
}

struct str word_find(struct str language, const char *name)
{
    struct str wanted = str_from(name);
    for (size_t word = 0; word < WORDS; word++) {
        if (str_equal(word_names[word], wanted)) {
            const char *text = word_texts[language_of(language)][word];
            return str_from(text != NULL ? text : word_texts[language_en][word]);
        }
    }
    assert(!"every word that is looked up is in texts_en.def");
    return STR_NONE;
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

/* The words of all languages are tried: what a sentence is in tells it from those of others. */
struct str render_without_keys(struct str speech)
{
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        struct str word = str_from(words[i].text);
        if (str_starts(str_from(words[i].name), STR("KEYS_")) && word.len > 0 &&
            str_ends(speech, word)) {
            return str_trim(str_slice(speech, 0, speech.len - word.len));
        }
    }
    return speech;
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
