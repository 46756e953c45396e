#include "domain/reply.h"

#include <assert.h>
#include <string.h>

/* REPLY_UNKNOWN in a phrase stands for small talk. */
struct phrase {
    const char *text;
    enum reply_word word;
};

static const struct phrase phrases[] = {
#define PHRASE(language, text, meaning) {text, REPLY_##meaning},
#define CARRIER(language, text, meaning)
#include "domain/reply_words.def"
#undef PHRASE
#undef CARRIER
};

static const struct phrase carrier_words[] = {
#define PHRASE(language, text, meaning)
#define CARRIER(language, text, meaning) {text, REPLY_##meaning},
#include "domain/reply_words.def"
#undef PHRASE
#undef CARRIER
};

/* Characters beyond ASCII that mean something here; "" is dropped, and " " parts words. */
struct sign {
    const char *bytes;
    const char *meaning;
};

static const struct sign signs[] = {
    {"\xF0\x9F\x91\x8D", " :thumbs-up: "},   /* U+1F44D */
    {"\xF0\x9F\x91\x8E", " :thumbs-down: "}, /* U+1F44E */
    {"\xF0\x9F\x91\x8C", " :ok-hand: "},     /* U+1F44C */
    {"\xE2\x9C\x85", " :check-mark: "},      /* U+2705, U+2714 */
    {"\xE2\x9C\x94", " :check-mark: "},
    {"\xF0\x9F\x8F\xBB", ""}, /* U+1F3FB to U+1F3FF, skin tones */
    {"\xF0\x9F\x8F\xBC", ""},
    {"\xF0\x9F\x8F\xBD", ""},
    {"\xF0\x9F\x8F\xBE", ""},
    {"\xF0\x9F\x8F\xBF", ""},
    {"\xEF\xB8\x8E", ""}, /* U+FE0E and U+FE0F, text or picture */
    {"\xEF\xB8\x8F", ""},
    {"\xE2\x83\xA3", ""}, /* U+20E3, keycap */
    {"\xE2\x80\x8B", ""}, /* U+200B to U+200F, invisible */
    {"\xE2\x80\x8C", ""},
    {"\xE2\x80\x8D", ""},
    {"\xE2\x80\x8E", ""},
    {"\xE2\x80\x8F", ""},
    {"\xEF\xBB\xBF", ""}, /* U+FEFF */
    {"\xE2\x80\x98", ""}, /* U+2018, U+2019, U+02BC, U+00B4: apostrophes */
    {"\xE2\x80\x99", ""},
    {"\xCA\xBC", ""},
    {"\xC2\xB4", ""},
    {"\xC2\xA0", " "},     /* U+00A0 */
    {"\xE2\x80\xAF", " "}, /* U+202F */
    {"\xE2\x80\x93", " "}, /* U+2013, U+2014: dashes */
    {"\xE2\x80\x94", " "},
    {"\xE2\x80\x9A", " "}, /* U+201A to U+201E: quotes */
    {"\xE2\x80\x9B", " "},
    {"\xE2\x80\x9C", " "},
    {"\xE2\x80\x9D", " "},
    {"\xE2\x80\x9E", " "},
    {"\xC2\xAB", " "}, /* U+00AB, U+00BB */
    {"\xC2\xBB", " "},
    {"\xE2\x80\xA6", " "}, /* U+2026 */
    {"\xC2\xA1", " "},     /* U+00A1, U+00BF */
    {"\xC2\xBF", " "},
    {"\xE0\xA5\xA4", " "}, /* U+0964, the Devanagari full stop */
};

/* Room for a text of nothing but thumbs: 4 bytes become at most 15. */
enum { FOLDED_MAX = REPLY_BYTES_MAX * 4 };

struct folded {
    char text[FOLDED_MAX];
    size_t len;
};

static void fold_byte(struct folded *folded, char c)
{
    assert(folded->len < FOLDED_MAX);
    bool is_space = c == ' ';
    if (is_space && (folded->len == 0 || folded->text[folded->len - 1] == ' ')) {
        return;
    }
    folded->text[folded->len++] = c;
}

static void fold_ascii(struct folded *folded, char c)
{
    bool is_small = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (c >= 'A' && c <= 'Z') {
        fold_byte(folded, (char)(c - 'A' + 'a'));
    } else if (is_small) {
        fold_byte(folded, c);
    } else if (c != '\'' && c != '`') {
        fold_byte(folded, ' ');
    }
}

/* U+00C0 to U+00FF, their two bytes being C3 80 to C3 BF: the letter without its accent. Capital
 * and small ones stand 32 apart. */
static const char plain_letters[] = "aaaaaaaceeeeiiiidnooooo ouuuuyts";

/* Takes an accented letter, or an accent that stands by itself (U+0300 to U+036F); false for
 * anything else. */
static bool fold_accent(struct folded *folded, struct str rest)
{
    if (rest.len < 2) {
        return false;
    }
    unsigned char lead = (unsigned char)rest.ptr[0];
    unsigned char next = (unsigned char)rest.ptr[1];
    if (lead == 0xCC || (lead == 0xCD && next < 0xB0)) {
        return true;
    }
    if (lead != 0xC3) {
        return false;
    }
    fold_byte(folded, plain_letters[next & 31]);
    if (next == 0x9F) {
        fold_byte(folded, 's');
    }
    return true;
}

/* The sign at the start of `rest`, NULL where there is none. */
static const struct sign *sign_at(struct str rest)
{
    for (size_t i = 0; i < ARRAY_LENGTH(signs); i++) {
        if (str_starts(rest, str_from(signs[i].bytes))) {
            return &signs[i];
        }
    }
    return NULL;
}

