/* store/delivery: what was learnt about messages, news that overtook our own writes, and addresses
 * that are not used any more. Whole rows go through db_insert and db_get. Errors as store/db. */
#ifndef TOCSIN_STORE_DELIVERY_H
#define TOCSIN_STORE_DELIVERY_H

#include "store/db.h"

/* In the order in which it was learnt. */
NODISCARD enum err message_events_of(struct db *db, struct arena *arena, struct id message,
                                     struct list *out);

/* News that is kept for an id that is not known yet (V2). */
struct early_query {
    struct str provider;
    struct str provider_id;
    struct instant since; /* What came before is out of date. */
};
NODISCARD enum err early_news_of(struct db *db, struct arena *arena,
                                 const struct early_query *query, struct list *out);
NODISCARD enum err early_news_taken(struct db *db, const struct early_query *query);
NODISCARD enum err early_news_forget(struct db *db, struct instant before);

/* Whether any address at all is suppressed now: cheap, and almost always the answer. */
NODISCARD enum err suppressions_any(struct db *db, bool *out);
/* The one in force for an address, E_NOT_FOUND for none. */
NODISCARD enum err suppressions_of_address(struct db *db, struct arena *arena, enum channel channel,
                                           struct str address, struct suppression *out);
NODISCARD enum err suppressions_lift(struct db *db, struct id id, struct instant now);
NODISCARD enum err suppressions_of_user(struct db *db, struct arena *arena, struct id user,
                                        struct list *out);

#endif
