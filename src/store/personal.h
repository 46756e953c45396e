/* store/personal: what is kept about one person, table by table (store/personal.def): to be shown
 * to them, and to be erased (requirement P5). Errors as store/db. */
#ifndef TOCSIN_STORE_PERSONAL_H
#define TOCSIN_STORE_PERSONAL_H

#include "store/db.h"

/* Fills the lists of `out` that are in personal.def. E_TOO_LARGE where one of them is longer than
 * `most`. */
NODISCARD enum err personal_read(struct db *db, struct arena *arena, struct id user, int64_t most,
                                 struct person_export *out);
/* Every sealed text of those rows says "(erased)" afterwards; what a message says, what was read
 * from calendars, keys and short codes are gone. */
NODISCARD enum err personal_erase(struct db *db, struct id user);

#endif
