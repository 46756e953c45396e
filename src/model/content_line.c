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
    buf_printf(line, "%s:", name);
    content_line_add_escaped(line, text);
    content_line_end(out, line);
}

void content_line_time(struct buf *out, struct buf *line, const char *name, struct instant at)
{
    int64_t seconds = instant_ms(at) / 1000;
    int second_of_day = (int)(seconds % 86400);
    struct date date = date_from_days(seconds / 86400);
    buf_printf(line, "%s:%04d%02d%02dT%02d%02d%02dZ", name, (int)date.year, date.month, date.day,
               second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
    content_line_end(out, line);
}

void content_line_int(struct buf *out, struct buf *line, const char *name, int64_t number)
{
    buf_printf(line, "%s:%lld", name, (long long)number);
    content_line_end(out, line);
}
