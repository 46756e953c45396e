#include "service/call_deltas.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A call touches four counters; a bulk touches the same four ten thousand times. */
enum { LOOKED_BACK = 8 };

static int compare(const void *left, const void *right)
{
    const struct call_delta *a = left;
    const struct call_delta *b = right;
    if (a->scope != b->scope) {
        return a->scope < b->scope ? -1 : 1;
    }
    if (a->scope_id != b->scope_id) {
        return a->scope_id < b->scope_id ? -1 : 1;
    }
    return strcmp(a->word, b->word);
}

void call_deltas_add(struct call_deltas *deltas, const struct call_delta *delta)
{
    assert(delta->scope != count_scope_NONE && delta->word != NULL);
    size_t first = deltas->count > LOOKED_BACK ? deltas->count - LOOKED_BACK : 0;
    first = first < deltas->fenced ? deltas->fenced : first;
    for (size_t i = deltas->count; i > first; i--) {
        if (compare(&deltas->items[i - 1], delta) == 0) {
            deltas->items[i - 1].delta += delta->delta;
            return;
        }
    }
    if (deltas->count == deltas->cap) {
        deltas->cap = deltas->cap == 0 ? 64 : deltas->cap * 2;
        deltas->items = memory_grow(deltas->items, deltas->cap, sizeof *deltas->items);
    }
    deltas->items[deltas->count++] = *delta;
}

void call_deltas_merge(struct call_deltas *deltas)
{
    size_t kept = 0;
    if (deltas->count > 1) {
        qsort(deltas->items, deltas->count, sizeof *deltas->items, compare);
    }
    for (size_t i = 0; i < deltas->count;) {
        struct call_delta merged = deltas->items[i++];
        while (i < deltas->count && compare(&deltas->items[i], &merged) == 0) {
            merged.delta += deltas->items[i++].delta;
        }
        if (merged.delta != 0) {
            deltas->items[kept++] = merged;
        }
    }
    deltas->count = kept;
}

void call_deltas_free(struct call_deltas *deltas)
{
    free(deltas->items);
    *deltas = (struct call_deltas){0};
}
