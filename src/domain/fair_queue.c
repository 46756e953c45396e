#include "domain/fair_queue.h"

#include <assert.h>

/* A call counts as 60 units, so that calls a minute are units a second and no rate is rounded. */
enum { CALL_UNITS = 60, FIRST_CAP = 16, KEPT_CAP_MAX = 1024, MILLI = 1000 };

enum place { PLACE_NONE, PLACE_READY, PLACE_HELD };

struct fair_group {
    struct fair_entry *entries; /* A heap by deadline. */
    size_t count;
    size_t cap;
    struct bucket *buckets[FAIR_BUCKETS_MAX];
    size_t bucket_count;
    int64_t round;           /* The one in which its next call goes. */
    struct instant ready_at; /* While held: not before. */
    enum place place;
    size_t at; /* In the heap of its place. */
    int32_t next_free;
    bool is_open;
    bool is_paused;
};

void fair_bucket_begun(struct bucket *bucket, struct instant at)
{
    struct instant free_at = instant_add(at, bucket_time_of(bucket, CALL_UNITS));
    if (instant_before(bucket->free_at, free_at)) {
        bucket->free_at = free_at;
        bucket->taken_at = at;
    }
}

struct bucket fair_bucket(int64_t calls_per_minute)
{
    assert(calls_per_minute >= 0);
    return (struct bucket){.rate_milli = calls_per_minute * MILLI};
}

void fair_bucket_change(struct bucket *bucket, int64_t calls_per_minute)
{
    struct bucket changed = fair_bucket(calls_per_minute);
    if (changed.rate_milli == bucket->rate_milli) {
        return;
    }
    bucket->rate_milli = changed.rate_milli;
    if (instant_is_set(bucket->taken_at)) {
        bucket->free_at = instant_add(bucket->taken_at, bucket_time_of(bucket, CALL_UNITS));
    }
}

/* The calls of a group. */

static int64_t deadline_of(const struct fair_entry *entry)
{
    return entry->due_ms + (int64_t)(entry->priority - 1) * FAIR_AGEING_MS;
}

static bool entry_before(const struct fair_entry *a, const struct fair_entry *b)
{
    int64_t first = deadline_of(a);
    int64_t second = deadline_of(b);
    if (first != second) {
        return first < second;
    }
    return a->priority != b->priority ? a->priority < b->priority : a->id < b->id;
}

