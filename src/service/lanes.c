#include "service/lanes.h"

#include "base/memory.h"
#include "service/due_heap.h"
#include "service/providers.h"

#include <assert.h>
#include <stdlib.h>

enum { LANES_MAX = 64, TURNS_FIRST_CAP = 64 };

/* Whose turn was when: by a hash of the person. Two people with one hash share their turns. */
struct turn {
    uint32_t person; /* 0 for a free place. */
    uint32_t round;
};

struct lane {
    const struct provider *provider;
    enum channel channel;
    uint64_t from;
    struct bucket bucket;
    struct due_heap queue; /* due_ms is the key, the tag the units. */
    struct turn *turns;
    size_t turn_count;
    size_t turn_cap;
    int64_t round; /* Of the last one that went. */
    int64_t units; /* Of all who wait. */
    int under_way;
    struct instant held_until;
    struct instant held_at;
};

struct lanes {
    const struct site *site;
    struct lane items[LANES_MAX];
    int count;
    int lane_max;
    int provider_max; /* 0 for none. */
    size_t waiting;
};

struct lanes *lanes_new(const struct site *site, int lane_max)
{
    struct lanes *lanes = memory_new(sizeof *lanes);
    assert(lane_max > 0);
    lanes->site = site;
    lanes->lane_max = lane_max;
    return lanes;
}

void lanes_limit(struct lanes *lanes, int provider_max)
{
    lanes->provider_max = provider_max;
}

static void forget_turns(struct lane *lane)
{
    free(lane->turns);
    lane->turns = NULL;
    lane->turn_count = lane->turn_cap = 0;
    lane->round = 0;
}

void lanes_free(struct lanes **lanes)
{
    if (*lanes == NULL) {
        return;
    }
    for (int i = 0; i < (*lanes)->count; i++) {
        due_heap_free(&(*lanes)->items[i].queue);
        forget_turns(&(*lanes)->items[i]);
    }
    free(*lanes);
    *lanes = NULL;
}

void lanes_clear(struct lanes *lanes)
{
    for (int i = 0; i < lanes->count; i++) {
        struct lane *lane = &lanes->items[i];
        due_heap_clear(&lane->queue);
        forget_turns(lane);
        lane->units = 0;
    }
    lanes->waiting = 0;
}

size_t lanes_waiting(const struct lanes *lanes)
{
    return lanes->waiting;
}

static struct lane *lane_at(const struct lanes *lanes, int lane)
{
    assert(lane >= 0 && lane < lanes->count);
    return (struct lane *)(uintptr_t)&lanes->items[lane];
}

static int search(const struct lanes *lanes, const struct lane_address *address, uint64_t from)
{
    for (int i = 0; i < lanes->count; i++) {
        const struct lane *lane = &lanes->items[i];
        if (lane->provider == address->provider && lane->channel == address->channel &&
            lane->from == from) {
            return i;
        }
    }
    return -1;
}

int lanes_find(struct lanes *lanes, const struct lane_address *address)
{
    uint64_t from = str_is_set(address->from) && address->from.len > 0
                        ? hash_bytes(lanes->site->id_key, address->from)
                        : 0;
    int found = search(lanes, address, from);
    if (found < 0 && lanes->count >= LANES_MAX / 2) {
        /* So many numbers of ours share the lane of their provider. */
        from = 0;
        found = search(lanes, address, from);
    }
    if (found >= 0) {
        return found;
    }
    assert(lanes->count < LANES_MAX);
    int64_t rate = address->provider == NULL
                       ? 0
                       : provider_rate(lanes->site, address->provider, address->channel);
    lanes->items[lanes->count] = (struct lane){.provider = address->provider,
                                               .channel = address->channel,
                                               .from = from,
                                               .bucket = {.rate_milli = rate}};
    return lanes->count++;
}

