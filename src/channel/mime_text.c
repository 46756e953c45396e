#include "channel/mime_text.h"

#include <assert.h>
#include <string.h>

enum {
    HEADER_LINE_MAX = 78,
    ENCODED_WORD_MAX = 75,
    BODY_LINE_MAX = 76,
    BASE64_LINE_BYTES = 57 /* 76 characters. */
};

static void add_base64_run(struct buf *out, struct str bytes)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t group = (uint32_t)(unsigned char)bytes.ptr[i] << 16;
        group |= left > 1 ? (uint32_t)(unsigned char)bytes.ptr[i + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)(unsigned char)bytes.ptr[i + 2] : 0;
        buf_add_byte(out, alphabet[group >> 18]);
        buf_add_byte(out, alphabet[group >> 12 & 63]);
        buf_add_byte(out, left > 1 ? alphabet[group >> 6 & 63] : '=');
        buf_add_byte(out, left > 2 ? alphabet[group & 63] : '=');
    }
}

void mime_add_base64(struct buf *out, struct str bytes)
{
    for (size_t at = 0; at < bytes.len; at += BASE64_LINE_BYTES) {
        add_base64_run(out, str_slice(bytes, at, at + BASE64_LINE_BYTES));
        buf_add_text(out, "\r\n");
    }
}

/* Encoded words, the first of which begins at `column` of its line. Gives the column behind the
 * last one. */
static size_t add_encoded_words(struct buf *out, struct str value, size_t column)
{
    static const struct str open = STR_INIT("=?utf-8?B?");
    static const struct str close = STR_INIT("?=");
    size_t at = 0;
    while (at < value.len) {
        size_t room = HEADER_LINE_MAX - column;
        room = room > ENCODED_WORD_MAX ? ENCODED_WORD_MAX : room;
        size_t bytes_max = (room - open.len - close.len) / 4 * 3;
        struct str piece = str_cut_utf8(str_slice(value, at, value.len), bytes_max);
        assert(piece.len > 0);
        size_t start = out->len;
        buf_add(out, open);
        add_base64_run(out, piece);
        buf_add(out, close);
        column += out->len - start;
        at += piece.len;
        if (at < value.len) {
            buf_add_text(out, "\r\n ");
            column = 1;
        }
    }
    return column;
}

static bool is_printable_ascii(struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < 0x20 || value.ptr[i] > 0x7E) {
            return false;
        }
    }
    return true;
}

/* White space that a reader may collapse or strip, and what looks like an encoded word, must be
 * encoded. */
static bool is_plain(struct str value)
{
    return is_printable_ascii(value) && value.len > 0 && value.ptr[0] != ' ' &&
           value.ptr[value.len - 1] != ' ' && !str_contains(value, STR("  ")) &&
           !str_contains(value, STR("=?"));
}

/* Whether folding at spaces keeps every line within its limit. */
static bool can_be_folded(struct str value, size_t column)
{
    struct str word = STR_NONE;
    while (str_split(&value, ' ', &word)) {
        if (column + word.len > HEADER_LINE_MAX) {
            return false;
        }
        column = 1;
    }
    return true;
}

/* Gives the column behind the last word. */
static size_t add_folded(struct buf *out, struct str value, size_t column)
{
    struct str word = STR_NONE;
    bool is_first = true;
    while (str_split(&value, ' ', &word)) {
        bool fits = is_first || column + 1 + word.len <= HEADER_LINE_MAX;
        buf_add_text(out, is_first ? "" : fits ? " " : "\r\n ");
        column = fits ? column + (is_first ? 0 : 1) + word.len : 1 + word.len;
        buf_add(out, word);
        is_first = false;
    }
    return column;
}

void mime_add_unstructured(struct buf *out, const char *name, struct str value)
{
    size_t column = strlen(name) + 2;
    buf_add_text(out, name);
    buf_add_text(out, ": ");
    if (is_plain(value) && can_be_folded(value, column)) {
        (void)add_folded(out, value, column);
    } else {
        (void)add_encoded_words(out, value, column);
    }
    buf_add_text(out, "\r\n");
}

static bool is_atoms(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (strchr("()<>[]:;@\\,.\"", name.ptr[i]) != NULL) {
            return false;
        }
    }
    return true;
}

/* A quoted string, without regard to lines. */
static struct str quoted(struct str name, struct arena *arena)
{
    struct buf out = {.arena = arena};
    buf_add_byte(&out, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"' || name.ptr[i] == '\\') {
            buf_add_byte(&out, '\\');
        }
        buf_add_byte(&out, name.ptr[i]);
    }
    buf_add_byte(&out, '"');
    return buf_str(&out);
}

static size_t add_display_name(struct buf *out, struct str name, size_t column)
{
    struct str written = is_atoms(name) ? name : quoted(name, out->arena);
    if (is_plain(name) && can_be_folded(written, column)) {
        return add_folded(out, written, column);
    }
    return add_encoded_words(out, name, column);
}

void mime_add_mailbox(struct buf *out, const char *name, const struct mailbox *mailbox)
{
    size_t column = strlen(name) + 2;
    buf_add_text(out, name);
    buf_add_text(out, ": ");
    if (mailbox->name.len > 0) {
        column = add_display_name(out, mailbox->name, column);
        bool fits = column + mailbox->address.len + 3 <= HEADER_LINE_MAX;
        buf_add_text(out, fits ? " " : "\r\n ");
        buf_printf(out, "<%.*s>", STR_FMT(mailbox->address));
    } else {
        buf_add(out, mailbox->address);
    }
    buf_add_text(out, "\r\n");
}

/* One byte of a line. At its start a '.' and a "From " are written in hex, for old relays that
 * change them; white space only at its end, where it would be stripped. */
static bool is_literal(struct str line, size_t at)
{
    char c = line.ptr[at];
    if (c == ' ' || c == '\t') {
        return at + 1 < line.len;
    }
    if (at == 0 && (c == '.' || str_starts(line, STR("From ")))) {
        return false;
    }
    return c > 0x20 && c < 0x7F && c != '=';
}

static void add_quoted_line(struct buf *out, struct str line)
{
    size_t column = 0;
    for (size_t i = 0; i < line.len; i++) {
        bool literal = is_literal(line, i);
        size_t width = literal ? 1 : 3;
        /* The last column is kept for the '=' of a soft line break. */
        if (column + width > BODY_LINE_MAX - 1) {
            buf_add_text(out, "=\r\n");
            column = 0;
        }
        if (literal) {
            buf_add_byte(out, line.ptr[i]);
        } else {
            buf_printf(out, "=%02X", (unsigned)(unsigned char)line.ptr[i]);
        }
        column += width;
    }
    buf_add_text(out, "\r\n");
}

void mime_add_quoted_printable(struct buf *out, struct str text)
{
    size_t start = 0;
    for (size_t at = 0; at < text.len; at++) {
        char c = text.ptr[at];
        if (c != '\n' && c != '\r') {
            continue;
        }
        add_quoted_line(out, str_slice(text, start, at));
        if (c == '\r' && at + 1 < text.len && text.ptr[at + 1] == '\n') {
            at++;
        }
        start = at + 1;
    }
    if (start < text.len || text.len == 0) {
        add_quoted_line(out, str_slice(text, start, text.len));
    }
}
