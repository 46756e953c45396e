/* store/row_cache: rows that the writer has read or written lately, as records.
 *
 * What falls due is read several times within a second: when it is begun, when its message is
 * claimed, when the provider has answered. A row that is found here is what the store would say at
 * this moment of the transaction: the engine tells of each row that a statement changes, which is
 * dropped at once, and whatever is undone drops everything. Only a few tables are kept, in a
 * bounded number of bytes; a newer row takes the place of older ones.
 * Owner: the db that writes. Threads: one. */
#ifndef TOCSIN_STORE_ROW_CACHE_H
#define TOCSIN_STORE_ROW_CACHE_H

#include "store/db.h"

struct row_cache;

struct row_cache *row_cache_new(void);
void row_cache_free(struct row_cache **cache);
bool row_cache_keeps(enum table table);

/* Keeps what the store says of a row: `record` as it would be read back, with instants in whole
 * milliseconds and without what has no column. One that could not be read back is not kept. */
void row_cache_put(struct row_cache *cache, enum table table, const void *record);
/* False where it is not kept. Texts are copied into the arena, all in one piece; `is_brief` as
 * db_get_brief. */
bool row_cache_get(const struct row_cache *cache, struct db_into into, struct id id, bool is_brief,
                   void *out);
/* The row as it is kept, for the one put that follows a change of it; NULL where it is not. Its
 * texts stay until then, also when the change has dropped it. */
const void *row_cache_peek(const struct row_cache *cache, enum table table, struct id id);
/* The engine's news: a row of the table with this name is not what it was. */
void row_cache_changed(void *cache, const char *table_name, int64_t row);
/* The table of this name, TABLE_COUNT for one of which nothing is kept. */
enum table row_cache_named(struct str name);
void row_cache_drop(struct row_cache *cache, enum table table, int64_t row);
void row_cache_clear(struct row_cache *cache);

#endif
