/* store/postgres_prepare: statements of the driver for PostgreSQL: made, and made again on another
 * connection. */
#ifndef TOCSIN_STORE_POSTGRES_PREPARE_H
#define TOCSIN_STORE_POSTGRES_PREPARE_H

#include "store/postgres_internal.h"

/* What may as well begin on another connection: no transaction, or one that only reads and has
 * asked nothing yet; `begun` is its BEGIN, NULL for none. */
struct postgres_fresh {
    bool is_fresh;
    struct driver_statement *begun;
};
struct postgres_fresh postgres_fresh_of(const struct driver_connection *connection);
/* A reader that was idle while the server restarted learns of it by its next question, which is
 * then asked once more: true, and the transaction is as it was, where that may be. */
bool postgres_may_ask_again(struct driver_connection *connection, struct postgres_fresh was,
                            enum err err);
bool postgres_is_only_begun(const struct driver_connection *connection);

/* The vtable's. */
NODISCARD enum err postgres_prepare(struct driver_connection *connection, struct str sql,
                                    struct driver_statement **out, struct problem *problem);
void postgres_forget(struct driver_statement **forgotten);

#endif