static struct instant ready_at(const struct lane *lane, struct instant now)
{
    struct instant ready_at = bucket_ready_at(&lane->bucket, now);
    /* By a clock that was set back since, nobody knows until when. */
    bool is_held = !instant_before(now, lane->held_at);
    return is_held ? instant_max(ready_at, lane->held_until) : ready_at;
}

/* The mock has no wire on which anything could wait. */
static bool has_place(const struct lanes *lanes, const struct lane *lane)
{
    int under_way = 0;
    if (lanes->provider_max == 0 || lane->provider == &provider_mock) {
        return lane->under_way < lanes->lane_max;
    }
    for (int i = 0; i < lanes->count; i++) {
        const struct lane *each = &lanes->items[i];
        under_way += each->provider == lane->provider ? each->under_way : 0;
    }
    return lane->under_way < lanes->lane_max && under_way < lanes->provider_max;
}

static bool may_leave(const struct lanes *lanes, const struct lane *lane, struct instant now)
{
    return has_place(lanes, lane) && !instant_before(now, ready_at(lane, now));
}

size_t lane_waiting(const struct lanes *lanes, int lane)
{
    return lane_at(lanes, lane)->queue.count;
}

bool lane_is_free(const struct lanes *lanes, int lane, struct instant now)
{
    const struct lane *it = lane_at(lanes, lane);
    return it->queue.count == 0 && may_leave(lanes, it, now);
}

/* Where a person's turn is kept, or would be. */
static struct turn *seek(const struct turn *turns, size_t cap, uint32_t person)
{
    size_t at = person & (cap - 1);
    while (turns[at].person != 0 && turns[at].person != person) {
        at = (at + 1) & (cap - 1);
    }
    return (struct turn *)(uintptr_t)&turns[at];
}

/* Makes room, and leaves out whose turn is over anyway. */
static void grow_turns(struct lane *lane)
{
    size_t alive = 0;
    for (size_t i = 0; i < lane->turn_cap; i++) {
        alive += lane->turns[i].person != 0 && lane->turns[i].round >= lane->round;
    }
    size_t cap = TURNS_FIRST_CAP;
    while (cap * 3 / 4 <= alive) {
        cap *= 2;
    }
    struct turn *turns = memory_new_array(cap, sizeof *turns);
    for (size_t i = 0; i < lane->turn_cap; i++) {
        const struct turn *turn = &lane->turns[i];
        if (turn->person != 0 && turn->round >= lane->round) {
            *seek(turns, cap, turn->person) = *turn;
        }
    }
    free(lane->turns);
    lane->turns = turns;
    lane->turn_cap = cap;
    lane->turn_count = alive;
}

static int64_t next_round(struct lane *lane, struct id user)
{
    if (lane->turn_count + 1 > lane->turn_cap * 7 / 8) {
        grow_turns(lane);
    }
    uint64_t mixed = (uint64_t)user.value * UINT64_C(0x9E3779B97F4A7C15);
    uint32_t hash = (uint32_t)(mixed >> 32);
    uint32_t person = hash == 0 ? 1 : hash;
    struct turn *turn = seek(lane->turns, lane->turn_cap, person);
    int64_t last = turn->person == 0 ? -1 : (int64_t)turn->round;
    int64_t round = round_of_next(lane->round, last);
    lane->turn_count += turn->person == 0;
    *turn = (struct turn){person, (uint32_t)round};
    return round;
}

static void insert(struct lanes *lanes, struct lane *lane, const struct lane_ticket *ticket)
{
    due_heap_push(&lane->queue, (struct due_entry){.due_ms = ticket->key,
                                                   .id = ticket->message.value,
                                                   .tag = ticket->units});
    lane->units += ticket->units;
    lanes->waiting++;
}

void lane_push(struct lanes *lanes, int lane, const struct lane_entry *entry)
{
    struct lane *it = lane_at(lanes, lane);
    assert(entry->units > 0);
    int64_t key = lane_key(entry->rank, next_round(it, entry->user));
    insert(lanes, it, &(struct lane_ticket){entry->message, key, entry->units});
}

