#include "app/redis_hints.h"

#include "base/memory.h"
#include "service/due_list.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    HINTS_MAX = 256,
    HINTS_PER_SECOND = 200,
    NOTED_MAX = 1021, /* A prime: ids end in a counter. */
    TOLD_WAIT_MS = 50
};

struct redis_hints {
    struct redis_hints_config config;
    struct arena *scratch;
    struct due_item noted[NOTED_MAX]; /* Of the executor, each at the place of its id. */
    struct due_item told[HINTS_MAX];  /* By others, since told_ms. */
    size_t told_count;
    int64_t told_ms;
    int64_t second_ms; /* The begin of the second in which they are counted. */
    int counted;
    pthread_mutex_t lock; /* Of what follows. */
    struct due_item items[HINTS_MAX];
    size_t count;
};

struct redis_hints *redis_hints_new(const struct redis_hints_config *config)
{
    struct redis_hints *hints = memory_new(sizeof *hints);
    hints->config = *config;
    hints->scratch = arena_new();
    pthread_mutex_init(&hints->lock, NULL);
    return hints;
}

void redis_hints_free(struct redis_hints **hints)
{
    if (*hints == NULL) {
        return;
    }
    pthread_mutex_destroy(&(*hints)->lock);
    arena_free(&(*hints)->scratch);
    free(*hints);
    *hints = NULL;
}

/* --- Giving and taking --- */

static bool is_within_pace(struct redis_hints *hints)
{
    int64_t now_ms = hints->config.monotonic_ms();
    if (now_ms - hints->second_ms >= 1000) {
        hints->second_ms = now_ms;
        hints->counted = 0;
    }
    return hints->counted++ < HINTS_PER_SECOND;
}

static void put(struct redis_hints *hints, const struct due_item *item)
{
    if (atomic_load(hints->config.must_stop)) {
        return;
    }
    pthread_mutex_lock(&hints->lock);
    if (hints->count < HINTS_MAX) {
        hints->items[hints->count++] = *item;
    }
    pthread_mutex_unlock(&hints->lock);
    atomic_fetch_add(&hints->config.stats->redis_wakes, 1);
    hints->config.wake(hints->config.context);
}

void redis_hints_give(struct redis_hints *hints, const struct due_item *item)
{
    if (is_within_pace(hints)) {
        put(hints, item);
    }
}

void redis_hints_take(struct redis_hints *hints, void *context,
                      void (*each)(void *context, const struct due_item *item))
{
    struct due_item items[HINTS_MAX];
    pthread_mutex_lock(&hints->lock);
    size_t count = hints->count;
    memcpy(items, hints->items, count * sizeof *items);
    hints->count = 0;
    pthread_mutex_unlock(&hints->lock);
    for (size_t i = 0; i < count; i++) {
        each(context, &items[i]);
    }
}

/* --- What others tell --- */

static struct due_item *place_of(struct redis_hints *hints, struct id id)
{
    return &hints->noted[(uint64_t)id.value % NOTED_MAX];
}

static bool is_noted(struct redis_hints *hints, const struct due_item *item)
{
    const struct due_item *noted = place_of(hints, item->id);
    return due_item_compare(noted, item) == 0 && noted->due_ms == item->due_ms;
}

void redis_hints_note(struct redis_hints *hints, const struct due_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->notes[i].change == DUE_PUT) {
            *place_of(hints, batch->notes[i].item.id) = batch->notes[i].item;
        }
    }
}

void redis_hints_hear(struct redis_hints *hints, uint64_t held, struct str message)
{
    struct str line = STR_NONE;
    while (hints->told_count < HINTS_MAX && str_split(&message, '\n', &line)) {
        struct due_item item = {0};
        if (!due_line_parse(line, &item)) {
            continue;
        }
        item.shard = due_shard(item.kind, item.id);
        if ((held >> item.shard & 1) != 0 && !is_noted(hints, &item)) {
            hints->told_ms = hints->told_count == 0 ? hints->config.monotonic_ms() : hints->told_ms;
            hints->told[hints->told_count++] = item;
        }
    }
}

int64_t redis_hints_next_ms(const struct redis_hints *hints)
{
    return hints->told_count == 0 ? INT64_MAX : hints->told_ms + TOLD_WAIT_MS;
}

/* The database tells the same, as a rule, with the commit: only what did not come by that way is
 * looked at. The row decides when it is due, and whether at all. */
void redis_hints_look(struct redis_hints *hints)
{
    if (hints->config.monotonic_ms() < redis_hints_next_ms(hints)) {
        return;
    }
    for (size_t i = 0; i < hints->told_count; i++) {
        struct due_item item = hints->told[i];
        arena_reset(hints->scratch);
        if (!is_noted(hints, &item) && is_within_pace(hints) &&
            due_look(hints->config.reader, hints->scratch, &item) == OK) {
            put(hints, &item);
        }
    }
    hints->told_count = 0;
}
