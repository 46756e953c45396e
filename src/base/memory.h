/* base/memory: memory with a named long-lived owner, where an arena does not fit (style.md 8).
 *
 * Never NULL: out of memory ends the process, after saying so. What is handed out is freed with
 * free(). Threads: any. */
#ifndef TOCSIN_BASE_MEMORY_H
#define TOCSIN_BASE_MEMORY_H

#include <stddef.h>

/* Zeroed. `size` may be 0. */
void *memory_new(size_t size);
void *memory_new_array(size_t count, size_t size);
/* Room for `count` items, with the old ones in their places; `old` may be NULL. What is new is not
 * zeroed. */
void *memory_grow(void *old, size_t count, size_t size);
/* For memory that somebody else was to make. */
_Noreturn void memory_is_out(void);

#endif