void lane_put_back(struct lanes *lanes, int lane, const struct lane_ticket *ticket)
{
    insert(lanes, lane_at(lanes, lane), ticket);
}

int lanes_pick(const struct lanes *lanes, struct instant now)
{
    int best = -1;
    for (int i = 0; i < lanes->count && lanes->waiting > 0; i++) {
        const struct lane *lane = &lanes->items[i];
        const struct due_entry *first = due_heap_peek(&lane->queue);
        if (first == NULL || !may_leave(lanes, lane, now)) {
            continue;
        }
        /* Between lanes: the one that has least under way, so that a slow provider takes no more
         * than its share of the places. */
        if (best < 0 || lane->under_way < lanes->items[best].under_way) {
            best = i;
        }
    }
    return best;
}

struct lane_ticket lane_pop(struct lanes *lanes, int lane)
{
    struct lane *it = lane_at(lanes, lane);
    struct due_entry entry = due_heap_pop(&it->queue);
    int64_t round = lane_key_round(entry.due_ms);
    it->round = round > it->round ? round : it->round;
    it->units -= entry.tag;
    lanes->waiting--;
    if (it->queue.count == 0) {
        forget_turns(it);
    }
    return (struct lane_ticket){{entry.id}, entry.due_ms, entry.tag};
}

void lane_begin(struct lanes *lanes, int lane, int units, struct instant now)
{
    struct lane *it = lane_at(lanes, lane);
    it->under_way++;
    bucket_take(&it->bucket, units, now);
}

void lane_end(struct lanes *lanes, int lane)
{
    struct lane *it = lane_at(lanes, lane);
    assert(it->under_way > 0);
    it->under_way--;
}

void lane_hold(struct lanes *lanes, int lane, struct instant until, struct instant now)
{
    lane_at(lanes, lane)->held_until = until;
    lane_at(lanes, lane)->held_at = now;
}

void lanes_heard_of(struct lanes *lanes, const struct provider *provider)
{
    for (int i = 0; i < lanes->count; i++) {
        if (lanes->items[i].provider == provider) {
            lanes->items[i].held_until = INSTANT_NONE;
        }
    }
}

bool lanes_next(const struct lanes *lanes, struct instant now, struct instant *at)
{
    bool is_found = false;
    for (int i = 0; i < lanes->count && lanes->waiting > 0; i++) {
        const struct lane *lane = &lanes->items[i];
        if (lane->queue.count == 0 || !has_place(lanes, lane)) {
            continue;
        }
        struct instant ready = ready_at(lane, now);
        *at = is_found ? instant_min(*at, ready) : ready;
        is_found = true;
    }
    return is_found;
}

static void look_at(const struct lane *lane, struct instant now, struct lane_view *out)
{
    out->waiting += (int64_t)lane->queue.count;
    out->under_way += lane->under_way;
    for (size_t i = 0; i < lane->queue.count; i++) {
        int64_t id = lane->queue.items[i].id;
        out->oldest.value =
            out->oldest.value == 0 || id < out->oldest.value ? id : out->oldest.value;
    }
    if (lane->queue.count > 0) {
        struct duration wait = instant_since(ready_at(lane, now), now);
        wait.us += bucket_time_of(&lane->bucket, lane->units).us;
        out->to_last.us = wait.us > out->to_last.us ? wait.us : out->to_last.us;
    }
}

void lanes_look(const struct lanes *lanes, const struct lane_address *address, struct instant now,
                struct lane_view *out)
{
    *out = (struct lane_view){0};
    for (int i = 0; i < lanes->count; i++) {
        const struct lane *lane = &lanes->items[i];
        if (lane->provider == address->provider && lane->channel == address->channel) {
            look_at(lane, now, out);
        }
    }
}
