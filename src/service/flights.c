#include "service/flights.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

void flights_open(struct flights *flights, int count)
{
    assert(count > 0);
    *flights = (struct flights){.count = count, .free_count = count};
    flights->items = memory_new_array((size_t)count, sizeof *flights->items);
    flights->free = memory_new_array((size_t)count, sizeof *flights->free);
    flights->claimed = memory_new_array((size_t)count, sizeof *flights->claimed);
    for (int i = 0; i < count; i++) {
        flights->free[i] = count - 1 - i;
    }
}

void flights_close(struct flights *flights)
{
    for (int i = 0; i < flights->count; i++) {
        arena_free(&flights->items[i].arena);
    }
    free(flights->items);
    free(flights->free);
    free(flights->claimed);
    *flights = (struct flights){0};
}

int flights_in_use(const struct flights *flights)
{
    return flights->count - flights->free_count;
}

struct flight *flights_take(struct flights *flights, enum question question)
{
    assert(flights->free_count > 0);
    int place = flights->free[--flights->free_count];
    struct flight *flight = &flights->items[place];
    struct arena *arena = flight->arena;
    if (arena == NULL) {
        arena = arena_new();
    }
    arena_reset(arena);
    *flight = (struct flight){.is_used = true,
                              .round = flight->round + 1,
                              .lane = -1,
                              .question = question,
                              .arena = arena};
    flights->claimed[flights->claimed_count++] = place;
    return flight;
}

void flights_leave(struct flights *flights, struct flight *flight)
{
    assert(flight->is_used);
    flight->is_used = false;
    flights->free[flights->free_count++] = (int)(flight - flights->items);
}

void flights_give_back(struct flights *flights, struct flight *flight)
{
    assert(flights->claimed_count > 0 &&
           &flights->items[flights->claimed[flights->claimed_count - 1]] == flight);
    flights->claimed_count--;
    flights_leave(flights, flight);
}

uint64_t flights_ticket(const struct flights *flights, const struct flight *flight)
{
    return (uint64_t)flight->round << 32 | (uint32_t)(flight - flights->items);
}

struct flight *flights_of(const struct flights *flights, uint64_t ticket)
{
    uint32_t place = (uint32_t)ticket;
    if (place >= (uint32_t)flights->count) {
        return NULL;
    }
    struct flight *flight = &flights->items[place];
    return flight->is_used && flight->round == ticket >> 32 ? flight : NULL;
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

void flight_set_sort(struct flight_set *set)
{
    qsort(set->ids, set->count, sizeof *set->ids, compare);
}

bool flight_set_has(const struct flight_set *set, struct id message)
{
    return bsearch(&message.value, set->ids, set->count, sizeof *set->ids, compare) != NULL;
}
