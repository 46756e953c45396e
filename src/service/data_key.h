/* service/data_key: the data key is changed while the server runs (P5).
 *
 * What is asked for is written down and durable before anything is sealed under the new key. Then
 * the timer RESEAL walks over all tables, a portion of rows an operation, until a whole walk has
 * found nothing: both keys open meanwhile, look-ups try both. How far it came is a setting, so that
 * a crash at any point costs nothing. At the end the key's file takes the place of the old one's.
 * Links that were signed with the old key count for 30 days more. Threads: the executor's. */
#ifndef TOCSIN_SERVICE_DATA_KEY_H
#define TOCSIN_SERVICE_DATA_KEY_H

#include "service/op.h"

/* What the API asks for: an admin's. */
NODISCARD enum err show_data_key(struct op *op, const void *input, void *output);
NODISCARD enum err rotate_data_key(struct op *op, const void *input, void *output);

/* At start: a change that is under way goes on. */
NODISCARD enum err data_key_arm(struct op *op);
/* One portion, for whoever has no timers: `*wait` until the next, `*is_over` once there is none. */
NODISCARD enum err data_key_step(struct op *op, struct duration *wait, bool *is_over);

#endif