static void fold(struct str text, struct folded *folded)
{
    folded->len = 0;
    for (size_t at = 0; at < text.len;) {
        const struct sign *sign = sign_at(str_slice(text, at, text.len));
        if (sign == NULL && (unsigned char)text.ptr[at] < 0x80) {
            fold_ascii(folded, text.ptr[at++]);
        } else if (sign == NULL && fold_accent(folded, str_slice(text, at, text.len))) {
            at += 2;
        } else if (sign == NULL) {
            fold_byte(folded, text.ptr[at++]); /* Of another script. */
        } else {
            for (const char *c = sign->meaning; *c != '\0'; c++) {
                fold_byte(folded, *c);
            }
            at += strlen(sign->bytes);
        }
    }
    while (folded->len > 0 && folded->text[folded->len - 1] == ' ') {
        folded->len--;
    }
}

/* "12a": one to four digits and a letter. */
static bool is_code(struct str word)
{
    if (word.len < 2 || word.len >= REPLY_CODE_MAX) {
        return false;
    }
    for (size_t i = 0; i + 1 < word.len; i++) {
        if (word.ptr[i] < '0' || word.ptr[i] > '9') {
            return false;
        }
    }
    char last = word.ptr[word.len - 1];
    return last >= 'a' && last <= 'z';
}

/* The longest phrase that `rest` begins with, ending where a word does. */
static const struct phrase *phrase_at(struct str rest)
{
    const struct phrase *best = NULL;
    size_t best_len = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(phrases); i++) {
        struct str text = str_from(phrases[i].text);
        bool ends_word = rest.len == text.len || (rest.len > text.len && rest.ptr[text.len] == ' ');
        if (text.len > best_len && ends_word && str_starts(rest, text)) {
            best = &phrases[i];
            best_len = text.len;
        }
    }
    return best;
}

static enum reply_word carrier_word(struct str folded)
{
    for (size_t i = 0; i < ARRAY_LENGTH(carrier_words); i++) {
        if (str_equal_text(folded, carrier_words[i].text)) {
            return carrier_words[i].word;
        }
    }
    return REPLY_UNKNOWN;
}

/* Keeps the code; false where there was another one before. */
static bool take_code(struct reply *reply, struct str code)
{
    assert(code.len < REPLY_CODE_MAX);
    if (reply->code[0] != '\0') {
        return str_equal_text(code, reply->code);
    }
    memcpy(reply->code, code.ptr, code.len);
    reply->code[code.len] = '\0';
    return true;
}

/* "ok, got it": a yes says nothing against a word that is more exact. */
static bool is_yes(enum reply_word word)
{
    return word == REPLY_JOINED;
}

static bool goes_with_yes(enum reply_word word)
{
    return word == REPLY_ACKNOWLEDGE || word == REPLY_RESOLVE || word == REPLY_ACCEPT;
}

static bool take_word(struct reply *reply, enum reply_word word)
{
    if (word == REPLY_UNKNOWN || (is_yes(word) && goes_with_yes(reply->word))) {
        return true;
    }
    bool agrees = reply->word == REPLY_UNKNOWN || reply->word == word ||
                  (is_yes(reply->word) && goes_with_yes(word));
    reply->word = word;
    return agrees;
}

/* False where the text says two things. A word that is not known makes the meaning unknown, but
 * keeps the code. */
static bool read_words(struct str rest, struct reply *reply)
{
    bool is_strange = false;
    while (rest.len > 0) {
        size_t end = str_find_byte(rest, ' ', 0);
        struct str word = str_slice(rest, 0, end);
        const struct phrase *phrase = phrase_at(rest);
        bool agrees = true;
        if (phrase != NULL) {
            agrees = take_word(reply, phrase->word);
            end = strlen(phrase->text);
        } else if (is_code(word)) {
            agrees = take_code(reply, word);
        } else {
            is_strange = true;
        }
        if (!agrees) {
            return false;
        }
        rest = str_slice(rest, end + 1, rest.len);
    }
    if (is_strange) {
        reply->word = REPLY_UNKNOWN;
    }
    return true;
}

struct reply reply_read(struct str text)
{
    struct reply reply = {.word = REPLY_UNKNOWN, .code = ""};
    if (text.len > REPLY_BYTES_MAX || !str_is_utf8(text)) {
        return reply;
    }
    struct folded folded;
    fold(text, &folded);
    struct str words = {folded.text, folded.len};
    reply.word = carrier_word(words);
    if (reply.word != REPLY_UNKNOWN) {
        return reply;
    }
    if (!read_words(words, &reply)) {
        return (struct reply){.word = REPLY_UNKNOWN, .code = ""};
    }
    return reply;
}

const char *reply_word_name(enum reply_word word)
{
    static const char *const names[REPLY_WORD_COUNT] = {
        [REPLY_UNKNOWN] = "UNKNOWN", [REPLY_JOINED] = "JOINED",
        [REPLY_MISSED] = "MISSED",   [REPLY_ACKNOWLEDGE] = "ACKNOWLEDGE",
        [REPLY_RESOLVE] = "RESOLVE", [REPLY_ACCEPT] = "ACCEPT",
        [REPLY_DECLINE] = "DECLINE", [REPLY_STOP] = "STOP",
        [REPLY_START] = "START",     [REPLY_HELP] = "HELP",
    };
    assert(word < REPLY_WORD_COUNT);
    return names[word];
}
