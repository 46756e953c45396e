/* sim/world_internal: the inside of a world, shared by world (start and stop), world_time (turns
 * and the clock), world_ports (calendars and requests) and world_carrier (providers). */
#ifndef TOCSIN_SIM_WORLD_INTERNAL_H
#define TOCSIN_SIM_WORLD_INTERNAL_H

#include "service/sync.h"
#include "sim/world.h"

void *world_must(void *memory); /* Out of memory ends the program. */

/* world_ports */
void world_begin_sync(void *world, struct op *op, const struct effect *effect);
void world_begin_sink(void *world, struct op *op, const struct effect *effect);
void world_take_work(void *world, struct work *work);
void world_take_advance(void *world, struct work *work, int64_t seconds);
bool world_next_reading(const struct world *world, struct instant *at);
void world_run_readings(struct world *world);
void world_drop_readings(struct world *world);
void world_shift_readings(struct world *world, int64_t by_us);
void world_drop_inbox(struct world *world);
void world_sweep_askings(struct world *world, bool also_unanswered);

/* world_carrier */
void world_configure_carrier(struct world *world);
void world_ask_carrier(struct world *world, uint64_t ticket, const struct wire_request *request);
bool world_run_carrier(struct world *world);
bool world_next_carrier(const struct world *world, struct instant *at);
void world_drop_carrier(struct world *world);

/* world_archive */
NODISCARD enum err world_append(void *world, const struct archive_piece *piece,
                                struct problem *problem);
void world_drop_archives(struct world *world);

#endif
