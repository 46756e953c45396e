/* service/due_heap: what is due next: a 4-ary heap of (due time, priority, id), 24 bytes each
 * (requirement Q5).
 *
 * A cache of the pending rows, rebuilt from them at start; the rows are the truth. An entry whose
 * row has ended is dropped when it comes up, so nothing is searched for a cancellation. Owner:
 * whoever made it; free with due_heap_free. */
#ifndef TOCSIN_SERVICE_DUE_HEAP_H
#define TOCSIN_SERVICE_DUE_HEAP_H

#include "base/time.h"
#include "model/id.h"

struct due_entry {
    int64_t due_ms;
    int64_t id;
    int32_t priority; /* 1 goes first among equals. */
    int32_t tag;      /* The owner's: which rows the id is one of. */
};

struct due_heap {
    struct due_entry *items;
    size_t count;
    size_t cap;
};

void due_heap_push(struct due_heap *heap, struct due_entry entry);
/* NULL when it is empty; valid until the next change. */
const struct due_entry *due_heap_peek(const struct due_heap *heap);
struct due_entry due_heap_pop(struct due_heap *heap); /* Must not be empty. */
/* Each that is due at `now_ms`, in no order, without a look at most of the others. */
void due_heap_each_due(const struct due_heap *heap, int64_t now_ms, void *context,
                       void (*each)(void *context, const struct due_entry *entry));
void due_heap_clear(struct due_heap *heap);
void due_heap_free(struct due_heap *heap);

#endif
