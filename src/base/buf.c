#include "base/buf.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is printed is seldom longer, so that it is printed once. */
enum { PRINTF_ROOM = 64 };

void buf_free(struct buf *buf)
{
    if (buf->arena == NULL) {
        free(buf->ptr);
    }
    *buf = (struct buf){.arena = buf->arena};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
}

void buf_reserve(struct buf *buf, size_t more)
{
    size_t need = buf->len + more + 1;
    if (need <= buf->cap) {
        return;
    }
    size_t cap = buf->cap < 256 ? 256 : buf->cap * 2;
    if (cap < need) {
        cap = need;
    }
    char *grown = NULL;
    if (buf->arena != NULL) {
        grown = arena_alloc(buf->arena, cap);
        if (buf->len > 0) {
            memcpy(grown, buf->ptr, buf->len);
        }
    } else {
        grown = memory_grow(buf->ptr, cap, 1);
    }
    buf->ptr = grown;
    buf->cap = cap;
}

void buf_add(struct buf *buf, struct str s)
{
    if (s.len == 0) {
        return;
    }
    buf_reserve(buf, s.len);
    memcpy(buf->ptr + buf->len, s.ptr, s.len);
    buf->len += s.len;
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, str_from(text));
}

void buf_add_lower(struct buf *buf, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        buf_add_byte(buf, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
}

void buf_add_byte(struct buf *buf, char c)
{
    buf_reserve(buf, 1);
    buf->ptr[buf->len++] = c;
}

void buf_add_int(struct buf *buf, int64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        digits[--at] = '-';
    }
    buf_add(buf, (struct str){digits + at, sizeof digits - at});
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_list again;
    buf_reserve(buf, PRINTF_ROOM);
    size_t room = buf->cap - buf->len;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(buf->ptr + buf->len, room, format, args);
    va_end(args);
    if (len > 0 && (size_t)len >= room) {
        buf_reserve(buf, (size_t)len);
        vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, again);
    }
    buf->len += len > 0 ? (size_t)len : 0;
    va_end(again);
}

struct str buf_str(struct buf *buf)
{
    buf_reserve(buf, 0);
    buf->ptr[buf->len] = '\0';
    return (struct str){buf->ptr, buf->len};
}
