/* store/kept: rows that the connection which writes keeps in memory (store/row_cache).
 *
 * What is found here is what the store would say at this moment of the transaction. SQLite tells of
 * each row that a statement changes; for a server each statement that writes is looked at: one row
 * by its number is forgotten, all of them where it may have changed others. What is undone forgets
 * everything, and so must whoever learns that another has written (db_keep_rows again).
 * Threads: one. Owner: the db. */
#ifndef TOCSIN_STORE_KEPT_H
#define TOCSIN_STORE_KEPT_H

#include "store/db.h"

/* Of the connection that writes: from here on rows that were read or written lately are kept in
 * memory (store/row_cache). Asked for again it forgets what it has, as it must where another has
 * written. */
void db_keep_rows(struct db *db);
/* For a statement that changes one row as the code that runs it knows: the row as it is kept, NULL
 * where it is not; and, after the change, the row as it is now. Nothing else may be written between
 * the two. */
const void *db_kept(const struct db *db, enum table table, struct id id);
void db_keep(struct db *db, enum table table, const void *record);

/* For the store itself; nothing where no rows are kept. */
bool kept_get(struct db *db, struct db_into into, struct id id, bool is_brief, void *out);
void kept_take(struct db *db, enum table table, const void *record);
void kept_forget(struct db *db);
/* Where the engine does not tell what a statement has changed: after each, and after a row was
 * written as a whole. */
void kept_written(struct db *db, const char *text, struct params params);
void kept_changed(struct db *db, enum table table, int64_t id);
void kept_close(struct db *db);
/* Ends the program where the two differ. */
void kept_check(struct db *db, enum table table, const void *kept, const void *row);

#endif
