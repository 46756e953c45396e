#include "service/due_list.h"

#include "base/memory.h"
#include "service/cluster.h"

#include <stdlib.h>

enum { RANK_GIVEN_UP, RANK_ROW, RANK_SUBJECT, ROWS_MIN = 1024 };

struct due_row {
    struct due_item item;
    int rank; /* The least of those of one timer counts. */
};

struct reading {
    uint64_t shards;
    struct due_row *rows;
    size_t count;
    size_t cap;
};

int due_shard(enum timer_kind kind, struct id id)
{
    return __builtin_ctzll(cluster_shard_bit(kind, id));
}

static void add_row(struct reading *reading, struct due_row row)
{
    if ((reading->shards >> row.item.shard & 1) == 0) {
        return;
    }
    if (reading->count == reading->cap) {
        reading->cap = reading->cap == 0 ? ROWS_MIN : 2 * reading->cap;
        reading->rows = memory_grow(reading->rows, reading->cap, sizeof *reading->rows);
    }
    reading->rows[reading->count++] = row;
}

static void take_waiting(void *context, const struct waiting_timer *timer)
{
    struct due_item item = {due_shard(timer->kind, timer->key.id), timer->kind, timer->key.id,
                            instant_ms(timer->due_at)};
    int rank = timer->key.kind == timer_kind_NONE ? RANK_ROW : RANK_SUBJECT;
    add_row(context, (struct due_row){item, rank});
}

static void take_given_up(void *context, enum timer_kind kind, struct id id)
{
    struct due_item item = {due_shard(kind, id), kind, id, 0};
    add_row(context, (struct due_row){item, RANK_GIVEN_UP});
}

static int compare_rows(const void *a, const void *b)
{
    const struct due_row *first = a;
    const struct due_row *second = b;
    int order = due_item_compare(&first->item, &second->item);
    return order != 0 ? order : first->rank - second->rank;
}

/* Of each timer its first row, unless that says that it was given up. */
static void pick(const struct reading *reading, struct due_list *out)
{
    out->items = memory_new_array(reading->count + 1, sizeof *out->items);
    for (size_t i = 0; i < reading->count; i++) {
        const struct due_row *row = &reading->rows[i];
        bool is_first = i == 0 || due_item_compare(&row->item, &row[-1].item) != 0;
        if (is_first && row->rank != RANK_GIVEN_UP) {
            out->items[out->count++] = row->item;
        }
    }
}

enum err due_list_read(struct db *db, uint64_t shards, struct due_list *out)
{
    struct reading reading = {.shards = shards};
    *out = (struct due_list){0};
    enum err err = timers_each_waiting(db, &reading, take_waiting);
    err = err == OK ? timers_each_given_up(db, &reading, take_given_up) : err;
    if (err == OK) {
        if (reading.count > 0) {
            qsort(reading.rows, reading.count, sizeof *reading.rows, compare_rows);
        }
        pick(&reading, out);
    }
    free(reading.rows);
    return err;
}

void due_list_free(struct due_list *list)
{
    free(list->items);
    *list = (struct due_list){0};
}

struct due_slice due_list_of(const struct due_list *list, int shard)
{
    size_t first = 0;
    while (first < list->count && list->items[first].shard < shard) {
        first++;
    }
    size_t end = first;
    while (end < list->count && list->items[end].shard == shard) {
        end++;
    }
    return (struct due_slice){shard, list->items + first, end - first};
}

enum err due_look(struct db *db, struct arena *arena, struct due_item *item)
{
    struct timer_key key = {timer_is_subject(item->kind) ? item->kind : timer_kind_NONE, item->id};
    struct timer timer = {0};
    bool has_row = false;
    TRY(timers_get(db, arena, key, &timer, &has_row));
    bool is_active = timer.state == timer_state_ACTIVE;
    if (timer.kind != (int)item->kind || (!is_active && timer.state != timer_state_PENDING)) {
        return E_NOT_FOUND;
    }
    item->due_ms = instant_ms(is_active ? timer.lease_until : timer.due_at);
    return OK;
}
