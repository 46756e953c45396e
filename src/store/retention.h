/* store/retention: finding, reading and removing what is past its keeping (requirement E6).
 *
 * What belongs together, and what must hold of it before it may go, stands in retention.def. A walk
 * goes along the ids of a kind; it asks for a place ahead first, so that one look is bounded.
 * Errors as store/db; E_CORRUPT for a subject of which a row cannot be read: it stays. */
#ifndef TOCSIN_STORE_RETENTION_H
#define TOCSIN_STORE_RETENTION_H

#include "store/archive.h"

enum retention_kind {
#define SUBJECT(kind, table, id, condition) RETENTION_##kind,
#define BEFORE(kind, name, sql)
#define PART(kind, table, record, where)
#include "store/retention.def"
    RETENTION_KINDS
};

/* "MEETING" */
const char *retention_kind_name(enum retention_kind kind);

/* Ids from behind `after` to `until`; of what was past its keeping by `before`. */
struct retention_range {
    enum retention_kind kind;
    struct id after;
    struct id until;
    struct instant before;
};

/* The id `rows` rows ahead; *out is unset where there are not so many. */
NODISCARD enum err retention_place(struct db *db, const struct retention_range *range, int64_t rows,
                                   struct id *out);
struct retention_ids {
    struct id *items;
    size_t count;
    size_t max; /* More are left out. */
};
/* Which subjects may go. */
NODISCARD enum err retention_find(struct db *db, const struct retention_range *range,
                                  struct retention_ids *out);
/* How many there are, counted to `most`. */
NODISCARD enum err retention_count(struct db *db, const struct retention_range *range, int64_t most,
                                   int64_t *out);
/* All its rows become lines. */
NODISCARD enum err retention_read(struct archiver *archiver, enum retention_kind kind,
                                  struct id subject);
/* And go; *rows is how many of those that are lines. */
NODISCARD enum err retention_remove(struct db *db, enum retention_kind kind, struct id subject,
                                    int64_t *rows);

#endif
