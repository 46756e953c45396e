/* base/arena: memory that lives as long as one operation.
 *
 * An arena hands out memory that is freed all at once. Out of memory ends the process (style.md 8):
 * everything that comes from outside is bounded before it is stored, so that this never happens by
 * somebody's request.
 * Threads: one arena belongs to one thread at a time. */
#ifndef TOCSIN_BASE_ARENA_H
#define TOCSIN_BASE_ARENA_H

#include "base/str.h"

struct arena;

NODISCARD struct arena *arena_new(void);
void arena_free(struct arena **arena);
/* Forgets everything handed out; keeps one block for the next operation. */
void arena_reset(struct arena *arena);

/* Zeroed, aligned for any type. Never NULL. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_alloc_array(struct arena *arena, size_t count, size_t size);
#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_NEW_ARRAY(arena, type, count) \
    ((type *)arena_alloc_array((arena), (count), sizeof(type)))

/* Copies, each with a terminating NUL behind it that does not count. An absent string stays absent.
 */
struct str arena_str(struct arena *arena, struct str s);
struct str arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
const char *arena_cstr(struct arena *arena, struct str s);

/* How many bytes are held, handed out or not. */
size_t arena_bytes(const struct arena *arena);

#endif
