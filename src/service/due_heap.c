#include "service/due_heap.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

enum { ARITY = 4, FIRST_CAP = 1024 };

static bool goes_before(const struct due_entry *a, const struct due_entry *b)
{
    if (a->due_ms != b->due_ms) {
        return a->due_ms < b->due_ms;
    }
    return a->priority != b->priority ? a->priority < b->priority : a->id < b->id;
}

void due_heap_push(struct due_heap *heap, struct due_entry entry)
{
    if (heap->count == heap->cap) {
        size_t cap = heap->cap == 0 ? FIRST_CAP : heap->cap + heap->cap / 2;
        heap->items = memory_grow(heap->items, cap, sizeof *heap->items);
        heap->cap = cap;
    }
    size_t at = heap->count++;
    while (at > 0 && goes_before(&entry, &heap->items[(at - 1) / ARITY])) {
        heap->items[at] = heap->items[(at - 1) / ARITY];
        at = (at - 1) / ARITY;
    }
    heap->items[at] = entry;
}

const struct due_entry *due_heap_peek(const struct due_heap *heap)
{
    return heap->count == 0 ? NULL : &heap->items[0];
}

static size_t first_child(const struct due_heap *heap, size_t at)
{
    size_t best = at * ARITY + 1;
    size_t last = best + ARITY < heap->count ? best + ARITY : heap->count;
    for (size_t child = best + 1; child < last; child++) {
        if (goes_before(&heap->items[child], &heap->items[best])) {
            best = child;
        }
    }
    return best;
}

struct due_entry due_heap_pop(struct due_heap *heap)
{
    assert(heap->count > 0);
    struct due_entry top = heap->items[0];
    struct due_entry last = heap->items[--heap->count];
    size_t at = 0;
    while (at * ARITY + 1 < heap->count) {
        size_t child = first_child(heap, at);
        if (!goes_before(&heap->items[child], &last)) {
            break;
        }
        heap->items[at] = heap->items[child];
        at = child;
    }
    if (heap->count > 0) {
        heap->items[at] = last;
    }
    return top;
}

/* The one that a walk over the tree looks at after `at` and all that is below it; count at the end.
 */
static size_t next_beside(const struct due_heap *heap, size_t at)
{
    while (at > 0 && (at % ARITY == 0 || at + 1 >= heap->count)) {
        at = (at - 1) / ARITY;
    }
    return at == 0 ? heap->count : at + 1;
}

void due_heap_each_due(const struct due_heap *heap, int64_t now_ms, void *context,
                       void (*each)(void *context, const struct due_entry *entry))
{
    size_t at = 0;
    while (at < heap->count) {
        bool is_due = heap->items[at].due_ms <= now_ms;
        if (is_due) {
            each(context, &heap->items[at]);
        }
        size_t below = at * ARITY + 1;
        at = is_due && below < heap->count ? below : next_beside(heap, at);
    }
}

void due_heap_clear(struct due_heap *heap)
{
    heap->count = 0;
}

void due_heap_free(struct due_heap *heap)
{
    free(heap->items);
    *heap = (struct due_heap){0};
}
