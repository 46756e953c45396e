#include "channel/speech.h"

#include "channel/sms_text.h"

#include <string.h>

enum { SPELLED_DIGITS_MIN = 3, YEAR_DIGITS = 4, CHARACTERS_A_SECOND = 15 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_url(struct str word)
{
    return str_contains(word, STR("://")) || str_starts_nocase(word, STR("www."));
}

/* What a voice would spell out or stumble over becomes a space. */
static struct str without_marks(struct str text, const char *marks, struct arena *arena)
{
    struct buf out = {.arena = arena};
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool is_mark = c < 0x20 || c == 0x7F || strchr(marks, (char)c) != NULL;
        buf_add_byte(&out, is_mark ? ' ' : (char)c);
    }
    return buf_str(&out);
}

/* Of "[the page](https://…" the words stay. */
static struct str without_url(struct str word)
{
    size_t end = str_find(word, STR("]("));
    if (!is_url(word)) {
        return word;
    }
    return end < word.len ? str_slice(word, 0, end) : STR_NONE;
}

static size_t digits_at(struct str word, size_t start)
{
    size_t end = start;
    while (end < word.len && is_digit(word.ptr[end])) {
        end++;
    }
    return end - start;
}

/* "1,500" and "10:30" are said as they are, as is a year. */
static bool is_number(struct str word, size_t start, size_t count)
{
    size_t end = start + count;
    bool is_year = count == YEAR_DIGITS && (str_starts(str_slice(word, start, end), STR("19")) ||
                                            str_starts(str_slice(word, start, end), STR("20")));
    bool is_behind =
        start >= 2 && strchr(".,:", word.ptr[start - 1]) != NULL && is_digit(word.ptr[start - 2]);
    bool is_before =
        end + 1 < word.len && strchr(".,:", word.ptr[end]) != NULL && is_digit(word.ptr[end + 1]);
    return is_year || (count <= SPELLED_DIGITS_MIN && (is_behind || is_before));
}

static void add_spelled(struct buf *out, struct str digits)
{
    buf_add_text(out, out->len > 0 && buf_str(out).ptr[out->len - 1] != ' ' ? " " : "");
    for (size_t i = 0; i < digits.len; i++) {
        buf_printf(out, "%s%c.", i > 0 ? " " : "", digits.ptr[i]);
    }
}

static void add_word(struct buf *out, struct str word)
{
    for (size_t i = 0; i < word.len;) {
        size_t count = digits_at(word, i);
        if (count >= SPELLED_DIGITS_MIN && !is_number(word, i, count)) {
            add_spelled(out, str_slice(word, i, i + count));
            i += count;
            /* A full stop stands there already. */
            i += i < word.len && word.ptr[i] == '.' ? 1 : 0;
            buf_add_text(out, i < word.len ? " " : "");
            continue;
        }
        size_t step = count > 0 ? count : 1;
        buf_add(out, str_slice(word, i, i + step));
        i += step;
    }
}

/* Words with single spaces between them, without URLs. */
struct str speech_of(struct str text, struct arena *arena)
{
    struct buf kept = {.arena = arena};
    struct buf plain = {.arena = arena};
    struct buf out = {.arena = arena};
    struct str word = STR_NONE;
    struct str rest = without_marks(text, "`", arena);
    while (str_split(&rest, ' ', &word)) {
        buf_add(&kept, without_url(word));
        buf_add_byte(&kept, ' ');
    }
    sms_add_plain(&plain, buf_str(&kept));
    rest = without_marks(buf_str(&plain), "\"*_#<>{}[]|~^\\=", arena);
    while (str_split(&rest, ' ', &word)) {
        /* An address that stood between marks, or was the words of a link, comes out here. */
        if (word.len > 0 && !is_url(word)) {
            buf_add_text(&out, out.len > 0 ? " " : "");
            add_word(&out, word);
        }
    }
    return buf_str(&out);
}

struct str speech_spell(struct str code, struct arena *arena)
{
    struct buf out = {.arena = arena};
    for (size_t i = 0; i < code.len;) {
        size_t sequence = str_utf8_sequence(code, i);
        size_t len = sequence > 0 ? sequence : 1;
        if (sequence > 0) {
            buf_printf(&out, "%s%.*s.", out.len > 0 ? " " : "",
                       STR_FMT(str_slice(code, i, i + len)));
        }
        i += len;
    }
    return buf_str(&out);
}

/* The bytes of a sentence's end that stands at `at`; 0 where none does. */
static size_t sentence_end(struct str speech, size_t at)
{
    struct str rest = str_slice(speech, at, speech.len);
    if (str_starts(rest, STR("\xE0\xA5\xA4"))) {
        return 3; /* The danda of Hindi. */
    }
    /* "4. 2." is one number. */
    bool is_spelled = at > 0 && is_digit(speech.ptr[at - 1]);
    bool is_mark = strchr(".!?", rest.ptr[0]) != NULL && !is_spelled;
    return is_mark && (rest.len == 1 || rest.ptr[1] == ' ') ? 1 : 0;
}

struct str speech_cut(struct str speech, size_t max)
{
    if (speech.len <= max) {
        return speech;
    }
    struct str cut = str_cut_utf8(speech, max);
    for (size_t at = cut.len; at-- > 0;) {
        size_t bytes = sentence_end(cut, at);
        if (bytes > 0) {
            return str_slice(cut, 0, at + bytes);
        }
    }
    size_t end = cut.len;
    while (end > 0 && cut.ptr[end - 1] != ' ') {
        end--;
    }
    return str_trim(end > 0 ? str_slice(cut, 0, end) : cut);
}

int64_t speech_seconds(struct str speech)
{
    int64_t characters = 0;
    for (size_t i = 0; i < speech.len; i++) {
        characters += ((unsigned char)speech.ptr[i] & 0xC0) != 0x80 ? 1 : 0;
    }
    return (characters + CHARACTERS_A_SECOND - 1) / CHARACTERS_A_SECOND;
}
