#include "base/arena.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 16 * 1024, ALIGNMENT = 16, PRINTF_FIRST = 256 };

struct block {
    struct block *next;
    size_t size;
    size_t used;
    size_t padding;
    char bytes[];
};

struct arena {
    struct block *newest;
    size_t held;
};

static struct block *block_new(struct arena *arena, size_t size)
{
    struct block *block = malloc(sizeof *block + size);
    if (block == NULL) {
        memory_is_out();
    }
    block->next = arena->newest;
    block->size = size;
    block->used = 0;
    block->padding = 0;
    arena->newest = block;
    arena->held += size;
    return block;
}

struct arena *arena_new(void)
{
    return memory_new(sizeof(struct arena));
}

static void blocks_free(struct block *block)
{
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_free(struct arena **arena)
{
    if (*arena == NULL) {
        return;
    }
    blocks_free((*arena)->newest);
    free(*arena);
    *arena = NULL;
}

void arena_reset(struct arena *arena)
{
    struct block *keep = NULL;
    struct block *block = arena->newest;
    while (block != NULL) {
        struct block *next = block->next;
        if (keep == NULL && block->size == BLOCK_BYTES) {
            keep = block;
        } else {
            free(block);
        }
        block = next;
    }
    arena->newest = keep;
    arena->held = 0;
    if (keep != NULL) {
        keep->next = NULL;
        keep->used = 0;
        arena->held = keep->size;
    }
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2) {
        memory_is_out();
    }
    size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct block *block = arena->newest;
    if (block == NULL || block->size - block->used < rounded) {
        block = block_new(arena, rounded > BLOCK_BYTES / 4 ? rounded + BLOCK_BYTES : BLOCK_BYTES);
    }
    void *memory = block->bytes + block->used;
    block->used += rounded;
    memset(memory, 0, size);
    return memory;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
    size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total)) {
        memory_is_out();
    }
    return arena_alloc(arena, total);
}

struct str arena_str(struct arena *arena, struct str s)
{
    if (!str_is_set(s)) {
        return STR_NONE;
    }
    char *copy = arena_alloc(arena, s.len + 1);
    if (s.len > 0) {
        memcpy(copy, s.ptr, s.len);
    }
    return (struct str){copy, s.len};
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_list again;
    char first[PRINTF_FIRST]; /* Longer ones are printed again. */
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(first, sizeof first, format, args);
    va_end(args);
    if (len < 0) {
        memory_is_out();
    }
    char *text = arena_alloc(arena, (size_t)len + 1);
    if ((size_t)len < sizeof first) {
        memcpy(text, first, (size_t)len + 1);
    } else {
        vsnprintf(text, (size_t)len + 1, format, again);
    }
    va_end(again);
    return (struct str){text, (size_t)len};
}

const char *arena_cstr(struct arena *arena, struct str s)
{
    return str_is_set(s) ? arena_str(arena, s).ptr : NULL;
}

size_t arena_bytes(const struct arena *arena)
{
    return arena->held;
}
