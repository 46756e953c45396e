/* store/audit: the append-only trail of changes, chained by hash (requirement E5).
 *
 * hash = SHA-256 over the hash before (hex) and the event's fields, each preceded by its length, so
 * that nothing can be shifted between fields. The hash covers the plain text; before and after are
 * sealed at rest. The chain's end is kept by the writer in a struct audit_chain, which goes back
 * with the operation that is undone. */
#ifndef TOCSIN_STORE_AUDIT_H
#define TOCSIN_STORE_AUDIT_H

#include "store/db.h"

struct audit_chain {
    int64_t seq;
    char hash[2 * SHA256_BYTES + 1];
};

NODISCARD enum err audit_open(struct db *db, struct audit_chain *out);
/* Sets seq and hash of `event` and moves the chain on. */
NODISCARD enum err audit_append(struct db *db, struct arena *arena, struct audit_chain *chain,
                                struct audit_event *event);

/* Walks the whole chain. E_CORRUPT names in `problem` the first event that does not follow from the
 * one before; `checked` is how many do. An end that was cut off does not show in the chain itself.
 */
NODISCARD enum err audit_verify(struct db *db, int64_t *checked, struct problem *problem);

struct audit_page {
    struct id subject; /* Unset for any. */
    struct id user;
    bool is_newest_first;
    int64_t after;
    int64_t limit;
};
NODISCARD enum err audit_page(struct db *db, struct arena *arena, const struct audit_page *page,
                              struct list *out, int64_t *total);

/* Takes away what was changed, for good; the chain holds as before. */
NODISCARD enum err audit_erase(struct db *db, struct arena *arena, struct audit_event *event);

#endif
