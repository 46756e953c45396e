#include "service/room.h"

static struct instant now_of(const struct room *room)
{
    return room->site->clock.now(room->site->clock.context);
}

static struct work *join(struct work *first, struct work *second)
{
    struct work *last = first;
    if (first == NULL) {
        return second;
    }
    while (last->next != NULL) {
        last = last->next;
    }
    last->next = second;
    return first;
}

bool room_turn(struct room *room, struct work *list)
{
    if (room->mock != NULL) {
        list = join(list, mock_port_due(room->mock, now_of(room)));
    }
    return executor_turn(room->executor, list);
}

bool room_next(struct room *room, struct instant *at)
{
    struct instant timer_at = INSTANT_NONE;
    struct instant mock_at = INSTANT_NONE;
    bool has_timer = executor_next(room->executor, &timer_at);
    bool has_mock = room->mock != NULL && mock_port_next(room->mock, &mock_at);
    if (!has_timer && !has_mock) {
        return false;
    }
    *at = !has_timer ? mock_at : !has_mock ? timer_at : instant_min(timer_at, mock_at);
    return true;
}

bool room_is_idle(struct room *room)
{
    struct instant mock_at = INSTANT_NONE;
    bool mock_waits =
        room->mock != NULL && mock_port_next(room->mock, &mock_at) && mock_at.us <= now_of(room).us;
    /* What is under way at the mock comes back at an instant that room_next knows; only net/ is
     * waited for otherwise. */
    return !mock_waits && executor_is_idle(room->executor);
}
