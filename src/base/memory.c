#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void memory_is_out(void)
{
    fputs("tocsin: out of memory\n", stderr);
    abort();
}

void *memory_new(size_t size)
{
    return memory_new_array(1, size);
}

void *memory_new_array(size_t count, size_t size)
{
    void *memory = calloc(count, size == 0 ? 1 : size);
    if (memory == NULL && count > 0) {
        memory_is_out();
    }
    return memory;
}

void *memory_grow(void *old, size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size) {
        memory_is_out();
    }
    void *memory = realloc(old, count * size == 0 ? 1 : count * size);
    if (memory == NULL) {
        memory_is_out();
    }
    return memory;
}
