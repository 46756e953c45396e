/* store/transfer: a whole store as lines of text, and back: from one engine to the other.
 *
 *   tocsin-export 1 schema 9 key 5f0c…
 *   table users id,name,…
 *   i7240089600000001<TAB>b01a2…<TAB>n
 *   end users 1 sha256 ab…
 *   done 54 tables 1 rows
 *
 * A value is n (NULL), i and a number, t and a text whose backslashes, tabs, line ends and NULs are
 * written \\ \t \n \r \0, or b and hexadecimal digits. Rows stand in the order of their keys; the
 * hash is over their lines with the line ends. Sealed fields stay sealed, bound to their rows, so
 * the store that takes them needs the same data key: the header has its check.
 * Errors: E_INVALID with the line for what cannot be read, E_CONFLICT for another schema, another
 * key or a store that is not empty, E_CORRUPT where a count or hash is another. */
#ifndef TOCSIN_STORE_TRANSFER_H
#define TOCSIN_STORE_TRANSFER_H

#include "store/db.h"

/* Where lines go to (without their ends) and come from; the line is good until the next one. A
 * source sets *out to STR_NONE at the end. */
struct line_sink {
    void *context;
    enum err (*take)(void *context, struct str line);
};
struct line_source {
    void *context;
    enum err (*give)(void *context, struct str *out);
};

struct transfer_result {
    int64_t tables;
    int64_t rows;
};

/* One snapshot of everything, while others may write. `key_check` says by which data key. */
NODISCARD enum err transfer_export(struct db *db, struct str key_check, struct line_sink sink,
                                   struct transfer_result *out, struct problem *problem);
/* All of it or nothing, in one transaction, and read back before its end. */
NODISCARD enum err transfer_import(struct db *db, struct str key_check, struct line_source source,
                                   struct transfer_result *out, struct problem *problem);

/* Which tables there are, and their columns ("id, name"): for a test. */
size_t transfer_table_count(void);
const char *transfer_table_name(size_t index);
struct str transfer_table_columns(size_t index, struct arena *arena);

#endif
