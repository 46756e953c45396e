#include "sim/carrier_internal.h"

#include <assert.h>
#include <stdlib.h>

static bool is_earlier(const struct tick *a, const struct tick *b)
{
    return a->at.us != b->at.us ? a->at.us < b->at.us : a->serial < b->serial;
}

static void swap(struct tick *a, struct tick *b)
{
    struct tick kept = *a;
    *a = *b;
    *b = kept;
}

/* The last of the heap goes up to its place. */
static struct tick *rise(struct carrier *carrier)
{
    size_t at = carrier->tick_count - 1;
    while (at > 0 && is_earlier(&carrier->ticks[at], &carrier->ticks[(at - 1) / 2])) {
        swap(&carrier->ticks[at], &carrier->ticks[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    return &carrier->ticks[at];
}

static void sink(struct carrier *carrier)
{
    size_t at = 0;
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
            if (child < carrier->tick_count &&
                is_earlier(&carrier->ticks[child], &carrier->ticks[least])) {
                least = child;
            }
        }
        if (least == at) {
            return;
        }
        swap(&carrier->ticks[at], &carrier->ticks[least]);
        at = least;
    }
}

struct tick *tick_add(struct carrier *carrier, struct instant at, enum tick_kind kind,
                      struct item *item)
{
    if (carrier->tick_count == carrier->tick_cap) {
        carrier->tick_cap = carrier->tick_cap == 0 ? 64 : carrier->tick_cap * 2;
        carrier->ticks = realloc(carrier->ticks, carrier->tick_cap * sizeof *carrier->ticks);
        if (carrier->ticks == NULL) {
            abort();
        }
    }
    carrier->ticks[carrier->tick_count++] = (struct tick){
        .at = at,
        .serial = ++carrier->serial,
        .kind = kind,
        .item = item,
        .generation = item == NULL ? 0 : item->generation,
    };
    return rise(carrier);
}

const struct tick *tick_first(const struct carrier *carrier)
{
    return carrier->tick_count == 0 ? NULL : &carrier->ticks[0];
}

struct tick tick_take(struct carrier *carrier)
{
    assert(carrier->tick_count > 0);
    struct tick first = carrier->ticks[0];
    carrier->ticks[0] = carrier->ticks[--carrier->tick_count];
    sink(carrier);
    return first;
}

bool carrier_next(const struct carrier *carrier, struct instant *at)
{
    const struct tick *first = tick_first(carrier);
    if (first == NULL) {
        return false;
    }
    *at = first->at;
    return true;
}

bool carrier_is_quiet(const struct carrier *carrier)
{
    return carrier->tick_count == 0 && carrier->open == NULL;
}
