#include "service/executor_internal.h"

#include "base/memory.h"
#include "service/due_list.h"
#include "service/engine.h"

#include <assert.h>

/* What is due later than that is found missing in the index long before. */
enum { ENDED_MIN = 64, SOON_SECONDS = 90 };

static_assert((int)DUE_SHARDS == (int)NODE_SHARDS, "the index has the shards of the nodes");

static struct due_item item_of(const struct effect *effect)
{
    enum timer_kind kind = (enum timer_kind)effect->tag;
    return (struct due_item){due_shard(kind, effect->id), kind, effect->id, instant_ms(effect->at)};
}

static void note(const struct executor *executor, enum due_change change, struct due_item item)
{
    struct due_note note = {change, item};
    executor->due.note(executor->due.context, &note);
}

/* The place where a timer is remembered, whatever stands there now. */
static struct due_item *place_of(struct executor *executor, struct id id)
{
    return &executor->known[(uint64_t)id.value * UINT64_C(0x9e3779b97f4a7c15) >> 32 &
                            (KNOWN_TIMERS - 1)];
}

void executor_note_end(struct executor *executor, const struct due_entry *entry)
{
    enum timer_kind kind = (enum timer_kind)entry->tag;
    if (executor->due.note == NULL || executor->writer.is_early) {
        return;
    }
    if (executor->ended_count == executor->ended_cap) {
        executor->ended_cap = executor->ended_cap == 0 ? ENDED_MIN : 2 * executor->ended_cap;
        executor->ended =
            memory_grow(executor->ended, executor->ended_cap, sizeof *executor->ended);
    }
    struct id id = {entry->id};
    executor->ended[executor->ended_count++] =
        (struct due_note){DUE_DROP, {due_shard(kind, id), kind, id, entry->due_ms}};
}

/* Before what the same batch has armed: a timer that runs again is put back by that. */
void executor_tell_ended(struct executor *executor)
{
    for (size_t i = 0; i < executor->ended_count; i++) {
        executor->due.note(executor->due.context, &executor->ended[i]);
    }
    executor->ended_count = 0;
}

void executor_note_timer(struct executor *executor, const struct effect *effect)
{
    if (executor->due.note == NULL) {
        return;
    }
    struct due_item item = item_of(effect);
    *place_of(executor, item.id) = item;
    note(executor, DUE_PUT, item);
}

void executor_tell_timer(struct executor *executor, const struct effect *effect)
{
    if (executor->due.note == NULL || effect->kind != EFFECT_TIMER) {
        return;
    }
    struct instant soon = instant_add(executor_now(executor), SECONDS(SOON_SECONDS));
    if (instant_before(effect->at, soon)) {
        note(executor, DUE_TELL, item_of(effect));
    }
}

void executor_note_shards(struct executor *executor, const struct cluster_news *news)
{
    uint64_t before = news->is_first ? 0 : executor->held & ~news->lost;
    executor->held = before | news->gained;
}

void executor_tell_shards(struct executor *executor, bool is_anew)
{
    if (executor->cluster == NULL) {
        executor->held = ~UINT64_C(0);
    }
    if (executor->due.hold != NULL && (is_anew || executor->held != executor->held_told)) {
        executor->held_told = executor->held;
        executor->due.hold(executor->due.context, executor->held);
    }
}

/* A call goes through the pacer, which is to get it once. */
void executor_hint(struct executor *executor, const struct due_item *item)
{
    struct due_item *known = place_of(executor, item->id);
    bool is_known = known->due_ms == item->due_ms && due_item_compare(known, item) == 0;
    bool is_own =
        executor->cluster == NULL || cluster_has_timer(executor->cluster, item->kind, item->id);
    if (is_known || !is_own || item->kind == timer_kind_SCHEDULED_CALL) {
        return;
    }
    *known = *item;
    due_heap_push(&executor->timers, (struct due_entry){.due_ms = item->due_ms,
                                                        .id = item->id.value,
                                                        .priority = PRIORITY_MEDIUM,
                                                        .tag = (int32_t)item->kind});
    if (executor->due.note != NULL) {
        note(executor, DUE_PUT, *item);
    }
}
