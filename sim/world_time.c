#include "sim/world_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* Far more than any honest instant needs. */
enum { TURNS_MAX = 200000 };

struct instant world_now(const struct world *world)
{
    return (struct instant){atomic_load(&world->plant.virtual_us)};
}

static void set_now(struct world *world, struct instant now)
{
    atomic_store(&world->plant.virtual_us, now.us);
    world->turns = 0;
}

/* The server died at a commit: it is started again at once, as a supervisor would. It cannot start
 * while its disk takes nothing, so somebody has made room by then. */
static void rise_again(struct world *world)
{
    world->crashes++;
    faulty_store_mend(&world->store);
    world_stop(world);
    if (world_start(world) != OK) {
        fprintf(stderr, "tocsin-sim: the server does not start after a crash: %s\n",
                world->problem.message);
        abort();
    }
}

static bool turn(struct world *world)
{
    world_run_readings(world);
    bool was_called = world_run_carrier(world);
    struct work *list = world->inbox;
    bool had_work = list != NULL;
    world->inbox = NULL;
    bool did = room_turn(&world->room, list);
    if (world->store.has_crashed) {
        rise_again(world);
        return true;
    }
    return did || had_work || was_called || world->inbox != NULL;
}

void world_settle(struct world *world)
{
    while (world->is_up ? turn(world) : world_run_carrier(world)) {
        if (++world->turns > TURNS_MAX) {
            fprintf(stderr, "tocsin-sim: the server never comes to rest at one instant\n");
            abort();
        }
    }
    faulty_store_write_back(&world->store);
}

static bool next_instant(struct world *world, struct instant *at)
{
    struct instant room_at = INSTANT_NONE;
    struct instant reading_at = INSTANT_NONE;
    struct instant carrier_at = INSTANT_NONE;
    bool has_room = world->is_up && room_next(&world->room, &room_at);
    bool has_reading = world_next_reading(world, &reading_at);
    bool has_carrier = world_next_carrier(world, &carrier_at);
    *at = has_room ? room_at : has_reading ? reading_at : carrier_at;
    *at = has_reading ? instant_min(*at, reading_at) : *at;
    *at = has_carrier ? instant_min(*at, carrier_at) : *at;
    return has_room || has_reading || has_carrier;
}

void world_advance(struct world *world, struct duration by)
{
    struct instant target = instant_add(world_now(world), by);
    struct instant next = INSTANT_NONE;
    world_settle(world);
    while (next_instant(world, &next) && next.us <= target.us) {
        if (next.us > world_now(world).us) {
            set_now(world, next);
        }
        world->turns++;
        world_settle(world);
    }
    set_now(world, target);
    world_settle(world);
}

bool world_is_idle(struct world *world)
{
    return world->is_up && world->inbox == NULL && room_is_idle(&world->room);
}

void world_step_clock(struct world *world, int64_t by_us)
{
    world->skew_us += by_us;
    world_shift_readings(world, by_us);
    set_now(world, (struct instant){world_now(world).us + by_us});
    world_settle(world);
}
