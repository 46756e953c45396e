#include "channel/sms_text.h"

enum { GSM_SINGLE = 160, GSM_PART = 153, UCS_SINGLE = 70, UCS_PART = 67 };

/* The code points above ASCII that GSM-7 has, ascending. */
static const uint16_t gsm_basic[] = {
    0xA1, 0xA3, 0xA4, 0xA5,  0xA7,  0xBF,  0xC4,  0xC5,  0xC6,  0xC7,  0xC9,  0xD1,  0xD6,
    0xD8, 0xDC, 0xDF, 0xE0,  0xE4,  0xE5,  0xE6,  0xE8,  0xE9,  0xEC,  0xF1,  0xF2,  0xF6,
    0xF8, 0xF9, 0xFC, 0x393, 0x394, 0x398, 0x39B, 0x39E, 0x3A0, 0x3A3, 0x3A6, 0x3A8, 0x3A9,
};

struct plain_form {
    uint32_t code;
    const char *plain;
};

static const struct plain_form plain_forms[] = {
    {0x00A0, " "},  {0x00AB, "\""}, {0x00AD, ""},   {0x00B4, "'"},  {0x00BB, "\""}, {0x02BC, "'"},
    {0x2002, " "},  {0x2003, " "},  {0x2007, " "},  {0x2009, " "},  {0x200A, " "},  {0x200B, ""},
    {0x200E, ""},   {0x200F, ""},   {0x2010, "-"},  {0x2011, "-"},  {0x2012, "-"},  {0x2013, "-"},
    {0x2014, "-"},  {0x2015, "-"},  {0x2018, "'"},  {0x2019, "'"},  {0x201A, "'"},  {0x201B, "'"},
    {0x201C, "\""}, {0x201D, "\""}, {0x201E, "\""}, {0x201F, "\""}, {0x2022, "*"},  {0x2026, "..."},
    {0x202F, " "},  {0x2032, "'"},  {0x2033, "\""}, {0x2039, "'"},  {0x203A, "'"},  {0x2060, ""},
    {0x2212, "-"},  {0x2215, "/"},  {0x3000, " "},  {0xFEFF, ""},   {0x0060, "'"},
};

/* The character at *at, which moves behind it. A byte that begins no sequence stands for itself, as
 * U+FFFD. */
static uint32_t next_code(struct str text, size_t *at)
{
    unsigned char first = (unsigned char)text.ptr[(*at)++];
    if (first < 0x80) {
        return first;
    }
    size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC2 ? 1 : 0;
    if (more == 0 || text.len - *at < more) {
        return 0xFFFD;
    }
    uint32_t code = first & (0x3Fu >> more);
    for (size_t i = 0; i < more; i++) {
        unsigned char c = (unsigned char)text.ptr[*at + i];
        if ((c & 0xC0) != 0x80) {
            return 0xFFFD;
        }
        code = code << 6 | (c & 0x3F);
    }
    *at += more;
    return code;
}

/* Septets for a character, 0 for one that GSM-7 does not have. */
static size_t gsm_septets(uint32_t code)
{
    switch (code) {
    case '\f':
    case '^':
    case '{':
    case '}':
    case '\\':
    case '[':
    case '~':
    case ']':
    case '|':
    case 0x20AC:
        return 2;
    case '`':
        return 0;
    default:
        break;
    }
    if (code == '\n' || code == '\r' || (code >= 0x20 && code < 0x7F)) {
        return 1;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(gsm_basic); i++) {
        if (gsm_basic[i] == code) {
            return 1;
        }
    }
    return 0;
}

static size_t ucs_units(uint32_t code)
{
    return code > 0xFFFF ? 2 : 1;
}

/* Fills segments one after the other; what takes two units is not cut. */
static struct sms_size measure_as(struct str text, bool is_gsm7)
{
    size_t part = is_gsm7 ? GSM_PART : UCS_PART;
    size_t single = is_gsm7 ? GSM_SINGLE : UCS_SINGLE;
    struct sms_size size = {.is_gsm7 = is_gsm7, .segments = 1};
    size_t used = 0;
    for (size_t at = 0; at < text.len;) {
        uint32_t code = next_code(text, &at);
        size_t units = is_gsm7 ? gsm_septets(code) : ucs_units(code);
        size.units += units;
        if (used + units > part) {
            size.segments++;
            used = 0;
        }
        used += units;
    }
    if (size.units <= single) {
        size.segments = 1;
    }
    return size;
}

struct sms_size sms_measure(struct str text)
{
    for (size_t at = 0; at < text.len;) {
        if (gsm_septets(next_code(text, &at)) == 0) {
            return measure_as(text, false);
        }
    }
    return measure_as(text, true);
}

size_t sms_segments(struct str text)
{
    return sms_measure(text).segments;
}

static const char *plain_form(uint32_t code)
{
    for (size_t i = 0; i < ARRAY_LENGTH(plain_forms); i++) {
        if (plain_forms[i].code == code) {
            return plain_forms[i].plain;
        }
    }
    return NULL;
}

void sms_add_plain(struct buf *out, struct str text)
{
    for (size_t at = 0; at < text.len;) {
        size_t start = at;
        uint32_t code = next_code(text, &at);
        const char *plain = plain_form(code);
        if (plain != NULL) {
            buf_add_text(out, plain);
        } else {
            buf_add(out, str_slice(text, start, at));
        }
    }
}
