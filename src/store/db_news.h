/* store/db_news: what those that share a database tell each other in their transactions, and hear
 * once these are committed. As driver.h says of tell, hear and ear. */
#ifndef TOCSIN_STORE_DB_NEWS_H
#define TOCSIN_STORE_DB_NEWS_H

#include "store/db.h"

NODISCARD enum err db_tell(struct db *db, struct str text);
NODISCARD enum err db_hear(struct db *db, void *context,
                           void (*each)(void *context, struct str text));
int db_ear(const struct db *db);

#endif
