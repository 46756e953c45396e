/* app/plant_store: where the store is and how it is opened: a file, or a server's database; the
 * lock that keeps a second writer away; the data key.
 *
 * A part of plant_open. Errors name the setting. */
#ifndef TOCSIN_APP_PLANT_STORE_H
#define TOCSIN_APP_PLANT_STORE_H

#include "app/wire.h"

/* Several nodes may write (TOCSIN_CLUSTER). */
bool plant_may_share(const struct config *config);
/* Whether DATABASE_URL names a server. */
bool plant_has_server(const struct config *config);
NODISCARD enum err plant_store_check(const struct config *config, struct problem *problem);
NODISCARD enum err plant_data_key_check(const struct config *config, struct problem *problem);
/* Sets the two paths. */
NODISCARD enum err plant_store_name(struct plant *plant, enum plant_use use,
                                    struct problem *problem);
/* E_CONFLICT where another process has it. */
NODISCARD enum err plant_lock(struct plant *plant, struct problem *problem);
void plant_unlock(struct plant *plant);
NODISCARD enum err plant_seal_open(struct plant *plant, enum plant_use use,
                                   struct problem *problem);
/* A keyed hash of a constant: the same for the same data key. Lives with the configuration. */
struct str plant_key_check(const struct plant *plant);
/* Whether the data key is the one that a database was written with; one that knows none is fine. */
NODISCARD enum err plant_key_fits(const struct plant *plant, struct db *db,
                                  struct problem *problem);
NODISCARD enum err plant_db_open(struct plant *plant, enum plant_use use, struct db **out,
                                 struct problem *problem);

#endif
