/* base/buf: text that grows.
 *
 * Zero-initialise with an arena (`struct buf out = {.arena = arena}`) or without one, in which case
 * buf_free() is owed. Out of memory ends the process. Threads: one owner. */
#ifndef TOCSIN_BASE_BUF_H
#define TOCSIN_BASE_BUF_H

#include "base/arena.h"

struct buf {
    char *ptr;
    size_t len;
    size_t cap;
    struct arena *arena;
};

void buf_free(struct buf *buf); /* Of no effect on a buf in an arena, beyond emptying it. */
void buf_clear(struct buf *buf);
void buf_reserve(struct buf *buf, size_t more); /* Room for `more` bytes beyond len. */
void buf_add(struct buf *buf, struct str s);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_byte(struct buf *buf, char c);
/* A to Z become a to z. */
void buf_add_lower(struct buf *buf, struct str s);
void buf_add_int(struct buf *buf, int64_t value);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
/* What was written so far; valid until the next addition. NUL-terminated beyond its length. */
struct str buf_str(struct buf *buf);

#endif