static void entry_push(struct fair_queue *queue, struct fair_group *group, struct fair_entry entry)
{
    if (group->count == group->cap) {
        group->cap = group->cap == 0 ? FIRST_CAP : group->cap + group->cap / 2;
        group->entries = queue->memory.grow(group->entries, group->cap, sizeof *group->entries);
        assert(group->entries != NULL);
    }
    size_t at = group->count++;
    while (at > 0 && entry_before(&entry, &group->entries[(at - 1) / 2])) {
        group->entries[at] = group->entries[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    group->entries[at] = entry;
}

static struct fair_entry entry_pop(struct fair_group *group)
{
    assert(group->count > 0);
    struct fair_entry top = group->entries[0];
    struct fair_entry last = group->entries[--group->count];
    size_t at = 0;
    for (size_t child = 1; child < group->count; child = at * 2 + 1) {
        bool is_right = child + 1 < group->count &&
                        entry_before(&group->entries[child + 1], &group->entries[child]);
        child += is_right ? 1 : 0;
        if (!entry_before(&group->entries[child], &last)) {
            break;
        }
        group->entries[at] = group->entries[child];
        at = child;
    }
    group->entries[at] = last;
    return top;
}

/* The two heaps of groups. */

static bool group_before(const struct fair_queue *queue, enum place place, int32_t a, int32_t b)
{
    const struct fair_group *first = &queue->groups[a];
    const struct fair_group *second = &queue->groups[b];
    if (place == PLACE_HELD) {
        return first->ready_at.us != second->ready_at.us
                   ? instant_before(first->ready_at, second->ready_at)
                   : a < b;
    }
    if (first->round != second->round) {
        return first->round < second->round;
    }
    assert(first->count > 0 && second->count > 0);
    return entry_before(&first->entries[0], &second->entries[0]);
}

static int32_t *heap_of(struct fair_queue *queue, enum place place)
{
    assert(place != PLACE_NONE);
    return place == PLACE_READY ? queue->ready : queue->held;
}

static size_t *count_of(struct fair_queue *queue, enum place place)
{
    assert(place != PLACE_NONE);
    return place == PLACE_READY ? &queue->ready_count : &queue->held_count;
}

static void put_at(struct fair_queue *queue, enum place place, size_t at, int32_t group)
{
    heap_of(queue, place)[at] = group;
    queue->groups[group].place = place;
    queue->groups[group].at = at;
}

static void sift_up(struct fair_queue *queue, int32_t group)
{
    enum place place = queue->groups[group].place;
    const int32_t *heap = heap_of(queue, place);
    size_t at = queue->groups[group].at;
    while (at > 0 && group_before(queue, place, group, heap[(at - 1) / 2])) {
        put_at(queue, place, at, heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put_at(queue, place, at, group);
}

static void sift_down(struct fair_queue *queue, int32_t group)
{
    enum place place = queue->groups[group].place;
    const int32_t *heap = heap_of(queue, place);
    size_t count = *count_of(queue, place);
    size_t at = queue->groups[group].at;
    for (size_t child = at * 2 + 1; child < count; child = at * 2 + 1) {
        bool is_right =
            child + 1 < count && group_before(queue, place, heap[child + 1], heap[child]);
        child += is_right ? 1 : 0;
        if (!group_before(queue, place, heap[child], group)) {
            break;
        }
        put_at(queue, place, at, heap[child]);
        at = child;
    }
    put_at(queue, place, at, group);
}

static void leave(struct fair_queue *queue, int32_t group)
{
    enum place place = queue->groups[group].place;
    if (place == PLACE_NONE) {
        return;
    }
    size_t at = queue->groups[group].at;
    int32_t last = heap_of(queue, place)[--*count_of(queue, place)];
    queue->groups[group].place = PLACE_NONE;
    if (last != group) {
        put_at(queue, place, at, last);
        sift_up(queue, last);
        sift_down(queue, last);
    }
}

static void enter(struct fair_queue *queue, enum place place, int32_t group)
{
    assert(queue->groups[group].place == PLACE_NONE);
    put_at(queue, place, (*count_of(queue, place))++, group);
    sift_up(queue, group);
}

/* A group that comes (back) in takes part from the present round on: rounds that it missed are not
 * made up for. */
static void enter_ready(struct fair_queue *queue, int32_t group)
{
    struct fair_group *entered = &queue->groups[group];
    entered->round = entered->round < queue->round ? queue->round : entered->round;
    enter(queue, PLACE_READY, group);
}

static void release_held(struct fair_queue *queue)
{
    int32_t group = queue->held[0];
    leave(queue, group);
    enter_ready(queue, group);
}

static struct instant ready_at_of(const struct fair_group *group, struct instant now)
{
    struct instant ready_at = now;
    for (size_t i = 0; i < group->bucket_count; i++) {
        ready_at = instant_max(ready_at, bucket_ready_at(group->buckets[i], now));
    }
    return ready_at;
}

/* A bucket that was taken from in what is now the future waits as long as it would have then. */
static void set_back(struct bucket *bucket, struct instant now)
{
    if (instant_before(now, bucket->taken_at)) {
        bucket->free_at = instant_sub(bucket->free_at, instant_since(bucket->taken_at, now));
        bucket->taken_at = now;
    }
}

static void set_all_back(struct fair_queue *queue, struct instant now)
{
    for (size_t i = 0; i < queue->group_count; i++) {
        for (size_t k = 0; k < queue->groups[i].bucket_count; k++) {
            set_back(queue->groups[i].buckets[k], now);
        }
    }
    fair_queue_recheck(queue);
}

/* The group that goes next, or FAIR_GROUP_NONE. A bucket that is shared may have become busy since
 * its groups were put where they are; that is found out here, when one of them comes up. */
static int32_t find_next(struct fair_queue *queue, struct instant now)
{
    if (instant_before(now, queue->looked_at)) {
        set_all_back(queue, now);
    }
    queue->looked_at = now;
    while (queue->held_count > 0 && !instant_before(now, queue->groups[queue->held[0]].ready_at)) {
        release_held(queue);
    }
    while (queue->ready_count > 0) {
        int32_t group = queue->ready[0];
        struct instant ready_at = ready_at_of(&queue->groups[group], now);
        if (!instant_before(now, ready_at)) {
            return group;
        }
        leave(queue, group);
        queue->groups[group].ready_at = ready_at;
        enter(queue, PLACE_HELD, group);
    }
    return FAIR_GROUP_NONE;
}

/* What the service asks for. */

struct fair_queue fair_queue_new(struct fair_memory memory)
{
    assert(memory.grow != NULL && memory.release != NULL);
    return (struct fair_queue){.memory = memory, .free_group = FAIR_GROUP_NONE};
}

void fair_queue_free(struct fair_queue *queue)
{
    struct fair_memory memory = queue->memory;
    for (size_t i = 0; i < queue->group_count; i++) {
        memory.release(queue->groups[i].entries);
    }
    memory.release(queue->groups);
    memory.release(queue->ready);
    memory.release(queue->held);
    *queue = (struct fair_queue){.memory = memory, .free_group = FAIR_GROUP_NONE};
}

static struct fair_group *group_at(const struct fair_queue *queue, int32_t group)
{
    assert(group >= 0 && (size_t)group < queue->group_count);
    assert(queue->groups[group].is_open);
    return &queue->groups[group];
}

static int32_t unused_group(struct fair_queue *queue)
{
    const struct fair_memory *memory = &queue->memory;
    int32_t group = queue->free_group;
    if (group != FAIR_GROUP_NONE) {
        queue->free_group = queue->groups[group].next_free;
        return group;
    }
    if (queue->group_count == queue->group_cap) {
        size_t cap = queue->group_cap == 0 ? FIRST_CAP : queue->group_cap * 2;
        assert(cap <= INT32_MAX);
        queue->groups = memory->grow(queue->groups, cap, sizeof *queue->groups);
        queue->ready = memory->grow(queue->ready, cap, sizeof *queue->ready);
        queue->held = memory->grow(queue->held, cap, sizeof *queue->held);
        queue->group_cap = cap;
    }
    return (int32_t)queue->group_count++;
}

int32_t fair_group_open(struct fair_queue *queue, struct bucket *const *buckets, size_t count)
{
    assert(queue != NULL && count <= FAIR_BUCKETS_MAX);
    int32_t group = unused_group(queue);
    struct fair_group opened = {.is_open = true, .next_free = FAIR_GROUP_NONE};
    for (size_t i = 0; i < count; i++) {
        if (buckets[i] != NULL) {
            if (instant_is_set(queue->looked_at)) {
                set_back(buckets[i], queue->looked_at);
            }
            opened.buckets[opened.bucket_count++] = buckets[i];
        }
    }
    queue->groups[group] = opened;
    queue->open_groups++;
    return group;
}

size_t fair_group_close(struct fair_queue *queue, int32_t group)
{
    struct fair_group *closed = group_at(queue, group);
    size_t count = closed->count;
    leave(queue, group);
    queue->waiting -= count;
    queue->paused -= closed->is_paused ? count : 0;
    queue->memory.release(closed->entries);
    *closed = (struct fair_group){.next_free = queue->free_group};
    queue->free_group = group;
    queue->open_groups--;
    return count;
}

void fair_group_pause(struct fair_queue *queue, int32_t group, bool is_paused)
{
    struct fair_group *changed = group_at(queue, group);
    if (changed->is_paused == is_paused) {
        return;
    }
    changed->is_paused = is_paused;
    if (is_paused) {
        queue->paused += changed->count;
        leave(queue, group);
        return;
    }
    queue->paused -= changed->count;
    if (changed->count > 0) {
        enter_ready(queue, group);
    }
}

size_t fair_group_waiting(const struct fair_queue *queue, int32_t group)
{
    return group_at(queue, group)->count;
}

void fair_queue_push(struct fair_queue *queue, int32_t group, struct fair_entry entry)
{
    struct fair_group *pushed = group_at(queue, group);
    assert(entry.priority >= 1);
    entry_push(queue, pushed, entry);
    queue->waiting++;
    if (pushed->is_paused) {
        queue->paused++;
    } else if (pushed->place == PLACE_NONE) {
        enter_ready(queue, group);
    } else if (pushed->place == PLACE_READY) {
        sift_up(queue, group);
    }
}

void fair_queue_recheck(struct fair_queue *queue)
{
    while (queue->held_count > 0) {
        release_held(queue);
    }
}

/* The memory of a burst is given back once it is over. */
static void after_take(struct fair_queue *queue, int32_t group)
{
    struct fair_group *taken = &queue->groups[group];
    if (taken->count > 0) {
        sift_down(queue, group);
        return;
    }
    if (taken->cap > KEPT_CAP_MAX) {
        queue->memory.release(taken->entries);
        taken->entries = NULL;
        taken->cap = 0;
    }
}

bool fair_queue_take(struct fair_queue *queue, struct instant now, struct fair_entry *out,
                     int32_t *group)
{
    assert(queue != NULL && out != NULL);
    int32_t next = find_next(queue, now);
    if (next == FAIR_GROUP_NONE) {
        return false;
    }
    struct fair_group *taken = group_at(queue, next);
    if (taken->count == 1) {
        leave(queue, next); /* While its first call still says where it stands. */
    }
    *out = entry_pop(taken);
    queue->round = taken->round;
    taken->round++;
    for (size_t i = 0; i < taken->bucket_count; i++) {
        bucket_take(taken->buckets[i], CALL_UNITS, now);
    }
    queue->waiting--;
    after_take(queue, next);
    if (group != NULL) {
        *group = next;
    }
    return true;
}

void fair_queue_give_back(struct fair_queue *queue, int32_t group)
{
    struct fair_group *given = group_at(queue, group);
    assert(given->round > 0);
    given->round--;
    if (given->place == PLACE_READY) {
        sift_up(queue, group);
    }
    fair_queue_recheck(queue);
}

bool fair_queue_ready_at(struct fair_queue *queue, struct instant now, struct instant *out)
{
    assert(queue != NULL && out != NULL);
    if (find_next(queue, now) != FAIR_GROUP_NONE) {
        *out = now;
        return true;
    }
    while (queue->held_count > 0) {
        int32_t group = queue->held[0];
        struct instant ready_at = ready_at_of(&queue->groups[group], now);
        if (ready_at.us == queue->groups[group].ready_at.us) {
            *out = ready_at;
            return true;
        }
        queue->groups[group].ready_at = ready_at;
        sift_down(queue, group);
    }
    return false;
}
