/* store/transfer_internal: what export and import share: tables, lines, hashes. */
#ifndef TOCSIN_STORE_TRANSFER_INTERNAL_H
#define TOCSIN_STORE_TRANSFER_INTERNAL_H

#include "store/transfer.h"

enum { TRANSFER_COLUMNS_MAX = 64, TRANSFER_PAGE = 500, TRANSFER_HASH_CHARS = 64 };

/* Rows of one table as they pass. */
struct tally {
    int64_t rows;
    void *digest; /* OpenSSL's. */
};

void tally_begin(struct tally *tally);
void tally_add(struct tally *tally, struct str line);
/* Also frees. Lower-case digits and a NUL. */
void tally_end(struct tally *tally, char out[static TRANSFER_HASH_CHARS + 1]);

/* A row as its line; and back, into `values`, whose texts live in the arena. E_INVALID where it is
 * none of `count` values. */
void transfer_encode(struct buf *out, const struct value *values, size_t count);
NODISCARD enum err transfer_decode(struct arena *arena, struct str line, struct value *values,
                                   size_t count);

/* Every row of a table, in order, as lines. */
NODISCARD enum err transfer_each_row(struct db *db, size_t table, struct line_sink sink,
                                     struct problem *problem);
/* How many columns it has. */
size_t transfer_column_count(struct str columns);

#endif
