#include "service/courier_internal.h"

/* What others may see of the courier. */

int courier_in_flight(const struct courier *courier)
{
    return flights_in_use(&courier->flights);
}

size_t courier_queued(const struct courier *courier)
{
    return courier->express.count + courier->intake.count + courier->early.count +
           lanes_waiting(courier->lanes);
}

int courier_lane_find(struct courier *courier, const struct lane_address *address)
{
    return lanes_find(courier->lanes, address);
}

size_t courier_lane_waiting(const struct courier *courier, int lane)
{
    return lane_waiting(courier->lanes, lane);
}

size_t courier_intake(const struct courier *courier)
{
    return courier->intake.count;
}

const struct lanes *courier_lanes(const struct courier *courier)
{
    return courier->lanes;
}

bool courier_has_place(const struct courier *courier)
{
    return courier->sends < courier->sends_max && courier->flights.free_count > 0;
}

bool courier_may_ask(const struct courier *courier)
{
    const struct due_entry *first = due_heap_peek(&courier->express);
    bool has_place = first != NULL && courier->flights.free_count > 0;
    return has_place &&
           (first->tag == EFFECT_CANCEL || courier->questions < courier->questions_max);
}

bool courier_is_early_due(const struct courier *courier, struct instant now)
{
    const struct due_entry *first = due_heap_peek(&courier->early);
    return first != NULL && first->due_ms <= instant_ms(now);
}

bool courier_is_hungry(const struct courier *courier, struct instant now)
{
    return courier_may_ask(courier) || courier->intake.count > 0 ||
           courier_is_early_due(courier, now) || again_is_due(courier, now) ||
           (courier_has_place(courier) && lanes_pick(courier->lanes, now) >= 0);
}

bool courier_next(const struct courier *courier, struct instant now, struct instant *at)
{
    struct instant again_at = INSTANT_NONE;
    const struct due_entry *early = due_heap_peek(&courier->early);
    bool is_found = courier_has_place(courier) && lanes_next(courier->lanes, now, at);
    if (again_next(courier, &again_at)) {
        *at = is_found ? instant_min(*at, again_at) : again_at;
        is_found = true;
    }
    if (early != NULL) {
        struct instant early_at = instant_from_ms(early->due_ms);
        *at = is_found ? instant_min(*at, early_at) : early_at;
        is_found = true;
    }
    return is_found;
}
