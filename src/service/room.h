/* service/room: the executor together with the mock network: what one turn does, when the next is
 * due, when nothing is left.
 *
 * Shared by the server's executor thread and by simulations, so that a virtual clock moves in the
 * same way in both. */
#ifndef TOCSIN_SERVICE_ROOM_H
#define TOCSIN_SERVICE_ROOM_H

#include "service/executor.h"
#include "service/mock_port.h"

struct room {
    struct executor *executor;
    struct mock_port *mock; /* NULL where no channel uses the mock. */
    const struct site *site;
};

/* One batch with `list` and whatever the mock network has to say. True when anything was done. */
bool room_turn(struct room *room, struct work *list);
/* When something is due next; false for never. */
bool room_next(struct room *room, struct instant *at);
/* Nothing is left to do at this instant, as far as this room knows (calendars are read elsewhere).
 */
bool room_is_idle(struct room *room);

#endif
