#include "channel/xml_text.h"

static bool is_noncharacter(struct str sequence)
{
    return str_equal(sequence, STR("\xEF\xBF\xBE")) || str_equal(sequence, STR("\xEF\xBF\xBF"));
}

/* How a byte is written that may not stand as it is; NULL where it may. */
static const char *reference_of(char c, bool is_attribute)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&apos;";
    case '\t':
        return is_attribute ? "&#9;" : NULL;
    case '\n':
        return is_attribute ? "&#10;" : NULL;
    case '\r':
        return "&#13;"; /* A parser turns a plain one into LF. */
    default:
        return NULL;
    }
}

static bool is_control(struct str sequence)
{
    unsigned char c = (unsigned char)sequence.ptr[0];
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
}

static void add_escaped(struct buf *out, struct str text, bool is_attribute)
{
    size_t at = 0;
    while (at < text.len) {
        size_t len = str_utf8_sequence(text, at);
        if (len == 0) {
            at++;
            continue;
        }
        struct str sequence = {text.ptr + at, len};
        const char *reference = reference_of(text.ptr[at], is_attribute);
        at += len;
        if (reference != NULL) {
            buf_add_text(out, reference);
        } else if (!is_control(sequence) && !is_noncharacter(sequence)) {
            buf_add(out, sequence);
        }
    }
}

void xml_add_text(struct buf *out, struct str text)
{
    add_escaped(out, text, false);
}

void xml_add_attribute(struct buf *out, const char *name, struct str value)
{
    if (!str_is_set(value)) {
        return;
    }
    buf_add_byte(out, ' ');
    buf_add_text(out, name);
    buf_add_text(out, "=\"");
    add_escaped(out, value, true);
    buf_add_byte(out, '"');
}
