/* store/migrate: brings a database to this binary's schema, one numbered step after another, each
 * in its own transaction.
 *
 * The texts of migrations/ are inside the binary. A database that is newer than the binary is
 * refused (E_CONFLICT), since an old binary must not touch what it does not know. Steps that ran
 * are recorded by number and checksum; a text that changed after it ran is refused as well. */
#ifndef TOCSIN_STORE_MIGRATE_H
#define TOCSIN_STORE_MIGRATE_H

#include "store/db.h"

/* Runs what is missing; `ran` (may be NULL) is how many steps that were. */
NODISCARD enum err migrate_up(struct db *db, int *ran, struct problem *problem);
/* The schema's number in the database and in the binary. */
NODISCARD enum err migrate_status(struct db *db, int *have, int *want, struct problem *problem);

#endif
