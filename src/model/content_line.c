#include "model/content_line.h"

enum { LINE_OCTETS_MAX = 75 };

void content_line_end(struct buf *out, struct buf *line)
{
    struct str rest = buf_str(line);
    size_t room = LINE_OCTETS_MAX;
    for (;;) {
        struct str piece = str_cut_utf8(rest, room);
        buf_add(out, piece);
        buf_add_text(out, "\r\n");
        if (piece.len == rest.len) {
            break;
        }
        rest = str_slice(rest, piece.len, rest.len);
        buf_add_text(out, " ");
        /* The space that opens a continuation counts. */
        room = LINE_OCTETS_MAX - 1;
    }
    buf_clear(line);
}

void content_line_add_escaped(struct buf *line, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_crlf = c == '\r' && i + 1 < text.len && text.ptr[i + 1] == '\n';
        if (is_crlf) {
            continue;
        }
        if (c == '\n' || c == '\r') {
            buf_add_text(line, "\\n");
        } else if (c == '\\' || c == ';' || c == ',') {
            buf_add_byte(line, '\\');
            buf_add_byte(line, c);
        } else {
            bool is_control = (unsigned char)c < 0x20 || c == 0x7F;
            buf_add_byte(line, is_control ? ' ' : c);
        }
    }
}

void content_line_text(struct buf *out, struct buf *line, const char *name, struct str text)
{
    if (text.len == 0) {
        return;
    }
    buf_add_text(line, name);
    buf_add_byte(line, ':');
    content_line_add_escaped(line, text);
    content_line_end(out, line);
}

static void add_digits(struct buf *line, int value, int width)
{
    char digits[4];
    for (int i = width; i > 0; i--) {
        digits[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    buf_add(line, (struct str){digits, (size_t)width});
}

void content_line_time(struct buf *out, struct buf *line, const char *name, struct instant at)
{
    int64_t seconds = instant_ms(at) / 1000;
    int second_of_day = (int)(seconds % 86400);
    struct date date = date_from_days(seconds / 86400);
    buf_add_text(line, name);
    buf_add_byte(line, ':');
    if (date.year >= 0 && date.year <= 9999) {
        add_digits(line, (int)date.year, 4);
    } else {
        buf_add_int(line, date.year);
    }
    add_digits(line, date.month, 2);
    add_digits(line, date.day, 2);
    buf_add_byte(line, 'T');
    add_digits(line, second_of_day / 3600, 2);
    add_digits(line, second_of_day / 60 % 60, 2);
    add_digits(line, second_of_day % 60, 2);
    buf_add_byte(line, 'Z');
    content_line_end(out, line);
}

void content_line_int(struct buf *out, struct buf *line, const char *name, int64_t number)
{
    buf_printf(line, "%s:%lld", name, (long long)number);
    content_line_end(out, line);
}
