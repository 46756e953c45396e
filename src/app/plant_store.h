/* app/plant_store: where the store is and how it is opened: a file, or a server's database; the
 * lock that keeps a second writer away. The data key: app/plant_keys.
 *
 * A part of plant_open. Errors name the setting. */
#ifndef TOCSIN_APP_PLANT_STORE_H
#define TOCSIN_APP_PLANT_STORE_H

#include "app/plant_archive.h"

/* Several nodes may write (TOCSIN_CLUSTER). */
bool plant_may_share(const struct config *config);
/* Whether DATABASE_URL names a server. */
bool plant_has_server(const struct config *config);
NODISCARD enum err plant_store_check(const struct config *config, struct problem *problem);
/* Sets the two paths. */
NODISCARD enum err plant_store_name(struct plant *plant, enum plant_use use,
                                    struct problem *problem);
/* E_CONFLICT where another process has it. */
NODISCARD enum err plant_lock(struct plant *plant, struct problem *problem);
void plant_unlock(struct plant *plant);
/* Before the database is opened for a server: what its start will read is asked of the disk. Ended
 * after every connection to it. */
void plant_read_ahead(struct plant *plant);
void plant_read_ahead_end(struct plant *plant);
NODISCARD enum err plant_db_open(struct plant *plant, enum plant_use use, struct db **out,
                                 struct problem *problem);

/* REDIS_URL, or REDIS_HOST and what goes with it (plant_redis.c): never repeated in an error. With
 * SQLite nothing comes of it, which check-config and the start say. */
NODISCARD enum err plant_redis(struct plant *plant, struct problem *problem);

#endif
