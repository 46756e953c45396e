/* store/settings: small facts about the installation that must outlive the process, by name. Errors
 * as store/db. */
#ifndef TOCSIN_STORE_SETTINGS_H
#define TOCSIN_STORE_SETTINGS_H

#include "store/db.h"

NODISCARD enum err settings_get(struct db *db, struct arena *arena, struct str name,
                                struct str *out);
NODISCARD enum err settings_put(struct db *db, struct str name, struct str value);
/* The key behind the tails of ids (model/id); made at first use. */
NODISCARD enum err settings_id_key(struct db *db, struct arena *arena, struct hash_key *out);
/* The highest id in any table, so that new ones are above it. */
NODISCARD enum err settings_highest_id(struct db *db, int64_t *out);
/* Writes something small, to see whether the store takes changes. */
NODISCARD enum err settings_probe(struct db *db, struct str value);

#endif
