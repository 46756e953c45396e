#include "channel/sms_text.h"

enum { GSM_SINGLE = 160, GSM_PART = 153, UCS_SINGLE = 70, UCS_PART = 67, FORCING_SHOWN_MAX = 20 };

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

/* Letters with marks that GSM-7 does not have, up to U+017F and the Romanian ones. */
static const struct plain_form bare_forms[] = {
    {0x00C0, "A"},  {0x00C1, "A"},  {0x00C2, "A"},  {0x00C3, "A"},  {0x00C8, "E"},  {0x00CA, "E"},
    {0x00CB, "E"},  {0x00CC, "I"},  {0x00CD, "I"},  {0x00CE, "I"},  {0x00CF, "I"},  {0x00D0, "D"},
    {0x00D2, "O"},  {0x00D3, "O"},  {0x00D4, "O"},  {0x00D5, "O"},  {0x00D9, "U"},  {0x00DA, "U"},
    {0x00DB, "U"},  {0x00DD, "Y"},  {0x00DE, "Th"}, {0x00E1, "a"},  {0x00E2, "a"},  {0x00E3, "a"},
    {0x00E7, "c"},  {0x00EA, "e"},  {0x00EB, "e"},  {0x00ED, "i"},  {0x00EE, "i"},  {0x00EF, "i"},
    {0x00F0, "d"},  {0x00F3, "o"},  {0x00F4, "o"},  {0x00F5, "o"},  {0x00FA, "u"},  {0x00FB, "u"},
    {0x00FD, "y"},  {0x00FE, "th"}, {0x00FF, "y"},  {0x0100, "A"},  {0x0101, "a"},  {0x0102, "A"},
    {0x0103, "a"},  {0x0104, "A"},  {0x0105, "a"},  {0x0106, "C"},  {0x0107, "c"},  {0x0108, "C"},
    {0x0109, "c"},  {0x010A, "C"},  {0x010B, "c"},  {0x010C, "C"},  {0x010D, "c"},  {0x010E, "D"},
    {0x010F, "d"},  {0x0110, "D"},  {0x0111, "d"},  {0x0112, "E"},  {0x0113, "e"},  {0x0114, "E"},
    {0x0115, "e"},  {0x0116, "E"},  {0x0117, "e"},  {0x0118, "E"},  {0x0119, "e"},  {0x011A, "E"},
    {0x011B, "e"},  {0x011C, "G"},  {0x011D, "g"},  {0x011E, "G"},  {0x011F, "g"},  {0x0120, "G"},
    {0x0121, "g"},  {0x0122, "G"},  {0x0123, "g"},  {0x0124, "H"},  {0x0125, "h"},  {0x0126, "H"},
    {0x0127, "h"},  {0x0128, "I"},  {0x0129, "i"},  {0x012A, "I"},  {0x012B, "i"},  {0x012C, "I"},
    {0x012D, "i"},  {0x012E, "I"},  {0x012F, "i"},  {0x0130, "I"},  {0x0131, "i"},  {0x0132, "IJ"},
    {0x0133, "ij"}, {0x0134, "J"},  {0x0135, "j"},  {0x0136, "K"},  {0x0137, "k"},  {0x0138, "k"},
    {0x0139, "L"},  {0x013A, "l"},  {0x013B, "L"},  {0x013C, "l"},  {0x013D, "L"},  {0x013E, "l"},
    {0x013F, "L"},  {0x0140, "l"},  {0x0141, "L"},  {0x0142, "l"},  {0x0143, "N"},  {0x0144, "n"},
    {0x0145, "N"},  {0x0146, "n"},  {0x0147, "N"},  {0x0148, "n"},  {0x0149, "'n"}, {0x014A, "Ng"},
    {0x014B, "ng"}, {0x014C, "O"},  {0x014D, "o"},  {0x014E, "O"},  {0x014F, "o"},  {0x0150, "O"},
    {0x0151, "o"},  {0x0152, "OE"}, {0x0153, "oe"}, {0x0154, "R"},  {0x0155, "r"},  {0x0156, "R"},
    {0x0157, "r"},  {0x0158, "R"},  {0x0159, "r"},  {0x015A, "S"},  {0x015B, "s"},  {0x015C, "S"},
    {0x015D, "s"},  {0x015E, "S"},  {0x015F, "s"},  {0x0160, "S"},  {0x0161, "s"},  {0x0162, "T"},
    {0x0163, "t"},  {0x0164, "T"},  {0x0165, "t"},  {0x0166, "T"},  {0x0167, "t"},  {0x0168, "U"},
    {0x0169, "u"},  {0x016A, "U"},  {0x016B, "u"},  {0x016C, "U"},  {0x016D, "u"},  {0x016E, "U"},
    {0x016F, "u"},  {0x0170, "U"},  {0x0171, "u"},  {0x0172, "U"},  {0x0173, "u"},  {0x0174, "W"},
    {0x0175, "w"},  {0x0176, "Y"},  {0x0177, "y"},  {0x0178, "Y"},  {0x0179, "Z"},  {0x017A, "z"},
    {0x017B, "Z"},  {0x017C, "z"},  {0x017D, "Z"},  {0x017E, "z"},  {0x017F, "s"},  {0x0218, "S"},
    {0x0219, "s"},  {0x021A, "T"},  {0x021B, "t"},  {0x1E9E, "SS"},
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
    size.units_left = part - used;
    if (size.units <= single) {
        size.segments = 1;
        size.units_left = single - size.units;
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

static const char *form_of(const struct plain_form *forms, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++) {
        if (forms[i].code == code) {
            return forms[i].plain;
        }
    }
    return NULL;
}

static void add_forms(struct buf *out, struct str text, const struct plain_form *forms,
                      size_t count)
{
    for (size_t at = 0; at < text.len;) {
        size_t start = at;
        uint32_t code = next_code(text, &at);
        const char *plain = form_of(forms, count, code);
        if (plain != NULL) {
            buf_add_text(out, plain);
        } else {
            buf_add(out, str_slice(text, start, at));
        }
    }
}

void sms_add_plain(struct buf *out, struct str text)
{
    add_forms(out, text, plain_forms, ARRAY_LENGTH(plain_forms));
}

void sms_add_without_marks(struct buf *out, struct str text)
{
    add_forms(out, text, bare_forms, ARRAY_LENGTH(bare_forms));
}

void sms_add_cheapest(struct buf *out, struct str text, struct arena *arena)
{
    struct buf plain = {.arena = arena};
    struct buf bare = {.arena = arena};
    sms_add_plain(&plain, text);
    sms_add_without_marks(&bare, buf_str(&plain));
    bool is_cheaper = sms_segments(buf_str(&bare)) < sms_segments(buf_str(&plain));
    buf_add(out, is_cheaper ? buf_str(&bare) : buf_str(&plain));
}

void sms_add_forcing(struct buf *out, struct str text)
{
    size_t first = out->len;
    size_t count = 0;
    for (size_t at = 0; at < text.len && count < FORCING_SHOWN_MAX;) {
        size_t start = at;
        uint32_t code = next_code(text, &at);
        struct str character = str_slice(text, start, at);
        struct str shown = str_slice(buf_str(out), first, out->len);
        if (code != 0xFFFD && gsm_septets(code) == 0 && !str_contains(shown, character)) {
            buf_add(out, character);
            count++;
        }
    }
}
