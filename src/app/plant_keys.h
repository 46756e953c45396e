/* app/plant_keys: the data key and where it is kept: TOCSIN_DATA_KEY, or a file beside the
 * database.
 *
 *   tocsin.db.key       the key, made by the first start
 *   tocsin.db.key.next  the one that takes its place, from the beginning of a change to its end
 *   tocsin.db.key.1     a key that was left (the first, second …), for backups of its time
 *
 * What the settings and files have are candidates: the store says which of them it was written
 * with. Errors name the setting. */
#ifndef TOCSIN_APP_PLANT_KEYS_H
#define TOCSIN_APP_PLANT_KEYS_H

#include "app/plant_store.h"

NODISCARD enum err plant_data_key_check(const struct config *config, struct problem *problem);
/* All candidates. */
NODISCARD enum err plant_seal_open(struct plant *plant, enum plant_use use,
                                   struct problem *problem);
/* What the store knows its key by. */
struct str plant_key_check(const struct plant *plant);
/* Takes the keys of a database up, where the candidates have them; one that knows none is fine. */
NODISCARD enum err plant_key_fits(struct plant *plant, struct db *db, struct problem *problem);
/* The same for the plant's own database, which knows its key from then on. */
NODISCARD enum err plant_key_take_up(struct plant *plant, enum plant_use use,
                                     struct problem *problem);

#endif
