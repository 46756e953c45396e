#include "service/courier_internal.h"

/* What others may see of the courier. */

int courier_in_flight(const struct courier *courier)
{
    return flights_in_use(&courier->flights);
}

size_t courier_queued(const struct courier *courier)
{
    return courier->express.count + courier->intake.count + lanes_waiting(courier->lanes);
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
